"""What may be sold, from the opportunities themselves and the history of their stages."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pycrm.declare.raw import RawDate
from pycrm.entities.customer import Customer
from pycrm.entities.opportunity import Opportunity
from pycrm.entities.party import Source as Origin
from pycrm.forecast.amount import CERTAIN, weighted
from pycrm.pipeline.book import DRAFTED, PipelineVersion, StageEntry
from pycrm.pipeline.tree import ROOT
from pycrm.scoring.feed import Supply
from pycrm.scoring.feeds import opportunities
from pycrm.scoring.function import day_of
from pycrm.scoring.moment import LIFE, currency
from pycrm.scoring.supplies.inside import member, rows_of

__all__ = ["SUPPLIES"]

_CLOSED = ("won", "lost")
_PERCENT = CERTAIN // 100


def _stages() -> Any:
    """Every stage of every version that is or was in force, with its kind and its probability.

    They are read where versions are kept: what was published yesterday counts today.
    """
    version = PipelineVersion.__table__.c
    stage = rows_of(version.definition, "stages")
    kind = sa.func.coalesce(member(stage.c.value, "kind"), "open")
    return (
        sa.select(
            version.key.label("pipeline"),
            version.version.label("version"),
            member(stage.c.value, "key").label("stage"),
            kind.label("kind"),
            sa.func.coalesce(sa.cast(member(stage.c.value, "probability"), sa.BigInteger()), 0).label(
                "chance"
            ),
        )
        .where(version.state != DRAFTED)
        .cte("crm_stages")
    )


def _visits() -> Any:
    """The stages that each opportunity entered, and since when it counts as standing there.

    The last one is of the version under which it runs now, and of a closed one the day that was entered
    counts before the day on which somebody did.
    """
    entry, deal, stages = StageEntry.__table__.c, Opportunity.__table__.c, _stages()
    following = sa.func.lead(entry.seq).over(partition_by=entry.record_id, order_by=entry.seq)
    entered = (
        sa.select(
            entry.record_id,
            entry.seq,
            entry.pipeline,
            entry.stage,
            day_of(entry.at).label("day"),
            sa.case((following.is_(None), deal.pipeline_version), else_=entry.version).label("version"),
            sa.case((following.is_(None), deal.closed_on)).label("closed_on"),
        )
        .select_from(StageEntry.__table__.join(Opportunity.__table__, deal.id == entry.record_id))
        .where(entry.region == ROOT, deal.archived_at.is_(None))
        .cte("crm_entered")
    )
    at = entered.c
    is_closed = stages.c.kind.in_(_CLOSED)
    since = sa.case((is_closed, sa.func.coalesce(at.closed_on, at.day)), else_=at.day)
    stands = sa.and_(
        stages.c.pipeline == at.pipeline, stages.c.version == at.version, stages.c.stage == at.stage
    )
    return (
        sa.select(
            at.record_id,
            at.seq,
            stages.c.kind,
            stages.c.chance,
            sa.type_coerce(since, RawDate()).label("since"),
        )
        .select_from(entered.join(stages, stands))
        .cte("crm_visits")
    )


def _opportunities() -> Any:
    visits = _visits()
    latest = sa.func.row_number().over(partition_by=visits.c.record_id, order_by=visits.c.seq.desc())
    stood = sa.select(visits, latest.label("place")).where(LIFE.holds(visits.c.since)).cte("crm_stood")
    deal, customer, origin = Opportunity.__table__.c, Customer.__table__.c, Origin.__table__.c
    source = (
        Opportunity.__table__.join(stood, sa.and_(stood.c.record_id == deal.id, stood.c.place == 1))
        .join(Customer.__table__, customer.id == deal.customer_id)
        .join(Origin.__table__, origin.id == customer.source_id)
    )
    amount = sa.case((deal.amount_currency == currency(), deal.amount))
    is_closed = stood.c.kind.in_(_CLOSED)
    return sa.select(
        deal.customer_id.label("customer"),
        day_of(deal.created_at).label("filed_on"),
        deal.id.label("opportunity"),
        sa.case((is_closed, stood.c.since)).label("closed_on"),
        sa.case((is_closed, stood.c.kind == sa.literal("won"))).label("is_won"),
        origin.name.label("source"),
        amount.label("amount"),
        sa.case((~is_closed, weighted(amount, stood.c.chance * _PERCENT))).label("weighted"),
    ).select_from(source)


SUPPLIES = (Supply(opportunities, _opportunities),)
