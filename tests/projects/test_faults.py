"""Faults planted in the plugin, each of which the tests of its rules must see."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from pycrm import Session
from pycrm.plugins.projects import backing, finance, gates, knowledge, lights, plugin, rules, spending

from . import test_bad_input as bad
from . import test_deciding as deciding
from . import test_pursuing as pursuing
from . import test_scenarios as scenarios
from .world import World

Plant = Callable[[pytest.MonkeyPatch], None]


def own_costs_only(patch: pytest.MonkeyPatch) -> None:
    """A budget counts what the actor sees."""

    patch.setattr(Session, "beyond", lambda session, purpose, *classes: session)


def at_the_budget(patch: pytest.MonkeyPatch) -> None:
    """A budget may be used to the last fen."""
    patch.setattr(spending, "_WHOLE", Decimal("100.01"))


def approved_by_anybody(patch: pytest.MonkeyPatch) -> None:
    """Whoever names an approver has one."""
    patch.setattr(spending, "_refuse_feigned_approval", lambda *given: None)


def staffed_by_anybody(patch: pytest.MonkeyPatch) -> None:
    """Members bring in whom they like."""
    patch.setattr(rules, "refuse_staffing", lambda *given: None)


def two_leads(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks whether there is a lead."""
    patch.setattr(rules, "refuse_second_lead", lambda *given: None)


def any_contact(patch: pytest.MonkeyPatch) -> None:
    """Anybody's contact is a stakeholder."""
    patch.setattr(rules, "refuse_stranger", lambda *given: None)


def stance_unproved(patch: pytest.MonkeyPatch) -> None:
    """A stance changes by itself."""
    patch.setattr(rules, "refuse_unproved_stance", lambda *given: None)


def charges_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Who leaves leaves the stakeholders behind."""
    patch.setattr(rules, "refuse_leaving_charges", lambda *given: None)


def own_check(patch: pytest.MonkeyPatch) -> None:
    """One says for another that a document was checked."""
    patch.setattr(rules, "refuse_others_check", lambda *given: None)


def decided_otherwise(patch: pytest.MonkeyPatch) -> None:
    """Anybody decides otherwise than the figures."""
    patch.setattr(rules, "refuse_deviation", lambda *given: None)


def nothing_changes(patch: pytest.MonkeyPatch) -> None:
    """An evaluation holds for ever."""
    patch.setattr(knowledge, "_changed", lambda *given: ())


def conditions_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks whether conditions were met."""
    patch.setattr(knowledge, "unmet", lambda picture: [])
    patch.setattr(lights, "unmet", lambda picture: [])


def no_contradiction(patch: pytest.MonkeyPatch) -> None:
    """Answers that differ are not noticed."""
    patch.setattr(knowledge, "_contradicted", lambda answers: ())


def a_day_too_late(patch: pytest.MonkeyPatch) -> None:
    """A report is missed a day too late."""
    real = lights._by
    patch.setattr(lights, "_by", lambda days, yellow, red: real(days - 1, yellow, red))


def influence_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Everybody is met every thirty days."""
    patch.setattr(backing, "_INTERVALS", {})


def goods_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A cost of one kind is reported as of none."""
    patch.setattr(finance, "percent", lambda part, whole: None)


def past_bid(patch: pytest.MonkeyPatch) -> None:
    """A file is opened for a bid that is over."""
    patch.setattr(rules, "refuse_past_bid", lambda *given: None)


def spending_unasked(patch: pytest.MonkeyPatch) -> None:
    """Whatever is spent is entered."""
    patch.setattr(plugin.spending, "refuse_spending", lambda *given: None)


def memberships_moved(patch: pytest.MonkeyPatch) -> None:
    """A membership is changed into another one."""
    patch.setattr(rules, "refuse_moved_membership", lambda *given: None)


def many_budgets(patch: pytest.MonkeyPatch) -> None:
    """Whoever wants more enters a second budget."""
    patch.setattr(rules, "refuse_other_budget", lambda *given: None)


def agreed_by_anybody(patch: pytest.MonkeyPatch) -> None:
    """Any leader of the team agrees to the plan."""
    patch.setattr(gates, "is_led_by", lambda *given: True)


SEEN: tuple[tuple[Plant, Callable[..., None]], ...] = (
    (own_costs_only, scenarios.test_prj_s3_a_budget_warns_and_then_holds),
    (at_the_budget, pursuing.test_prj_12_a_leader_alone_lets_a_budget_be_exceeded),
    (approved_by_anybody, pursuing.test_prj_12_a_leader_alone_lets_a_budget_be_exceeded),
    (staffed_by_anybody, pursuing.test_prj_8_who_leads_staffs_the_team),
    (two_leads, bad.test_prj_e5_a_project_has_one_lead_at_a_time),
    (any_contact, bad.test_prj_e6_a_stakeholder_is_of_the_customer_or_designs_or_advises),
    (stance_unproved, pursuing.test_prj_7_each_stakeholder_is_due_by_its_influence_or_as_agreed),
    (charges_forgotten, pursuing.test_prj_16_who_leaves_names_a_receiver_for_each_stakeholder),
    (own_check, pursuing.test_prj_14_a_bid_is_checked_by_a_second_person),
    (decided_otherwise, deciding.test_prj_3_top_management_alone_decides_otherwise_and_says_why),
    (nothing_changes, deciding.test_prj_3_an_evaluation_is_repeated_when_the_project_has_changed),
    (conditions_forgotten, deciding.test_prj_4_a_condition_that_is_not_met_in_time_asks_for_a_new_decision),
    (no_contradiction, scenarios.test_prj_s11_answers_that_differ_fill_a_block_and_contradict_each_other),
    (a_day_too_late, scenarios.test_prj_s6_a_project_of_which_nobody_tells_turns_yellow_and_red),
    (influence_forgotten, scenarios.test_prj_s7_a_stakeholder_is_due_by_influence),
    (goods_forgotten, scenarios.test_prj_s4_a_contribution_is_what_is_left_of_the_contract),
    (memberships_moved, pursuing.test_prj_8_a_member_takes_nothing_over),
    (many_budgets, pursuing.test_prj_12_a_budget_is_raised_by_an_amendment_alone),
    (agreed_by_anybody, deciding.test_prj_15_a_project_goes_through_its_gates),
    (past_bid, bad.test_prj_e3_a_new_project_has_its_bid_before_it),
    (spending_unasked, bad.test_prj_e4_a_cost_above_the_bound_has_a_voucher),
)


def holds(test: Callable[..., None], world: World) -> bool:
    """Whether a test passes with this world."""
    try:
        test(world)
    except (AssertionError, pytest.fail.Exception):
        return False
    return True


@pytest.mark.parametrize("enterprise_crm", ["sqlite"], indirect=True)
def test_each_fault_is_seen(enterprise_crm: Any) -> None:
    """Were a rule forgotten, the test of that rule would fail."""
    for plant, test in SEEN:
        world = World.entered(enterprise_crm)
        with pytest.MonkeyPatch.context() as patch:
            plant(patch)
            assert not holds(test, world), plant.__doc__
