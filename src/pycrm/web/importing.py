"""Importing a table on a page: the table and the file that says what its columns mean."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pycrm.entities.org import Reach
from pycrm.errors import InvalidError, NotFoundError, Problem, RefusedError
from pycrm.exchange import Mapping, import_file
from pycrm.web.catalog import classes
from pycrm.web.problem import sentences
from pycrm.web.render import page
from pycrm.web.visit import Answer, Visit
from pycrm.web.working import begun

if TYPE_CHECKING:
    from pycrm.session import Session
    from pycrm.work import Progress

__all__ = ["LARGEST", "imports", "new_import"]

#: The most bytes of a table on a page; larger ones are imported at the command line.
LARGEST = 32 * 2**20
_TOLD = 50
# Somebody waits before the page, and the bar moves after each.
_BATCH = 200


def may_import(session: Session) -> bool:
    """Whether the visitor enters anything at all."""
    return any(session.reaches(cls, "create", Reach.OWN) for cls in classes(session.crm).values())


def new_import(visit: Visit, said: tuple[str, ...] = (), status: int = 200) -> Answer:
    """The form; `said` is what was wrong with what was sent."""
    with visit.view() as session:
        if not may_import(session):
            raise NotFoundError("no such page")
        title = visit.words("Import a table")
        return page(visit, session, "import.html", title, status=status, said=said)


def imports(visit: Visit) -> Answer:
    """Look through the mapping, and have the table imported beside."""
    because = visit.typed("because").strip() or None
    try:
        name, table = _sent(visit, "table")
        mapping = Mapping.parse(_text(visit), where=_sent(visit, "mapping")[0])
        if mapping.files:
            raise InvalidError("a mapping with tables of children is imported at the command line")
        if because is not None and len(because) < 5:
            raise InvalidError("say why in at least 5 characters")
    except RefusedError as error:
        return new_import(visit, tuple(_said(visit, error)), error.status)

    def work(progress: Progress) -> dict[str, Any]:
        given: dict[str, Any] = {"batch": _BATCH, "because": because, "progress": progress}
        with tempfile.TemporaryDirectory(prefix="pycrm-import-") as folder:
            path = Path(folder) / "table.csv"
            path.write_bytes(table)
            return _told(import_file(visit.crm, visit.who, path, mapping, **given))

    return begun(visit, "import", f"{visit.words('Import')}: {name[:200]}", work)


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
