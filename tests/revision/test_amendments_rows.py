"""Amendments of child rows, of fields that not everybody sees, and what is done when nobody decides."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from pycrm import (
    CRM,
    AmendmentMode,
    AmendmentPolicy,
    AmendmentRequiredError,
    ApprovalFlow,
    ApprovalStep,
    Approver,
    ConflictError,
    FieldReading,
    FieldRule,
    FixedClock,
    Holiday,
    InvalidError,
    Role,
    RoleAssignment,
)
from pycrm.declare.row import layout
from pycrm.plugin import Plugin
from revision.amending import approve, ask, flow, policy, step, waiting
from revision.amending import world as amending_world
from revision.world import line, world


def test_rows_are_added_changed_and_taken_away(crm: CRM) -> None:
    """One amendment adds a row, changes another and takes a third away, all when it is agreed (REV-4)."""
    made = world(crm)
    policy(crm, "Opportunity.lines")
    first, second = made.deal.lines
    rows = [layout(type(second)).copy(second, {"qty": Decimal("9.000")}), line(made.product, "4")]
    with crm.session("rep_a") as session:
        with pytest.raises(AmendmentRequiredError):
            session.change(made.deal, lines=rows)
        amendment = session.amend(made.deal, lines=rows, because="they want more")
        lines = {one.path: (one.act, one.base and True, one.new) for one in session.lines(amendment)}
        assert session.get(made.deal.ref).lines == made.deal.lines
    assert lines[f"lines/{first.id}"] == ("remove", True, None)
    assert lines[f"lines/{second.id}/qty"] == ("change", True, "9.000")
    assert lines["lines/+1"][2]["qty"] == "4.000"
    assert approve(crm, "lead_e", amendment).state == "applied"
    with crm.view("rep_a") as session:
        now = session.get(made.deal.ref)
        assert [(one.id == second.id, one.qty) for one in now.lines] == [(True, 9), (False, 4)]
        # 9 x 5 + 4 x 10
        assert str(now.amount) == "85.00 CNY"
        (change,) = [one for one in session.history(now) if one.act == "amend"]
    assert change.amendment == amendment.ref
    with crm.session("rep_a") as session, pytest.raises(InvalidError):
        session.amend(now, lines=now.lines, because="nothing at all")


def test_two_rows_two_amendments_and_a_row_that_went(crm: CRM) -> None:
    """Different rows are amended side by side, one row by one amendment; a row that went conflicts."""
    made = world(crm)
    policy(crm, "Opportunity.lines/qty")
    first, second = made.deal.lines

    def quantity(row: object, value: int) -> object:
        return layout(type(row)).copy(row, {"qty": Decimal(f"{value}.000")})

    one = ask(crm, "rep_a", made.deal, lines=[quantity(first, 5), second])
    two = ask(crm, "rep_a", made.deal, lines=[first, quantity(second, 6)])
    with pytest.raises(ConflictError):
        ask(crm, "lead_e", made.deal, lines=[quantity(first, 7), second])
    with crm.session("rep_a") as session:
        # Taking a row away is no change of its quantity.
        session.change(session.get(made.deal.ref), lines=[second])
    assert approve(crm, "lead_e", one).state == "conflicted"
    assert approve(crm, "lead_e", two).state == "applied"
    with crm.view("lead_e") as session:
        assert [each.current for each in session.lines(one)] == [None]


def test_a_hidden_field_is_hidden_in_a_proposal(crm: CRM) -> None:
    """Whoever may not see a field reads no line of it, and a masked one as its mask (REV-12)."""
    made = amending_world(crm)
    policy(crm, "Organization.tax_id")
    policy(crm, "Organization.legal_representative")
    with crm.session("admin") as session:
        role = session.find(Role, Role.name == "finance", children=True)[0]
        rules = [
            FieldRule(entity="Organization", field_name="tax_id", read=FieldReading.HIDDEN),
            FieldRule(entity="Organization", field_name="legal_representative", read=FieldReading.MASKED),
        ]
        session.change(role, rules=rules)
    amendment = ask(crm, "rep_a", made.pump, tax_id="SECRET-9", legal_representative="Zhang Weiming")
    with crm.view("lead_e") as session:
        assert {one.path: one.new for one in session.lines(amendment)} == {
            "tax_id": "SECRET-9",
            "legal_representative": "Zhang Weiming",
        }
    with crm.session("admin") as session:
        # The clerk of finance holds the role staff as well, whose word would count too.
        (given,) = [
            one
            for one in session.find(RoleAssignment, RoleAssignment.user == made.cast.people["fin_1"])
            if one.role == made.cast.roles["staff"].ref
        ]
        session.archive(given)
    with crm.view("fin_1") as session:
        (line_,) = session.lines(amendment)
        assert line_.path == "legal_representative"
        told = (
            repr(session.lines(amendment)) + repr(session.history(amendment)) + repr(session.ahead(made.pump))
        )
        assert "SECRET-9" not in told
        assert "Weiming" not in told


def test_an_undecided_task_is_reminded_of_and_goes_up(crm: CRM, clock: FixedClock) -> None:
    """Submitted Friday 16:00: reminder Tuesday 14:00, next leader Thursday 12:00; either decides (REV-S7)."""
    made = amending_world(crm)
    policy(crm, "Party.name")
    clock.set("2026-06-26T16:00:00+08:00")
    amendment = ask(crm, "rep_a", made.pump, name="N2")
    seen = []
    for moment in ("06-30T13:59:59", "06-30T14:00:00", "06-30T14:01:00", "07-02T11:59:59", "07-02T12:00:00"):
        clock.set(f"2026-{moment}+08:00")
        report = crm.run_jobs()
        seen.append((report.reminded, report.escalated, len(waiting(crm, "dir"))))
    assert seen == [(0, 0, 0), (1, 0, 0), (0, 0, 0), (0, 0, 0), (0, 1, 1)]
    assert crm.run_jobs().escalated == 0
    assert len(waiting(crm, "lead_e")) == 1
    assert approve(crm, "dir", amendment).state == "applied"
    with pytest.raises(ConflictError):
        approve(crm, "lead_e", amendment)


def test_a_holiday_puts_the_reminder_off(crm: CRM, clock: FixedClock) -> None:
    """With Monday a holiday the sixteen hours end on Wednesday at 14:00 (REV-17)."""
    made = amending_world(crm)
    policy(crm, "Party.name")
    with crm.session("admin") as session:
        session.add(Holiday(on=date(2026, 6, 29), name="Founders' day"))
    clock.set("2026-06-26T16:00:00+08:00")
    ask(crm, "rep_a", made.pump, name="N2")
    clock.set("2026-06-30T18:00:00+08:00")
    assert crm.run_jobs().reminded == 0
    clock.set("2026-07-01T14:00:00+08:00")
    assert crm.run_jobs().reminded == 1


class Strict(Plugin):
    """Strict names

    A company's name changes with the consent of the director.
    """

    name = "strict"
    flows = (ApprovalFlow(name="director", steps=[ApprovalStep(approver=Approver.TOP)]),)
    policies = (
        AmendmentPolicy(entity="Party", path="name", mode=AmendmentMode.APPROVAL, flow="director"),
        AmendmentPolicy(entity="Organization", path="industry", mode=AmendmentMode.RECORDED),
    )


def test_a_plugin_declares_what_administrators_change(open_crm: object, database: str) -> None:
    """Flows and policies of a plugin are entered by the migration, and then changed as data."""
    crm: CRM = open_crm(plugins=[Strict])  # type: ignore[operator]
    assert any("director" in done for done in crm.migrate())
    made = amending_world(crm)
    amendment = ask(crm, "rep_a", made.pump, name="N2")
    assert [len(waiting(crm, who)) for who in ("lead_e", "dir")] == [0, 1]
    with crm.session("admin") as session:
        director = session.find(ApprovalFlow, ApprovalFlow.name == "director")[0]
        session.change(director, steps=[ApprovalStep(approver=Approver.UNIT_LEADER)])
        with pytest.raises(ConflictError):
            session.archive(director)
    # An open amendment keeps the steps that it began with, a new one takes those of now.
    assert [len(waiting(crm, who)) for who in ("lead_e", "dir")] == [0, 1]
    assert approve(crm, "dir", amendment).state == "applied"
    ask(crm, "rep_a", made.pump, name="N3")
    assert [len(waiting(crm, who)) for who in ("lead_e", "dir")] == [1, 0]
    assert crm.migrate() == []
    with crm.session("admin") as session:
        for one in session.find(AmendmentPolicy):
            session.archive(one)
    with crm.session("rep_b") as session, pytest.raises(Exception, match="no such"):
        session.amend(made.pump, name="N4", because="I want it so")


WRONG = {
    "no such record": {"entity": "Ship", "path": "name", "mode": AmendmentMode.FREE},
    "no such field": {"entity": "Party", "path": "colour", "mode": AmendmentMode.FREE},
    "no such row field": {"entity": "Opportunity", "path": "lines/colour", "mode": AmendmentMode.FREE},
    "no such flow": {"entity": "Party", "path": "name", "mode": AmendmentMode.APPROVAL, "flow": "x"},
    "a percentage of a text": {
        **{"entity": "Party", "path": "name", "mode": AmendmentMode.FREE},
        "condition": "percent > 20",
    },
    "no condition": {
        **{"entity": "Party", "path": "name", "mode": AmendmentMode.FREE},
        "condition": "__import__('os')",
    },
}


@pytest.mark.parametrize("case", WRONG)
def test_a_policy_that_cannot_work_is_refused(case: str, crm: CRM, cast: object) -> None:
    """Nobody enters a policy over what there is not, or with a condition that is none."""
    with crm.session("admin") as session, pytest.raises(InvalidError):
        session.add(AmendmentPolicy(**WRONG[case]))


def test_flows_name_people_and_roles_that_there_are(crm: CRM, cast: object) -> None:
    """A step names a login, role or unit that there is, a condition that can be read, and staff enter none."""
    for bad in (
        step(Approver.USER, who="nobody"),
        step(Approver.ROLE, who="nobody"),
        step(Approver.UNIT_HEAD, who="nowhere"),
        step(condition="percent >"),
    ):
        with pytest.raises(InvalidError):
            flow(crm, "bad", bad)
    with pytest.raises(InvalidError):
        flow(crm, "empty")
    with pytest.raises(InvalidError):
        step(Approver.USER).check(crm.clock.now())
    with pytest.raises(InvalidError):
        flow(crm, "two", step(who="rep_a"))
    flow(crm, "good", step(Approver.USER, who="dir"), step(Approver.UNIT_HEAD, who="east"))
