"""Sample data of supervision: two weeks of an invented company, with logs, visits and words of its leaders."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from pycrm import CRM, Activity, ActivityKind, Customer, Outcome
from pycrm.plugins.company import Company, company
from pycrm.plugins.supervision.appraisal import AppraisalMeasure, AppraisalPlan
from pycrm.plugins.supervision.directing import answer, banner, issue
from pycrm.plugins.supervision.directive import DirectiveKind
from pycrm.plugins.supervision.logs import submit, write
from pycrm.plugins.supervision.model import CheckIn, CustomerSite, Leave, VisitPlan, Workplace
from pycrm.plugins.supervision.training import TrainingPlan, TrainingStep

__all__ = ["add"]

_DAYS = 14
_SELLERS = {"rep_a": "lead_e", "rep_b": "lead_e", "rep_w": "lead_w"}
# Where their gates are: all of them on a lake that exists nowhere.
_SITES = {"Tidegate": ("30.120000", "120.450000"), "Saltmarsh": ("30.180000", "120.610000")}
_REMARKS = (
    "They want the drawing of the base frame. 客户要底座图纸。",
    "Budget will be decided next month. 预算下月定。",
    "The competitor was there before us. 竞争对手先到一步。",
)
_PLANS = ("Send the drawing 发图纸", "Call about the trial pump 回访试用泵", "Prepare the quotation 准备报价")


def add(crm: CRM, *, seed: int = 13, today: date | None = None) -> None:
    """Add the invented company and two weeks of its days, as they were logged and commented on.

    Args:
        seed: equal seeds and days give equal data, down to the ids.
        today: the day with which its story ends; the CRM's own if not given.

    Raises:
        ConflictError: the database has an organisation already.
    """
    with company(crm, seed=seed, today=today) as told:
        # What was entered later lies later: the story goes on from here.
        _set_up(told)
        for ago in told.workdays(_DAYS):
            for login in _SELLERS:
                _day(told, login, ago)
        _instruct(told)


def _set_up(told: Company) -> None:
    """Who keeps a log by whose clock, what counts, and what new people learn."""
    told.at(_DAYS, 8)
    since = told.day - timedelta(days=_DAYS)
    for login, leader in _SELLERS.items():
        zone = "Asia/Urumqi" if login == "rep_w" else None
        with told.as_(leader) as session:
            session.add(Workplace(zone=zone, since=since), owner=told.people[login])
    with told.as_("lead_e") as session:
        away = Leave(
            since=told.day + timedelta(days=3), until=told.day + timedelta(days=5), reason="Wedding 婚假"
        )
        session.add(away, owner=told.people["rep_b"])
    with told.system() as session:
        measures = [
            AppraisalMeasure(measure="new_customers", weight=60, target=Decimal(3)),
            AppraisalMeasure(measure="log", weight=40, target=Decimal(100)),
        ]
        session.add(AppraisalPlan(role="staff", measures=measures))
        steps = [
            TrainingStep(title="Read: how our pumps are numbered 产品型号", due_day=3),
            TrainingStep(title="Duty points, with a test 工况点", due_day=14, has_test=True),
        ]
        session.add(TrainingPlan(name="First month 入职首月", for_role="staff", since=since, steps=steps))
        for key, (north, east) in _SITES.items():
            place = {"latitude": Decimal(north), "longitude": Decimal(east)}
            session.add(CustomerSite(of=told.customers[key], **place))


def _day(told: Company, login: str, ago: int) -> None:
    """A seller visits what was planned, checks in there, and writes the day's log; some logs are late."""
    told.at(ago, 8, 30)
    with told.as_(login) as session:
        mine = session.find(Customer, Customer.owner == told.people[login].id, order=Customer.name)
        customer = told.chance.choice(mine)
        on = session.crm.calendar_day(session.now)
        session.add(VisitPlan(customer=customer, on=on, purpose="Look at the pump house 查看泵房"))
    told.at(ago, 11)
    with told.as_(login) as session:
        place = _SITES.get(customer.name.split()[0])
        if place is not None:
            near = {"latitude": Decimal(place[0]) + Decimal("0.001"), "longitude": Decimal(place[1])}
            session.add(CheckIn(at=session.now, customer=customer, accuracy_m=20, **near))
        # Now and then a plan comes to nothing.
        if told.chance.random() < 0.8:
            session.add(
                Activity(
                    kind=ActivityKind.VISIT,
                    customer=customer,
                    started_at=session.now - timedelta(minutes=50),
                    duration_min=45,
                    summary="Looked at the pump house and noted the duty points.",
                    outcome=Outcome.POSITIVE,
                )
            )
    late = told.chance.random() < 0.15
    told.at(ago, 22 if late else 18, 10)
    with told.as_(login) as session:
        write(session, remark=told.chance.choice(_REMARKS), plan=[told.chance.choice(_PLANS)])
        if ago > 1 or login != "rep_b":
            submit(session)


def _instruct(told: Company) -> None:
    """Leaders praise, comment and ask for something; one answers, the other has not read it yet."""
    told.at(0, 8, 40)
    with told.as_("lead_e") as session:
        issue(
            session,
            session.get(told.customers["Tidegate"].ref),
            "Well done 干得好",
            kind=DirectiveKind.PRAISE,
        )
        due = session.now + timedelta(days=2)
        text = "Send the revised drawing 发送修订图纸"
        issue(
            *(session, session.get(told.customers["Saltmarsh"].ref), text),
            kind=DirectiveKind.INSTRUCTION,
            due_at=due,
        )
    told.at(0, 9)
    with told.as_("rep_a") as session:
        for one in banner(session).items:
            answer(session, one, "Thank you, they order in July 谢谢，七月下单")
