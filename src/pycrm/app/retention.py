"""Erasing people whose time of keeping is over, once a business day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from pycrm.errors import InvalidError, Problem
from pycrm.plugin.job import Job
from pycrm.revision.erase import Expired, expired, keepable, still

if TYPE_CHECKING:
    from pycrm.app.crm import CRM
    from pycrm.session import Session

__all__ = ["JOB", "refuse_unknown", "would_go"]


def refuse_unknown(session: Any, entity: str) -> None:
    """A period is set for people, not for any kind of record.

    Raises:
        InvalidError: no such kind, or one that is about nobody.
    """
    kinds = keepable(session.crm.records())
    if entity not in kinds:
        wrong = Problem("entity", "unknown", f"people are kept as {', '.join(sorted(kinds))}")
        raise InvalidError(wrong.message, fields=[wrong])


def would_go(crm: CRM, day: date | None) -> list[Expired]:
    """Whom the job erases by a day; see `pycrm.CRM.expired`."""
    with crm.view(crm.system("people who are kept too long")) as session:
        return list(expired(session.transaction, day or crm.calendar_day(session.now)))


def _due(session: Session) -> Iterator[Expired]:
    return expired(session.transaction, session.crm.calendar_day(session.now))


def _erase(session: Session, one: Expired) -> None:
    found = still(session.transaction, one)
    if found is not None:
        session.erase(found.record, because=found.because)


JOB = Job("core.retention", act=_erase, due=_due, daily=True)
