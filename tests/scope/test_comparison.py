"""Questions that are alike share a statement, and still get each its own answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from house import enterprise

from pycrm import CRM, Customer
from pycrm.scope import comparison

NAMES = ("Anhui", "Beijing", "Chengdu", "Dalian", "Fuzhou")


@pytest.fixture(autouse=True)
def customers(crm: CRM) -> None:
    """Five customers of one salesperson, the first three from a fair, and one of a colleague."""
    enterprise(crm)
    for login, names in (("rep_a", NAMES), ("rep_b", ("Guilin",))):
        with crm.session(login) as session:
            for at, name in enumerate(names):
                channel = "fair" if at < 3 else None
                session.add(
                    Customer.organization(
                        name, source="exhibition", mobile=f"1380000{at:02}{len(names):02}", channel=channel
                    )
                )


def answers(crm: CRM) -> dict[str, Any]:
    """What a salesperson is told, and her leader after her."""
    name = Customer.name
    questions: dict[str, tuple[Any, ...]] = {
        "one": (name == "Beijing",),
        "another": (name == "Dalian",),
        "not": (name != "Beijing",),
        "from": (name >= "Chengdu",),
        "beyond": (name > "Chengdu",),
        "some": (name.in_(["Anhui", "Beijing", "Dalian"]),),
        "others": (name.in_(["Chengdu", "Fuzhou", "Guilin"]),),
        "both": (name >= "Beijing", Customer.channel == "fair"),
        "nowhere": (Customer.channel.is_(None),),
        "somewhere": (Customer.channel.is_not(None),),
        "nobody": (name.in_([]),),
    }
    found: dict[str, Any] = {}
    for who in ("rep_a", "lead_e"):
        with crm.view(who) as session:
            for word, asked in questions.items():
                some = session.find(Customer, *asked, order=name.desc(), limit=4)
                counted = session.count(Customer, *asked, limit=3)
                found[f"{who} {word}"] = ("".join(one.name[0] for one in some), counted)
            rising = session.find(Customer, name >= "Chengdu", order=name, limit=4)
            found[f"{who} rising"] = "".join(one.name[0] for one in rising)
    return found


EXPECTED = {
    **{"rep_a one": ("B", 1), "rep_a another": ("D", 1), "rep_a not": ("FDCA", 3), "rep_a from": ("FDC", 3)},
    **{
        "rep_a beyond": ("FD", 2),
        "rep_a some": ("DBA", 3),
        "rep_a others": ("FC", 2),
        "rep_a both": ("CB", 2),
    },
    **{
        "rep_a nowhere": ("FD", 2),
        "rep_a somewhere": ("CBA", 3),
        "rep_a nobody": ("", 0),
        "rep_a rising": "CDF",
    },
    **{
        "lead_e one": ("B", 1),
        "lead_e another": ("D", 1),
        "lead_e not": ("GFDC", 3),
        "lead_e from": ("GFDC", 3),
    },
    **{"lead_e beyond": ("GFD", 3), "lead_e some": ("DBA", 3), "lead_e others": ("GFC", 3)},
    **{"lead_e both": ("GCB", 3), "lead_e nowhere": ("FD", 2), "lead_e somewhere": ("GCBA", 3)},
    **{"lead_e nobody": ("", 0), "lead_e rising": "CDFG"},
}


def test_alike_questions_get_each_their_own_answer(crm: CRM) -> None:
    """Whoever asks with another sign, another value or as somebody else is told of other customers."""
    assert answers(crm) == EXPECTED
    assert answers(crm) == EXPECTED


def _any_sign(patch: pytest.MonkeyPatch) -> None:
    """Two conditions over one field are taken for one, whatever their signs."""
    plain = comparison.compared

    def careless(table: Any, conditions: Any) -> Any:
        found = plain(table, conditions)
        return found and Alike(found.table, found.shape, found._values)

    class Alike(comparison.Comparisons):
        @property
        def key(self) -> Any:
            return tuple((name, number) for name, _, number in self.shape)

    patch.setattr("pycrm.scope.gateway.compared", careless)


def _any_length(patch: pytest.MonkeyPatch) -> None:
    """A list is filled up with another value than its own."""
    patch.setattr(comparison, "padded", lambda values: [*values, "Fuzhou"])


def _any_order(patch: pytest.MonkeyPatch) -> None:
    """Rising and falling are taken for one order."""
    patch.setattr("pycrm.scope.gateway.sorting", lambda table, ordering: ())


@pytest.mark.parametrize("fault", [_any_sign, _any_length, _any_order])
def test_a_shared_statement_that_is_not_alike_is_noticed(
    crm: CRM, monkeypatch: pytest.MonkeyPatch, fault: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """Statements that are told apart by less than their conditions give wrong answers."""
    fault(monkeypatch)
    assert answers(crm) != EXPECTED
