"""Refused means untouched: no table changes, whether the refusal is caught or not."""

from __future__ import annotations

from typing import Any

import pytest

from pycrm import CRM, AlreadyDoneError, Customer, RefusedError, StoreError
from pycrm.store import Transaction
from revision.refusals import REFUSED
from revision.world import differing, tables, world


def left_behind(crm: CRM, *, caught: bool, only: tuple[str, ...] = ()) -> dict[str, Any]:
    """The acts that were not refused as they should be, or changed some table."""
    made = world(crm)
    before, faults = tables(crm), {}
    for name, (act, expected) in REFUSED.items():
        if only and name not in only:
            continue
        found: Exception | None = None
        try:
            with crm.session("rep_a") as session:
                try:
                    act(session, made)
                except RefusedError as error:
                    found = error
                    if not caught:
                        raise
        except RefusedError as error:
            found = error
        changed = differing(before, tables(crm))
        if type(found) is not expected or changed:
            faults[name] = (found, changed)
            before = tables(crm)
    return faults


@pytest.mark.parametrize("caught", [False, True], ids=["raised", "caught"])
def test_a_refused_act_changes_no_table(crm: CRM, caught: bool) -> None:
    """Fifty acts that somebody may not do leave every table as it was, on both databases."""
    assert len(REFUSED) >= 50
    assert left_behind(crm, caught=caught) == {}


def test_a_store_that_commits_what_was_refused_is_seen(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison above goes red when a refused session is committed instead of rolled back."""
    monkeypatch.setattr(Transaction, "rollback", Transaction.commit)
    assert "a tax id held elsewhere" in left_behind(crm, caught=False, only=("a tax id held elsewhere",))


def test_a_check_that_is_left_out_is_seen(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list above goes red when one rule is forgotten."""
    monkeypatch.setattr(Customer, "check", lambda *_: None)
    monkeypatch.setattr("pycrm.app.rules.refuse_early_close", lambda *_: None)
    assert list(left_behind(crm, caught=False, only=("a close before the beginning", "a key field"))) == [
        "a close before the beginning"
    ]


def test_a_session_goes_on_after_a_refusal_that_wrote_nothing(crm: CRM) -> None:
    """A caller who catches a refusal of the input keeps the session and what it did before and after."""
    made = world(crm)
    with crm.session("rep_a") as session:
        changed = session.change(made.pump, channel="fair")
        with pytest.raises(RefusedError):
            session.change(changed, colour="red")
        session.change(changed, needs=["pumps"])
    with crm.view("rep_a") as session:
        read = session.get(made.pump.ref)
        assert (read.channel, read.needs, read.version) == ("fair", ("pumps",), 3)


def test_a_session_is_spoiled_by_a_refusal_in_mid_act(crm: CRM) -> None:
    """Where an act had written before it was refused, the block ends with that refusal, all undone."""
    made = world(crm)
    before = tables(crm)
    with pytest.raises(RefusedError) as ended, crm.session("rep_a") as session:  # noqa: PT012
        session.change(made.pump, channel="fair")
        with pytest.raises(RefusedError) as refused:
            session.add(
                Customer.organization("New", mobile="13100000001", source="exhibition", tax_id="T-PUMP")
            )
        with pytest.raises(RefusedError) as again:
            session.change(made.other, channel="mail")
        assert again.value is refused.value
    assert ended.value is refused.value
    assert differing(before, tables(crm)) == []


def test_a_view_writes_nothing(crm: CRM) -> None:
    """Nobody writes through a session that only reads."""
    made = world(crm)
    before = tables(crm)
    with crm.view("rep_a") as session:
        for act in (
            lambda: session.change(made.pump, channel="x"),
            lambda: session.archive(made.pump),
            lambda: session.move(made.deal, to="contacted"),
        ):
            with pytest.raises(StoreError, match="only reads"):
                act()
    assert differing(before, tables(crm)) == []


def test_an_exception_of_the_caller_undoes_the_block(crm: CRM) -> None:
    """Whatever ends a block with an exception, nothing of it stays."""
    made = world(crm)
    before = tables(crm)
    with pytest.raises(ZeroDivisionError), crm.session("rep_a") as session:  # noqa: PT012
        session.change(made.pump, channel="fair")
        1 / 0  # noqa: B018
    assert differing(before, tables(crm)) == []


def test_an_operation_takes_effect_once(crm: CRM) -> None:
    """A request that is sent twice is answered with the revision of the first, and changes nothing."""
    made = world(crm)

    def act(session: Any) -> Any:
        return session.change(session.get(made.pump.ref), channel="fair")

    crm.run("rep_a", act, operation="request 1")
    with crm.view("rep_a") as session:
        written = session.history(made.pump)[0]
    assert written.operation == "request 1"
    before = tables(crm)
    for again in range(2):
        with pytest.raises(AlreadyDoneError) as done:
            crm.run("rep_a", act, operation="request 1")
        assert done.value.data["revision"] == str(written.id), again
    assert differing(before, tables(crm)) == []
    with pytest.raises(RefusedError, match="operation"), crm.session("rep_a", operation="a\x00"):
        pass
