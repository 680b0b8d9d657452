"""Records on their way: the bar of stages, the board, a move, and what a refused move asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.errors import InvalidError, MoveError, NotReadError, RefusedError
from pycrm.http import is_ours
from pycrm.session.naming import label_of
from pycrm.web import figures
from pycrm.web.catalog import class_of
from pycrm.web.entry import Entry, Typed, entry_of, read_entry, value_of
from pycrm.web.leading import day_of, money_of
from pycrm.web.problem import sentences
from pycrm.web.process import process_of, processes
from pycrm.web.render import page
from pycrm.web.show import Show
from pycrm.web.visit import Answer, Visit, redirect

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["Bar", "Way", "board", "move", "stage_bar"]

_A_COLUMN, _CLOSED = 40, 12


@attrs.frozen
class Way:
    """A move that a record can take: what to ask for, and what it is called."""

    to: str
    label: str
    stage: str
    tone: str


@attrs.frozen
class Bar:
    """The stages of a record's pipeline, where it stands since when, and where it can go."""

    stages: tuple[tuple[str, str, str], ...]
    label: str
    days: int
    is_stalled: bool
    is_overdue: bool
    ways: tuple[Way, ...]
    probability: int | None


def stage_bar(show: Show, record: Any) -> Bar | None:
    """The bar of a record that runs through stages; None of others."""
    session, cls = show.session, type(record)
    if cls.__pipeline__ is None:
        return None
    try:
        standing = session.standing(record)
    except NotReadError:
        return None
    pipeline = show.pipeline(record.pipeline, record.pipeline_version)
    been = {stay.stage for stay in session.stages(record)}
    shown = [
        one for one in pipeline.stages if not one.is_closed or one.key == record.stage or one.kind == "won"
    ]
    stages = tuple(
        (
            show.words.stage(one),
            one.kind,
            "now" if one.key == record.stage else "past" if one.key in been else "",
        )
        for one in shown
        if not one.archived or one.key == record.stage
    )
    allowed = session.moves(record)
    return Bar(
        stages,
        show.words.stage(pipeline.stage(record.stage)),
        standing.days,
        standing.is_stalled,
        standing.is_overdue,
        ways_of(show, pipeline, allowed),
        session.probability(record).value,
    )


def ways_of(show: Show, pipeline: Any, allowed: Sequence[Any]) -> tuple[Way, ...]:
    """The moves of a record for its reader: what nobody takes by hand is left out, as what is not granted."""
    never = {"product", "owner", "permission", "reach"}
    offered = [one for one in allowed if all(need["kind"] not in never for need in one.missing)]
    keys = [one.key for one in allowed]
    told = (pipeline.identity, tuple((one.key, one.target, keys.count(one.key) == 1) for one in offered))
    if told not in show.kept:
        # The cards of a column share theirs.
        show.kept[told] = tuple(_way(show, pipeline, *one) for one in told[1])
    found: tuple[Way, ...] = show.kept[told]
    return found


def _way(show: Show, pipeline: Any, key: str, target: str, is_only: bool) -> Way:
    """One move in words."""
    stage = pipeline.stage(target)
    named = next((one for one in pipeline.moves if (one.key, one.target) == (key, target)), None)
    label = show.words.stage(named) if named is not None else show.words.stage(stage)
    return Way(key if is_only else target, label, show.words.stage(stage), stage.kind)


@attrs.frozen
class Card:
    """One record on the board."""

    id: str
    path: str
    name: str
    under: str
    amount: str
    day: str
    is_overdue: bool
    is_stalled: bool
    days: int
    owner: str
    ways: tuple[Way, ...]


@attrs.frozen
class Column:
    """One stage of the board, with how many stand there and what they amount to."""

    key: str
    label: str
    kind: str
    count: int
    sums: tuple[str, ...]
    cards: tuple[Card, ...]
    more: int


def board(visit: Visit) -> Answer:
    """The board of a kind of record: a column a stage."""
    with visit.view() as session:
        cls = class_of(session.crm, visit.params["slug"])
        return _board(visit, session, cls)


def _board(visit: Visit, session: Session, cls: Any) -> Answer:
    if cls.__pipeline__ is None:
        raise InvalidError("such records run through no stages")
    show = Show(visit, session)
    mine = session.actor.ref if visit.asked("who") == "me" else None
    process, pipelines = process_of(show, cls), [one for one in processes(show, cls) if not one[0].within]
    conditions = [cls.owner == mine.id] if mine is not None and "owner" in cls.__specs__ else []
    if len(pipelines) > 1:
        conditions.append(cls.pipeline == process.pipeline)
    pipeline = show.pipeline(process.pipeline)
    slug, amount, day = visit.params["slug"], money_of(session, cls), day_of(session, cls)
    field = getattr(cls, amount) if amount else None
    tallies = session.by_stage(cls, *conditions, amount=field, pipeline=process.pipeline)
    shown = {one.stage: _cards_of(session, cls, one, conditions, day) for one in tallies}
    every = [record for some in shown.values() for record in some]
    show.learn(every, [one for one in cls.__specs__.values() if one.name in ("owner", "customer")])
    # In the order of the columns, as the cards come below.
    moves = iter(session.moves_all(every, needs=False))
    columns = []
    for one in tallies:
        stage = pipeline.stage(one.stage) if pipeline.has_stage(one.stage) else None
        cards = tuple(_card(show, slug, record, next(moves), amount, day) for record in shown[one.stage])
        columns.append(
            Column(
                one.stage,
                show.words.stage(stage) if stage is not None else one.label,
                one.kind,
                one.count,
                tuple(figures.brief(each, visit.language) for each in one.sums),
                cards,
                max(0, one.count - len(cards)),
            )
        )
    return page(
        visit,
        session,
        "board.html",
        visit.words("Board: {what}", what=visit.words.many(cls)),
        columns=columns,
        slug=slug,
        many=visit.words.many(cls),
        mine=mine is not None,
        may_choose="owner" in cls.__specs__,
        process=process.name,
        processes=[(one.name, label) for one, label in pipelines],
    )


def _cards_of(
    session: Session, cls: Any, tally: Any, conditions: Sequence[Any], day: str | None
) -> list[Any]:
    closed = tally.kind in ("won", "lost")
    order = cls.stage_at.desc() if closed else cls.stage_at
    if day and cls.__specs__[day].order and not closed:
        order = getattr(cls, day)
    limit = _CLOSED if closed else _A_COLUMN
    return session.find(cls, cls.stage == tally.stage, *conditions, order=order, limit=limit)


def _card(
    show: Show, slug: str, record: Any, allowed: Sequence[Any], amount: str | None, day: str | None
) -> Card:
    standing = show.session.standing(record)
    pipeline = show.pipeline(record.pipeline, record.pipeline_version)
    specs, id = type(record).__specs__, str(record.id)
    money = value_of(record, amount) if amount else None
    customer, owner = (value_of(record, name) if name in specs else None for name in ("customer", "owner"))
    return Card(
        id,
        f"/{slug}/{id}",
        label_of(record),
        show.known(customer),
        show.value(money).text if money is not None else "",
        show.cell(record, specs[day]).text if day else "",
        standing.is_overdue,
        standing.is_stalled,
        standing.days,
        show.known(owner),
        ways_of(show, pipeline, allowed),
    )


def move(visit: Visit) -> Answer:
    """Take a move; where something is missing, ask for it so that it comes in the same act."""
    crm = visit.crm
    cls = class_of(crm, visit.params["slug"])
    to, because = visit.typed("to"), visit.typed("because").strip() or None
    problems: dict[str, str] = {}

    def do(session: Session) -> Any:
        record = session.get(cls, visit.params["id"])
        values = _given(session, cls, visit, problems)
        if problems:
            raise InvalidError("some values are wrong")
        if visit.typed("propose"):
            return session.propose(record, to, because=because or "", **values)
        return session.move(record, to, because=because, **values)

    try:
        visit.run(do)
    except (MoveError, InvalidError) as error:
        if any(one.get("name") == "converted_to" for one in error.data.get("missing") or ()):
            return redirect(f"/{visit.params['slug']}/{visit.params['id']}/convert")
        return _ask(visit, cls, to, error, problems)
    return redirect(_back(visit))


def _given(session: Session, cls: Any, visit: Visit, problems: dict[str, str]) -> dict[str, Any]:
    values = {}
    for name, spec in cls.__specs__.items():
        typed = Typed.of(visit, f"m:{name}")
        if typed is None or spec.kind is None or not spec.init:
            continue
        try:
            value = read_entry(session, spec, typed)
        except (ValueError, TypeError) as error:
            problems[name] = str(error)
            continue
        if value not in (None, ()):
            values[name] = value
    return values


def _back(visit: Visit) -> str:
    """The page on which the move was taken."""
    back = visit.typed("back")
    return back if is_ours(back) else f"/{visit.params['slug']}/{visit.params['id']}"


def _ask(visit: Visit, cls: Any, to: str, error: RefusedError, problems: dict[str, str]) -> Answer:
    """What a refused move still needs: a control for each field, a box for the reason, words for the rest."""
    with visit.view() as session:
        show = Show(visit, session)
        record = session.get(cls, visit.params["id"])
        missing = error.data.get("missing") or ()
        names = [one["name"] for one in missing if one.get("kind") == "field"]
        names += [name for name in cls.__specs__ if f"m:{name}" in visit.form and name not in names]
        wrong = problems | {one.path: one.message for one in error.fields}
        entries = [_wanted(show, cls, record, name, visit, wrong.get(name, "")) for name in names]
        needs_reason = any(one.get("kind") == "reason" for one in missing) or "because" in visit.form
        others = [one for one in missing if one.get("kind") not in ("field", "reason")]
        asks = any(one.get("kind") == "approval" for one in missing)
        said = [_said(show, one) for one in others]
        if not missing and not problems:
            said = sentences(show.words, error)
        return page(
            visit,
            session,
            "move.html",
            visit.words("Move: {what}", what=label_of(record)),
            status=error.status,
            record=record,
            name=label_of(record),
            action=f"/{visit.params['slug']}/{record.id}/move",
            to=to,
            label=show.stage_named(cls, to),
            entries=entries,
            needs_reason=needs_reason or asks,
            asks=asks,
            because=visit.typed("because"),
            back=_back(visit),
            said=said,
            can_go_on=bool(entries or needs_reason or asks),
        )


def _said(show: Show, need: Any) -> str:
    if need.get("kind") == "approval":
        return show.words("Others have to agree: {flow}", flow=need.get("name", ""))
    text = str(need.get("message") or need.get("label") or need.get("name") or "")
    return (
        show.words("{what} is missing", what=show.words.said(text))
        if need.get("kind") == "record"
        else show.words.said(text)
    )


def _wanted(show: Show, cls: Any, record: Any, name: str, visit: Visit, error: str) -> Entry:
    spec = cls.__specs__[name]
    typed = Typed.of(visit, f"m:{name}")
    value = value_of(record, name)
    if value is None and spec.kind is not None and spec.kind.name == "date" and name == "closed_on":
        value = show.crm.calendar_day(show.session.now)
    if spec.kind is None:
        return Entry(
            f"m:{name}", show.words.field(cls, spec), "none", hint=show.words("fill it in on the form")
        )
    return entry_of(
        show, cls, spec, prefix="m:", value=value, typed=typed, error=show.words.said(error), required=True
    )
