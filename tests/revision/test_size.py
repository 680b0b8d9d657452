"""How much history there is, and what of it exceeds its budget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from house import enterprise

from pycrm import CRM, Budget, Field, FixedClock, Plugin, Record, field, reference
from pycrm.plugin import PluginDeclarationError
from pycrm.revision import size
from revision.sealing import Hand


class Slip(Record, table="desk_slip", scope=reference(), budget=Budget(rows=3, years=2)):
    """A slip, of which three changes are kept, for two years."""

    text: Field[str] = field("Text")


class Stub(Record, table="desk_stub", scope=reference()):
    """A stub, to which the budget of its plugin applies."""

    text: Field[str] = field("Text")


class Desk(Plugin):
    """Desk"""

    name = "desk"
    records = (Slip, Stub)
    budget = Budget(rows=4)


def sizes(crm: CRM) -> dict[str, Any]:
    """The report by kind."""
    return {one.entity: one for one in crm.history_size()}


def test_rows_and_bytes_are_those_of_the_table(crm: CRM) -> None:
    """The rows of each kind are counted, values weighed in bytes and not in letters, the rest shared out."""
    enterprise(crm)
    hand = Hand(crm)
    kept = hand.rows("crm_change")
    found = crm.history_size()
    assert sum(one.rows for one in found) == len(kept)
    assert [one.rows for one in found] == sorted((one.rows for one in found), reverse=True)
    for one in found:
        mine = [row for row in kept if row["entity"] == one.entity]
        texts = [text for row in mine for text in (row["changes"], row["reason"]) if text is not None]
        plain = sum(len(text.encode()) for text in texts)
        assert one.rows == len(mine)
        if crm.store.dialect == "sqlite":
            assert one.values == plain
        else:
            # A head of one or four bytes each, and long ones are compressed.
            assert one.values <= plain + 4 * len(texts)
            assert one.values > 0
        # Three keys, the salt and an index each take their bytes in every row.
        assert one.beside > 64 * one.rows
        assert (one.budget, one.excess) == (None, ())


def test_what_exceeds_a_budget_is_marked_and_stays(open_crm: Callable[..., CRM], clock: FixedClock) -> None:
    """A class's own budget comes before its plugin's; rows over it and old ones are told, none is deleted."""
    crm = open_crm(plugins=[Desk()])
    crm.migrate()
    desk = crm.system("desk")
    with crm.session(desk) as session:
        slip = session.add(Slip(text="a"))
        session.add_all([Stub(text=text) for text in "abcd"])
    for text in "bc":
        with crm.session(desk) as session:
            slip = session.change(session.get(slip.ref), text=text)
    assert [sizes(crm)[name].excess for name in ("Slip", "Stub")] == [(), ()]
    with crm.session(desk) as session:
        session.change(session.get(slip.ref), text="d")
        session.add(Stub(text="e"))
    found = sizes(crm)
    assert (found["Slip"].rows, found["Slip"].excess) == (4, ("1 rows over 3",))
    assert (found["Stub"].rows, found["Stub"].excess) == (5, ("1 rows over 4",))
    assert found["Slip"].budget == Budget(rows=3, years=2)
    clock.set("2028-06-30T09:00:00+08:00")
    assert sizes(crm)["Slip"].excess == ("1 rows over 3",)
    clock.set("2028-07-01T09:00:00+08:00")
    assert sizes(crm)["Slip"].excess == ("1 rows over 3", "older than 2 years")
    assert sizes(crm)["Slip"].rows == 4


def test_an_sqlite_that_cannot_weigh_estimates(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library was built without the means, a row takes its names and 150 bytes more."""
    enterprise(crm)
    weighed = sizes(crm)["User"]
    monkeypatch.setattr(size, "_WEIGHS", "NO_SUCH_OPTION")
    kept = Hand(crm).rows("crm_change")
    total = sum(2 * len(one["entity"]) + len(one["act"]) + 150 for one in kept)
    found = sizes(crm)["User"]
    if crm.store.dialect == "sqlite":
        assert found.beside == round(total * found.rows / len(kept))
    else:
        assert found == weighed


def test_a_budget_that_says_nothing_is_refused() -> None:
    """Whoever declares a budget says how many rows or years, and a plugin gives nothing else in its place."""
    for values in ({}, {"rows": 0}, {"years": -1}):
        with pytest.raises(ValueError, match="rows or years"):
            Budget(**values)
    with pytest.raises(PluginDeclarationError, match="must be a Budget"):
        type("Odd", (Plugin,), {"__doc__": "Odd", "name": "odd", "budget": 5})
