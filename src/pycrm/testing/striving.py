"""What good plugins do besides what every plugin must: they explain, stay whole, tell nothing and weigh little."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import partial
from typing import Any

from pycrm.app import CRM
from pycrm.app.sample import sample_of
from pycrm.entities import Customer
from pycrm.errors import CRMError, DeclarationError
from pycrm.plugin.model import hook_methods
from pycrm.session import Session
from pycrm.testing.asking import questions
from pycrm.testing.comparing import tell_apart
from pycrm.testing.databases import KINDS
from pycrm.testing.failing import fail_everywhere, statements
from pycrm.testing.organisation import Organisation
from pycrm.testing.told import Act
from pycrm.testing.trial import Trial

__all__ = ["explaining", "sampling", "secret", "shipping", "two_databases", "weighing", "whole"]

# What a plugin may add to one act of the core: about a row of its own with its revision.
_MOST_STATEMENTS = 10


def shipping(trial: Trial) -> Iterator[str]:
    """Its tables are made by migrations, so that they can change once there is data in them."""
    if trial.tables and trial.plugin.migrations is None:
        yield f"{trial.plugin.name} has tables and ships no migrations"


def explaining(trial: Trial) -> Iterator[str]:
    """Whoever meets a name of the plugin finds a sentence that says what it is for."""
    plugin = trial.plugin
    if not plugin.description:
        yield f"{plugin.name} says in one line what it is called, and in no second one what it is for"
    named: list[tuple[str, Any]] = [(f"the hook {one.hook}", one.function) for one in hook_methods(plugin)]
    named += [(f"the guard {name}", function) for name, function in plugin.guards.items()]
    named += [(f"the action {name}", function) for name, function in plugin.actions.items()]
    named += [(f"the command {one.__name__}", one) for one in plugin.commands]
    for said, function in named:
        if not inspect.getdoc(function):
            yield f"{said} has no docstring"


def whole(trial: Trial) -> Iterator[str]:
    """Wherever a statement fails while one of its records is entered, nothing of the act is left."""
    crm = trial.open()
    examples = trial.further(crm)
    for cls in trial.belonging():
        if not examples.by_people(cls):
            continue
        for line in fail_everywhere(crm, "ana", partial(_enter, examples.draft(cls, "ana"))):
            yield f"entering a {cls.__name__}: {line}"


def _enter(draft: Any, session: Session) -> None:
    session.add(draft)


def secret(trial: Trial) -> Iterator[str]:
    """What somebody of another unit enters changes no answer that a person gets, and no act."""
    hidden: list[Any] = []

    def enter(world: Organisation) -> None:
        with world.as_("ana") as session:
            session.add(Customer.organization("Seen", source="fair", email="seen@example.com"))

    def hide(world: Organisation) -> None:
        examples = trial.further(world.crm)
        hidden.extend(examples.add(cls, "eva") for cls in trial.belonging())

    asks: dict[str, Act] = {}
    for cls in (Customer, *trial.belonging()):
        asks |= questions(cls, hidden)
    asks["enter a customer"] = lambda session: session.add(
        Customer.organization("Own", source="fair", email="own@example.com")
    )
    asks["change a customer"] = lambda session: [
        session.change(one, channel="fair") for one in session.find(Customer)
    ]
    yield from tell_apart(trial.databases, trial.plugins, "ana", enter, hide, asks)


def sampling(trial: Trial) -> Iterator[str]:
    """Whoever tries the plugin begins with sample data, which an empty database takes."""
    if trial.databases.kind != trial.kinds[0]:
        # A database in memory is one and the same, whatever the rest is tried on.
        return
    try:
        add = sample_of(trial.plugin)
    except DeclarationError as error:
        yield str(error)
        return
    crm = CRM("sqlite://", plugins=trial.plugins)
    try:
        crm.migrate()
        add(crm)
        with crm.view(crm.system("sample data")) as session:
            if not any(session.count(cls) for cls in trial.classes):
                yield f"the sample data of {trial.plugin.name} hold none of its records"
    except CRMError as error:
        yield f"the sample data of {trial.plugin.name} are not taken: {error}"
    finally:
        crm.close()


def two_databases(trial: Trial) -> Iterator[str]:
    """The plugin is tried on SQLite and on PostgreSQL."""
    for kind in ("sqlite", "postgresql"):
        if kind not in KINDS:
            yield f"not tried on {kind}: name a server in PYCRM_TEST_POSTGRESQL"
        elif kind not in trial.kinds:
            yield f"not tried on {kind}: its contract leaves that aside in `kinds`"


def weighing(trial: Trial) -> Iterator[str]:
    """With the plugin, entering and changing a customer takes at most ten statements more than without."""
    counted = []
    for plugins in (trial.beside, trial.plugins):
        crm = trial.databases.open(plugins)
        made: list[Any] = []

        def enter(session: Session, kept: list[Any] = made) -> None:
            kept.append(session.add(Customer.organization("Hongda", source="fair", email="h@example.com")))

        def change(session: Session, kept: list[Any] = made) -> None:
            session.change(kept[0], channel="fair")

        counted.append(
            {name: statements(crm, "ana", act) for name, act in (("entering", enter), ("changing", change))}
        )
    without, beside = counted
    for name, number in beside.items():
        more = number - without[name]
        if more > _MOST_STATEMENTS:
            yield f"{name} a customer takes {more} statements more with {trial.plugin.name} than without"
