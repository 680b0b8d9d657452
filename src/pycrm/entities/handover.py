"""Handovers: all that a person owns passes to others, in one act that can be taken back."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.declare import Child, Children, Field, Link, Record, Ref, children, field, ge, link, owned
from pycrm.entities.customer import Customer, SigningGrade
from pycrm.entities.org import User
from pycrm.errors import InvalidError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pycrm.values import Money

__all__ = [
    "UNDONE_WITHIN",
    "Handover",
    "HandoverCount",
    "HandoverLine",
    "HandoverPreview",
    "HandoverReceiver",
    "HandoverRule",
    "HandoverState",
    "HandoverUndo",
]

#: For so long a handover can be undone.
UNDONE_WITHIN = timedelta(days=7)


class HandoverState(StrEnum):
    """Whether a handover holds."""

    DONE = "done"
    UNDONE = "undone"


class HandoverRule(StrEnum):
    """Which customers a receiver takes."""

    ALL = "all"
    REGION = "region"
    INDUSTRY = "industry"
    GRADE = "grade"
    CUSTOMER = "customer"
    NUMBER = "number"
    AMOUNT = "amount"


_NAMED = (HandoverRule.REGION, HandoverRule.INDUSTRY, HandoverRule.GRADE)


class HandoverReceiver(Child, table="crm_handover_receiver"):
    """A person who takes over, and what: every customer goes by the first rule that fits it.

    Single customers come first, then regions (with those below them), industries and signing
    grades in the order given, then the equal division by `NUMBER` of customers or by weighted
    `AMOUNT` of their open opportunities; `ALL` takes what is left. What belongs to a customer
    goes with it.
    """

    receiver: Link[User] = link("Receiver", zh="接收人")
    rule: Field[HandoverRule] = field("Rule", zh="规则", default=HandoverRule.ALL)
    value: Field[str | None] = field("Region, industry or grade", zh="规则值", default=None, longest=100)
    customer: Link[Customer | None] = link("Customer", zh="客户", default=None)

    def check(self, moment: datetime) -> None:
        """Each rule has what it goes by, and nothing else."""
        if (self.rule in _NAMED) != (self.value is not None):
            raise _wrong("value", "a region, industry or grade is named, other rules have no value")
        if (self.rule is HandoverRule.CUSTOMER) != (self.customer is not None):
            raise _wrong("customer", "a single customer is named, other rules have none")
        if self.rule is HandoverRule.GRADE and self.value not in set(SigningGrade):
            raise _wrong("value", f"expected one of {', '.join(SigningGrade)}")


def _wrong(path: str, message: str) -> InvalidError:
    return InvalidError(message, fields=[Problem(path, "rule", message)])


class HandoverCount(Child, table="crm_handover_count"):
    """How many records of a kind and stage went to a receiver."""

    entity: Field[str] = field("Kind", zh="对象", longest=100)
    stage: Field[str | None] = field("Stage", zh="阶段", default=None, longest=100)
    receiver: Link[User] = link("Receiver", zh="接收人")
    count: Field[int] = field("Number", zh="数量", validator=ge(1))


class Handover(Record, table="crm_handover", scope=owned(stays=True)):
    """All that one person owned passed to others (交接).

    It belongs to the (first) receiver and to the giver's unit: the receiver and the giver's leaders
    see it. `session.hand_over` and `session.undo_handover` alone write it.
    """

    giver: Link[User] = link("Giver", zh="移交人")
    receivers: Children[HandoverReceiver] = children("Receivers", zh="接收人", default=())
    reason: Field[str] = field("Reason", zh="原因", longest=4000)
    counts: Children[HandoverCount] = children("Numbers", zh="数量", default=())
    state: Field[HandoverState] = field("State", zh="状态", init=False)
    revision: Field[UUID] = field("Revision", zh="修订", init=False)
    done_at: Field[datetime] = field("Done at", zh="移交时间", init=False, order=True)
    undone_at: Field[datetime | None] = field("Undone at", zh="撤销时间", init=False, default=None)

    def begin(self, session: Any) -> dict[str, Any]:
        """Only the verb itself makes one: a row without its transfer would be a lie."""
        made: dict[str, Any] | None = session.transaction.memo.get("handover")
        if made is None:
            raise InvalidError("a handover is made by hand_over")
        return made


@attrs.frozen
class HandoverLine:
    """How many records of a kind and stage go to a receiver, and what they amount to.

    `stage` is the stage of a pipeline or the state, None for kinds without either; `receiver` is
    None where no rule names one; `sums` are amounts of opportunities, one a currency.
    """

    entity: str
    stage: str | None
    receiver: Ref[User] | None
    count: int
    sums: tuple[Money, ...] = ()


@attrs.frozen
class HandoverPreview:
    """What a handover would do, as far as the asker sees the giver's records.

    Args:
        lines: what would move, by kind, stage and receiver.
        refused: by kind, how many records the asker sees but may not assign.
        out_of_reach: receivers to whom the asker may not assign.
        private: kinds that stay with their writer, whoever asks; nobody else can count them.
    """

    giver: Ref[User]
    lines: tuple[HandoverLine, ...]
    refused: Mapping[str, int]
    out_of_reach: tuple[Ref[User], ...]
    private: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many records would move."""
        return sum(line.count for line in self.lines)

    @property
    def is_possible(self) -> bool:
        """Whether the handover would be done."""
        placed = all(line.receiver is not None for line in self.lines)
        return placed and not self.refused and not self.out_of_reach

    def counts(self, receiver: Any = None) -> Mapping[tuple[str, str | None], int]:
        """How many records of each kind and stage would move, to one receiver or to all."""
        found: dict[tuple[str, str | None], int] = {}
        for line in self.lines:
            if receiver is None or (line.receiver is not None and line.receiver.id == receiver.id):
                found[line.entity, line.stage] = found.get((line.entity, line.stage), 0) + line.count
        return MappingProxyType(found)


@attrs.frozen
class HandoverUndo:
    """What went back, by kind, and what stayed since it was changed or has moved on."""

    handover: Handover
    returned: Mapping[str, int]
    kept: tuple[Ref[Any], ...]
