"""People from anywhere who are in the team of a record see it and work on it, and see nothing beside it."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import attrs
import pytest
from conftest import BOTH, MEMORY, NOW, SERVER
from house import Cast, enterprise
from pool import Pool

from pycrm import (
    CRM,
    Action,
    Customer,
    DeclarationError,
    FixedClock,
    ForbiddenError,
    Grant,
    Member,
    Membership,
    Money,
    NotFoundError,
    Opportunity,
    Reach,
    Role,
    RoleAssignment,
    Session,
    ShareMode,
    User,
    team,
)
from pycrm.scope import predicate, sharing

from .sites import PAID, Site, SiteMember, Sites, Spending, Visit

TODAY = date(2026, 6, 30)
Plant = Callable[[pytest.MonkeyPatch], None]


_numbers = count(1)


@attrs.frozen
class Works:
    """A site of rep_a's with tech_1 as its engineer until today, and rep_w as its lead."""

    crm: CRM
    cast: Cast
    site: Site

    def conditions(self, cls: Any) -> Any:
        """What belongs to this site or its customer."""
        customer = self.site.customer.id
        if cls is Customer:
            return cls.id == customer
        if cls is Opportunity:
            return cls.customer == customer
        return cls.id == self.site.id if cls is Site else cls.site == self.site.id

    def sees(self, login: str) -> list[str]:
        """The classes of which somebody reads any record, by find and by get alike."""
        found = []
        with self.crm.view(login) as session:
            for cls in (Customer, Opportunity, Site, SiteMember, Visit, Spending):
                mine = self.conditions(cls)
                records: list[Any] = session.find(cls, mine)
                assert [one.id for one in records] == [session.get(one.ref).id for one in records]
                assert session.count(cls, mine) == len(records) == len(list(session.page(cls, mine)))
                found += [cls.__name__] if records else []
        return found


@pytest.fixture(scope="module", params=BOTH)
def everybody(request: pytest.FixtureRequest) -> Iterator[tuple[CRM, Cast]]:
    """One database of each kind, with people, in which each test has a site of its own."""
    folder = Path(tempfile.mkdtemp(dir=MEMORY))
    pool = None
    address = f"sqlite:///{folder}/sites.db"
    if request.param == "postgresql":
        if SERVER is None:
            pytest.skip("PYCRM_TEST_POSTGRESQL names no server")
        pool = Pool(SERVER, f"sites_{uuid4().hex[:12]}")
        pool.begin()
        address = pool.address(pool.template)
    crm = CRM(address, plugins=[Sites], clock=FixedClock(NOW), random=random.Random(1))
    crm.migrate()
    yield crm, enterprise(crm)
    crm.close()
    shutil.rmtree(folder)
    if pool is not None:
        pool.close()


@pytest.fixture
def clock(everybody: tuple[CRM, Cast]) -> FixedClock:
    """The clock of the CRM, which stands at the catalogue's "today"."""
    found: Any = everybody[0].clock
    found.set(NOW)
    return found  # type: ignore[no-any-return]


@pytest.fixture
def works(everybody: tuple[CRM, Cast], clock: FixedClock) -> Works:
    """A site, its team, a visit and what rep_a has spent there."""
    crm, cast = everybody
    email = f"m{next(_numbers)}@example.com"
    with crm.session("rep_a") as session:
        mill = session.add(Customer.organization("Mill", email=email, source="exhibition"))
        session.add(Opportunity(customer=mill, name="Line 2", expected_close=date(2026, 12, 1)))
        site = session.add(Site(customer=mill, name="Hall"))
        for login, part, until in (("tech_1", "engineer", TODAY), ("rep_w", "lead", None)):
            user, since = cast.people[login], date(2026, 6, 1)
            session.add(SiteMember(site=site, user=user, part=part, since=since, until=until))
        session.add(Visit(site=site, on=TODAY))
        session.add(Spending(site=site, amount=PAID))
    return Works(crm, cast, site)


def test_a_member_sees_the_record_and_nothing_else_of_its_customer(works: Works) -> None:
    """An engineer of another unit reads the site with its visits, and neither customer nor costs."""
    assert works.sees("tech_1") == ["Site", "SiteMember", "Visit"]
    assert works.sees("rep_w") == ["Site", "SiteMember", "Visit", "Spending"]
    assert works.sees("rep_b") == works.sees("lead_w") == []
    assert works.sees("rep_a") == works.sees("lead_e") == works.sees("dir")
    assert len(works.sees("rep_a")) == 6


def test_a_membership_lasts_from_its_first_day_to_its_last(works: Works, clock: FixedClock) -> None:
    """On the day after the last the record is as missing to the engineer; what was entered stays."""
    tomorrow = TODAY + timedelta(days=1)
    with works.crm.session("rep_a") as session:
        session.add(SiteMember(site=works.site, user=works.cast.people["fin_1"], part="x", since=tomorrow))
    with works.crm.session("tech_1") as session:
        session.add(Visit(site=works.site, on=TODAY))
        session.add(Spending(site=works.site, amount=PAID))
    clock.set("2026-06-30T23:59:59+08:00")
    assert "Site" in works.sees("tech_1")
    assert works.sees("fin_1") == []
    clock.set("2026-07-01T00:00:00+08:00")
    # What one owns oneself one sees, here too.
    assert works.sees("tech_1") == ["Spending"]
    assert works.sees("fin_1") == ["Site", "SiteMember", "Visit"]
    with works.crm.view("tech_1") as session, pytest.raises(NotFoundError):
        session.get(works.site.ref)
    with works.crm.view("rep_a") as session:
        counts = [session.count(cls, works.conditions(cls)) for cls in (Visit, Spending)]
        assert counts == [2, 2]


def test_a_member_works_on_the_record_and_passes_it_to_nobody(works: Works) -> None:
    """A member changes the record, and may neither archive, hand on nor share it."""
    with works.crm.session("tech_1") as session:
        site = session.change(session.get(works.site.ref), name="Great hall")
        with pytest.raises(ForbiddenError):
            session.archive(site)
    with works.crm.session("tech_1") as session, pytest.raises(ForbiddenError):
        session.share(works.site, user=works.cast.people["fin_1"], mode=ShareMode.READ)
    with works.crm.session("lead_e") as session:
        # Who is in the team sees nothing more by a share, and so it is told.
        assert not session.share(works.site, user=works.cast.people["tech_1"]).has_effect
        assert session.share(works.site, user=works.cast.people["fin_1"]).has_effect


def test_each_path_is_explained(works: Works) -> None:
    """The engineer is told why the site is in sight, its leader who reaches it, and its readers who works on it."""
    words = "in the team as engineer since 2026-06-01 until 2026-06-30"
    with works.crm.view("tech_1") as session:
        assert [str(one) for one in session.explain("read", works.site)] == [words]
        assert session.explain("assign", works.site) == ()
        (visit,) = session.find(Visit, works.conditions(Visit))
        assert [str(one) for one in session.explain("read", visit)] == [f"with its site: {words}"]
    with works.crm.view("lead_e") as session:
        assert {login for login, _ in session.who(works.site)} == {
            *("dir", "lead_e", "rep_a", "rep_w", "tech_1"),
        }
        (spending,) = session.find(Spending, works.conditions(Spending))
        assert {login for login, _ in session.who(spending)} == {"dir", "lead_e", "rep_a", "rep_w"}
        assert [one.kind for one in session.why("rep_w", spending)] == ["team"]
        tech = next(one for one in session.team(works.site) if one.part == "engineer")
        expected = Member(works.cast.people["tech_1"].ref, "Tech_1", Membership.WORK, "engineer", tech.since)
        assert tech == attrs.evolve(expected, until=TODAY)
        assert tech.since.astimezone(works.crm.zone).isoformat() == "2026-06-01T00:00:00+08:00"


def test_raw_sql_gives_a_member_the_same(works: Works) -> None:
    """By raw SQL on PostgreSQL each person reads the rows that a session finds."""
    if works.crm.store.dialect == "sqlite":
        return
    with works.crm.session(works.crm.system("rights")) as session:
        role = session.add(
            Role(name="sql", grants=[Grant(entity="sql", action=Action.READ, reach=Reach.OWN)])
        )
        for user in session.find(User):
            session.add(RoleAssignment(user=user, role=role, unit=user.home_unit, since=TODAY))
    for login in ("tech_1", "rep_w", "rep_a", "rep_b", "lead_e", "fin_1"):
        with works.crm.view(login) as session:
            for cls in (Site, SiteMember, Visit, Spending):
                rows: Any = session.sql(f"SELECT id FROM {cls.__tablename__}").rows
                assert sorted(str(id) for (id,) in rows) == sorted(str(one.id) for one in session.find(cls))


def for_ever(patch: pytest.MonkeyPatch) -> None:
    """A membership goes on after its last day."""
    today = CRM.calendar_day
    later = lambda crm, moment: today(crm, moment) - timedelta(days=1)  # noqa: E731
    patch.setattr(CRM, "calendar_day", later)


def every_part(patch: pytest.MonkeyPatch) -> None:
    """What is for the lead is shown to the whole team."""
    plain = predicate._shared
    patch.setattr(predicate, "_shared", lambda *given: plain(*given[:6]))


def no_team(patch: pytest.MonkeyPatch) -> None:
    """Nobody is in any team."""
    patch.setattr(sharing, "memberships", lambda tx, actor: ())


def test_a_leak_would_show(works: Works, clock: FixedClock) -> None:
    """Were days, parts or teams forgotten, the lists above would differ."""

    def seen() -> list[Any]:
        works.crm.actors.clear()
        clock.set("2026-07-01T09:00:00+08:00")
        found = [works.sees("rep_w"), works.sees("tech_1")]
        clock.set("2026-06-30T09:00:00+08:00")
        return [*found, works.sees("tech_1")]

    sound = seen()
    for plant in (for_ever, every_part, no_team):
        with pytest.MonkeyPatch.context() as patch:
            plant(patch)
            assert seen() != sound, plant.__doc__
    assert seen() == sound


def test_a_rule_counts_what_its_actor_does_not_see(works: Works) -> None:
    """A plugin's rule sums what all have spent, whoever asks; it writes nothing, and each look is in the book."""
    mine = works.conditions(Spending)
    with works.crm.session("tech_1") as session:
        session.add(Spending(site=works.site, amount=PAID))
        wide = session.beyond("the budget of a site", Spending)
        assert wide.sum(Spending.amount, mine) == Money("200.00", "CNY")
        assert wide.count(Spending, mine) == len(wide.find(Spending, mine, order=Spending.created_at)) == 2
        assert (wide.count(Site), wide.find(Customer)) == (0, [])
        assert session.count(Spending, mine) == 1
        assert session.actor.name == "tech_1"
    with works.crm.view("tech_1") as session:
        assert session.beyond("the budget of a site", Spending).count(Spending, mine) == 2
        assert session.count(Spending, mine) == 1
    with works.crm.view("admin") as session:
        looks = [one for one in session.elevations() if one.purpose == "the budget of a site"]
        assert [one.grants for one in looks] == [("Spending.read",)] * 2
    with works.crm.view("tech_1") as session, pytest.raises(DeclarationError):
        session.beyond(" ", Spending)


def test_two_who_hold_a_record_take_turns(works: Works) -> None:
    """Of two who may spend what is left, the second sees what the first has spent."""
    totals: list[int] = []

    def spend() -> None:
        def act(session: Session) -> None:
            session.hold(works.site)
            left = session.count(Spending, works.conditions(Spending))
            if left < 2:
                session.add(Spending(site=works.site, amount=PAID))
            totals.append(left)

        works.crm.run("rep_w", act)

    def both() -> list[int]:
        totals.clear()
        some = [Thread(target=spend) for _ in range(2)]
        for one in some:
            one.start()
        for one in some:
            one.join()
        return sorted(totals)

    assert both() == [1, 2]
    with works.crm.session("rep_b") as session, pytest.raises(NotFoundError):
        session.hold(works.site)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (team("Nobody", "site"), "has a team of Nobody, which is no record"),
        (team("SiteMember", "place"), "of which place is no such field"),
        (team("SiteMember", "site", user="site"), "of which site is no such field"),
        (team("SiteMember", "site", until="end"), "of which end is no such field"),
        (team("SiteMember", "site", part="role"), "of which role is no such field"),
    ],
)
def test_a_team_that_cannot_be_is_refused(told: Any, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No CRM starts with a team that names what there is not."""
    monkeypatch.setattr(Site, "__scope__", attrs.evolve(Site.__scope__, team=told))
    with pytest.raises(DeclarationError, match=words):
        CRM("sqlite://", plugins=[Sites])


def test_parts_of_no_team_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """No CRM starts with rows for parts of a team where there is no team."""
    monkeypatch.setattr(Site, "__scope__", attrs.evolve(Site.__scope__, team=None))
    with pytest.raises(DeclarationError, match="is for lead of a team, but what it is seen through has none"):
        CRM("sqlite://", plugins=[Sites])
