"""Sample data of segments: an invented company divides its customers, and says what each group gets."""

from __future__ import annotations

from datetime import date, timedelta

from pycrm import CRM
from pycrm.plugins.company import Company, company
from pycrm.plugins.customer_value.sample import judge
from pycrm.plugins.segments.membership import import_members, refresh
from pycrm.plugins.segments.model import Segment, SegmentKind, Treatment, TreatmentState
from pycrm.plugins.segments.serving import serve
from pycrm.plugins.segments.treating import add_defaults

__all__ = ["add"]

# Code, name, and whom it chooses; without an expression a list.
_SEGMENTS = (
    ("best", "Best customers 重点客户", "score >= 44 and employees >= 300"),
    (
        "east_industry",
        "Industry of the East 东区工业",
        'region in "Yunze 云泽" and industry in (textiles, chemicals, paper)',
    ),
    ("quiet", "Long silent 久未联系", "not last_contact_at newer than 14 days"),
    ("anniversary", "Invited to the anniversary 周年庆邀请", None),
)
_INVITED = ("Tidegate", "Saltmarsh", "Stonebridge")


def add(crm: CRM, *, seed: int = 12, today: date | None = None) -> None:
    """Add the invented company, its segments and treatments, and serve its customers by them.

    Args:
        seed: equal seeds and days give equal data, down to the ids.
        today: the day with which its story ends; the CRM's own if not given.

    Raises:
        ConflictError: the database has an organisation already.
    """
    with company(crm, seed=seed, today=today) as told:
        judge(told)
        told.at(0, 7)
        _divide(told)
        with told.system() as session:
            serve(session)


def _divide(told: Company) -> None:
    with told.system() as session:
        made = {}
        for code, name, expression in _SEGMENTS:
            kind = SegmentKind.DYNAMIC if expression else SegmentKind.STATIC
            made[code] = session.add(Segment(code=code, name=name, kind=kind, expression=expression))
        import_members(session, made["anniversary"], [told.customers[key].code for key in _INVITED])
        refresh(session)
        add_defaults(session)
        session.add(
            Treatment(
                name="Best customers 重点客户",
                priority=20,
                segment=made["best"],
                contact_days=7,
                first_response_hours=2,
                reason="You have been with us for long, and so we answer you first. 感谢长期信任，优先响应。",
                state=TreatmentState.PUBLISHED,
                since=told.day,
                until=told.day + timedelta(days=365),
            )
        )
