"""Two worlds that differ only in what one person may not see show that person the same pages (T02)."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pycrm import CRM, Customer, FixedClock, Session
from pycrm.web import listing

from .conftest import NOW, Company, add_business, plugins

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}")
_CHANGING = re.compile(r'(name="csrf" value="|after=|/calendar/)[\w.=%-]+')
PATHS = (
    *("/", "/customers", "/customers?sort=-name&q=a", "/opportunities?sort=-amount", "/board/opportunities"),
    *("/tasks", "/activities", "/inbox", "/calendar?who=all", "/reports/funnel", "/reports/forecast"),
    *("/search?q=secret", "/search?q=li", "/notifications", "/records", "/products", "/projects"),
    *("/customers?f:owner=rep_b", "/customers/new", "/lookup/customers?q=second", "/admin/units"),
)


def normal(text: str) -> str:
    """A page without ids, proofs and cursors, which differ by chance."""
    return _CHANGING.sub(r"\1…", _ID.sub("ID", text))


@pytest.fixture
def worlds(company_file: Any, tmp_path: Path) -> Iterator[tuple[Company, Company]]:
    """One company twice; in the second a colleague has more customers, deals and tasks, and others act on them."""
    path, cast, secrets = company_file
    made = []
    for name in ("less", "more"):
        copy = tmp_path / f"{name}.db"
        shutil.copy(path, copy)
        crm = CRM(f"sqlite:///{copy}", plugins=plugins(), clock=FixedClock(NOW), random=random.Random(5))
        made.append(Company(crm, FixedClock(NOW), cast, dict(secrets)))
    for login, number in (("rep_b", 1), ("rep_b", 2), ("lead_e", 3), ("rep_w", 4)):
        add_business(made[1].crm, login, f"Second secret {number}", f"1360000000{number}", 1000 * number)
    with made[1].crm.session("rep_b") as session:
        session.change(session.find(Customer)[0], channel="fair")
    yield made[0], made[1]
    for one in made:
        one.close()


def differing(worlds: tuple[Company, Company], paths: tuple[str, ...]) -> list[str]:
    """The addresses under which a salesperson is shown one thing here and another there."""
    readers = [world.reader("rep_a") for world in worlds]
    found = []
    for path in paths:
        replies = [reader.ask(path) for reader in readers]
        if len({(reply.status, normal(reply.text)) for reply in replies}) > 1:
            found.append(path)
    return found


def test_pages_tell_nothing_of_what_is_out_of_sight(worlds: tuple[Company, Company]) -> None:
    """Four hidden customers with all that hangs on them change no page of a salesperson by a letter."""
    own = worlds[0].customer()
    assert (
        differing(worlds, (*PATHS, own, f"{own}/edit", own.replace("/customers", "/access/customers"))) == []
    )


def _counts_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number above a list counts everybody's records."""
    count = Session.count

    def everybodys(self: Session, cls: Any, *conditions: Any, **more: Any) -> int:
        if conditions or cls is not Customer:
            return count(self, cls, *conditions, **more)
        with self.crm.view(self.crm.system("a leak")) as session:
            return count(session, cls)

    monkeypatch.setattr(Session, "count", everybodys)


def _offers_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list says whether there is anything that its reader does not see."""
    mine = listing._mine

    def leaking(visit: Any, session: Any, cls: Any) -> Any:
        with session.crm.view(session.crm.system("a leak")) as all_:
            return [*mine(visit, session, cls), (str(all_.count(cls)), "/", False)]

    monkeypatch.setattr(listing, "_mine", leaking)


@pytest.mark.parametrize("leak", [_counts_all, _offers_all])
def test_a_planted_leak_is_noticed(
    worlds: tuple[Company, Company], monkeypatch: pytest.MonkeyPatch, leak: Callable[..., None]
) -> None:
    """A page that counts or names what is hidden differs between the worlds."""
    leak(monkeypatch)
    assert differing(worlds, ("/customers",)) == ["/customers"]
