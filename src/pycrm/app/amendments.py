"""What a policy or a flow may say, and those with which plugins begin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.record import child_class
from pycrm.entities.amendment import AmendmentPolicy, ApprovalFlow, ApprovalStep, Approver, Holiday
from pycrm.entities.org import OrgUnit, Role, User
from pycrm.errors import ConflictError, InvalidError, Problem
from pycrm.revision import amendment
from pycrm.worktime import BusinessCalendar

if TYPE_CHECKING:
    from pycrm.app.crm import CRM
    from pycrm.session import Session
    from pycrm.store import Transaction

__all__ = ["business_calendar", "first_policies", "refuse_unknown_policy", "refuse_unknown_steps"]


def refuse_unknown_policy(session: Session, policy: AmendmentPolicy) -> None:
    """Refuse a policy over a field that there is not, or one that could not work.

    Raises:
        InvalidError: with every problem.
    """
    problems = list(_policy_problems(session, policy))
    if problems:
        raise InvalidError(problems[0].message, fields=problems)


def _policy_problems(session: Session, policy: AmendmentPolicy) -> Iterator[Problem]:
    cls = session.crm.record(policy.entity, default=None)
    if cls is None:
        yield Problem("entity", "unknown", f"there is no record {policy.entity}")
        return
    found, spec = _spec(cls, policy.path)
    if not found:
        yield Problem("path", "unknown", f"there is no field {policy.entity}.{policy.path}")
        return
    kind = spec.kind.name if spec.kind is not None else None
    yield from _condition_problems("condition", policy.condition, kind)
    if policy.flow is not None and not session.find(ApprovalFlow, ApprovalFlow.name == policy.flow, limit=1):
        yield Problem("flow", "unknown", f"there is no approval flow {policy.flow}")


def _spec(cls: Any, path: str) -> tuple[bool, Any]:
    name, slash, inner = path.partition("/")
    spec = cls.__specs__.get(name)
    if spec is None or not spec.init:
        return False, None
    if slash:
        spec = child_class(cls, spec).__specs__.get(inner) if spec.child is not None else None
    return spec is not None, spec


def _condition_problems(path: str, text: str | None, kind: str | None) -> Iterator[Problem]:
    if text is None:
        return
    try:
        condition = amendment.condition.Condition.parse(text)
    except ValueError as error:
        yield Problem(path, "format", str(error))
    else:
        yield from (Problem(path, "rule", message) for message in condition.problems(kind))


def refuse_unknown_steps(session: Session, steps: tuple[ApprovalStep, ...]) -> None:
    """Refuse steps that name nobody, or whose condition cannot be read.

    Raises:
        InvalidError: with every problem.
    """
    named: dict[Approver, tuple[Any, Any]] = {
        Approver.USER: (User, User.login),
        Approver.ROLE: (Role, Role.name),
        Approver.UNIT_HEAD: (OrgUnit, OrgUnit.code),
    }
    problems: list[Problem] = []
    for index, step in enumerate(steps):
        # What a condition may say depends on the field, and a flow may serve many.
        problems += _condition_problems(f"steps/{index}/condition", step.condition, "money")
        cls, column = named.get(step.approver, (None, None))
        if cls is not None and not _is_there(session.transaction, cls, column, step.who):
            problems.append(Problem(f"steps/{index}/who", "unknown", f"there is no {step.who}"))
    if problems:
        raise InvalidError(problems[0].message, fields=problems)


def _is_there(tx: Transaction, cls: Any, column: Any, value: Any) -> bool:
    table = cls.__table__.c
    return bool(tx.fetch(sa.select(table.id).where(column == value, table.archived_at.is_(None)).limit(1)))


def refuse_used_flow(session: Session, flow: ApprovalFlow) -> None:
    """A flow that a policy names is not put away.

    Raises:
        ConflictError: it is named.
    """
    if session.find(AmendmentPolicy, AmendmentPolicy.flow == flow.name, limit=1):
        raise ConflictError("a policy goes by this flow", data={"holds": ["policies"]})


def first_policies(session: Session) -> Iterator[tuple[str, Callable[[], object]]]:
    """The flows and policies that plugins declare and the database lacks, and what enters each.

    Once entered they belong to the administrators: what a later version declares changes no row.
    """
    crm = session.crm
    flows = [flow for plugin in crm.registry.plugins for flow in plugin.flows]
    policies = [policy for plugin in crm.registry.plugins for policy in plugin.policies]
    known = {one.name for one in session.find(ApprovalFlow, archived=True)} if flows else set()
    for flow in flows:
        if flow.name not in known:
            yield f"added the approval flow {flow.name}", partial(session.add, flow)
    ruled = (
        {(one.entity, one.path) for one in session.find(AmendmentPolicy, archived=True)}
        if policies
        else set()
    )
    for policy in policies:
        if (policy.entity, policy.path) not in ruled:
            line = f"added the policy of {policy.entity}.{policy.path}"
            yield line, partial(session.add, policy)


def business_calendar(crm: CRM, tx: Transaction) -> BusinessCalendar:
    """The calendar of the enterprise, with the holidays that it has entered."""
    found: BusinessCalendar | None = tx.memo.get("calendar")
    if found is None:
        table = Holiday.__table__.c
        rows = tx.fetch(sa.select(table.on, table.is_working).where(table.archived_at.is_(None)))
        decode = Holiday.__specs__["on"].kind
        assert decode is not None
        days = [(decode.decode(on) if isinstance(on, str) else on, bool(works)) for on, works in rows]
        found = attrs.evolve(
            BusinessCalendar(crm.zone),
            holidays={day for day, works in days if not works},
            makeup={day for day, works in days if works},
        )
        tx.memo["calendar"] = found
    return found
