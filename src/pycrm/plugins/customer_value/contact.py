"""Aspect S, contact and service (联络状况): how often, with whom and how well we talk, S01-S14."""

from __future__ import annotations

import sqlalchemy as sa

from pycrm.scoring import (
    YEAR,
    Indicator,
    Linear,
    Window,
    as_of,
    average,
    clip,
    count,
    days_between,
    distinct,
    greatest,
    one,
    percent,
    total,
    zero,
)
from pycrm.scoring.feeds import (
    answers,
    cadences,
    commitments,
    contact_acts,
    owner_changes,
    profile,
    treatments,
)
from pycrm.scoring.feeds.contact import reached

__all__ = ["INDICATORS", "TWO_YEARS"]

TWO_YEARS = Window(730)
_FOREVER = 100_000
_MET_IN_PERSON = ("visit", "reception", "meeting")
_DEPARTMENTS = ("user", "technical", "procurement", "decision")

_act = contact_acts
_reached = reached()
_contacts = count(_act, where=_reached, within=YEAR)
_positive = count(_act, where=_act.outcome == "positive", within=YEAR)
_negative = count(_act, where=_act.outcome == "negative", within=YEAR)
_departments = distinct(
    _act.department, where=sa.and_(_reached, _act.department.in_(_DEPARTMENTS)), within=YEAR
)
# What became of an attempt is not always written down: of such a one nobody knows whether it was answered.
_attempts = sa.and_(_act.direction == "out", _act.outcome.is_not(None))
_answered = sa.and_(_attempts, _reached)
_due = commitments.state != "withdrawn"
_kept = sa.and_(_due, commitments.kept_on <= commitments.due_on)

INDICATORS = (
    Indicator("S01", "Contacts made", "联系次数", "S", "count", zero(_contacts), Linear(0, 24)),
    Indicator(
        *("S02", "Days since last contact", "距上次联系天数", "S", "days"),
        days_between(greatest(_act.on, where=_reached), as_of()),
        Linear(180, 7),
        "zero",
    ),
    Indicator(
        *("S03", "Customer-initiated share", "客户主动联系占比", "S", "%"),
        percent(count(_act, where=sa.and_(_reached, _act.direction == "in"), within=YEAR), _contacts),
        Linear(0, 50),
    ),
    Indicator(
        *("S04", "Visits", "面访次数", "S", "count"),
        zero(count(_act, where=sa.and_(_reached, _act.kind.in_(_MET_IN_PERSON)), within=YEAR)),
        Linear(0, 8),
    ),
    Indicator(
        *("S05", "Senior contact", "高层联系次数", "S", "count"),
        zero(count(_act, where=sa.and_(_reached, _act.level >= 4), within=YEAR)),
        Linear(0, 4),
    ),
    Indicator(
        *("S06", "Ways of contact", "联系渠道数", "S", "count"),
        zero(distinct(_act.channel, where=_reached, within=YEAR)),
        Linear(0, 4),
    ),
    Indicator(
        *("S07", "Departments touched", "部门触达率", "S", "%"),
        sa.case((sa.not_(one(profile.is_person)), percent(zero(_departments), len(_DEPARTMENTS)))),
        Linear(0, 100),
    ),
    Indicator(
        *("S08", "Our answer time", "我方响应时间", "S", "hours"),
        average(answers.hours, within=YEAR),
        Linear(24, 1),
    ),
    Indicator(
        *("S09", "Commitments kept", "承诺兑现率", "S", "%"),
        percent(count(commitments, where=_kept, within=YEAR), count(commitments, where=_due, within=YEAR)),
        Linear(50, 100),
    ),
    Indicator(
        *("S10", "Overdue follow-up", "跟进逾期天数", "S", "days"),
        zero(clip(days_between(one(profile.next_contact_on), as_of()), 0, _FOREVER)),
        Linear(30, 0),
    ),
    Indicator(
        *("S11", "Contact cadence met", "联系频率达标率", "S", "%"),
        sa.case((one(treatments.contact_days).is_not(None), percent(zero(total(cadences.met)), 12))),
        Linear(0, 100),
    ),
    Indicator(
        *("S12", "Positive outcome", "积极结果占比", "S", "%"),
        percent(_positive, _positive + _negative),
        Linear(30, 90),
    ),
    Indicator(
        *("S13", "Response to outreach", "主动联系应答率", "S", "%"),
        percent(count(_act, where=_answered, within=YEAR), count(_act, where=_attempts, within=YEAR)),
        Linear(0, 60),
    ),
    Indicator(
        *("S14", "Handovers suffered", "负责人更换次数", "S", "count"),
        zero(count(owner_changes, within=TWO_YEARS)),
        Linear(4, 0),
    ),
)
