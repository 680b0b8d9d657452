"""A veterinary clinic and a lodge that requires it, as installed plugins of a database's administrator."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from pycrm import (
    ConflictError,
    Customer,
    Facet,
    Field,
    Link,
    Move,
    Pipeline,
    Plugin,
    Record,
    Stage,
    field,
    hookimpl,
    link,
    owned,
    through,
)  # fmt: skip
from pycrm.scoring import YEAR, Indicator, Linear, count, feeds, zero

__all__ = ["Household", "Lodge", "Stay", "Vet", "Visit", "install"]


class Visit(Record, table="vet_visit", scope=through("customer", owned=True), pipeline="vet_visit"):
    """A customer brings an animal."""

    customer: Link[Customer] = link("Customer")
    animal: Field[str] = field("Animal", search=True, longest=100)
    on: Field[date] = field("Date", order=True)
    chip: Field[str | None] = field("Chip", default=None, unique=True, longest=40)
    fee: Field[int] = field("Fee", default=0, key=True)


class Household(Facet, table="vet_household", of=Customer):
    """What animals live with a customer."""

    animals: Field[int] = field("Animals", default=1)


VISIT = Pipeline(
    "vet_visit", 1, "Visit", "Visit",
    stages=(Stage("booked", "Booked"), Stage("seen", "Seen", kind="won"), Stage("missed", "Missed", kind="lost")),
    moves=(Move("see", "booked", "seen", "See"), Move("miss", "booked", "missed", "Miss")),
)  # fmt: skip

CALLS = zero(count(feeds.contact_acts, within=YEAR))


class Vet(Plugin):
    """Veterinary clinic

    Visits, and what animals live with a customer.
    """

    name = "vet"
    api = ">=0.1,<0.2"
    records = (Visit,)
    facets = (Household,)
    pipelines = (VISIT,)
    indicators = (Indicator("vet.calls", "Calls", "通话", "S", "count", CALLS, Linear(0, 12)),)

    @hookimpl
    def before_add(self, session: Any, record: Visit) -> None:
        """Nobody books for dragons."""
        if record.animal == "dragon":
            raise ConflictError("no dragons")


class Stay(Record, table="lodge_stay", scope=owned()):
    """An animal stays overnight after a visit."""

    visit: Link[Visit] = link("Visit")


class Lodge(Plugin):
    """Lodge

    Animals that stay overnight.
    """

    name = "lodge"
    requires = ("vet",)
    records = (Stay,)


def install(folder: Path, **targets: str) -> None:
    """Make plugins known by their entry points in a folder on the path."""
    for name, target in targets.items():
        known = folder / f"{name}_dist-1.0.dist-info"
        known.mkdir(parents=True)
        (known / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-dist\nVersion: 1.0\n", "utf-8")
        (known / "entry_points.txt").write_text(f"[pycrm.plugins]\n{name} = {target}\n", "utf-8")
