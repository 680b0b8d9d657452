"""Cells become typed values, strictly: what is not clearly a value is refused with its place."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycrm.errors import InvalidError
from pycrm.exchange import Draft, Kind, Lookup, Mapping
from pycrm.exchange.reading import Row
from pycrm.values import Money

# How a nought of SAS stands in tables that were made of its transport files: 2 to the power of -260.
SAS = 'zeros = ["5.397605346934028e-79"]'
KINDS: dict[str, Any] = {
    "text": "text",
    "texts": "texts",
    "int": "int",
    "decimal": "decimal",
    "bool": "bool",
    "date": "date",
    "instant": "instant",
    "enum": Kind("enum", choices=("prospect", "buyer")),
    "money": Kind("money", currency="CNY"),
    "link": Kind("link", entity="Region"),
}


def draft(spec: str, *cells: str, formats: str = "", header: tuple[str, ...] = ("V",)) -> Draft:
    """The draft of one row, by a mapping of one field."""
    text = f'entity = "A"\nsource = "old"\nkey = "K"\n[formats]\n{formats}\n[columns]\n{spec}\n'
    plan = Mapping.parse(text).plan(["K", *header], KINDS)
    return plan.transform(Row(7, ["k1", *cells]))


def value(kind: str, cell: str, options: str = "", formats: str = "") -> Any:
    """What a cell becomes in a field of that kind."""
    extra = f", {options}" if options else ""
    found = draft(f'{kind} = {{ column = "V"{extra} }}', cell, formats=formats)
    assert not found.problems
    return found.values[kind]


def complaint(kind: str, cell: str, options: str = "", formats: str = "") -> str:
    """Why a cell is refused."""
    extra = f", {options}" if options else ""
    found = draft(f'{kind} = {{ column = "V"{extra} }}', cell, formats=formats)
    assert found.values == {}
    (problem,) = found.problems
    assert problem.path == "line/7/V"
    return problem.message.removeprefix("line 7, V: ")


@pytest.mark.parametrize(
    ("kind", "cell", "expected"),
    [
        ("text", " as typed ", " as typed "),
        ("text", "0042", "0042"),
        ("texts", "pumps; valves;;", ("pumps", "valves")),
        ("int", "12", 12),
        ("int", " -7 ", -7),
        ("int", "+0042", 42),
        ("int", "-9223372036854775808", -(2**63)),
        ("decimal", "1.50", Decimal("1.50")),
        ("decimal", "-.5", Decimal("-0.5")),
        ("bool", "true", True),
        ("bool", "FALSE", False),
        ("date", "2026-06-30", date(2026, 6, 30)),
        ("instant", "2026-06-30T09:00:00+08:00", datetime(2026, 6, 30, 1, tzinfo=UTC)),
        ("instant", "2026-06-30 01:00Z", datetime(2026, 6, 30, 1, tzinfo=UTC)),
        ("enum", "buyer", "buyer"),
        ("money", "86000", Money("86000", "CNY")),
        ("money", "-1234.50", Money("-1234.50", "CNY")),
        ("money", "12.500", Money("12.5", "CNY")),
    ],
)
def test_cells_that_are_values(kind: str, cell: str, expected: Any) -> None:
    """A cell that is written as the value of its field becomes that value, of that very type."""
    found = value(kind, cell, 'lookup = "Region.name"' if kind == "link" else "")
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("kind", "cell", "told"),
    [
        ("int", "12abc", "'12abc' is not a whole number"),
        ("int", "12.0", "'12.0' is not a whole number"),
        ("int", "1_000", "'1_000' is not a whole number"),
        ("int", "１２", "'１２' is not a whole number"),
        ("int", "²", "'²' is not a whole number"),
        ("int", "9223372036854775808", "'9223372036854775808' is too large"),
        ("int", "9" * 5000, "'" + "9" * 39 + "…' is not a whole number"),
        ("decimal", "1,5", "'1,5' is not a number"),
        ("decimal", "nan", "'nan' is not a number"),
        ("decimal", "Infinity", "'Infinity' is not a number"),
        ("decimal", "1.", "'1.' is not a number"),
        (
            "decimal",
            "1e1000000",
            "'1e1000000' is in scientific notation; digits may be lost, so it is not taken for a number",
        ),
        ("money", "1.005", "CNY has 2 decimal places"),
        ("money", "$5", "'$5' is not a number"),
        ("bool", "yes", "'yes' is neither true nor false; name what it means with map"),
        ("bool", "1", "'1' is neither true nor false; name what it means with map"),
        ("date", "30.06.2026", "'30.06.2026' is not a date such as 2026-06-30; name its format"),
        ("date", "20260630", "'20260630' is not a date such as 2026-06-30; name its format"),
        ("date", "2026-02-29", "'2026-02-29' is not in the calendar"),
        (
            "instant",
            "2026-06-30 09:00",
            "'2026-06-30 09:00' names no time zone; name the file's with timezone",
        ),
        ("instant", "2026-06-30", "'2026-06-30' is not an instant such as 2026-06-30T09:00:00+08:00"),
        ("instant", "2026-13-30T09:00Z", "'2026-13-30T09:00Z' is not in the calendar"),
        ("instant", "9999-12-31T23:00-08:00", "'9999-12-31T23:00-08:00' lies outside the calendar"),
        ("enum", "Buyer", "'Buyer' is not one of prospect, buyer"),
    ],
)
def test_cells_that_are_not_values(kind: str, cell: str, told: str) -> None:
    """Nothing is bent into shape: what is not clearly the value is refused, and says what it is not."""
    assert complaint(kind, cell) == told


def test_monstrous_numbers_are_refused_at_once() -> None:
    """A number of a hundred thousand digits costs no more than a look at its length."""
    began = time.process_time()
    for kind in ("int", "decimal", "money"):
        complaint(kind, "9" * 100_000)
        complaint(kind, "1" + "0" * 100_000, formats='thousands = ","')
        complaint(kind, "1e" + "9" * 100_000)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("kind", "cell", "formats", "options", "expected"),
    [
        ("decimal", "1.234.567,5", 'decimal = ","\nthousands = "."', "", Decimal("1234567.5")),
        ("int", "1 234", 'thousands = " "', "", 1234),
        ("money", "-1,234.50", 'thousands = ","', "", Money("-1234.50", "CNY")),
        ("decimal", "5.397605346934028e-79", SAS, "", Decimal(0)),
        ("int", " 5.397605346934028e-79 ", SAS, "", 0),
        ("money", "nil", 'zeros = ["nil"]\ndecimal = ","', "", Money(0, "CNY")),
        ("decimal", "2.6799999999999997", "places = 3", "", Decimal("2.680")),
        ("decimal", "-0.0125", "places = 2", 'times = "10"', Decimal("-0.13")),
        ("money", "12.55", "places = 1", "", Money("12.6", "CNY")),
        ("decimal", "12.5", SAS, "", Decimal("12.5")),
        ("text", "5.397605346934028e-79", SAS, "", "5.397605346934028e-79"),
        ("decimal", "0.15", "", 'times = "100"', Decimal("15")),
        ("money", "1250", "", 'times = "0.01"', Money("12.5", "CNY")),
        ("date", "30.6.2026", 'date = "%d.%m.%Y"', "", date(2026, 6, 30)),
        ("date", "2026年6月30日", "", 'format = "%Y年%m月%d日"', date(2026, 6, 30)),
        ("date", "1996-07-04 00:00:00.000", "", 'format = "%Y-%m-%d %H:%M:%S.%f"', date(1996, 7, 4)),
        (
            "instant",
            "2026-06-30 09:00",
            'timezone = "Asia/Shanghai"',
            "",
            datetime(2026, 6, 30, 1, tzinfo=UTC),
        ),
        (
            "instant",
            "30/06/2026",
            'timezone = "UTC"',
            'format = "%d/%m/%Y"',
            datetime(2026, 6, 30, tzinfo=UTC),
        ),
        ("bool", "J", "", 'map = { J = "true", N = "false" }', True),
        ("enum", "x", "", 'map = { c = "buyer" }, other = "prospect"', "prospect"),
        ("enum", "BUYER", "", 'case = "lower"', "buyer"),
        ("text", " Fuller ", "", 'trim = true, case = "lower"', "fuller"),
        ("texts", "a|b", "", 'split = "|"', ("a", "b")),
        ("link", " Lyon ", "", 'lookup = "Region.name"', Lookup("Region", "name", "Lyon")),
        ("link", "9", "", 'lookup = "external"', Lookup("Region", "external", "old:9")),
        ("link", "9", "", 'lookup = "external", source = "erp"', Lookup("Region", "external", "erp:9")),
    ],
)
def test_formats_and_options(kind: str, cell: str, formats: str, options: str, expected: Any) -> None:
    """Dates, numbers, truth values and references are read as the mapping says they are written."""
    assert value(kind, cell, options, formats) == expected


@pytest.mark.parametrize(
    ("kind", "cell", "formats", "options"),
    [
        ("decimal", "1.23.456", 'decimal = ","\nthousands = "."', ""),
        ("decimal", "1.5", 'decimal = ","', ""),
        ("int", "1,2345", 'thousands = ","', ""),
        ("date", "31.02.2026", 'date = "%d.%m.%Y"', ""),
        ("date", "３０.06.2026", 'date = "%d.%m.%Y"', ""),
        ("enum", "y", "", 'map = { c = "buyer" }'),
        ("instant", "2026-03-29 02:30", 'timezone = "Europe/Berlin"', ""),
    ],
)
def test_cells_that_do_not_have_the_format(kind: str, cell: str, formats: str, options: str) -> None:
    """A named format is as strict as the default one; an hour that the clocks skipped is no instant."""
    assert repr(cell)[:-1] in complaint(kind, cell, options, formats)


def test_other_small_numbers_are_no_nought() -> None:
    """A cell that is nearly one of the file's noughts is refused as ever, and so is a nought that is a number."""
    for near in ("5.397605346934029e-79", "-5.397605346934028e-79", "5.397605e-79"):
        assert "in scientific notation" in complaint("decimal", near, formats=SAS)
    assert "in scientific notation" in complaint("decimal", "5.397605346934028e-79")
    for kind in ("int", "decimal"):
        with pytest.raises(InvalidError, match="'9' is a number of its own, so it does not stand for nought"):
            value(kind, "1", formats='zeros = ["nil", "9"]')


def test_empty_cells() -> None:
    """An empty cell clears, keeps, is a text, or gives the default, as the mapping says."""
    assert value("text", "") is None
    assert value("int", "  ") is None
    assert value("money", "") is None
    assert value("text", "", 'empty = "text"') == ""
    assert value("int", "", 'default = "3"') == 3
    assert value("enum", "", 'default = "buyer", map = { b = "buyer" }') == "buyer"
    assert draft('int = { column = "V", empty = "keep" }', "").values == {}
    assert draft('int = { column = "V", empty = "keep" }', "4").values == {"int": 4}


def test_constants_and_templates() -> None:
    """A value may be the same for all rows, or made of several columns."""
    assert draft(
        'int = { value = 4 }\ndate = { value = 2026-06-30 }\nlink = { value = "EU", lookup = "Region.name" }',
        header=(),
    ).values == {
        "int": 4,
        "date": date(2026, 6, 30),
        "link": Lookup("Region", "name", "EU"),
    }
    template = 'text = { text = "Order {A} of {B}" }'
    assert draft(template, "7", " Lyon ", header=("A", "B")).values == {"text": "Order 7 of Lyon"}
    assert draft(template, "", " ", header=("A", "B")).values == {"text": None}
    assert draft('int = { text = "{A}{B}" }', "1", "2", header=("A", "B")).values == {"int": 12}


def test_money_with_its_currency_in_a_column() -> None:
    """Each row's amount is taken in the currency that stands beside it."""
    spec = 'money = { column = "A", currency = "B" }'
    assert draft(spec, "5.5", "USD", header=("A", "B")).values == {"money": Money("5.5", "USD")}
    assert draft(spec, "500", "JPY", header=("A", "B")).values == {"money": Money(500, "JPY")}
    assert draft(spec, "", "", header=("A", "B")).values == {"money": None}
    for amount, currency in (("5", ""), ("5", "usd"), ("5.5", "JPY")):
        assert draft(spec, amount, currency, header=("A", "B")).problems[0].path == "line/7/A"


def test_all_problems_of_a_row_are_told_together() -> None:
    """A row with three mistakes is refused with three problems, and still has its key."""
    text = """
    entity = "A"
    source = "old"
    key = "K"
    [columns]
    int = "I"
    date = "D"
    money = "M"
    text = "T"
    """
    plan = Mapping.parse(text).plan(["K", "I", "D", "M", "T"], KINDS)
    found = plan.transform(Row(3, ["9", "x", "y", "z", "fine"]))
    assert [problem.path for problem in found.problems] == ["line/3/I", "line/3/D", "line/3/M"]
    assert found.key == "old:9"
    found = plan.transform(Row(4, [" ", "1", "", "", ""]))
    assert [(problem.path, problem.code) for problem in found.problems] == [("line/4/K", "required")]


def test_keys_of_several_columns_cannot_be_confused() -> None:
    """A key of two columns tells ("a/b", "c") from ("a", "b/c")."""
    text = 'entity = "A"\nsource = "s"\nkey = ["K", "L"]\n[columns]\ntext = "T"\n'
    plan = Mapping.parse(text).plan(["K", "L", "T"], KINDS)
    keys = {plan.transform(Row(2, [*pair, "t"])).key for pair in (("a/b", "c"), ("a", "b/c"), ("a~1b", "c"))}
    assert keys == {"s:a~1b/c", "s:a/b~1c", "s:a~01b/c"}
    assert plan.transform(Row(2, ["a", "", "t"])).problems[0].message == "line 2: the key is empty"


def test_a_damaged_row_keeps_its_problems() -> None:
    """A row that could not be read is a draft with the reader's own problems."""
    plan = Mapping.parse('entity = "A"\nsource = "s"\nkey = "K"\n[columns]\ntext = "T"\n').plan(
        ["K", "T"], KINDS
    )
    row = Row(2, ["only one"], draft('int = "V"', "x").problems)
    assert plan.transform(row) == Draft(2, "", {}, row.problems)


@given(st.text(max_size=30), st.sampled_from(sorted(KINDS)))
@settings(max_examples=400, deadline=None)
def test_any_cell_is_a_value_or_a_problem(cell: str, kind: str) -> None:
    """Whatever stands in a cell, it becomes a value of the field's type or a problem of the row."""
    options = ', lookup = "Region.name"' if kind == "link" else ""
    found = draft(f'{kind} = {{ column = "V"{options} }}', cell)
    if found.problems:
        assert found.values == {}
        return
    types = (str, tuple, int, Decimal, bool, date, datetime, Money, Lookup, type(None))
    assert isinstance(found.values[kind], types)
