"""Leaks of reading to plant: S01 to S09 and S26, each of which the two worlds must show.

They reach into the rooms on purpose: a leak lies inside. Searching (S10) has a file of its own; the
channels of pages and of REST (S11, S12, S19 to S21, S24, S25, S27) are for the tests of those faces.
"""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import sqlalchemy as sa
from scope import faults

from pycrm import Customer, ForbiddenError, NotFoundError
from pycrm.cli import listing, past
from pycrm.pipeline import tally
from pycrm.revision import add, guard, short
from pycrm.revision.amendment import view
from pycrm.scope import aggregate, gateway, paging
from pycrm.scope.children import any_record
from pycrm.scope.fields import FieldRights
from pycrm.session import reading

from .planting import HIDDEN, NO_SCOPE, through


def _unscoped(patch: pytest.MonkeyPatch, module: Any) -> None:
    """Let the readings of one module forget the scope."""
    query = module.query

    def wide(*given: Any, **named: Any) -> Any:
        found = query(*given, **named)
        found.scope, found.nothing, found.is_plain = NO_SCOPE, False, False
        return found

    patch.setattr(module, "query", wide)


@through("get", "find one", "read attributes")
def s01_got_by_id(patch: pytest.MonkeyPatch) -> None:
    """Whoever knows an id gets the record."""
    patch.setattr(reading, "fetch_one", any_record)


@through("change", "move", "archive")
def s01_changed_by_id(patch: pytest.MonkeyPatch) -> None:
    """Whoever knows an id changes the record."""
    for module in (guard, short):
        patch.setattr(module, "scope_of", lambda *given: NO_SCOPE)


@through("add a customer")
def s02_numbered(patch: pytest.MonkeyPatch) -> None:
    """Codes of customers are counted up."""
    begin = Customer.begin

    def counted(self: Any, session: Any) -> Any:
        rows = session.transaction.fetch(sa.select(sa.func.count()).select_from(Customer.__table__))
        return begin(self, session) | {"code": f"C{rows[0][0]:06}"}

    patch.setattr(Customer, "begin", counted)


@through("count", "sum")
def s03_counted(patch: pytest.MonkeyPatch) -> None:
    """Counts and sums go over everything."""
    _unscoped(patch, aggregate)


@through("batch", "amend on a later day")
def s26_batch_whole(patch: pytest.MonkeyPatch) -> None:
    """Whoever knows the id of a batch sees all its amendments."""
    _unscoped(patch, view)


@through("by stage", "report pipeline command")
def s03_tallied(patch: pytest.MonkeyPatch) -> None:
    """The report counts what stands in each stage for everybody."""
    _unscoped(patch, tally)


@through("count distinct")
def s03_distinct(patch: pytest.MonkeyPatch) -> None:
    """Different values are counted over everything."""
    query = aggregate.query

    def wide(tx: Any, cls: Any, conditions: Any = ()) -> Any:
        found = query(tx, cls, conditions)
        column = found.column

        def opened(field: Any) -> Any:
            found.scope, found.nothing = NO_SCOPE, False
            return column(field)

        found.column = opened
        return found

    patch.setattr(aggregate, "query", wide)


@through("walk through pages", "page")
def s04_filtered_pages(patch: pytest.MonkeyPatch) -> None:
    """A page is read first and filtered afterwards, so that its length tells of others."""
    _unscoped(patch, paging)
    page = paging.page

    def filtered(tx: Any, cls: Any, *more: Any) -> Any:
        found = page(tx, cls, *more)
        kept = [one for one in found.items if gateway.fetch_one(tx, cls, one.id) is not None]
        return attrs.evolve(found, items=kept)

    patch.setattr(paging, "page", filtered)


@through("walk through pages", "page")
def s04_cursor_with_total(patch: pytest.MonkeyPatch) -> None:
    """A cursor says how many records there are."""
    signed, opened = paging._signed, paging._opened

    def told(tx: Any, *more: Any) -> str:
        rows = tx.fetch(sa.select(sa.func.count()).select_from(Customer.__table__))
        return f"{signed(tx, *more)}.{rows[0][0]}"

    patch.setattr(paging, "_signed", told)
    patch.setattr(paging, "_opened", lambda tx, at, *more: opened(tx, at.partition(".")[0], *more))


@through("find", "count", "sum", "list command", viewers=("rep", "mate", "west"))
def s05_joined(patch: pytest.MonkeyPatch) -> None:
    """A condition on the customer reads customers that are hidden."""
    faults.read_without_scope(patch)


@through("list command", "show command", "history command")
def s05_labels(patch: pytest.MonkeyPatch) -> None:
    """Lists and histories name the records that links lead to, hidden or not."""
    label_of = listing.label_of if hasattr(listing, "label_of") else lambda record: str(record.name)

    def labels(session: Any, refs: Any) -> Any:
        tx = session.transaction
        found = [any_record(tx, session.crm.record(ref.entity), ref.id) for ref in refs if ref is not None]
        return {one.id: label_of(one) for one in found if one is not None}

    patch.setattr(listing, "labels_of", labels)
    patch.setattr(past, "labels_of", labels)


@through("add what hangs on a record")
def s06_linked(patch: pytest.MonkeyPatch) -> None:
    """Links are not looked at when something is added."""
    patch.setattr(add, "check_links", lambda *given: None)


@through("add what hangs on a record")
def s06_link_refused_otherwise(patch: pytest.MonkeyPatch) -> None:
    """A link to a hidden record is refused in other words than one to none."""
    check = add.check_links

    def telling(tx: Any, record: Any, *more: Any) -> None:
        try:
            check(tx, record, *more)
        except NotFoundError:
            ref = getattr(record, "customer", None)
            if ref is not None and any_record(tx, Customer, ref.id) is not None:
                raise ForbiddenError("this customer is not yours") from None
            raise

    patch.setattr(add, "check_links", telling)


def _open_during(patch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """Let hidden columns through while one function of the gateway runs."""
    plain, rights, deep = getattr(owner, name), gateway.field_rights, [0]

    def opened(*given: Any, **named: Any) -> Any:
        deep[0] += 1
        try:
            return plain(*given, **named)
        finally:
            deep[0] -= 1

    patch.setattr(owner, name, opened)
    patch.setattr(gateway, "field_rights", lambda tx, cls: FieldRights() if deep[0] else rights(tx, cls))


@through("find", "count", "list command", rules=HIDDEN)
def s07_filtered_by_hidden(patch: pytest.MonkeyPatch) -> None:
    """Conditions may name hidden fields."""
    _open_during(patch, gateway.Query, "__init__")


@through("find", "list command", rules=HIDDEN, viewers=("top",))
def s08_sorted_by_hidden(patch: pytest.MonkeyPatch) -> None:
    """Lists may be sorted by hidden fields."""
    _open_during(patch, gateway.Query, "ordering")


@through("sum", "count distinct", rules=HIDDEN)
def s09_summed_hidden(patch: pytest.MonkeyPatch) -> None:
    """Hidden fields may be summed and their values counted."""
    _open_during(patch, aggregate, "total")
    _open_during(patch, aggregate, "count")
