"""Reading more than the actor sees, for a rule that has to hold over the rows of others too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from pycrm import scope
from pycrm.declare import Facet, Record
from pycrm.entities.org import Action
from pycrm.revision import elevation
from pycrm.scope.actor import Actor
from pycrm.scope.children import with_children
from pycrm.scope.gateway import query

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from pycrm.store import Transaction
    from pycrm.values import Money

__all__ = ["Beyond"]

A = TypeVar("A", bound="Record | Facet")


class Beyond:
    """All rows of some classes, in the transaction of a session; see `Session.beyond`."""

    def __init__(self, tx: Transaction, actor: Actor) -> None:
        self._tx, self._actor = tx, actor
        with self._acting():
            elevation.keep(tx)

    @contextmanager
    def _acting(self) -> Iterator[None]:
        """The session's own actor, and what was worked out for it, are put aside for one question."""
        tx = self._tx
        kept = tx.actor, tx.memo
        tx.actor, tx.memo = self._actor, {}
        try:
            yield
        finally:
            tx.actor, tx.memo = kept

    def find(
        self, cls: type[A], *conditions: ColumnElement[bool], order: Any = None, children: bool = False
    ) -> list[A]:
        """All records that meet the conditions; conditions and `order` as of `Session.find`."""
        orders = () if order is None else order if isinstance(order, tuple) else (order,)
        with self._acting():
            found: list[A] = query(self._tx, cls, conditions).records(orders)
            return with_children(self._tx, found) if children else found

    def count(self, cls: type[Any], *conditions: ColumnElement[bool]) -> int:
        """How many records meet the conditions."""
        with self._acting():
            return scope.aggregate.count(self._tx, cls, conditions, None, None)

    def sum(self, amount: Any, *conditions: ColumnElement[bool]) -> Money:
        """The sum of a money field over all records that meet the conditions; raises as `Session.sum`."""
        with self._acting():
            return scope.aggregate.total(self._tx, amount, conditions)


def beyond(tx: Transaction, purpose: str, classes: tuple[type[Any], ...]) -> Beyond:
    """All rows of these classes for a purpose; see `Session.beyond`."""
    grants = tuple(f"{cls.__name__}.{Action.READ.value}" for cls in classes)
    return Beyond(tx, tx.crm.system(purpose, grants=grants))
