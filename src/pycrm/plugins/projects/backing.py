"""Who supports us, whom we have met, and whom somebody should meet (PRJ-6, PRJ-7)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import attrs

from pycrm import Session
from pycrm.plugins.projects.desk import Picture
from pycrm.plugins.projects.knowledge import percent
from pycrm.plugins.projects.stakeholder import FOUR, Stakeholder

__all__ = ["StanceChange", "Support", "Visit", "interval", "stances", "support", "visits"]

_INTERVALS = {5: 7, 4: 14, 3: 21}
_LONGEST = 30


@attrs.frozen
class Support:
    """How much support there is for us.

    Args:
        index: from -100 to 100, over stakeholders whose stance is known; None where none is.
        coverage: in percent, the departments out of four with somebody whom we met lately.
        unknown: of how many stakeholders nobody knows the stance.
    """

    index: Decimal | None
    coverage: Decimal
    unknown: int


def support(picture: Picture) -> Support:
    """Index and coverage of a project: 100 x sum(influence x stance) / sum(2 x influence)."""
    people = picture.of(picture.desk.stakeholders)
    known = [one for one in people if one.stance is not None]
    index = percent(
        sum(one.influence * (one.stance or 0) for one in known), sum(2 * one.influence for one in known)
    )
    lately = picture.today - timedelta(days=picture.desk.limits.met_within_days)
    met = {one.department for one in people if (day := picture.desk.met.get(one.contact.id)) and day > lately}
    share = percent(sum(one in met for one in FOUR), len(FOUR))
    assert share is not None
    return Support(index, share.quantize(Decimal("0.01"), ROUND_HALF_UP), len(people) - len(known))


def interval(one: Stakeholder) -> int:
    """Every how many days somebody is to be met: as agreed, else by influence."""
    return one.contact_every_days or _INTERVALS.get(one.influence, _LONGEST)


@attrs.frozen
class Visit:
    """A stakeholder, when last met, when due, and by how many days that is past (0 where it is not)."""

    stakeholder: Stakeholder
    met_on: date | None
    due_on: date
    overdue: int


def visits(picture: Picture) -> list[Visit]:
    """When each stakeholder is due, the longest overdue first; who was never met, since being entered."""
    crm = picture.desk.session.crm
    return sorted(
        (_visit(picture, one, crm.calendar_day(one.created_at)) for one in _people(picture)),
        key=lambda one: (-one.overdue, one.due_on, one.stakeholder.id),
    )


def _people(picture: Picture) -> Iterable[Stakeholder]:
    return picture.of(picture.desk.stakeholders)


def _visit(picture: Picture, one: Stakeholder, entered: date) -> Visit:
    met = picture.desk.met.get(one.contact.id)
    due = (met or entered) + timedelta(days=interval(one))
    return Visit(one, met, due, max(0, (picture.today - due).days))


@attrs.frozen
class StanceChange:
    """A stance became another one: on which day, by whom, and what proved it."""

    on: date
    by: str
    before: int | None
    after: int | None
    evidence: str | None


def stances(session: Session, one: Stakeholder) -> list[StanceChange]:
    """How a stakeholder's stance has changed, oldest first."""
    found = []
    for revision in reversed(session.history(one, field="stance")):
        fields = {change.path: change for change in revision.changes}
        stance, evidence = fields["stance"], fields.get("stance_evidence")
        found.append(
            StanceChange(
                session.crm.calendar_day(revision.at),
                revision.actor,
                stance.old,
                stance.new,
                evidence.new if evidence is not None else None,
            )
        )
    return found
