"""Records made at random are such as their declarations allow, and reach the bounds of these."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import FailedHealthCheck, Unsatisfiable

from pycrm import Customer, Field, Link, Money, Record, field, ge, le, link, minimum_length, one_of, owned
from pycrm.declare.codec import dump, load
from pycrm.testing import records
from pycrm.testing.values import value_of

FEW = settings(max_examples=25, database=None)


class Size(StrEnum):
    """How large."""

    SMALL = "small"
    LARGE = "large"


class Parcel(Record, table="post_parcel", scope=owned()):
    """A parcel with a field of every kind."""

    receiver: Link[Customer] = link("Receiver")
    code: Field[str] = field("Code", longest=3)
    contents: Field[str | None] = field("Contents", default=None, validator=minimum_length(5))
    pieces: Field[int] = field("Pieces", validator=(ge(7), le(8)))
    kilos: Field[Decimal] = field("Kilos", scale=1, validator=(ge(0), le(30)))
    worth: Field[Money] = field("Worth")
    sent_on: Field[date] = field("Sent on")
    arrived_at: Field[datetime | None] = field("Arrived at", default=None)
    size: Field[Size] = field("Size", default=Size.SMALL)
    fragile: Field[bool] = field("Fragile", default=False)
    way: Field[str] = field("Way", validator=one_of("air", "sea"))
    marks: Field[tuple[str, ...]] = field("Marks", default=(), longest=20)

    def check(self, moment: datetime) -> None:
        """Fragile parcels are small."""
        if self.fragile and self.size is Size.LARGE:
            raise ValueError("fragile parcels are small")


@FEW
@given(records(Parcel))
def test_what_is_made_keeps_the_rules(parcel: Parcel) -> None:
    """Whoever asks for any parcel gets one that could be entered, and that JSON brings back."""
    assert parcel.pieces in (7, 8)
    assert 0 <= parcel.kilos <= 30
    assert 1 <= len(parcel.code) <= 3
    assert parcel.contents is None or len(parcel.contents.strip()) >= 5
    assert not (parcel.fragile and parcel.size is Size.LARGE)
    sent = {name: value for name, value in dump(parcel).items() if Parcel.__specs__[name].init}
    again = load(Parcel, sent)
    assert {name: getattr(again, name) for name in sent} == {name: getattr(parcel, name) for name in sent}


def test_both_ends_are_reached() -> None:
    """Whoever looks for a case at the edge finds one, and none that was ruled out."""
    seen = []
    made = given(records(Parcel, size=Size.SMALL))(lambda parcel: seen.append(parcel))
    settings(max_examples=100, database=None, derandomize=True)(made)()
    assert {parcel.pieces for parcel in seen} == {7, 8}
    assert {parcel.fragile for parcel in seen} == {True, False}
    assert {parcel.way for parcel in seen} == {"air", "sea"}
    assert {parcel.contents is None for parcel in seen} == {True, False}
    assert {parcel.size for parcel in seen} == {Size.SMALL}


def narrow(value: int) -> None:
    """As `ge(7)` and `le(8)` together, and nobody can tell."""
    if value not in (7, 8):
        raise ValueError("7 or 8")


class Box(Record, table="post_box", scope=owned()):
    """A box whose bounds nobody can read."""

    pieces: Field[int] = field("Pieces", validator=narrow)
    lid: Field[str] = field("Lid")


def test_bounds_that_cannot_be_read_have_to_be_given() -> None:
    """Were bounds not read, the tests above would find hardly any parcel; values that are given help."""

    @settings(FEW, suppress_health_check=[HealthCheck.too_slow])
    @given(records(Box))
    def blind(box: Box) -> None:
        assert box.pieces

    with pytest.raises((FailedHealthCheck, Unsatisfiable)):
        blind()
    seen = []
    settings(FEW, max_examples=5)(given(records(Box, pieces=7))(lambda box: seen.append(box.pieces)))()
    assert set(seen) == {7}
    with pytest.raises(TypeError, match="Box has no field height"):
        records(Box, height=3)


def test_plain_values_keep_the_rules_too() -> None:
    """An example of the contract takes the first plain value that fits, or says which field has none."""
    moment = datetime.fromisoformat("2026-06-30T09:00:00+08:00")
    found: dict[str, Any] = {
        spec.name: value_of("Parcel", spec, 4, moment)
        for spec in Parcel.__specs__.values()
        if spec.required and not spec.target
    }
    assert found == {
        "code": "004",
        "pieces": 7,
        "kilos": Decimal("4.0"),
        "worth": Money("4", "CNY"),
        "sent_on": date(2026, 6, 30),
        "way": "air",
    }
    with pytest.raises(Exception, match=r"Box\.pieces: its validators refuse all that was tried"):
        value_of("Box", Box.__specs__["pieces"], 4, moment)
