"""The seal of history: what is committed is chained, and whoever changes it past the session is found."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from house import enterprise
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pycrm import CRM, Customer, FixedClock, StoreError
from pycrm.revision.seal import Verification, digest, rows, sealer, verify

from .sealing import Hand, as_id, heads, other, story

SEALED = ("crm_change", "crm_revision", "crm_access", "crm_export", "crm_seal")


@pytest.fixture
def sealed(open_crm: Callable[..., CRM], tmp_path: Path) -> CRM:
    """A CRM with a sealed history, its heads in a folder of their own."""
    crm = open_crm(heads=tmp_path / "heads")
    story(crm)
    return crm


def test_what_is_committed_is_proven(sealed: CRM, tmp_path: Path) -> None:
    """After sealing, every revision, look and export stands in the chain, and its head outside."""
    hand, found = Hand(sealed), sealed.verify()
    assert found.holds
    assert (found.tail, found.tail_since) == (0, None)
    assert found.changes == len(hand.rows("crm_change"))
    assert found.looks == 4  # two looks at an identity number and two exports
    assert found.sealed == len(hand.rows("crm_revision")) + 4
    _, exported = heads(sealed, tmp_path / "heads")
    assert (found.heads, found.exported) == (2, found.sealed)
    assert exported[-1].hash == found.head
    assert sealed.seal().added == 0


def test_what_waits_for_the_seal_is_told_apart(sealed: CRM, clock: FixedClock) -> None:
    """What was committed since the last sealing is counted, with the moment of the oldest."""
    since = clock.advance(hours=1)
    with sealed.session("rep_a") as session:
        session.change(session.find(Customer)[0], channel="fair 7")
    clock.advance(seconds=30)
    with sealed.session("rep_a") as session:
        session.change(session.find(Customer)[1], channel="fair 8")
    found = sealed.verify()
    assert (found.holds, found.tail, found.tail_since) == (True, 2, since)
    assert sealed.seal().added == 2
    assert sealed.verify().tail == 0


def test_the_run_of_what_is_due_seals_too(open_crm: Callable[..., CRM], tmp_path: Path) -> None:
    """Whoever runs the jobs has history sealed, once; the report says how much that was."""
    crm = open_crm(heads=tmp_path / "heads")
    enterprise(crm)
    waiting = crm.verify().tail
    assert waiting > 0
    report = crm.run_jobs()
    assert (report.sealed, report.unsealed) == (waiting, None)
    assert crm.verify().tail == 0
    assert heads(crm, tmp_path / "heads")[1][-1].number == waiting
    assert crm.run_jobs().sealed == 0


def test_without_a_place_for_heads_the_other_jobs_are_done(open_crm: Callable[..., CRM]) -> None:
    """A database on a server whose heads have no folder is not sealed, and the report says why."""
    crm = open_crm()
    enterprise(crm)
    waiting = crm.verify().tail
    report = crm.run_jobs()
    if crm.store.dialect == "postgresql":
        assert report.sealed == 0
        assert report.unsealed is not None
        assert "PYCRM_HEADS" in report.unsealed
        assert crm.verify().tail == waiting
    else:
        assert (report.sealed, report.unsealed) == (waiting, None)


def _edited(hand: Hand, table: str, at: int, column: str) -> dict[str, Any]:
    row = hand.rows(table)[at]
    hand.set(table, row, {column: other(row[column], column)})
    return row


def _number(hand: Hand, row: dict[str, Any]) -> int:
    item = row.get("revision_id", row.get("id"))
    return next(int(one["number"]) for one in hand.rows("crm_seal") if one["item_id"] == item)


@st.composite
def tampering(draw: st.DrawFn) -> tuple[str, str, float, float, float]:
    """What to do, to which table, and which of its rows and columns, as fractions."""
    act = draw(st.sampled_from(("edit", "delete", "insert", "swap", "truncate", "fork")))
    return (act, draw(st.sampled_from(SEALED)), *(draw(st.floats(0, 0.999)) for _ in range(3)))  # type: ignore[return-value]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(tampering())
def test_nobody_changes_history_unseen(sealed: CRM, what: tuple[str, str, float, float, float]) -> None:
    """An edit, deletion, insertion, swap, truncation or fork of any row by SQL is found and placed."""
    hand = Hand(sealed)
    with hand.undone():
        wanted = _tamper(sealed, hand, *what)
        found = sealed.verify()
        assert not found.holds, f"{what} went unseen"
        _placed(found, wanted)
    assert sealed.verify().holds


@attrs.frozen
class Wanted:
    """Where the break is: the link, and of a changed row which one."""

    number: int | None
    row: dict[str, Any] | None = None


def _tamper(crm: CRM, hand: Hand, act: str, table: str, one: float, two: float, three: float) -> Wanted:
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
                _forget(hand, seal)
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


def _forget(hand: Hand, seal: dict[str, Any]) -> None:
    for table, column in (("crm_change", "revision_id"), *((name, "id") for name in SEALED[1:4])):
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


def _placed(found: Verification, wanted: Wanted) -> None:
    broken = found.broken
    assert broken is not None
    assert str(broken)
    if wanted.number is not None:
        assert broken.number == wanted.number, broken
    if wanted.row is not None:
        place = (broken.entity, broken.record, broken.version)
        row = wanted.row
        assert place == (row["entity"], as_id(row["record_id"]), row["version"]), broken


def _reasons_uncovered(patch: pytest.MonkeyPatch) -> None:
    plain = digest.change_digest
    patch.setattr(rows, "change_digest", lambda *given: plain(*given[:6], None, given[7]))


def _additions_unsought(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(verify, "_strange", lambda tx, walk: None)


def _heads_unread(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(verify, "_against", lambda walk, head, broken: None)


def _looks_unread(patch: pytest.MonkeyPatch) -> None:
    plain = rows.columns_of
    patch.setattr(rows, "columns_of", lambda cls: [one for one in plain(cls) if one != "purpose"])


def _reason_rewritten(hand: Hand) -> None:
    row = next(one for one in hand.rows("crm_change") if one["reason"])
    hand.set("crm_change", row, {"reason": "nobody met"})


def _revision_added(hand: Hand) -> None:
    row = hand.rows("crm_revision")[0]
    hand.put("crm_revision", row | {"id": other(row["id"]), "operation": "forged"})


def _cut_off(hand: Hand) -> None:
    last = max(hand.rows("crm_seal"), key=lambda row: row["number"])
    hand.drop("crm_seal", last)
    _forget(hand, last)


def _purpose_rewritten(hand: Hand) -> None:
    hand.set("crm_access", hand.rows("crm_access")[0], {"purpose": "an honest one"})


FAULTS = [
    (_reasons_uncovered, _reason_rewritten),
    (_additions_unsought, _revision_added),
    (_heads_unread, _cut_off),
    (_looks_unread, _purpose_rewritten),
]


@pytest.mark.parametrize(("fault", "act"), FAULTS)
def test_the_examination_is_not_blind(
    open_crm: Callable[..., CRM],
    tmp_path: Path,
    fault: Callable[[pytest.MonkeyPatch], None],
    act: Callable[[Hand], None],
) -> None:
    """Each check finds what it is for, and with a hole planted in it the tests above would see the hole."""
    crm = open_crm(heads=tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        fault(patch)
        story(crm)
        hand = Hand(crm)
        with hand.undone():
            act(hand)
            assert crm.verify().holds
    if fault in (_additions_unsought, _heads_unread):
        act(hand)
        assert not crm.verify().holds


def test_eight_writers_leave_one_chain(open_crm: Callable[..., CRM], tmp_path: Path) -> None:
    """Eight people write and two seal at the same time: each change is numbered once, without a gap."""
    crm = open_crm(heads=tmp_path)
    enterprise(crm)
    with crm.session("rep_a") as session:
        for number in range(8):
            session.add(Customer.person(f"P{number}", email=f"p{number}@example.com", source="exhibition"))
        mine = session.find(Customer)
    crm.seal()
    before, failed = crm.verify().sealed, []
    done = threading.Event()

    def write(at: int) -> None:
        held = mine[at]
        for number in range(6):
            held = crm.run("rep_a", lambda session: session.change(held, channel=f"fair {number}"))  # noqa: B023

    def guarded(act: Callable[[], Any]) -> None:
        try:
            act()
        except Exception as error:
            failed.append(error)

    def keep_sealing() -> None:
        while not done.is_set():
            crm.seal()

    writers = [threading.Thread(target=guarded, args=(lambda at=at: write(at),)) for at in range(8)]
    sealers = [threading.Thread(target=guarded, args=(keep_sealing,)) for _ in range(2)]
    for thread in (*writers, *sealers):
        thread.start()
    for thread in writers:
        thread.join(timeout=60)
    done.set()
    for thread in sealers:
        thread.join(timeout=60)
    assert failed == []
    crm.seal()
    found = crm.verify()
    assert (found.holds, found.tail, found.sealed) == (True, 0, before + 48)


def test_a_head_is_never_lost_silently(sealed: CRM, tmp_path: Path) -> None:
    """A missing file of heads, and a head that could not be written, stop the sealer with the reason."""
    path, _ = heads(sealed, tmp_path / "heads")
    with sealed.session("rep_a") as session:
        session.change(session.find(Customer)[0], channel="fair 9")
    away = path.rename(tmp_path / "away")
    with pytest.raises(StoreError, match="are gone from"):
        sealed.seal()
    with pytest.raises(StoreError, match="cannot be read"):
        sealed.verify()
    assert sealed.verify(away).tail == 1
    away.rename(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pycrm.revision.seal.heads.os.fsync", _full)
        with pytest.raises(StoreError, match="could not be written"):
            sealed.seal()
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]) + "17 00ab")
    assert sealed.seal().added == 0
    found = sealed.verify()
    assert (found.holds, found.exported) == (True, found.sealed)


def _full(_: int) -> None:
    raise OSError(28, "No space left on device")


def test_on_a_server_the_folder_of_heads_is_named(crm: CRM) -> None:
    """Without a folder for its heads nothing is sealed on a server; a file has them beside it."""
    if crm.store.dialect == "sqlite":
        assert crm.seal().number == crm.verify().exported == 1
        return
    with pytest.raises(StoreError, match="PYCRM_HEADS"):
        crm.seal()
