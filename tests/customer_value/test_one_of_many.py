"""Whoever is worked out alone is still compared with all others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from pycrm import CRM, Customer, Facet, Field, FixedClock, Plugin, field
from pycrm.plugins.customer_value import CustomerValue, ValueProfile
from pycrm.scoring import Supply
from pycrm.scoring.feeds import judgement
from pycrm.scoring.model import ScoreModel

from .records import desk_of

GROUPS = ScoreModel("groups", 1, "Groups", {"C": 1}, "C10:1 C11:1")


class Rating(Facet, table="agency_rating", of=Customer):
    """What an agency says."""

    companies: Field[int] = field("Companies")


def _ratings() -> Any:
    rating = Rating.__table__.c
    return sa.select(rating.of_id.label("customer"), rating.companies.label("group_companies"))


class Agency(Plugin):
    """Agency

    How large groups are, as an agency knows them.
    """

    name = "agency"
    facets = (Rating,)
    supplies = (Supply(judgement, _ratings),)


def test_a_group_is_whole_for_each_of_it(open_crm: Callable[..., CRM], clock: FixedClock) -> None:
    """The score of one customer of a group, refreshed by itself, is that of a run over all, whoever knows the group."""
    crm = open_crm(plugins=(CustomerValue, Agency))
    crm.migrate()
    desk = desk_of(crm, clock)
    desk.do(lambda session: session.publish_score_model(GROUPS))
    top = desk.company("Top")
    low, _ = (desk.company(name, parent_group=top) for name in ("Low", "Lower"))
    desk.do(lambda session: session.add(ValueProfile(of=session.get(low.ref), zone="near")))
    desk.do(lambda session: session.add(Rating(of=session.get(top.ref), companies=5)))

    def score() -> Any:
        return desk.do(lambda session: session.score(low, "groups")).score

    crm.run_scores(crm.system("all"), "groups")
    # Two others of five are 40 points, three of five companies 60.
    assert score() == 50
    desk.do(lambda session: session.refresh_scores("groups", [low]))
    assert score() == 50
