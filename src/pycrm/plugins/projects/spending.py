"""What may be spent on a project, whoever spends it (PRJ-5, PRJ-12, PRJ-E4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pycrm import ConflictError, ForbiddenError, HeldError, Money, MoveError, Problem, Session
from pycrm.plugins.projects.cost import CostBudget, CostEntry
from pycrm.plugins.projects.evaluation import GoDecision, ProjectEvaluation
from pycrm.plugins.projects.knowledge import percent
from pycrm.plugins.projects.limits import limits
from pycrm.plugins.projects.project import wrong
from pycrm.plugins.projects.rules import is_led_by

__all__ = ["refuse_changed_cost", "refuse_foreign_money", "refuse_spending"]

_WHOLE = 100


def refuse_foreign_money(session: Session, values: Mapping[str, object]) -> None:
    """Costs, budgets, rates and limits are in the currency of the CRM, so that they can be compared."""
    currency = session.crm.currency
    for name, value in values.items():
        if isinstance(value, Money) and value.currency != currency:
            raise wrong(name, "rule", f"costs are entered in {currency}")


def refuse_changed_cost(changes: Any) -> None:
    """What was entered stays as it is, but for its voucher: it is put away and entered anew."""
    others = sorted(changes.keys() - {"voucher", "archived_at"})
    if others:
        fields = [Problem(name, "rule", "put it away and enter it anew") for name in others]
        raise ConflictError("a cost is put away and entered anew", fields=fields)


def refuse_spending(session: Session, entry: CostEntry) -> None:
    """Evidence, the decision and the budget allow a cost, with what everybody else has spent.

    Raises:
        MoveError: there is no evidence of it, or no go yet.
        HeldError: the budget would be used up, and nobody who may has approved it.
    """
    assert entry.amount is not None
    refuse_foreign_money(session, {"amount": entry.amount})
    _refuse_unproved(session, entry, entry.amount)
    _refuse_feigned_approval(session, entry)
    # Two who spend the last of a budget at once take turns.
    session.hold(entry.project)
    every = session.beyond("the budget of a project", CostEntry, CostBudget)
    spent = every.find(CostEntry, CostEntry.project == entry.project.id)
    budgets = every.find(CostBudget, CostBudget.project == entry.project.id)
    _refuse_before_go(session, entry, _sum(session, spent) + entry.amount)
    same = _sum(session, [one for one in spent if one.kind is entry.kind]) + entry.amount
    if budgets and entry.approved_by is None:
        given = _sum(session, [one for one in budgets if one.kind is entry.kind])
        _refuse_beyond_budget(session, entry, given, same)


def _sum(session: Session, some: Any) -> Money:
    return sum((one.amount for one in some if one.amount is not None), Money(0, session.crm.currency))


def _refuse_unproved(session: Session, entry: CostEntry, amount: Money) -> None:
    most = limits(session).unproved(session.crm.currency)
    if amount > most and not (entry.voucher or "").strip():
        missing = {"kind": "field", "name": "voucher", "label": "Voucher"}
        raise MoveError(
            f"Not yet: a cost above {most} needs a voucher.",
            fields=[Problem("voucher", "required", f"is needed above {most}")],
            data={"missing": [missing]},
        )


def _refuse_feigned_approval(session: Session, entry: CostEntry) -> None:
    if entry.approved_by is None or session.actor.is_system:
        return
    if entry.approved_by.id != session.actor.id or not is_led_by(session, entry.project):
        raise ForbiddenError("a leader of the project approves by entering the cost")


def _refuse_before_go(session: Session, entry: CostEntry, together: Money) -> None:
    most = limits(session).before_go(session.crm.currency)
    if together <= most:
        return
    found = session.find(ProjectEvaluation, ProjectEvaluation.project == entry.project.id)
    newest = max(found, key=lambda one: one.turn, default=None)
    if newest is None or newest.decision is GoDecision.NO_GO:
        missing = {"kind": "guard", "name": "projects.decided", "message": "the project was not decided for"}
        raise MoveError(f"Not yet: no costs beyond {most} before a go.", data={"missing": [missing]})


def _refuse_beyond_budget(session: Session, entry: CostEntry, given: Money, spent: Money) -> None:
    share = percent(spent.units, given.units)
    if share is not None and share < _WHOLE:
        return
    data: dict[str, Any] = {"kind": entry.kind.value, "release": "a leader of the project"}
    # The figures are for who sees the budget.
    if session.count(CostBudget, CostBudget.project == entry.project.id):
        data |= {"budget": str(given), "spent": str(spent), "used": None if share is None else str(share)}
    raise HeldError(f"the budget for {entry.kind} would be used up: a leader has to approve it", data=data)
