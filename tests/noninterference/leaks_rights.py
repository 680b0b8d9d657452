"""Leaks of exports, claims, histories, rights and writing to plant: S13 to S33; see `leaks_reading`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from scope import faults

from pycrm import ConflictError, ForbiddenError, NotFoundError
from pycrm.errors import Problem
from pycrm.exchange import beside, exporting
from pycrm.pipeline import judging
from pycrm.revision import assign, change, claim, guard, handover, transfer, where
from pycrm.revision.amendment import difference
from pycrm.scope import actor, fields, gateway, organisation, reason, sharing
from pycrm.scope.children import any_record, with_children
from pycrm.scope.fields import FieldRights, whole
from pycrm.session import act, reading, unit
from pycrm.session.reading import Reading
from pycrm.store import Transaction

from .planting import HIDDEN, NO_SCOPE, through


@through("export", rules=HIDDEN, viewers=("top",))
def s13_exported_hidden_fields(patch: pytest.MonkeyPatch) -> None:
    """An export has columns that the list has not."""
    records = gateway.Query.records

    def read_whole(self: Any, *given: Any, **named: Any) -> Any:
        with whole(self.tx):
            return records(self, *given, **named)

    patch.setattr(exporting.Query, "records", read_whole)
    patch.setattr(beside, "field_rights", lambda tx, cls: FieldRights())


@through("export")
def s13_exported_rows(patch: pytest.MonkeyPatch) -> None:
    """An export has rows that the list has not."""
    init = gateway.Query.__init__

    def wide(self: Any, *given: Any, **named: Any) -> None:
        init(self, *given, **named)
        if named.get("action"):
            self.scope, self.nothing, self.where = NO_SCOPE, False, []

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
    why = guard.why_not

    def telling(tx: Any, record: Any, values: Any) -> Exception:
        found = any_record(tx, type(record), record.id)
        return why(tx, record, values) if found is None else ForbiddenError("changing this is not granted")

    patch.setattr(guard, "why_not", telling)
    # Two doors keep this shut: each refusal of an act is looked through once more.
    patch.setattr(act.Act, "_refuse_hidden", lambda self, error: None)


@through("children", viewers=("west", "rep"), events=("hand on",))
def s17_rows_of_hidden(patch: pytest.MonkeyPatch) -> None:
    """Whoever holds an old copy of a record reads the rows that hang on it now."""
    patch.setattr(Reading, "children", lambda self, record: with_children(self.transaction, [record])[0])


@through("find", "get", "change", viewers=("west", "rep"))
def s05_owner_of_the_parent(patch: pytest.MonkeyPatch) -> None:
    """Whoever sees a record as its own owner alone is told whose its hidden parent is."""
    patch.setattr(fields, "copies_of", lambda cls: frozenset())


@through("moves", "move", rules=HIDDEN, viewers=("top",))
def s18_gate(patch: pytest.MonkeyPatch) -> None:
    """A gate tells whether a hidden field is empty."""
    patch.setattr(judging, "field_rights", lambda tx, cls: FieldRights())


@through("change", "amend", rules=HIDDEN, viewers=("top",))
def s18_guess_confirmed(patch: pytest.MonkeyPatch) -> None:
    """Whoever writes a field unseen is told whether it held that value already."""
    for module in (change, difference):
        patch.setattr(module, "unseen", lambda tx, cls, values: frozenset())


@through("change where")
def s26_set_changes_all(patch: pytest.MonkeyPatch) -> None:
    """A set is changed, and counted, with records in no sight."""
    init = where.Query.__init__

    def wide(self: Any, *given: Any, **named: Any) -> None:
        init(self, *given, **named)
        if named.get("action"):
            self.scope, self.nothing, self.where = NO_SCOPE, False, list(given[2])

    patch.setattr(where.Query, "__init__", wide)


@through("import customers")
def s26_import_key(patch: pytest.MonkeyPatch) -> None:
    """An import says that a hidden record was imported by the same key."""

    def refuse(tx: Any, policy: Any, entity: str, holder: Any, path: str) -> None:
        raise ConflictError("already held elsewhere", fields=[Problem(path, "unique", "held")])

    patch.setattr(claim, "refuse_held", refuse)


@through("find", "get", "count", rules=("Party.name",), viewers=("top",))
def s18_mirror(patch: pytest.MonkeyPatch) -> None:
    """A customer's name is shown where its party's is hidden."""
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
    patch.setattr(guard, "fetch_one", any_record)
    # Two doors keep this shut, as above.
    patch.setattr(act.Act, "_refuse_hidden", lambda self, error: None)


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
            found.scope, found.nothing, found.is_plain = NO_SCOPE, False, False
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
    plain = sharing.reached

    def existing(tx: Any, who: Any, cls: Any, action: str, ids: list[Any]) -> set[Any]:
        if len(ids) != 1:
            return plain(tx, who, cls, action, ids)
        return {id for id in ids if any_record(tx, cls, id) is not None}

    patch.setattr(sharing, "reached", existing)
