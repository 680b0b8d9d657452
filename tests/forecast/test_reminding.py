"""Whoever lets a deal stand still is reminded once, and the leader later."""

from __future__ import annotations

from typing import Any

from pycrm import CRM, Task, User, UserState

from .conftest import Desk


def tasks(crm: CRM, login: str) -> int:
    """How many tasks a person has of their own."""
    with crm.view(login) as session:
        me = session.find(User, User.login == login)[0]
        return session.count(Task, Task.owner == me)


def test_the_owner_is_reminded_once_and_the_leader_after_seven_days(crm: CRM, desk: Desk) -> None:
    """The owner gets a task on the day a deal stalls, the leader one 7 days later, and nobody a third (PIP-7)."""
    desk.at("2026-06-01")
    (deal,) = desk.move("rep_a", desk.deals("rep_a", "100"), "quoted")
    for day, owners, leaders in (
        ("2026-06-15", 0, 0),
        ("2026-06-16", 1, 0),
        ("2026-06-17", 0, 0),
        ("2026-06-22", 0, 0),
        ("2026-06-23", 0, 1),
        ("2026-06-30", 0, 0),
    ):
        desk.at(day)
        report = crm.run_jobs()
        assert (report.owners, report.leaders) == (owners, leaders), day
    assert (tasks(crm, "rep_a"), tasks(crm, "lead_e"), tasks(crm, "dir")) == (1, 1, 0)
    with crm.view("rep_a") as session:
        titles = [one.title for one in session.find(Task, Task.opportunity == deal)]
        assert len(titles) == 2
        assert not any(deal.name in title for title in titles)
    # In another stage it is reminded of anew.
    desk.move("rep_a", [deal], "negotiating")
    desk.at("2026-07-15")
    assert crm.run_jobs().owners == 1
    assert tasks(crm, "rep_a") == 2


def test_what_is_closed_archived_or_nobodys_reminds_nobody(crm: CRM, desk: Desk) -> None:
    """Closed and archived deals, and those of somebody who is away, bother no owner."""
    desk.at("2026-06-01")
    closed, archived, _ = desk.deals("rep_a", "1", "2", "3")
    desk.move("rep_a", [closed], "lost")
    with crm.session("rep_a") as session:
        session.archive(archived)
    with crm.session(crm.system("test")) as session:
        session.change(session.find(User, User.login == "rep_a")[0], state=UserState.SUSPENDED)
    desk.at("2026-06-20")
    report = crm.run_jobs()
    assert (report.owners, report.leaders) == (0, 0)
    desk.at("2026-06-27")
    report = crm.run_jobs()
    assert (report.owners, report.leaders) == (0, 1)


def test_running_the_jobs_twice_at_once_reminds_once(crm: CRM, desk: Desk) -> None:
    """Of two runs that saw the same deal, the second finds that it was reminded of."""
    from pycrm.forecast.remind import late, remind

    desk.at("2026-06-01")
    desk.deals("rep_a", "1")
    desk.at("2026-06-20")
    actor: Any = crm.system("test")
    with crm.view(actor) as session:
        ((entity, id),) = late(session.transaction)
    for owners in (1, 0):
        with crm.session(actor) as session:
            assert remind(session.transaction, entity, id) == (owners, 0)
