"""The sample data of the example: sizes, owners, histories, and that a seed repeats them."""

from __future__ import annotations

import sqlite3
import tomllib
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from b2b_project_sales import ProjectSales
from b2b_project_sales.sample import PEOPLE, add

from pycrm import (
    CRM,
    Activity,
    ConflictError,
    Customer,
    FixedClock,
    Lead,
    Money,
    Note,
    Opportunity,
    OrgUnit,
    Party,
    Product,
    Role,
    RoleAssignment,
    Source,
    Task,
    User,
)
from pycrm.entities.org import UnitKind
from pycrm.pipeline.defaults import SALES
from pycrm.plugins.projects import Projects

pytestmark = pytest.mark.timeout(300)

PROJECT_FILE = Path(__file__).parents[2] / "examples" / "b2b_project_sales" / "pyproject.toml"
TODAY = date(2026, 6, 30)
REGIONS = {"East": "wu", "South": "tang", "North": "han"}


def everything(crm: CRM) -> Any:
    """A session of the product itself, which sees all."""
    return crm.session(crm.system("counting"))


def sizes(crm: CRM) -> dict[str, int]:
    """How much of each there is."""
    with everything(crm) as session:
        roles = {role.name: role.id for role in session.find(Role)}
        return {
            "regions": session.count(OrgUnit, OrgUnit.kind == UnitKind.REGION),
            "managers": session.count(RoleAssignment, RoleAssignment.role == roles["leader"]),
            "salespeople": session.count(RoleAssignment, RoleAssignment.role == roles["staff"]),
            "customers": session.count(Customer),
            "opportunities": session.count(Opportunity),
        }


def reached(path: Path, *logins: str) -> tuple[int, int, int]:
    """By plain SQL: customers of these people, their opportunities and those at their customers, fen."""
    marks = ", ".join("?" for _ in logins)
    people = f"(SELECT id FROM crm_user WHERE login IN ({marks}))"
    mine = f"o.owner_id IN {people} OR c.owner_id IN {people}"
    with sqlite3.connect(path) as connection:
        (customers,) = connection.execute(
            f"SELECT count(*) FROM crm_customer WHERE owner_id IN {people}", logins
        ).fetchone()
        number, fen = connection.execute(
            "SELECT count(*), coalesce(sum(o.amount), 0) FROM crm_opportunity o "
            f"JOIN crm_customer c ON c.id = o.customer_id WHERE {mine}",
            logins * 2,
        ).fetchone()
    connection.close()
    return customers, number, fen


def seen(crm: CRM, login: str) -> tuple[int, int, int]:
    """Customers, opportunities and their sum in fen, as this person sees them."""
    with crm.view(login) as session:
        total = session.sum(Opportunity.amount)
        assert total.currency == "CNY"
        return session.count(Customer), session.count(Opportunity), total.units


def homes(crm: CRM) -> dict[str, list[str]]:
    """The people of each region, by the names of their units."""
    with everything(crm) as session:
        units = {unit.id: unit.name for unit in session.find(OrgUnit)}
        people = [(user.login, units[user.home_unit.id]) for user in session.find(User)]
    return {
        region: [login for login, unit in people if unit == region or unit.startswith(f"{region}-")]
        for region in REGIONS
    }


def test_the_package_names_its_plugin() -> None:
    """An administrator who installs the package can enable b2b by its name."""
    metadata = tomllib.loads(PROJECT_FILE.read_text("utf-8"))["project"]
    assert metadata["entry-points"]["pycrm.plugins"] == {"b2b": "b2b_project_sales.plugin:ProjectSales"}
    assert ProjectSales.__module__ == "b2b_project_sales.plugin"
    crm = CRM("sqlite://", plugins=[Projects(), ProjectSales()])
    contents = {each.name: each for each in crm.registry.describe()}["b2b"]
    assert (contents.title, contents.requires, contents.facets) == (
        "Project sales",
        ("projects",),
        ("BuyerProfile",),
    )
    assert contents.has_sample
    crm.close()


def test_there_is_exactly_as_much_as_promised(sample: CRM) -> None:
    """Whoever loads the sample gets three regions, six managers, 30 salespeople, 400 and 2,000."""
    promised = {
        "regions": 3,
        "managers": 6,
        "salespeople": 30,
        "customers": 400,
        "opportunities": 2000,
    }
    assert sizes(sample) == promised
    with sample.session("ana") as session:
        session.add(Customer.organization("One more", source="cold call", email="more@example.com"))
    assert sizes(sample) != promised


def test_cards_from_the_fair_lie_in_every_stage_and_some_became_customers(sample: CRM) -> None:
    """Salespeople have leads to take up, and what was said at the stand is with the customer that a lead became."""
    with sample.view(PEOPLE["director"]) as session:
        found = session.find(Lead)
        assert {one.stage for one in found} == {"new", "assigned", "accepted", "rejected", "converted"}
        became = [one for one in found if one.converted_to is not None]
        assert len(became) >= 20
        for lead in became:
            customer = session.get(lead.converted_to)
            assert (customer.owner, customer.name) == (lead.owner, lead.company)
            (note,) = session.find(Note, Note.lead == lead.id)
            assert note.customer.id == customer.id


def test_each_rank_sees_its_share(sample: CRM, tmp_path: Path) -> None:
    """A salesperson sees the own, a manager exactly the region, the director all, the administrator none."""
    path = tmp_path / "sample.db"
    people = homes(sample)
    assert [len(logins) for logins in people.values()] == [12, 12, 12]
    own = reached(path, PEOPLE["salesperson"])
    assert seen(sample, PEOPLE["salesperson"]) == own
    assert own[0] >= 5
    for region, manager in REGIONS.items():
        assert seen(sample, manager) == reached(path, *people[region])
    regions = [seen(sample, manager) for manager in REGIONS.values()]
    every = tuple(sum(column) for column in zip(*regions, strict=True))
    assert seen(sample, PEOPLE["director"]) == every
    assert every[:2] == (400, 2000)
    assert seen(sample, "admin") == (0, 0, 0)
    assert own[1] < seen(sample, PEOPLE["manager"])[1] < every[1]


def test_a_wider_role_would_show(sample: CRM, tmp_path: Path) -> None:
    """A salesperson who is given the director's role sees more than the own: the comparison notices."""
    with everything(sample) as session:
        top = session.find(Role, Role.name == "top")[0]
        company = session.find(OrgUnit, OrgUnit.kind == UnitKind.COMPANY)[0]
        ana = session.find(User, User.login == "ana")[0]
        session.add(RoleAssignment(user=ana, role=top, unit=company, since=TODAY))
    assert seen(sample, "ana") != reached(tmp_path / "sample.db", "ana")


def test_a_team_manager_stands_between(sample: CRM, tmp_path: Path) -> None:
    """The manager of East-2 sees the five of the team, not the other team of the region."""
    team = ("qian", "gao", "hui", "jin", "kai", "lan")
    assert seen(sample, "qian") == reached(tmp_path / "sample.db", *team)
    assert seen(sample, "qian")[1] < seen(sample, "wu")[1]


def test_stages_add_up(sample: CRM) -> None:
    """The director's sums by stage are the director's sum."""
    with sample.view(PEOPLE["director"]) as session:
        parts = [
            (session.count(Opportunity, at), session.sum(Opportunity.amount, at))
            for at in (Opportunity.stage == stage.key for stage in SALES.stages)
        ]
        assert sum(number for number, _ in parts) == 2000
        assert sum((money for _, money in parts), Money(0, "CNY")) == session.sum(Opportunity.amount)
    assert all(number > 0 for number, _ in parts)


def steps(crm: CRM) -> tuple[list[Any], set[tuple[str, str]]]:
    """Every moment at which an opportunity entered a stage, and every pair of stages in a row."""
    moments, pairs = [], set()
    with crm.view(PEOPLE["director"]) as session:
        for deal in session.find(Opportunity):
            stays = session.stages(deal)
            assert (stays[0].stage, stays[-1].stage) == ("filed", deal.stage)
            moments += [stay.since for stay in stays]
            pairs |= {(one.stage, two.stage) for one, two in pairwise(stays)}
    return moments, pairs


def test_histories_span_two_years_and_keep_to_the_pipeline(sample: CRM) -> None:
    """A director reads two years of moves, every one of which the pipeline declares."""
    moments, pairs = steps(sample)
    declared = {(source, move.target) for move in SALES.moves for source in move.sources}
    # A lost deal goes back to where it was lost, and so to one of the stages from which one loses.
    lost_from = {("lost", source) for move in SALES.moves if move.target == "lost" for source in move.sources}
    assert pairs <= declared | lost_from
    assert all((back, "lost") in pairs for lost, back in pairs if lost == "lost")
    assert ("won", "filed") not in declared
    assert {("negotiating", "quoted"), ("lost", "quoted")} <= pairs
    days = [moment.date() for moment in moments]
    assert TODAY - timedelta(weeks=104) <= min(days) <= TODAY - timedelta(weeks=103)
    assert TODAY - timedelta(days=8) <= max(days) < TODAY
    assert len(days) > 3 * 2000 / 2


def test_moves_are_made_by_whoever_owns_the_deal(sample: CRM) -> None:
    """A reader of a history finds the salesperson's name and the time of each move."""
    with sample.view("ana") as session:
        (deal, *_) = session.find(Opportunity, Opportunity.stage == "won")
        moves = [one for one in session.history(deal) if one.act == "move"]
        assert moves != []
        assert {one.actor for one in moves} == {"ana"}
        assert deal.closed_on == sample.calendar_day(moves[0].at)


def test_there_is_something_to_do(sample: CRM) -> None:
    """A salesperson finds activities and tasks of the own."""
    with sample.view("ana") as session:
        assert session.count(Activity) > 50
        assert session.count(Task) > 10


def test_everything_is_marked_as_invented(sample: CRM) -> None:
    """Nobody is called by accident: numbers and mailboxes of the sample belong to no one."""
    with everything(sample) as session:
        points = [
            point.value for party in session.find(Party, children=True) for point in party.contact_points
        ]
        channels = {customer.channel for customer in session.find(Customer)}
    assert len(points) > 1000
    assert [one for one in points if not one.startswith("1380000") and not one.endswith("@example.com")] == []
    assert channels == {"invented for demonstration"}


def digest(crm: CRM) -> Any:
    """What two equal loads have in common: ids, names, codes, counts and sums."""
    with crm.view(PEOPLE["director"]) as session:
        return (
            [(one.id, one.name, one.code, one.created_at) for one in session.find(Customer)],
            [(one.id, one.name, one.stage, one.amount, one.version) for one in session.find(Opportunity)],
            [session.count(cls) for cls in (Activity, Task, Product, Source, User)],
            session.sum(Opportunity.amount),
        )


def load(path: Path, **options: Any) -> Any:
    """Load a small sample into a SQLite file and digest it."""
    crm = CRM(f"sqlite:///{path}", plugins=[Projects(), ProjectSales()])
    crm.migrate()
    add(crm, today=TODAY, customers=20, opportunities=60, projects=1, **options)
    found = digest(crm)
    crm.close()
    return found


def test_a_seed_repeats_itself_on_either_database(b2b: CRM, tmp_path: Path) -> None:
    """Who loads the same seed gets the same records down to their ids; another seed gives others."""
    add(b2b, today=TODAY, seed=5, customers=20, opportunities=60, projects=1)
    same = load(tmp_path / "same.db", seed=5)
    found = digest(b2b)
    # Equal ids sort equally, so the lists can be compared as they stand.
    assert found == same
    assert (len(found[0]), len(found[1])) == (20, 60)
    assert load(tmp_path / "other.db", seed=6) != same


def test_a_manager_sees_the_region_on_either_database(b2b: CRM) -> None:
    """On a small sample too the three regional managers together see what the director sees."""
    add(b2b, seed=5, customers=20, opportunities=60, projects=1)
    regions = [seen(b2b, manager) for manager in REGIONS.values()]
    assert tuple(sum(column) for column in zip(*regions, strict=True)) == seen(b2b, "zhou")
    assert seen(b2b, "zhou")[:2] == (20, 60)


def test_a_second_load_is_refused(b2b: CRM) -> None:
    """Nobody loads the sample twice, and the CRM's clock is its own again after either attempt."""
    clock, identifiers = b2b.clock, b2b.identifiers
    add(b2b, customers=5, opportunities=10, projects=0)
    with pytest.raises(ConflictError, match="organisation already"):
        add(b2b, customers=5, opportunities=10, projects=0)
    assert (b2b.clock, b2b.identifiers) == (clock, identifiers)
    with everything(b2b) as session:
        assert (session.count(Customer), session.count(Opportunity)) == (5, 10)
        assert session.now == FixedClock("2026-06-30T09:00:00+08:00").now()


def test_without_the_plugin_there_are_no_projects(open_crm: Callable[..., CRM]) -> None:
    """A CRM that does not enable the plugin has none of its tables or records."""
    plain = open_crm()
    assert plain.record("BuyerProfile", None) is None
    assert not [name for name in plain.metadata.tables if name.startswith("b2b_")]
    enabled = open_crm(plugins=[Projects(), ProjectSales()])
    tables = [name for name in enabled.metadata.tables if name.startswith("b2b_")]
    assert sorted(tables) == ["b2b_buyer_profile"]
