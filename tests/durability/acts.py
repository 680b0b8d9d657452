"""One act for every public verb that writes, each with fresh records to act on."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import attrs
from exchange.bench import CUSTOMER_HEAD
from noninterference.operations import EXCLUDED, OPERATIONS
from noninterference.two_worlds import WEIGHTED
from revision.amending import approve, flow, policy, step
from revision.sealing import permit
from revision.world import CLOSE, World, line, world

from pycrm import (
    CRM,
    Action,
    Approver,
    Contact,
    ContactPoint,
    ContactPointKind,
    Customer,
    Department,
    Grant,
    Lead,
    LeadContactPoint,
    Money,
    Note,
    Opportunity,
    OrgUnit,
    Period,
    Person,
    Reach,
    Revision,
    Role,
    ShareMode,
)
from pycrm.exchange import export_csv, export_scores, import_file, revert_import

__all__ = ["ACTS", "Act", "Scene", "uncovered", "writing_verbs"]

REASON = "as agreed by letter"
MAPPING = (
    CUSTOMER_HEAD
    + """\
mobile = "Mobile"
"""
)


@attrs.define
class Scene:
    """A world to act in; whatever is asked of it is made anew."""

    crm: CRM
    world: World
    folder: Path
    number: int = 0

    @classmethod
    def of(cls, crm: CRM, folder: Path) -> Scene:
        """The world, in which a party's name changes only by approval and everybody has the rights needed."""
        made = world(crm)
        permit(crm)
        with crm.session(crm.system("rights")) as session:
            role = session.find(Role, Role.name == "top", children=True)[0]
            erasing = [
                Grant(entity="Erasure", action=a, reach=Reach.ALL) for a in (Action.CREATE, Action.READ)
            ]
            session.change(role, grants=[*role.grants, *erasing])
        flow(crm, "leader", step(Approver.UNIT_LEADER), remind_after=9000, escalate_after=9000)
        policy(crm, "Party.name", flow="leader")
        (folder / "mapping.toml").write_text(MAPPING, "utf-8")
        return cls(crm, made, folder)

    @property
    def today(self) -> date:
        """The day of the clock."""
        return self.crm.calendar_day(self.crm.clock.now())

    @property
    def month(self) -> Period:
        """The month of the clock."""
        return Period.month(self.today.year, self.today.month)

    @property
    def won(self) -> dict[str, Any]:
        """What a deal needs to be won."""
        return {"amount": Money(25, "CNY"), "closed_on": self.today}

    def next(self) -> int:
        """A number that nothing has yet."""
        self.number += 1
        return self.number

    def mobile(self) -> str:
        """A mobile number that nobody has."""
        return f"131{self.next():08d}"

    def draft(self) -> Any:
        """A company that nobody has entered."""
        mobile = self.mobile()
        return Customer.organization(
            f"Firm {mobile}", mobile=mobile, source="exhibition", tax_id=f"T-{mobile}"
        )

    def customer(self, who: str = "rep_a") -> Customer:
        """A customer of that person."""
        with self.crm.session(who) as session:
            return session.add(self.draft())

    def deal(self) -> Opportunity:
        """An opportunity with lines, with a customer of rep_a."""
        lines = [line(self.world.product), line(self.world.product, "1", "5")]
        made = Opportunity(customer=self.world.pump, name="Deal", expected_close=CLOSE, lines=lines)
        with self.crm.session("rep_a") as session:
            return session.add(made)

    def asked(self, day: date | None = None, of: Customer | None = None) -> Any:
        """An amendment of rep_a that waits for lead_e."""
        customer = of or self.customer()
        with self.crm.session("rep_a") as session:
            return session.amend(session.get(customer.ref), name="New name", because=REASON, effective_on=day)

    def table(self, rows: int) -> Path:
        """A file of customers that nobody has entered; an earlier one is brought to its end."""
        path = self.folder / "table.csv"
        if path.exists():
            import_file(self.crm, "rep_a", path, self.folder / "mapping.toml")
        lines = [f"{self.next()},Firm {self.number},{self.mobile()}" for _ in range(rows)]
        path.write_text("\n".join(["No,Name,Mobile", *lines]) + "\n", "utf-8")
        return path


@attrs.frozen
class Act:
    """What somebody does: `given` makes fresh material, `do` acts on it in a session of `who`.

    Without `who` it opens sessions of its own, as many as it needs.
    """

    name: str
    verbs: tuple[str, ...]
    who: str | None
    given: Callable[[Scene], Any]
    do: Callable[[Any, Any, Scene], Any]

    def run(self, scene: Scene, made: Any) -> Any:
        """Do it."""
        if self.who is None:
            return self.do(scene.crm, made, scene)
        actor = scene.crm.system("test") if self.who == "system" else self.who
        with scene.crm.session(actor) as session:
            return self.do(session, made, scene)


ACTS: dict[str, Act] = {}


def act(
    name: str,
    verbs: str,
    who: str | None,
    given: Callable[[Scene], Any],
    do: Callable[[Any, Any, Scene], Any],
) -> None:
    """Enter an act."""
    assert name not in ACTS
    ACTS[name] = Act(name, tuple(verbs.split()), who, given, do)


# Verbs that read though they are tried in sessions that write; verbs that read and leave a row that
# they did; and acts of the whole CRM, of which only these write.
_READING = {"accuracy", "attainments", "hold", "snapshots", "try_move"}
_TELLING = {"reveal", "export_csv", "export_scores", "import_file"}
_OF_THE_WHOLE = {"run", "run_jobs", "run_scores", "seal"}
#: Public functions of a CRM that change no record.
HARMLESS = {
    "migrate": "changes the shape of the database: tests/store",
    "scrub": "writes the file anew and leaves every row as it is",
    "session": "the door to what the verbs do",
    "view": "reads",
    "system": "names an actor",
    "close": "ends",
    "verify": "reads",
    "history_size": "reads",
    "expired": "reads",
    "pending": "reads",
    "replay": "moves the clock, and writes nothing by itself",
}


def writing_verbs() -> set[str]:
    """Every public verb that may write, from the list by which two worlds are compared."""
    assert WEIGHTED
    writing = {verb for one in OPERATIONS.values() if one.writes for verb in one.verbs}
    reading = {verb for one in OPERATIONS.values() if not one.writes for verb in one.verbs}
    return (writing - reading - _READING - EXCLUDED.keys()) | _TELLING | _OF_THE_WHOLE


def uncovered(verbs: set[str]) -> set[str]:
    """Which of them no act uses."""
    return verbs - {verb for one in ACTS.values() for verb in one.verbs}


def _nothing(scene: Scene) -> None:
    return None


def _unit(scene: Scene) -> OrgUnit:
    return OrgUnit(
        name=f"Unit {scene.next()}", code=f"u{scene.number}", parent=scene.world.cast.units["East"]
    )


def _moved_unit(scene: Scene) -> OrgUnit:
    with scene.crm.session(scene.crm.system("test")) as session:
        return session.add(_unit(scene))


def _archived(scene: Scene) -> Customer:
    made = scene.customer()
    with scene.crm.session("rep_a") as session:
        return session.archive(session.get(made.ref))


def _next_version(session: Any) -> Any:
    current = session.pipeline("sales")
    stages = [attrs.evolve(one, archived=False) for one in current.stages]
    return attrs.evolve(current, version=current.version + 1, stages=stages)


def _to_come(session: Any) -> Any:
    return attrs.evolve(_next_version(session), label="Sales to come")


def _pipeline_drafted(scene: Scene) -> None:
    with scene.crm.session("admin") as session:
        session.draft_pipeline(_to_come(session))


def _left_behind(scene: Scene) -> None:
    """Deals that kept their version when another was published: as many each time."""
    with scene.crm.view(scene.crm.system("look for a deal")) as session:
        has_one = session.count(Opportunity) > 0
    if not has_one:
        scene.deal()
    with scene.crm.session("admin") as session:
        session.publish_pipeline(_next_version(session), running="keep", because=REASON)


def _no_stage_archived(scene: Scene) -> None:
    with scene.crm.session("admin") as session:
        if session.pipeline("sales").stage("negotiating").archived:
            session.publish_pipeline(_next_version(session), because=REASON)


def _run_ended(scene: Scene) -> None:
    """A run that was interrupted is brought to its end, so that the next is a whole one."""
    scene.crm.run_scores("dir", "known")


def _scored(scene: Scene) -> Any:
    """A customer in a full run; one that was interrupted is brought to its end."""
    made = scene.customer()
    scene.crm.run_scores("dir", "known")
    return made


def _scores_taken_out(session: Any, made: Any, scene: Scene) -> None:
    export_scores(session, "known", scene.folder / f"scores {scene.next()}.csv")


def _revised(scene: Scene) -> Revision:
    made = scene.customer()
    with scene.crm.session("rep_a") as session:
        made = session.change(made, channel="fair")
    with scene.crm.view("rep_a") as session:
        return session.history(made)[0]


def _owning(scene: Scene) -> None:
    """Let rep_c own one customer."""
    with scene.crm.session("lead_e") as session:
        if session.find(Customer, Customer.owner == scene.world.cast.people["rep_c"].ref):
            session.hand_over("rep_c", "lead_e2", because=REASON)
    scene.customer("rep_c")


def _handed(scene: Scene) -> Any:
    _owning(scene)
    with scene.crm.session("lead_e") as session:
        return session.hand_over("rep_c", "lead_e2", because=REASON)


def _lead(scene: Scene) -> Lead:
    """A lead that rep_a has accepted, with a note of it."""
    points = [LeadContactPoint(kind=ContactPointKind.MOBILE, value=scene.mobile())]
    with scene.crm.session("rep_a") as session:
        made = session.add(
            Lead(
                name=f"Lead {scene.next()}",
                company=f"Firm {scene.number}",
                source=scene.world.pump.source,
                contact_points=points,
            )
        )
        session.add(Note(body="Met at the fair", lead=made))
        return session.move(session.move(made, "assign"), "accept")


def _person(scene: Scene) -> Customer:
    with scene.crm.session("rep_a") as session:
        mobile = scene.mobile()
        made = session.add(
            Customer.person(f"Wang {mobile}", mobile=mobile, source="exhibition", id_no=f"X-{mobile}")
        )
        session.change(session.get(made.ref), channel="fair", because="Wang asked for it")
        return session.get(made.ref)


def _contact(scene: Scene) -> Contact:
    customer = scene.customer()
    with scene.crm.session("rep_a") as session:
        draft = Contact.named(
            "Li", customer=customer, department=Department.USER, mobile=scene.mobile(), hobbies="chess"
        )
        return session.add(draft)


def _conflicted(scene: Scene) -> Any:
    customer = scene.customer()
    asked = scene.asked(of=customer)
    with scene.crm.session("dir") as session:
        session.override(session.get(customer.ref), name="Written past it", because=REASON)
    return approve(scene.crm, "lead_e", asked)


def _proposed(scene: Scene) -> Any:
    deal = scene.deal()
    with scene.crm.session("rep_a") as session:
        return session.propose(deal, "win", because=REASON, **scene.won)


def _returned(scene: Scene) -> Any:
    asked = scene.asked()
    with scene.crm.session("lead_e") as session:
        return session.return_(asked, because="say why")


def _scheduled(scene: Scene) -> Any:
    """Two amendments that were agreed and are due, and no third."""
    scene.crm.run_jobs()
    # On the first day of a week or a month the jobs write forecasts down too: not every time.
    while (scene.today + timedelta(days=1)).weekday() == 0 or (scene.today + timedelta(days=1)).day == 1:
        scene.crm.clock.advance(days=1, hours=1)
        scene.crm.run_jobs()
    day = scene.today + timedelta(days=1)
    made = [approve(scene.crm, "lead_e", scene.asked(day)) for _ in range(2)]
    scene.crm.clock.advance(days=1, hours=1)
    return made


def _add_rows(session: Any, made: Any, scene: Scene) -> Any:
    lines = [line(scene.world.product)] * 3
    return session.add(Opportunity(customer=scene.world.pump, name="New", expected_close=CLOSE, lines=lines))


def _attempt(session: Any, made: Any, scene: Scene) -> None:
    with session.attempt():
        session.change(session.get(made.ref), channel="fair")
        session.add(scene.draft())


def _claims(session: Any, made: Any, scene: Scene) -> Any:
    point = ContactPoint(kind=ContactPointKind.MOBILE, value=scene.mobile())
    return session.change(session.get(made.party), contact_points=[point])


def _several(session: Any, made: Any, scene: Scene) -> None:
    """A unit of work of many verbs."""
    customer = session.add(scene.draft())
    deal = session.add(Opportunity(customer=customer, name="Deal", expected_close=CLOSE))
    session.change(customer, channel="fair")
    session.move(deal, to="lost", lost_reason="price")
    session.archive(session.get(made.ref))


def _reveal(session: Any, made: Any, scene: Scene) -> Any:
    person = session.facet(made.party, Person)
    return session.reveal(person, "id_no", because="check-in")


def _export(crm: CRM, made: Any, scene: Scene) -> None:
    with crm.view("lead_e") as session:
        export_csv(session, Customer, io.BytesIO(), [Customer.channel == "fair"])


def _import(crm: CRM, path: Any, scene: Scene) -> None:
    report = import_file(crm, "rep_a", path, scene.folder / "mapping.toml", batch=2)
    assert not list(report.refused())


def _imported(scene: Scene) -> Any:
    return import_file(scene.crm, "rep_a", scene.table(5), scene.folder / "mapping.toml").id


def _revert(crm: CRM, whole: Any, scene: Scene) -> None:
    assert revert_import(crm, "rep_a", whole, because=REASON).archived == 5


def _ordinary(crm: CRM, made: Any, scene: Scene) -> None:
    crm.run("rep_a", lambda session: session.change(session.get(made.ref), channel="fair"))


act("add", "add", "rep_a", _nothing, lambda s, made, scene: s.add(scene.draft()))
act("add with rows", "add", "rep_a", _nothing, _add_rows)
act("add many", "add_all", "rep_a", _nothing, lambda s, m, scene: s.add_all([scene.draft(), scene.draft()]))
act("add a unit", "add", "system", _nothing, lambda s, made, scene: s.add(_unit(scene)))
act(
    *("change", "change", "rep_a", Scene.customer),
    lambda s, made, scene: s.change(s.get(made.ref), channel="fair", needs=["pumps"]),
)
act(
    *("change rows", "change", "rep_a", Scene.deal),
    lambda s, m, scene: s.change(s.get(m.ref), lines=[line(scene.world.product, "9"), m.lines[0]]),
)
act("change claims", "change", "rep_a", Scene.customer, _claims)
act(
    *("change a set", "change_where", "rep_a", Scene.customer),
    lambda s, made, scene: s.change_where(Customer, Customer.id == made.id, channel="web"),
)
act(
    *("amend", "amend", "rep_a", Scene.customer),
    lambda s, m, scene: s.amend(s.get(m.ref), strategic=True, tax_id=f"N-{m.code}", because=REASON),
)
act(
    *("ask for an amendment", "amend", "rep_a", Scene.customer),
    lambda s, made, scene: s.amend(s.get(made.ref), name="New name", because=REASON),
)
act(
    *("move a unit", "amend", "system", _moved_unit),
    lambda s, m, scene: s.amend(s.get(m.ref), parent=scene.world.cast.units["West"], because=REASON),
)
act(
    *("archive", "archive", "rep_a", Scene.customer),
    lambda s, made, scene: s.archive(s.get(made.ref), because="moved away"),
)
act("restore", "restore", "rep_a", _archived, lambda s, made, scene: s.restore(s.get(made.ref)))
act(
    *("move", "move", "rep_a", Scene.deal),
    lambda s, made, scene: s.move(s.get(made.ref), "quote", amount=Money(25, "CNY"), next_step="call"),
)
act(
    *("convert", "convert", "rep_a", _lead),
    lambda s, made, scene: s.convert(
        s.get(made.ref), opportunity={"name": "Deal", "expected_close": CLOSE}, because=REASON
    ),
)
act(
    *("move a set", "move_where", "rep_a", Scene.deal),
    lambda s, m, scene: s.move_where(Opportunity, Opportunity.id == m.id, to="lost", lost_reason="price"),
)
act(
    *("propose a move", "propose", "rep_a", Scene.deal),
    lambda s, made, scene: s.propose(s.get(made.ref), "win", because=REASON, **scene.won),
)
act("approve a move", "approve", "lead_e", _proposed, lambda s, made, scene: s.approve(made, because=REASON))
act(
    *("draft a pipeline", "draft_pipeline", "admin", _pipeline_drafted),
    lambda s, made, scene: s.draft_pipeline(_to_come(s), because=REASON),
)
act(
    *("publish a pipeline", "publish_pipeline", "admin", _nothing),
    lambda s, made, scene: s.publish_pipeline(_next_version(s), because=REASON),
)
act(
    *("carry over", "carry_over", "admin", _left_behind),
    lambda s, made, scene: s.carry_over("sales", because=REASON),
)
act(
    *("archive a stage", "archive_pipeline_stage", "admin", _no_stage_archived),
    lambda s, made, scene: s.archive_pipeline_stage("sales", "negotiating", because=REASON),
)
act("write a forecast down", "snapshot", "rep_a", Scene.deal, lambda s, m, scene: s.snapshot(scene.month))
act(
    "score everybody", "run_scores", None, _run_ended, lambda crm, made, scene: crm.run_scores("dir", "known")
)
act(
    "score one anew",
    "refresh_scores",
    "dir",
    _scored,
    lambda s, made, scene: s.refresh_scores("known", [made]),
)
act("take scores out", "export_scores", "dir", _scored, _scores_taken_out)
act(
    *("publish a score model", "publish_score_model", "dir", _nothing),
    lambda s, made, scene: s.publish_score_model(
        attrs.evolve(s.score_models()[-1], version=len(s.score_models()) + 1), because=REASON
    ),
)
act("revert", "revert", "rep_a", _revised, lambda s, made, scene: s.revert(made, because=REASON))
act(
    *("share", "share", "rep_a", Scene.customer),
    lambda s, m, scene: s.share(m, user=scene.world.cast.people["rep_b"], mode=ShareMode.WORK, part="expert"),
)
act(
    *("delegate", "delegate", "rep_a", Scene.next),
    lambda s, made, scene: s.delegate(
        scene.world.cast.people["rep_b"],
        actions=["read"],
        since=scene.today + timedelta(days=made),
        until=scene.today + timedelta(days=made),
        because="away",
    ),
)
act(
    *("assign", "assign", "lead_e", Scene.customer),
    lambda s, made, scene: s.assign(s.get(made.ref), "rep_b", because="knows them"),
)
act(
    *("hand over", "hand_over", "lead_e", _owning),
    lambda s, made, scene: s.hand_over("rep_c", "lead_e2", because=REASON),
)
act(
    *("undo a handover", "undo_handover", "lead_e", _handed),
    lambda s, made, scene: s.undo_handover(made, because=REASON),
)
act("erase", "erase", "dir", _person, lambda s, made, scene: s.erase(s.get(made.ref), because="in writing"))
act(
    *("forget", "forget", "dir", _contact),
    lambda s, made, scene: s.forget(s.get(made.ref), "hobbies", because="kept long enough"),
)
act("attempt", "attempt", "rep_a", Scene.customer, _attempt)
act("a unit of many verbs", "add change move archive", "rep_a", Scene.customer, _several)
act("approve", "approve", "lead_e", Scene.asked, lambda s, made, scene: s.approve(made, because=REASON))
act("reject", "reject", "lead_e", Scene.asked, lambda s, made, scene: s.reject(made, because=REASON))
act("return", "return_", "lead_e", Scene.asked, lambda s, made, scene: s.return_(made, because=REASON))
act("submit again", "submit", "rep_a", _returned, lambda s, m, scene: s.submit(m, name="Better name"))
act("withdraw", "withdraw", "rep_a", Scene.asked, lambda s, made, scene: s.withdraw(made, because=REASON))
act("rebase", "rebase", "rep_a", _conflicted, lambda s, made, scene: s.rebase(made))
act("enlist", "enlist", "lead_e", Scene.asked, lambda s, made, scene: s.enlist(made, "dir"))
act(
    "entrust", "entrust", "lead_e", Scene.asked, lambda s, made, scene: s.entrust(made, "dir", because=REASON)
)
act(
    *("decide on two", "decide", "lead_e", lambda scene: [scene.asked(), scene.asked()]),
    lambda s, made, scene: s.decide(made, "approve", because=REASON),
)
act("override", "override", "dir", Scene.asked, lambda s, made, scene: s.override(made, because=REASON))
act("reveal", "reveal", "rep_a", _person, _reveal)
act("export", "export_csv", None, _nothing, _export)
act("import", "import_file", None, lambda scene: scene.table(5), _import)
act("revert import", "import_file", None, _imported, _revert)
act("run", "run", None, Scene.customer, _ordinary)
act("seal", "seal", None, Scene.customer, lambda crm, made, scene: crm.seal())
act("jobs", "run_jobs", None, _scheduled, lambda crm, made, scene: crm.run_jobs())
