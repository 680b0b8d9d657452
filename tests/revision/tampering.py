"""What a hand past every session may do to a sealed history, and where it has to be found."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import strategies as st

from pycrm import CRM, StoreError
from pycrm.revision.seal import Verification, sealer

from .sealing import Hand, as_id, other

SEALED = ("crm_change", "crm_revision", "crm_access", "crm_export", "crm_elevation", "crm_seal")


@attrs.frozen
class Wanted:
    """Where the break is: the link, and of a changed row which one."""

    number: int | None
    row: dict[str, Any] | None = None


def _number(hand: Hand, row: dict[str, Any]) -> int:
    item = row.get("revision_id", row.get("id"))
    return next(int(one["number"]) for one in hand.rows("crm_seal") if one["item_id"] == item)


@st.composite
def tampering(draw: st.DrawFn) -> tuple[str, str, float, float, float]:
    """What to do, to which table, and which of its rows and columns, as fractions."""
    act = draw(st.sampled_from(("edit", "delete", "insert", "swap", "truncate", "fork")))
    return (act, draw(st.sampled_from(SEALED)), *(draw(st.floats(0, 0.999)) for _ in range(3)))  # type: ignore[return-value]


def tamper(crm: CRM, hand: Hand, act: str, table: str, one: float, two: float, three: float) -> Wanted:
    """Do it, and say where it is to be found."""
    kept = hand.rows(table)
    row = kept[int(one * len(kept))]
    columns = [name for name in row if name not in ("id", "record_id", "version", "entity", "number")]
    if act == "edit":
        column = columns[int(two * len(columns))]
        number = row["number"] if table == "crm_seal" else _number(hand, row)
        hand.set(table, row, {column: other(row[column], column)})
        is_in_place = table == "crm_change" and column != "revision_id"
        if column == "revision_id" or table == "crm_seal":
            return Wanted(None)
        return Wanted(int(number), row if is_in_place else None)
    if act == "delete":
        number = row["number"] if table == "crm_seal" else _number(hand, row)
        hand.drop(table, row)
        return Wanted(int(number))
    if act == "insert":
        key = {"crm_change": "version", "crm_seal": "number"}.get(table, "id")
        added = row | {key: row[key] + 1000 if key != "id" else other(row["id"])}
        hand.put(table, added)
        return Wanted(_number(hand, row), added) if table == "crm_change" else Wanted(None)
    if act == "swap":
        return _swapped(hand, table, kept, int(two * len(kept)), int(three * len(kept)), columns)
    last = int(crm.seal().number)
    cut = 1 + int(one * last)
    for seal in hand.rows("crm_seal"):
        if seal["number"] >= cut:
            hand.drop("crm_seal", seal)
            if act == "fork":
                hand.put("crm_unsealed", {"id": seal["item_id"], "kind": seal["kind"]})
            else:
                forget(hand, seal)
    if act == "fork":
        change = hand.rows("crm_change")[0]
        if _chained(hand, change):
            hand.put("crm_unsealed", {"id": change["revision_id"], "kind": "revision"})
        with pytest.raises(StoreError, match="is not the one"):
            crm.seal()
        sealer.seal(crm.store, crm.clock.now(), None)
    return Wanted(None)


def _chained(hand: Hand, change: dict[str, Any]) -> bool:
    """Rewrite a change, and take its link out; whether there was one."""
    hand.set("crm_change", change, {"changes": '{"channel":[null,"forged"]}'})
    for seal in hand.rows("crm_seal"):
        if seal["item_id"] == change["revision_id"]:
            hand.drop("crm_seal", seal)
            return True
    return False


def forget(hand: Hand, seal: dict[str, Any]) -> None:
    """Delete what a link of the chain stands for."""
    for table, column in (("crm_change", "revision_id"), *((name, "id") for name in SEALED[1:5])):
        for row in hand.rows(table):
            if row[column] == seal["item_id"]:
                hand.drop(table, row)


def _swapped(
    hand: Hand, table: str, kept: list[dict[str, Any]], first: int, second: int, columns: list[str]
) -> Wanted:
    one, two = kept[first], kept[second]
    if all(one[name] == two[name] for name in columns):
        two = next(row for row in kept if any(row[name] != one[name] for name in columns))
    hand.set(table, one, {name: two[name] for name in columns})
    hand.set(table, two, {name: one[name] for name in columns})
    return Wanted(None)


def placed(found: Verification, wanted: Wanted) -> None:
    """Hold that the break was named where it is."""
    broken = found.broken
    assert broken is not None
    assert str(broken)
    if wanted.number is not None:
        assert broken.number == wanted.number, broken
    if wanted.row is not None:
        place = (broken.entity, broken.record, broken.version)
        row = wanted.row
        assert place == (row["entity"], as_id(row["record_id"]), row["version"]), broken
