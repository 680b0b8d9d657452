"""Who acts on a record that a plugin changes in its turn goes on with it as it stands after that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from house import enterprise

from pycrm import CRM, Customer, Opportunity, Plugin, StaleError, hookimpl
from pycrm.revision import guard


class Eager(Plugin):
    """Eager"""

    name = "eager"

    @hookimpl
    def record_added(self, session: Any, record: Customer) -> None:
        """A new customer is marked at once, twice."""
        first = session.change(record, channel="new")
        session.change(first, channel="newer")

    @hookimpl
    def record_changed(self, session: Any, record: Opportunity) -> None:
        """What is needed is said in short, which is a change again."""
        if record.need and not record.need.endswith("."):
            session.change(record, need=f"{record.need}.")

    @hookimpl
    def record_moved(self, session: Any, record: Opportunity) -> None:
        """Where a deal came from is kept."""
        session.change(record, need=f"as of {record.stage}")


def _story(crm: CRM) -> list[Any]:
    """One session that adds, changes, moves and moves again, always with the record that it was given."""
    enterprise(crm)
    with crm.session("rep_a") as session:
        hongda = session.add(Customer.organization("Hongda", source="exhibition", mobile="13800000001"))
        told = [hongda.channel]
        hongda = session.change(hongda, channel="fair")
        deal = session.add(Opportunity(customer=hongda, name="Pumps", expected_close=date(2026, 9, 1)))
        deal = session.change(deal, need="two pumps")
        told.append(deal.need)
        deal = session.move(deal, to="contacted")
        told.append(deal.need)
        return [*told, session.get(deal.ref).version == deal.version]


def test_who_acts_goes_on_after_a_plugin(open_crm: Callable[..., CRM]) -> None:
    """A salesperson who adds, changes and moves a deal is not refused for what plugins changed of it."""
    assert _story(open_crm(plugins=[Eager])) == ["newer", "two pumps.", "as of contacted.", True]


def test_without_it_the_next_act_would_be_refused(
    open_crm: Callable[..., CRM], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were what plugins write not noted, the salesperson would be told that somebody else had been there."""
    monkeypatch.setattr(guard, "noted_later", lambda tx, made: None)
    with pytest.raises(StaleError):
        _story(open_crm(plugins=[Eager]))


class Linking(Plugin):
    """Linking"""

    name = "linking"

    @hookimpl
    def record_added(self, session: Any, record: Customer) -> None:
        """A new customer is marked, and so are all others."""
        for one in session.find(Customer, Customer.id != record.id):
            session.change(one, channel="beside")
        session.change(record, channel="new")


def test_who_adds_several_has_each_as_all_plugins_left_it(open_crm: Callable[..., CRM]) -> None:
    """A salesperson who adds two customers at once goes on with both, though each changed the other."""
    crm = open_crm(plugins=[Linking])
    enterprise(crm)
    drafts = [Customer.organization(name, source="exhibition", email=f"{name}@example.com") for name in "ab"]
    with crm.session("rep_a") as session:
        first, second = session.add_all(drafts)
        assert (first.channel, second.channel) == ("beside", "new")
        assert [session.change(one, channel="fair").version for one in (first, second)] == [4, 4]
