"""Who decides on an amendment: the steps that its flows ask for, and the people of each step."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare.row import layout
from pycrm.entities.amendment import (
    Amendment,
    AmendmentMode,
    ApprovalFlow,
    ApprovalMode,
    ApprovalStep,
    Approver,
    OnEmpty,
)
from pycrm.entities.org import OrgUnit, Role, RoleAssignment, RoleLevel, UnitClosure, User, UserState
from pycrm.errors import ConflictError
from pycrm.revision.amendment.condition import Condition
from pycrm.revision.amendment.difference import PathChange
from pycrm.revision.amendment.policy import Rule
from pycrm.scope.actor import unkey
from pycrm.scope.children import any_record, any_records, with_children
from pycrm.scope.sharing import seen_by

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Approvers", "Flows", "Found", "Route", "Seat", "Step", "is_top", "leaders_above", "seats"]

T = TypeVar("T")

_LEADING = (RoleLevel.LEADER.value, RoleLevel.TOP.value)
NOBODY = "nobody but the submitter can decide; another leader or top manager is needed"


@attrs.frozen
class Step:
    """One step as an amendment keeps it; `level` counts leaders upwards from the record's unit."""

    approver: Approver
    who: str | None
    level: int
    mode: ApprovalMode
    on_empty: OnEmpty
    remind: int
    escalate: int

    @classmethod
    def of(cls, approver: str, mode: str, on_empty: str, **rest: Any) -> Step:
        """The step as an amendment keeps it."""
        return cls(approver=Approver(approver), mode=ApprovalMode(mode), on_empty=OnEmpty(on_empty), **rest)


@attrs.frozen
class Route:
    """The steps that an amendment goes through, fixed when it was submitted."""

    steps: tuple[Step, ...]

    @classmethod
    def of(cls, flows: Flows, ruled: Iterable[tuple[PathChange, Rule]]) -> Route:
        """The steps of every flow that these differences ask for, each as far as its condition holds.

        Raises:
            ConflictError: a policy names a flow that there is not.
        """
        by_flow: dict[str | None, list[PathChange]] = {}
        for difference, rule in ruled:
            if rule.mode is AmendmentMode.APPROVAL:
                by_flow.setdefault(rule.flow, []).append(difference)
        found: list[Step] = []
        for name, some in by_flow.items():
            flow = flows.named(name)
            for step in flow.steps:
                if _is_needed(step, some):
                    found += _expanded(step, flow)
        return cls(tuple(found))

    @classmethod
    def read(cls, text: str) -> Route:
        """The route as an amendment keeps it."""
        return cls(tuple(Step.of(**one) for one in json.loads(text)))

    @property
    def text(self) -> str:
        """The route to be kept."""
        return json.dumps([attrs.asdict(step) for step in self.steps], ensure_ascii=False)


class Flows:
    """The approval flows as they are now, each read once."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._known: dict[str | None, ApprovalFlow] = {}

    def named(self, name: str | None) -> ApprovalFlow:
        """The flow of that name; without a name the unit leader agrees.

        Raises:
            ConflictError: there is none.
        """
        if name not in self._known:
            self._known[name] = _flow(self._tx, name)
        return self._known[name]


def _flow(tx: Transaction, name: str | None) -> ApprovalFlow:
    if name is None:
        return ApprovalFlow(name="unit leader", steps=[ApprovalStep(approver=Approver.UNIT_LEADER)])
    made, table = layout(ApprovalFlow), ApprovalFlow.__table__.c
    rows = made.build(
        tx.fetch(
            sa.select(*(table[one] for one in made.names)).where(
                table.name == name, table.archived_at.is_(None)
            )
        )
    )
    if not rows:
        raise ConflictError(f"there is no approval flow {name}", data={"flow": name})
    found: ApprovalFlow = with_children(tx, rows)[0]
    return found


def _is_needed(step: ApprovalStep, some: Sequence[PathChange]) -> bool:
    """A step is left out only where its condition is certainly false of every difference."""
    if step.condition is None:
        return True
    condition = Condition.parse(step.condition)
    return any(condition.holds(one.before, one.after, one.amount) is not False for one in some)


def _expanded(step: ApprovalStep, flow: ApprovalFlow) -> list[Step]:
    levels = step.levels if step.approver is Approver.LEADER_N_LEVELS else 1
    hours = (flow.remind_after, flow.escalate_after)
    return [
        Step(step.approver, step.who, level, step.mode, step.on_empty, *hours)
        for level in range(1, levels + 1)
    ]


@attrs.frozen
class Seat:
    """One person who is asked; of those of a group the first decision counts."""

    user: UUID
    group: UUID


@attrs.frozen
class Found:
    """The step in which somebody is asked, and who; no step when all are passed."""

    step: int | None
    passed: int
    seats: tuple[Seat, ...] = ()
    waits: str | None = None


class Approvers:
    """Whom amendments ask; what is looked up for one of them is kept for the others."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._records: dict[tuple[str, UUID], Any] = {}
        self._kept: dict[Any, Any] = {}

    @classmethod
    def of(cls, tx: Transaction, amendments: Iterable[Amendment]) -> Approvers:
        """Those of these amendments, whose records are read together."""
        wanted: dict[str, list[UUID]] = {}
        for one in amendments:
            wanted.setdefault(one.entity, []).append(one.record)
        made = cls(tx)
        for entity, ids in wanted.items():
            made.learn(any_records(tx, tx.crm.record(entity), ids).values())
        return made

    def learn(self, records: Iterable[Any]) -> None:
        """The records that amendments are about, before anybody is asked for."""
        self._records |= {(type(one).__name__, one.id): one for one in records}

    def seats(self, amendment: Amendment, at: int) -> Found:
        """Who is asked next, from the step `at` on.

        Raises:
            ConflictError: a step has nobody, and fails then.
        """
        steps = Route.read(amendment.route).steps
        for index in range(at, len(steps)):
            people = self._people(amendment, steps[index], index)
            if people is None:
                continue
            groups = self._tx.crm.identifiers.several(max(1, len(people)))
            is_all = steps[index].mode is ApprovalMode.ALL
            taken = tuple(Seat(user, groups[number if is_all else 0]) for number, user in enumerate(people))
            return Found(index, index, taken, None if people else NOBODY)
        return Found(None, len(steps))

    def _people(self, amendment: Amendment, step: Step, index: int) -> list[UUID] | None:
        """Who decides in a step: None where it passes by itself, nobody where it waits."""
        named, above = self._named(amendment, step)
        able = self._able(amendment, named)
        if able:
            return able
        if not named:
            if step.on_empty is OnEmpty.AUTO_PASS or step.level > 1:
                # A chain of leaders ends at the top.
                return None
            if step.on_empty is OnEmpty.FAIL:
                raise ConflictError("there is nobody to approve this", data={"step": index + 1})
        # The submitter never decides: the next leader up does, and at the top the second top manager.
        for group in above:
            able = self._able(amendment, group)
            if able:
                return able
        return self._able(amendment, self._once("top", lambda: _top(self._tx)))

    def _named(self, amendment: Amendment, step: Step) -> tuple[list[UUID], list[list[UUID]]]:
        record = self._records.get((amendment.entity, amendment.record))
        unit = _unit(self._tx, record, amendment)
        groups = self._once(("above", unit), lambda: leaders_above(self._tx, unit))
        return self._once(("named", unit, step), lambda: _named(self._tx, step, groups))

    def _able(self, amendment: Amendment, people: Iterable[UUID]) -> list[UUID]:
        """Those of them who did not submit it, and see the record."""
        author = amendment.submitted_by
        others = (user for user in dict.fromkeys(people) if author is None or user != author.id)
        return [user for user in others if amendment.record in self._seen(user, amendment.entity)]

    def _seen(self, user: UUID, entity: str) -> set[UUID]:
        ids = (id for kind, id in self._records if kind == entity)
        return self._once(
            ("seen", user, entity), lambda: seen_by(self._tx, user, self._tx.crm.record(entity), ids)
        )

    def _once(self, key: Any, look: Callable[[], T]) -> T:
        if key not in self._kept:
            self._kept[key] = look()
        found: T = self._kept[key]
        return found


def seats(tx: Transaction, amendment: Amendment, at: int) -> Found:
    """Who is asked next about one amendment; see `Approvers.seats`."""
    return Approvers.of(tx, [amendment]).seats(amendment, at)


def _named(tx: Transaction, step: Step, groups: list[list[UUID]]) -> tuple[list[UUID], list[list[UUID]]]:
    """The people whom a step names, and the leaders above them, the nearest first."""
    if step.approver in (Approver.UNIT_LEADER, Approver.LEADER_N_LEVELS):
        return (groups[step.level - 1] if len(groups) >= step.level else []), groups[step.level :]
    if step.approver is Approver.UNIT_HEAD:
        table = OrgUnit.__table__.c
        unit = _ids(tx, sa.select(table.id).where(table.code == step.who, table.archived_at.is_(None)))
        higher = leaders_above(tx, unit[0]) if unit else []
        return (higher[0] if higher else []), higher[1:]
    if step.approver is Approver.USER:
        user = User.__table__.c
        return _ids(tx, sa.select(user.id).where(user.login == step.who, *_working())), groups
    if step.approver is Approver.ROLE:
        return _ids(tx, _holders(tx).where(Role.__table__.c.name == step.who)), groups
    return _top(tx), []


def _top(tx: Transaction) -> list[UUID]:
    return _ids(tx, _holders(tx).where(Role.__table__.c.level == RoleLevel.TOP.value))


def is_top(tx: Transaction, user: UUID | None) -> bool:
    """Whether a person belongs to top management today."""
    return user is not None and user in _top(tx)


def unit_of(tx: Transaction, amendment: Amendment) -> UUID | None:
    """The unit from which leaders are counted: the record's at the root, else the submitter's."""
    return _unit(tx, any_record(tx, tx.crm.record(amendment.entity), amendment.record), amendment)


def _unit(tx: Transaction, record: Any, amendment: Amendment) -> UUID | None:
    host = getattr(type(record), "__facet_of__", None)
    if host is not None:
        # What extends a record belongs to whom that belongs to.
        record = any_record(tx, tx.crm.record(host), amendment.record)
    for name in ("parent_unit", "owner_unit"):
        unit = getattr(record, f"_raw_{name}", None) and getattr(record, name)
        if unit:
            found: UUID = unit.id
            return found
    author = amendment.submitted_by
    if author is None:
        return None
    user = any_record(tx, User, author.id)
    return None if user is None else user.home_unit.id


def leaders_above(tx: Transaction, unit: UUID | None) -> list[list[UUID]]:
    """The leaders of each led unit from this one upwards, the nearest first."""
    if unit is None:
        return []
    closure, given = UnitClosure.__table__.c, RoleAssignment.__table__.c
    rows = tx.fetch(
        _holders(tx, closure.depth)
        .join(UnitClosure.__table__, closure.ancestor_id == given.unit_id)
        .where(closure.descendant_id == unit, Role.__table__.c.level.in_(_LEADING))
        .order_by(closure.depth)
    )
    groups: dict[int, list[UUID]] = {}
    for depth, raw in rows:
        user = unkey(raw)
        if user is not None and user not in groups.setdefault(depth, []):
            groups[depth].append(user)
    return list(groups.values())


def _working() -> tuple[Any, ...]:
    user = User.__table__.c
    return user.state == UserState.ACTIVE.value, user.archived_at.is_(None)


def _holders(tx: Transaction, *columns: Any) -> Any:
    """The people who hold roles today."""
    given, role, user = RoleAssignment.__table__.c, Role.__table__.c, User.__table__.c
    today = tx.crm.calendar_day(tx.moment)
    return (
        sa.select(*columns, given.user_id)
        .select_from(RoleAssignment.__table__)
        .join(Role.__table__, sa.and_(role.id == given.role_id, role.archived_at.is_(None)))
        .join(User.__table__, sa.and_(user.id == given.user_id, *_working()))
        .where(
            given.archived_at.is_(None),
            given.since <= today,
            sa.or_(given.until.is_(None), given.until >= today),
        )
        .order_by(*([] if columns else [given.user_id]))
    )


def _ids(tx: Transaction, statement: Any) -> list[UUID]:
    found = (unkey(row[0]) for row in tx.fetch(statement))
    return list(dict.fromkeys(one for one in found if one is not None))
