"""Who is in a segment: looked at anew, listed by codes, tried out before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TypeVar

import attrs
import sqlalchemy as sa

from pycrm import Customer, ForbiddenError, InvalidError, Problem, Ref, Session
from pycrm.plugins.segments.model import Segment, SegmentKind, SegmentMember
from pycrm.plugins.segments.rules import named_in
from pycrm.scoring import Supply
from pycrm.scoring.feeds import segments as segments_feed

__all__ = [
    "SUPPLY",
    "Listed",
    "Preview",
    "Refreshed",
    "import_members",
    "members",
    "preview",
    "refresh",
    "refresh_one",
    "to_refresh",
]

T = TypeVar("T")
_EXAMPLES = 10
# A statement takes some thousands of values.
_AT_ONCE = 5000


def _rows() -> sa.Select[tuple[object, ...]]:
    member, segment = SegmentMember.__table__.c, Segment.__table__.c
    joined = SegmentMember.__table__.join(Segment.__table__, segment.id == member.segment_id)
    return (
        sa.select(
            member.customer_id.label("customer"),
            member.since.label("since"),
            member.until.label("until"),
            segment.code.label("code"),
        )
        .select_from(joined)
        .where(member.archived_at.is_(None))
    )


SUPPLY = Supply(segments_feed, _rows)


@attrs.frozen
class Preview:
    """What an expression would choose (SEG-3).

    Args:
        in_words: the expression as a sentence.
        in_scope: how many of the reader's customers; `everybody`: how many in all, for who may know.
        examples: ten of the reader's at most.
        entering, leaving: how many of the reader's would come into the segment, and go out of it.
    """

    as_of: date
    in_words: str
    in_scope: int
    everybody: int | None
    examples: tuple[Customer, ...]
    entering: int
    leaving: int


@attrs.frozen
class Refreshed:
    """One segment was looked at anew: so many came in, so many went out, so many are in it."""

    code: str
    entered: int
    left: int
    members: int


@attrs.frozen
class Listed:
    """Customers were entered into a static segment.

    Args:
        added: how many; `known` were in it.
        problems: for each row that was left out, its place from 0 and why.
    """

    added: int
    known: int
    problems: tuple[Problem, ...]


def preview(
    session: Session, what: Segment | str, *, as_of: date | None = None, language: str = "en"
) -> Preview:
    """Whom an expression, or a segment, chooses among the reader's customers; nothing is written.

    Args:
        what: a dynamic segment, or an expression.
        as_of: a day that has come; today without it.

    Raises:
        InvalidError: the expression makes no sense; ``data["position"]`` says where.
    """
    expression = what if isinstance(what, str) else what.expression
    if expression is None:
        wrong = Problem("segment", "rule", "a static segment is a list, which chooses nobody")
        raise InvalidError(wrong.message, fields=[wrong])
    codes = _codes(session)
    asked = session.understand(expression, segments=codes)
    found = session.choose(asked.node, as_of=as_of, segments=codes)
    chosen = {one.id for one in found.customers}
    now = set() if isinstance(what, str) else {one.id for one in members(session, what, found.as_of)}
    wanted = sorted(chosen)[:_EXAMPLES]
    examples = session.find(Customer, Customer.id.in_(wanted), order=Customer.name) if wanted else []
    return Preview(
        as_of=found.as_of,
        in_words=asked.in_words(language),
        in_scope=len(chosen),
        everybody=found.everybody,
        examples=tuple(examples),
        entering=len(chosen - now),
        leaving=len(now - chosen),
    )


def members(session: Session, segment: Segment, day: date) -> list[Ref[Customer]]:
    """The customers in sight that were in a segment on a day, by rising ids."""
    return [one.customer for one in sorted(_intervals(session, segment, day), key=lambda it: it.customer.id)]


def _intervals(session: Session, segment: Segment, day: date) -> list[SegmentMember]:
    cls = SegmentMember
    open_ = session.find(cls, cls.segment == segment.id, cls.since <= day, cls.until.is_(None))
    return [*open_, *session.find(cls, cls.segment == segment.id, cls.since <= day, cls.until > day)]


def refresh(session: Session, codes: Iterable[str] | None = None) -> list[Refreshed]:
    """Look at dynamic segments anew as of today: who has come in, and who has gone out (SEG-2).

    Segments that others name come first.

    Args:
        codes: only these, with those that they name; without it all.

    Raises:
        ForbiddenError: the actor does not see all customers.
        InvalidError: the expression of one makes no sense any more.
    """
    everyone = {one.code: one for one in session.find(Segment)}
    today = session.crm.calendar_day(session.now)
    wanted = everyone if codes is None else list(codes)
    return [
        _refresh(session, everyone[code], sorted(everyone), today)
        for code in _in_order(wanted, everyone)
        if everyone[code].kind is SegmentKind.DYNAMIC
    ]


def to_refresh(session: Session) -> list[str]:
    """The codes of all dynamic segments, each after those that it names."""
    known = {one.code: one for one in session.find(Segment)}
    return [code for code in _in_order(known, known) if known[code].kind is SegmentKind.DYNAMIC]


def refresh_one(session: Session, code: str) -> Refreshed:
    """Look at one dynamic segment anew, not at those that it names; raises as `refresh`."""
    everyone = {one.code: one for one in session.find(Segment)}
    today = session.crm.calendar_day(session.now)
    return _refresh(session, everyone[code], sorted(everyone), today)


def _in_order(codes: Iterable[str], known: dict[str, Segment]) -> list[str]:
    """The codes, each after those that it names."""
    found: dict[str, None] = {}

    def visit(code: str) -> None:
        if code in known and code not in found:
            for inner in named_in(known[code].expression):
                visit(inner)
            found[code] = None

    for code in codes:
        visit(code)
    return list(found)


def _refresh(session: Session, segment: Segment, codes: Sequence[str], today: date) -> Refreshed:
    assert segment.expression is not None
    chosen = session.choose(segment.expression, segments=codes)
    if chosen.everybody != len(chosen.customers):
        raise ForbiddenError("segments are looked at anew by who sees all customers and their scores")
    now = {one.customer.id: one for one in _intervals(session, segment, today)}
    wanted = {one.id: one for one in chosen.customers}
    entering = [one for id, one in wanted.items() if id not in now]
    leaving = [one.id for id, one in now.items() if id not in wanted]
    session.add_all(SegmentMember(segment=segment, customer=one, since=today) for one in entering)
    for some in _pieces(leaving):
        session.change_where(SegmentMember, SegmentMember.id.in_(some), until=today)
    return Refreshed(segment.code, len(entering), len(leaving), len(wanted))


def _pieces(ids: Sequence[T]) -> Iterator[Sequence[T]]:
    for at in range(0, len(ids), _AT_ONCE):
        yield ids[at : at + _AT_ONCE]


def import_members(
    session: Session, segment: Segment, codes: Sequence[str], *, why: str | None = None
) -> Listed:
    """Enter customers into a static segment by their codes, from today on (SEG-E4).

    A code that is unknown or out of sight is left out, and both are told alike; the others are kept.

    Raises:
        InvalidError: a dynamic segment, whose members its expression chooses.
    """
    if segment.kind is not SegmentKind.STATIC:
        wrong = Problem("segment", "rule", "who is in a dynamic segment says its expression")
        raise InvalidError(wrong.message, fields=[wrong])
    today = session.crm.calendar_day(session.now)
    given = list(dict.fromkeys(codes))
    seen: dict[str, Customer] = {}
    for some in _pieces(given):
        seen |= {one.code: one for one in session.find(Customer, Customer.code.in_(some))}
    now = {one.id for one in members(session, segment, today)}
    problems = [
        Problem(f"{at}/code", "not_found", "no such customer")
        for at, code in enumerate(codes)
        if code not in seen
    ]
    adding = [seen[code] for code in given if code in seen and seen[code].id not in now]
    session.add_all(SegmentMember(segment=segment, customer=one, since=today, why=why) for one in adding)
    return Listed(len(adding), len(seen) - len(adding), tuple(problems))


def _codes(session: Session) -> list[str]:
    return sorted(one.code for one in session.find(Segment))
