"""Templates: strict, escaped by themselves, those of plugins under the plugins' names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import jinja2

from pycrm import __version__
from pycrm.session.naming import label_of
from pycrm.web import figures, piece
from pycrm.web.catalog import Entry, kept_for, menu, path_of, slug_of
from pycrm.web.control import control
from pycrm.web.icon import icon
from pycrm.web.visit import Answer, Visit
from pycrm.web.words import LANGUAGES

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.session import Session

__all__ = ["Shell", "bare", "environment", "page", "shell_of"]


@attrs.frozen
class Shell:
    """What stands around every page: who is signed in, the menu, what waits."""

    name: str
    login: str
    place: str
    menu: list[Entry]
    waiting: int
    makes: list[Entry]
    banners: list[Any] = attrs.field(factory=list)

    @property
    def groups(self) -> list[tuple[str, list[Entry]]]:
        """The menu by groups, in the order in which they come."""
        found: dict[str, list[Entry]] = {}
        for one in self.menu:
            found.setdefault(one.group, []).append(one)
        return list(found.items())


class _Kept(jinja2.BytecodeCache):
    """Compiled templates of this process: several CRMs compile each of them once."""

    codes: ClassVar[dict[str, bytes]] = {}

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        if bucket.key in self.codes:
            bucket.bytecode_from_string(self.codes[bucket.key])

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        self.codes[bucket.key] = bucket.bytecode_to_string()


def environment(crm: CRM) -> jinja2.Environment:
    """The templates of core and of the CRM's plugins; made once."""
    kept: jinja2.Environment | None = crm.keepers.get("jinja")
    if kept is None:
        own = jinja2.PackageLoader("pycrm.web", "templates")
        offered: dict[str, jinja2.BaseLoader] = {
            plugin.name: jinja2.PackageLoader(*_place(plugin.templates))
            for plugin in crm.registry.plugins
            if plugin.templates
        }
        kept = jinja2.Environment(
            loader=jinja2.ChoiceLoader([jinja2.PrefixLoader(offered), own]),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            bytecode_cache=_Kept(),
        )
        kept.filters |= {"money": figures.money, "telephone": figures.telephone, "number": figures.number}
        kept.globals |= {
            "icon": icon,
            "face_of": piece.face,
            "cell_of": piece.cell,
            "level_of": piece.level,
            "control_of": control,
            "cards": piece.cards,
            "happened": piece.happened,
            "languages": LANGUAGES,
            "release": __version__,
            "brief": figures.brief,
            "label_of": label_of,
            "path_of": lambda record: path_of(crm, record),
            "slug_of": lambda cls: slug_of(crm, cls),
            "minutes": lambda moment: figures.moment(moment, crm.zone),
        }
        crm.keepers["jinja"] = kept
    return kept


def _place(package: str) -> tuple[str, str]:
    """The package and the folder of ``exam.templates``."""
    home, _, folder = package.rpartition(".")
    return (home, folder) if home else (package, "templates")


def shell_of(visit: Visit, session: Session) -> Shell:
    """Who is signed in, and the menu of this person."""
    from pycrm.web.panel import banners

    crm = session.crm
    user_class, unit_class = crm.record("User"), crm.record("OrgUnit")
    actor: Any = session.actor
    user = session.find_one(user_class, actor.ref.id)
    unit = session.find_one(unit_class, user.home_unit.id) if user is not None else None
    roles = sorted({one.role for one in actor.held if one.giver is None})
    place = " · ".join([*([unit.name] if unit else []), *(visit.words(one) for one in roles[:2])])
    waiting = session.waiting()
    entries = menu(visit, session, waiting)
    return Shell(
        label_of(user) if user is not None else actor.name,
        actor.name,
        place,
        entries,
        waiting,
        kept_for(session, ("makes", visit.language), lambda: _makes(visit, session)),
        banners(visit),
    )


def _makes(visit: Visit, session: Session) -> list[Entry]:
    """What the button "new" offers."""
    from pycrm.entities.org import Reach

    names = ("Customer", "Lead", "Opportunity", "Task", "Activity", "Contact")
    found = []
    for cls in [session.crm.record(name, None) for name in names]:
        if cls is not None and session.reaches(cls, "create", Reach.OWN):
            path = f"/{slug_of(session.crm, cls)}/new"
            found.append(Entry(path, visit.words.record(cls), "plus"))
    return found


def page(
    visit: Visit, session: Session, template: str, title: str, *, status: int = 200, **context: Any
) -> Answer:
    """A page in its frame; of a page that is open already, only what changed of it."""
    shell = None if visit.part else shell_of(visit, session)
    return bare(visit, template, title, status=status, shell=shell, session=session, **context)


def bare(visit: Visit, template: str, title: str, *, status: int = 200, **context: Any) -> Answer:
    """A page for who is not signed in, or a part of one."""
    given: Mapping[str, Any] = {"shell": None, "session": None} | context
    made = environment(visit.crm).get_template(template)
    body = made.render(visit=visit, t=visit.words, title=title, **given)
    return Answer(body, status=status, headers={"Cache-Control": "no-store", "Vary": "X-Part"})
