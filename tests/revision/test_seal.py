"""The seal of history: what is committed is chained, and whoever changes it past the session is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from house import enterprise
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pycrm import CRM, Customer, FixedClock, StoreError
from pycrm.revision.seal import digest, rows, verify, walk

from .sealing import Hand, heads, other, story
from .tampering import forget, placed, tamper, tampering


@pytest.fixture
def sealed(open_crm: Callable[..., CRM], tmp_path: Path) -> CRM:
    """A CRM with a sealed history, its heads in a folder of their own."""
    crm = open_crm(heads=tmp_path / "heads")
    story(crm)
    return crm


def test_what_is_committed_is_proven(sealed: CRM, tmp_path: Path) -> None:
    """After sealing, every revision, look, export and system session stands in the chain, and its head outside."""
    hand, found = Hand(sealed), sealed.verify()
    assert found.holds
    assert (found.tail, found.tail_since) == (0, None)
    assert found.changes == len(hand.rows("crm_change"))
    # Two looks at an identity number and two exports; the set-up, the test organisation and the rights.
    assert found.looks == 4 + 3
    assert found.sealed == len(hand.rows("crm_revision")) + 4 + 3
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


def entered(crm: CRM) -> int:
    """How many revisions and sessions of the system there are, where nobody has looked or exported."""
    return sum(len(Hand(crm).rows(table)) for table in ("crm_revision", "crm_elevation"))


def test_the_run_of_what_is_due_seals_too(open_crm: Callable[..., CRM], tmp_path: Path) -> None:
    """Whoever runs the jobs has history sealed, once, and that the jobs ran; the report says how much that was."""
    crm = open_crm(heads=tmp_path / "heads")
    enterprise(crm)
    waiting = crm.verify().tail
    assert waiting > 0
    report = crm.run_jobs()
    # The jobs work in sessions of the system, of which each leaves a row.
    assert (report.sealed, report.unsealed) == (entered(crm), None)
    assert report.sealed > waiting
    assert crm.verify().tail == 0
    assert heads(crm, tmp_path / "heads")[1][-1].number == entered(crm)
    assert crm.run_jobs().sealed == entered(crm) - report.sealed


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
        assert crm.verify().tail == entered(crm) > waiting
    else:
        assert (report.sealed, report.unsealed) == (entered(crm), None)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(tampering(), st.sampled_from((1, 3, 500)))
def test_nobody_changes_history_unseen(
    sealed: CRM, what: tuple[str, str, float, float, float], some: int
) -> None:
    """An edit, deletion, insertion, swap, truncation or fork of any row is found and placed (REV-11, REV-14).

    Wherever one piece of the chain ends and the next begins.
    """
    hand = Hand(sealed)
    with hand.undone(), pytest.MonkeyPatch.context() as patch:
        patch.setitem(rows.SOME, sealed.store.dialect, some)
        wanted = tamper(sealed, hand, *what)
        found = sealed.verify()
        assert not found.holds, f"{what} went unseen"
        placed(found, wanted)
    assert sealed.verify().holds


def _reasons_uncovered(patch: pytest.MonkeyPatch) -> None:
    plain = digest.change_digests

    def without(columns: Iterable[tuple[Any, ...]]) -> list[bytes]:
        *most, reasons, changes = columns
        return plain([*most, (None,) * len(reasons), changes])

    patch.setattr(rows, "change_digests", without)


def _additions_unsought(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(verify, "_strange", lambda tx, walk: None)


def _heads_unread(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(verify, "_against", lambda walk, head, broken: None)


def _pieces_trusted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(walk.Walk, "_stands", lambda self, window: True)


def _looks_unread(patch: pytest.MonkeyPatch) -> None:
    plain = rows.columns_of
    patch.setattr(rows, "columns_of", lambda cls: [one for one in plain(cls) if one != "purpose"])


def _elevation_rewritten(hand: Hand) -> None:
    hand.set("crm_elevation", hand.rows("crm_elevation")[0], {"purpose": "an honest one"})


def _reason_rewritten(hand: Hand) -> None:
    row = next(one for one in hand.rows("crm_change") if one["reason"])
    hand.set("crm_change", row, {"reason": "nobody met"})


def _revision_added(hand: Hand) -> None:
    row = hand.rows("crm_revision")[0]
    hand.put("crm_revision", row | {"id": other(row["id"]), "operation": "forged"})


def _cut_off(hand: Hand) -> None:
    last = max(hand.rows("crm_seal"), key=lambda row: row["number"])
    hand.drop("crm_seal", last)
    forget(hand, last)


def _purpose_rewritten(hand: Hand) -> None:
    hand.set("crm_access", hand.rows("crm_access")[0], {"purpose": "an honest one"})


FAULTS = [
    (_reasons_uncovered, _reason_rewritten),
    (_pieces_trusted, _reason_rewritten),
    (_pieces_trusted, _purpose_rewritten),
    (_additions_unsought, _revision_added),
    (_heads_unread, _cut_off),
    (_looks_unread, _purpose_rewritten),
    (_looks_unread, _elevation_rewritten),
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
        assert crm.seal().number == crm.verify().exported == 2
        return
    with pytest.raises(StoreError, match="PYCRM_HEADS"):
        crm.seal()
