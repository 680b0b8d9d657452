"""What is refused, by its code, and leaves nothing behind (PRJ-E1 to PRJ-E6)."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from pycrm import (
    ConflictError,
    Contact,
    Customer,
    Department,
    InvalidError,
    Money,
    MoveError,
    Opportunity,
    Ref,
)
from pycrm.plugins.projects import (
    CostEntry,
    CostKind,
    LabourRate,
    ProjectEvaluation,
    ProjectFile,
    ProjectLimits,
    ProjectRole,
    Stakeholder,
    StakeholderDepartment,
    StakeholderRole,
    TeamMember,
)

from .world import World, criteria, file_of, yuan


def paths(error: pytest.ExceptionInfo[Any]) -> list[str]:
    """The fields that a refusal names."""
    return [one.path for one in error.value.fields]


@pytest.mark.parametrize(
    ("name", "value"), [("stance", 3), ("stance", -3), ("influence", 0), ("influence", 6)]
)
def test_prj_e1_a_stance_or_an_influence_out_of_bounds_is_invalid(name: str, value: int) -> None:
    """Nobody enters a stance of 3 or an influence of 0 (PRJ-E1)."""
    given: dict[str, Any] = {"influence": 1, name: value}
    with pytest.raises(InvalidError) as refused:
        Stakeholder(
            project=Ref("ProjectFile", UUID(int=1)),
            contact=Ref("Contact", UUID(int=2)),
            our_person=Ref("User", UUID(int=3)),
            department=StakeholderDepartment.USER,
            role=StakeholderRole.USER,
            **given,
        )
    assert paths(refused) == [name]


def test_prj_e2_weights_that_do_not_add_up_are_invalid(world: World) -> None:
    """An evaluation whose weights add up to 90 is refused, and counts for nothing (PRJ-E2)."""
    with world.as_("rep_a") as session:
        project = world.project(session)
        with pytest.raises(InvalidError, match="add up to 90, not to 100") as refused:
            session.add(ProjectEvaluation(project=project, criteria=criteria((5,) * 6)[:-1]))
        assert paths(refused) == ["criteria"]
        assert session.count(ProjectEvaluation, ProjectEvaluation.project == project.id) == 0


def test_prj_e3_a_new_project_has_its_bid_before_it(world: World) -> None:
    """A bid date of yesterday is refused, today's is not, and neither is an old file that is changed (PRJ-E3)."""
    with world.as_("rep_a") as session:
        customer = world.project(session).customer
        close = date(2026, 12, 1)
        deal = session.add(Opportunity(customer=customer, name="Second hall", expected_close=close))
        with pytest.raises(InvalidError) as refused:
            session.add(file_of(deal, "Second hall", bid_date=date(2026, 6, 29)))
        assert paths(refused) == ["bid_date"]
        session.add(file_of(deal, f"{world.name} b", bid_date=date(2026, 6, 30)))
    world.on("2026-12-24")
    with world.as_("rep_a") as session:
        assert session.change(world.project(session), site="Ningbo").site == "Ningbo"


def test_prj_e4_a_cost_above_the_bound_has_a_voucher(world: World) -> None:
    """500.00 needs no voucher, 500.01 does: a gate, and nothing is entered (PRJ-E4)."""
    world.spend("tech_1", 500, voucher=None)
    with pytest.raises(MoveError) as refused:
        world.spend("tech_1", "500.01", voucher=" ")
    assert (refused.value.code, paths(refused)) == ("gate", ["voucher"])
    assert refused.value.data["missing"] == [{"kind": "field", "name": "voucher", "label": "Voucher"}]
    with world.view("dir") as session:
        assert session.count(CostEntry, CostEntry.project == world.project(session).id) == 1


def test_prj_e5_a_project_has_one_lead_at_a_time(world: World) -> None:
    """A second lead is a conflict, also by change of a role; from the day after the first has ended it is none."""
    with world.as_("rep_a") as session:
        project, mine = world.project(session), world.member(session, "rep_a")

        def lead(login: str, since: date) -> TeamMember:
            return TeamMember(project=project, user=world.people[login], role=ProjectRole.LEAD, since=since)

        with pytest.raises(ConflictError) as refused:
            session.add(lead("mkt_1", date(2026, 7, 1)))
        assert refused.value.data == {"lead": str(world.people["rep_a"].id)}
        with pytest.raises(ConflictError):
            session.change(world.member(session, "tech_1"), role=ProjectRole.LEAD)
        for one in session.find(Stakeholder, Stakeholder.project == project.id):
            session.change(one, our_person=world.people["mkt_1"])
        session.change(mine, until=date(2026, 6, 30))
        session.add(lead("mkt_1", date(2026, 7, 1)))
    with world.as_("lead_e") as session, pytest.raises(ConflictError):
        session.add(lead("fin_1", date(2026, 6, 30)))


def test_prj_e6_a_stakeholder_is_of_the_customer_or_designs_or_advises(world: World) -> None:
    """A contact of somebody else is a stakeholder as designer or consultant alone (PRJ-E6)."""
    with world.as_("rep_a") as session:
        project = world.project(session)
        draft = Customer.organization(f"Institute {world.name}", source="exhibition", phone="1")
        institute = session.add(draft)
        chen = session.add(
            Contact.named("Chen", customer=institute, department=Department.TECHNICAL, phone="2")
        )

        def stakeholder(department: StakeholderDepartment) -> Stakeholder:
            return Stakeholder(
                project=project,
                contact=chen,
                department=department,
                role=StakeholderRole.INFLUENCER,
                influence=3,
                our_person=world.people["rep_a"],
            )

        with pytest.raises(InvalidError) as refused:
            session.add(stakeholder(StakeholderDepartment.TECHNICAL))
        assert paths(refused) == ["contact"]
        made = session.add(stakeholder(StakeholderDepartment.DESIGNER))
        assert made.name == "Chen"
        with pytest.raises(InvalidError):
            session.change(made, department=StakeholderDepartment.TECHNICAL)


def test_nobody_enters_what_does_not_belong_together(world: World) -> None:
    """Another customer's opportunity, a second file of one, foreign money and unknown zones are refused."""
    with world.as_("rep_a") as session:
        project = world.project(session)
        deal = session.get(project.opportunity)
        with pytest.raises(ConflictError, match="has a project file already"):
            session.add(file_of(deal, "Again"))
        other = session.add(Customer.organization(f"Other {world.name}", source="exhibition", phone="3"))
        with pytest.raises(InvalidError, match="another customer"):
            session.add(ProjectFile(customer=other, opportunity=deal, name="x", **_file()))
        euro, day = Money("1", "EUR"), date(2026, 6, 1)
        with pytest.raises(InvalidError, match="costs are entered in CNY"):
            session.add(CostEntry(project=project, kind=CostKind.TRAVEL, amount=euro, on=day))
        for wrong in ({"time_zone": "Mars/Base"}, {"until": date(2026, 5, 1)}):
            with pytest.raises(InvalidError):
                session.add(
                    TeamMember(
                        project=project,
                        user=world.people["fin_1"],
                        role=ProjectRole.SALES,
                        since=date(2026, 6, 1),
                        **wrong,
                    )
                )
        with pytest.raises(InvalidError, match="is not in the team"):
            session.change(world.stakeholder(session, "user"), our_person=world.people["fin_1"])
    assert _numbers(world) == (1, 4)


def _file() -> dict[str, Any]:
    return {"investment_scale": yuan(1), "scope": "x"}


def _numbers(world: World) -> tuple[int, int]:
    with world.view("dir") as session:
        mine = TeamMember.project == world.project(session).id
        return session.count(ProjectFile, ProjectFile.name == world.name), session.count(TeamMember, mine)


def test_limits_and_rates_are_in_the_money_of_the_crm(world: World) -> None:
    """Nobody enters a limit or a rate in euros, by which no cost could be judged."""
    euro = Money("1", "EUR")
    with world.crm.session(world.crm.system("limits")) as session:
        for path, draft in (
            ("evidence_above", ProjectLimits(evidence_above=euro)),
            ("rate", LabourRate(grade="senior", rate=euro)),
        ):
            with pytest.raises(InvalidError, match="costs are entered in CNY") as refused:
                session.add(draft)
            assert paths(refused) == [path]
        kept = session.add(LabourRate(grade="senior", rate=yuan(1)))
        with pytest.raises(InvalidError, match="costs are entered in CNY"):
            session.change(kept, rate=euro)
