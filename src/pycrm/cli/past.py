"""The history of a record for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.cli.answer import Fields
from pycrm.cli.entity import labels_of
from pycrm.cli.value import local, shown
from pycrm.declare import Ref
from pycrm.declare.codec import from_json
from pycrm.declare.record import child_class

if TYPE_CHECKING:
    from pycrm.declare.field import Spec
    from pycrm.revision import FieldChange, Revision
    from pycrm.session import Session

__all__ = ["Past"]


class Past:
    """Revisions of one record and of what belongs to it, newest first."""

    def __init__(self, session: Session, record: Any, revisions: Sequence[Revision]) -> None:
        self._session, self._revisions, self._cls = session, revisions, type(record)
        staged = self._cls.__pipeline__ is not None
        self._stages = {one.stage: one.label for one in session.stages(record)} if staged else {}
        values = [value for one in revisions for change in one.changes for value in self._pair(one, change)]
        people = [one.on_behalf for one in revisions]
        refs = (value for value in [*values, *people] if isinstance(value, Ref))
        self._labels: dict[UUID, str] = labels_of(session, refs)

    def json(self) -> list[dict[str, Any]]:
        """The revisions as JSON has them."""
        return [
            {
                "entity": one.entity,
                "version": one.version,
                "act": one.act,
                "at": one.at.isoformat(),
                "by": one.actor,
                "on_behalf": str(one.on_behalf.id) if one.on_behalf else None,
                "source": one.source,
                "reason": one.reason,
                "changes": [
                    {"path": change.path, "old": change.old, "new": change.new} for change in one.changes
                ],
            }
            for one in self._revisions
        ]

    def parts(self) -> list[Fields]:
        """Each revision with what it changed, for people."""
        found, zone = [], self._session.crm.zone
        for one in self._revisions:
            behalf = self._labels.get(one.on_behalf.id, "?") if one.on_behalf else ""
            who = f"{one.actor} on behalf of {behalf}" if behalf else one.actor
            what = "" if one.entity == self._cls.__name__ else f" {one.entity.lower()}"
            why = f": {one.reason}" if one.reason else ""
            title = f"{local(one.at, zone)}  {who}  {one.act}{what}{why}"
            lines = [self._line(one, change) for change in one.changes if self._tells(change)]
            found.append(Fields(lines, title))
        return found

    def _tells(self, change: FieldChange) -> bool:
        """Whether a line is worth reading: when a stage was entered is when the move was made."""
        return change.path != "stage_at" and not change.path.endswith("/position")

    def _line(self, one: Revision, change: FieldChange) -> tuple[str, str]:
        label = self._label(one, change)
        old, new = self._pair(one, change)
        zone = self._session.crm.zone
        before, after = (shown(value, self._labels, zone) for value in (old, new))
        if change.path == "stage":
            before, after = self._stages.get(before, before), self._stages.get(after, after)
        return label, after if one.act == "add" else f"{before or '–'} → {after or '–'}"

    def _spec(self, one: Revision, change: FieldChange) -> Spec | None:
        cls = self._session.crm.record(one.entity, None)
        name, _, rest = change.path.partition("/")
        spec: Spec | None = cls.__specs__.get(name) if cls is not None else None
        if spec is not None and spec.child is not None and rest:
            return child_class(cls, spec).__specs__.get(rest.partition("/")[2])  # type: ignore[no-any-return]
        return spec

    def _label(self, one: Revision, change: FieldChange) -> str:
        spec = self._spec(one, change)
        name, _, rest = change.path.partition("/")
        cls = self._session.crm.record(one.entity, None)
        if spec is None:
            return change.path
        return f"{cls.__specs__[name].label}: {spec.label}" if rest else spec.label

    def _pair(self, one: Revision, change: FieldChange) -> tuple[Any, Any]:
        spec = self._spec(one, change)
        if spec is None or spec.kind is None:
            return change.old, change.new
        return self._value(spec, change.old), self._value(spec, change.new)

    @staticmethod
    def _value(spec: Spec, value: Any) -> Any:
        try:
            return from_json(spec, value)
        except (ValueError, TypeError):
            # Written before the field had its present type.
            return str(value)
