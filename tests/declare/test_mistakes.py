"""Mistakes in a declaration stop at once, naming class and field."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from declare import sample
from pycrm import CRM, Customer, DeclarationError, Field, Link, Record, field, link, owned
from pycrm.plugin import Plugin

_BEGIN = "from __future__ import annotations\nfrom datetime import date\nfrom pycrm import *\n\n"


# The classes are said to be of that module, whose names their annotations are read by.
assert sample.__name__ == "declare.sample"


def declared(body: str, head: str = 'Record, table="fair_bad", scope=owned()') -> Any:
    """The class Bad with these lines as its body."""
    names: dict[str, Any] = {"__name__": "declare.sample", "__builtins__": __builtins__}
    exec(f"{_BEGIN}class Bad({head}):\n{textwrap.indent(body, '    ')}\n", names)
    return names["Bad"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('on: Field[date | None] = field("On", default=None, order=True)', "Bad.on: lists cannot be ordered"),
        ('because: Field[str] = field("Why")', "Bad.because: this word belongs to the verbs"),
        ('to: Link[Customer] = link("To")', "Bad.to: this word belongs to the verbs"),
        ('check: Field[str] = field("Check")', "Bad.check: this word belongs to the verbs"),
        ('self: Field[str] = field("Self")', "Bad.self: this word belongs to the verbs"),
        ('id: Field[int] = field("Id")', "Bad.id: pycrm keeps this field of every record"),
        ('version: Field[int] = field("Version")', "Bad.version: pycrm keeps this field of every record"),
        ('size: Field[complex] = field("Size")', "Bad.size: no column type for <class 'complex'>"),
        ('size: Field[list[int]] = field("Size")', "Bad.size: no column type for list[int]"),
        ('size: Field[Nowhere] = field("Size")', "Bad.size: name 'Nowhere' is not defined"),
        ('size: int = field("Size")', "Bad.size: cannot read the annotation 'int'"),
        ('size = field("Size")', "Bad.size: annotate the field as Field[…], Link[…] or Children[…]"),
        ("size: Field[int]", "Bad.size: declare it with field(…), link(…) or children(…)"),
        ("size: Field[int] = 5", "Bad.size: declare it with field(…), link(…) or children(…)"),
        ('size: Field[int] = field("Size", default="5")', "Bad.size: the default '5' does not fit"),
        ('size: Field[int] = field("Size", default=None)', "Bad.size: the default None does not fit"),
        ('size: Field[int] = field("Size", title=True)', "Bad.size: a record is called by a text"),
        (
            'one: Field[str] = field("A", title=True)\ntwo: Field[str] = field("B", title=True)',
            "Bad: a record is called by one field, not by one and two",
        ),
        ('size: Link[Customer | Lead] = link("Size")', "Bad.size: a link leads to records of one class"),
    ],
)
def test_a_wrong_field_names_class_and_field(body: str, message: str) -> None:
    """An author who declares a field that cannot work is told which one and why."""
    with pytest.raises(DeclarationError) as refused:
        declared(body)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ('Record, table="fair_bad", scope="own"', "Bad: scope must be owned()"),
        ('Record, table="fair_bad", scope=owned(), colour="red"', "Bad: unknown option colour"),
        ("Customer", "Bad: Customer has a table; extend it by a facet"),
    ],
)
def test_a_wrong_class_is_named(head: str, message: str) -> None:
    """An author who misspells an option or inherits from a record is told so."""
    with pytest.raises(DeclarationError) as refused:
        declared('size: Field[int] = field("Size")', head)
    assert str(refused.value).startswith(message)


def test_the_same_lines_without_the_mistake_are_taken() -> None:
    """The refusals above come from the mistakes, not from the way they are planted."""
    assert declared('size: Field[int] = field("Size")').__tablename__ == "fair_bad"


def test_annotations_may_be_written_as_text() -> None:
    """A class may name itself in quotes, with or without postponed annotations."""
    made = declared(
        'size: Field["int | None"] = field("Size", default=None)\nnext: Link["Bad | None"] = link("N")'
    )
    assert made.__specs__["size"].nullable
    assert (made.__specs__["next"].target, made.__specs__["next"].nullable) == ("Bad", True)
    names: dict[str, Any] = {"__name__": "declare.sample"}
    exec(
        "from pycrm import *\n"
        'class Ring(Record, table="fair_ring", scope=owned()):\n'
        '    next: Link["Ring | None"] = link("Next", default=None)\n'
        '    size: Field["int | None"] = field("Size", default=None)\n',
        names,
    )
    assert (names["Ring"].__specs__["next"].target, names["Ring"].__specs__["size"].nullable) == (
        "Ring",
        True,
    )


class Naked(Record, table="naked_thing"):
    """A record that nobody said who may see."""

    name: Field[str] = field("Name")


class Lost(Record, table="lost_thing", scope=owned()):
    """A record that links to one that no plugin registers."""

    thing: Link[Naked] = link("Thing")


class Ordered(Record, table="ordered_thing", scope=owned()):
    """A record with four list orders."""

    a: Field[int] = field("A", order=True)
    b: Field[int] = field("B", order=True)
    c: Field[int] = field("C", order=True)
    d: Field[int] = field("D", order=True)


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (Naked, "no scope declared .*naked: Naked"),
        (Lost, "Lost.thing links to Naked, which no plugin registers"),
        (Ordered, "Ordered: at most three fields may have order=True"),
    ],
)
def test_a_record_that_cannot_be_kept_stops_the_start(cls: Any, message: str) -> None:
    """A CRM does not start with a record without scope, with a dangling link or too many orders."""
    plugin = type("P", (Plugin,), {"__doc__": "P", "name": cls.__name__.lower(), "records": (cls,)})
    with pytest.raises(DeclarationError, match=message):
        CRM("sqlite://", plugins=[plugin])
    CRM("sqlite://").close()
    assert Customer.__scope__ is not None
