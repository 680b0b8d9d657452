"""What a role may say: grants and rules over entities and fields that there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare.policy import Reference, Through
from pycrm.entities.org import (
    Action,
    FieldReading,
    FieldRule,
    Grant,
    Reach,
    Role,
    RoleAssignment,
    RoleLevel,
    User,
    UserState,
)
from pycrm.errors import ConflictError, ForbiddenError, InvalidError, Problem
from pycrm.revision.looking import SIGHT

if TYPE_CHECKING:
    from pycrm.app.crm import CRM
    from pycrm.plugin import Registry

__all__ = ["FUNCTIONS", "refuse_nobody_left", "refuse_own_rights", "refuse_unknown_rules", "ungrantable"]


# Every record with an owner; and what is a right of its own, over no one record.
FUNCTIONS = ("*", "sql", "duplicates", "pipelines", "scores", SIGHT)


def refuse_unknown_rules(
    crm: CRM, grants: Iterable[Grant], rules: Iterable[FieldRule], held: frozenset[str] = frozenset()
) -> None:
    """Refuse grants of an unknown entity, and rules that could not work.

    Args:
        held: entities that the role speaks of already; those of a plugin that is away stay as they are.

    Raises:
        InvalidError: with the path of each.
    """
    classes = {cls.__name__: cls for plugin in crm.registry.loaded for cls in plugin.classes}
    records = {cls.__name__ for cls in crm.records()}
    problems = [
        Problem(f"grants/{index}/entity", "unknown", f"there is no record {grant.entity}")
        for index, grant in enumerate(grants)
        if grant.entity not in (*records, *FUNCTIONS, *held)
    ]
    problems += _unfounded(grants)
    for index, rule in enumerate(rules):
        cls = classes.get(rule.entity)
        if cls is None and rule.entity in held:
            continue
        if cls is None:
            problems.append(Problem(f"rules/{index}/entity", "unknown", f"there is no entity {rule.entity}"))
            continue
        problems += [Problem(f"rules/{index}/{path}", code, text) for path, code, text in _wrong(cls, rule)]
    if problems:
        raise InvalidError(problems[0].message, fields=problems)


def _unfounded(grants: Iterable[Grant]) -> Iterator[Problem]:
    """To see what others see is for roles that see everything, or give others their roles anyway."""
    is_founded = any(
        (one.entity, one.action, one.reach) == ("*", Action.READ, Reach.ALL)
        or (
            (one.entity, one.action) == (RoleAssignment.__name__, Action.UPDATE)
            and one.reach is not Reach.NONE
        )
        for one in grants
    )
    for index, one in enumerate(grants):
        if one.entity == SIGHT and not (is_founded and one.reach in (Reach.ALL, Reach.NONE)):
            said = "sight is for roles that read everything or keep the roles, and reaches all or nothing"
            yield Problem(f"grants/{index}/reach", "rule", said)


def _wrong(cls: Any, rule: FieldRule) -> Iterator[tuple[str, str, str]]:
    spec = cls.__specs__.get(rule.field_name)
    name = f"{rule.entity}.{rule.field_name}"
    if spec is None or spec.derived:
        yield "field_name", "unknown", f"there is no field {name}"
        return
    if rule.read is FieldReading.MASKED and (spec.kind is None or spec.kind.name != "text"):
        yield "read", "rule", f"{name} is no text, so it has no mask"
    is_narrower = rule.read is not FieldReading.PLAIN and not (spec.special or spec.restricted)
    if is_narrower and isinstance(cls.__scope__, Reference):
        # Whoever had one role less would see more.
        yield "read", "rule", f"{rule.entity} is common knowledge: declare {name} as restricted instead"
    if is_narrower and _holds_together(cls, spec):
        yield "read", "rule", f"{name} says what the record belongs to, so it is not hidden"


def _holds_together(cls: Any, spec: Any) -> bool:
    links = cls.__scope__.links if isinstance(cls.__scope__, Through) else ()
    return spec.name in links or (spec.target is not None and (spec.unique or spec.name == "of"))


def refuse_own_rights(session: Any, record: Role | RoleAssignment) -> None:
    """Nobody widens the own rights alone: a second administrator does (SCO-19).

    Raises:
        ForbiddenError: the assignment is the actor's own, or the role is one the actor holds.
    """
    actor = session.actor
    if actor.id is None:
        return
    if isinstance(record, RoleAssignment):
        if record.user.id == actor.id:
            raise ForbiddenError("your own roles are given by another administrator")
        return
    given = RoleAssignment.__table__.c
    held = sa.select(given.id).where(
        given.user_id == actor.id, given.role_id == record.id, given.archived_at.is_(None)
    )
    if session.transaction.fetch(held.limit(1)):
        raise ForbiddenError("a role that you hold is changed by another administrator")


def refuse_nobody_left(
    session: Any, *, assignment: UUID | None = None, user: UUID | None = None, role: UUID | None = None
) -> None:
    """Somebody always stays who keeps the roles, and somebody who leads the whole (SCO-E5).

    Raises:
        ConflictError: without this assignment, user or role there would be nobody.
    """
    tx = session.transaction
    given, who, held = RoleAssignment.__table__.c, User.__table__.c, Role.__table__.c
    today = tx.crm.calendar_day(tx.moment)
    holders = (
        sa.select(given.id)
        .select_from(
            RoleAssignment.__table__.join(User.__table__, who.id == given.user_id).join(
                Role.__table__, held.id == given.role_id
            )
        )
        .where(
            *(given.archived_at.is_(None), who.archived_at.is_(None), held.archived_at.is_(None)),
            who.state == UserState.ACTIVE,
            sa.or_(given.until.is_(None), given.until >= today),
        )
    )
    gone = [
        column == id
        for column, id in ((given.id, assignment), (given.user_id, user), (given.role_id, role))
        if id is not None
    ]
    for words, is_such in (
        ("top management", held.level == RoleLevel.TOP),
        ("an administrator", _keeps_roles(held.id)),
    ):
        such = holders.where(is_such)
        if tx.fetch(such.where(*gone).limit(1)) and not tx.fetch(such.where(sa.not_(*gone)).limit(1)):
            raise ConflictError(f"nobody would be left as {words}")


def _keeps_roles(role: Any) -> Any:
    grant = Grant.__table__.c
    return sa.exists().where(
        grant.parent_id == role,
        grant.entity == RoleAssignment.__name__,
        grant.action == Action.UPDATE,
        grant.reach != Reach.NONE,
    )


def ungrantable(registry: Registry, grants: tuple[str, ...]) -> Iterator[str]:
    """The grants of a system actor that name no entity, no right and no field."""
    classes = {cls.__name__: cls for cls in registry.tables.values()}
    for grant in grants:
        entity, _, what = grant.partition(".")
        rights = {action.value for action in Action}
        known = entity in classes or entity in FUNCTIONS
        if known and what and what not in rights:
            known = entity in classes and what in classes[entity].__specs__
        if not known:
            yield grant
