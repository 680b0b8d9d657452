"""Which kinds of record have pages, where these are, and what of the menu a person is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import attrs

from pycrm.declare.policy import Reference, Through
from pycrm.declare.word import plural, word_of
from pycrm.entities.org import Reach
from pycrm.errors import NotFoundError

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.session import Session
    from pycrm.web.visit import Visit

__all__ = ["Entry", "class_of", "kept_for", "menu", "path_of", "permits", "reads", "slug_of"]

T = TypeVar("T")

# First words of addresses that are no kind of record.
_TAKEN = frozenset(
    {
        "access",
        "account",
        "admin",
        "api",
        "board",
        "calendar",
        "handover",
        "healthz",
        "import",
        "inbox",
        "language",
    }
    | {
        "looking",
        "lookup",
        "notifications",
        "readyz",
        "records",
        "reports",
        "search",
        "sign-in",
        "sign-out",
        "static",
    }
    | {"theme", "views", "work"}
)
# Parts of other records, which have their pages.
_PARTS = frozenset({"Party"})
_WORK = ("Customer", "Lead", "Opportunity", "Task", "Activity", "Commitment", "Product")
_ICONS = {
    "Customer": "people",
    "Lead": "spark",
    "Opportunity": "deal",
    "Task": "check",
    "Activity": "chat",
    "Commitment": "hand",
    "Product": "box",
}


@attrs.frozen
class Entry:
    """An entry of the menu: where it leads, what it is called, its icon, and a number beside it."""

    path: str
    label: str
    icon: str
    group: str = ""
    count: int = 0
    is_here: bool = False


def _slugs(crm: CRM) -> dict[str, Any]:
    kept: dict[str, Any] | None = crm.keepers.get("slugs")
    if kept is None:
        kept = {}
        for cls in crm.records():
            if cls.__name__ in _PARTS:
                continue
            word = plural(word_of(cls)).replace("_", "-")
            if word in _TAKEN or word in kept:
                word = plural(str(cls.__tablename__)).replace("_", "-")
            kept[word] = cls
        crm.keepers["slugs"] = kept
        crm.keepers["slugs of"] = {cls.__name__: word for word, cls in kept.items()}
    return kept


def classes(crm: CRM) -> dict[str, Any]:
    """Every kind of record that has pages, by the first word of their addresses."""
    return dict(_slugs(crm))


def class_of(crm: CRM, slug: str) -> Any:
    """The kind of record whose pages begin with that word.

    Raises:
        NotFoundError: there is none.
    """
    found = _slugs(crm).get(slug)
    if found is None:
        raise NotFoundError("no such page")
    return found


def slug_of(crm: CRM, cls: Any) -> str | None:
    """The first word of the addresses of a kind of record; None where it has no pages."""
    _slugs(crm)
    name = cls if isinstance(cls, str) else cls.__name__
    found: str | None = crm.keepers["slugs of"].get(name)
    return found


def path_of(crm: CRM, record: Any) -> str | None:
    """The address of a record, or of what a reference names."""
    entity = getattr(record, "entity", None)
    name = entity if isinstance(entity, str) and hasattr(record, "id") and not _is_record(record) else None
    slug = slug_of(crm, name or type(record))
    return f"/{slug}/{record.id}" if slug else None


def _is_record(record: Any) -> bool:
    return hasattr(type(record), "__specs__")


def reads(session: Session, cls: Any) -> bool:
    """Whether the actor reads anything of that kind at all."""
    return isinstance(cls.__scope__, Reference) or session.reaches(cls, "read", Reach.OWN)


def permits(session: Session, permission: str) -> bool:
    """Whether the actor holds what a menu entry, panel or screen asks for: ``project.read``."""
    word, _, action = permission.partition(".")
    for cls in session.crm.records():
        if word in (word_of(cls), cls.__name__.lower()):
            return reads(session, cls) if action == "read" else session.reaches(cls, action, Reach.OWN)
    return False


def menu(visit: Visit, session: Session, waiting: int) -> list[Entry]:
    """The menu of whoever visits: nothing stands in it that would be empty or refused by right."""
    found = kept_for(session, ("menu", visit.language), lambda: _menu(visit, session))
    here = max((one.path for one in found if _holds(one.path, visit.path)), key=len, default="")
    return [_told(one, one.path == here, waiting if one.path == "/inbox" else 0) for one in found]


def _told(entry: Entry, is_here: bool, count: int) -> Entry:
    return attrs.evolve(entry, is_here=is_here, count=count) if is_here or count else entry


def kept_for(session: Session, what: Any, make: Callable[[], T]) -> T:
    """What is worked out from the rights of an actor alone, once for each who holds them.

    Actors are resolved anew where any right of theirs has changed.
    """
    every: WeakKeyDictionary[Any, dict[Any, Any]]
    every = session.crm.keepers.setdefault("by rights", WeakKeyDictionary())
    kept = every.setdefault(session.actor, {})
    if what not in kept:
        kept[what] = make()
    found: T = kept[what]
    return found


def _menu(visit: Visit, session: Session) -> list[Entry]:
    words = visit.words
    found = [Entry("/", words("My day"), "home")]
    found += _work(visit, session)
    if reads(session, session.crm.record("Customer")):
        found.append(Entry("/inbox", words("Approvals"), "inbox"))
        if reads(session, session.crm.record("Opportunity")):
            found.append(Entry("/reports/funnel", words("Reports"), "chart"))
        found.append(Entry("/calendar", words("Calendar"), "calendar"))
    found += _offered(visit, session)
    found += _administration(visit, session)
    return found


def _holds(path: str, here: str) -> bool:
    return here == path or (path != "/" and here.startswith(f"{path.rstrip('/')}/"))


def _work(visit: Visit, session: Session) -> Iterator[Entry]:
    crm = session.crm
    for name in _WORK:
        cls = crm.record(name, None)
        if cls is None or not reads(session, cls):
            continue
        if name == "Opportunity":
            yield Entry(f"/board/{slug_of(crm, cls)}", visit.words("Board"), "board")
        yield Entry(f"/{slug_of(crm, cls)}", visit.words.many(cls), _ICONS[name])


def _offered(visit: Visit, session: Session) -> Iterator[Entry]:
    """What plugins have: their kinds of record, their screens, and what they put into the menu."""
    crm, words = session.crm, visit.words
    group = words("Modules")
    for plugin in crm.registry.plugins:
        if plugin.name == "core":
            continue
        for cls in plugin.records:
            slug = slug_of(crm, cls)
            if slug and reads(session, cls) and not _hangs(cls, plugin):
                yield Entry(f"/{slug}", words.many(cls), "puzzle", group)
        for screen in plugin.screens:
            if permits(session, screen.permission):
                yield Entry(f"/{plugin.name}/{screen.key}", words(screen.label), "puzzle", group)
        for one in plugin.menus:
            if permits(session, one.permission):
                yield Entry(one.path, words(one.label), one.icon, group)


def _hangs(cls: Any, plugin: Any) -> bool:
    """Whether records of a class stand on the page of another of the same plugin, through which they are seen."""
    links = cls.__scope__.links if isinstance(cls.__scope__, Through) else ()
    own = {one.__name__ for one in plugin.records}
    return any(cls.__specs__[name].target in own for name in links)


def _administration(visit: Visit, session: Session) -> Iterator[Entry]:
    crm, words = session.crm, visit.words
    keeps = session.reaches(crm.record("RoleAssignment"), "read", Reach.OWN)
    group = words("Administration")
    if session.reaches(crm.record("Customer"), "assign", Reach.OWN):
        yield Entry("/handover", words("Handover"), "swap", group)
    if keeps:
        yield Entry("/users", words.many("User"), "people", group)
        yield Entry("/admin/units", words.many("OrgUnit"), "tree", group)
        yield Entry("/admin/roles", words.many("Role"), "key", group)
    if keeps or session.reaches(crm.record("User"), "read", Reach.ALL):
        yield Entry("/admin/pipelines", words("Pipelines"), "board", group)
    if keeps:
        yield Entry("/admin/plugins", words("Plugins"), "puzzle", group)
    yield Entry("/records", words("All records"), "box", group)
