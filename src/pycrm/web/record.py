"""The page of one record: its facts, what happened around it, what belongs to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.entities.org import Reach
from pycrm.errors import NotReadError, RefusedError
from pycrm.revision.looking import may_look
from pycrm.web.catalog import class_of, path_of, reads, slug_of
from pycrm.web.facet import facets_of, heading_of
from pycrm.web.form import writable
from pycrm.web.leading import day_of, money_of
from pycrm.web.moving import stage_bar
from pycrm.web.panel import Shown, panels
from pycrm.web.people import Contacts, contacts_of, reach_of
from pycrm.web.render import page
from pycrm.web.show import Cell, Show
from pycrm.web.timeline import KINDS, timeline
from pycrm.web.visit import Answer, Visit

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.session import Session

__all__ = ["record"]

_RELATED = 6
# Shown at a place of their own.
_APART = frozenset({"Activity", "Task", "Commitment", "Note", "Contact", "Amendment", "Share", "Handover"})
_HEADED = frozenset(
    {"id", "version", "stage", "stage_at", "pipeline", "pipeline_version", "stage_config", "archived_at"}
)


@attrs.frozen
class Fact:
    """One field of a record: its label, its value, whether it is key data, and what is proposed for it."""

    label: str
    cell: Cell
    is_key: bool = False
    ahead: str = ""


@attrs.frozen
class Facts:
    """The fields of a record, of its organisation or of a plugin's part of it, under a heading."""

    label: str
    facts: tuple[Fact, ...]
    tables: tuple[Any, ...] = ()


@attrs.frozen
class Table:
    """The rows of a list of the record."""

    label: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@attrs.frozen
class Related:
    """Records that link to this one."""

    label: str
    path: str
    add: str | None
    lines: tuple[tuple[str, str | None, Cell, Cell, Cell], ...]
    count: int


def record(visit: Visit, said: tuple[str, ...] = (), status: int = 200) -> Answer:
    """The page of a record; `said` is what was wrong with what was entered on it."""
    with visit.view() as session:
        cls = class_of(session.crm, visit.params["slug"])
        one = session.get(cls, visit.params["id"])
        show = Show(visit, session)
        parts = list(_parts(session, one))
        for each in (one, *parts):
            show.learn([each], _linking_out(type(each)))
        kind = visit.asked("show") if visit.asked("show") in KINDS else ""
        return page(
            visit,
            session,
            "record.html",
            show.title(one),
            status=status,
            said=said,
            record=one,
            kind=visit.words.record(cls),
            slug=visit.params["slug"],
            many=visit.words.many(cls),
            name=show.title(one),
            under=_under(show, one, parts),
            sheets=_sheets(show, one, parts),
            contacts=_contacts(show, one),
            reach=reach_of(session, one, parts),
            items=timeline(show, one, kind),
            kinds=[(one, visit.words(f"kind:{one}")) for one in KINDS],
            only=kind,
            bar=stage_bar(show, one),
            value=_value(session, one),
            panels=_panels(visit, one),
            related=list(_related(show, one)),
            may_change=bool(writable(show, cls, new=False)) and session.reaches(cls, "update", Reach.OWN),
            may_talk=_may_talk(session, cls),
            may_look=cls.__name__ == "User" and may_look(session.actor) and one.id != session.actor.id,
            talks=_talks(show, cls),
            is_archived=one.archived_at is not None,
            owner=show.name(one.owner) if _seen(one, "owner") else "",
        )


def _linking_out(cls: Any) -> list[Any]:
    """The links of a class whose names stand on its page: not that to a part of it, nor who has written it."""
    links = [spec for spec in cls.__specs__.values() if spec.target is not None and not spec.unique]
    return [spec for spec in links if spec.name == "owner" or not spec.derived]


def _seen(one: Any, name: str) -> Any:
    try:
        return getattr(one, name, None) if name in type(one).__specs__ else None
    except NotReadError:
        return None


def _parts(session: Session, one: Any) -> Iterator[Any]:
    """What lies in tables of its own: facets, the party of a customer, and its facets."""
    for facet in facets_of(session, type(one)):
        found = session.facet(one, facet)
        if found is not None:
            yield found
    for spec in type(one).__specs__.values():
        if spec.unique and spec.target is not None:
            ref = _seen(one, spec.name)
            if ref is not None:
                part = session.get(ref)
                yield part
                yield from _parts(session, part)


def _under(show: Show, one: Any, parts: list[Any]) -> str:
    """The second line of the heading: code, industry, region."""
    found = [_seen(one, "code"), *(_seen(part, "industry") for part in parts)]
    found += [show.name(ref) for part in parts if (ref := _seen(part, "region")) is not None]
    customer = _seen(one, "customer")
    found += [show.name(customer)] if customer is not None else []
    return " · ".join(str(text) for text in found if text)


def _sheets(show: Show, one: Any, parts: list[Any]) -> list[Facts]:
    ahead = _ahead(show, one)
    sheets = [_facts(show, one, ahead, show.words("Details"))]
    for part in parts:
        heading = (
            ""
            if type(part).__name__ in ("Party", "Organization", "Person")
            else heading_of(show.words, type(part))
        )
        made = _facts(show, part, ahead, heading)
        if not heading:
            first = sheets[0]
            sheets[0] = attrs.evolve(
                first, facts=(*first.facts, *made.facts), tables=(*first.tables, *made.tables)
            )
        elif made.facts or made.tables:
            sheets.append(made)
    return sheets


def _ahead(show: Show, one: Any) -> dict[tuple[str, str], str]:
    """What is proposed for which field and not decided yet."""
    amendment = show.crm.record("Amendment")
    waiting = ("submitted", "approved", "scheduled", "conflicted")
    some = show.session.find(amendment, amendment.record == one.id, amendment.state.in_(waiting), limit=10)
    found = {}
    for each in some:
        for line in show.session.lines(each):
            cls = show.crm.record(line.entity)
            found[line.entity, line.path] = show.stored(cls, line.path, line.new)
    return found


def _facts(show: Show, one: Any, ahead: dict[tuple[str, str], str], label: str) -> Facts:
    cls = type(one)
    mirrored = set(getattr(cls, "mirrors", {})) | ({"name", "kind"} if cls.__name__ == "Party" else set())
    facts, tables = [], []
    # What the product keeps of every record stands last.
    for spec in sorted(cls.__specs__.values(), key=lambda each: each.derived):
        if spec.name in _HEADED or spec.name in ("of", "name", "code") or spec.name in mirrored:
            continue
        if spec.unique and spec.target is not None:
            continue
        if spec.derived and (spec.name not in ("owner", "created_at") or label != show.words("Details")):
            continue
        if spec.child is not None:
            table = _table(show, one, spec)
            tables += [table] if table else []
            continue
        cell, proposed = show.cell(one, spec), ahead.get((cls.__name__, spec.name), "")
        is_plain_no = cell.kind == "bool" and not cell.tone and not spec.key
        if (cell and not is_plain_no) or proposed:
            facts.append(Fact(show.words.field(cls, spec), cell, spec.key, proposed))
    return Facts(label, tuple(facts), tuple(tables))


def _table(show: Show, one: Any, spec: Any) -> Table | None:
    from pycrm.declare.record import child_class

    if type(one).__name__ == "Party" and spec.name == "contact_points":
        return None
    rows = _seen(one, spec.name)
    if not rows:
        return None
    child = child_class(type(one), spec)
    names = show.session.fields(child)
    specs = [each for each in child.__specs__.values() if each.name in names and not each.derived]
    show.learn(rows, specs)
    cells = [tuple(show.cell(row, each) for each in specs) for row in rows]
    used = [at for at in range(len(specs)) if any(row[at] for row in cells)]
    headings = tuple(show.words.field(child, specs[at]) for at in used)
    return Table(
        show.words.field(type(one), spec), headings, tuple(tuple(row[at] for at in used) for row in cells)
    )


def _contacts(show: Show, one: Any) -> Contacts | None:
    return contacts_of(show, one) if type(one).__name__ == "Customer" else None


def _value(session: Session, one: Any) -> Any:
    """The score of a customer, of the first model that gives one."""
    return session.score(one) if type(one).__name__ == "Customer" else None


def _panels(visit: Visit, one: Any) -> list[Shown]:
    return panels(visit, one)


def _related(show: Show, one: Any) -> Iterator[Related]:
    session = show.session
    for other, slug, link in _linking(session.crm, type(one)):
        if reads(session, other) and link in session.fields(other):
            yield from _lines(show, one, other, slug, link)


def _linking(crm: CRM, cls: Any) -> list[tuple[Any, str, str]]:
    """The kinds of record that link to this one and stand on its page, each with its word and its link."""
    kept: dict[Any, list[tuple[Any, str, str]]] = crm.keepers.setdefault("linking", {})
    if cls not in kept:
        kept[cls] = []
        for other in crm.records():
            slug, specs = slug_of(crm, other), other.__specs__.values()
            links = [spec.name for spec in specs if spec.target == cls.__name__ and not spec.derived]
            if links and slug is not None and other.__name__ not in _APART:
                kept[cls].append((other, slug, links[0]))
    return kept[cls]


def _lines(show: Show, one: Any, other: Any, slug: str, link: str) -> Iterator[Related]:
    session = show.session
    condition = getattr(other, link) == one.id
    try:
        some = session.find(other, condition, order=other.created_at.desc(), limit=_RELATED)
        is_more = len(some) == _RELATED
        count = session.count(other, condition, limit=10_001) if is_more else len(some)
    except RefusedError:
        return
    may_add = session.reaches(other, "create", Reach.OWN)
    if not some and not (may_add and other.__name__ == "Opportunity"):
        return
    sum_, day = money_of(session, other), day_of(session, other)
    lines = []
    for each in some:
        stage, money, by = (
            show.cell(each, other.__specs__[name]) if name in other.__specs__ else Cell()
            for name in ("stage", sum_, day)
        )
        lines.append((show.title(each, one.id), path_of(show.crm, each), stage, money, by))
    add = f"/{slug}/new?{link}={one.id}" if may_add else None
    yield Related(show.words.many(other), f"/{slug}?f:{link}={one.id}", add, tuple(lines), count)


def _may_talk(session: Session, cls: Any) -> bool:
    return cls.__name__ in ("Customer", "Lead", "Opportunity") and session.reaches(
        session.crm.record("Activity"), "create", Reach.OWN
    )


def _talks(show: Show, cls: Any) -> list[tuple[str, str]]:
    members: Any = show.crm.record("Activity").__specs__["kind"].kind.python
    kinds = [(one.value, show.words.value(one)) for one in members]
    return [*kinds[:6], ("note", show.words.record("Note"))] if cls.__name__ != "Opportunity" else kinds[:6]
