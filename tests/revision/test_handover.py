"""Handing over all that a person owns (SUP-10 to SUP-14)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from house import Cast, enterprise

from pycrm import (
    CRM,
    Action,
    Activity,
    ConflictError,
    Customer,
    Field,
    FieldReading,
    FieldRule,
    FixedClock,
    ForbiddenError,
    Grant,
    Handover,
    HandoverReceiver,
    HandoverRule,
    HandoverState,
    InvalidError,
    Link,
    Money,
    NotFoundError,
    Opportunity,
    Plugin,
    Reach,
    Record,
    Role,
    RoleAssignment,
    SigningGrade,
    StaleError,
    Task,
    TaskState,
    User,
    UserState,
    field,
    link,
    private,
)
from revision.leaver import CLOSE, HELD, NOTHING, STAGES, leaver, numbers
from revision.world import differing, tables, world

BECAUSE = "moves to another company"


@pytest.fixture
def cast(crm: CRM) -> Cast:
    """rep_a with everything of SUP-S4."""
    return leaver(crm)


@pytest.fixture
def few(crm: CRM) -> Cast:
    """rep_a with four customers, three deals, a lead, a contact and an activity."""
    return world(crm).cast


def to(cast: Cast, login: str, rule: HandoverRule = HandoverRule.ALL, **by: Any) -> HandoverReceiver:
    """A receiver by login."""
    return HandoverReceiver(receiver=cast.people[login], rule=rule, **by)


def by_region(cast: Cast) -> list[HandoverReceiver]:
    """The north to rep_b, the rest to rep_c."""
    return [to(cast, "rep_b", HandoverRule.REGION, value="North"), to(cast, "rep_c")]


def handed(crm: CRM, receivers: Any = "rep_b", by: Any = "lead_e") -> Handover:
    """Hand over what rep_a owns."""
    with crm.session(by) as session:
        return session.hand_over("rep_a", receivers, because=BECAUSE)


def test_sup_s4_everything_is_owned_by_the_two(crm: CRM, cast: Cast, clock: FixedClock) -> None:
    """A leaver's records go to two colleagues by region; stages, authors and history stay (SUP-S4)."""
    assert numbers(crm, "rep_a") == HELD
    clock.advance(days=1)
    handed(crm, by_region(cast))
    assert numbers(crm, "rep_a") == NOTHING
    of_b, of_c = numbers(crm, "rep_b"), numbers(crm, "rep_c")
    assert (of_b[0], of_c[0]) == (25, 12)
    assert [b + c for b, c in zip(of_b, of_c, strict=True)] == HELD
    with crm.view("dir") as session:
        assert {stage: session.count(Opportunity, Opportunity.stage == stage) for stage in STAGES} == STAGES
        assert session.count(Task, Task.state == TaskState.OPEN) == 9
        assert session.count(Activity, Activity.created_by == cast.people["rep_a"].id) == 210
        deal = session.find(Opportunity, Opportunity.stage == "won", limit=1)[0]
        assert [stay.stage for stay in session.stages(deal)] == ["filed", "won"]
        newest, *_, oldest = session.history(deal)
        assert (newest.act, newest.reason, newest.actor) == ("hand_over", BECAUSE, "lead_e")
        (change,) = newest.changes
        assert (change.path, change.old) == ("owner", str(cast.people["rep_a"].id))
        assert change.new == str(deal.owner.id)
        assert (oldest.act, oldest.actor) == ("add", "rep_a")
        before = session.as_of(deal, clock.now() - timedelta(hours=1))
        assert before.owner == cast.people["rep_a"].ref
        first, second = session.owners(deal)
        assert (first.user, second.user) == (cast.people["rep_a"].ref, deal.owner)
        assert (first.until, second.since, second.until) == (clock.now(), clock.now(), None)


def test_a_preview_counts_and_changes_nothing(crm: CRM, cast: Cast) -> None:
    """A leader sees by kind, stage and receiver what a handover would do; it is then done so (SUP-11)."""
    before = tables(crm)
    with crm.view("lead_e") as session:
        seen = session.preview_handover("rep_a", by_region(cast))
    assert differing(before, tables(crm)) == []
    assert seen.is_possible
    counts = dict(seen.counts())
    assert counts["Customer", "active"] == 37
    assert {stage: counts["Opportunity", stage] for stage in STAGES} == STAGES
    assert (counts["Task", "open"], counts["Task", "done"], counts["Activity", None]) == (9, 14, 210)
    assert seen.counts(cast.people["rep_b"])["Customer", "active"] == 25
    # Two quoted deals of 100 each, won or lost ones aside.
    quoted = [money for line in seen.lines if line.stage == "quoted" for money in line.sums]
    assert sum(money.units for money in quoted) == 20000
    done = handed(crm, by_region(cast))
    assert sorted((one.entity, one.stage or "", one.receiver.id, one.count) for one in done.counts) == sorted(
        (one.entity, one.stage or "", one.receiver.id, one.count) for one in seen.lines if one.receiver
    )


def test_a_failure_on_the_way_changes_nothing(crm: CRM, cast: Cast) -> None:
    """When the thirtieth record cannot be written, all stay with the leaver (SUP-S4)."""
    with crm.view("rep_a") as session:
        thirtieth = session.find(Customer)[29]
    raw = thirtieth.id.bytes if crm.store.dialect == "sqlite" else thirtieth.id
    taken = "INSERT INTO crm_change (record_id, version, entity, revision_id, act, changes) VALUES "
    with crm.store.connect() as connection:
        text = sa.text(taken + "(:id, 2, 'Customer', :id, 'change', '{}')")
        connection.execute(text, {"id": raw})
    before = tables(crm)
    with pytest.raises(ConflictError):
        handed(crm)
    assert differing(before, tables(crm)) == []


def test_sup_s5_what_was_changed_since_stays(crm: CRM, cast: Cast, clock: FixedClock) -> None:
    """On day 5 a handover is undone: 33 customers return, the 4 edited since stay and are listed (SUP-S5)."""
    done = handed(crm)
    clock.advance(days=5)
    with crm.session("rep_b") as session:
        four = session.find(Customer, Customer.name.in_([f"Customer {at}" for at in range(4)]))
        edited = [session.change(one, channel="fair") for one in four]
    with crm.session("lead_e") as session:
        undone = session.undo_handover(session.get(done.ref), because="stays with us")
    assert undone.returned["Customer"] == 33
    assert {ref.id for ref in undone.kept if ref.entity == "Customer"} == {one.id for one in edited}
    assert undone.handover.state is HandoverState.UNDONE
    # Customers 0 to 3 have two contacts each, deals 0 and 1, four tasks; 210 = 37 x 5 + 25.
    assert numbers(crm, "rep_b") == [4, 8, 2, 4, 24, 2]
    assert numbers(crm, "rep_a") == [33, 44, 12, 19, 186, 1]
    with crm.view("rep_a") as session:
        owners = session.owners(session.find(Customer)[0])
    # The first two began at one moment here, so that the first was never the owner for a while.
    assert [one.user for one in owners] == [cast.people[name].ref for name in ("rep_b", "rep_a")]


@pytest.mark.parametrize("days", [7, 8])
def test_a_handover_is_undone_within_seven_days(crm: CRM, few: Cast, clock: FixedClock, days: int) -> None:
    """After seven days, or a second time, nothing is taken back (SUP-14)."""
    held = numbers(crm, "rep_a")
    done = handed(crm)
    clock.advance(days=days)

    def undo() -> None:
        with crm.session("lead_e") as session:
            session.undo_handover(session.get(done.ref), because="stays with us")

    if days == 7:
        undo()
        assert numbers(crm, "rep_a") == held == [3, 1, 3, 0, 1, 0]
    before = tables(crm)
    with pytest.raises(ConflictError):
        undo()
    assert differing(before, tables(crm)) == []


def test_an_undo_needs_the_giver_back(crm: CRM, few: Cast) -> None:
    """Nothing returns to somebody who has left."""
    done = handed(crm)
    _set_state(crm, "rep_a", UserState.LEFT)
    before = tables(crm)
    with pytest.raises(InvalidError), crm.session("lead_e") as session:
        session.undo_handover(session.get(done.ref), because="stays with us")
    assert differing(before, tables(crm)) == []


def _set_state(crm: CRM, login: str, state: UserState) -> None:
    with crm.session(crm.system("staff office")) as session:
        session.change(session.find(User, User.login == login)[0], state=state)


def test_whoever_has_handed_over_may_leave(crm: CRM, few: Cast) -> None:
    """Leaving is refused while records are open, and possible after the handover (COR-26, SUP-S9)."""
    with pytest.raises(ConflictError) as refused:
        _set_state(crm, "rep_a", UserState.LEFT)
    assert refused.value.data["holds"]["Customer"] == 3
    handed(crm)
    _set_state(crm, "rep_a", UserState.LEFT)
    with pytest.raises(ForbiddenError), crm.view("rep_a"):
        pass


def test_equal_parts_by_number_and_by_amount(crm: CRM, cast: Cast) -> None:
    """Customers are divided equally by number, or by their open amounts times probability (SUP-12)."""
    both = ("rep_b", "rep_c")
    with crm.view("lead_e") as session:
        by_number, by_amount = (
            session.preview_handover("rep_a", [to(cast, one, rule) for one in both])
            for rule in (HandoverRule.NUMBER, HandoverRule.AMOUNT)
        )
    people = [cast.people[one] for one in both]
    assert [by_number.counts(one)["Customer", "active"] for one in people] == [19, 18]
    # Of the open deals only the two quoted ones have amounts, and these are equal.
    assert [by_amount.counts(one)["Opportunity", "quoted"] for one in people] == [1, 1]
    assert by_amount.counts()["Customer", "active"] == 37


def test_exceptions_come_before_rules(crm: CRM, cast: Cast) -> None:
    """A single customer goes to whom it is given, whatever its region and grade (SUP-12)."""
    with crm.session("lead_e") as session:
        first, second, *_ = session.find(Customer, order=Customer.name)
        session.change(second, signing_grade=SigningGrade.A)
        rules = [
            *by_region(cast),
            to(cast, "lead_e2", HandoverRule.CUSTOMER, customer=first),
            to(cast, "lead_e", HandoverRule.GRADE, value="A"),
        ]
        rules[0], rules[3] = rules[3], rules[0]
        session.hand_over("rep_a", rules, because=BECAUSE)
    counts = {}
    for login in ("rep_b", "rep_c", "lead_e2", "lead_e"):
        with crm.view("dir") as session:
            counts[login] = session.count(Customer, Customer.owner == cast.people[login].id)
    # "Customer 0" and "Customer 1" both lie in the north.
    assert counts == {"rep_b": 23, "rep_c": 12, "lead_e2": 1, "lead_e": 1}


Receivers = Callable[[Cast], Any]
REFUSED: dict[str, tuple[str, Receivers, type[Exception]]] = {
    "staff may not assign": ("rep_b", lambda cast: "rep_b", ForbiddenError),
    "another branch sees nothing": ("lead_w", lambda cast: "rep_w", ConflictError),
    "the receiver is out of reach": ("lead_e", lambda cast: "rep_w", ForbiddenError),
    "the receiver has left": ("lead_e", lambda cast: "tech_1", InvalidError),
    "nobody": ("lead_e", lambda cast: [], InvalidError),
    "to oneself": ("lead_e", lambda cast: "rep_a", InvalidError),
    "no such user": ("lead_e", lambda cast: uuid4(), NotFoundError),
    "no such login": ("lead_e", lambda cast: "nobody", NotFoundError),
    "no receivers": ("lead_e", lambda cast: ["rep_b"], InvalidError),
    "two take the rest": ("lead_e", lambda cast: [to(cast, "rep_b"), to(cast, "rep_c")], InvalidError),
    "a region without a name": (
        *("lead_e", lambda cast: [to(cast, "rep_b", HandoverRule.REGION)]),
        InvalidError,
    ),
    "an unknown region": (
        *("lead_e", lambda cast: [to(cast, "rep_b", HandoverRule.REGION, value="Moon")]),
        NotFoundError,
    ),
    "an unknown grade": (
        *("lead_e", lambda cast: [to(cast, "rep_b", HandoverRule.GRADE, value="Z")]),
        InvalidError,
    ),
    "two ways to divide": (
        "lead_e",
        lambda cast: [to(cast, "rep_b", HandoverRule.NUMBER), to(cast, "rep_c", HandoverRule.AMOUNT)],
        InvalidError,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_handover_changes_nothing(crm: CRM, few: Cast, case: str) -> None:
    """Whoever may not hand over, or says nonsense, leaves every table as it was (SUP-E3, SUP-E4, SCO-E4)."""
    by, receivers, error = REFUSED[case]
    _set_state(crm, "tech_1", UserState.LEFT)
    before = tables(crm)
    with pytest.raises(error):
        handed(crm, receivers(few), by)
    assert differing(before, tables(crm)) == []


def test_sup_e3_rules_that_leave_records_without_a_receiver(crm: CRM, cast: Cast) -> None:
    """Rules that name nobody for some records are refused, and those records are listed (SUP-E3)."""
    before = tables(crm)
    with pytest.raises(InvalidError) as refused:
        handed(crm, [to(cast, "rep_b", HandoverRule.REGION, value="North")])
    # Customers 25 to 36; deals stand at every second of the first 27: the last is Customer 26.
    assert refused.value.data["counts"] == {"Customer": 12, "Opportunity": 1, "Activity": 60}
    assert len(refused.value.data["records"]["Customer"]) == 12
    assert differing(before, tables(crm)) == []


@pytest.mark.parametrize("short", ["", "  ", "gone", None, 5])
def test_a_handover_has_a_reason(crm: CRM, few: Cast, short: Any) -> None:
    """Nobody hands over without saying why."""
    with pytest.raises(InvalidError), crm.session("lead_e") as session:
        session.hand_over("rep_a", "rep_b", because=short)


def _role(crm: CRM, cast: Cast, login: str, *grants: tuple[str, Action, Reach]) -> None:
    """Give a person a further role at the company."""
    with crm.session(crm.system("roles")) as session:
        rows = [Grant(entity=entity, action=action, reach=reach) for entity, action, reach in grants]
        role = session.add(Role(name=f"of {login}", grants=rows))
        given = RoleAssignment(
            user=cast.people[login],
            role=role,
            unit=cast.units["HQ"],
            since=crm.calendar_day(crm.clock.now()),
        )
        session.add(given)


_DESK = [
    (entity, action, Reach.ALL)
    for entity in ("Customer", "Handover")
    for action in (Action.READ, Action.CREATE, Action.ASSIGN, Action.UPDATE)
]
_DESK += [("User", Action.READ, Reach.ALL)]


def test_what_is_seen_but_not_assignable_is_counted_not_named(crm: CRM, few: Cast) -> None:
    """Who sees the deals and may assign customers only is refused with numbers, not ids (S26)."""
    _role(crm, few, "mkt_1", *_DESK, ("Opportunity", Action.READ, Reach.ALL))
    before = tables(crm)
    with crm.view("mkt_1") as session:
        assert dict(session.preview_handover("rep_a", "rep_b").refused) == {"Opportunity": 3}
    with pytest.raises(ForbiddenError) as refused:
        handed(crm, by="mkt_1")
    assert dict(refused.value.data) == {"counts": {"Opportunity": 3}}
    assert differing(before, tables(crm)) == []


@pytest.mark.parametrize("more", [0, 3])
def test_what_is_hidden_changes_no_answer(crm: CRM, more: int) -> None:
    """Who assigns customers and sees no deals gets one answer, however many deals there are (S26)."""
    cast = enterprise(crm)
    with crm.session("rep_a") as session:
        customer = session.add(Customer.organization("Pump", email="p@example.com", source="exhibition"))
        for at in range(more):
            session.add(Opportunity(customer=customer, name=f"Deal {at}", expected_close=CLOSE))
    _role(crm, cast, "mkt_1", *_DESK)
    with crm.view("mkt_1") as session:
        seen = session.preview_handover("rep_a", "rep_b")
    assert dict(seen.counts()) == {("Customer", "active"): 1}
    assert (dict(seen.refused), seen.out_of_reach) == ({}, ())
    done = handed(crm, by="mkt_1")
    assert [(one.entity, one.count) for one in done.counts] == [("Customer", 1)]
    # The deals stay with rep_a, and rep_b sees them with the customer.
    with crm.view("rep_a") as session:
        assert (session.count(Customer), session.count(Opportunity)) == (0, more)
    with crm.view("rep_b") as session:
        assert (session.count(Customer), session.count(Opportunity)) == (1, more)


def test_a_handover_is_seen_by_receiver_and_the_givers_leaders(crm: CRM, few: Cast) -> None:
    """The receiver and the leaders of the giver see the handover, others do not."""
    handed(crm, "rep_c", "dir")
    seen = {}
    for login in ("rep_a", "rep_b", "rep_c", "lead_e", "lead_e2", "lead_w", "dir"):
        with crm.view(login) as session:
            seen[login] = session.count(Handover)
    assert seen == {"rep_a": 0, "rep_b": 0, "rep_c": 1, "lead_e": 1, "lead_e2": 0, "lead_w": 0, "dir": 1}


def test_a_handover_is_written_by_its_verb_alone(crm: CRM, few: Cast) -> None:
    """Nobody makes up a handover, rewrites one, or hands it on."""
    done = handed(crm)
    before = tables(crm)
    made_up = Handover(giver=few.people["rep_a"], reason=BECAUSE, counts=done.counts)
    acts: list[Callable[[Any], Any]] = [
        lambda session: session.add(made_up),
        lambda session: session.change(session.get(done.ref), reason="another reason"),
        lambda session: session.change(session.get(done.ref), counts=[]),
        lambda session: session.assign(session.get(done.ref), "rep_c"),
    ]
    for act in acts:
        with pytest.raises((InvalidError, ConflictError)), crm.session("lead_e") as session:
            act(session)
    assert differing(before, tables(crm)) == []


def test_two_leaders_at_once(crm: CRM, few: Cast) -> None:
    """Who undoes with a handover as it was before somebody else undid it is told so."""
    done = handed(crm)
    with crm.session("lead_e") as session:
        old = session.get(done.ref)
        session.undo_handover(old, because="stays with us")
    with pytest.raises((StaleError, ConflictError)), crm.session("lead_e") as session:
        session.undo_handover(old, because="stays with us")


def test_amounts_in_two_currencies_are_not_divided(crm: CRM, cast: Cast) -> None:
    """Yuan and dollars have no common measure here, so equal amounts are refused."""
    with crm.session("rep_a") as session:
        deal = session.find(Opportunity, Opportunity.stage == "contacted", limit=1)[0]
        session.change(deal, amount=Money("5", "USD"))
    both = [to(cast, one, HandoverRule.AMOUNT) for one in ("rep_b", "rep_c")]
    with pytest.raises(InvalidError), crm.view("lead_e") as session:
        session.preview_handover("rep_a", both)


class Diary(Record, table="diary_entry", scope=private()):
    """What a person writes down for no other eyes."""

    customer: Link[Customer | None] = link("Customer", default=None)
    text: Field[str] = field("Text")


class Diaries(Plugin):
    """Diaries"""

    name = "diary"
    records = (Diary,)


def test_what_is_private_stays_with_its_writer(open_crm: Callable[..., CRM]) -> None:
    """A private entry is neither handed over nor counted, and the preview says so."""
    crm = open_crm(plugins=[Diaries()])
    crm.migrate()
    enterprise(crm)
    with crm.session("rep_a") as session:
        customer = session.add(Customer.organization("Pump", email="p@example.com", source="exhibition"))
        session.add(Diary(customer=customer, text="wears red socks"))
    with crm.session("dir") as session:
        seen = session.preview_handover("rep_a", "rep_b")
        # A view of a list that somebody has saved is private too.
        assert (seen.private, dict(seen.counts())) == (("SavedView", "Diary"), {("Customer", "active"): 1})
        session.hand_over("rep_a", "rep_b", because=BECAUSE)
    found = {}
    for login in ("rep_a", "rep_b", "dir"):
        with crm.view(login) as session:
            found[login] = [session.count(Diary), session.count(Customer)]
    assert found == {"rep_a": [1, 0], "rep_b": [0, 1], "dir": [0, 1]}


def test_changes_of_the_same_session_come_before(crm: CRM, few: Cast) -> None:
    """Who changes a record and hands everything over in one session leaves one revision of both acts."""
    with crm.session("lead_e") as session:
        customer = session.find(Customer, Customer.name == "Ningbo Pump")[0]
        session.change(customer, channel="fair")
        added = session.add(
            Task(title="Call", due_at=session.now, customer=customer), owner=few.people["rep_a"]
        )
        session.hand_over("rep_a", "rep_b", because=BECAUSE)
        assert session.get(added.ref).owner == few.people["rep_b"].ref
    with crm.view("rep_b") as session:
        handed_over, changed, *_ = session.history(session.get(customer.ref))
        assert (handed_over.act, changed.act) == ("hand_over", "change")
        assert handed_over.id == changed.id
        assert (handed_over.version, changed.version) == (customer.version + 2, customer.version + 1)


def test_a_refusal_within_an_attempt_lets_the_session_go_on(crm: CRM, few: Cast) -> None:
    """After a refused handover the leader goes on in the same session."""
    with crm.session("lead_e") as session:
        with pytest.raises(ForbiddenError), session.attempt():
            session.hand_over("rep_a", "rep_w", because=BECAUSE)
        done = session.hand_over("rep_a", "rep_b", because=BECAUSE)
    assert done.state is HandoverState.DONE
    assert numbers(crm, "rep_a") == NOTHING


def test_hidden_fields_say_nothing_in_a_preview(crm: CRM, cast: Cast) -> None:
    """Who may not read amounts and grades is told no sums, and divides by neither (SCO-14)."""
    with crm.session(crm.system("roles")) as session:
        role = session.get(Role, cast.roles["leader"].id)
        hidden = [
            FieldRule(entity=entity, field_name=name, read=FieldReading.HIDDEN)
            for entity, name in (("Opportunity", "amount"), ("Customer", "signing_grade"))
        ]
        session.change(role, rules=hidden)
    divided = [
        [to(cast, one, HandoverRule.AMOUNT) for one in ("rep_b", "rep_c")],
        [to(cast, "rep_b", HandoverRule.GRADE, value="A"), to(cast, "rep_c")],
    ]
    with crm.view("lead_e") as session:
        seen = session.preview_handover("rep_a", "rep_b")
        assert seen.counts()["Opportunity", "quoted"] == 2
        assert [line.sums for line in seen.lines if line.sums] == []
        for rules in divided:
            with pytest.raises(InvalidError, match="unknown field"):
                session.preview_handover("rep_a", rules)


Planted = tuple[str, Any, Callable[[CRM, Cast, FixedClock], None]]
FAULTS: dict[str, Planted] = {
    "reach is not asked for": (
        "pycrm.revision.transfer.within",
        lambda *_: sa.true(),
        lambda crm, few, clock: test_what_is_seen_but_not_assignable_is_counted_not_named(crm, few),
    ),
    "what stands in the way is passed over": (
        "pycrm.revision.handover.Plan.refuse_impossible",
        lambda *_: None,
        lambda crm, few, clock: test_what_is_seen_but_not_assignable_is_counted_not_named(crm, few),
    ),
    "handovers are rewritten": (
        "pycrm.app.rules.refuse_rewriting",
        lambda *_: None,
        lambda crm, few, clock: test_a_handover_is_written_by_its_verb_alone(crm, few),
    ),
    "handovers are undone at any time": (
        "pycrm.revision.handover.UNDONE_WITHIN",
        timedelta(days=365),
        lambda crm, few, clock: test_a_handover_is_undone_within_seven_days(crm, few, clock, 8),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_seen(
    crm: CRM, few: Cast, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Each of these tests goes red when what it guards is left out."""
    name, instead, test = FAULTS[fault]
    monkeypatch.setattr(name, instead)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test(crm, few, clock)
