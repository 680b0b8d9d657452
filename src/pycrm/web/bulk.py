"""One act on several records: at once on those that were ticked, step by step on all that a list shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import attrs

from pycrm.errors import InvalidError, RefusedError
from pycrm.session.naming import label_of
from pycrm.web.catalog import class_of
from pycrm.web.columns import conditions_of
from pycrm.web.listing import shown_list
from pycrm.web.problem import sentences, told
from pycrm.web.show import Show
from pycrm.web.visit import Answer, Visit, redirect
from pycrm.web.working import begun

if TYPE_CHECKING:
    from pycrm.session import Session
    from pycrm.work import Progress

__all__ = ["act"]

# So many records are changed in one step, and so many at most of a list.
_STEP, _MOST = 50, 10_000
_TOLD = 50

One = Callable[["Session", Any], None]


def act(visit: Visit) -> Answer:
    """One act on several records: all of those ticked or none, or one after the other all that the list shows."""
    cls = class_of(visit.crm, visit.params["slug"])
    try:
        one = _one(visit)
        if visit.typed("all"):
            return _all(visit, cls, one)
        done = visit.run(lambda session: _ticked(visit, session, cls, one))
    except RefusedError as error:
        with visit.view() as session:
            said = tuple(told(Show(visit, session), error))
            home = attrs.evolve(visit, path=f"/{visit.params['slug']}")
            return shown_list(home, session, cls, said, error.status)
    return redirect(_back(visit), said=visit.words("{count} records done", count=done))


def _one(visit: Visit) -> One:
    """What is done with each record."""
    kind, because = visit.typed("act"), visit.typed("because").strip() or None
    to = visit.typed(f"to:{kind}")
    if kind == "assign" and _is_id(to):
        return lambda session, record: _nothing(session.assign(record, UUID(to), because=because))
    if kind == "move":
        return lambda session, record: _nothing(session.move(record, to, because=because))
    if kind == "archive":
        return lambda session, record: _nothing(session.archive(record, because=because))
    raise InvalidError("choose what is to be done")


def _nothing(_: Any) -> None:
    """What the verb has given does not matter here."""


def _ticked(visit: Visit, session: Session, cls: Any, one: One) -> int:
    ids = [UUID(each) for each in visit.form.get("id", ()) if _is_id(each)]
    if not ids:
        raise InvalidError("tick some records first")
    for id in ids:
        one(session, session.get(cls, id))
    return len(ids)


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def _back(visit: Visit) -> str:
    back, home = visit.typed("back"), f"/{visit.params['slug']}"
    return back if back == home or back.startswith(f"{home}?") else home


# --- all that a list shows -----------------------------------------------------------------------------


def _all(visit: Visit, cls: Any, one: One) -> Answer:
    back = urlsplit(_back(visit))
    shown = attrs.evolve(visit, path=back.path, query=parse_qs(back.query), form={}, files={})
    doing = visit.words("bulk:" + visit.typed("act"))
    label = f"{doing}: {visit.words.many(cls)}"

    def work(progress: Progress) -> dict[str, Any]:
        return _each(shown, cls, one, progress)

    return begun(visit, "bulk", label, work)


def _each(visit: Visit, cls: Any, one: One, progress: Progress) -> dict[str, Any]:
    """Do it to each record, some at a time; where one of them is refused, each of these by itself."""
    with visit.view() as session:
        ids = list(_shown(visit, session, cls))
    done = 0
    refused: list[dict[str, str]] = []
    for start in range(0, len(ids), _STEP):
        progress(start, len(ids))
        some = ids[start : start + _STEP]
        try:
            visit.run(lambda session, some=some: _several(session, cls, one, some))  # type: ignore[misc]
            done += len(some)
        except RefusedError:
            wrong = [each for id in some if (each := _single(visit, cls, one, id)) is not None]
            done, refused = done + len(some) - len(wrong), refused + wrong
    progress(len(ids), len(ids))
    counts = {"done": done, "refused": len(refused)}
    return {"counts": counts, "refused": refused[:_TOLD], "lost": max(0, len(refused) - _TOLD)}


def _several(session: Session, cls: Any, one: One, ids: list[UUID]) -> None:
    for id in ids:
        one(session, session.get(cls, id))


def _single(visit: Visit, cls: Any, one: One, id: UUID) -> dict[str, str] | None:
    """Do it to one record; what it was refused for, by its name and address."""
    name = str(id)

    def do(session: Session) -> None:
        nonlocal name
        record = session.get(cls, id)
        name = label_of(record)
        one(session, record)

    try:
        visit.run(do)
    except RefusedError as error:
        said = " ".join(sentences(visit.words, error))
        return {"name": name, "path": f"{visit.path}/{id}", "said": said}
    return None


def _shown(visit: Visit, session: Session, cls: Any) -> Iterator[UUID]:
    """The keys of all records that a list shows to its reader.

    Raises:
        InvalidError: a filter is wrong, or there are far too many.
    """
    conditions, _, wrong = conditions_of(visit, Show(visit, session), cls)
    if wrong:
        raise InvalidError(next(iter(wrong.values())))
    words, after, number = visit.asked("q"), None, 0
    while words:
        page = session.search(cls, words, *conditions, size=500, after=after)
        number += len(page.items)
        _refuse_many(number)
        yield from [one.id for one in page.items]
        after = page.next
        if after is None:
            return
    found = session.find(cls, *conditions, limit=_MOST + 1)
    _refuse_many(len(found))
    yield from [one.id for one in found]


def _refuse_many(number: int) -> None:
    if number > _MOST:
        raise InvalidError("narrow the list: at most 10,000 records are changed at once")
