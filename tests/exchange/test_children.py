"""Children come from columns of the row, from the rows that follow, or from another file."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from pycrm.errors import InvalidError
from pycrm.exchange import Draft, Drafts, Kind, Limits, Lookup, Mapping, Orphan, read_table

from .tables import read

KINDS: dict[str, Any] = {
    "name": "text",
    "customer": Kind("link", entity="Customer"),
    "contact_points": {"kind": Kind("enum", choices=("phone", "fax")), "value": "text"},
    "lines": {"product": "text", "qty": "decimal"},
}
HEAD = 'entity = "Order"\nsource = "old"\nkey = "No"\n[columns]\ncustomer = { column = "Who", lookup = "external" }\n'
ROWS = HEAD + '[[children]]\nfield = "lines"\nrows = true\ncolumns = { product = "What", qty = "Qty" }\n'
FILE = HEAD + (
    '[[children]]\nfield = "lines"\nfile = "details"\nparent = "Order"\nignore = ["Note"]\n'
    'columns = { product = "What", qty = "Qty" }\n'
)


def drafts(mapping: str, table: str, details: str | None = None) -> tuple[list[Draft], list[Orphan]]:
    """The drafts of a table, and the children that nobody took."""
    opened = read(table)
    files = {} if details is None else {"details": read(details)}
    plan = Mapping.parse(mapping).plan(
        opened.header, KINDS, files={name: file.header for name, file in files.items()}
    )
    with Drafts(plan, opened, files) as source:
        return list(source), list(source.orphans())


def line(product: str, qty: str) -> dict[str, Any]:
    """A line as a draft has it."""
    return {"product": product, "qty": Decimal(qty)}


def test_columns_of_the_row_become_children() -> None:
    """A phone and a fax column make two contact points, or as many as are filled in."""
    text = (
        'entity = "Customer"\nsource = "old"\nkey = "No"\n[columns]\nname = "Name"\n'
        '[[children]]\nfield = "contact_points"\ncolumns = { kind = { value = "phone" }, value = "Phone" }\n'
        '[[children]]\nfield = "contact_points"\ncolumns = { kind = { value = "fax" }, value = "Fax" }\n'
    )
    found, _ = drafts(text, "No,Name,Phone,Fax\n1,A,123,456\n2,B,,789\n3,C,, \n")
    assert [draft.values["contact_points"] for draft in found] == [
        [{"kind": "phone", "value": "123"}, {"kind": "fax", "value": "456"}],
        [{"kind": "fax", "value": "789"}],
        [],
    ]


def test_rows_of_one_key_become_one_record() -> None:
    """An order printed line by line is one draft with its lines, at the line where it starts."""
    found, orphans = drafts(ROWS, "No,Who,What,Qty\n1,A,pump,2\n1,A,valve,3\n2,B,pump,1\n3,C,,\n")
    assert [(draft.line, draft.key, draft.values["lines"]) for draft in found] == [
        (2, "old:1", [line("pump", "2"), line("valve", "3")]),
        (4, "old:2", [line("pump", "1")]),
        (5, "old:3", []),
    ]
    assert found[0].values["customer"] == Lookup("Customer", "external", "old:A")
    assert orphans == []


def test_a_group_that_does_not_agree_or_stand_together() -> None:
    """Rows of one record that contradict each other or are scattered refuse the record."""
    found, _ = drafts(ROWS, "No,Who,What,Qty\n1,A,pump,2\n1,B,valve,x\n2,B,pump,1\n1,A,more,1\n")
    assert [[(one.path, one.code) for one in draft.problems] for draft in found] == [
        [("line/3/Who", "conflict"), ("line/3/Qty", "format")],
        [],
        [("line/5/No", "duplicate")],
    ]


def test_a_damaged_row_within_a_group_spoils_the_group() -> None:
    """No order is imported with a line missing; damage between two orders is nobody's line."""
    found, _ = drafts(ROWS, "No,Who,What,Qty\n1,A,pump,2\n1,A\n1,A,valve,3\n2,B,pump,1\n,,,\n3,C,pump,1\n")
    assert [(draft.line, draft.key, [one.path for one in draft.problems]) for draft in found] == [
        (2, "old:1", ["line/3"]),
        (5, "old:2", []),
        (6, "", ["line/6/No"]),
        (7, "old:3", []),
    ]


def test_groups_can_be_resumed_between_records() -> None:
    """The position after a grouped draft lies before the first row of the next one."""
    table = "No,Who,What,Qty\n1,A,pump,2\n1,A,valve,3\n2,B,pump,1\n2,B,valve,1\n"
    opened = read(table)
    plan = Mapping.parse(ROWS).plan(opened.header, KINDS)
    source = Drafts(plan, opened)
    whole = iter(source)
    first = next(whole)
    place = source.position
    assert (first.key, place.rows) == ("old:1", 2)
    assert list(Drafts(plan, read(table, start=place))) == list(whole)


def test_children_in_another_file_in_any_order() -> None:
    """Order details are found for their orders whatever the order of either file."""
    details = "Order,What,Qty,Note\n2,pump,1,x\n1,pump,2,x\n9,lost,1,x\n1,valve,3,x\n"
    found, orphans = drafts(FILE, "No,Who\n1,A\n2,B\n3,C\n1,A\n", details)
    assert [draft.values["lines"] for draft in found] == [
        [line("pump", "2"), line("valve", "3")],
        [line("pump", "1")],
        [],
        [line("pump", "2"), line("valve", "3")],
    ]
    assert orphans == [Orphan("details", 4, "old:9")]


def test_a_wrong_child_refuses_its_record_and_a_damaged_one_is_reported() -> None:
    """A line that cannot be read is told with its own file and line, and is never dropped silently."""
    details = "Order,What,Qty,Note\n1,pump,x,\n2,valve\n,pump,1,\n"
    found, orphans = drafts(FILE, "No,Who\n1,A\n2,B\n", details)
    assert [problem.path for problem in found[0].problems] == ["details/line/2/Qty"]
    assert not found[1].problems
    assert [(orphan.line, orphan.problems[0].code) for orphan in orphans] == [
        (3, "cells"),
        (4, "required"),
    ]


def test_a_children_file_that_cannot_be_read_stops_the_import() -> None:
    """An endless quote in the details refuses the import before its first record."""
    opened = read("No,Who\n1,A\n")
    details = read('Order,What,Qty,Note\n1,"pump,1,x\n')
    plan = Mapping.parse(FILE).plan(opened.header, KINDS, files={"details": details.header})
    with pytest.raises(InvalidError, match="never closed"):
        Drafts(plan, opened, {"details": details})
    with pytest.raises(InvalidError, match="the children's table 'details' is missing"):
        Drafts(plan, opened)


def test_a_mapping_opens_its_own_file(tmp_path: Any) -> None:
    """Encoding and delimiter stand in the mapping, so that nobody has to repeat them."""
    path = tmp_path / "orders.csv"
    path.write_bytes("No;Who\n1;宁\n".encode("gb18030"))
    mapping = Mapping.parse('encoding = "gb18030"\ndelimiter = ";"\n' + HEAD)
    with mapping.open(path, limits=Limits(rows=5)) as table:
        (draft,) = Drafts(mapping.plan(table.header, KINDS), table)
    assert draft.values == {"customer": Lookup("Customer", "external", "old:宁")}
    with pytest.raises(InvalidError), read_table(path):
        pass
