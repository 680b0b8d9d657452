"""Every hook: the moments at which pycrm asks or tells the plugins.

A hook has one of three kinds, and its name says which; there is no fourth.

- ``before_<verb>`` runs before anything is written and may refuse by raising a `RefusedError`.
- the past tense (``record_changed``) runs after the write, in the same transaction, and observes.
- ``choose_<thing>`` answers a question; the first answer that is not None wins.

A plugin implements a hook as a method marked `hookimpl` and takes as many of the arguments as it
needs, by their names. Plugins are called in the order in which they were loaded: requirements
before those that require them. What is passed in is frozen. An exception other than a refusal is
the plugin's failure: it stops the act, or (where the CRM is set to isolate) is recorded while the
others run on. In this module stand the hooks that the foundation calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar
from uuid import UUID

import pluggy

if TYPE_CHECKING:
    from pycrm.declare import Record
    from pycrm.session import Session

__all__ = [
    "Change",
    "HookDeprecationWarning",
    "HookKind",
    "Retiring",
    "StageMove",
    "before_add",
    "before_change",
    "before_move",
    "choose_owner",
    "hook_kind",
    "hookimpl",
    "hookspec",
    "record_added",
    "record_changed",
    "record_moved",
    "retiring",
]

F = TypeVar("F", bound=Callable[..., object])

PROJECT = "pycrm"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

HookKind = Literal["before", "past", "choose"]

# Past tenses that do not end in "ed".
_IRREGULAR = frozenset(
    {
        "begun",
        "bought",
        "built",
        "chosen",
        "drawn",
        "found",
        "given",
        "held",
        "kept",
        "left",
        "lost",
        "made",
        "met",
    }
    | {"paid", "put", "read", "sent", "set", "sold", "split", "taken", "told", "won", "withdrawn", "written"}
)


def hook_kind(name: str) -> HookKind | None:
    """The kind of hook that a name announces, or None where it announces none.

    >>> hook_kind("before_change"), hook_kind("record_sent"), hook_kind("choose_owner")
    ('before', 'past', 'choose')
    >>> hook_kind("record_change") is None
    True
    """
    first, _, rest = name.partition("_")
    if not rest:
        return None
    if first == "before":
        return "before"
    if first == "choose":
        return "choose"
    last = name.rpartition("_")[2]
    return "past" if last.endswith("ed") or last in _IRREGULAR else None


class HookDeprecationWarning(DeprecationWarning):
    """A plugin implements a hook, or takes an argument of one, which a coming version of the contract lacks."""


class Retiring(NamedTuple):
    """That a hook, or one `argument` of it, goes: told since one version, gone in a later, and what to use."""

    since: str
    gone: str
    use: str
    argument: str | None = None


def retiring(since: str, gone: str, use: str, *, argument: str | None = None) -> Callable[[F], F]:
    """Announce that a hook goes, so that its plugins have one release of the contract to follow.

    Written between `hookspec` and the specification. Until `gone` it is called as ever, and each plugin
    that implements it is warned with its file and line; pycrm does not start with a hook whose time
    is over and that was left in.

    Args:
        since: the version of the contract (`pycrm.plugin.API`) that announces it.
        gone: the version without it, at least one release later.
        use: what to do instead, in words.
        argument: only this argument goes.
    """

    def mark(specification: F) -> F:
        told: Any = specification
        told.retiring = (*getattr(told, "retiring", ()), Retiring(since, gone, use, argument))
        return specification

    return mark


class Change(NamedTuple):
    """One field's value before and after; in a ``before_`` hook `after` is what is asked for."""

    before: object
    after: object


class StageMove(NamedTuple):
    """A record's step from stage `source` to stage `target` by the declared move `key`, and why.

    `events` are those that the move declares to have happened with it (`Emit`).
    """

    pipeline: str
    key: str
    source: str
    target: str
    because: str | None = None
    events: tuple[str, ...] = ()


@hookspec
def before_add(session: Session, record: Record) -> None:
    """Look at a record that is about to be added.

    Runs inside `Session.add`, after the record has passed its own checks and its owner is known,
    before anything is written. A `RefusedError` refuses the record and is shown to the person.

    >>> from pycrm.errors import InvalidError
    >>> from pycrm.plugin import Plugin, hookimpl
    >>> class Exam(Plugin):
    ...     "Examination centre"
    ...     name = "exam"
    ...     @hookimpl
    ...     def before_add(self, record):
    ...         if getattr(record, "headcount", 1) > 200:
    ...             raise InvalidError("At most 200 people are examined in one visit.")
    """


@hookspec
def before_change(session: Session, record: Record, changes: Mapping[str, Change]) -> None:
    """Look at changes that are about to be made to a record.

    Runs inside `Session.change`, `amend`, `move`, `archive` and `restore`, after the new values
    have passed the record's own checks and before anything is written. `record` is still as it
    was; `changes` maps each field that would differ to its `Change`. A `RefusedError` refuses the
    whole act.

    >>> from pycrm.errors import ConflictError
    >>> from pycrm.plugin import Plugin, hookimpl
    >>> class Exam(Plugin):
    ...     "Examination centre"
    ...     name = "exam"
    ...     @hookimpl
    ...     def before_change(self, changes):
    ...         if "headcount" in changes and changes["headcount"].after > 200:
    ...             raise ConflictError("At most 200 people are examined in one visit.")
    >>> Exam().before_change({"headcount": Change(before=3, after=201)})
    Traceback (most recent call last):
    pycrm.errors.ConflictError: At most 200 people are examined in one visit.
    """


@hookspec
def before_move(session: Session, record: Record, move: StageMove) -> None:
    """Look at a move that a record is about to make along its pipeline.

    Runs inside `Session.move`, after the pipeline's own guards have been met and before anything
    is written; `record` still stands in ``move.source``, without the values that come with the move:
    a rule over those is a guard, which is asked about the record as it would be, or `before_change`,
    which follows in the same move with all that changes. A `RefusedError` refuses the move; a
    `MoveError` may carry what is missing, so that a board can ask for it.

    >>> from pycrm.errors import MoveError
    >>> from pycrm.plugin import Plugin, hookimpl
    >>> class Billing(Plugin):
    ...     "Billing"
    ...     name = "billing"
    ...     @hookimpl
    ...     def before_move(self, record, move):
    ...         if move.target == "won" and record.amount is None:
    ...             raise MoveError("A won deal has an amount.", data={"missing": ["amount"]})
    """


@hookspec
def record_added(session: Session, record: Record) -> None:
    """See a record that has just been added.

    Runs inside `Session.add`, after the row and its change row are written and before the commit:
    what a plugin writes here commits or fails with it. Refusing is no longer possible; an
    exception is a failure of the plugin.

    >>> from pycrm.plugin import Plugin, hookimpl
    >>> class Arrivals(Plugin):
    ...     "Arrivals"
    ...     name = "arrivals"
    ...     seen = staticmethod(print)
    ...     @hookimpl
    ...     def record_added(self, record):
    ...         self.seen("added", record)
    >>> Arrivals().record_added("Hongda Logistics")
    added Hongda Logistics
    """


@hookspec
def record_changed(session: Session, record: Record, changes: Mapping[str, Change]) -> None:
    """See a record that has just been changed.

    Runs inside `Session.change`, `amend`, `move`, `archive` and `restore`, after the row and its
    change row are written and before the commit. `record` is the new value; `changes` maps each
    field that differs to its `Change`. Refusing is no longer possible; an exception is a failure
    of the plugin.

    >>> from pycrm.plugin import Plugin, hookimpl
    >>> class Exam(Plugin):
    ...     "Examination centre"
    ...     name = "exam"
    ...     @hookimpl
    ...     def record_changed(self, session, record, changes):
    ...         if "on" in changes:
    ...             session.change(record, reminded=False)
    """


@hookspec
def record_moved(session: Session, record: Record, move: StageMove) -> None:
    """See a record that has just moved along its pipeline.

    Runs inside `Session.move`, after the stage and its history are written and before the commit;
    `record` already stands in ``move.target``. Refusing is no longer possible; an exception is a
    failure of the plugin.

    >>> from pycrm.plugin import Plugin, hookimpl
    >>> class Exam(Plugin):
    ...     "Examination centre"
    ...     name = "exam"
    ...     @hookimpl
    ...     def record_moved(self, session, record, move):
    ...         if move.target == "arrived":
    ...             session.change(record, arrived_at=session.now)
    """


@hookspec(firstresult=True)
def choose_owner(session: Session, record: Record) -> UUID | None:
    """Say who shall own a record that is added without an owner.

    Runs inside `Session.add`, before `before_add`, only for records that have an owner and were
    given none. The answer is the id of a user, or None to leave it to the next plugin and at last
    to the actor. An exception, a refusal as well, is a failure of the plugin.

    >>> from pycrm.plugin import Plugin, hookimpl
    >>> class Regions(Plugin):
    ...     "Customers by region"
    ...     name = "regions"
    ...     @hookimpl
    ...     def choose_owner(self, record):
    ...         return {"south": UUID(int=7)}.get(getattr(record, "region", ""))
    >>> Regions().choose_owner(object()) is None
    True
    """
