"""One call of the command line: which database, as whom, and how its answer and its errors look.

`command` gives every command the options that all of them share, so that they stand here once.
Whatever is heavy (the CRM, rich) is imported when a command runs, never for its help.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import attrs
import typer
from typer.core import TyperGroup

from pycrm.cli.answer import Part, as_json, refuse, say
from pycrm.errors import CRMError, DeclarationError, InvalidError, Problem, StoreError
from pycrm.settings.loaded import Loaded
from pycrm.settings.source import load

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.session import Session

__all__ = ["UNNAMED", "Call", "Group", "Heads", "Origin", "address", "command", "group"]

Heads = Annotated[
    Path | None,
    typer.Option("--heads", metavar="FOLDER", help="Where heads of the chain are kept; or PYCRM_HEADS."),
]

Origin = Annotated[
    str | None,
    typer.Option(
        "--origin",
        help="The address under which people reach it, such as https://crm.example.com; or PYCRM_ORIGIN.",
    ),
]

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., None])

_SHARED: Mapping[str, tuple[Any, Any]] = MappingProxyType(
    {
        "actor": (
            Annotated[
                str | None,
                typer.Option("--as", metavar="LOGIN", envvar="PYCRM_AS", help="The user who acts."),
            ],
            None,
        ),
        "database": (
            Annotated[
                str | None,
                typer.Option(
                    "--database",
                    metavar="URL",
                    help="The database; or PYCRM_DATABASE; else sqlite:///crm.db.",
                ),
            ],
            None,
        ),
        "plugins": (
            Annotated[
                list[str] | None,
                typer.Option(
                    "--plugin",
                    metavar="NAME",
                    help="An installed plugin to load; repeat it for several; or PYCRM_PLUGINS.",
                ),
            ],
            None,
        ),
        "settings": (
            Annotated[
                Path | None,
                typer.Option(
                    "--settings",
                    metavar="FILE",
                    envvar="PYCRM_SETTINGS",
                    help="The file of settings; else pycrm.toml, if it is there.",
                ),
            ],
            None,
        ),
        "json": (Annotated[bool, typer.Option("--json", help="Answer as JSON, errors too.")], False),
    }
)


@attrs.frozen
class Call:
    """What the shared options of one call said.

    `settings` are further arguments of `CRM`: those of the installation, and before them those of a product
    that runs `pycrm.cli.app` under a name of its own and passes them as the context's object
    (``app(obj={"currency": "EUR"})``), where `is_product` is true. `loaded` are the settings of the installation.
    """

    actor: str | None = None
    database: str = "sqlite:///crm.db"
    plugins: tuple[str, ...] = ()
    json: bool = False
    settings: Mapping[str, Any] = attrs.field(factory=dict)
    loaded: Loaded = attrs.field(factory=Loaded)
    is_product: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """The further arguments of `CRM`, with the plugins of the product and of this call among them."""
        given = dict(self.settings)
        return {**given, "plugins": (*given.pop("plugins", ()), *self.plugins)}

    @contextmanager
    def crm(self, *, new: bool = False, bare: bool = False) -> Iterator[CRM]:
        """The CRM, closed at the end; `new` where its database may be absent or not yet set up.

        Args:
            bare: without any plugin, so that one that does not load is no hindrance.

        Raises:
            DeclarationError: no such plugin, or no address of a database.
            StoreError: there is no database, or it was never set up.
        """
        from pycrm.app import CRM

        given = self.options
        if bare:
            del given["plugins"]
        try:
            crm = (CRM if bare else CRM.open)(self.database, **given)
        except ModuleNotFoundError as error:
            raise DeclarationError(f"PostgreSQL needs {error.name}: pip install 'pycrm[postgres]'") from error
        try:
            if not new:
                self.refuse_absent(crm)
            yield crm
        finally:
            crm.close()

    def refuse_absent(self, crm: CRM) -> None:
        """Raise `StoreError` where there is no database, or none that was set up."""
        from pycrm.store.engine import file_of

        path = file_of(crm.store.url)
        # Opening it would leave an empty file behind where somebody only mistyped a name.
        if path is not None and not Path(path).exists():
            raise StoreError(f"there is no database {path}: name it with --database, or run `pycrm init`")
        # Whoever asks for the key learns at once whether the database was set up.
        assert crm.secret != b""

    @contextmanager
    def view(self) -> Iterator[Session]:
        """A session that only reads, as the user of ``--as``."""
        from pycrm.scope import Source

        who = self.who()
        with self.crm() as crm, crm.view(who, source=Source.CLI) as session:
            yield session

    def run(self, function: Callable[[Session], T]) -> T:
        """Call a function in a writing session as the user of ``--as``; its answer is committed."""
        from pycrm.scope import Source

        who = self.who()
        with self.crm() as crm:
            return crm.run(who, function, source=Source.CLI)

    def who(self) -> str:
        """The user who acts.

        Raises:
            InvalidError: nobody was named.
        """
        if not self.actor:
            missing = Problem("as", "required", "say who acts: --as LOGIN, or PYCRM_AS")
            raise InvalidError(missing.message, fields=[missing])
        return self.actor

    def answer(self, data: Any, *parts: Part) -> None:
        """Print the data for a program, or the parts for a person."""
        if self.json:
            typer.echo(as_json(data))
        else:
            say(*parts)


def address(crm: CRM) -> str:
    """Where the database is, without its password."""
    url = crm.store.url.set(drivername=crm.store.dialect)
    return str(url.render_as_string(hide_password=True))


class Group(TyperGroup):
    """A group whose flags are false when they are not given.

    For a flag without a value Typer loads pydantic, which would double the time of every ``--help``.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        found = super().get_params(ctx)
        for one in found:
            if getattr(one, "is_flag", False) and one.default is None:
                one.default = False
        return found


class _Defaulting(Group):
    """A group whose first word may be left out: ``pycrm history customer ID`` means ``of``."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["of", *args]
        return super().resolve_command(ctx, args)


def group(
    help: str, *, name: str | None = None, defaults: bool = False, kind: type[Group] = Group
) -> typer.Typer:
    """Commands under one word, with plain help that needs no rich.

    Args:
        defaults: what is none of its commands goes to the one that is called ``of``.
    """
    return typer.Typer(
        name=name,
        help=help,
        cls=_Defaulting if defaults else kind,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


#: The shared options of a command that has no actor.
UNNAMED = ("database", "plugins", "settings", "json")


def command(
    app: typer.Typer, name: str, *, shared: tuple[str, ...] = tuple(_SHARED)
) -> Callable[[Command], Command]:
    """Register a function of a `Call` and of its own arguments as a command.

    Args:
        shared: which of the shared options it takes: ``actor``, ``database``, ``plugins``, ``settings``, ``json``.
    """

    def register(function: Command) -> Command:
        app.command(name)(_face(function, shared))
        return function

    return register


def _call(said: Mapping[str, Any], product: Mapping[str, Any]) -> Call:
    """The call that options, environment and the file of settings come to."""
    own = {name: said[name] for name in ("actor", "json") if name in said}
    if "database" not in said:
        return Call(**own, settings=product, is_product=bool(product))
    options = {"database": said["database"], "plugins": ",".join(said["plugins"] or ()) or None}
    loaded = load(options, path=said["settings"])
    return Call(
        **own,
        database=loaded["database"],
        plugins=loaded["plugins"],
        settings={**loaded.of_crm(), **product},
        loaded=loaded,
        is_product=bool(product),
    )


def _face(function: Callable[..., None], shared: tuple[str, ...]) -> Callable[..., None]:
    def face(context: typer.Context, **given: Any) -> None:
        said = {name: given.pop(name) for name in shared}
        is_json = said.get("json", False)
        try:
            function(_call(said, context.obj or {}), **given)
        except CRMError as error:
            raise typer.Exit(refuse(error, json=is_json)) from error
        except BrokenPipeError:
            raise  # whoever read our answer has seen enough
        except OSError as error:
            words = f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
            raise typer.Exit(refuse(StoreError(words), json=is_json)) from error

    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
        for name, (kind, default) in _SHARED.items()
        if name in shared
    ]
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    own = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own]
    parameters = [context, *own, *added]
    described: Any = face
    described.__signature__ = inspect.Signature(parameters)
    face.__annotations__ = {one.name: one.annotation for one in parameters}
    face.__name__, face.__doc__, face.__module__ = function.__name__, function.__doc__, function.__module__
    return face
