"""Lists of records: found, filtered, sorted, paged, chosen from, acted upon, taken out."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.entities.org import Reach
from pycrm.errors import InvalidError
from pycrm.exchange.exporting import export_csv
from pycrm.web.catalog import class_of, slug_of
from pycrm.web.columns import choosable, columns_of, conditions_of, filters_of, order_of, sortable
from pycrm.web.piece import rows
from pycrm.web.render import page
from pycrm.web.show import FIGURES, Cell, Show
from pycrm.web.stars import stars_of
from pycrm.web.visit import Answer, Visit

if TYPE_CHECKING:
    from pycrm.declare.field import Spec
    from pycrm.session import Session

__all__ = ["export", "lines_of", "listing", "records", "shown_list"]

_SIZE = 50
_SORTED = 200


@attrs.frozen
class Heading:
    """The head of a column: what it is called, whether it holds figures, and the address that sorts by it."""

    label: str
    name: str
    is_figure: bool
    sort: str | None
    sorted: str = ""


@attrs.frozen
class Line:
    """One record of a list."""

    id: str
    path: str | None
    name: str
    under: str
    cells: tuple[Cell, ...]
    grade: str = ""
    score: Any = None


@attrs.frozen
class Found:
    """The records of a page of a list, and how to go on."""

    records: list[Any]
    next: str | None
    is_cut: bool


def listing(visit: Visit) -> Answer:
    """The list of a kind of record."""
    with visit.view() as session:
        cls = class_of(session.crm, visit.params["slug"])
        return shown_list(visit, session, cls)


def shown_list(
    visit: Visit, session: Session, cls: Any, refusals: tuple[str, ...] = (), status: int = 200
) -> Answer:
    """The page of a list; `refusals` are what an act on several of its records was refused for."""
    show = Show(visit, session)
    conditions, chips, wrong = conditions_of(visit, show, cls)
    specs = columns_of(show, cls, [one for one in visit.asked("columns").split(",") if one])
    name, falling, order = order_of(visit, show, cls)
    found = _found(visit, session, cls, conditions, order, falling, bool(wrong))
    lines = lines_of(show, cls, found.records, specs)
    headings, acts = _headings(visit, show, cls, specs, name, falling), _acts(show, cls)
    has_grade = any(one.grade for one in lines)
    counted = session.count(cls, *conditions, limit=10_001) if not (visit.asked("q") or wrong) else None
    return page(
        visit,
        session,
        "list.html",
        visit.words.many(cls),
        status=status,
        slug=visit.params["slug"],
        headings=headings,
        rows=rows(lines, headings, visit.words, ticked=bool(acts), graded=has_grade) if lines else "",
        next=None if found.next is None else f"{visit.address(after=None)}",
        cursor=found.next,
        is_cut=found.is_cut,
        counted=counted,
        is_more=found.next is not None or found.is_cut or bool(visit.asked("after")),
        chips=chips,
        wrong=wrong,
        filters=filters_of(visit, show, cls),
        columns=[(one.name, show.words.field(cls, one)) for one in choosable(show, cls)],
        chosen={one.name for one in specs},
        acts=acts,
        stars=stars_of(session, visit, cls),
        refusals=refusals,
        has_grade=has_grade,
        searches=any(one.search for one in cls.__specs__.values()),
        mine=_mine(visit, session, cls),
        may_export=session.reaches(cls, "export", Reach.OWN),
        may_add=session.reaches(cls, "create", Reach.OWN),
        one=visit.words.record(cls),
        boards=cls.__pipeline__ is not None,
    )


def _found(
    visit: Visit,
    session: Session,
    cls: Any,
    conditions: list[Any],
    order: Spec | None,
    falling: bool,
    nothing: bool,
) -> Found:
    if nothing:
        return Found([], None, False)
    words, after = visit.asked("q"), visit.asked("after") or None
    column = getattr(cls, order.name) if order is not None else None
    by = column.desc() if falling and column is not None else column
    declared = order is not None and order.order
    if words and any(one.search for one in cls.__specs__.values()):
        order_by = by if declared else None
        made = session.search(cls, words, *conditions, order=order_by, size=_SIZE, after=after)
        return Found(made.items, made.next, False)
    if declared:
        made = session.page(cls, *conditions, order=by, size=_SIZE, after=after)
        return Found(made.items, made.next, False)
    # By a field that no list is declared to be sorted by, there is a beginning and no next page.
    some = session.find(cls, *conditions, order=by, limit=_SORTED + 1)
    return Found(some[:_SORTED], None, len(some) > _SORTED)


def lines_of(show: Show, cls: Any, records: list[Any], specs: list[Spec]) -> list[Line]:
    """Records as lines of a list, those of customers with their grades."""
    grades = _grades(show.session, cls, records)
    slug, lines = slug_of(show.crm, cls), []
    for record, cells in zip(records, show.cells(records, specs), strict=True):
        first, *rest = map(_short, cells)
        key = record.id
        id, score = str(key), grades.get(key)
        lines.append(
            Line(
                id,
                f"/{slug}/{id}" if slug else None,
                first.text or show.words.record(cls),
                _under(cls, record, specs),
                tuple(rest),
                score.grade if score else "",
                score.score if score else None,
            )
        )
    return lines


def _short(cell: Cell) -> Cell:
    """Of an instant the day: the hour stands on the record's page."""
    return cell._replace(text=cell.text[:10]) if cell.kind == "date" else cell


def _grades(session: Session, cls: Any, records: list[Any]) -> dict[UUID, Any]:
    """Grade and score of the customers of a page."""
    return session.graded(records) if cls.__name__ == "Customer" and records else {}


def _under(cls: Any, record: Any, specs: list[Spec]) -> str:
    """The code of a record, as a second line below its name."""
    if "code" in cls.__specs__ and specs[0].name != "code":
        return str(getattr(record, "code", "") or "")
    return ""


def _headings(
    visit: Visit, show: Show, cls: Any, specs: list[Spec], name: str, falling: bool
) -> list[Heading]:
    found = []
    for spec in specs:
        kind = spec.kind.name if spec.kind is not None else ""
        here = spec.name == name
        turned = spec.name if here and falling else f"-{spec.name}" if here else spec.name
        if not here and kind in (*FIGURES, "date", "instant"):
            turned = f"-{spec.name}"
        sort = visit.address(sort=turned) if sortable(spec) else None
        order = ("descending" if falling else "ascending") if here else ""
        found.append(Heading(show.words.field(cls, spec), spec.name, kind in FIGURES, sort, order))
    return found


def _mine(visit: Visit, session: Session, cls: Any) -> list[tuple[str, str, bool]]:
    """The tabs of a list: all, and where others' records can be seen those of one's own."""
    words, actor = visit.words, session.actor
    found = [(words("All"), visit.path, not visit.query)]
    if "owner" in cls.__specs__ and actor.ref is not None and session.reaches(cls, "read", Reach.UNIT):
        mine = str(actor.ref.id)
        found.append((words("Mine"), f"{visit.path}?f:owner={mine}", visit.asked("f:owner") == mine))
    return found


def _acts(show: Show, cls: Any) -> list[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """What can be done with several records: a key, a label, and what there is to choose."""
    session, words = show.session, show.words
    found: list[tuple[str, str, tuple[tuple[str, str], ...]]] = []
    if session.reaches(cls, "assign", Reach.OWN) and "owner" in cls.__specs__:
        user = session.crm.record("User")
        people = session.find(user, user.state == "active", order=user.name, limit=300)
        found.append(("assign", words("Assign to"), tuple((str(one.id), one.name) for one in people)))
    if session.reaches(cls, "update", Reach.OWN) and cls.__pipeline__ is not None:
        stages = show.pipeline(cls.__pipeline__).stages
        found.append(("move", words("Move to"), tuple((one.key, words.stage(one)) for one in stages)))
    if session.reaches(cls, "delete", Reach.OWN):
        found.append(("archive", words("Archive"), ()))
    return found


def export(visit: Visit) -> Answer:
    """The list as it is filtered, as CSV; a right of its own, and kept who took what."""
    with visit.view() as session:
        cls = class_of(session.crm, visit.params["slug"])
        show = Show(visit, session)
        conditions, _, wrong = conditions_of(visit, show, cls)
        if wrong:
            raise InvalidError(next(iter(wrong.values())))
        columns = [one.name for one in columns_of(show, cls, visit.asked("columns").split(","))]
        stream = io.BytesIO()
        export_csv(session, cls, stream, conditions, columns)
    name = f"{visit.params['slug']}.csv"
    return Answer(
        stream.getvalue(),
        media="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def records(visit: Visit) -> Answer:
    """Every kind of record that the visitor reads."""
    from pycrm.web.catalog import classes, reads

    with visit.view() as session:
        kinds = [cls for cls in classes(session.crm).values() if reads(session, cls)]
        entries = [(f"/{slug_of(session.crm, cls)}", visit.words.many(cls)) for cls in kinds]
        return page(
            visit, session, "records.html", visit.words("All records"), entries=sorted(entries, key=str)
        )
