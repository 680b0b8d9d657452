"""JSON in and out: strict, with every error at once and its path."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from declare.sample import Hall, Stall
from pycrm import Customer, InvalidError, Money, Ref
from pycrm.declare.codec import dump, json_schema, load, load_patch

ID = "00000000-0000-0000-0000-000000000007"
PLAIN: dict[str, Any] = {"customer": ID, "number": "A1", "opens": "2026-09-01"}
FULL: dict[str, Any] = PLAIN | {
    "beside": None,
    "hall": "south",
    "built_at": "2026-09-01T08:00:00+08:00",
    "places": 3,
    "corner": True,
    "width": "2.50",
    "price": {"amount": "1200.5", "currency": "CNY"},
    "tags": ["new", "big"],
    "items": [{"name": "lamp", "qty": "2"}, {"id": ID, "name": "desk", "qty": "1.5"}],
}


def problems(data: Any, read: Any = load) -> set[tuple[str, str]]:
    """Path and code of everything that is refused in this input."""
    with pytest.raises(InvalidError) as refused:
        read(Stall, data)
    return {(one.path, one.code) for one in refused.value.fields}


def test_json_becomes_a_record_with_typed_values() -> None:
    """Every kind of field arrives as the type that its declaration names."""
    made = load(Stall, FULL)
    assert made.customer == Ref[Customer]("Customer", UUID(ID))
    assert (made.hall, made.opens, made.places, made.corner) == (Hall.SOUTH, date(2026, 9, 1), 3, True)
    assert made.built_at == datetime(2026, 9, 1, 0, 0, tzinfo=UTC)
    assert (made.width, made.price, made.tags) == (Decimal("2.50"), Money("1200.50", "CNY"), ("new", "big"))
    assert [item.name for item in made.items] == ["lamp", "desk"]
    assert [item.is_new for item in made.items] == [True, False]
    assert made.items[1].id == UUID(ID)


def test_a_record_becomes_the_json_it_came_from() -> None:
    """What is read can be sent back: only the normal forms differ."""
    out = dump(load(Stall, FULL))
    expected = FULL | {
        "built_at": "2026-09-01T00:00:00+00:00",
        "price": {"amount": "1200.50", "currency": "CNY"},
    }
    items = out.pop("items")
    assert out == {name: value for name, value in expected.items() if name != "items"}
    assert items == [{"name": "lamp", "qty": "2.000"}, {"id": ID, "name": "desk", "qty": "1.500"}]


def test_fields_that_were_not_read_are_absent() -> None:
    """A dump says nothing of fields that were hidden or not asked for, not even null."""
    out = dump(load(Stall, PLAIN))
    assert "id" not in out
    assert "version" not in out
    assert out["beside"] is None


def test_every_error_comes_at_once_with_its_path() -> None:
    """Whoever posts seven mistakes, some in rows, reads all seven."""
    wrong = {
        "number": 5,
        "customer": "Ningbo",
        "colour": "red",
        "rank": 1,
        "places": 0,
        "items": [{"name": "lamp", "qty": "2"}, {"qty": 2, "id": 5}, "desk"],
    }
    assert problems(wrong) == {
        ("number", "type"),
        ("customer", "type"),
        ("colour", "unknown"),
        ("rank", "unknown"),
        ("places", "type"),
        ("items/1/name", "required"),
        ("items/1/qty", "type"),
        ("items/1/id", "type"),
        ("items/2", "type"),
        ("opens", "required"),
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("corner", "false"),
        ("corner", 0),
        ("places", "3"),
        ("places", 3.0),
        ("places", True),
        ("places", float("nan")),
        ("places", Decimal(3)),
        ("opens", "2026-9-1"),
        ("opens", "20260901"),
        ("opens", "2026-02-30"),
        ("opens", "2026-W36-2"),
        ("opens", 1788220800),
        ("built_at", "2026-09-01T08:00:00"),
        ("built_at", "yesterday"),
        ("width", 2.5),
        ("width", 2),
        ("width", "1e1000000"),
        ("width", "NaN"),
        ("price", "12 CNY"),
        ("price", {"amount": 12, "currency": "CNY"}),
        ("price", {"amount": "12"}),
        ("price", {"amount": "12", "currency": "CNY", "colour": "red"}),
        ("price", {"amount": "12.345", "currency": "CNY"}),
        ("price", {"amount": " 12", "currency": "CNY"}),
        ("hall", "NORTH"),
        ("hall", 1),
        ("tags", "new"),
        ("tags", {"0": "new"}),
        ("tags", ["new", None]),
        ("customer", f"{{{ID}}}"),
        ("customer", f"urn:uuid:{ID}"),
        ("customer", ID.replace("-", "")),
        ("customer", 7),
        ("items", {"0": {}}),
        ("items", [[]]),
        ("items", [{"name": "lamp", "qty": "1", "id": None}]),
    ],
)
def test_nothing_is_coerced(name: str, value: Any) -> None:
    """A value of almost the right type is refused rather than guessed at."""
    found = problems(PLAIN | {name: value})
    assert {path.partition("/")[0] for path, _ in found} == {name}


@pytest.mark.parametrize("data", [None, [], "x", 5, [PLAIN]])
def test_only_an_object_is_a_record(data: Any) -> None:
    """A list or a text is refused whole."""
    assert problems(data) == {("", "type")}


def test_absent_is_not_null() -> None:
    """A patch leaves out what it does not touch; a null empties, and only where that is allowed."""
    assert load_patch(Stall, {}) == {}
    assert load_patch(Stall, {"price": None}) == {"price": None}
    assert load_patch(Stall, {"places": 4, "hall": "south"}) == {"places": 4, "hall": Hall.SOUTH}
    assert problems({"number": None, "opens": None}, load_patch) == {
        ("number", "required"),
        ("opens", "required"),
    }
    assert problems({"version": 3, "id": ID}, load_patch) == {("version", "unknown"), ("id", "unknown")}


def test_a_key_can_always_be_repeated_in_an_error() -> None:
    """An unknown key of any length with any content gives an error that can be printed."""
    with pytest.raises(InvalidError) as refused:
        load(Stall, PLAIN | {"\ud800" * 5000: 1, 5: 2})
    shown = str(refused.value.as_dict()["fields"])
    assert shown.encode()
    assert len(shown) < 2000


# --- the JSON Schema says what the codec does -----------------------------------------------------

SCHEMA = json_schema(Stall)
CHECKED = {"type", "required", "additionalProperties", "enum"}
JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@st.composite
def inputs(draw: st.DrawFn) -> Any:
    """A good input in which some values, rows and keys went wrong."""
    data: dict[str, Any] = {}
    for name, good in FULL.items():
        kind = draw(st.sampled_from(["good"] * 6 + ["junk", "absent"]))
        if kind != "absent":
            data[name] = good if kind == "good" else draw(JUNK)
    if draw(st.booleans()) and isinstance(data.get("items"), list):
        rows = [dict(row) for row in FULL["items"]]
        rows[0][draw(st.sampled_from(["name", "qty", "id", "colour"]))] = draw(JUNK)
        data["items"] = rows
    if draw(st.integers(0, 5)) == 0:
        data[draw(st.text(max_size=5))] = draw(JUNK)
    return data


def unseen(read: Any, data: Any) -> set[str]:
    """Where the schema finds a wrong type, a missing or an unknown key and the codec finds nothing."""
    wanted: set[str] = set()
    for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(data):
        place = [str(part) for part in error.absolute_path]
        if error.validator == "required" and place[:1] != ["price"]:
            missing = [name for name in error.validator_value if name not in error.instance]
            wanted |= {"/".join([*place, name]) for name in missing}
            continue
        if error.validator == "additionalProperties" and place[:1] != ["price"]:
            known = error.schema["properties"]
            wanted |= {"/".join([*place, name]) for name in error.instance if name not in known}
            continue
        if error.validator in CHECKED:
            wanted.add("/".join(place))
    try:
        read(Stall, data)
    except InvalidError as refused:
        paths = {one.path for one in refused.fields}
        # Money and a list of texts are one value to the codec: their inside has no path of its own.
        return {place for place in wanted if place not in paths and place.partition("/")[0] not in paths}
    return wanted


def test_the_schema_is_itself_valid() -> None:
    """The published schema is a JSON Schema of draft 2020-12, and takes the good input."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(FULL, SCHEMA)
    jsonschema.validate({"places": 4}, json_schema(Stall, patch=True))
    with pytest.raises(jsonschema.ValidationError, match="required"):
        jsonschema.validate({"places": 4}, SCHEMA)


@given(inputs())
def test_what_the_schema_refuses_the_codec_refuses(data: Any) -> None:
    """Whoever generates a client from the schema is never told less than the server checks."""
    assert unseen(load, data) == set()


def test_a_lenient_codec_would_be_seen() -> None:
    """The property above goes red for a codec that swallows keys, takes any type or misses a row."""

    def swallowing(cls: Any, data: Any) -> Any:
        return load(cls, {name: value for name, value in data.items() if name in cls.__specs__})

    def trusting(cls: Any, data: Any) -> Any:
        return load(cls, PLAIN)

    def shallow(cls: Any, data: Any) -> Any:
        return load(cls, data | {"items": []})

    assert unseen(swallowing, FULL | {"colour": "red"}) == {"colour"}
    assert unseen(trusting, FULL | {"places": "3"}) == {"places"}
    assert unseen(shallow, FULL | {"items": [{"name": 5, "qty": "1"}]}) == {"items/0/name"}
