"""One transaction on one connection: begun late, ended once, undone by parts."""

from __future__ import annotations

import gc
from typing import Any

import pytest
import sqlalchemy as sa
from house import enterprise

from pycrm import CRM, Customer, RefusedError, StoreError
from pycrm.store import Transaction
from pycrm.store.resting import Resting


@pytest.fixture
def staffed(crm: CRM) -> CRM:
    """A CRM with people."""
    enterprise(crm)
    return crm


def draft(number: int, **values: Any) -> Any:
    """A customer to add."""
    given = {"mobile": f"1370000000{number}", "source": "exhibition"} | values
    return Customer.organization(f"Customer {number}", **given)


def names(crm: CRM) -> list[str]:
    """The customers that a new session sees."""
    with crm.view("rep_a") as session:
        return [one.name for one in session.find(Customer, order=Customer.name)]


def transaction(crm: CRM, *, write: bool) -> Transaction:
    """A transaction that has not begun."""
    return Transaction(crm.store, write=write, moment=crm.clock.now(), operation=None)


def test_leaving_the_block_keeps_and_an_exception_undoes(staffed: CRM) -> None:
    """What was written is there for the next session, and nothing of a block that failed."""
    with staffed.session("rep_a") as session:
        session.add(draft(1))
        assert names(staffed) == []
    assert names(staffed) == ["Customer 1"]
    with pytest.raises(ZeroDivisionError), staffed.session("rep_a") as session:  # noqa: PT012
        session.add(draft(2))
        1 / 0  # noqa: B018
    assert names(staffed) == ["Customer 1"]


def test_a_view_sees_one_state(staffed: CRM) -> None:
    """Two readings of one view agree, whatever is committed between them."""
    with staffed.session("rep_a") as session:
        session.add(draft(1))
    with staffed.view("rep_a") as view:
        assert view.count(Customer) == 1
        with staffed.session("rep_a") as session:
            session.add(draft(2))
        assert view.count(Customer) == 1
    assert len(names(staffed)) == 2


def test_a_connection_is_taken_at_the_first_statement_and_given_back(staffed: CRM) -> None:
    """A transaction that does nothing costs no connection, and an ended one keeps none."""
    store = staffed.store
    gc.collect()
    before = store.taken
    for write in (True, False):
        tx = transaction(staffed, write=write)
        assert store.taken == before
        assert tx.run("SELECT 1").fetchone()[0] == 1
        assert store.taken == before + 1
        tx.rollback()
        assert store.taken == before


def crowd(crm: CRM, number: int) -> int:
    """How many connections stay open after so many sessions at once."""
    before = crm.store.taken
    some = [transaction(crm, write=False) for _ in range(number)]
    for tx in some:
        tx.run("SELECT 1")
    assert crm.store.taken == before + number
    for tx in some:
        tx.rollback()
    assert crm.store.taken == before
    pool: Any = crm.store.engine.pool
    return int(pool.checkedout() + pool.checkedin())


def test_many_at_once_leave_no_more_connections_than_one_after_the_other(
    staffed: CRM, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions reuse the connections of those before them, and those of a crowd are closed after it.

    Whoever waits for a connection is told by the pool alone: where it is at its limit none may rest.
    """
    gc.collect()
    assert [crowd(staffed, number) for number in (1, 3, 14, 2)] == [1, 3, 10, 10]
    staffed.store.dispose()
    # A fault: all rest.
    monkeypatch.setattr(Resting, "give", lambda self, connection, driver: self.keep(connection, driver))
    with pytest.raises(AssertionError):
        assert crowd(staffed, 14) == 10


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_an_ended_transaction_is_not_begun_again(staffed: CRM, end: str) -> None:
    """Nobody goes on with a session that has ended: it would run outside any transaction."""
    tx = transaction(staffed, write=True)
    tx.run("SELECT 1")
    getattr(tx, end)()
    with pytest.raises(StoreError, match="ended"):
        tx.run("SELECT 1")
    with staffed.session("rep_a") as session:
        pass
    with pytest.raises(StoreError, match="ended"):
        session.find(Customer)


def test_a_failing_statement_is_a_failure_of_the_store(staffed: CRM) -> None:
    """What the driver raises arrives as one of our errors, by each way of running a statement."""
    nowhere = sa.text("SELECT * FROM nowhere")
    for ask in (
        lambda tx: tx.run("SELECT * FROM nowhere"),
        lambda tx: tx.run_many("INSERT INTO nowhere VALUES (1)", [()]),
        lambda tx: tx.fetch(nowhere),
        lambda tx: tx.execute(nowhere),
    ):
        tx = transaction(staffed, write=True)
        with pytest.raises(StoreError, match="nowhere"):
            ask(tx)
        tx.rollback()


def test_a_savepoint_undoes_only_what_is_within(staffed: CRM) -> None:
    """Of an attempt that failed in mid-act nothing stays, what was before and after it does."""
    with staffed.session("rep_a") as session:
        session.add(draft(1, tax_id="T1"))
        with pytest.raises(RefusedError), session.attempt():
            session.add(draft(2, tax_id="T1"))
        session.add(draft(3))
        with session.attempt():
            session.add(draft(4))
    assert names(staffed) == ["Customer 1", "Customer 3", "Customer 4"]
    with staffed.view("rep_a") as session:
        kept = [{one.entity for one in session.history(each)} for each in session.find(Customer)]
    assert all({"Customer", "Party"} <= entities for entities in kept)


def test_without_the_savepoint_the_session_would_be_spoiled(staffed: CRM) -> None:
    """The test above goes red without the attempt: the whole session ends with the refusal."""
    with pytest.raises(RefusedError), staffed.session("rep_a") as session:  # noqa: PT012
        session.add(draft(1, tax_id="T1"))
        with pytest.raises(RefusedError):
            session.add(draft(2, tax_id="T1"))
        session.add(draft(3))
    assert names(staffed) == []


def test_a_statement_from_outside_is_refused(staffed: CRM) -> None:
    """Whoever takes the engine and asks around the session is refused before the database is."""
    with staffed.store.engine.connect() as connection:
        for statement in ("SELECT * FROM crm_customer", "DELETE FROM crm_customer"):
            with pytest.raises(StoreError, match="through a session"):
                connection.execute(sa.text(statement))


def test_a_lost_connection_is_no_commit(staffed: CRM) -> None:
    """A session whose connection is gone ends with an error, and the next one works."""
    with pytest.raises(StoreError), staffed.session("rep_a") as session:  # noqa: PT012
        session.add(draft(1))
        driver: Any = session.transaction.connection.connection.driver_connection
        driver.close()
        session.add(draft(2))
    staffed.store.dispose()
    assert names(staffed) == []
    with staffed.session("rep_a") as session:
        session.add(draft(3))
    assert names(staffed) == ["Customer 3"]
