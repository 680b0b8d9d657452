"""What is its writer's alone is seen by nobody else, however far somebody reaches."""

from __future__ import annotations

from typing import Any

import pytest
from house import enterprise

from pycrm import CRM, NotFoundError, StaleError
from pycrm.entities import SavedView
from pycrm.scope import predicate

OTHERS = ("rep_b", "lead_e", "dir", "admin")


@pytest.fixture
def view(crm: CRM) -> Any:
    """A view that rep_a saved."""
    enterprise(crm)
    with crm.session("rep_a") as session:
        return session.add(SavedView(entity="Customer", name="quiet ones", query="stage=dormant"))


def seen_by(crm: CRM, login: str, view: Any) -> list[str]:
    """By which ways of reading somebody meets the view."""
    ways = {
        "find": lambda session: session.find(SavedView),
        "find one": lambda session: session.find_one(SavedView, view.id),
        "get": lambda session: session.get(view.ref),
        "count": lambda session: session.count(SavedView),
        "page": lambda session: session.page(SavedView).items,
        "history": lambda session: session.history(view),
        "as of": lambda session: session.as_of(view, session.now),
        "change": lambda session: session.change(view, name="mine now"),
        "archive": lambda session: session.archive(view),
    }
    found = []
    for name, ask in ways.items():
        try:
            with crm.session(login) as session:
                if ask(session):
                    found.append(name)
        except NotFoundError:
            continue
        except StaleError:
            found.append(name)
    return found


@pytest.mark.parametrize("login", OTHERS)
def test_nobody_else_meets_it_by_any_way(crm: CRM, view: Any, login: str) -> None:
    """A colleague, the leader, the director and the administrator neither read nor change the view of rep_a."""
    assert seen_by(crm, login, view) == []


def test_its_writer_has_it(crm: CRM, view: Any) -> None:
    """rep_a reads the view, and gives it another name."""
    with crm.session("rep_a") as session:
        assert [one.name for one in session.find(SavedView)] == ["quiet ones"]
        assert session.change(session.get(view.ref), name="asleep").name == "asleep"


def test_a_reach_over_what_is_private_would_show(
    crm: CRM, view: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were what is private read as what has an owner, the director would meet it."""
    monkeypatch.setattr(predicate, "Private", type("Nothing", (), {}))
    crm.actors.clear()
    assert seen_by(crm, "dir", view) != []
