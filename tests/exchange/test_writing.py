"""Exports open in a spreadsheet without running anything, and come back as they were."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pycrm.exchange import Kind, Mapping, TableWriter, neutralise, read_table, restore, write_table
from pycrm.values import Money

from .tables import read


class Grade(StrEnum):
    """A value that is an enum's member."""

    A = "A"


def written(header: list[str], rows: list[list[Any]], **options: Any) -> bytes:
    """The bytes of a table."""
    target = io.BytesIO()
    write_table(target, header, rows, **options)
    return target.getvalue()


@pytest.mark.parametrize(
    "sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", " =", "\u00a0="]
)
def test_cells_that_a_spreadsheet_would_run(sign: str) -> None:
    """A customer named like a formula reaches the spreadsheet as a text."""
    text = sign + "cmd|' /C calc'!A0"
    assert neutralise(text) == "'" + text
    data = written(["name"], [[text]])
    (row,) = list(csv.reader(io.StringIO(data.decode(), newline="")))[1:]
    assert row == ["'" + text]


@pytest.mark.parametrize("text", ["", "Hongda", "a=b", "'quoted'", "'", "''", "5-6", "O'Neil", "(=1)", " x"])
def test_harmless_texts_are_written_as_they_are(text: str) -> None:
    """A text that no spreadsheet would run is not touched."""
    assert neutralise(text) == restore(text) == text


@given(st.text(st.sampled_from("'=+-@＝＋－＠\t\r\n a1\u00a0"), max_size=8) | st.text(max_size=20))
@example("'=1+1")
@example("''=1+1")
@settings(max_examples=500)
def test_restoring_is_the_exact_inverse(text: str) -> None:
    """Every text comes back, also one that began with an apostrophe before a formula sign."""
    safe = neutralise(text)
    assert restore(safe) == text
    assert not safe or safe[0] not in "=+-@＝＋－＠\t\r\n"
    assert not safe.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


def test_numbers_are_written_as_numbers() -> None:
    """A negative amount is no formula: it stays a number, and money brings its currency along."""
    data = written(
        ["count", "share", "amount", "on"],
        [
            [-5, Decimal("-0.50"), Money("-12.5", "CNY"), date(2026, 6, 30)],
            [0, Decimal("1E+3"), Money(500, "JPY"), None],
            [None, None, None, None],
        ],
        money=["amount"],
    )
    assert data == (
        b"count,share,amount,amount_currency,on\r\n"
        b"-5,-0.50,-12.50,CNY,2026-06-30\r\n"
        b"0,1000,500,JPY,\r\n"
        b",,,,\r\n"
    )


def test_every_kind_of_value_has_its_form() -> None:
    """Truth values, instants, enums, keys and lists are written so that the import reads them."""
    there = timezone(timedelta(hours=8))
    data = written(
        ["bool", "instant", "enum", "id", "texts", "=header"],
        [
            [
                True,
                datetime(2026, 6, 30, 9, tzinfo=there),
                Grade.A,
                UUID(int=1),
                ("-a", "b"),
                'say "hi", please',
            ]
        ],
        bom=True,
    )
    assert data.decode("utf-8") == (
        "\ufeffbool,instant,enum,id,texts,'=header\r\n"
        "true,2026-06-30T01:00:00+00:00,A,00000000-0000-0000-0000-000000000001,'-a;b,"
        '"say ""hi"", please"\r\n'
    )
    assert datetime(2026, 6, 30, 1, tzinfo=UTC) == datetime(2026, 6, 30, 9, tzinfo=there)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (1.5, TypeError),
        (b"bytes", TypeError),
        (Money(1, "CNY"), TypeError),
        (datetime(2026, 6, 30), ValueError),
        (Decimal("nan"), ValueError),
        (Decimal("1e1000000"), ValueError),
    ],
)
def test_values_without_a_form_are_refused(value: Any, error: type[Exception]) -> None:
    """A binary float, a naive instant or money without its currency is not written somehow."""
    with pytest.raises(error):
        written(["value"], [[value]])


def test_rows_of_another_width_are_refused() -> None:
    """A row has as many values as there are columns, and money stands only where it was announced."""
    with pytest.raises(ValueError, match="1 values for 2 columns"):
        written(["a", "b"], [["x"]])
    with pytest.raises(TypeError, match="expected money"):
        written(["a"], [["x"]], money=["a"])


def test_rows_are_written_as_they_come(tmp_path: Path) -> None:
    """An export of any size streams to its file."""
    path = tmp_path / "export.csv"
    with TableWriter(path, ["n", "text"]) as writer:
        for number in range(100_000):
            writer.write([number, "x" * 10])
            if number == 50_000:
                writer.flush()
                assert path.stat().st_size > 700_000
    assert writer.rows == 100_000
    with read_table(path) as table:
        assert sum(1 for _ in table) == 100_000


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=15)
values = st.tuples(
    texts.filter(bool),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none()
    | st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**20), max_value=10**20),
    st.none() | st.builds(Money.minor, st.integers(-(2**60), 2**60), st.sampled_from(["CNY", "JPY", "KWD"])),
    st.none() | st.dates(),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.booleans(),
)


@given(st.lists(values, max_size=8), st.booleans())
@settings(max_examples=150, deadline=None)
def test_what_is_exported_is_imported_again(rows: list[tuple[Any, ...]], bom: bool) -> None:
    """A table of any values comes back through a mapping with every value and type as it was."""
    header = ["key", "text", "int", "decimal", "money", "date", "instant", "bool"]
    data = written(header, [[str(number), *row] for number, row in enumerate(rows)], money=["money"], bom=bom)
    fields = "".join(f'{name} = "{name}"\n' for name in ("text", "int", "decimal", "date", "instant", "bool"))
    mapping = Mapping.parse(
        'entity = "A"\nsource = "self"\nkey = "key"\nneutralised = true\n[columns]\n'
        'money = { column = "money", currency = "money_currency" }\n' + fields
    )
    table = read(data, delimiter=",")
    kinds: dict[str, Kind | str] = {name: name for name in header[1:]}
    plan = mapping.plan(table.header, kinds)
    drafts = [plan.transform(row) for row in table]
    assert not any(draft.problems for draft in drafts)
    assert [tuple(draft.values[name] for name in header[1:]) for draft in drafts] == rows
