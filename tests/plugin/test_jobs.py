"""Jobs of plugins: what is due is done by the product itself, each item for itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from house import enterprise

from pycrm import CRM, ConflictError, Customer, FixedClock, Job, JobDone, Plugin, Session, StoreError
from pycrm.app import offered_jobs

DONE: list[str] = []


def _due(session: Session) -> list[str]:
    return sorted(one.name for one in session.find(Customer, Customer.channel.is_(None)))


def _mark(session: Session, name: str) -> None:
    customer = session.find(Customer, Customer.name == name)[0]
    session.change(customer, channel="seen")
    if name == "refused":
        raise ConflictError("not this one")
    if name == "wrong":
        raise KeyError("wrong")
    if name == "broken":
        raise StoreError("the disk is full")


class Night(Plugin):
    """Night

    What is done at night.
    """

    name = "night"
    jobs = (
        Job("night.mark", due=_due, act=_mark),
        Job("night.look", act=lambda session, _: DONE.append(session.actor.name), daily=True),
    )


@pytest.fixture
def crm(open_crm: Callable[..., CRM]) -> CRM:
    """A CRM with work for the night."""
    DONE.clear()
    made = open_crm(plugins=[Night])
    enterprise(made)
    return made


def _enter(crm: CRM, *names: str) -> None:
    with crm.session("rep_a") as session:
        for name in names:
            session.add(Customer.organization(name, phone="1", source="exhibition"))


def _channels(crm: CRM) -> dict[str, Any]:
    with crm.view("dir") as session:
        return {one.name: one.channel for one in session.find(Customer)}


def test_what_refuses_keeps_back_no_other(crm: CRM) -> None:
    """Items that are refused or fail are told and undone, and the others and the next job are done."""
    _enter(crm, "a", "refused", "wrong", "z")
    report = crm.run_jobs()
    assert report.plugins == (
        JobDone("night.mark", 2, ("not this one", "KeyError: 'wrong'")),
        JobDone("night.look", 1),
    )
    assert _channels(crm) == {"a": "seen", "z": "seen", "refused": None, "wrong": None}
    assert DONE == ["system: job night.look"]


def test_what_is_done_is_not_due_again(crm: CRM, clock: FixedClock) -> None:
    """A second run does nothing; what is daily is asked for again on the next business day."""
    _enter(crm, "a")
    crm.run_jobs()
    assert crm.run_jobs().plugins == ()
    # 00:30 in Shanghai, though it is the same day in UTC.
    clock.set("2026-07-01T00:30:00+08:00")
    assert crm.run_jobs().plugins == (JobDone("night.look", 1),)
    assert crm.run_jobs().plugins == ()
    assert len(DONE) == 2


def test_a_database_that_fails_is_no_refusal(crm: CRM) -> None:
    """Where the database itself fails nothing is passed over: the run ends, and is due again."""
    _enter(crm, "a", "broken", "z")
    with pytest.raises(StoreError, match="disk is full"):
        crm.run_jobs()
    assert _channels(crm) == {"a": "seen", "broken": None, "z": None}


FAULTS: dict[str, tuple[str, Any, Callable[[CRM, FixedClock], None]]] = {
    "what was done today is forgotten": (
        "_keep",
        lambda *given: None,
        lambda crm, clock: test_what_is_done_is_not_due_again(crm, clock),
    ),
    "one failure ends the run": (
        "_noted",
        lambda failures: nullcontext(),
        lambda crm, clock: test_what_refuses_keeps_back_no_other(crm),
    ),
    "what failed is done in the same session again": (
        "_act",
        lambda job, item, session: keep_all(job, session, item),
        lambda crm, clock: test_what_refuses_keeps_back_no_other(crm),
    ),
}


def keep_all(job: Job, session: Session, item: Any) -> None:
    """Keep what a refused item has written."""
    spoiled = session.transaction.spoiled
    try:
        job.act(session, item)
    except (ConflictError, KeyError):
        session.transaction.spoiled = spoiled


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_seen(
    name: str, sqlite_database: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each planted fault turns red what holds that rule of jobs."""
    attribute, fault, check = FAULTS[name]
    monkeypatch.setattr(offered_jobs, attribute, fault)
    DONE.clear()
    with CRM(sqlite_database, plugins=[Night], clock=clock) as crm:
        enterprise(crm)
        with pytest.raises((AssertionError, ConflictError)):
            check(crm, clock)
