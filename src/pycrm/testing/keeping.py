"""Checks of what is kept: through migrations up and down, and while the plugin is away."""

from __future__ import annotations

from collections.abc import Iterator

from pycrm.app import CRM
from pycrm.app.setup import differences, line_of, take_back, take_next
from pycrm.entities import Customer
from pycrm.errors import CRMError, StoreError
from pycrm.testing.trial import Trial

__all__ = ["disabling", "migrating"]


def migrating(trial: Trial) -> Iterator[str]:
    """Migrations lead to what is declared, and go down and up on filled tables without losing rows."""
    name = trial.plugin.name
    if trial.plugin.migrations is None:
        yield from differences(trial.organisation.crm, name)
        return
    if trial.tables and not line_of(trial.organisation.crm, name).steps:
        yield f"{trial.plugin.migrations} holds no migration yet"
        return
    crm = trial.open()
    lag = differences(crm, name)
    if lag:
        yield from lag
        return
    _fill(trial, crm)
    before = len(trial.rows(crm, Customer.__tablename__))
    try:
        yield from _down(trial, crm)
        crm.migrate()
    except StoreError as error:
        yield str(error)
        return
    yield from differences(crm, name)
    if len(trial.rows(crm, Customer.__tablename__)) != before:
        yield "customers were lost on the way down and up"
    _fill(trial, crm)


def _fill(trial: Trial, crm: CRM) -> None:
    examples = trial.further(crm)
    for cls in trial.classes:
        examples.add(cls, "ana")


def _down(trial: Trial, crm: CRM) -> Iterator[str]:
    """Every step down, each tried upwards again with what rows there are."""
    name = trial.plugin.name
    while (step := take_back(crm, name)) is not None:
        there = trial.names(crm) & set(trial.tables)
        rows = {table: len(trial.rows(crm, table)) for table in there}
        take_next(crm, name)
        for table, number in rows.items():
            if len(trial.rows(crm, table)) != number:
                yield f"{step}: taken again, it changes the number of rows in {table}"
        take_back(crm, name)
    others = {cls.__tablename__ for cls in crm.classes()} - set(trial.tables)
    prefix = f"{trial.plugin.prefix}_"
    # SQLite's index of texts is the core's, and is made anew with the table.
    own = (one for one in trial.names(crm) - others if "_search_fts" not in one)
    left = sorted(one for one in own if one.startswith(prefix))
    if left:
        yield f"after the last step down there is still {', '.join(left)}"


def disabling(trial: Trial) -> Iterator[str]:
    """While the plugin is away everything else works and its rows stay; it comes back to them."""
    made = [trial.add(cls, "ana") for cls in trial.classes]
    crm = trial.organisation.crm
    before = {table: sorted(map(repr, trial.rows(crm, table))) for table in trial.tables}
    url = crm.store.url.render_as_string(hide_password=False)
    try:
        without = trial.databases.open(trial.beside, url=url)
        examples = trial.further(without)
        customer = examples.add(Customer, "ana")
        with without.session("ana") as session:
            session.change(customer, channel="fair")
            session.find(Customer)
    except CRMError as error:
        yield f"without the plugin the core does not work: {error}"
    if crm.pending():
        yield f"when the plugin comes back there is something to migrate: {', '.join(crm.pending())}"
    for table, rows in before.items():
        if sorted(map(repr, trial.rows(crm, table))) != rows:
            yield f"the rows of {table} are not what they were before the plugin was away"
    with crm.view("ana") as session:
        for record in made:
            if not trial.is_common(type(record)) and not session.count(type(record)):
                yield f"{type(record).__name__}: ana sees none any more"
