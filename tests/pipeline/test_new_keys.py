"""Pipelines that no plugin declares: published as data beside those of the class, and chosen by rule or by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from revision.world import CLOSE

from pycrm import CRM, ConflictError, ForbiddenError, InvalidError, Money, MoveError, Opportunity, Reach
from pycrm.pipeline import Move, Pipeline, Stage, Where
from pycrm.pipeline.book import Book

from .selling import House, house

TENDER = Pipeline(
    "tender",
    1,
    "Opportunity",
    "Tender",
    when=(Where("campaign_code", "=", "tender"),),
    stages=(
        Stage("announced", "Announced", probability=5),
        Stage("bid", "Bid handed in", probability=30, required="amount"),
        Stage("awarded", "Awarded", kind="won"),
        Stage("missed", "Missed", kind="lost"),
    ),
    moves=(
        Move("bid_for", "announced", "bid", "Bid"),
        Move("award", "bid", "awarded", "Award"),
        Move("miss", ("announced", "bid"), "missed", "Miss", reason=True),
    ),
)


@pytest.fixture
def at(crm: CRM) -> House:
    """A house that sells, whose process owner has published tenders."""
    made = house(crm)
    with crm.session("lead_e") as session:
        seen = session.publish_pipeline(TENDER, because="public customers ask for tenders")
        assert (seen.base, seen.count, seen.moving) == (None, 0, 0)
    return made


def deal(at: House, name: str, **values: Any) -> Opportunity:
    """A new deal with rep_a's customer."""
    customer = at.deals["filed"][0].customer
    return Opportunity(customer=customer, name=name, expected_close=CLOSE, **values)


def test_deals_begin_in_it_by_rule_and_by_hand(crm: CRM, at: House) -> None:
    """The rule sends a tender there, a name does, and every other deal begins as before."""
    with crm.session("rep_a") as session:
        ruled = session.add(deal(at, "School", campaign_code="tender"))
        named = session.add(deal(at, "Hospital"), pipeline="tender")
        plain = session.add(deal(at, "Works"))
        many = session.add_all([deal(at, "Port", campaign_code="tender"), deal(at, "Mill")])
    found = [(one.pipeline, one.stage) for one in (ruled, named, plain, *many)]
    tender, sales = ("tender", "announced"), ("sales", "filed")
    assert found == [tender, tender, sales, tender, sales]
    with crm.view("lead_e") as session:
        counted = {one.stage: one.count for one in session.by_stage(Opportunity, pipeline="tender")}
        assert counted == {"announced": 3, "bid": 0, "awarded": 0, "missed": 0}


def test_they_go_its_way(crm: CRM, at: House) -> None:
    """A tender asks for the amount of the bid, and knows no move of the class's own pipeline."""
    with crm.session("rep_a") as session:
        made = session.add(deal(at, "School"), pipeline="tender")
        with pytest.raises(ConflictError):
            session.move(made, "contacted")
        with pytest.raises(MoveError) as refused:
            session.move(made, "bid")
        assert [one["name"] for one in refused.value.data["missing"]] == ["amount"]
        made = session.move(made, "bid", amount=Money("900", "CNY"))
        made = session.move(made, "awarded")
        assert [(one.stage, one.probability) for one in session.stages(made)] == [
            ("announced", 5),
            ("bid", 30),
            ("awarded", 100),
        ]


def test_a_second_version_follows_the_first(crm: CRM, at: House, open_crm: Callable[..., CRM]) -> None:
    """Another process finds the pipeline; its next version takes over what runs, and keeps its entity."""
    other = open_crm()
    with other.session("rep_a") as session:
        made = session.add(deal(at, "School", campaign_code="tender"))
    second = attrs.evolve(TENDER, version=2, label="Public tender")
    with crm.session("lead_e") as session:
        with pytest.raises(InvalidError) as refused:
            session.publish_pipeline(attrs.evolve(second, entity="Lead"), because="by mistake")
        assert "entity" in [one.path for one in refused.value.fields]
        assert session.publish_pipeline(second, because="better words").moving == 1
    with other.view("rep_a") as session:
        assert session.get(made.ref).pipeline_version == 2


def test_it_belongs_to_records_with_stages_and_to_those_who_may(crm: CRM, at: House) -> None:
    """Notes run through nothing, tenders of leads need a key of their own, and a salesperson publishes none."""
    for wrong in ("Note", "Nothing"):
        with crm.session("lead_e") as session, pytest.raises(InvalidError) as refused:
            session.publish_pipeline(attrs.evolve(TENDER, key="other", entity=wrong), because="try it")
        assert "entity" in [one.path for one in refused.value.fields]
    with crm.session("rep_a") as session:
        assert not session.reaches(Opportunity, "update", Reach.ALL)
        with pytest.raises(ForbiddenError):
            session.publish_pipeline(attrs.evolve(TENDER, key="other"), because="try it")
        with pytest.raises(InvalidError):
            session.add(deal(at, "School"), pipeline="other")


def test_without_what_was_published_no_deal_begins_there(
    crm: CRM, at: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were declared pipelines alone asked, the rule would send a tender to the wrong place: the tests see it."""
    monkeypatch.setattr(Book, "keys_of", lambda self, tx, cls: ["sales"])
    with crm.session("rep_a") as session:
        assert session.add(deal(at, "School", campaign_code="tender")).pipeline == "sales"
        with pytest.raises(InvalidError):
            session.add(deal(at, "School"), pipeline="tender")
