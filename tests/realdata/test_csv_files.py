"""The files of csv-spectrum and csvkit are read right, or refused with a reason (hand-made table)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pycrm.errors import InvalidError
from pycrm.exchange import read_table

from .where import realdata

pytestmark = pytest.mark.realdata

SPECTRUM = [
    "comma_in_quotes",
    "empty",
    "empty_crlf",
    "escaped_quotes",
    "json",
    "location_coordinates",
    "newlines",
    "newlines_crlf",
    "quotes_and_newlines",
    "simple",
    "simple_crlf",
    "utf8",
]
ABC = ["a", "b", "c"]
ONE_TWO_THREE = ["1", "2", "3"]
KNOWN = ["text", "date", "integer", "boolean", "float"]

# What a person finds in each file of csvkit: its header, the number of its rows, and one row; all of
# them are sound unless FLAWED or REFUSED says otherwise.
READ: dict[str, tuple[list[str], int, tuple[int, list[str]] | None]] = {
    "bad.csv": (["column_a", "column_b", "column_c"], 3, (2, ["0", "mixed types.... uh oh", "17"])),
    "bad_skip_lines.csv": (
        ["column_a", "column_b", "column_c"],
        3,
        (2, ["0", "mixed types.... uh oh", "17"]),
    ),
    "blanks.csv": ([*"abcdef"], 1, (0, ["", "NA", "N/A", "NONE", "NULL", "."])),
    "blanks_converted.csv": ([*"abcdef"], 1, (0, [""] * 6)),
    "date_like_number.csv": (["a"], 1, (0, ["4.5"])),
    "dummy.csv": (ABC, 1, (0, ONE_TWO_THREE)),
    "dummy2.csv": (ABC, 1, (0, ONE_TWO_THREE)),
    "dummy3.csv": (ABC, 2, (1, ["1", "4", "5"])),
    "dummy_col_shuffled.csv": (["b", "c", "a"], 1, (0, ["2", "3", "1"])),
    "dummy_col_shuffled_ragged.csv": (["b", "c", "a", "d"], 1, (0, ["2", "3", "1", "4"])),
    "foo1.csv": (["id", "name", "age"], 2, (1, ["2", "Howard", "21"])),
    "foo2.csv": (["id", "name", "age"], 2, (0, ["3", "Liz", "20"])),
    "iris.csv": (
        ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"],
        150,
        (0, ["5.1", "3.5", "1.4", "0.2", "Iris-setosa"]),
    ),
    "irismeta.csv": (["species", "wikipedia_url", "usda_id"], 3, (2, ["Iris-setosa", "", "IRSE"])),
    "join_a.csv": (ABC, 3, (2, ["3", "b", "c"])),
    "join_a_short.csv": (ABC, 3, (2, ["3", "b", "c"])),
    "join_b.csv": (ABC, 3, (2, ["4", "b", "c"])),
    "join_no_header_row.csv": (["d", "e", "f"], 3, (2, ["4", "b", "c"])),
    "join_short.csv": (["a", "b", "c", "b2", "c2"], 2, (0, ["1", "b", "", "b", "c"])),
    "mac_newlines.csv": (ABC, 2, (1, ["Once upon\ra time", "5", "6"])),
    "no_header_row.csv": (ONE_TWO_THREE, 0, None),
    "no_header_row2.csv": (["4", "5", "6"], 0, None),
    "no_header_row3.csv": (ONE_TWO_THREE, 1, (0, ["4", "5", "6"])),
    "null_byte.csv": (ABC, 1, None),
    "optional_quote_characters.csv": (ABC, 1, (0, ONE_TWO_THREE)),
    "sheetsxls_converted.csv": (
        [*KNOWN, "time", "datetime", "empty_column", "_unnamed"],
        5,
        (4, ["Unicode! Σ", *[""] * 8]),
    ),
    "sniff_limit.csv": (ABC, 1, (0, ONE_TWO_THREE)),
    "sort_ints_nulls.csv": (ABC, 3, (1, ["4", "", "6"])),
    "test_date_format.csv": (["a"], 2, (1, ["31/12/2012"])),
    "test_date_format_converted.csv": (["a"], 2, (1, ["2012-12-31"])),
    "test_empty_columns_long_row.csv": (ABC, 1, None),
    "test_empty_columns_short_row.csv": (ABC, 1, None),
    "test_extra_header.csv": (["a", "b", "c", "d"], 1, None),
    "test_geo.csv": (
        [
            "slug",
            "title",
            "artist",
            "description",
            "install_date",
            "address",
            "type",
            "photo_url",
            "photo_credit",
            "last_seen_date",
            "latitude",
            "longitude",
        ],
        17,
        None,
    ),
    "test_geojson.csv": (
        ["id", "prop0", "prop1", "geojson", "type", "longitude", "latitude"],
        3,
        (0, ["", "value0", "", '{"type": "Point", "coordinates": [102.0, 0.5]}', "Point", "102.0", "0.5"]),
    ),
    "test_header_newline.csv": (
        ["\t\n\x0b\x0c\r start \t\n\x0b\x0c\r end \t\n\x0b\x0c\r", "b", "c"],
        1,
        (0, ["d", "e", "f"]),
    ),
    "test_ignore_case.csv": (ABC, 5, (1, ["100", "2003-01-01", "A"])),
    "test_join_short_rows.csv": (ABC, 3, (2, ["3", "b", "c"])),
    "test_literal_order.csv": (["a", "b"], 3, (1, ["27", "2"])),
    "test_locale.csv": (ABC, 1, (0, ["1,7", "200.000.000", ""])),
    "test_locale_converted.csv": (ABC, 1, (0, ["1.7", "200000000", ""])),
    "test_no_leading_zeroes.csv": (ABC, 1, (0, ["01", "00.11", "0.1"])),
    "test_numeric_date_format.csv": (["a"], 2, (0, ["20140102"])),
    "test_precision.csv": (["a"], 1, (0, ["1.234567"])),
    "test_skip_lines.csv": (ABC, 1, (0, ONE_TWO_THREE)),
    "test_utf16_big.csv": (ABC, 2, (1, ["4", "5", "ʤ"])),
    "test_utf16_little.csv": (ABC, 2, (1, ["4", "5", "ʤ"])),
    "test_utf8.csv": (["foo", "bar", "baz"], 2, (1, ["4", "5", "ʤ"])),
    "test_utf8_bom.csv": (["foo", "bar", "baz"], 2, (1, ["4", "5", "ʤ"])),
    "testdbf_converted.csv": (
        [
            "STATEFP10",
            "CD111FP",
            "GEOID10",
            "NAMELSAD10",
            "LSAD10",
            "CDSESSN",
            "MTFCC10",
            "FUNCSTAT10",
            "ALAND10",
            "AWATER10",
            "INTPTLAT10",
            "INTPTLON10",
        ],
        8,
        (
            0,
            [
                "27",
                "8",
                "2708",
                "Congressional District 8",
                "C2",
                "111",
                "G5200",
                "False",
                "71546663636",
                "12416573076",
                "47.2400052",
                "-92.9323194",
            ],
        ),
    ),
    "testfixed_converted.csv": (
        [*KNOWN, "time", "datetime", "empty_column"],
        4,
        (3, ["Row with blanks", *[""] * 7]),
    ),
    "testfixed_schema.csv": (["column", "start", "length"], 8, (0, ["text", "0", "18"])),
    "testfixed_schema_no_inference.csv": (["column", "start", "length"], 3, (2, ["c", "10", "2"])),
    "testjson_converted.csv": (
        ["text", "float", "datetime", "boolean", "time", "date", "integer"],
        5,
        (4, ["Unicode! Σ", *[""] * 6]),
    ),
    "testjson_multiline_converted.csv": (["a", "b", "d"], 2, (1, ["", "2", "4"])),
    "testjson_nested_converted.csv": (
        [
            "text",
            "float",
            "datetime",
            "boolean",
            "nested/time",
            "nested/nested/date",
            "nested/nested/integer",
        ],
        2,
        (0, ["Chicago Reader", "1.0", "1971-01-01T04:14:00", "True", "4:14:00", "1971-01-01", "40"]),
    ),
    "testxls_converted.csv": ([*KNOWN, "datetime", "empty_column", "h"], 5, (4, ["Unicode! Σ", *[""] * 7])),
    "testxls_unicode_converted.csv": (ABC, 1, (0, ["1.0", "2.0", "3.0"])),
    "testxlsx_converted.csv": ([*KNOWN, "datetime", "empty_column", "h"], 5, (4, ["Unicode! Σ", *[""] * 7])),
    "testxlsx_noinference_converted.csv": (
        [*KNOWN, "datetime", "empty_column", "h"],
        5,
        (0, ["Chicago Reader", "1971-01-01", "40", "True", "1", "1971-01-01 04:14:00", "", ""]),
    ),
    "testxlsx_unicode_converted.csv": (ABC, 1, (0, ONE_TWO_THREE)),
}

# Rows that are refused one by one: the line where they start, and why.
FLAWED: dict[str, list[tuple[int, str]]] = {
    "bad.csv": [(2, "line 2: 4 cells where the header has 3"), (3, "line 3: 2 cells where the header has 3")],
    "bad_skip_lines.csv": [
        (5, "line 5: 4 cells where the header has 3"),
        (6, "line 6: 2 cells where the header has 3"),
    ],
    "join_a_short.csv": [
        (2, "line 2: 2 cells where the header has 3"),
        (3, "line 3: 1 cell where the header has 3"),
    ],
    "null_byte.csv": [(2, "line 2: holds a NUL character")],
    "test_empty_columns_long_row.csv": [(2, "line 2: 4 cells where the header has 3")],
    "test_empty_columns_short_row.csv": [(2, "line 2: 2 cells where the header has 3")],
    "test_extra_header.csv": [(2, "line 2: 3 cells where the header has 4")],
    "test_join_short_rows.csv": [
        (2, "line 2: 2 cells where the header has 3"),
        (3, "line 3: 2 cells where the header has 3"),
    ],
}

# Files that are refused as a whole: the places, and words of the message.
REFUSED: dict[str, tuple[list[str], str]] = {
    "empty.csv": (["header"], "the file is empty"),
    "sheetsxlsx_converted.csv": (["header/9"], "column 9 has no name"),
    "test_empty_columns.csv": (["header/4", "header/5"], "column 4 has no name; column 5 has no name"),
    "test_latin1.csv": (["line/3"], "byte 0xA9 at offset 16 is not UTF-8; name the file's encoding"),
}

ENCODED = {"test_utf16_big.csv": "utf-16-be", "test_utf16_little.csv": "utf-16-le"}


@pytest.mark.parametrize("name", SPECTRUM)
def test_csv_spectrum_reads_as_its_own_json_says(name: str) -> None:
    """Each file of csv-spectrum gives the records of the JSON beside it."""
    folder = realdata("csv_spectrum")
    expected: Any = json.loads((folder / "json" / f"{name}.json").read_text("utf-8"))
    with read_table(folder / "csvs" / f"{name}.csv") as table:
        rows = list(table)
        found = [dict(zip(table.header, row.values, strict=True)) for row in rows]
    assert not any(row.problems for row in rows)
    if name == "location_coordinates":
        # Its JSON is one object instead of a list, and has another telephone number than its CSV.
        expected = [{**expected, "Contact Phone Number": "2095257564"}]
    assert found == expected


def test_no_file_is_left_out() -> None:
    """Every CSV file of both collections has its expectation here."""
    spectrum = realdata("csv_spectrum", "csvs")
    assert sorted(path.stem for path in spectrum.glob("*.csv")) == SPECTRUM
    names = {path.name for path in realdata("csvkit_examples").glob("*.csv")}
    assert names == READ.keys() | REFUSED.keys()
    assert FLAWED.keys() <= READ.keys()


@pytest.mark.parametrize("name", READ)
def test_csvkit_examples_are_read(name: str) -> None:
    """Each example gives the header, the rows and the flawed rows that a person finds in it."""
    header, count, sample = READ[name]
    with read_table(_csvkit(name)) as table:
        rows = list(table)
    assert table.header == header
    assert len(rows) == count
    assert table.encoding == ENCODED.get(name, "utf-8")
    flaws = [(row.line, problem.message) for row in rows for problem in row.problems]
    assert flaws == FLAWED.get(name, [])
    if sample is not None:
        index, cells = sample
        assert rows[index].values == cells


@pytest.mark.parametrize("name", REFUSED)
def test_csvkit_examples_that_are_refused(name: str) -> None:
    """What cannot be read without guessing is refused with its place."""
    places, words = REFUSED[name]
    with pytest.raises(InvalidError) as caught:
        read_table(_csvkit(name))
    assert [problem.path for problem in caught.value.fields] == places
    assert words in caught.value.message


def test_a_refused_encoding_is_read_when_named() -> None:
    """The way out that the refusal names works: Latin-1 is read as Latin-1."""
    with read_table(_csvkit("test_latin1.csv"), encoding="latin-1") as table:
        assert [row.values for row in table] == [ONE_TWO_THREE, ["4", "5", "©"]]


def _csvkit(name: str) -> Path:
    return realdata("csvkit_examples", name)
