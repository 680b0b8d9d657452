"""A record's team is its owner and those whom it is shared with."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pycrm import CRM, Customer, FixedClock, Member, Membership, NotFoundError, ShareMode
from pycrm.scope import team


def test_who_works_on_a_record_is_named_with_the_part_and_the_days(
    crm: CRM, cast: Any, clock: FixedClock
) -> None:
    """The owner comes first, then an engineer who works on it for a week and a unit that reads it."""
    begun = clock.now()
    with crm.session("rep_a") as session:
        pump = session.add(Customer.organization("Pump", mobile="13900000001", source="exhibition"))
    clock.advance(hours=1)
    until = date(2026, 7, 7)
    with crm.session("lead_e") as session:
        session.share(
            pump, user=cast.people["tech_1"], mode=ShareMode.WORK, part="presales engineer", until=until
        )
        session.share(pump, unit=cast.units["Marketing"])
        session.share(pump, user=cast.people["fin_1"])
    expected = [
        Member(cast.people["rep_a"].ref, "Rep_A", Membership.OWN, None, begun),
        Member(
            *(cast.people["tech_1"].ref, "Tech_1", Membership.WORK, "presales engineer", clock.now(), until),
        ),
        Member(cast.units["Marketing"].ref, "Marketing", Membership.READ, None, clock.now()),
        Member(cast.people["fin_1"].ref, "Fin_1", Membership.READ, None, clock.now()),
    ]
    for login in ("rep_a", "lead_e", "tech_1", "mkt_1"):
        with crm.view(login) as session:
            found = session.team(pump)
            assert found[0] == expected[0]
            assert sorted(found[1:], key=str) == sorted(expected[1:], key=str)
    with crm.view("rep_b") as session, pytest.raises(NotFoundError):
        session.team(pump)
    clock.advance(days=30)
    with crm.view("rep_a") as session:
        assert cast.people["tech_1"].ref not in [one.who for one in session.team(pump)]


def test_a_new_owner_has_it_since_it_was_handed_on(crm: CRM, cast: Any, clock: FixedClock) -> None:
    """After an assignment the team begins with the new owner, since that day."""
    with crm.session("rep_a") as session:
        pump = session.add(Customer.organization("Pump", mobile="13900000001", source="exhibition"))
    clock.advance(days=1)
    with crm.session("lead_e") as session:
        session.assign(pump, cast.people["rep_b"])
        (owner,) = session.team(session.get(pump.ref))
        assert (owner.who, owner.since) == (cast.people["rep_b"].ref, clock.now())


def test_members_out_of_sight_would_be_named(crm: CRM, cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were shares that have ended not left out, the team would name who has no part in it any more."""
    with crm.session("rep_a") as session:
        pump = session.add(Customer.organization("Pump", mobile="13900000001", source="exhibition"))
    with crm.session("lead_e") as session:
        share = session.share(pump, user=cast.people["fin_1"]).share
        session.archive(share)
    real = team.active_shares
    with crm.view("rep_a") as session:
        assert len(session.team(pump)) == 1
        monkeypatch.setattr(team, "active_shares", lambda tx, *some: [share, *real(tx, *some)])
        assert len(session.team(pump)) == 2
