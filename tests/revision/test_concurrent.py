"""Two people at once: one wins, the other is told, and nothing is lost or done twice."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from pycrm import (
    CRM,
    AlreadyDoneError,
    ConflictError,
    Customer,
    InvalidError,
    Session,
    StaleError,
    StoreError,
)
from revision.world import World, tables, world


def at_once(*acts: Callable[[], object]) -> list[Any]:
    """Run each in a thread of its own and return their answers or exceptions."""
    answers: list[Any] = [None] * len(acts)
    start = threading.Barrier(len(acts))

    def one(index: int) -> None:
        start.wait(timeout=20)
        try:
            answers[index] = acts[index]()
        except Exception as error:
            answers[index] = error

    threads = [threading.Thread(target=one, args=(index,)) for index in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers


def changing(crm: CRM, record: Any, **values: Any) -> Callable[[], object]:
    """Change a record that was read before."""

    def act() -> object:
        with crm.session("rep_a") as session:
            return session.change(record, **values)

    return act


def test_of_two_changes_one_wins(crm: CRM) -> None:
    """Two people change what both have read: one change is kept, the other is told it is stale."""
    made = world(crm)
    for round_ in range(5):
        with crm.view("rep_a") as session:
            read = session.get(made.pump.ref)
        answers = at_once(*(changing(crm, read, channel=f"{round_}{name}") for name in "ab"))
        kinds = Counter(type(answer) for answer in answers)
        assert kinds == {Customer: 1, StaleError: 1}
        with crm.view("rep_a") as session:
            now = session.get(made.pump.ref)
            winner = next(answer for answer in answers if isinstance(answer, Customer))
            assert (now.channel, now.version) == (winner.channel, read.version + 1)
            assert session.history(now)[0].version == now.version


def test_a_stale_change_shows_both_sides(crm: CRM) -> None:
    """Whoever comes second sees base, theirs and yours for each field, and may read and go on (COR-S12)."""
    made = world(crm)
    with crm.view("rep_a") as session:
        read = session.get(made.pump.ref)
    with crm.session("rep_a") as session:
        session.change(read, channel="fair")
    with crm.session("rep_a") as session:
        with pytest.raises(StaleError) as stale:
            session.change(read, channel="mail", needs=["pumps"])
        assert (stale.value.data["read"], stale.value.data["current"]) == (1, 2)
        assert stale.value.data["fields"] == {
            "channel": {"base": None, "theirs": "fair", "yours": "mail"},
            "needs": {"base": [], "theirs": [], "yours": ["pumps"]},
        }
        again = session.change(session.get(made.pump.ref), needs=["pumps"])
    assert (again.version, again.channel, again.needs) == (3, "fair", ("pumps",))


def test_of_two_claims_one_wins(crm: CRM) -> None:
    """Two people file the same mobile at once: there is one customer with it afterwards."""
    world(crm)

    def filing(login: str) -> Callable[[], object]:
        def act() -> object:
            with crm.session(login) as session:
                return session.add(
                    Customer.organization(login, mobile="13555555555", source="exhibition", tax_id=login)
                )

        return act

    answers = at_once(filing("rep_a"), filing("rep_b"), filing("rep_w"))
    assert Counter(type(answer) for answer in answers) == {Customer: 1, ConflictError: 2}
    rows = tables(crm)
    assert len([row for row in rows["crm_contact_point"] if "13555555555" in row]) == 1


def test_an_operation_sent_twice_at_once_takes_effect_once(crm: CRM) -> None:
    """A request that arrives twice in the same moment is done once, and both learn its revision."""
    made = world(crm)
    inside = threading.Barrier(2)

    def act(session: Session) -> Any:
        # Both have passed the look-up of the operation; on SQLite the second cannot begin yet.
        with contextlib.suppress(threading.BrokenBarrierError):
            inside.wait(timeout=1)
        return session.add(
            Customer.organization("Twice", mobile=f"1350000000{len(seen)}", source="exhibition")
        )

    seen: list[int] = []

    def sending(number: int) -> Callable[[], object]:
        def send() -> object:
            seen.append(number)
            return crm.run("rep_a", act, operation="request 1")

        return send

    answers = at_once(sending(1), sending(2))
    kinds = Counter(type(answer) for answer in answers)
    assert kinds[Customer] == 1
    other = next(answer for answer in answers if not isinstance(answer, Customer))
    assert isinstance(other, AlreadyDoneError | ConflictError)
    if isinstance(other, AlreadyDoneError):
        with crm.view("rep_a") as session:
            (customer,) = session.find(Customer, Customer.name == "Twice")
            assert other.data["revision"] == str(session.history(customer)[0].id)
    assert len([row for row in tables(crm)["crm_party"] if "Twice" in row]) == 1
    assert made.pump.version == 1


def failing(times: int, message: str) -> tuple[list[int], Callable[[World], Callable[[Session], Any]]]:
    """A function that writes and then fails so many times, and the list of its attempts."""
    attempts: list[int] = []

    def of(made: World) -> Callable[[Session], Any]:
        def act(session: Session) -> Any:
            attempts.append(session.actor.source is not None)
            changed = session.change(session.get(made.pump.ref), channel=f"try {len(attempts)}")
            if len(attempts) <= times:
                raise StoreError("the database refused") from RuntimeError(message)
            return changed

        return act

    return attempts, of


def test_work_is_done_again_after_a_lock(crm: CRM) -> None:
    """Work that met a lock twice is done a third time from its beginning, and kept once."""
    made = world(crm)
    attempts, act = failing(2, "database is locked")
    changed = crm.run("rep_a", act(made))
    assert len(attempts) == 3
    assert (changed.version, changed.channel) == (2, "try 3")


@pytest.mark.parametrize(
    ("times", "message", "tries"), [(99, "database is locked", 8), (99, "disk I/O error", 1)]
)
def test_work_is_not_done_again_for_ever(crm: CRM, times: int, message: str, tries: int) -> None:
    """A lock that stays is reported after eight attempts, another failure after the first."""
    made = world(crm)
    before = tables(crm)
    attempts, act = failing(times, message)
    with pytest.raises(StoreError, match="refused"):
        crm.run("rep_a", act(made))
    assert len(attempts) == tries
    assert tables(crm) == before


def test_a_refusal_is_not_retried(crm: CRM) -> None:
    """What the rules refuse is refused once: asking again would change nothing."""
    made = world(crm)
    attempts: list[int] = []

    def act(session: Session) -> Any:
        attempts.append(1)
        return session.change(made.pump, colour="red")

    with pytest.raises(InvalidError):
        crm.run("rep_a", act)
    assert attempts == [1]


def test_two_who_lock_each_other_both_succeed(crm: CRM) -> None:
    """Two jobs that change the same two records in opposite order both end, whoever had to give way."""
    made = world(crm)
    meeting = threading.Barrier(2)

    def job(name: str, *order: Any) -> Callable[[], object]:
        def act(session: Session) -> Any:
            for index, ref in enumerate(order):
                found = session.get(ref)
                session.change(found, needs=[*found.needs, name])
                if index == 0 and not meeting.broken:
                    try:
                        meeting.wait(timeout=1)
                    except threading.BrokenBarrierError:
                        continue
            return name

        return lambda: crm.run("rep_a", lambda session: act(session))

    one, two = made.pump.ref, made.other.ref
    answers = at_once(job("a", one, two), job("b", two, one))
    done = [answer for answer in answers if isinstance(answer, str)]
    with crm.view("rep_a") as session:
        needs = [session.get(ref).needs for ref in (one, two)]
    # Under a lock the victim is retried; one that had read an older version is told so instead.
    assert all(isinstance(answer, str | StaleError) for answer in answers), answers
    assert [sorted(each) for each in needs] == [sorted(done)] * 2
