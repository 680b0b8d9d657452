"""What the plugin keeps: segments and their members, treatments, experiments, findings."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from pycrm import (
    Customer,
    Facet,
    Field,
    InvalidError,
    Link,
    Money,
    Problem,
    Record,
    field,
    ge,
    link,
    owned,
    reference,
    through,
)

__all__ = [
    "Arm",
    "Experiment",
    "ExperimentMember",
    "FairnessFinding",
    "FindingState",
    "Segment",
    "SegmentKind",
    "SegmentMember",
    "Serving",
    "Treatment",
    "TreatmentState",
]

_LEAST_REASON = 10


class SegmentKind(StrEnum):
    """Who says who is in it: a list, or an expression."""

    STATIC = "static"
    DYNAMIC = "dynamic"


class Segment(Record, table="segments_segment", scope=reference()):
    """Customers who have something in common (客户群).

    A dynamic one is looked at anew by `refresh`; a static one is what somebody listed.
    """

    code: Field[str] = field("Code", zh="编码", unique=True, longest=60, order=True)
    name: Field[str] = field("Name", zh="名称", longest=200)
    kind: Field[SegmentKind] = field("Kind", zh="类型", default=SegmentKind.DYNAMIC)
    expression: Field[str | None] = field("Expression", zh="条件", default=None, longest=4000)
    review_on: Field[date | None] = field("Review on", zh="复核日期", default=None)

    def check(self, moment: datetime) -> None:
        """A dynamic segment has an expression, a static one has none."""
        if (self.kind is SegmentKind.DYNAMIC) != (self.expression is not None):
            wrong = Problem("expression", "rule", "a dynamic segment has an expression, a static one a list")
            raise InvalidError(wrong.message, fields=[wrong])


class SegmentMember(
    Record,
    table="segments_member",
    scope=through("customer"),
    indexes=(("segment_id", "until"), ("customer_id", "since")),
):
    """A customer was in a segment from a day until another, on which it was so no more (客户群成员)."""

    segment: Link[Segment] = link("Segment", zh="客户群")
    customer: Link[Customer] = link("Customer", zh="客户")
    since: Field[date] = field("Since", zh="开始")
    until: Field[date | None] = field("Until", zh="结束", default=None)
    why: Field[str | None] = field("Why", zh="原因", default=None, longest=400)


class TreatmentState(StrEnum):
    """Whether customers are served by it."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class Treatment(Record, table="segments_treatment", scope=reference()):
    """What customers of a grade or of a segment get, and why (差异化服务政策).

    The price tier 0 is the list price, and with 0 account days one pays before. `reason` is a sentence
    that a customer could be told.
    """

    name: Field[str] = field("Name", zh="名称", unique=True, longest=200, order=True)
    priority: Field[int] = field("Priority", zh="优先级")
    grade: Field[str | None] = field("Grade", zh="等级", default=None, longest=40)
    segment: Link[Segment | None] = link("Segment", zh="客户群", default=None)
    contact_days: Field[int | None] = field(
        "Contact every (days)", zh="联系间隔", default=None, validator=ge(1)
    )
    first_response_hours: Field[int | None] = field(
        "First response (hours)", zh="首次响应", default=None, validator=ge(0)
    )
    price_tier: Field[int | None] = field("Price tier", zh="价格等级", default=None, validator=ge(0))
    account_days: Field[int | None] = field("Account days", zh="账期", default=None, validator=ge(0))
    sla_class: Field[str | None] = field("Service level", zh="服务级别", default=None, longest=40)
    dedicated_person: Field[str | None] = field("Dedicated person", zh="专人", default=None, longest=100)
    gift_budget: Field[Money | None] = field("Gift budget", zh="礼品预算", default=None)
    offer: Field[str | None] = field("Offer", zh="优惠", default=None, longest=200)
    reason: Field[str | None] = field("Reason", zh="理由", default=None, longest=400)
    state: Field[TreatmentState] = field("State", zh="状态", default=TreatmentState.DRAFT)
    since: Field[date] = field("Valid from", zh="生效")
    until: Field[date | None] = field("Valid until", zh="失效", default=None)

    def check(self, moment: datetime) -> None:
        """It is for somebody, and is published with a reason that could be told (SEG-7)."""
        wrong = []
        if self.grade is None and self.segment is None:
            wrong.append(Problem("segment", "required", "name a grade, a segment or both"))
        if self.until is not None and self.until <= self.since:
            wrong.append(Problem("until", "range", "lies before it begins"))
        if self.state is TreatmentState.PUBLISHED and len((self.reason or "").strip()) < _LEAST_REASON:
            wrong.append(
                Problem("reason", "required", "say why, in a sentence that a customer could be told")
            )
        if wrong:
            raise InvalidError(f"{wrong[0].path}: {wrong[0].message}", fields=wrong)


class Serving(Facet, table="segments_serving", of=Customer):
    """How a customer is to be served, by the treatments in force (服务安排).

    It is derived from them by `serve`, except for price tier and account days: what these are, only an
    amendment changes. `wanted_*` is what was last asked for, `sources` which treatment gives what.
    """

    grade: Field[str | None] = field("Served by grade", zh="服务等级", default=None, longest=40)
    contact_days: Field[int | None] = field("Contact every (days)", zh="联系间隔", default=None)
    first_response_hours: Field[int | None] = field("First response (hours)", zh="首次响应", default=None)
    sla_class: Field[str | None] = field("Service level", zh="服务级别", default=None, longest=40)
    dedicated_person: Field[str | None] = field("Dedicated person", zh="专人", default=None, longest=100)
    gift_budget: Field[Money | None] = field("Gift budget", zh="礼品预算", default=None)
    offer: Field[str | None] = field("Offer", zh="优惠", default=None, longest=200)
    price_tier: Field[int | None] = field("Price tier", zh="价格等级", default=None, key=True)
    account_days: Field[int | None] = field("Account days", zh="账期", default=None, key=True)
    wanted_price_tier: Field[int | None] = field("Price tier asked for", zh="申请价格等级", default=None)
    wanted_account_days: Field[int | None] = field("Account days asked for", zh="申请账期", default=None)
    sources: Field[str] = field("By which treatments", zh="依据", default="{}", longest=4000)


class Arm(StrEnum):
    """On which side of an experiment a customer is."""

    TREATED = "treated"
    CONTROL = "control"


class Experiment(Record, table="segments_experiment", scope=owned()):
    """A treatment is given to a share of a segment, to see what it does (试验).

    Who is treated follows from the seed and the customer alone. `measure` is an indicator.
    """

    name: Field[str] = field("Name", zh="名称", longest=200, order=True)
    segment: Link[Segment] = link("Segment", zh="客户群")
    treatment: Link[Treatment] = link("Treatment", zh="政策")
    treated_share: Field[int] = field("Treated share (%)", zh="试验比例")
    seed: Field[str] = field("Seed", zh="随机种子", longest=100)
    since: Field[date] = field("Since", zh="开始")
    until: Field[date] = field("Until", zh="结束")
    measure: Field[str] = field("Measure", zh="指标", longest=100)
    cost: Field[Money | None] = field("Cost", zh="成本", default=None)

    def check(self, moment: datetime) -> None:
        """Some are treated and some are not (SEG-E3), and it ends after it begins."""
        wrong = []
        if not 0 < self.treated_share < 100:
            wrong.append(Problem("treated_share", "range", "lies between 1 and 99"))
        if self.until <= self.since:
            wrong.append(Problem("until", "range", "lies before it begins"))
        if wrong:
            raise InvalidError(f"{wrong[0].path}: {wrong[0].message}", fields=wrong)


class ExperimentMember(
    Record,
    table="segments_experiment_member",
    scope=through("experiment"),
    indexes=(("experiment_id", "customer_id"),),
):
    """A customer takes part in an experiment; on which side is told when it has ended (试验成员)."""

    experiment: Link[Experiment] = link("Experiment", zh="试验")
    customer: Link[Customer] = link("Customer", zh="客户")
    since: Field[date] = field("Since", zh="开始")


class FindingState(StrEnum):
    """What became of a finding."""

    OPEN = "open"
    EXPLAINED = "explained"
    CORRECTED = "corrected"


class FairnessFinding(Record, table="segments_finding", scope=through("customer")):
    """A customer was treated otherwise than others like it, and no reason was on record (公平性发现).

    `group_name` says who these are; `deviation` is from their median, in percent.
    """

    customer: Link[Customer] = link("Customer", zh="客户")
    product: Field[str] = field("Product", zh="产品", longest=200)
    group_name: Field[str] = field("Compared with", zh="比较组", longest=200)
    since: Field[date] = field("Since", zh="开始")
    until: Field[date] = field("Until", zh="结束")
    deviation: Field[Decimal] = field("Deviation (%)", zh="偏差", scale=2)
    state: Field[FindingState] = field("State", zh="状态", default=FindingState.OPEN)
    reason: Field[str | None] = field("Reason", zh="理由", default=None, longest=400)

    def check(self, moment: datetime) -> None:
        """It is closed with a reason."""
        if self.state is not FindingState.OPEN and not (self.reason or "").strip():
            wrong = Problem("reason", "required", "say why it is closed")
            raise InvalidError(wrong.message, fields=[wrong])
