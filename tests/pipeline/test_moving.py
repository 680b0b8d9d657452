"""Records in a process with stages within stages: what sessions write, refuse and tell."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import attrs
import pytest
from revision.world import CLOSE, differing, tables

from pycrm import (
    CRM,
    ConflictError,
    Contact,
    Customer,
    FixedClock,
    InvalidError,
    MoveError,
    Opportunity,
    RefusedError,
    Task,
    UserState,
)
from pycrm.entities import ApprovalFlow, ApprovalStep, Approver
from pycrm.entities.customer import Department

from .desk import Desk, desk


@attrs.frozen
class At:
    """The desk with one customer of rep_a."""

    crm: CRM
    plugin: Desk
    cast: Any
    customer: Any

    def deal(self, name: str = "Pumping station", **values: Any) -> Any:
        """A new deal in the process of the desk."""
        with self.crm.session("rep_a") as session:
            made = Opportunity(customer=self.customer, name=name, expected_close=CLOSE, **values)
            return session.add(made, pipeline="project")

    def move(self, record: Any, to: str, **values: Any) -> Any:
        """A move by rep_a."""
        with self.crm.session("rep_a") as session:
            return session.move(record, to, **values)

    def moves(self, record: Any) -> dict[str, list[str]]:
        """Every move that rep_a is shown, with what each lacks."""
        with self.crm.view("rep_a") as session:
            found = session.moves(record)
        return {
            f"{one.key} {one.target}": [need.get("name", need["kind"]) for need in one.missing]
            for one in found
        }


@pytest.fixture
def at(open_crm: Callable[..., CRM]) -> At:
    """A desk with a customer."""
    crm, plugin, cast = desk(open_crm)
    with crm.session("rep_a") as session:
        customer = session.add(
            Customer.organization("Ningbo Pump", mobile="13900000001", source="exhibition")
        )
    return At(crm, plugin, cast, customer)


def in_review(at: At, **values: Any) -> Any:
    """A deal that legal and finance look at."""
    with at.crm.session("rep_a") as session:
        session.add(
            Contact.named("Li", customer=at.customer, department=Department.DECISION, mobile="13600000001")
        )
    return at.move(at.deal(**values), "submit")


def test_two_regions_agree_and_the_deal_goes_on(at: At) -> None:
    """Legal and finance agree by themselves, and the last of them brings the deal to signing."""
    deal = in_review(at, need="pumps")
    assert (deal.stage, deal.stage_config) == ("review", ("legal_waiting", "finance_waiting"))
    deal = at.move(deal, "legal_agreed")
    assert (deal.stage, deal.stage_config) == ("review", ("legal_agreed", "finance_waiting"))
    deal = at.move(deal, "agree_finance")
    assert (deal.stage, deal.stage_config, deal.version) == ("signing", None, 4)


def test_what_is_done_waits_for_what_is_missing(at: At) -> None:
    """Where signing needs something, both agree all the same, and signing asks for it when it is taken."""
    deal = at.move(at.move(in_review(at), "agree_legal"), "agree_finance")
    assert (deal.stage, deal.stage_config) == ("review", ("legal_agreed", "finance_agreed"))
    assert at.moves(deal)["sign signing"] == ["need"]
    assert at.move(deal, "sign", need="pumps").stage == "signing"


def test_nobody_signs_before_all_is_done(at: At) -> None:
    """Signing is refused, and says which region has not agreed."""
    deal = at.move(in_review(at, need="pumps"), "agree_legal")
    with pytest.raises(MoveError) as refused:
        at.move(deal, "sign")
    assert refused.value.data["missing"] == [{"kind": "region", "name": "finance", "label": "Finance"}]


def test_one_verb_is_taken_in_each_region(at: At) -> None:
    """A verb that both regions answer moves both in one act; a stage that one leads to moves that one."""
    deal = at.move(at.move(in_review(at), "agree_legal"), "agree_finance")
    both = at.move(deal, "again")
    assert both.stage_config == ("legal_waiting", "finance_waiting")
    one = at.move(at.move(both, "agree_legal"), "legal_waiting")
    assert one.stage_config == ("legal_waiting", "finance_waiting")


def test_a_paused_deal_goes_on_where_it_was(at: At) -> None:
    """A deal on hold comes back to each region as it was left; so does one that was lost from there."""
    deal = at.move(in_review(at), "agree_legal")
    held = at.move(deal, "hold")
    assert (held.stage, held.stage_config) == ("waiting", None)
    again = at.move(held, "resume")
    assert (again.stage, again.stage_config) == ("review", ("legal_agreed", "finance_waiting"))
    lost = at.move(again, "drop", lost_reason="price")
    back = at.move(lost, "review", because="they called")
    assert back.stage_config == ("legal_agreed", "finance_waiting")
    paused = at.move(back, "pause_legal")
    assert paused.stage_config == ("legal_paused", "finance_waiting")
    assert at.move(paused, "resume_legal").stage_config == ("legal_agreed", "finance_waiting")


def test_what_paused_when_all_was_lost_goes_on(at: At) -> None:
    """A region that paused when the deal was lost and reopened, twice, still knows what it paused in."""
    deal = at.move(at.move(in_review(at), "agree_legal"), "pause_legal")
    for _ in range(2):
        lost = at.move(deal, "drop", lost_reason="price")
        deal = at.move(lost, "review", because="they called")
        assert deal.stage_config == ("legal_paused", "finance_waiting")
    assert at.move(deal, "resume_legal").stage_config == ("legal_agreed", "finance_waiting")


def test_a_loss_is_taken_back_for_180_days(at: At, clock: FixedClock) -> None:
    """A lost deal is reopened on the 180th day and not on the 181st, and never without a reason (PIP-6)."""
    lost = at.move(at.deal(), "drop", lost_reason="price")
    clock.advance(days=180)
    assert at.moves(lost)["reopen drafted"] == ["reason"]
    with at.crm.session("rep_a") as session:
        assert session.try_move(lost, "reopen", because="they called").is_allowed
    clock.advance(days=1)
    with pytest.raises(MoveError) as refused:
        at.move(lost, "reopen", because="they called")
    assert refused.value.data["missing"] == [{"kind": "days", "name": "180"}]


def test_stays_partition_the_time_of_each_region(at: At, clock: FixedClock) -> None:
    """Where a deal was follows without gap, in the pipeline and in each region as long as that lasts."""
    begun = clock.now()
    deal = in_review(at, need="pumps")
    for hours, to in ((2, "agree_legal"), (3, "hold"), (5, "resume"), (7, "agree_finance")):
        clock.advance(hours=hours)
        deal = at.move(deal, to)
    with at.crm.view("rep_a") as session:
        stays = session.stages(deal)

    def hours(moment: Any) -> float | None:
        return None if moment is None else (moment - begun) / timedelta(hours=1)

    told = sorted((one.region, hours(one.since), hours(one.until), one.stage) for one in stays if one.region)
    assert told == [
        ("finance", 0, 5, "finance_waiting"),
        ("finance", 10, 17, "finance_waiting"),
        ("finance", 17, 17, "finance_agreed"),
        ("legal", 0, 2, "legal_waiting"),
        ("legal", 2, 5, "legal_agreed"),
        ("legal", 10, 17, "legal_agreed"),
    ]
    main = [
        (hours(one.since), hours(one.until), one.stage, one.probability) for one in stays if not one.region
    ]
    assert main == [
        (0, 0, "drafted", 10),
        (0, 5, "review", 50),
        (5, 10, "waiting", None),
        (10, 17, "review", 50),
        (17, None, "signing", 90),
    ]


def test_a_record_begins_in_the_pipeline_that_its_values_or_its_writer_name(at: At) -> None:
    """A rule or the writer chooses among several pipelines, and each record keeps its own."""
    with at.crm.session("rep_a") as session:
        plain = session.add(Opportunity(customer=at.customer, name="A", expected_close=CLOSE))
        ruled = session.add(
            Opportunity(customer=at.customer, name="B", expected_close=CLOSE, campaign_code="project")
        )
        named = session.add(
            Opportunity(customer=at.customer, name="C", expected_close=CLOSE), pipeline="project"
        )
        back = session.add(
            Opportunity(customer=at.customer, name="D", expected_close=CLOSE, campaign_code="project"),
            pipeline="sales",
        )
        found = [(one.pipeline, one.stage) for one in (plain, ruled, named, back)]
        assert found == [
            ("sales", "filed"),
            ("project", "drafted"),
            ("project", "drafted"),
            ("sales", "filed"),
        ]
        assert session.count(Opportunity, Opportunity.pipeline == "project") == 2
        with pytest.raises(InvalidError) as refused:
            session.add(Opportunity(customer=at.customer, name="E", expected_close=CLOSE), pipeline="lead")
    assert refused.value.fields[0].path == "pipeline"


def test_a_record_that_is_needed_is_counted_and_may_come_in_the_same_act(at: At) -> None:
    """Submitting asks for a contact who decides; adding one and moving is one transaction (PIP-2)."""
    deal = at.deal()
    before = tables(at.crm)
    wanted = {"kind": "record", "name": "decider", "label": "A contact who decides", "entity": "Contact"}
    with pytest.raises(MoveError) as refused, at.crm.session("rep_a") as session:
        session.move(deal, "submit")
    assert refused.value.data["missing"] == [wanted]
    assert "A contact who decides is missing" in refused.value.message
    assert differing(before, tables(at.crm)) == []
    with at.crm.session("rep_a") as session:
        contact = Contact.named(
            "Li", customer=at.customer, department=Department.DECISION, mobile="13600000001"
        )
        session.add(contact)
        assert session.move(deal, "submit").stage == "review"


def test_a_guard_is_given_its_parameters(at: At) -> None:
    """The short cut asks for a name of eight letters, as the move declares."""
    with pytest.raises(MoveError) as refused:
        at.move(at.deal("Short", need="x"), "shortcut")
    assert [one["message"] for one in refused.value.data["missing"]] == ["the name has fewer than 8 letters"]
    assert at.move(at.deal("Long enough", need="x"), "shortcut").stage == "signing"


def test_effects_come_with_the_move_and_go_with_it(at: At) -> None:
    """Tasks, values and events of a move and of its actions are written with it, or not at all."""
    deal = at.deal()
    before = tables(at.crm)
    with at.crm.session("rep_a") as session:
        tried = session.try_move(deal, "review_at_once")
        assert (tried.is_allowed, tried.record.closed_on) == (True, date(2026, 6, 30))
    with at.crm.session("rep_a") as session, suppress(ZeroDivisionError), session.attempt():
        session.move(deal, "review_at_once")
        raise ZeroDivisionError
    assert differing(before, tables(at.crm)) == []
    at.plugin._seen.clear()
    with at.crm.session("rep_a") as session:
        made = session.move(deal, "review_at_once")
        tasks = {task.title: task for task in session.find(Task, Task.opportunity == deal)}
    assert made.stage_config == ("legal_agreed", "finance_waiting")
    assert (made.closed_on, made.next_step, made.version) == (date(2026, 6, 30), "remind finance", 2)
    assert tasks.keys() == {"Call the customer", "Remind finance of Pumping station"}
    called = tasks["Call the customer"]
    assert (called.due_at - made.stage_at, called.priority, called.owner) == (
        timedelta(days=2),
        "high",
        made.owner,
    )
    assert at.plugin._seen == [("review_at_once", ("desk.begun",))]


def moved(session: Any, deal: Any, to: str, values: dict[str, Any]) -> Any:
    """What becomes of a move, which is then undone."""
    done: Any = None
    try:
        with session.attempt():
            done = session.move(deal, to, **values)
            raise ZeroDivisionError
    except ZeroDivisionError:
        return done
    except RefusedError as refused:
        return refused


def test_a_trial_answers_as_the_move_does(at: At) -> None:
    """Trying a move gives the record or the refusal that moving gives, and changes nothing."""
    deal = at.deal()
    before = tables(at.crm)
    for to, values in (
        ("submit", {}),
        ("nowhere", {}),
        ("drop", {}),
        ("drop", {"lost_reason": "price"}),
        ("shortcut", {"need": "x"}),
        ("drop", {"lost_reason": 5}),
    ):
        with at.crm.session("rep_a") as session:
            tried = session.try_move(deal, to, **values)
        assert differing(before, tables(at.crm)) == []
        with at.crm.session("rep_a") as session:
            done = moved(session, deal, to, values)
        if isinstance(done, RefusedError):
            assert tried.refusal is not None
            assert (type(tried.refusal), tried.refusal.as_dict()) == (type(done), done.as_dict())
        else:
            assert (tried.record, tried.record.stage, tried.missing) == (done, done.stage, ())


def test_a_move_waits_for_those_who_have_to_agree(at: At) -> None:
    """Winning needs top management: it is proposed, decided on, and taken with the last consent."""
    with at.crm.session(at.crm.system("flows")) as session:
        session.add(ApprovalFlow(name="top decides", steps=[ApprovalStep(approver=Approver.TOP)]))
    deal = at.move(at.deal(need="x"), "shortcut")
    with pytest.raises(MoveError) as refused:
        at.move(deal, "win")
    assert refused.value.data["missing"] == [{"kind": "approval", "name": "top decides"}]
    with at.crm.session("rep_a") as session:
        amendment = session.propose(deal, "win", because="they have signed", next_step="deliver")
        assert amendment.state == "submitted"
        with pytest.raises(ConflictError):
            session.propose(deal, "won", because="they have signed")
        with pytest.raises(InvalidError):
            session.propose(deal, "hold", because="nobody has to agree")
    with at.crm.session("dir") as session:
        (waiting,) = session.inbox()
        lines = [(one.path, one.base, one.new) for one in session.lines(waiting)]
        assert lines == [("next_step", None, "deliver"), ("stage", "signing", "won")]
        assert session.approve(waiting).state == "applied"
    with at.crm.view("rep_a") as session:
        won = session.get(deal.ref)
        (last, *_) = session.history(won)
        assert (won.stage, won.next_step) == ("won", "deliver")
        assert (last.act, last.reason, last.amendment) == ("move", "they have signed", amendment.ref)
        assert [one.stage for one in session.stages(won)] == ["drafted", "signing", "won"]


def test_a_move_that_was_overtaken_is_in_conflict(at: At) -> None:
    """A deal that went on while its win was decided on is not won blindly; the proposal is in conflict."""
    with at.crm.session(at.crm.system("flows")) as session:
        session.add(ApprovalFlow(name="top decides", steps=[ApprovalStep(approver=Approver.TOP)]))
    deal = at.move(at.deal(need="x"), "shortcut")
    with at.crm.session("rep_a") as session:
        session.propose(deal, "won", because="they have signed")
        session.move(deal, "hold")
    with at.crm.session("dir") as session:
        (waiting,) = session.inbox()
        assert session.approve(waiting).state == "conflicted"
    with at.crm.view("rep_a") as session:
        assert session.get(deal.ref).stage == "waiting"


def test_each_pipeline_is_counted_by_itself(at: At) -> None:
    """A board counts the deals of one pipeline, the class's own unless another is named."""
    at.deal()
    with at.crm.session("rep_a") as session:
        session.add(Opportunity(customer=at.customer, name="A", expected_close=CLOSE))
        counted = [
            {one.stage: one.count for one in session.by_stage(Opportunity, pipeline=key) if one.count}
            for key in (None, "project")
        ]
        assert counted == [{"filed": 1}, {"drafted": 1}]
        with pytest.raises(InvalidError):
            session.by_stage(Opportunity, pipeline="lead")


def test_nobody_leaves_open_deals_of_any_pipeline_behind(at: At) -> None:
    """Who owns an open deal of whatever pipeline does not leave before it is handed over (COR-26)."""
    at.deal()
    with at.crm.session(at.crm.system("staff")) as session:
        user = session.get(at.cast.people["rep_a"].ref)
        with pytest.raises(ConflictError) as refused:
            session.change(user, state=UserState.LEFT)
    assert refused.value.data["holds"]["Opportunity"] == 1


def test_a_deal_of_the_past_stands_where_it_stood(at: At, clock: FixedClock) -> None:
    """Read as of a moment a deal has the stages of that moment, within others too."""
    moments = [clock.now()]
    deal = in_review(at)
    for to in ("agree_legal", "hold", "resume"):
        clock.advance(hours=1)
        deal = at.move(deal, to)
        moments.append(clock.now())
    with at.crm.view("rep_a") as session:
        found = [session.as_of(deal, moment) for moment in moments]
    assert [(one.stage, one.stage_config) for one in found if one is not None] == [
        ("review", ("legal_waiting", "finance_waiting")),
        ("review", ("legal_agreed", "finance_waiting")),
        ("waiting", None),
        ("review", ("legal_agreed", "finance_waiting")),
    ]
