"""Mapping files are checked whole before a row is read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycrm.errors import InvalidError
from pycrm.exchange import Kind, Mapping

GOOD = """
entity = "Customer"
source = "northwind"
key = "CustomerID"
make = "organization"
ignore = ["Fax"]
encoding = "gb18030"
delimiter = ";"

[formats]
date = "%d.%m.%Y"

[columns]
name = "CompanyName"
region = { column = "Country", lookup = "Region.name" }
contact = { text = "{First} {{x}} {Last}" }
channel = { value = "import" }

[[children]]
field = "contact_points"
columns = { kind = { value = "phone" }, value = "Phone" }
"""
MINIMAL = 'entity = "A"\nsource = "s"\nkey = "K"\n[columns]\nname = "N"\n'


def problems(text: str) -> dict[str, str]:
    """The code of each problem of a mapping file by its path."""
    with pytest.raises(InvalidError) as caught:
        Mapping.parse(text, where="customers.toml")
    assert caught.value.message.startswith("customers.toml cannot be used: ")
    return {problem.path: problem.code for problem in caught.value.fields}


def test_a_mapping_says_what_it_reads() -> None:
    """Whoever writes a mapping finds each part of it under its name."""
    mapping = Mapping.parse(GOOD)
    assert (mapping.entity, mapping.source, mapping.key) == ("Customer", "northwind", ("CustomerID",))
    assert (mapping.make, mapping.encoding, mapping.delimiter) == ("organization", "gb18030", ";")
    assert mapping.columns["region"].lookup == ("Region", "name")
    assert mapping.columns["contact"].text == (("", "First"), (" {x} ", "Last"), ("", None))
    assert mapping.columns["contact"].reads == ("First", "Last")
    assert mapping.children[0].field == "contact_points"
    assert mapping.formats.date == "%d.%m.%Y"


def test_every_mistake_is_told_at_once_with_its_path() -> None:
    """A mapping full of mistakes is refused once, with all of them."""
    assert problems(
        """
        entity = 7
        key = []
        colums = {}
        encoding = "rot13"
        delimiter = ",,"
        neutralised = "yes"
        [formats]
        dates = "%Y"
        [columns]
        "bad name" = "A"
        two = { column = "A", value = "b" }
        none = { lookup = "Region.name" }
        odd = { column = "A", lookup = "region", emtpy = "keep", map = {}, trim = 1 }
        brace = { text = "{A" }
        still = { text = "nothing" }
        number = 3
        both = { column = "A", money = "USD", currency = "C" }
        small = { column = "A", money = "usd", other = "x", empty = "never" }
        fixed = { value = "a", default = "b", map = { x = "y" } }
        float = { value = 1.5 }
        [[children]]
        field = "two"
        file = "lines"
        rows = true
        columns = { kind = { value = "x" } }
        extra = 1
        """
    ) == {
        "entity": "type",
        "source": "required",
        "key": "required",
        "colums": "unknown",
        "encoding": "unknown",
        "delimiter": "format",
        "neutralised": "type",
        "formats/dates": "unknown",
        "columns/bad name": "format",
        "columns/two": "rule",
        "columns/none": "rule",
        "columns/odd/lookup": "format",
        "columns/odd/emtpy": "unknown",
        "columns/odd/map": "type",
        "columns/odd/trim": "type",
        "columns/brace/text": "format",
        "columns/still/text": "format",
        "columns/number": "type",
        "columns/both/currency": "rule",
        "columns/small/money": "format",
        "columns/small/other": "rule",
        "columns/small/empty": "format",
        "columns/fixed/default": "rule",
        "columns/fixed/map": "rule",
        "columns/float/value": "type",
        "children/0/extra": "unknown",
        "children/0/file": "rule",
        "children/0/rows": "rule",
        "children/0/columns": "rule",
        "children/0/field": "rule",
    }


def test_a_slip_of_the_pen_gets_a_hint() -> None:
    """A misspelt word is answered with the word that was probably meant."""
    with pytest.raises(InvalidError, match=r"is not known; is it 'ignore'\?"):
        Mapping.parse(MINIMAL.replace("[columns]", 'ignor = ["x"]\n[columns]'))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "entity",
        "a = 1\na = 2",
        "a = " + "[" * 5000,
        "x = 1" + "0" * 5000,
        "#" + "x" * 300_000,
        "a = 1979-99-99",
    ],
)
def test_what_is_no_toml_is_refused(text: str) -> None:
    """Broken, endless, bottomless or monstrous TOML is a refusal like any other."""
    with pytest.raises(InvalidError):
        Mapping.parse(text)


@given(st.text(st.sampled_from("entitysourcekcolumns =\"[]{}.\n0159-:#'x"), max_size=120), st.integers(0, 80))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_mapping_or_a_refusal(noise: str, at: int) -> None:
    """Whatever is written into a mapping file, it is taken or refused and never crashes."""
    for text in (noise, MINIMAL + noise, MINIMAL[:at] + noise + MINIMAL[at:]):
        try:
            told = Mapping.parse(text).entity
        except InvalidError as error:
            told = error.fields[0].message
        assert told


def test_columns_that_do_not_fit_stop_before_any_row() -> None:
    """COR-E8: a column that is missing or not accounted for is named before the first row."""
    mapping = Mapping.parse(GOOD)
    mapping.check_header(["CustomerID", "CompanyName", "Country", "First", "Last", "Phone", "Fax"])
    mapping.check_header(["CustomerID", "CompanyName", "Country", "First", "Last", "Phone"])
    with pytest.raises(InvalidError) as caught:
        mapping.check_header(["CustomerID", "Company Name", "Country", "First", "Last", "Homepage"])
    assert [(problem.path, problem.code, problem.message) for problem in caught.value.fields] == [
        ("header", "required", "there is no column 'CompanyName', which name needs; is it 'Company Name'?"),
        ("header", "required", "there is no column 'Phone', which contact_points needs"),
        ("header/2", "unknown", "column 'Company Name' is neither mapped nor ignored"),
        ("header/6", "unknown", "column 'Homepage' is neither mapped nor ignored"),
    ]


KINDS: dict[str, Any] = {
    "name": "text",
    "region": Kind("link", entity="Region"),
    "headcount": "int",
    "amount": "money",
    "founded": "date",
    "called": "instant",
    "grade": Kind("enum", choices=("A", "B")),
    "points": {"kind": "text", "value": "text"},
}


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ('nmae = "N"', "columns/nmae: A has no such field; is it 'name'?"),
        ('points = "N"', "columns/points: holds children"),
        ('region = "N"', "columns/region: is a reference: name its lookup"),
        ('region = { column = "N", lookup = "User.login" }', "columns/region: refers to Region, not to User"),
        (
            'name = { column = "N", lookup = "external" }',
            "columns/name: holds text, so lookup means nothing here",
        ),
        (
            'headcount = { column = "N", format = "%Y" }',
            "columns/headcount: holds int, so format means nothing",
        ),
        ('headcount = { column = "N", empty = "text" }', "columns/headcount: holds int, and the empty text"),
        ('headcount = { column = "N", default = "x" }', "columns/headcount: 'x' is not a whole number"),
        ('headcount = { column = "N", map = { a = "x" } }', "columns/headcount: 'x' is not a whole number"),
        ("headcount = { value = true }", "columns/headcount: holds int, which True is not"),
        ('headcount = { column = "N", decimal = ";" }', "columns/headcount: decimal is '.' or ','"),
        (
            'headcount = { column = "N", thousands = "." }',
            "columns/headcount: decimal and thousands are the same",
        ),
        ('amount = "N"', "columns/amount: is money: name its currency"),
        (
            'amount = { column = "N", money = "CNY", times = "a lot" }',
            "columns/amount: expected a decimal number",
        ),
        ('founded = { column = "N", format = "%d. %Q" }', "columns/founded: '%d. %Q' is no date format"),
        ('founded = { column = "N", format = "day" }', "columns/founded: 'day' is no date format"),
        ('called = { column = "N", timezone = "Mars/Base" }', "columns/called: 'Mars/Base' is no time zone"),
        ("called = { value = 2026-06-30T09:00:00 }", "columns/called: holds instant, which"),
        ('grade = { value = "C" }', "columns/grade: 'C' is not one of A, B"),
        ('name = { column = "N", source = "x" }', "columns/name: holds text, so source means nothing here"),
        (
            'region = { column = "N", lookup = "Region.name", source = "x" }',
            "columns/region: source goes with",
        ),
    ],
)
def test_options_that_do_not_fit_the_field(column: str, told: str) -> None:
    """A mapping is held against the declared kinds when it is compiled, not at the thousandth row."""
    text = MINIMAL.replace('name = "N"', column)
    header = ["K"] if "value =" in column else ["K", "N"]
    with pytest.raises(InvalidError) as caught:
        Mapping.parse(text).plan(header, KINDS)
    assert told in caught.value.message


def test_children_that_the_entity_lacks() -> None:
    """Children are mapped to a list that the entity has, out of a table that is there."""
    text = MINIMAL + '[[children]]\nfield = "pints"\ncolumns = { value = "V" }\n'
    with pytest.raises(InvalidError, match="A has no list of children named 'pints'"):
        Mapping.parse(text).plan(["K", "N", "V"], KINDS)
    text = (
        MINIMAL + '[[children]]\nfield = "points"\nfile = "more"\nparent = "P"\ncolumns = { value = "V" }\n'
    )
    with pytest.raises(InvalidError, match="the children's table 'more' is missing"):
        Mapping.parse(text).plan(["K", "N"], KINDS)
    with pytest.raises(InvalidError) as caught:
        Mapping.parse(text).plan(["K", "N"], KINDS, files={"more": ["P", "Q"]})
    assert [problem.path for problem in caught.value.fields] == ["more/header", "more/header/2"]
