"""T06: whatever asks for a hidden field gets the answer that an unknown field gets, before SQL is sent.

The fields come from the registry, the ways of asking from a list: each is tried with each.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from house import enterprise

from pycrm import CRM, Contact, Customer, Opportunity, Party, RefusedError
from pycrm.cli.listing import columns_of, condition, order_of
from pycrm.declare.field import MoneyColumn
from pycrm.exchange.exporting import export_csv
from pycrm.scope.fields import FieldRights
from scope.rights import ruled, statements

CLASSES = (Customer, Contact, Opportunity)
# A table that no CRM registers: its columns are unknown to every reader.
_ELSEWHERE = sa.Table("elsewhere", sa.MetaData())


def unknown(column: Any, name: str) -> Any:
    """A column of the same type that belongs to nothing."""
    made = sa.Column(name, column.type)
    _ELSEWHERE.append_column(made, replace_existing=True)
    return _ELSEWHERE.c[name]


Ask = Callable[[Any, Any, Any, str], Any]


def by_column(session: Any, cls: Any, column: Any, name: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every way to ask with a column expression."""
    for word, made in conditions(column):
        yield f"find {word}", lambda made=made: session.find(cls, made)
        yield f"not {word}", lambda made=made: session.find(cls, sa.not_(made))
        yield f"or {word}", lambda made=made: session.find(cls, sa.or_(cls.id.is_(None), made))
        yield f"page {word}", lambda made=made: session.page(cls, made)
        yield f"count {word}", lambda made=made: session.count(cls, made)
        yield f"export {word}", lambda made=made: export_csv(session, cls, io.BytesIO(), [made])
    yield "order", lambda: session.find(cls, order=column)
    yield "falling", lambda: session.find(cls, order=column.desc())
    yield "distinct", lambda: session.count(cls, distinct=column)
    yield "against", lambda: session.find(cls, cls.id == column)
    if cls.__pipeline__ is not None:
        yield "by stage", lambda: session.by_stage(cls, column.is_(None))


def conditions(column: Any) -> Iterator[tuple[str, Any]]:
    yield "empty", column.is_(None)
    yield "not empty", column.is_not(None)
    if isinstance(column.type, sa.Text) and type(column.type) is sa.Text:
        for word in ("eq", "ne", "lt", "ge", "like", "ilike", "contains", "startswith", "icontains"):
            compare = {"eq": "__eq__", "ne": "__ne__", "lt": "__lt__", "ge": "__ge__"}.get(word, word)
            yield word, getattr(column, compare)("x")
        yield "in", column.in_(["x", "y"])
        yield "between", column.between("a", "b")


def by_name(session: Any, cls: Any, name: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every way to ask by the name of the field."""
    yield "cli where", lambda: condition(session, cls, f"{name}=x")
    yield "cli contains", lambda: condition(session, cls, f"{name}~x")
    yield "cli order", lambda: order_of(session, cls, [name])
    yield "cli columns", lambda: columns_of(session, cls, name)
    yield "export columns", lambda: export_csv(session, cls, io.BytesIO(), columns=[name])


def answer(ask: Callable[[], Any], name: str) -> str:
    with statements() as sent:
        try:
            ask()
        except RefusedError as refused:
            assert sent == [], f"SQL was sent: {sent}"
            told = [(one.path.replace(name, "NAME"), one.code, one.message) for one in refused.fields]
            return str((refused.code, refused.message.replace(name, "NAME"), told, dict(refused.data)))
    raise AssertionError("it was answered")


def fields(cls: Any) -> list[Any]:
    """The fields that a role can hide."""
    held = {"customer", "party", "person"}
    return [
        spec for spec in cls.__specs__.values() if not spec.derived and spec.kind and spec.name not in held
    ]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_hidden_field_is_an_unknown_one(crm: CRM, cls: Any) -> None:
    """Conditions, orders, counts, sums, exports and commands refuse both in the same words."""
    enterprise(crm)
    ruled(crm, "leader", *((f"{cls.__name__}.{spec.name}", "hidden") for spec in fields(cls)))
    asked = 0
    with crm.view("lead_e") as session:
        session.count(Customer)
        for spec in fields(cls):
            for name, ask in by_name(session, cls, spec.name):
                there = answer(ask, spec.name)
                nowhere = dict(by_name(session, cls, "nothing"))[name]
                assert there == answer(nowhere, "nothing"), (spec.name, name)
                asked += 1
            column = getattr(cls, spec.name)
            if isinstance(column, MoneyColumn):
                answer(lambda c=column: session.sum(c), spec.columns[0])
                answer(lambda c=column: session.by_stage(cls, amount=c), spec.columns[1])
                column = column.units
            other = unknown(column, "nothing")
            nowhere = dict(by_column(session, cls, other, "nothing"))
            for name, ask in by_column(session, cls, column, spec.name):
                there = answer(ask, column.name)
                assert there == answer(nowhere[name], "nothing"), (spec.name, name)
                asked += 1
    assert asked > 20 * len(fields(cls))


def test_a_path_over_a_link_or_a_facet_does_not_reach_a_hidden_field(crm: CRM) -> None:
    """An opportunity is not found by its customer's hidden channel, nor a customer by its party's name."""
    enterprise(crm)
    ruled(crm, "leader", ("Customer.channel", "hidden"), ("Party.name", "hidden"))
    with crm.view("lead_e") as session:
        session.count(Opportunity)
        for cls, column, path in (
            (Opportunity, Customer.channel, "customer.channel"),
            (Customer, Party.name, "party.name"),
        ):
            where = answer(lambda cls=cls, column=column: session.find(cls, column == "x"), column.name)
            assert where == answer(
                lambda cls=cls, column=column: session.find(cls, unknown(column, "nothing") == "x"), "nothing"
            )
            named = answer(lambda cls=cls, path=path: condition(session, cls, f"{path}=x"), path)
            far = path.replace(path.partition(".")[2], "nothing")
            assert named == answer(lambda cls=cls, far=far: condition(session, cls, f"{far}=x"), far)


def test_a_leak_in_the_walk_is_seen(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were hidden columns let through, the matrix would not be green."""
    enterprise(crm)
    ruled(crm, "leader", ("Customer.channel", "hidden"))
    monkeypatch.setattr(
        "pycrm.scope.gateway.field_rights",
        lambda tx, cls: FieldRights(),
    )
    with crm.view("lead_e") as session, pytest.raises(AssertionError):
        answer(lambda: session.find(Customer, Customer.channel == "fair"), "channel")
