"""Shares of one record and delegations of one's reach: for a time, no further than the giver sees."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from house import Cast, enterprise

from pycrm import (
    CRM,
    Activity,
    ActivityKind,
    ConflictError,
    Customer,
    Delegation,
    FixedClock,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    NotReadError,
    Opportunity,
    Organization,
    Party,
    RefusedError,
    RoleAssignment,
    ShareMode,
    User,
)
from scope.rights import ruled

Open = Callable[..., CRM]


def count(crm: CRM, login: str) -> int:
    with crm.view(login) as session:
        return session.count(Customer)


def shared(crm: CRM, cast: Cast, giver: str, *receivers: str, number: int = 1, **terms: Any) -> list[Any]:
    """Share the giver's first customers with people."""
    with crm.session(giver) as session:
        customers = session.find(Customer, limit=number)
        return [
            session.share(customer, user=cast.people[login], because="joint visit", **terms)
            for customer in customers
            for login in receivers
        ]


def test_sco_s3_a_share_shows_a_record_until_its_day_ends(crm: CRM, clock: FixedClock) -> None:
    """With two of a colleague's customers rep_a counts 14 on the last day and 12 on the next (SCO-S3)."""
    cast = enterprise(crm, customers=True)
    shared(crm, cast, "rep_b", "rep_a", number=2, until=date(2026, 6, 30))
    assert count(crm, "rep_a") == 14
    with crm.session("rep_a") as session:
        (theirs,) = session.find(Customer, Customer.owner == cast.people["rep_b"], limit=1)
        with pytest.raises(ForbiddenError):
            session.change(theirs, channel="fair")
    clock.set("2026-06-30T23:59:59+08:00")
    assert count(crm, "rep_a") == 14
    clock.set("2026-07-01T00:00:00+08:00")
    assert count(crm, "rep_a") == 12
    with crm.view("rep_a") as session, pytest.raises(NotFoundError):
        session.get(theirs.ref)


def test_a_share_comes_with_all_that_hangs_on_the_record(crm: CRM) -> None:
    """Party, contacts, opportunities and activities of a shared customer are read too, and no others."""
    cast = enterprise(crm, customers=True)
    with crm.session("rep_b") as session:
        customer, other = session.find(Customer, limit=2)
        for one in (customer, other):
            session.add(Opportunity(customer=one, name="Forklifts", expected_close=date(2026, 12, 1)))
            session.add(
                Activity(
                    customer=one,
                    kind=ActivityKind.CALL,
                    started_at=session.now,
                    summary="Asked for a quotation",
                )
            )
    shared(crm, cast, "rep_b", "rep_a")
    with crm.view("rep_a") as session:
        for cls in (Opportunity, Activity):
            assert [one.customer.id for one in session.find(cls)] == [customer.id]
        assert session.get(customer.party).contact_points
        assert session.count(Party, Party.id == customer.party) == 1
        with pytest.raises(NotFoundError):
            session.get(other.party)


def test_working_on_a_shared_record(crm: CRM) -> None:
    """A share to work lets its receiver change the record, and neither archive, assign nor share it on."""
    cast = enterprise(crm, customers=True)
    shared(crm, cast, "rep_b", "rep_a", mode=ShareMode.WORK)
    with crm.session("rep_a") as session:
        (theirs,) = session.find(Customer, Customer.owner == cast.people["rep_b"])
        changed = session.change(theirs, channel="fair")
        assert changed.channel == "fair"
        with pytest.raises(ForbiddenError):
            session.archive(changed)
    with crm.session("rep_a") as session, pytest.raises(ForbiddenError):
        session.share(theirs, user=cast.people["rep_w"], because="pass it on")


def test_owners_share_within_their_leaders_units_and_leaders_beyond(crm: CRM) -> None:
    """rep_a shares with East and East-2 but not with West; the leader of East shares with West (SCO-11)."""
    cast = enterprise(crm, customers=True)
    shared(crm, cast, "rep_a", "rep_b", "rep_c", "lead_e")
    with pytest.raises(ForbiddenError):
        shared(crm, cast, "rep_a", "rep_w")
    shared(crm, cast, "lead_e", "rep_w")
    assert count(crm, "rep_w") == 10


def test_a_share_with_a_unit_is_for_its_people(crm: CRM) -> None:
    """Everybody at home in the unit sees the record, whoever comes later too; others do not."""
    cast = enterprise(crm, customers=True)
    with crm.session("lead_e") as session:
        customer = session.find(Customer, Customer.owner == cast.people["rep_a"], limit=1)[0]
        session.share(customer, unit=cast.units["Service"], because="installation")
    assert [count(crm, login) for login in ("tech_1", "mkt_1")] == [1, 0]
    with crm.session(crm.system("transfer")) as session:
        session.amend(
            session.get(cast.people["mkt_1"].ref), home_unit=cast.units["Service"], because="moved house"
        )
    assert count(crm, "mkt_1") == 1


def test_a_share_ends_with_its_givers_own_sight(crm: CRM) -> None:
    """When the customer goes to another unit, those with whom the old owner shared it see it no more."""
    cast = enterprise(crm, customers=True)
    shared(crm, cast, "rep_a", "rep_b")
    assert count(crm, "rep_b") == 9
    with crm.session(crm.system("transfer")) as session:
        session.amend(
            session.get(cast.people["rep_a"].ref), home_unit=cast.units["West"], because="moved to West"
        )
    assert count(crm, "rep_b") == 9  # still its owner
    with crm.session(crm.system("clean up")) as session:
        for given in session.find(RoleAssignment, RoleAssignment.user == cast.people["rep_a"]):
            session.archive(given)
    assert count(crm, "rep_b") == 8


def test_sco_e3_a_share_that_shows_nothing_new_is_saved_and_says_so(crm: CRM) -> None:
    """The leader sees the customer anyway and is told that the share has no effect now (SCO-E3)."""
    cast = enterprise(crm, customers=True)
    to_leader, to_mate = shared(crm, cast, "rep_a", "lead_e", "rep_b")
    assert (to_leader.has_effect, to_mate.has_effect) == (False, True)


def test_a_share_is_taken_back_and_its_terms_are_not_rewritten(crm: CRM) -> None:
    """Archiving a share ends it at once; another receiver or a longer time is a new share."""
    cast = enterprise(crm, customers=True)
    (given,) = shared(crm, cast, "rep_b", "rep_a")
    with crm.session("rep_b") as session, pytest.raises(ConflictError):
        session.change(given.share, user=cast.people["rep_c"])
    with crm.session("rep_b") as session:
        session.archive(given.share, because="visit done")
    assert count(crm, "rep_a") == 12


@pytest.mark.parametrize("wrong", ["nobody", "both", "past", "hidden", "missing", "reference"])
def test_a_share_that_makes_no_sense_is_refused(crm: CRM, wrong: str) -> None:
    """No receiver, two of them, a day that has passed, a hidden record or one without an owner."""
    cast = enterprise(crm, customers=True)
    with crm.view("rep_b") as session:
        hidden = session.find(Customer, limit=1)[0]
    with crm.view("rep_a") as session:
        mine = session.find(Customer, limit=1)[0]
        source = mine.source
    person = cast.people["rep_b"]
    terms: dict[str, Any] = {
        "nobody": (mine, {}),
        "both": (mine, {"user": person, "unit": cast.units["East"]}),
        "past": (mine, {"user": person, "until": date(2026, 6, 29)}),
        "hidden": (hidden, {"user": person}),
        "missing": (type(mine.ref)("Customer", person.id), {"user": person}),
        "reference": (source, {"user": person}),
    }[wrong]
    error = NotFoundError if wrong in ("hidden", "missing") else InvalidError
    with crm.session("rep_a") as session, pytest.raises(error):
        session.share(terms[0], because="joint visit", **terms[1])
    assert count(crm, "rep_b") == 8


def stand_in(crm: CRM, cast: Cast, giver: str, receiver: str, *days: int, actions: Any = ("read",)) -> Any:
    """Delegate from a day of July 2026 to another."""
    since, until = (date(2026, 7, day) for day in days)
    with crm.session(giver) as session:
        return session.delegate(
            cast.people[receiver], actions=actions, since=since, until=until, because="holidays"
        )


def test_sco_s5_a_delegate_sees_what_the_giver_sees_between_the_days(crm: CRM, clock: FixedClock) -> None:
    """rep_b counts 30 on 8 July, 8 on 11 July, and what rep_b does by it says on whose behalf (SCO-S5)."""
    cast = enterprise(crm, customers=True)
    stand_in(crm, cast, "lead_e", "rep_b", 6, 10, actions=("read", "update"))
    assert count(crm, "rep_b") == 8
    clock.set("2026-07-08T10:00:00+08:00")
    assert count(crm, "rep_b") == 30
    with crm.session("rep_b") as session:
        theirs = session.find(Customer, Customer.owner == cast.people["rep_c"], limit=1)[0]
        changed = session.change(theirs, channel="fair")
    with crm.session("rep_b") as session:
        mine = session.find(Customer, Customer.owner == cast.people["rep_b"], limit=1)[0]
        own = session.change(mine, channel="fair")
    with crm.view("lead_e") as session:
        behalf = session.history(changed)[0]
        assert (behalf.actor, behalf.on_behalf) == ("rep_b", cast.people["lead_e"].ref)
        assert session.history(own)[0].on_behalf is None
        (reason,) = session.why("rep_b", changed)
        assert (reason.kind, str(reason)) == (
            "delegation",
            "delegated by lead_e: leader of East; East-2 lies below East; owner rep_c in East-2",
        )
    clock.set("2026-07-11T10:00:00+08:00")
    assert count(crm, "rep_b") == 8


def test_a_delegate_changes_what_extends_a_record(crm: CRM, clock: FixedClock) -> None:
    """What rep_b changes of a company for lead_e is kept as done on lead_e's behalf, as of any record."""
    cast = enterprise(crm, customers=True)
    with crm.session("rep_c") as session:
        theirs = session.find(Customer, Customer.owner == cast.people["rep_c"], limit=1)[0]
        session.add(Organization(of=theirs.party, industry="pumps"))
    stand_in(crm, cast, "lead_e", "rep_b", 6, 10, actions=("read", "update"))
    clock.set("2026-07-08T10:00:00+08:00")
    with crm.session("rep_b") as session:
        company = session.facet(theirs.party, Organization)
        assert company is not None
        changed = session.change(company, industry="valves")
    assert changed.industry == "valves"
    with crm.view("lead_e") as session:
        assert session.history(changed)[0].on_behalf == cast.people["lead_e"].ref


def test_a_delegate_does_what_was_named_and_passes_nothing_on(crm: CRM, clock: FixedClock) -> None:
    """Reading was delegated: rep_b changes nothing of others, and rep_a gets nothing through rep_b."""
    cast = enterprise(crm, customers=True)
    stand_in(crm, cast, "lead_e", "rep_b", 6, 10)
    stand_in(crm, cast, "rep_b", "rep_a", 6, 10)
    clock.set("2026-07-08T10:00:00+08:00")
    assert (count(crm, "rep_a"), count(crm, "rep_b")) == (20, 30)
    with crm.session("rep_b") as session:
        theirs = session.find(Customer, Customer.owner == cast.people["rep_c"], limit=1)[0]
        with pytest.raises(ForbiddenError):
            session.change(theirs, channel="fair")
    with crm.session("rep_b") as session, pytest.raises(ForbiddenError):
        session.share(theirs, user=cast.people["rep_a"], because="pass it on")


def test_a_delegation_is_never_more_than_its_giver_has_now(crm: CRM, clock: FixedClock) -> None:
    """When the leader loses the role, so does whoever stands in."""
    cast = enterprise(crm, customers=True)
    stand_in(crm, cast, "lead_e", "rep_b", 6, 10)
    clock.set("2026-07-08T10:00:00+08:00")
    with crm.session(crm.system("demotion")) as session:
        for given in session.find(RoleAssignment, RoleAssignment.user == cast.people["lead_e"]):
            session.archive(given)
    assert count(crm, "rep_b") == 8


@pytest.mark.parametrize(
    ("case", "error"),
    [
        ("backwards", InvalidError),
        ("oneself", InvalidError),
        ("unknown action", InvalidError),
        ("nothing", InvalidError),
        ("overlapping", ConflictError),
        ("for another", ForbiddenError),
    ],
)
def test_sco_e2_a_delegation_that_makes_no_sense_is_refused(
    crm: CRM, case: str, error: type[RefusedError]
) -> None:
    """Backwards in time, to oneself, over unknown actions, twice at once, or of somebody else's reach."""
    cast = enterprise(crm)
    stand_in(crm, cast, "lead_e", "rep_b", 6, 10)
    asks: dict[str, Callable[[], Any]] = {
        "backwards": lambda: stand_in(crm, cast, "lead_e", "rep_c", 10, 6),
        "oneself": lambda: stand_in(crm, cast, "lead_e", "lead_e", 6, 10),
        "unknown action": lambda: stand_in(crm, cast, "lead_e", "rep_c", 6, 10, actions=("fly",)),
        "nothing": lambda: stand_in(crm, cast, "lead_e", "rep_c", 6, 10, actions=()),
        "overlapping": lambda: stand_in(crm, cast, "lead_e", "rep_b", 10, 12),
        "for another": lambda: _for_another(crm, cast),
    }
    with pytest.raises(error):
        asks[case]()


def _for_another(crm: CRM, cast: Cast) -> None:
    given = Delegation(
        receiver=cast.people["lead_w"],
        actions=("read",),
        since=date(2026, 7, 6),
        until=date(2026, 7, 10),
        reason="holidays",
    )
    with crm.session("lead_e") as session:
        session.add(given, owner=cast.people["rep_a"])


def test_sco_s7_a_dated_role_adds_to_the_own(crm: CRM, clock: FixedClock) -> None:
    """With a leader's role at West for July rep_c counts 5 + 10, and 5 again in August (SCO-S7)."""
    cast = enterprise(crm, customers=True)
    with crm.session(crm.system("stand-in")) as session:
        session.add(
            RoleAssignment(
                user=cast.people["rep_c"],
                role=cast.roles["leader"],
                unit=cast.units["West"],
                since=date(2026, 7, 1),
                until=date(2026, 7, 31),
            )
        )
    counts = []
    for day in ("2026-06-30", "2026-07-15", "2026-08-01"):
        clock.set(f"{day}T10:00:00+08:00")
        counts.append(count(crm, "rep_c"))
    assert counts == [5, 15, 5]


def test_reasons_name_a_share_and_what_hangs_on_it(crm: CRM) -> None:
    """The leader reads that rep_b sees the customer and its opportunity by rep_a's share."""
    cast = enterprise(crm, customers=True)
    with crm.session("rep_a") as session:
        customer = session.find(Customer, limit=1)[0]
        deal = session.add(Opportunity(customer=customer, name="Forklifts", expected_close=date(2026, 12, 1)))
    shared(crm, cast, "rep_a", "rep_b", until=date(2026, 7, 31))
    with crm.view("lead_e") as session:
        told = [str(reason) for record in (customer, deal) for reason in session.why("rep_b", record)]
    assert told == [
        "shared by rep_a until 2026-07-31 (read)",
        "with its customer: shared by rep_a until 2026-07-31 (read)",
    ]


def test_a_share_alone_shows_no_field_that_its_giver_does_not_see(crm: CRM) -> None:
    """Who holds no role sees of a shared customer what its giver sees, a hidden channel not (P2)."""
    cast = enterprise(crm)
    channelled(crm, "rep_a")
    ruled(crm, "staff", ("Customer.channel", "hidden"))
    guest = newcomer(crm, cast)
    with crm.session("rep_a") as session:
        (theirs,) = session.find(Customer)
        session.share(theirs, user=guest, because="joint visit")
    refused_channel(crm)


def test_a_delegate_without_roles_sees_no_field_that_the_giver_does_not(crm: CRM) -> None:
    """Who holds no role and stands in for somebody is shown what that person's roles show (P2)."""
    cast = enterprise(crm)
    channelled(crm, "rep_a")
    ruled(crm, "staff", ("Customer.channel", "hidden"))
    guest = newcomer(crm, cast)
    today = date(2026, 6, 30)
    with crm.session("rep_a") as session:
        session.delegate(guest, actions=["read"], since=today, until=today, because="away today")
    refused_channel(crm)


def channelled(crm: CRM, login: str) -> None:
    """Let a person have one customer, who came by a channel."""
    with crm.session(login) as session:
        draft = Customer.organization("Pump", email="pump@example.com", source="exhibition", channel="fair")
        session.add(draft)


def newcomer(crm: CRM, cast: Cast) -> Any:
    """A person of the same unit who holds no role."""
    with crm.session(crm.system("test")) as session:
        return session.add(User(login="guest", name="Guest", home_unit=cast.units["East"]))


def refused_channel(crm: CRM) -> None:
    """See that the newcomer reads one customer, and neither its channel nor anything by it."""
    with crm.view("guest") as session:
        (seen,) = session.find(Customer)
        with pytest.raises(NotReadError):
            _ = seen.channel
        with pytest.raises(InvalidError, match="channel"):
            session.count(Customer, Customer.channel == "fair")
