"""What a session knows of a record and its mover, so that a chart can judge a move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.entities.org import Action, Reach
from pycrm.errors import InvalidError, NotReadError, Problem
from pycrm.pipeline.chart import Chart
from pycrm.pipeline.facts import Facts, Requirement, is_filled
from pycrm.pipeline.gate import Need
from pycrm.pipeline.model import OWNER, PRODUCT, Move
from pycrm.pipeline.standing import standings
from pycrm.pipeline.way import Standing, Way
from pycrm.pipeline.wheres import counted
from pycrm.revision.whole import all_with_lists, completed
from pycrm.scope.actor import bounds
from pycrm.scope.fields import field_rights

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = [
    "AllowedMove",
    "Probability",
    "facts_of",
    "lacking",
    "moves",
    "probability",
    "refuse_without_pipeline",
]


@attrs.frozen
class AllowedMove:
    """A move that leads out of a record's stage, and what it still needs; nothing means allowed."""

    key: str
    target: str
    label: str
    missing: tuple[Requirement, ...]

    @property
    def is_allowed(self) -> bool:
        """Whether the record could take this move now."""
        return not self.missing


@attrs.frozen
class Probability:
    """How probable it is to win: by the stage, and by somebody's own estimate, in whole percent."""

    of_stage: int | None
    manual: int | None

    @property
    def value(self) -> int | None:
        """What counts: the estimate where there is one."""
        return self.of_stage if self.manual is None else self.manual


def probability(tx: Transaction, record: Any) -> Probability:
    """How probable it is to win a record; see `Session.probability`."""
    refuse_without_pipeline(type(record))
    stage = tx.crm.pipelines.of(tx, record).pipeline.stage(record.stage)
    try:
        manual = getattr(record, "manual_probability", None)
    except NotReadError:
        manual = None
    return Probability(stage.probability, manual)


def refuse_without_pipeline(cls: Any, path: str = "to") -> None:
    """Refuse a class whose records run through no stages.

    Raises:
        InvalidError: it has no pipeline.
    """
    if cls.__pipeline__ is None:
        wrong = Problem(path, "rule", f"a {cls.__name__.lower()} has no pipeline")
        raise InvalidError(wrong.message, fields=[wrong])


class _Shown:
    """The values that gates are judged by: what is given, then the record's own.

    A hidden field counts as empty, since a gate would tell whether it is. Fields are read when a gate
    asks for them, which is of a few.
    """

    __slots__ = ("_hidden", "_known", "_record", "_tx")

    def __init__(self, tx: Transaction, record: Any, given: Mapping[str, Any]) -> None:
        self._tx, self._record = tx, record
        self._hidden = field_rights(tx, type(record)).hidden
        # Several moves ask for the same fields.
        self._known = dict(given)

    def get(self, name: str) -> Any:
        """The value of a field, or None."""
        try:
            return self._known[name]
        except KeyError:
            found = self._known[name] = self._read(name)
            return found

    def _read(self, name: str) -> Any:
        if name in self._hidden:
            return None
        try:
            return getattr(self._record, name, None)
        except NotReadError:
            spec = type(self._record).__specs__[name]
            return None if spec.child is None else getattr(self._tx.session.children(self._record), name)


def facts_of(
    tx: Transaction,
    record: Any,
    given: Mapping[str, Any],
    because: str | None,
    whole: Any = None,
    is_approved: bool = False,
) -> Facts:
    """What a move of a record is judged by.

    Args:
        record: as its mover sees it.
        given: the values that come with the move.
        because: the comment.
        whole: the record as it would be, for guards.
        is_approved: those who had to agree have agreed.
    """
    values: Any = _Shown(tx, record, given)
    counts: dict[str, int] = {}

    def count(need: Need) -> int:
        if need.key not in counts:
            counts[need.key] = counted(tx, record, values, need)
        return counts[need.key]

    return Facts(
        values=values,
        record=record if whole is None else whole,
        reason=because,
        days=lambda: (tx.crm.calendar_day(tx.moment) - tx.crm.calendar_day(record.stage_at)).days,
        permits=lambda move: lacking(tx, record, move),
        count=count,
        is_approved=is_approved,
        session=tx.session,
    )


def lacking(tx: Transaction, record: Any, move: Move) -> Requirement | None:
    """The right that the actor lacks for a move, besides that to change the record."""
    cls = type(record)
    if move.permission is not None and not _holds(tx, cls, move.permission):
        return {"kind": "permission", "name": move.permission}
    if move.reach == PRODUCT:
        return None if tx.actor.is_system else {"kind": "product"}
    if move.reach == OWNER:
        return None if _is_owner(tx, record) else {"kind": "owner"}
    if move.reach is not None and not tx.session.reaches(
        cls, move.permission or Action.UPDATE, Reach(move.reach)
    ):
        return {"kind": "reach", "name": move.reach}
    return None


def _is_owner(tx: Transaction, record: Any) -> bool:
    """Whether the record is the actor's own; what the product does by itself it does for the owner."""
    if tx.actor.is_system:
        return True
    try:
        return record.owner is not None and record.owner.id == tx.actor.id
    except NotReadError:
        return False


def _holds(tx: Transaction, cls: Any, permission: str) -> bool:
    return permission in [action.value for action in Action] and not bounds(tx.actor, cls, permission).nothing


def moves(tx: Transaction, records: Sequence[Any], needs: bool = True) -> list[list[AllowedMove]]:
    """Of each record every move out of where it stands, with what it still needs, or only the right to it."""
    for cls in {type(record) for record in records}:
        refuse_without_pipeline(cls)
    alike = _Alike(tx, needs)
    charts = [tx.crm.pipelines.of(tx, record) for record in records]
    if needs and any(chart.guards for chart in charts):
        # A guard looks at lists too, which records of a list or a board do not have.
        records = all_with_lists(tx, records)
    return [
        alike.judged(chart, record, standing)
        for chart, record, standing in zip(charts, records, standings(tx, records), strict=True)
    ]


class _Alike:
    """Judges many records; those that stand in one place and have the same of what is asked for there are alike."""

    def __init__(self, tx: Transaction, needs: bool) -> None:
        self._tx, self._needs = tx, needs
        self._free: dict[Way, AllowedMove] = {}
        self._asked: dict[Any, tuple[tuple[str, ...], tuple[Need, ...]] | None] = {}
        self._judged: dict[Any, list[AllowedMove]] = {}

    def judged(self, chart: Chart, record: Any, standing: Standing) -> list[AllowedMove]:
        """The moves of one record."""
        place = (chart.pipeline.identity, standing)
        if not self._needs:
            return self._by_right(place, chart, record, standing)
        try:
            asked = self._asked[place]
        except KeyError:
            asked = self._asked[place] = _asked_of(chart, standing)
        if asked is None:
            return _allowed(self._tx, chart, record, standing, self._free, True)
        fields, needs = asked
        values: Any = _Shown(self._tx, record, {})
        filled = tuple([is_filled(values.get(name)) for name in fields])
        met = tuple([counted(self._tx, record, values, need) >= need.least for need in needs])
        same = (type(record), place, filled, met)
        found = self._judged.get(same)
        if found is None:
            found = self._judged[same] = _allowed(self._tx, chart, record, standing, self._free, True)
        return list(found)

    def _by_right(self, place: Any, chart: Chart, record: Any, standing: Standing) -> list[AllowedMove]:
        """The moves with no more than the right to them, which those that stand in one place mostly share."""
        found = self._judged.get(place)
        if found is None:
            found = _allowed(self._tx, chart, record, standing, self._free, False)
            if not any(way.move.is_restricted for way in chart.ways(standing)):
                self._judged[place] = found
        return list(found)


def _asked_of(chart: Chart, standing: Standing) -> tuple[tuple[str, ...], tuple[Need, ...]] | None:
    """The fields and records by which the moves of a place are judged; None where it is by more than these."""
    fields: dict[str, None] = {}
    needs: dict[str, Need] = {}
    for way in chart.ways(standing):
        if way.move.guards or way.move.is_restricted or way.move.within_days is not None:
            return None
        names, wanted = chart.gate(way)
        needs |= {need.key: need for need in wanted}
        fields |= dict.fromkeys([*names, *(name for need in wanted for name in need.then)])
    return tuple(fields), tuple(needs.values())


def _allowed(
    tx: Transaction,
    chart: Chart,
    record: Any,
    standing: Standing,
    free: dict[Way, AllowedMove],
    needs: bool,
) -> list[AllowedMove]:
    """The moves of one record; those that lack nothing are the same for all, and kept in `free`."""
    # Guards judge the record whole here as in `move`, or the two would answer differently.
    whole = completed(tx, record, {})[0] if chart.guards and needs else record
    facts = facts_of(tx, record, {}, None, whole) if needs else None
    found: list[AllowedMove] = []
    for way in chart.ways(standing):
        missing = _right(tx, record, way) if facts is None else chart.missing(standing, way, facts)
        one = None if missing else free.get(way)
        if one is None:
            one = AllowedMove(way.move.key, way.to, way.move.label, tuple(missing))
            if not missing:
                free[way] = one
        found.append(one)
    return found


def _right(tx: Transaction, record: Any, way: Way) -> list[Requirement]:
    """The right to a move, where the actor lacks it."""
    found = lacking(tx, record, way.move) if way.move.is_restricted else None
    return [] if found is None else [found]
