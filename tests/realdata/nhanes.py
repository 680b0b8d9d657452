"""Examinees of the American health survey of 2017-2018, as facets of customers that are made from the file.

The slice holds every fifth of them, with 198 columns: their number and 197 answers and measurements.
"""

from __future__ import annotations

import csv
import gzip
import re
import types
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pycrm import Customer, Facet, Field, Plugin, field

from .where import realdata

__all__ = [
    "EXAMINEES", "KEY", "NOUGHT", "PLACES", "Column", "columns", "customers", "examinee", "examinees", "survey",
    "table", "unpacked",
]  # fmt: skip

KEY = "SEQN"
EXAMINEES = 1_657
# 2 to the power of -260: the least number of an IBM machine, which SAS' transport files have for nought.
NOUGHT = "5.397605346934028e-79"
# The survey has at most three places; whatever comes behind was left over by binary fractions.
PLACES = 3
_NUMBER = re.compile(r"-?[0-9]+\.?[0-9]*")
_CUSTOMERS = """
entity = "Customer"
make = "person"
source = "nhanes"
key = "SEQN"
ignore = [{ignore}]

[columns]
name = {{ text = "Examinee {{SEQN}}" }}
source = {{ value = "survey", lookup = "Source.name" }}
phone = {{ value = "1" }}
"""
_EXAMINEES = """
entity = "Examinee"
source = "nhanes"
key = "SEQN"

[formats]
zeros = ["{nought}"]
places = {places}

[columns]
of = {{ column = "SEQN", lookup = "external" }}
{columns}
"""


class Column(NamedTuple):
    """A column of the file: the field that holds it, and the places of its numbers, None for texts."""

    name: str
    field: str
    places: int | None


def unpacked(folder: Path) -> Path:
    """The table as a file of its own."""
    packed = realdata("nhanes_slice", "nhanes_2017_2018_seqn_mod5_eq0.tsv.gz")
    path = folder / "nhanes.tsv"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    return path


@cache
def table() -> list[dict[str, str]]:
    """The rows as texts."""
    packed = realdata("nhanes_slice", "nhanes_2017_2018_seqn_mod5_eq0.tsv.gz")
    with gzip.open(packed, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@cache
def columns() -> tuple[Column, ...]:
    """Every column but the number of the examinee."""
    rows = table()
    return tuple(
        Column(name, _field(name), _places(row[name] for row in rows)) for name in rows[0] if name != KEY
    )


def _field(name: str) -> str:
    return f"n{name}".lower() if name[0].isdigit() else name.lower()


def _places(cells: Iterable[str]) -> int | None:
    places = 0
    for cell in cells:
        if cell and cell != NOUGHT:
            if not _NUMBER.fullmatch(cell):
                return None
            places = max(places, len(cell.partition(".")[2]))
    return min(places, PLACES)


def examinee(*, special: bool = True) -> type[Facet]:
    """The facet with a field for each column, all of them of a special category."""

    def body(namespace: dict[str, Any]) -> None:
        namespace |= {"__module__": __name__, "__doc__": "What was asked and measured of an examinee."}
        namespace["__annotations__"] = {
            one.field: Field[str | None] if one.places is None else Field[Decimal | None] for one in columns()
        }
        for one in columns():
            namespace[one.field] = field(one.name, default=None, special=special, scale=one.places or 0)

    options = {"table": "survey_examinee", "of": Customer}
    made: type[Facet] = types.new_class("Examinee", (Facet,), options, body)
    return made


def survey(kind: type[Facet], supplies: tuple[Any, ...] = ()) -> type[Plugin]:
    """The plugin that keeps the facet."""

    class Survey(Plugin):
        """Survey

        Examinees, with what was asked and measured.
        """

        name = "survey"
        facets = (kind,)

    Survey.supplies = supplies
    return Survey


def customers() -> str:
    """The mapping of the file to customers."""
    return _CUSTOMERS.format(ignore=", ".join(f'"{one.name}"' for one in columns()))


def examinees(nought: str = NOUGHT) -> str:
    """The mapping of the file to facets of these customers."""
    lines = "\n".join(f'{one.field} = "{one.name}"' for one in columns())
    return _EXAMINEES.format(nought=nought, places=PLACES, columns=lines)
