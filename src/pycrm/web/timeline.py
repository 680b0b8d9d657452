"""Everything that has happened around a record, newest first: talks, plans, promises, notes, changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.errors import NotReadError
from pycrm.web.catalog import path_of, reads
from pycrm.web.show import Show

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["KINDS", "Difference", "Item", "timeline"]

_MOST = 40
#: The kinds of item by which a timeline can be narrowed.
KINDS = ("talk", "plan", "promise", "note", "change")
_SOURCES = {"Activity": "talk", "Task": "plan", "Commitment": "promise", "Note": "note"}
_ICONS = {"call": "phone", "visit": "pin", "email": "mail", "reception": "pin", "demo": "eye"}
# What a change always brings with it, and says nothing.
_DULL = frozenset(
    {"version", "updated_at", "updated_by", "created_at", "created_by", "stage_at", "active_at", "id"}
)
_DULL |= {
    "pipeline",
    "pipeline_version",
    "stage_config",
    "code",
    "of",
    "party",
    "owner_unit",
    "last_contact_at",
}


@attrs.frozen
class Difference:
    """One field before and after, in words."""

    label: str
    old: str
    new: str


@attrs.frozen
class Item:
    """One thing that happened."""

    at: datetime
    kind: str
    icon: str
    title: str
    text: str = ""
    by: str = ""
    path: str | None = None
    tag: str = ""
    tone: str = ""
    differences: tuple[Difference, ...] = ()
    reason: str = ""


def timeline(show: Show, record: Any, kind: str = "") -> list[Item]:
    """What happened around a record, as far as its reader sees it, newest first."""
    found: list[Item] = []
    some = [
        (own, one)
        for entity, own in _SOURCES.items()
        if kind in ("", own)
        for one in _linked(show, record, entity)
    ]
    show.know(_by(one) for _, one in some)
    for own, one in some:
        # What tells the event may be hidden from this reader, and so is the event.
        with suppress(NotReadError):
            found.append(_item(show, show.session, one, own))
    if kind in ("", "change"):
        found += _changes(show, record)
    return sorted(found, key=lambda one: one.at, reverse=True)[: 2 * _MOST]


def _linked(show: Show, record: Any, entity: str) -> Sequence[Any]:
    """The newest of a kind of record that belong to this one."""
    session = show.session
    cls = session.crm.record(entity, None)
    if cls is None or not reads(session, cls):
        return ()
    links = [one for one in cls.__specs__.values() if one.target == type(record).__name__ and not one.derived]
    if not links:
        return ()
    order = cls.started_at.desc() if entity == "Activity" else cls.created_at.desc()
    mine = getattr(cls, links[0].name) == record.id
    found: Sequence[Any] = session.find(cls, mine, order=order, limit=_MOST)
    return found


def _item(show: Show, session: Session, one: Any, kind: str) -> Item:
    words, path = show.words, path_of(show.crm, one)
    by = show.known(_by(one))
    if kind == "talk":
        text = one.summary
        more = " → ".join(part for part in (one.next_step, one.next_on and one.next_on.isoformat()) if part)
        title = words.value(one.kind) + (f" · {words.value(one.outcome)}" if one.outcome else "")
        return Item(
            one.started_at, kind, _ICONS.get(one.kind.value, "chat"), title, text, by, path, reason=more
        )
    if kind == "note":
        return Item(one.created_at, kind, "note", words.record(type(one)), one.body, by, path)
    stage = session.stage(one)
    due = one.due_at.astimezone(show.crm.zone).date() if kind == "plan" else one.due_on
    text = one.title if kind == "plan" else one.text
    title = words("{kind}, due {day}", kind=words.record(type(one)), day=due.isoformat())
    icon = "check" if kind == "plan" else "hand"
    return Item(one.created_at, kind, icon, title, text, by, path, words.stage(stage), stage.kind)


def _by(one: Any) -> Any:
    """Whose it is, or who entered it; None where neither is shown to the reader."""
    for name in ("owner", "created_by"):
        try:
            ref = getattr(one, name, None)
        except NotReadError:
            continue
        if ref is not None:
            return ref
    return None


def _changes(show: Show, record: Any) -> Iterator[Item]:
    revisions = show.session.history(record, limit=_MOST)
    show.know([ref for one in revisions for ref in (one.by, *one.approvers)])
    for one in revisions:
        cls = show.crm.record(one.entity, None)
        if cls is None:
            continue
        differences = tuple(
            Difference(show.path(cls, change.path), show.stored(cls, change.path, change.old), new)
            for change in one.changes
            if change.path.partition("/")[0] not in _DULL
            and (new := show.stored(cls, change.path, change.new))
            != show.stored(cls, change.path, change.old)
        )
        if one.act == "add":
            differences = ()
        elif not differences and not one.reason:
            continue
        by = show.name(one.by) if one.by is not None else one.actor
        agreed = ", ".join(show.name(ref) for ref in one.approvers)
        if agreed:
            by = show.words("{name}, agreed by {others}", name=by, others=agreed)
        title = f"{show.words('act:' + one.act)} · {show.words.record(cls)}"
        yield Item(
            one.at.astimezone(UTC),
            "change",
            "history",
            title,
            "",
            by,
            None,
            "",
            "",
            differences,
            one.reason or "",
        )
