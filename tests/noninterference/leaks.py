"""Leaks to plant, each of which the two worlds must show; named after the channel that they open.

They reach into the rooms on purpose: a leak lies inside. Channels of pages, of REST and of searching
(S10 to S12, S19 to S21, S24, S25, S27, S29) are for the tests of those faces.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
import sqlalchemy as sa

from pycrm import Customer, ForbiddenError, NotFoundError
from pycrm.cli import listing, past
from pycrm.exchange import exporting
from pycrm.pipeline import tally
from pycrm.revision import add, assign, change, claim, handover, transfer
from pycrm.revision import history as history_of
from pycrm.scope import actor, aggregate, gateway, organisation, paging, predicate, reason, sharing
from pycrm.scope.children import any_record
from pycrm.scope.fields import FieldRights, whole
from pycrm.session import act, reading, unit
from pycrm.session.reading import Reading
from pycrm.session.unit import Unit
from pycrm.store import Transaction
from scope import faults

from .twins import Focus

Plant = Callable[[pytest.MonkeyPatch], None]
_ALL = predicate.Scope(None, (), {})
_HIDDEN = ("Customer.channel", "Opportunity.amount", "Opportunity.next_step", "Organization.industry")


LEAKS: dict[str, Plant] = {}
# Where each is looked for when time is short; a longer search looks everywhere.
FOCUS: dict[str, Focus] = {}


def through(*operations: str, **more: Any) -> Callable[[Plant], Plant]:
    """Enter a leak, and say by which operations, people, rules and events it shows."""

    def enter(plant: Plant) -> Plant:
        LEAKS[plant.__name__], FOCUS[plant.__name__] = plant, Focus(operations, **more)
        return plant

    return enter


def _unscoped(patch: pytest.MonkeyPatch, module: Any) -> None:
    """Let the readings of one module forget the scope."""
    query = module.query

    def wide(*given: Any, **named: Any) -> Any:
        found = query(*given, **named)
        found.scope, found.nothing, found.is_plain = _ALL, False, False
        return found

    patch.setattr(module, "query", wide)


@through("get", "find one", "read attributes")
def s01_got_by_id(patch: pytest.MonkeyPatch) -> None:
    """Whoever knows an id gets the record."""
    patch.setattr(reading, "fetch_one", any_record)


@through("change", "move", "archive")
def s01_changed_by_id(patch: pytest.MonkeyPatch) -> None:
    """Whoever knows an id changes the record."""
    patch.setattr(change, "scope_of", lambda *given: _ALL)


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
            found.scope, found.nothing = _ALL, False
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
        found = [
            any_record(tx, session.crm.record(ref.entity), ref.id) for ref in refs if ref is not None
        ]
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


@through("find", "count", "list command", rules=_HIDDEN)
def s07_filtered_by_hidden(patch: pytest.MonkeyPatch) -> None:
    """Conditions may name hidden fields."""
    _open_during(patch, gateway.Query, "__init__")


@through("find", "list command", rules=_HIDDEN, viewers=("top",))
def s08_sorted_by_hidden(patch: pytest.MonkeyPatch) -> None:
    """Lists may be sorted by hidden fields."""
    _open_during(patch, gateway.Query, "ordering")


@through("sum", "count distinct", rules=_HIDDEN)
def s09_summed_hidden(patch: pytest.MonkeyPatch) -> None:
    """Hidden fields may be summed and their values counted."""
    _open_during(patch, aggregate, "total")
    _open_during(patch, aggregate, "count")


@through("export", rules=_HIDDEN, viewers=("top",))
def s13_exported_hidden_fields(patch: pytest.MonkeyPatch) -> None:
    """An export has columns that the list has not."""
    records = gateway.Query.records

    def read_whole(self: Any, *given: Any, **named: Any) -> Any:
        with whole(self.tx):
            return records(self, *given, **named)

    patch.setattr(exporting.Query, "records", read_whole)
    patch.setattr(exporting, "field_rights", lambda tx, cls: FieldRights())


@through("export")
def s13_exported_rows(patch: pytest.MonkeyPatch) -> None:
    """An export has rows that the list has not."""
    init = gateway.Query.__init__

    def wide(self: Any, *given: Any, **named: Any) -> None:
        init(self, *given, **named)
        if named.get("action"):
            self.scope, self.nothing, self.where = _ALL, False, []

    patch.setattr(gateway.Query, "__init__", wide)


@through("add a customer", "amend")
def s14_claims_refuse(patch: pytest.MonkeyPatch) -> None:
    """A value that somebody hidden holds is refused, as by a unique index."""
    patch.setattr(claim.Wanted, "is_quiet", property(lambda self: False))


@through("add a customer", "amend")
def s14_claims_name_the_holder(patch: pytest.MonkeyPatch) -> None:
    """Whoever enters a value is told who holds it."""
    patch.setattr(claim, "fetch_one", any_record)


@through("get", "show command", "read attributes")
def s16_hidden_is_forbidden(patch: pytest.MonkeyPatch) -> None:
    """What is hidden is refused as forbidden, what is missing as not found."""
    get = Reading.get

    def telling(self: Any, what: Any, id: Any = None) -> Any:
        try:
            return get(self, what, id)
        except NotFoundError:
            if any_record(self.transaction, *self._named(what, id)) is not None:
                raise ForbiddenError("this record is not yours") from None
            raise

    patch.setattr(Reading, "get", telling)


@through("change", "move", "archive")
def s16_act_says_why(patch: pytest.MonkeyPatch) -> None:
    """An act on a hidden record is refused for what is wrong with it."""
    why = change._why_not

    def telling(tx: Any, record: Any, values: Any) -> Exception:
        found = any_record(tx, type(record), record.id)
        return why(tx, record, values) if found is None else ForbiddenError("changing this is not granted")

    patch.setattr(change, "_why_not", telling)
    # Two doors keep this shut: each refusal of an act is looked through once more.
    patch.setattr(act.Act, "_refuse_hidden", lambda self, error: None)


@through("history", "history command", rules=_HIDDEN, viewers=("top",))
def s17_history_whole(patch: pytest.MonkeyPatch) -> None:
    """History shows the values of hidden fields."""
    patch.setattr(history_of, "redacted", lambda tx, revisions: list(revisions))


@through("history", "as of", "owners", "stages")
def s17_history_of_hidden(patch: pytest.MonkeyPatch) -> None:
    """Whoever holds an old copy of a record reads on what becomes of it."""
    patch.setattr(Unit, "_in_sight", lambda self, record: record)


@through("as of", rules=_HIDDEN, viewers=("top",))
def s17_past_whole(patch: pytest.MonkeyPatch) -> None:
    """A record as it was shows fields that are hidden now."""
    patch.setattr(reading, "shown", lambda tx, record: record)


@through("find", "get", "count", rules=("Party.name",), viewers=("top",))
def s18_mirror(patch: pytest.MonkeyPatch) -> None:
    """A customer's name is shown where its party's is hidden."""
    from pycrm.scope import fields

    patch.setattr(fields, "_follow_mirrors", lambda tx, cls, reads: None)


@through("find", "count", "get", viewers=("top", "rep"), events=("demote",))
def s22_actor_kept(patch: pytest.MonkeyPatch) -> None:
    """What a person may do is worked out once and kept."""
    resolve, kept = actor.resolve, {}

    def once(tx: Any, who: Any, **options: Any) -> Any:
        if not isinstance(who, str):
            return resolve(tx, who, **options)
        found = kept.get((tx.crm, who))
        if found is None or tx.moment.date().isoformat() < "2026":
            found = kept[tx.crm, who] = resolve(tx, who, **options)
        return found

    patch.setattr(unit, "resolve", once)


@through("find", "count", "get", viewers=("east", "west", "desk"), events=("transfer",))
def s22_records_left_behind(patch: pytest.MonkeyPatch) -> None:
    """A person moves to another unit, and the records stay in sight of the old one."""
    patch.setattr(organisation, "follow", lambda tx, user, home: None)


@through("find", "count", "get", viewers=("top", "east"), events=("hang",))
def s22_tree_not_moved(patch: pytest.MonkeyPatch) -> None:
    """A unit goes elsewhere and stays in sight of those above it before."""
    patch.setattr(organisation, "move_unit", lambda tx, moved, parent: None)


class _Any:
    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0


@through("find", "count", "get", viewers=("top", "rep"), events=("suspend",))
def s23_suspended(patch: pytest.MonkeyPatch) -> None:
    """Who was suspended goes on."""
    patch.setattr(actor, "UserState", SimpleNamespace(ACTIVE=SimpleNamespace(value=_Any())))


@through("find", "count", viewers=("gone", "new"))
def s23_dates_ignored(patch: pytest.MonkeyPatch) -> None:
    """A role counts before it begins and after it has ended."""
    faults.dates_ignored(patch)


@through("find", "count", viewers=("west",), events=("day",))
def s23_share_for_ever(patch: pytest.MonkeyPatch) -> None:
    """A share goes on after its last day."""
    faults.share_for_ever(patch)


@through("find", "count", viewers=("gone", "west"))
def s23_passed_on(patch: pytest.MonkeyPatch) -> None:
    """Whoever stands in for somebody passes on what others gave that person."""
    faults.passed_on(patch)


@through("find", "count", viewers=("west", "desk"))
def s23_share_beyond_its_giver(patch: pytest.MonkeyPatch) -> None:
    """A share shows the record though its giver sees it no more."""
    faults.share_beyond_its_giver(patch)


@through("preview handover", "hand over")
def s26_handover_counts_all(patch: pytest.MonkeyPatch) -> None:
    """A handover is counted over records in no sight."""
    for module in (transfer, handover):
        patch.setattr(module, "within", lambda tx, cls, *actions: sa.true())


@through("change", "archive")
def s28_stale_of_hidden(patch: pytest.MonkeyPatch) -> None:
    """Whoever holds an old copy is told that a hidden record was changed, and how."""
    patch.setattr(change, "fetch_one", any_record)


@through("why", "who", "access why command")
def s29_who_reaches_hidden(patch: pytest.MonkeyPatch) -> None:
    """Who reaches a hidden record is refused otherwise than for no record."""
    patch.setattr(reason, "fetch_one", any_record)


@through("add a customer", "add what hangs on a record")
def s32_kept_after_refusal(patch: pytest.MonkeyPatch) -> None:
    """A refused session is committed instead of rolled back."""
    patch.setattr(Transaction, "rollback", Transaction.commit)


@through("change", "archive", "add what hangs on a record")
def s32_written_before_checked(patch: pytest.MonkeyPatch) -> None:
    """An act is noted in a transaction of its own before anybody looks whether it may be."""
    enter = act.Act.__enter__

    def noting(self: Any) -> None:
        crm = self._session.crm
        enter(self)
        later = self._session.transaction.after_rollback

        def keep() -> None:
            with crm.store.connect() as connection:
                connection.execute(sa.text("DELETE FROM crm_note"))

        later.append(keep)

    patch.setattr(act.Act, "__enter__", noting)


@through("find")
def s33_archived_unscoped(patch: pytest.MonkeyPatch) -> None:
    """Lists with what was put away forget the scope."""
    query = reading.query

    def wide(tx: Any, cls: Any, conditions: Any = (), archived: bool = False) -> Any:
        found = query(tx, cls, conditions, archived)
        if archived:
            found.scope, found.nothing, found.is_plain = _ALL, False, False
        return found

    patch.setattr(reading, "query", wide)


@through("assign")
def s33_assigned_by_id(patch: pytest.MonkeyPatch) -> None:
    """A record is handed on without looking whether it is in sight."""
    patch.setattr(assign, "fetch_one", lambda tx, cls, id, *action: any_record(tx, cls, id))


@through("find", "count", viewers=("west", "desk"))
def s33_unit_for_subtree(patch: pytest.MonkeyPatch) -> None:
    """A leader of one unit sees those below too."""
    faults.subtree_for_unit(patch)


@through("find", "count", viewers=("desk",))
def s33_other_entity(patch: pytest.MonkeyPatch) -> None:
    """What is granted for customers holds for everything."""
    faults.other_entity(patch)


@through("share", "add a share")
def s33_shared_on(patch: pytest.MonkeyPatch) -> None:
    """A hidden record can be shared by who knows its id."""
    plain = sharing._reached
    patch.setattr(
        sharing,
        "_reached",
        lambda tx, who, cls, action, ids: set(ids) if len(ids) == 1 else plain(tx, who, cls, action, ids),
    )
