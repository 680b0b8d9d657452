"""Checks of people who go: an erased customer, and a colleague who hands over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pycrm.declare.record import child_class
from pycrm.entities import Customer, Party
from pycrm.errors import CRMError
from pycrm.testing.trial import Trial

__all__ = ["erasing", "handing_over"]

_NAME = "Erasmus Gone"


def erasing(trial: Trial) -> Iterator[str]:
    """Whoever is erased is named nowhere any more in what the plugin keeps of them."""
    examples = trial.further(trial.organisation.crm)
    person = examples.person("ana", _NAME)
    examples.concern({Customer: person.ref, Party: person.party})
    made = [examples.add(cls, "ana", text=f"Said by {_NAME}") for cls in trial.belonging()]
    about = [record for record in made if examples.concerns(record)]
    try:
        with trial.organisation.as_("dan") as session:
            session.erase(person.ref, because="asked for it in writing")
    except CRMError as error:
        yield f"nobody can be erased: {error}"
        return
    for table in _tables(about):
        if any(_NAME in str(value) for row in trial.rows(trial.organisation.crm, table) for value in row):
            yield f"the name of somebody who was erased still stands in {table}"


def _tables(records: list[Any]) -> set[str]:
    found = set()
    for record in records:
        cls = type(record)
        found.add(cls.__tablename__)
        lists = [spec for spec in cls.__specs__.values() if spec.child is not None]
        found |= {child_class(cls, spec).__tablename__ for spec in lists}
    return found


def handing_over(trial: Trial) -> Iterator[str]:
    """What somebody who leaves owns goes to another, who may own such things already."""
    passing = [cls for cls in trial.plugin.records if cls.__scope__.passes_on]
    if not passing:
        return
    made = [trial.add(cls, "leo") for cls in passing]
    for cls in passing:
        trial.add(cls, "ben")
    try:
        with trial.organisation.as_("wu") as session:
            session.hand_over("leo", "ben", because="leaves the company")
    except CRMError as error:
        yield f"what somebody owns cannot be handed over: {error}"
        return
    with trial.organisation.view("ben") as session:
        for record in made:
            if session.find_one(type(record), record.id) is None:
                yield f"a {type(record).__name__} of somebody who left does not go to the colleague"
