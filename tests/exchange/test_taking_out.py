"""How much one person may take out within an hour (T46)."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from house import enterprise

from pycrm import CRM, Customer, FixedClock, TooManyError
from pycrm.exchange import export_csv
from pycrm.revision import exports


def taken(session: Any, number: int | None = None) -> int:
    """How many rows an export gives, of so many customers at most."""
    wanted = () if number is None else (Customer.name <= f"Customer {number - 1:02d}",)
    return export_csv(session, Customer, io.BytesIO(), wanted, ("name",))


@pytest.fixture
def filled(open_crm: Callable[..., CRM], tmp_path: Path) -> CRM:
    """The organisation with forty customers in reach of its director, of whose rows a hundred leave in an hour."""
    crm = open_crm(exported_per_hour=100, heads=tmp_path)
    enterprise(crm)
    with crm.session("rep_a") as session:
        drafts = [
            Customer.organization(f"Customer {n:02d}", mobile=f"138000000{n:02d}", source="exhibition")
            for n in range(40)
        ]
        session.add_all(drafts)
    return crm


def test_so_many_rows_leave_within_an_hour_and_what_is_too_much_is_kept(
    filled: CRM, clock: FixedClock
) -> None:
    """40 and 40 leave, 40 more do not, 20 do; the attempt stands in the book; an hour later 40 leave again."""
    with filled.view("dir") as session:
        assert [taken(session), taken(session)] == [40, 40]
    stream = io.BytesIO()
    with (
        filled.view("dir") as session,
        pytest.raises(TooManyError, match="100 rows within an hour") as refused,
    ):
        export_csv(session, Customer, stream, (), ("name",))
    assert refused.value.data == {"seconds": 3600}
    assert stream.getvalue() == b""
    with filled.session("dir") as session:
        assert taken(session, 20) == 20
    with filled.session("dir") as session, pytest.raises(TooManyError):
        taken(session, 1)
    with filled.view("lead_e") as session:
        assert taken(session) == 40
    with filled.view(filled.system("nightly")) as session:
        assert [taken(session) for _ in range(3)] == [40, 40, 40]
    clock.advance(hours=1, seconds=1)
    with filled.view("dir") as session:
        assert taken(session) == 40
    with filled.view(filled.system("test")) as session:
        # Those of one moment stand in any order.
        book = [(one.rows, one.refused) for one in session.exports() if one.actor == "dir"]
    assert book[0] == (40, False)
    assert sorted(book[1:]) == [(1, True), (20, False), (40, False), (40, False), (40, True)]
    filled.seal()
    assert filled.verify().holds


def test_of_exports_at_once_no_more_leave_than_one_after_the_other(filled: CRM) -> None:
    """Eight at the same time for one person: two are given 40 rows each, six are refused."""

    def one(_: int) -> int:
        try:
            with filled.view("dir") as session:
                return taken(session)
        except TooManyError:
            return 0

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(one, range(8))) == [0] * 6 + [40] * 2


def test_a_limit_that_is_not_kept_is_seen(filled: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were exports only written down, a third one would give its rows."""
    monkeypatch.setattr(exports._Verdict, "_judge", lambda *given: None)
    with filled.view("dir") as session:
        assert [taken(session) for _ in range(3)] == [40, 40, 40]
