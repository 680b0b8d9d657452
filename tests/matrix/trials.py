"""Every public operation as a trial: called for one person with one record, and what came of it."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import attrs
from noninterference.operations import EXCLUDED, OPERATIONS, public_verbs

from pycrm import (
    ApprovalStep,
    Approver,
    ConflictError,
    ContactPointKind,
    Customer,
    ForbiddenError,
    InvalidError,
    LeadContactPoint,
    Money,
    Opportunity,
    Organization,
    Period,
    Ref,
    RefusedError,
)
from pycrm.declare.row import layout
from pycrm.entities.org import Reach
from pycrm.exchange import Mapping, export_csv, export_scores, import_file
from pycrm.scope import reason
from pycrm.scoring.book import ScoreRun
from pycrm.scoring.feeds import contacts
from pycrm.scoring.model import ScoreModel

from .grid import NOBODY, Asker, Grid

ALLOWED, ABSENT = "allowed", "not_found"


@attrs.frozen
class Case:
    """Who tries, in which enterprise, with which record in which relation."""

    grid: Grid
    asker: Asker
    entity: str
    relation: str

    @property
    def cls(self) -> Any:
        """The class of the record."""
        return self.grid.crm.record(self.entity)

    @property
    def record(self) -> Any:
        """The record, as somebody holds a copy of it who saw it whole."""
        return self.grid.record(self.asker, self.entity, self.relation)

    def person(self, name: str) -> Any:
        """A user of the enterprise; "own" is who asks."""
        return self.grid.people[self.asker.login if name == "own" else name]


Call = Callable[[Any, Case], Any]


@attrs.frozen
class Trial:
    """One way to try: `each` is tried with every record, else once with every class or person.

    What answers with a list of ids is asked once for all records of a class (`lists`). An answer that
    is None or empty is `not_found`; `entities` and `facets` say what the verb's own signature takes.
    """

    name: str
    verbs: tuple[str, ...]
    call: Call
    writes: bool = False
    over: str = "record"
    entities: tuple[str, ...] = ()
    facets: bool = True


TRIALS: dict[str, Trial] = {}
# The first move of a record in each pipeline.
MOVES = {
    "Lead": "assigned",
    "Opportunity": "contacted",
    "Customer": "lost",
    "Task": "in_progress",
    "Commitment": "withdrawn",
}
STAGED = tuple(MOVES)
# Public, and nothing that is tried with a person and a record.
LEFT_OUT = {name: reason for name, reason in EXCLUDED.items() if name != "card"}


def trial(*verbs: str, **more: Any) -> Callable[[Call], Call]:
    """Enter a function as a trial of these verbs, under its own name."""

    def enter(call: Call) -> Call:
        name = call.__name__.strip("_").replace("_", " ")
        TRIALS[name] = Trial(name, verbs or (call.__name__.strip("_"),), call, **more)
        return call

    return enter


def wanted(session_class: Any = None) -> set[str]:
    """Every verb that must be tried: of the session, and of the functions that take one."""
    known = public_verbs(session_class) if session_class is not None else public_verbs()
    return (known | {verb for one in OPERATIONS.values() for verb in one.verbs}) - set(LEFT_OUT)


def untried(session_class: Any = None) -> set[str]:
    """The verbs for which there is no trial."""
    return wanted(session_class) - {verb for one in TRIALS.values() for verb in one.verbs}


def came_of(act: Callable[[], Any]) -> str:
    """What came of an act, in a word: allowed, not_found, or the code of the refusal."""
    try:
        found = act()
    except RefusedError as refused:
        return refused.code
    return ABSENT if found is None or found is False or found == () else ALLOWED


# --- reading ------------------------------------------------------------------------------------------


@trial()
def get(session: Any, case: Case) -> Any:
    return session.get(case.cls, case.record.id)


@trial()
def find_one(session: Any, case: Case) -> Any:
    return session.find_one(case.cls, case.record.id)


@trial(over="list")
def find(session: Any, case: Case) -> Any:
    return [one.id for one in session.find(case.cls)]


@trial("find", over="list")
def find_archived(session: Any, case: Case) -> Any:
    return [one.id for one in session.find(case.cls, archived=True, children=True)]


@trial(over="list")
def page(session: Any, case: Case) -> Any:
    found = session.page(case.cls, size=500)
    assert found.next is None
    return [one.id for one in found.items]


@trial(over="list")
def search(session: Any, case: Case) -> Any:
    """What is called so: "Works of …", "Li of …", "Lead of …", "Deal of …", "Pump"."""
    found = session.search(case.cls, "pump" if case.entity == "Product" else "of", size=500)
    return [one.id for one in found.items]


@trial(entities=("Party",))
def reached(session: Any, case: Case) -> Any:
    """By the mobile number of the party, which nobody else has."""
    found = session.reached(case.cls, case.record.contact_points[-1].value)
    return any(one.id == case.record.id for one in found)


@trial("export_csv", over="list")
def export(session: Any, case: Case) -> Any:
    stream, key = io.BytesIO(), "of" if "of" in case.cls.__specs__ else "id"
    export_csv(session, case.cls, stream, columns=[key])
    return [row[0] for row in csv.reader(io.StringIO(stream.getvalue().decode("utf-8-sig")))][1:]


@trial("sql", over="list")
def sql(session: Any, case: Case) -> Any:
    key = "of_id" if "of" in case.cls.__specs__ else "id"
    return [row[0] for row in session.sql(f"SELECT {key} FROM {case.cls.__tablename__}").rows]


@trial()
def count(session: Any, case: Case) -> Any:
    return session.count(case.cls, _is(case)) == 1


def _is(case: Case) -> Any:
    return (case.cls.of if "of" in case.cls.__specs__ else case.cls.id) == case.record.id


@trial("sum", entities=("Opportunity",))
def total(session: Any, case: Case) -> Any:
    return session.sum(Opportunity.amount, _is(case)) == Money("100", "CNY")


@trial()
def by_stage(session: Any, case: Case) -> Any:
    return sum(one.count for one in session.by_stage(case.cls, _is(case))) == 1


@trial()
def funnel(session: Any, case: Case) -> Any:
    return sum(one.count for one in session.funnel(case.cls, _is(case))) == 1


@trial()
def behind(session: Any, case: Case) -> Any:
    stage = getattr(case.record, "stage", "filed")
    return bool(session.behind(case.cls, stage, "standing", _is(case)))


@trial()
def time_in_stage(session: Any, case: Case) -> Any:
    return sum(one.stays for one in session.time_in_stage(case.cls, _is(case))) == 1


@trial(entities=("Opportunity",))
def forecast(session: Any, case: Case) -> Any:
    return session.forecast(Period.year(2026), _is(case)).only.open == Money("100", "CNY")


@trial(entities=("Target",), over="list")
def attainments(session: Any, case: Case) -> Any:
    return [one.target.id for one in session.attainments()]


@trial(over="class")
def stalled(session: Any, case: Case) -> Any:
    return session.stalled(case.cls) is not None


@trial(over="class")
def overdue(session: Any, case: Case) -> Any:
    return session.overdue(case.cls) is not None


@trial(entities=STAGED)
def standing(session: Any, case: Case) -> Any:
    return session.standing(case.record)


@trial(over="person")
def odds(session: Any, case: Case) -> Any:
    return session.odds() is not None


@trial(over="person")
def chances(session: Any, case: Case) -> Any:
    return session.chances() is not None


@trial("snapshots", "accuracy", over="person")
def snapshots(session: Any, case: Case) -> Any:
    return session.snapshots() is not None and session.accuracy(Period.month(2026, 1)) is not None


@trial(writes=True, over="person")
def snapshot(session: Any, case: Case) -> Any:
    return session.snapshot(Period.year(2026))


@trial()
def facet(session: Any, case: Case) -> Any:
    return session.facet(Ref("Party", case.record.id), Organization)


@trial(writes=True)
def hold(session: Any, case: Case) -> Any:
    return session.hold(case.record)


@trial()
def children(session: Any, case: Case) -> Any:
    return session.children(case.record)


@trial()
def card(session: Any, case: Case) -> Any:
    return session.card(case.record)


@trial(writes=True)
def reveal(session: Any, case: Case) -> Any:
    return session.reveal(case.record, _plain_field(case), because="a call")


def _plain_field(case: Case) -> str:
    return {"Person": "occupation", "Organization": "industry"}.get(case.entity, "created_at")


@trial()
def accesses(session: Any, case: Case) -> Any:
    return session.accesses(case.record) is not None


@trial()
def moves(session: Any, case: Case) -> Any:
    return session.moves(case.record)


@trial()
def probability(session: Any, case: Case) -> Any:
    return session.probability(case.record)


@trial()
def moves_all(session: Any, case: Case) -> Any:
    return session.moves_all([case.record])[0]


@trial(entities=STAGED)
def stage(session: Any, case: Case) -> Any:
    return session.stage(case.record)


@trial()
def stages(session: Any, case: Case) -> Any:
    return session.stages(case.record) is not None


@trial()
def history(session: Any, case: Case) -> Any:
    return session.history(case.record)


@trial()
def diff(session: Any, case: Case) -> Any:
    return session.diff(case.record, session.now - timedelta(days=1)) is not None


@trial()
def team(session: Any, case: Case) -> Any:
    return session.team(case.record) is not None


@trial()
def as_of(session: Any, case: Case) -> Any:
    return session.as_of(case.record, session.now)


@trial()
def owners(session: Any, case: Case) -> Any:
    return session.owners(case.record) is not None


@trial()
def explain(session: Any, case: Case) -> Any:
    return session.explain("read", case.record)


@trial()
def why(session: Any, case: Case) -> Any:
    return session.why("clerk", case.record) is not None


@trial()
def who(session: Any, case: Case) -> Any:
    # Who may ask is the question here, not who has access: one candidate is enough.
    with patch.object(reason, "_candidates", lambda tx: ["clerk"]):
        return session.who(case.record) is not None


# --- about a class, or a person -----------------------------------------------------------------------


@trial(over="person")
def custom(session: Any, case: Case) -> Any:
    """The fields that were added to customers."""
    return session.custom(Customer) is not None


@trial(over="class")
def fields(session: Any, case: Case) -> Any:
    return bool(session.fields(case.cls))


@trial("reach", over="class")
def reach(session: Any, case: Case) -> Any:
    return session.reach(case.cls) != "nothing"


@trial("reaches", over="class")
def reaches_to_update(session: Any, case: Case) -> Any:
    return session.reaches(case.cls, "update", Reach.OWN)


@trial("reaches", over="class")
def reaches_to_update_a_subtree(session: Any, case: Case) -> Any:
    return session.reaches(case.cls, "update", Reach.SUBTREE)


@trial("missing", over="class")
def missing(session: Any, case: Case) -> Any:
    return session.missing(case.cls).code == "not_found"


@trial("is_same")
def is_same(session: Any, case: Case) -> Any:
    return session.is_same(case.record.id, case.record)


@trial("named", over="class")
def named(session: Any, case: Case) -> Any:
    return session.named(case.cls, NATURAL.get(case.entity, "nowhere"))


# The natural key of what has one.
NATURAL = {
    "LossReason": "price",
    "Source": "exhibition",
    "Region": "Ningbo",
    "ProductCategory": "Pumps",
    "Product": "P1",
    "OrgUnit": "spare",
    "ApprovalFlow": "spare",
    "User": "spare",
    "Role": "spare",
}


@trial("now", "actor", over="person")
def who_am_i(session: Any, case: Case) -> Any:
    return session.now and session.actor.name == case.asker.login


@trial(over="person")
def duplicates(session: Any, case: Case) -> Any:
    return session.duplicates() is not None


# --- what customers are worth, in a CRM where nothing is measured ------------------------------------


@trial("score", "score_history", "grade_changes", "graded", entities=("Customer",))
def score(session: Any, case: Case) -> Any:
    found = [session.score_history(case.record), session.grade_changes(case.record)]
    return session.score(case.record) is None and found == [[], []] and session.graded([case.record]) == {}


@trial("export_scores", over="person")
def export_of_scores(session: Any, case: Case) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return export_scores(session, "distributor", Path(folder) / "scores.csv")


@trial("score_models", over="person")
def score_models(session: Any, case: Case) -> Any:
    return [one.key for one in session.score_models()] == ["graded"]


@trial("scores", over="person")
def scores(session: Any, case: Case) -> Any:
    return session.scores("distributor")


@trial("choose", "understand", over="person")
def choose(session: Any, case: Case) -> Any:
    return session.choose(session.understand("strategic and grade = A").node).customers == ()


@trial("grades", "facts", over="person")
def grades(session: Any, case: Case) -> Any:
    return session.grades() == {} and session.facts(contacts) is not None


@trial("measure", "score_runs", over="person")
def measure(session: Any, case: Case) -> Any:
    return session.measure() is not None and session.score_runs("distributor") == []


@trial(over="person")
def late_facts(session: Any, case: Case) -> Any:
    made = {"id": UUID(int=1), "tables": UUID(int=1), "began_at": session.now}
    words = {"model": "distributor", "kind": "full", "state": "done", "lacking": "[]"}
    day = session.crm.calendar_day(session.now)
    return session.late_facts(ScoreRun(number=1, model_version=1, as_of=day, **made, **words))


@trial(over="person")
def try_score_model(session: Any, case: Case) -> Any:
    return session.try_score_model(_UNMEASURED)


@trial(writes=True, over="person")
def publish_score_model(session: Any, case: Case) -> Any:
    return session.publish_score_model(_UNMEASURED)


@trial(writes=True, over="person")
def refresh_scores(session: Any, case: Case) -> Any:
    return session.refresh_scores("distributor", [])


_UNMEASURED = ScoreModel("distributor", 1, "Distributor", {"T": 1}, "T01:1")


@trial(over="person")
def pipelines(session: Any, case: Case) -> Any:
    return session.pipelines()


@trial(over="person")
def pipeline(session: Any, case: Case) -> Any:
    return session.pipeline("sales")


@trial(over="person")
def preview_pipeline(session: Any, case: Case) -> Any:
    return session.preview_pipeline(_following(session))


@trial(over="person", writes=True)
def draft_pipeline(session: Any, case: Case) -> Any:
    return session.draft_pipeline(_following(session))


@trial(over="person", writes=True)
def publish_pipeline(session: Any, case: Case) -> Any:
    return session.publish_pipeline(_following(session), because="other words")


@trial(over="person", writes=True)
def carry_over(session: Any, case: Case) -> Any:
    return session.carry_over("sales", because="nothing stays behind")


@trial(over="person", writes=True)
def archive_pipeline_stage(session: Any, case: Case) -> Any:
    return session.archive_pipeline_stage("sales", "contacted", because="not needed")


def _following(session: Any) -> Any:
    return attrs.evolve(session.pipeline("sales"), version=2)


@trial(over="person")
def exports(session: Any, case: Case) -> Any:
    return session.exports() is not None


@trial(over="person")
def elevations(session: Any, case: Case) -> Any:
    return session.elevations() is not None


@trial()
def ahead(session: Any, case: Case) -> Any:
    return session.ahead(case.record) is not None


@trial(entities=("Amendment",))
def lines(session: Any, case: Case) -> Any:
    return session.lines(case.record)


@trial(entities=("Amendment",))
def batch(session: Any, case: Case) -> Any:
    return session.batch(NOBODY if case.record.id == NOBODY else case.record.batch)


@trial("inbox", "waiting", over="person")
def inbox(session: Any, case: Case) -> Any:
    return len(session.inbox()) == session.waiting()


@trial(over="person")
def overrides(session: Any, case: Case) -> Any:
    return session.overrides(session.now - timedelta(days=1), session.now) is not None


@trial(over="giver")
def preview_handover(session: Any, case: Case) -> Any:
    return session.preview_handover(case.person(case.relation), case.person("clerk")).count > 0


# --- writing ------------------------------------------------------------------------------------------

# What a change of each kind of record writes: a field that is nobody's secret and no key field.
CHANGES: dict[str, dict[str, Any]] = {
    "Party": {"region": lambda grid: grid.common["Region"]},
    "Organization": {"industry": "valves"},
    "Person": {"occupation": "clerk"},
    "Customer": {"channel": "web"},
    "Contact": {"job_title": "buyer"},
    "Lead": {"company": "Works"},
    "Opportunity": {"next_step": "call again"},
    "Activity": {"location": "Ningbo"},
    "Commitment": {"text": "call again"},
    "Task": {"title": "call again"},
    "Note": {"body": "likes coffee"},
    "Share": {"until": date(2026, 12, 1)},
    "Delegation": {"until": date(2026, 12, 1)},
    "Handover": {"reason": "something else"},
    "Region": {"code": "NB"},
    "Source": {"name": "fair"},
    "ProductCategory": {"name": "Valves"},
    "Product": {"unit": "box"},
    "OrgUnit": {"name": "Other"},
    "User": {"employee_no": "7"},
    "Role": {"name": "other"},
    "RoleAssignment": {"until": date(2026, 12, 1)},
    "ApprovalFlow": {"remind_after": 8},
    "AmendmentPolicy": {"rank": 7},
    "Holiday": {"name": "Founders' day"},
    "CustomField": {"label": "Called"},
    "LossReason": {"needs_competitor": True},
    "Amendment": {"reason": "something else"},
    "LegalHold": {"until": date(2026, 12, 1)},
    "RetentionPeriod": {"months": 36},
    "Erasure": {"reason": "something else"},
    "Target": {"until": date(2026, 12, 1)},
    # All of it changes by amendments alone.
    "GradeOverride": {"reason": "something else"},
}


def _values(case: Case) -> dict[str, Any]:
    return {
        name: value(case.grid) if callable(value) else value for name, value in CHANGES[case.entity].items()
    }


@trial("change", writes=True)
def change(session: Any, case: Case) -> Any:
    return session.change(case.record, **_values(case))


@trial("change_where", writes=True)
def change_where(session: Any, case: Case) -> Any:
    return session.change_where(case.cls, _is(case), **_values(case)) == 1


@trial("amend", writes=True)
def amend(session: Any, case: Case) -> Any:
    return session.amend(case.record, because="as they told me", **_values(case))


@trial(writes=True)
def erase(session: Any, case: Case) -> Any:
    return session.erase(case.record, because="asked for it in writing")


@trial(writes=True)
def forget(session: Any, case: Case) -> Any:
    return session.forget(case.record, "hobbies", because="kept long enough")


@trial("attempt", writes=True)
def attempt(session: Any, case: Case) -> Any:
    with session.attempt():
        return session.change(case.record, **_values(case))


@trial("archive", writes=True, facets=False)
def archive(session: Any, case: Case) -> Any:
    return session.archive(case.record)


@trial("restore", writes=True, facets=False)
def restore(session: Any, case: Case) -> Any:
    # As it was put away: the row itself need not be, for the question who may bring it back.
    put_away = {"archived_at": session.now} if "archived_at" in case.cls.__specs__ else {}
    return session.restore(layout(case.cls).copy(case.record, put_away))


@trial("revert", writes=True)
def revert_what_was_added(session: Any, case: Case) -> Any:
    # Adding is no change of fields: whoever sees the record is told so, and nobody else.
    named = {"entity": case.entity, "record": case.record.id, "version": case.record.version}
    return session.revert(attrs.evolve(case.grid.revision, **named), because="it was a mistake")


@trial("move", writes=True)
def move(session: Any, case: Case) -> Any:
    to = MOVES.get(case.entity, "nowhere")
    return session.move(case.record, to, because="because of the trial")


@trial("convert", writes=True, entities=("Lead",))
def convert(session: Any, case: Case) -> Any:
    """A lead that is new is taken up first, which whoever may change it may; with the refusal that is undone."""
    with session.attempt():
        return session.convert(session.move(session.move(case.record, "assign"), "accept"))


@trial(writes=True)
def try_move(session: Any, case: Case) -> Any:
    to = MOVES.get(case.entity, "nowhere")
    found = session.try_move(case.record, to, because="because of the trial")
    if found.refusal is not None:
        raise found.refusal
    return found.record


@trial(writes=True)
def propose(session: Any, case: Case) -> Any:
    to = MOVES.get(case.entity, "nowhere")
    return session.propose(case.record, to, because="they agreed to it")


@trial(writes=True, entities=STAGED)
def move_where(session: Any, case: Case) -> Any:
    to = MOVES.get(case.entity, "nowhere")
    return session.move_where(case.cls, _is(case), to=to, because="because of the trial") == 1


@trial("share", writes=True)
def share(session: Any, case: Case) -> Any:
    return session.share(case.record, user=case.person("peer"))


@trial("share", writes=True)
def share_afar(session: Any, case: Case) -> Any:
    return session.share(case.record, user=case.person("beside"))


@trial("assign", writes=True)
def assign(session: Any, case: Case) -> Any:
    return session.assign(case.record, case.person("own" if case.relation == "peer" else "peer"))


@trial("assign", writes=True)
def assign_afar(session: Any, case: Case) -> Any:
    return session.assign(case.record, case.person("above"))


@trial("add", writes=True)
def add(session: Any, case: Case) -> Any:
    return session.add(_fresh(session, case))


@trial("add_all", writes=True)
def add_all(session: Any, case: Case) -> Any:
    return session.add_all([_fresh(session, case)])


@trial("add", writes=True)
def add_for_another(session: Any, case: Case) -> Any:
    return session.add(_fresh(session, case), owner=case.person("beside"))


@trial("add", writes=True, over="person")
def add_a_customer(session: Any, case: Case) -> Any:
    return session.add(Customer.organization("New Works", mobile="13912345678", source="exhibition"))


def _fresh(session: Any, case: Case) -> Any:
    """A new record of the kind, which hangs on what the record in that relation hangs on."""
    given = {
        spec.name: getattr(case.record, spec.name)
        for spec in case.cls.__specs__.values()
        if spec.init and spec.child is None and not spec.special and not spec.restricted
    }
    for spec in case.cls.__specs__.values():
        if spec.child is not None and spec.init:
            given[spec.name] = ()
    if "of" in given:
        given["of"] = Ref(case.cls.__facet_of__, case.record.id)
    if case.relation == "missing":
        given |= {name: Ref(one.entity, NOBODY) for name, one in given.items() if _is_parent(one)}
        given |= {"record": NOBODY} if case.entity == "Share" else {}
    return case.cls(**(given | NEW.get(case.entity, {})))


def _is_parent(value: Any) -> bool:
    return isinstance(value, Ref) and value.entity in ("Customer", "Party")


# What a second record of a kind may not have in common with the first.
NEW: dict[str, dict[str, Any]] = {
    "Lead": {"contact_points": [LeadContactPoint(kind=ContactPointKind.MOBILE, value="13700000001")]},
    "Delegation": {"since": date(2027, 1, 1), "until": date(2027, 1, 1)},
    "OrgUnit": {"code": "new"},
    "User": {"login": "new"},
    "Role": {"name": "new"},
    "Region": {"name": "New"},
    "Source": {"name": "new"},
    "ProductCategory": {"name": "New"},
    "Product": {"code": "new"},
    "ApprovalFlow": {"name": "new", "steps": [ApprovalStep(approver=Approver.UNIT_LEADER)]},
    "Holiday": {"on": date(2026, 12, 26)},
    "CustomField": {"name": "second"},
    "LossReason": {"code": "budget"},
    "RetentionPeriod": {"entity": "Contact"},
}


@trial("hand_over", writes=True, over="giver")
def hand_over(session: Any, case: Case) -> Any:
    taker = case.person("own" if case.relation == "peer" else "peer")
    return session.hand_over(case.person(case.relation), taker, because="goes elsewhere")


@trial("undo_handover", writes=True, entities=("Handover",))
def undo_handover(session: Any, case: Case) -> Any:
    return session.undo_handover(case.record, because="it was a mistake")


@trial(writes=True, entities=("Amendment",))
def approve(session: Any, case: Case) -> Any:
    return session.approve(case.record)


@trial(writes=True, entities=("Amendment",))
def reject(session: Any, case: Case) -> Any:
    return session.reject(case.record, because="not yet")


@trial("return_", writes=True, entities=("Amendment",))
def return_(session: Any, case: Case) -> Any:
    return session.return_(case.record, because="not yet")


@trial(writes=True, entities=("Amendment",))
def submit(session: Any, case: Case) -> Any:
    return session.submit(case.record)


@trial(writes=True, entities=("Amendment",))
def withdraw(session: Any, case: Case) -> Any:
    return session.withdraw(case.record)


@trial(writes=True, entities=("Amendment",))
def rebase(session: Any, case: Case) -> Any:
    return session.rebase(case.record)


@trial(writes=True, entities=("Amendment",))
def enlist(session: Any, case: Case) -> Any:
    return session.enlist(case.record, case.person("above"))


@trial(writes=True, entities=("Amendment",))
def entrust(session: Any, case: Case) -> Any:
    return session.entrust(case.record, case.person("above"))


@trial(writes=True, entities=("Amendment",))
def override(session: Any, case: Case) -> Any:
    return session.override(case.record, because="it cannot wait")


@trial(writes=True, entities=("Amendment",))
def decide(session: Any, case: Case) -> Any:
    (found,) = session.decide([case.record], "approve")
    if found.refusal is not None:
        raise found.refusal
    return found


@trial("delegate", writes=True, over="person")
def delegate(session: Any, case: Case) -> Any:
    since = date(2027, 1, 1)
    until = since + timedelta(days=1)
    return session.delegate(case.person("peer"), actions=["read"], since=since, until=until, because="away")


REFUSALS = {one.code: one for one in (ForbiddenError, InvalidError, ConflictError)}
_TABLE = Mapping.parse(
    'entity = "Customer"\nmake = "organization"\nsource = "old"\nkey = "No"\n[columns]\nname = "Name"\n'
    'source = { value = "exhibition", lookup = "Source.name" }\nmobile = "Mobile"\n'
)


@trial("import_file", over="person")
def import_customers(session: Any, case: Case) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "table.csv")
        table.write_text("No,Name,Mobile\n1,Works,13912345678\n", encoding="utf-8")
        report = import_file(session.crm, case.asker.login, table, _TABLE, dry_run=True)
        for row in report.refused():
            raise REFUSALS[row.code](row.reason)
        return report.counts["imported"] == 1


__all__ = ["ALLOWED", "CHANGES", "LEFT_OUT", "TRIALS", "Case", "Trial", "came_of", "untried", "wanted"]
