"""Long work: begun on a page, told of while it goes on and after, by whom it was begun, and stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from serving.browser import Reply

from pycrm import CRM, Customer, FixedClock, User
from pycrm.errors import InvalidError, NotFoundError
from pycrm.web import bulk, working
from pycrm.work import Workshop, WorkState, ask_stop, enter_work, work_of, workshop

from .conftest import Company, Reader
from .reading import Page, read

MAPPING = """
entity = "Customer"
make = "organization"
source = "oldcrm"
key = "No"

[columns]
name = "Company"
mobile = "Mobile"
source = { value = "exhibition", lookup = "Source.name" }
"""
TABLE = "No,Company,Mobile\n1,Alder & Co,13811110001\n2,<b>Birch</b>,1381111\n3,Cedar,13811110003\n"


def _over(reader: Reader, path: str) -> Page:
    """The page of work once it is over; until then it loads itself anew."""
    for _ in range(200):
        reply = reader.ask(path)
        assert reply.status == 200
        if not reply.header("refresh"):
            return read(reply.text)
        assert "This page loads itself anew" in reply.text
        time.sleep(0.05)
    raise AssertionError("it never ends")


def _sent(reader: Reader, table: str = TABLE, mapping: str = MAPPING, **fields: str) -> Reply:
    """Send the form of an import, with its files."""
    form = reader.see("/import").form("/import")
    mark, parts = "x3f", []
    for name, text in {"csrf": form.value("csrf") or "", **fields}.items():
        parts.append(f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n')
    for name, text in (("table", table), ("mapping", mapping)):
        told = f'Content-Disposition: form-data; name="{name}"; filename="{name}.txt"'
        parts.append(f"--{mark}\r\n{told}\r\nContent-Type: text/plain\r\n\r\n{text}\r\n")
    body = "".join([*parts, f"--{mark}--\r\n"]).encode()
    kind = {"content-type": f"multipart/form-data; boundary={mark}"}
    return reader.browser.ask("POST", "/import", body=body, headers=kind)


def test_a_table_is_imported_beside_and_told_of(company_on_both: Company) -> None:
    """Two of three rows become customers, the third is told with its line and reason; again nothing is taken twice."""
    reader = company_on_both.reader("rep_a")
    for again in (False, True):
        begun = _sent(reader)
        assert begun.status == 303
        told = _over(reader, begun.header("location"))
        assert "Import: table.txt" in told.words
        assert ("Unchanged 2" if again else "New 2") in told.words
        assert "3 <b>Birch</b>" not in told.words
        assert "11 digits" in told.words
    found = reader.see("/customers").words
    assert "Alder & Co" in found
    assert "Cedar" in found
    assert "Birch" not in found
    assert "Import: table.txt" in reader.see("/work").words


def test_an_import_is_taken_back_on_its_page(company_on_both: Company) -> None:
    """Of two customers one was changed since: it stays and is told by its name; a colleague is offered nothing."""
    reader = company_on_both.reader("rep_a")
    _over(reader, _sent(reader).header("location"))
    with company_on_both.crm.session("rep_a") as session:
        (kept,) = session.find(Customer, Customer.name == "Cedar")
        session.change(kept, channel="fair")
    stranger = company_on_both.reader("rep_b")
    assert "Take back" not in stranger.see("/import").words
    (place,) = {one.action for one in reader.see("/import").forms if one.action.endswith("/revert")}
    form = reader.see("/import").form(place)
    theirs = stranger.see("/import").form("/import").value("csrf")
    assert stranger.post(place, {"csrf": theirs, "because": "not mine at all"}).status == 404
    assert reader.send(form, because="oh").status == 422
    begun = reader.send(form, because="the wrong file")
    assert begun.status == 303
    told = _over(reader, begun.header("location"))
    assert "Put away 1" in told.words
    assert "Left as it is 1" in told.words
    assert "Cedar it was changed since" in told.words
    found = reader.see("/customers").words
    assert "Cedar" in found
    assert "Alder & Co" not in found
    assert "taken back" in reader.see("/import").words


def test_what_cannot_be_imported_is_said_on_the_form(company: Company) -> None:
    """Without a table, with a mapping that is none, or of a column that there is not."""
    reader = company.reader("rep_a")
    for wrong, text in (
        ({"table": ""}, "choose the table"),
        ({"mapping": "entity = 7"}, "entity"),
        ({"because": "no"}, "at least 5 characters"),
    ):
        reply = _sent(reader, **wrong)
        assert reply.status == 422
        assert text in reply.text
    begun = _sent(reader, table="Number,Company\n1,Alder\n")
    assert "Refused" in _over(reader, begun.header("location")).words


@pytest.fixture(autouse=True)
def _short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few records are many here."""
    monkeypatch.setattr(bulk, "_STEP", 3)


def _assign_all(company: Company, query: str = "") -> tuple[Reader, str]:
    """The leader gives all that the list shows to rep_c, and is led to the page of the work."""
    with company.crm.session("rep_a") as session:
        for at in range(7):
            mobile = f"1360000000{at}"
            session.add(Customer.organization(f"Firm {at}", mobile=mobile, source="exhibition"))
    leader = company.reader("lead_e")
    form = leader.see(f"/customers{query}").form("/customers/bulk")
    rep_c = str(company.one(User, "Rep_C").id)
    fields = [*form.fields, ("all", "1"), ("to:assign", rep_c), ("act", "assign")]
    reply = leader.post("/customers/bulk", fields)
    assert reply.status == 303
    return leader, reply.header("location")


def _owned(company: Company) -> int:
    with company.crm.view("rep_c") as session:
        return session.count(Customer)


def _all_are_given(company: Company) -> None:
    leader, path = _assign_all(company)
    assert "Done 9" in _over(leader, path).words
    assert _owned(company) == 9


def _only_those_shown(company: Company) -> None:
    leader, path = _assign_all(company, "?q=Firm")
    assert "Done 7" in _over(leader, path).words
    assert _owned(company) == 7


def _refused_ones_are_told(company: Company) -> None:
    """One of a step is not assigned; the others are, and it is told by its name."""
    real = bulk._one
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "_one", lambda visit: _but(real(visit), "Firm 4"))
        leader, path = _assign_all(company)
        page = _over(leader, path)
    assert "Done 8" in page.words
    assert "Firm 4 stays where it is" in page.words
    assert _owned(company) == 8


def _but(one: Any, name: str) -> Any:
    def act(session: Any, record: Any) -> None:
        if record.name == name:
            raise InvalidError("stays where it is")
        one(session, record)

    return act


def _nobody_else_sees_it(company: Company) -> None:
    leader, path = _assign_all(company)
    _over(leader, path)
    other = company.reader("rep_a")
    form = leader.see("/").form("/sign-out")
    for reply in (other.ask(path), other.post(f"{path}/stop", [("csrf", _csrf(other))])):
        assert reply.status == 404
    assert path not in set(other.see("/work").links())
    assert form.action


def _csrf(reader: Reader) -> str:
    return reader.see("/").form("/sign-out").value("csrf") or ""


CHECKS: tuple[Callable[[Company], None], ...] = (
    _all_are_given,
    _only_those_shown,
    _refused_ones_are_told,
    _nobody_else_sees_it,
)


@pytest.mark.parametrize("check", CHECKS)
def test_an_act_on_all_that_a_list_shows(company: Company, check: Callable[[Company], None]) -> None:
    """It is done to each that its author sees there, what is refused is told, and to nobody else."""
    check(company)


def _told_to_all(patch: pytest.MonkeyPatch) -> None:
    real = working.work_of

    def of_anybody(crm: CRM, user: UUID, id: UUID) -> Any:
        with crm.view(crm.system("a leak")) as session:
            people = [one.id for one in session.find(User)]
        for one in people:
            try:
                return real(crm, one, id)
            except NotFoundError:
                continue
        raise NotFoundError("no such work")

    patch.setattr(working, "work_of", of_anybody)


def _ends_at_the_first(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bulk, "_single", lambda visit, cls, one, id: {"name": str(id), "said": "refused"})


def _without_the_filter(patch: pytest.MonkeyPatch) -> None:
    real = bulk._shown
    patch.setattr(bulk, "_shown", lambda visit, session, cls: real(_bare(visit), session, cls))


def _bare(visit: Any) -> Any:
    visit.query = {}
    return visit


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        (_told_to_all, _nobody_else_sees_it),
        (_ends_at_the_first, _refused_ones_are_told),
        (_without_the_filter, _only_those_shown),
    ],
)
def test_a_planted_fault_is_noticed(
    company: Company, monkeypatch: pytest.MonkeyPatch, fault: Any, check: Callable[[Company], None]
) -> None:
    """Work told to others, given up at a refusal, or done to what was not shown turns a check red."""
    fault(monkeypatch)
    with pytest.raises(AssertionError):
        check(company)


# --- the hands -----------------------------------------------------------------------------------------


@pytest.fixture
def hands(company: Company, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    """Hands that write down each of their steps."""
    monkeypatch.setattr(workshop, "_EVERY", 0)
    made = Workshop(company.crm)
    yield made
    made.close()


def _until(company: Company, user: UUID, id: UUID, state: WorkState, done: int | None = None) -> Any:
    for _ in range(500):
        found = work_of(company.crm, user, id)
        if found.state is state and done in (None, found.done):
            return found
        time.sleep(0.02)
    raise AssertionError(f"{found.state}, not {state}")


class _Steps:
    """Work of three steps, of which each is let go by hand."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)
        self.taken = 0

    def __call__(self, progress: Any) -> Any:
        for at in range(1, 4):
            assert self.go.acquire(timeout=10)
            self.taken = at
            progress(at, 3)
        return {"counts": {"done": 3}}


def test_work_is_told_stopped_and_broken_off(company: Company, hands: Workshop) -> None:
    """Its person sees each step, stops it before the next, and is told where nothing was heard of it for a minute."""
    crm, clock = company.crm, company.clock
    user = company.one(User, "Rep_A").id
    first, second = (enter_work(crm, user, "test", f"work {at}") for at in range(2))
    steps, later = _Steps(), _Steps()
    hands.take(first, steps)
    hands.take(second, later)
    steps.go.release()
    _until(company, user, first, WorkState.WORKING, 1)
    assert work_of(crm, user, second).state is WorkState.WAITING
    clock.advance(seconds=61)
    try:
        assert work_of(crm, user, first).state is WorkState.LOST
        with pytest.raises(NotFoundError):
            ask_stop(crm, company.one(User, "Rep_B").id, first)
        ask_stop(crm, user, first)
        steps.go.release(2)
        found = _until(company, user, first, WorkState.STOPPED)
        assert (found.done, found.total, steps.taken) == (2, 3, 2)
        later.go.release(3)
        found = _until(company, user, second, WorkState.DONE)
        assert (found.done, found.told) == (3, {"counts": {"done": 3}})
    finally:
        clock.advance(seconds=-61)


def test_work_that_fails_and_a_server_that_ends(
    company: Company, hands: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure is told without what it said; what was at work and what waited when the server ended is broken off."""
    crm, user = company.crm, company.one(User, "Rep_A").id

    def fail(progress: Any) -> Any:
        raise RuntimeError("the tax number is 91440300MA5F")

    broken, begun, waiting = (enter_work(crm, user, "test", f"work {at}") for at in range(3))
    hands.take(broken, fail)
    _until(company, user, broken, WorkState.FAILED)
    assert "RuntimeError" in caplog.text
    assert "91440300MA5F" not in caplog.text
    steps = _Steps()
    hands.take(begun, steps)
    hands.take(waiting, _Steps())
    steps.go.release()
    _until(company, user, begun, WorkState.WORKING, 1)
    ending = threading.Thread(target=hands.close)
    ending.start()
    time.sleep(0.05)
    steps.go.release(2)
    ending.join(10)
    states = [work_of(crm, user, id).state for id in (begun, waiting)]
    assert states == [WorkState.LOST, WorkState.LOST]


def test_nobody_fills_the_workshop(company: Company) -> None:
    """A sixth piece of work is refused to its person and not to another; what was broken off does not count."""
    crm, clock = company.crm, company.clock
    user, other = (company.one(User, name).id for name in ("Rep_A", "Rep_B"))
    for at in range(5):
        enter_work(crm, user, "test", f"work {at}")
    with pytest.raises(InvalidError, match="much is at work"):
        enter_work(crm, user, "test", "one more")
    enter_work(crm, other, "test", "of another")
    clock.advance(seconds=61)
    try:
        enter_work(crm, user, "test", "a minute later")
    finally:
        clock.advance(seconds=-61)


def test_hands_say_that_they_are_there(
    sqlite_database: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work whose steps take longer than a minute is not taken for broken off."""
    monkeypatch.setattr(workshop, "_BEAT", 0.02)
    with CRM(sqlite_database, clock=clock) as crm:
        crm.migrate()
        with crm.session(crm.system("test")) as session:
            from pycrm import OrgUnit

            unit = session.add(OrgUnit(name="East", code="east"))
            user = session.add(User(login="ana", name="Ana", home_unit=unit)).id
        made, steps = Workshop(crm), _Steps()
        id = enter_work(crm, user, "test", "slow")
        made.take(id, steps)
        for _ in range(3):
            clock.advance(seconds=50)
            time.sleep(0.1)
            assert work_of(crm, user, id).state is not WorkState.LOST
        steps.go.release(3)
        made.close()
