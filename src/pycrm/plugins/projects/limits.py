"""From when on something is late, dear or new: figures that an enterprise sets for itself."""

from __future__ import annotations

from typing import Any

from pycrm import Field, Money, Record, Session, field, ge, reference

__all__ = ["ProjectLimits", "limits"]


def _days(label: str, zh: str, days: int) -> Any:
    return field(label, zh=zh, default=days, validator=ge(0))


class ProjectLimits(Record, table="projects_limits", scope=reference()):
    """The figures by which projects are judged (项目规则参数); the newest row counts, without one the defaults.

    Percentages are whole numbers, amounts in the currency of the CRM.
    """

    costs_before_go: Field[Money | None] = field("Costs before a go", zh="立项前费用上限", default=None)
    evidence_above: Field[Money | None] = field("Evidence above", zh="凭证起点", default=None)
    scale_change: Field[int] = _days("Evaluate anew from a change of scale of (%)", "重评规模变化", 20)
    met_within_days: Field[int] = _days("Counts as met for (days)", "覆盖天数", 60)
    report_yellow_days: Field[int] = _days("No report: yellow after (days)", "缺报告黄灯", 7)
    report_red_days: Field[int] = _days("No report: red after (days)", "缺报告红灯", 14)
    late_yellow_days: Field[int] = _days("Milestone late: yellow after (days)", "里程碑黄灯", 7)
    late_red_days: Field[int] = _days("Milestone late: red after (days)", "里程碑红灯", 21)
    cost_warning: Field[int] = _days("Costs: warn from (%)", "成本预警", 80)
    support_yellow: Field[int] = field("Support: yellow below", zh="支持度黄灯", default=0)
    support_red: Field[int] = field("Support: red below", zh="支持度红灯", default=-30)
    bid_within_days: Field[int] = _days("Bid within (days) asks for all that is known", "投标临近", 14)

    def before_go(self, currency: str) -> Money:
        """What may be spent before the decision."""
        return self.costs_before_go or Money("5000", currency)

    def unproved(self, currency: str) -> Money:
        """Up to what amount a cost needs no evidence."""
        return self.evidence_above or Money("500", currency)


def limits(session: Session) -> ProjectLimits:
    """The figures in force."""
    found = session.find(ProjectLimits)
    return max(found, key=lambda one: (one.created_at, one.id)) if found else ProjectLimits()
