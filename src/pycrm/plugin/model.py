"""What a plugin is: a table of contents with hook methods."""

from __future__ import annotations

import inspect
import keyword
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from pycrm.errors import Problem
from pycrm.hooks import PROJECT
from pycrm.plugin.errors import PluginDeclarationError
from pycrm.plugin.job import Job
from pycrm.plugin.offer import Banner, Finder, Menu, Panel, Screen, Tile
from pycrm.plugin.place import place_of

__all__ = ["API", "CUSTOM", "HookMethod", "Loaded", "Plugin", "hook_methods", "host_name"]

# The version of the contract between pycrm and its plugins, against which `Plugin.api` is checked.
API = "0.1"

CORE = "core"
CORE_PREFIX = "crm"
# The plugin that pycrm makes of the fields that administrators add.
CUSTOM = "custom"

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST_NAME = 30
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_DOTTED_NAME = re.compile(_DOTTED.pattern + r":[^\W\d]\w*")


class Plugin:
    """What one plugin contributes, as a table of contents.

    Subclass it, give it a `name`, and list what it declares; moments are hook methods, marked with
    `hookimpl`. The first line of the subclass's docstring is the plugin's title, the rest its
    description. An entry that pycrm does not know is refused rather than ignored, as is a tuple
    that lacks its comma. Further entries come with the rooms that read them.

    - `name`: lower-case, the prefix of the plugin's tables (``exam`` for ``exam_booking``).
    - `version`: where it is left out, that of the distribution the plugin was installed with.
    - `api`: the versions of the plugin contract it is written for, such as ``">=0.1,<0.2"``;
      nothing said means any.
    - `requires`: the plugins without which it does not run, each as ``"billing"`` or
      ``"billing>=1.2"``; they are loaded first.
    - `records`, `children`, `facets`: its record classes, the classes of their child rows, and its
      extensions of records of other plugins (at most one for each).
    - `pipelines`: each with a `key` and a `version`.
    - `flows`, `policies`: the approval flows and amendment policies that its records begin with; once
      entered they are data, which administrators change.
    - `grants`: what the roles of a database may do with its records, by the name of the role, such as
      ``{"top": (Grant(entity="Machine", action=Action.CREATE, reach=Reach.ALL),)}``. They are entered once,
      when the plugin is first loaded there, and belong to the administrators from then on; a role of another
      name than staff, leader, top and administrator is given them where there is one.
    - `guards`: functions that pipelines name, by their names. Each is called as ``guard(record)``, the record
      as the move would leave it, with what came with the move; it answers None, or why not, as a text or a
      list of texts. Parameters of a `Use` are given by name, and the mover's session to a guard that has a
      parameter `session`: it reads what the mover sees, and writes nothing.
    - `actions`: likewise; each is called as ``action(record)`` and answers the effects that the move has
      besides, one or a tuple of `SetField`, `AddTask`, `StartAmendment`, `Emit`, or None. It takes no
      session, and does nothing itself.
    - `commands`: functions that the command line offers under the plugin's name; each takes a
      `session` first, that of whoever runs it.
    - `jobs`: what it does by itself when the time has come, called by ``pycrm jobs run``; see `Job`.
    - `indicators`: what it measures of customers; their codes bear a prefix of its own.
    - `supplies`: where it has facts of a feed, for indicators of any plugin.
    - `models`: the score models that its customers begin with; once entered they are data.
    - `menus`, `panels`, `screens`, `tiles`, `finders`, `banners`: what it shows in the browser, each with the right
      that it asks for.
    - `templates`: the package that holds its templates, ``"exam.templates"``; they are named by the
      plugin, ``exam/day.html``.
    - `words`: by language, what its labels and sentences are called there, by the English text or by
      name: ``{"zh": {"Project": "项目", "ProjectKind.retrofit": "改造"}}``. A label of another plugin or of
      core is renamed in the same way, by ``"Customer.channel"``.
    - `budget`: how much history of each of its record classes is meant to be kept, where the class
      does not say.
    - `migrations`: the package that holds its migrations, ``"exam.migrations"``.
    - `sample`: the function that adds its sample data, ``"exam.sample:add"``; imported when used. It is called
      as ``add(crm)`` with the CRM of an empty, migrated database, and enters all that it needs, units and
      people too, in sessions of ``crm.system("sample data")`` and of those people. ``pycrm sample exam`` calls it.

    Raises:
        PluginDeclarationError: when the subclass is made, with everything wrong in its entries.

    >>> class Exam(Plugin):
    ...     '''Examination centre
    ...
    ...     Bookings and packages.
    ...     '''
    ...     name = "exam"
    ...     requires = ("billing>=1.2",)
    >>> Exam().title, Exam().description, Exam().prefix
    ('Examination centre', 'Bookings and packages.', 'exam')
    """

    name: ClassVar[str]
    version: ClassVar[str] = ""
    api: ClassVar[str] = ""
    requires: ClassVar[tuple[str, ...]] = ()
    records: ClassVar[tuple[type[Any], ...]] = ()
    children: ClassVar[tuple[type[Any], ...]] = ()
    facets: ClassVar[tuple[type[Any], ...]] = ()
    pipelines: ClassVar[tuple[Any, ...]] = ()
    flows: ClassVar[tuple[Any, ...]] = ()
    policies: ClassVar[tuple[Any, ...]] = ()
    grants: ClassVar[Mapping[str, tuple[Any, ...]]] = MappingProxyType({})
    guards: ClassVar[Mapping[str, Callable[..., object]]] = MappingProxyType({})
    actions: ClassVar[Mapping[str, Callable[..., object]]] = MappingProxyType({})
    commands: ClassVar[tuple[Callable[..., object], ...]] = ()
    jobs: ClassVar[tuple[Job, ...]] = ()
    indicators: ClassVar[tuple[Any, ...]] = ()
    supplies: ClassVar[tuple[Any, ...]] = ()
    models: ClassVar[tuple[Any, ...]] = ()
    menus: ClassVar[tuple[Menu, ...]] = ()
    panels: ClassVar[tuple[Panel, ...]] = ()
    screens: ClassVar[tuple[Screen, ...]] = ()
    tiles: ClassVar[tuple[Tile, ...]] = ()
    finders: ClassVar[tuple[Finder, ...]] = ()
    banners: ClassVar[tuple[Banner, ...]] = ()
    templates: ClassVar[str | None] = None
    words: ClassVar[Mapping[str, Mapping[str, str]]] = MappingProxyType({})
    budget: ClassVar[Any] = None
    migrations: ClassVar[str | None] = None
    sample: ClassVar[str | None] = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        problems = list(_problems(cls))
        if problems:
            raise PluginDeclarationError(problems)

    @property
    def title(self) -> str:
        """The first line of the docstring."""
        return self._doc().partition("\n")[0].rstrip(".") or self.name

    @property
    def description(self) -> str:
        """The docstring without its first line."""
        return self._doc().partition("\n")[2].strip()

    @property
    def prefix(self) -> str:
        """What the names of its tables begin with, without the underscore: its name, for core ``crm``."""
        return CORE_PREFIX if self.name == CORE else self.name

    def _doc(self) -> str:
        return inspect.cleandoc(type(self).__doc__ or "")

    def __repr__(self) -> str:
        return f"<plugin {self.name}>"


@attrs.frozen(eq=False)
class Loaded:
    """A plugin with what is known of where it came from: its version and its distribution."""

    plugin: Plugin
    version: str
    distribution: str | None = None

    @property
    def name(self) -> str:
        return self.plugin.name

    @property
    def classes(self) -> tuple[type[Any], ...]:
        """Every class with a table: records, children, facets."""
        return (*self.plugin.records, *self.plugin.children, *self.plugin.facets)

    @property
    def side(self) -> str:
        """How a message names this plugin: ``plugin exam (exam/plugin.py:12)``."""
        return f"plugin {self.name} ({place_of(self.plugin)})"


@attrs.frozen(eq=False)
class HookMethod:
    """A method of that name which is marked as an implementation of `hook`."""

    name: str
    hook: str
    function: Callable[..., object]
    options: Mapping[str, Any]


def statics(cls: type[Any]) -> dict[str, Any]:
    """What a class and those it derives from hold under each name, as it was written."""
    found: dict[str, Any] = {}
    for each in reversed(cls.__mro__):
        found |= vars(each)
    return found


def hook_methods(plugin: Plugin) -> Iterator[HookMethod]:
    """The methods marked with `hookimpl`, sorted by name; no property is evaluated."""
    for name, static in sorted(statics(type(plugin)).items()):
        marked = static if hasattr(static, f"{PROJECT}_impl") else getattr(static, "__func__", static)
        options = getattr(marked, f"{PROJECT}_impl", None)
        if isinstance(options, dict):
            yield HookMethod(name, options.get("specname") or name, getattr(plugin, name), options)


def host_name(cls: Any) -> str | None:
    """The name of the record class that a facet extends; None where the class is no facet."""
    host = getattr(cls, "__facet_of__", None)
    return host.__name__ if isinstance(host, type) else host


def _problems(cls: type[Plugin]) -> Iterator[Problem]:
    name = getattr(cls, "name", None)
    label = name if isinstance(name, str) else cls.__name__

    def problem(entry: str, code: str, message: str) -> Problem:
        # Finding the line means parsing the file, so it is looked up only for a message.
        return Problem(f"{label}/{entry}", code, f"plugin {label} ({place_of(cls)}): {message}")

    if not isinstance(name, str):
        yield problem("name", "required", "it needs a name")
    elif not _NAME.fullmatch(name) or keyword.iskeyword(name) or len(name) > _LONGEST_NAME:
        yield problem(
            "name",
            "format",
            f"a name is lower-case letters, digits and single underscores, at most {_LONGEST_NAME}",
        )
    elif name == CORE_PREFIX:
        yield problem("name", "range", f"the name {name} is kept for the tables of core")
    if sys.flags.optimize < 2 and not (vars(cls).get("__doc__") or "").strip():
        yield problem("__doc__", "required", "it needs a docstring: its title, and what it is for")
    for entry, value in vars(cls).items():
        if entry.startswith("_") or entry == "name":
            continue
        if entry in _CHECKS:
            for code, message in _CHECKS[entry](value):
                yield problem(entry, code, f"{entry} {message}")
            if entry == "grants" and isinstance(value, Mapping):
                yield from (problem(entry, "rule", f"grants {message}") for message in _foreign(cls, value))
        elif not (callable(value) or hasattr(type(value), "__get__")):
            yield problem(entry, "unknown", f"{entry} is no entry of a plugin; constants begin with _")


def _foreign(cls: type[Plugin], grants: Mapping[str, Any]) -> Iterator[str]:
    own = {record.__name__ for record in cls.records}
    for role, given in grants.items():
        for one in given if isinstance(given, tuple) else ():
            entity = getattr(one, "entity", None)
            if entity not in own:
                yield f"may be over its own records, and {entity} of the role {role} is none"


Finding = tuple[str, str]
Check = Callable[[object], Iterator[Finding]]


def _text(value: object) -> Iterator[Finding]:
    if not isinstance(value, str):
        yield "type", "must be text"


def _matching(pattern: re.Pattern[str], example: str) -> Check:
    def check(value: object) -> Iterator[Finding]:
        if value is not None and not (isinstance(value, str) and pattern.fullmatch(value)):
            yield "format", f'must be text such as "{example}"'

    return check


def _each(expected: str, fits: Callable[[object], bool]) -> Check:
    def check(value: object) -> Iterator[Finding]:
        if not isinstance(value, tuple):
            yield "type", f"must be a tuple of {expected}; a tuple of one ends in a comma"
            return
        for number, item in enumerate(value):
            if not fits(item):
                yield "type", f"must hold {expected}, but [{number}] is {_say(item)}"

    return check


def _functions(value: object) -> Iterator[Finding]:
    if not isinstance(value, Mapping):
        yield "type", "must map names to functions"
        return
    for key, guard in value.items():
        if not isinstance(key, str) or not callable(guard):
            yield "type", f"must map names to functions, but [{key!r}] is {_say(guard)}"


def _grants(value: object) -> Iterator[Finding]:
    if not isinstance(value, Mapping):
        yield "type", "must map names of roles to grants"
        return
    for role, given in value.items():
        for code, message in _each("grants", lambda one: type(one).__name__ == "Grant")(given):
            yield code, f"of the role {role} {message}"


def _budget(value: object) -> Iterator[Finding]:
    if value is not None and type(value).__name__ != "Budget":
        yield "type", "must be a Budget"


def _words(value: object) -> Iterator[Finding]:
    if not isinstance(value, Mapping) or not all(isinstance(one, Mapping) for one in value.values()):
        yield "type", "must map languages to words"
        return
    for language, words in value.items():
        if not all(isinstance(one, str) for pair in words.items() for one in pair):
            yield "type", f"must map text to text, in {language}"


def _is_record(value: object) -> bool:
    return _has_table(value) and host_name(value) is None


def _is_facet(value: object) -> bool:
    return _has_table(value) and host_name(value) is not None


def _has_table(value: object) -> bool:
    return isinstance(value, type) and isinstance(getattr(value, "__tablename__", None), str)


def _is_pipeline(value: object) -> bool:
    return hasattr(value, "key") and hasattr(value, "version")


def _say(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"


_CHECKS: Mapping[str, Check] = {
    "version": _text,
    "api": _text,
    "requires": _each("names of plugins", lambda value: isinstance(value, str)),
    "records": _each("record classes", _is_record),
    "children": _each("classes of child rows", _is_record),
    "facets": _each("facet classes", _is_facet),
    "pipelines": _each("pipelines", _is_pipeline),
    "flows": _each("approval flows", lambda value: type(value).__name__ == "ApprovalFlow"),
    "policies": _each("amendment policies", lambda value: type(value).__name__ == "AmendmentPolicy"),
    "grants": _grants,
    "guards": _functions,
    "actions": _functions,
    "commands": _each("functions", callable),
    "jobs": _each("jobs", lambda value: isinstance(value, Job)),
    "indicators": _each("indicators", lambda value: type(value).__name__ == "Indicator"),
    "supplies": _each("supplies of feeds", lambda value: type(value).__name__ == "Supply"),
    "models": _each("score models", lambda value: type(value).__name__ == "ScoreModel"),
    "menus": _each("menu entries", lambda value: isinstance(value, Menu)),
    "panels": _each("panels", lambda value: isinstance(value, Panel)),
    "screens": _each("screens", lambda value: isinstance(value, Screen)),
    "tiles": _each("tiles", lambda value: isinstance(value, Tile)),
    "finders": _each("finders", lambda value: isinstance(value, Finder)),
    "banners": _each("banners", lambda value: isinstance(value, Banner)),
    "templates": _matching(_DOTTED, "exam.templates"),
    "words": _words,
    "budget": _budget,
    "migrations": _matching(_DOTTED, "exam.migrations"),
    "sample": _matching(_DOTTED_NAME, "exam.sample:add"),
}
