"""How a field is changed: freely, with a reason at once, or when others have agreed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.codec import mask_of
from pycrm.declare.field import Spec
from pycrm.declare.row import layout
from pycrm.entities.amendment import AmendmentMode, AmendmentPolicy
from pycrm.errors import AmendmentRequiredError, NotReadError, Problem
from pycrm.revision.amendment.condition import Condition
from pycrm.revision.amendment.difference import STAGE, PathChange, differences
from pycrm.revision.change import apply
from pycrm.revision.log import jsonable
from pycrm.scope.fields import refuse_unwritable, shown
from pycrm.scope.gateway import fetch_one

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = [
    "LEAST_REASON",
    "Rule",
    "amendment_required",
    "change",
    "guarded",
    "refuse_guarded",
    "refuse_late_keys",
    "rule_of",
    "rules_over",
]

LEAST_REASON = 5


@attrs.frozen
class Rule:
    """What holds for one difference."""

    mode: AmendmentMode
    flow: str | None = None
    reason_min: int = LEAST_REASON
    evidence_required: bool = False


_FREE = Rule(AmendmentMode.FREE)
_RECORDED = Rule(AmendmentMode.RECORDED)


def rule_of(tx: Transaction, difference: PathChange) -> Rule:
    """The rule for a difference: the first policy whose condition holds, else the field's declaration.

    A condition that has no answer is taken as met where approval hangs on it, and as unmet elsewhere.
    """
    if difference.path == STAGE:
        return Rule(
            AmendmentMode.APPROVAL,
            tx.crm.approval_of(tx, difference.entity, difference.record, difference.after),
        )
    policies = _policies(tx)
    for path in difference.declared_paths:
        for policy in policies.get((difference.entity, path), ()):
            if _holds(policy, difference):
                return Rule(policy.mode, policy.flow, policy.reason_min, policy.evidence_required)
    return _RECORDED if difference.is_key else _FREE


def _holds(policy: AmendmentPolicy, difference: PathChange) -> bool:
    if policy.condition is None:
        return True
    truth = Condition.parse(policy.condition).holds(difference.before, difference.after, difference.amount)
    return truth is True or (truth is None and policy.mode is AmendmentMode.APPROVAL)


def _policies(tx: Transaction) -> Mapping[tuple[str, str], list[AmendmentPolicy]]:
    found: dict[tuple[str, str], list[AmendmentPolicy]] | None = tx.memo.get("policies")
    if found is None:
        found = tx.memo["policies"] = {}
        for policy in _read_policies(tx) if tx.actor.has_policies else ():
            found.setdefault((policy.entity, policy.path), []).append(policy)
    return found


def _read_policies(tx: Transaction) -> list[AmendmentPolicy]:
    made, table = layout(AmendmentPolicy), AmendmentPolicy.__table__.c
    asked = sa.select(*(table[name] for name in made.names)).where(table.archived_at.is_(None))
    return made.build(tx.fetch(asked.order_by(table.rank, table.id)))


def refuse_guarded(tx: Transaction, record: Any, values: Mapping[str, Any]) -> None:
    """Refuse to write what changes by an amendment only (REV-2).

    Raises:
        AmendmentRequiredError: naming the fields, their current values and how each is changed.
    """
    modes = guarded(tx, record, values)
    if modes:
        refuse_unwritable(tx, type(record), values)
        raise _required(shown(tx, record), modes)


def guarded(tx: Transaction, record: Any, values: Mapping[str, Any]) -> Mapping[str, AmendmentMode]:
    """How those of the fields are changed that no direct write changes."""
    specs = type(record).__specs__
    if _policies(tx):
        return _modes(tx, record, values)
    return {name: AmendmentMode.RECORDED for name in values if name in specs and specs[name].key}


def _modes(tx: Transaction, record: Any, values: Mapping[str, Any]) -> dict[str, AmendmentMode]:
    cls = type(record)
    ruled = {path.partition("/")[0] for entity, path in _policies(tx) if entity == cls.__name__}
    specs = cls.__specs__
    asked = {
        name: value
        for name, value in values.items()
        if name in specs and specs[name].init and (specs[name].key or name in ruled)
    }
    if not asked:
        return {}
    refuse_unwritable(tx, cls, values)
    found: dict[str, AmendmentMode] = {}
    for one in differences(tx, record, asked):
        mode = rule_of(tx, one).mode
        if mode is not AmendmentMode.FREE and found.get(one.name) is not AmendmentMode.APPROVAL:
            found[one.name] = mode
    return found


def refuse_late_keys(tx: Transaction, facet: Any) -> None:
    """Refuse to set by a new facet what changes by an amendment only of a record that was there before (REV-2).

    Whoever enters a record sets such fields with it, in the same transaction.

    Raises:
        AmendmentRequiredError: naming the fields and how each is changed.
    """
    cls: Any = type(facet)
    given = {spec.name: value for spec, value in _set(facet) if spec.key or rules_over(tx, cls, [spec.name])}
    # Who has such a facet already is told that when it is added.
    if (
        not given
        or ("new", cls.__facet_of__, facet.id) in tx.memo
        or fetch_one(tx, cls, facet.id) is not None
    ):
        return
    ruled = ((one.name, rule_of(tx, one).mode) for one in differences(tx, cls, given, facet.id))
    modes = {name: mode for name, mode in ruled if mode is not AmendmentMode.FREE}
    if modes:
        raise _refusal(modes, dict.fromkeys(modes))


def _set(facet: Any) -> Iterator[tuple[Spec, Any]]:
    """The fields of a facet that say more than if nothing had been given."""
    for spec in type(facet).__specs__.values():
        if spec.init and spec.name != "of" and getattr(facet, spec.name) != spec.default:
            yield spec, getattr(facet, spec.name)


def rules_over(tx: Transaction, cls: Any, names: Iterable[str]) -> bool:
    """Whether some policy rules over one of these fields."""
    ruled = {path.partition("/")[0] for entity, path in _policies(tx) if entity == cls.__name__}
    return not ruled.isdisjoint(names)


def change(tx: Transaction, record: Any, values: dict[str, Any]) -> Any:
    """Change fields that need no amendment; see `Session.change`."""
    free = ("free", type(record), *values)
    if free not in tx.memo:
        refuse_guarded(tx, record, values)
        # Where no policy weighs their values, neither will later ones of these fields be refused.
        if not _policies(tx):
            tx.memo[free] = True
    return apply(tx, record, values, "change")


def amendment_required(record: Any, keys: Iterable[str]) -> AmendmentRequiredError:
    """The refusal of a direct write of key fields, with their current values."""
    return _required(record, dict.fromkeys(keys, AmendmentMode.RECORDED))


def _required(record: Any, modes: Mapping[str, AmendmentMode]) -> AmendmentRequiredError:
    """The refusal of a direct write, with what its reader needs in order to amend."""
    return _refusal(modes, shown_values(record, modes))


def _refusal(modes: Mapping[str, AmendmentMode], current: Mapping[str, Any]) -> AmendmentRequiredError:
    problems = [Problem(name, "key", "changes only by an amendment") for name in modes]
    return AmendmentRequiredError(
        f"{', '.join(modes)}: changes only by an amendment",
        fields=problems,
        data={"current": dict(current), "policy": {name: str(modes[name]) for name in modes}},
    )


def shown_values(record: Any, names: Iterable[str]) -> dict[str, Any]:
    """Values of fields as their reader may see them: masked, or nothing where they were not read."""
    found: dict[str, Any] = {}
    for name in names:
        spec = type(record).__specs__[name]
        if spec.child is None:
            try:
                found[name] = jsonable(spec, getattr(record, name))
            except NotReadError:
                found[name] = mask_of(record, name)
    return found
