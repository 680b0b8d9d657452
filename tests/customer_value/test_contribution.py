"""Contribution within a model: shares of everybody's, and costs without a sale."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from pycrm import CRM, FixedClock
from pycrm.plugins.customer_value import CustomerValue
from pycrm.scoring.feeds import transactions
from pycrm.scoring.model import ScoreModel

from .cases import Case, enter, fact_plugin
from .test_indicators import FEEDS

_DAY = date(2026, 1, 10)
_SALE = {"on": _DAY, "origin": "a", "net": 1000, "cost": 400}
_GIFT = {"on": _DAY, "kind": "gift", "amount": 100}


def _facts(*feeds: tuple[str, dict[str, Any]]) -> Case:
    return Case("", {name: [row] for name, row in feeds}, "", "", 0)


def test_a_score_of_contribution(open_crm: Callable[..., CRM]) -> None:
    """Who costs and does not buy has no points for it, and who changes is compared with the sum of the last run."""
    crm: Any = open_crm(plugins=(CustomerValue, fact_plugin((), FEEDS.values())))
    crm.migrate()
    cases = [_facts(("costs", _GIFT)), _facts(("transactions", _SALE)), _facts()]
    dear, good, new = enter(crm, FEEDS, cases)
    system = crm.system("scoring")
    with crm.session(system) as session:
        session.publish_score_model(ScoreModel("money", 1, "Money", {"F": 1}, "F05:1 F11:1"), because="first")
    crm.run_scores(system, "money")
    with crm.view(system) as session:
        found = {one.ref: session.score(one) for one in (dear, good, new)}
    # Contributions -100, 600 and 0: shares of 600, and 1/6, 5/6 and 3/6 of the customers at most as good.
    assert found[dear.ref].score == Decimal("8.33")
    assert [(part.state, part.points) for part in found[dear.ref].parts][1] == ("none", 0.0)
    assert found[good.ref].score == Decimal("91.67")
    assert [part.value for part in found[good.ref].parts] == [100.0, 0.0]
    assert found[new.ref].score == Decimal("50.00")
    assert [part.points for part in found[new.ref].parts] == [50.0, None]
    with crm.store.connect() as connection:
        table = sa.table(
            "facts_transactions", *(sa.column(one.name, one.type) for one in transactions.table.c)
        )
        connection.execute(sa.insert(table), [{"customer": dear.id, **_SALE, "net": 2000}])
    with crm.session(system) as session:
        session.refresh_scores("money", [dear])
        parts = session.score(dear).parts
    # 1,600 - 100 of the 600 of that run, more than anybody had then; 5 % of what it buys goes to serve it.
    assert [(part.value, part.points) for part in parts] == [(250.0, 100.0), (5.0, 75.0)]


def test_ends_of_months_on_a_day_amid_one(open_crm: Callable[..., CRM]) -> None:
    """On the 15th of June the last twelve ends of months go from June of last year to May."""
    crm: Any = open_crm(
        plugins=(CustomerValue, fact_plugin((), FEEDS.values())),
        clock=FixedClock("2026-06-15T09:00:00+08:00"),
    )
    crm.migrate()
    due = {"item": "a", "due_on": date(2026, 7, 1), "amount": 1_200_000}
    paid = {"kind": "payment", "paid_on": date(2025, 7, 1), **due}
    first = _facts(
        ("receivables", {"on": date(2025, 6, 30), **due}), ("settlements", {"on": date(2025, 7, 1), **paid})
    )
    later = _facts(("receivables", {"on": date(2026, 6, 1), **due}))
    once, never = enter(crm, FEEDS, [first, later])
    with crm.view(crm.system("measuring")) as session:
        found = session.measure("F29")
    # 12,000.00 at one of twelve ends, at 6 %.
    assert (found[once.ref]["F29"].value, found[never.ref]["F29"].value) == (6000, 0)


def test_what_nobody_offers_is_not_nothing(crm_of_values: CRM) -> None:
    """Where no plugin keeps receivables, costs or sales, nobody is said to owe, cost or buy nothing."""
    catalog: Any = crm_of_values.catalog
    lacking = {code: catalog.lacking(one) for code, one in catalog.indicators.items() if code[0] == "F"}
    assert len(lacking) == 36
    assert all(lacking.values())
    assert lacking["F04"] == lacking["F13"] == ("costs", "transactions")
    assert lacking["F19"] == ("invoices", "receivables", "settlements")
    assert lacking["F23"] == ("credit_limits", "exposures", "receivables", "settlements")
    assert lacking["F30"] == ("receivables", "settlements", "transactions")


@pytest.fixture
def crm_of_values() -> Iterator[CRM]:
    """A CRM of which only the catalogue is asked for."""
    crm = CRM("sqlite://", plugins=(CustomerValue,))
    yield crm
    crm.close()
