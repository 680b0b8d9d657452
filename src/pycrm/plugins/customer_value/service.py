"""Aspect S, contact and service (联络状况): cases, deliveries, opinions, marketing and loyalty, S15-S44."""

from __future__ import annotations

import sqlalchemy as sa

from pycrm.plugins.customer_value.contact import TWO_YEARS
from pycrm.scoring import (
    YEAR,
    Indicator,
    Linear,
    Percentile,
    as_of,
    average,
    count,
    days_between,
    distinct,
    greatest,
    let,
    minor_units,
    named,
    percent,
    ratio,
    total,
    zero,
)
from pycrm.scoring.feeds import (
    attendances,
    case_courses,
    case_times,
    cases,
    consenting,
    deliveries,
    logins,
    membership,
    mentions,
    opinions,
    points,
    referral_sales,
    referrals,
    requests,
    sends,
    service_work,
    surveys,
)

__all__ = ["INDICATORS"]

_WITHIN_WEEK = 7

_complaint = cases.kind == "complaint"
_complaints = let(zero(count(cases, where=_complaint, within=YEAR)))
_opened = let(zero(count(cases, within=YEAR)))
_closed = count(cases, within=YEAR, by=cases.closed_on)
_open_again = sa.and_(cases.reopened_on > cases.closed_on, cases.reopened_on <= as_of())
_open = sa.or_(cases.closed_on.is_(None), cases.closed_on > as_of(), _open_again)

_came_back = days_between(case_courses.closed_on, case_courses.back_on) <= _WITHIN_WEEK
_at_once = sa.and_(case_courses.inbounds == 1, sa.or_(case_courses.back_on.is_(None), sa.not_(_came_back)))

# A case may have one target only; one without any says nothing of the service level.
_targets = sa.or_(cases.response_in_time.is_not(None), cases.solution_in_time.is_not(None))
_missed = sa.or_(sa.not_(cases.response_in_time), sa.not_(cases.solution_in_time))
_met = sa.and_(_targets, sa.case((_missed, 1), else_=0) == 0)

_hours = let(zero(total(service_work.hours, within=YEAR)))
_bought = named("T02")

_arrived = deliveries.delivered_on <= as_of()
_late = days_between(deliveries.required_on, sa.case((_arrived, deliveries.delivered_on), else_=as_of()))
_lines = count(deliveries, within=YEAR)
_late_days = total(_late, where=_late > 0, within=YEAR)
_late_lines = count(deliveries, where=_late > 0, within=YEAR)

_sent = count(sends, within=YEAR)
_confirmed = attendances.state.in_(("confirmed", "attended", "no_show"))
_holds = sa.or_(membership.until.is_(None), membership.until >= as_of())
_active = sa.or_(consenting.left_on.is_(None), consenting.left_on > as_of())

INDICATORS = (
    Indicator("S15", "Cases", "服务单数", "S", "count", _opened, Linear(24, 0)),
    Indicator(
        *("S16", "Cases per 10 purchases", "每十次采购服务单数", "S", "ratio"),
        ratio(_opened * 10, named("T01")),
        Linear(10, 0),
    ),
    Indicator(
        "S17", "Open cases", "未结服务单数", "S", "count", zero(count(cases, where=_open)), Linear(5, 0)
    ),
    Indicator("S18", "Complaints", "投诉次数", "S", "count", _complaints, Linear(4, 0)),
    Indicator("S19", "Complaint rate", "投诉率", "S", "%", percent(_complaints, named("T01")), Linear(20, 0)),
    Indicator(
        *("S20", "Justified complaints", "投诉成立率", "S", "%"),
        percent(
            count(cases, where=sa.and_(_complaint, cases.upheld), within=YEAR, by=cases.closed_on),
            count(cases, where=_complaint, within=YEAR, by=cases.closed_on),
        ),
        Linear(100, 0),
    ),
    Indicator(
        *("S21", "First-contact solution", "一次解决率", "S", "%"),
        percent(count(case_courses, where=_at_once, within=YEAR), count(case_courses, within=YEAR)),
        Linear(30, 90),
    ),
    Indicator(
        *("S22", "Time to solve", "平均解决时长", "S", "hours"),
        average(case_times.hours, within=YEAR),
        Linear(72, 4),
    ),
    Indicator(
        *("S23", "Service level met", "服务时限达标率", "S", "%"),
        percent(
            count(cases, where=_met, within=YEAR, by=cases.closed_on),
            count(cases, where=_targets, within=YEAR, by=cases.closed_on),
        ),
        Linear(60, 100),
    ),
    Indicator(
        *("S24", "Reopened", "重开率", "S", "%"),
        percent(count(cases, where=YEAR.holds(cases.reopened_on), within=YEAR, by=cases.closed_on), _closed),
        Linear(20, 0),
    ),
    Indicator(
        *("S25", "Satisfaction", "满意度", "S", "1-5"),
        average(surveys.satisfaction, within=YEAR, by=surveys.answered_on),
        Linear(1, 5),
    ),
    Indicator(
        *("S26", "Recommendation", "推荐意愿", "S", "0-10"),
        greatest(opinions.recommendation, within=TWO_YEARS),
        Linear(0, 10),
    ),
    Indicator(
        *("S27", "Survey answering", "问卷回复率", "S", "%"),
        percent(
            count(surveys, where=surveys.answered_on <= as_of(), within=YEAR), count(surveys, within=YEAR)
        ),
        Linear(0, 60),
    ),
    Indicator("S28", "Service hours", "服务工时", "S", "hours", _hours, Percentile(falling=True)),
    Indicator(
        *("S29", "Service hours per 10,000", "每万元服务工时", "S", "hours"),
        ratio(_hours * 10_000 * minor_units(), sa.case((_bought > 0, _bought))),
        Linear(10, 0),
    ),
    Indicator(
        *("S30", "Paid service", "服务收入", "S", "money"),
        zero(total(cases.revenue, within=YEAR, by=cases.closed_on)),
        Percentile(),
    ),
    Indicator(
        *("S31", "Self-help share", "自助解决占比", "S", "%"),
        percent(count(requests, where=requests.self_solved, within=YEAR), count(requests, within=YEAR)),
        Linear(0, 60),
    ),
    Indicator(
        *("S32", "On-time delivery to them", "准时交付率", "S", "%"),
        percent(
            count(deliveries, where=deliveries.delivered_on <= deliveries.required_on, within=YEAR), _lines
        ),
        Linear(70, 100),
    ),
    Indicator(
        *("S33", "Mean delivery delay", "平均延迟天数", "S", "days"),
        sa.case((_lines > 0, zero(ratio(_late_days, _late_lines)))),
        Linear(15, 0),
    ),
    Indicator("S34", "Marketing reach", "营销触达次数", "S", "count", zero(_sent), Linear(0, 12)),
    Indicator(
        *("S35", "Marketing response", "营销响应率", "S", "%"),
        percent(count(sends, where=sends.responded_on <= as_of(), within=YEAR), _sent),
        Linear(0, 30),
    ),
    Indicator(
        *("S36", "Events attended", "参加活动次数", "S", "count"),
        zero(count(attendances, where=attendances.state == "attended", within=YEAR)),
        Linear(0, 4),
    ),
    Indicator(
        *("S37", "No-shows", "报名缺席率", "S", "%"),
        percent(
            count(attendances, where=attendances.state == "no_show", within=YEAR),
            count(attendances, where=_confirmed, within=YEAR),
        ),
        Linear(60, 0),
    ),
    Indicator(
        *("S38", "Consent coverage", "营销同意覆盖率", "S", "%"),
        percent(zero(total(consenting.consents, where=_active)), count(consenting, where=_active)),
        Linear(0, 100),
    ),
    Indicator(
        *("S39", "Referrals", "转介绍客户数", "S", "count"),
        zero(distinct(referrals.referred, within=TWO_YEARS)),
        Linear(0, 4),
    ),
    Indicator(
        *("S40", "Referred amount", "转介绍客户首年交易额", "S", "money"),
        zero(total(referral_sales.net)),
        Percentile(),
    ),
    Indicator(
        *("S41", "Opinion in public", "公开评价", "S", "-1..1"),
        ratio(
            count(mentions, where=mentions.tone == "positive", within=YEAR)
            - count(mentions, where=mentions.tone == "negative", within=YEAR),
            count(mentions, within=YEAR),
        ),
        Linear(-1, 1),
    ),
    Indicator(
        *("S42", "Membership level", "会员等级", "S", "%"),
        zero(
            percent(greatest(membership.rank, where=_holds), greatest(membership.highest_rank, where=_holds))
        ),
        Linear(0, 100),
    ),
    Indicator(
        *("S43", "Points used", "积分使用率", "S", "%"),
        percent(
            -zero(total(points.points, where=points.kind == "redeem", within=YEAR)),
            total(points.points, where=points.kind == "earn", within=YEAR),
        ),
        Linear(0, 80),
    ),
    Indicator(
        "S44", "Portal use", "门户登录次数", "S", "count", zero(count(logins, within=YEAR)), Linear(0, 24)
    ),
)
