"""Importing a table on a page: the table and the file that says what its columns mean; and taking it back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.declare import Ref
from pycrm.entities.org import Reach, User
from pycrm.errors import InvalidError, NotFoundError, Problem, RefusedError
from pycrm.exchange import Import, ImportRevert, Left, Mapping, import_file, revert_import
from pycrm.exchange import imports as imports_of
from pycrm.session.naming import label_of
from pycrm.web.catalog import classes, path_of
from pycrm.web.problem import sentences
from pycrm.web.render import page
from pycrm.web.visit import Answer, Visit
from pycrm.web.working import begun

if TYPE_CHECKING:
    from pycrm.session import Session
    from pycrm.work import Progress

__all__ = ["LARGEST", "imports", "new_import", "revert"]

#: The most bytes of a table on a page; larger ones are imported at the command line.
LARGEST = 32 * 2**20
_TOLD = 50
# Somebody waits before the page, and the bar moves after each.
_BATCH = 200
_LISTED = 20
_LEAST_REASON = 5


def may_import(session: Session) -> bool:
    """Whether the visitor enters anything at all."""
    return any(session.reaches(cls, "create", Reach.OWN) for cls in classes(session.crm).values())


def new_import(visit: Visit, said: tuple[str, ...] = (), status: int = 200) -> Answer:
    """The form; `said` is what was wrong with what was sent."""
    with visit.view() as session:
        if not may_import(session):
            raise NotFoundError("no such page")
        title = visit.words("Import a table")
        made = imports_of(visit.crm, visit.who, limit=_LISTED)
        found = (session.find_one(User, id) for id in {one.by.id for one in made if one.by is not None})
        people = {one.id: label_of(one) for one in found if one is not None}
        listed = [
            (one, visit.words.many(cls), people.get(one.by.id, "") if one.by else "")
            for one in made
            if (cls := visit.crm.record(one.entity, default=None)) is not None
        ]
        return page(visit, session, "import.html", title, status=status, said=said, listed=listed)


def imports(visit: Visit) -> Answer:
    """Look through the mapping, and have the table imported beside."""
    because = visit.typed("because").strip() or None
    try:
        name, table = _sent(visit, "table")
        mapping = Mapping.parse(_text(visit), where=_sent(visit, "mapping")[0])
        if mapping.files:
            raise InvalidError("a mapping with tables of children is imported at the command line")
        if because is not None:
            _refuse_short(because)
    except RefusedError as error:
        return new_import(visit, tuple(_said(visit, error)), error.status)

    def work(progress: Progress) -> dict[str, Any]:
        given: dict[str, Any] = {"batch": _BATCH, "because": because, "progress": progress}
        with tempfile.TemporaryDirectory(prefix="pycrm-import-") as folder:
            path = Path(folder) / "table.csv"
            path.write_bytes(table)
            return _told(import_file(visit.crm, visit.who, path, mapping, **given))

    return begun(visit, "import", f"{visit.words('Import')}: {name[:200]}", work)


def _refuse_short(because: str) -> None:
    if len(because) < _LEAST_REASON:
        raise InvalidError("say why in at least 5 characters")


def revert(visit: Visit) -> Answer:
    """Have an import taken back beside."""
    because = visit.typed("because").strip()
    known = _known(visit)
    try:
        _refuse_short(because)
    except RefusedError as error:
        return new_import(visit, tuple(_said(visit, error)), error.status)

    def work(progress: Progress) -> dict[str, Any]:
        return _left(visit, revert_import(visit.crm, visit.who, known.id, because=because, progress=progress))

    return begun(visit, "revert", f"{visit.words('Take back')}: {known.file[:200]}", work)


def _known(visit: Visit) -> Import:
    """The import that the address names.

    Raises:
        NotFoundError: there is none that the visitor may take back.
    """
    try:
        found = imports_of(visit.crm, visit.who, id=UUID(visit.params["id"]))
    except ValueError:
        found = []
    if not found:
        raise NotFoundError("no such page")
    return found[0]


def _left(visit: Visit, found: ImportRevert) -> dict[str, Any]:
    """What came of it: how many records went which way, and which stay and why."""
    counts = {"archived": found.archived, "changed": found.changed, "withdrawn": found.withdrawn}
    counts["left"] = len(found.left)
    with visit.view() as session:
        rows = [_row(visit, session, one) for one in found.left[:_TOLD]]
    return {"counts": counts, "refused": rows, "lost": max(0, len(found.left) - _TOLD)}


def _row(visit: Visit, session: Session, one: Left) -> dict[str, Any]:
    cls = visit.crm.record(one.entity, default=None)
    said = {
        "name": one.entity if cls is None else visit.words.record(cls),
        "said": visit.words.said(one.reason),
    }
    if cls is None or one.record is None:
        return said
    record = session.find_one(cls, one.record)
    if record is None:
        return said
    path = path_of(visit.crm, Ref(one.entity, one.record))
    return said | {"name": label_of(record)} | ({} if path is None else {"path": path})


def _said(visit: Visit, error: RefusedError) -> Iterator[str]:
    """What is wrong, of a mapping with the place in it."""
    wrong = [one for one in error.fields if one.path not in ("table", "mapping")]
    yield from [f"{one.path}: {visit.words.said(one.message)}" for one in wrong]
    if not wrong:
        yield from sentences(visit.words, error)


def _sent(visit: Visit, field: str) -> tuple[str, bytes]:
    sent = [one for one in visit.files.get(field, ()) if one.content]
    if not sent:
        wrong = Problem(field, "required", "choose the table and the file that says what its columns mean")
        raise InvalidError(wrong.message, fields=[wrong])
    return sent[0].name, sent[0].content


def _text(visit: Visit) -> str:
    name, content = _sent(visit, "mapping")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidError(f"{name} is not in UTF-8") from None


def _told(report: Any) -> dict[str, Any]:
    """What came of it: how many rows of each sort, and why rows were refused."""
    counts = {verdict.value: number for verdict, number in report.counts.items()}
    rows = [
        {"line": one.line, "name": one.key, "said": one.reason} for one in islice(report.refused(), _TOLD)
    ]
    return {"counts": counts, "refused": rows, "lost": max(0, counts["refused"] - len(rows))}
