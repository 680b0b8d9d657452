"""What passed between customers and us, from the core's own records."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pycrm.entities.activity import Activity, Commitment
from pycrm.entities.amendment import Holiday
from pycrm.entities.customer import Contact, Customer, OwnershipInterval
from pycrm.scoring.feed import Supply
from pycrm.scoring.feeds import commitments, contact_acts, holidays, owners
from pycrm.scoring.function import day_of

__all__ = ["SUPPLIES"]


def _contact_acts() -> Any:
    act, contact = Activity.__table__.c, Contact.__table__.c
    joined = Activity.__table__.outerjoin(Contact.__table__, contact.id == act.contact_id)
    return (
        sa.select(
            act.customer_id.label("customer"),
            day_of(act.started_at).label("on"),
            act.started_at.label("started_at"),
            act.kind.label("kind"),
            act.channel.label("channel"),
            act.direction.label("direction"),
            act.outcome.label("outcome"),
            contact.department.label("department"),
            contact.level.label("level"),
            act.duration_min.label("minutes"),
        )
        .select_from(joined)
        .where(act.customer_id.is_not(None), act.archived_at.is_(None))
    )


def _commitments() -> Any:
    promise = Commitment.__table__.c
    return sa.select(
        promise.customer_id.label("customer"),
        promise.due_on.label("due_on"),
        promise.stage.label("state"),
        promise.kept_on.label("kept_on"),
    ).where(promise.customer_id.is_not(None), promise.archived_at.is_(None))


def _owners() -> Any:
    held = OwnershipInterval.__table__.c
    return sa.select(
        held.record_id.label("customer"),
        day_of(held.since).label("on"),
        held.since.label("since"),
        held.user_id.label("user"),
    ).where(held.entity == sa.literal(Customer.__name__))


def _holidays() -> Any:
    day = Holiday.__table__.c
    return sa.select(day.on.label("on"), day.is_working.label("is_working")).where(day.archived_at.is_(None))


SUPPLIES = (
    Supply(contact_acts, _contact_acts),
    Supply(commitments, _commitments),
    Supply(owners, _owners),
    Supply(holidays, _holidays),
)
