"""The jobs that plugins offer: what is due of each is asked for, and done item by item."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.errors import RefusedError, StoreError
from pycrm.revision.model import Setting

if TYPE_CHECKING:
    from pycrm.app.crm import CRM
    from pycrm.plugin import Job
    from pycrm.session import Session

__all__ = ["JobDone", "run"]


@attrs.frozen
class JobDone:
    """What became of one job of a plugin: how many items were done, and what the others failed of.

    A refusal says why an item was not done; any other exception is the plugin's mistake. Neither keeps
    back another item or job, and both are due again at the next run.
    """

    name: str
    done: int
    failures: tuple[str, ...] = ()


def run(crm: CRM) -> tuple[JobDone, ...]:
    """Do what is due, plugin by plugin in the order of loading; jobs of which nothing was due are left out."""
    found = (_run(crm, job) for plugin in crm.registry.plugins for job in plugin.jobs)
    return tuple(one for one in found if one.done or one.failures)


def _run(crm: CRM, job: Job) -> JobDone:
    actor = crm.system(f"job {job.name}")
    today = crm.calendar_day(crm.clock.now()).isoformat()
    failures: list[str] = []
    items: list[Any] = []
    is_asked = True
    with _noted(failures), crm.view(actor) as session:
        is_asked = not (job.daily and _last(session, job) == today)
        items = list(job.due(session)) if is_asked else []
    done = 0
    for item in items:
        with _noted(failures):
            crm.run(actor, partial(_act, job, item))
            done += 1
    if job.daily and is_asked and not failures:
        crm.run(actor, partial(_keep, job, today))
    return JobDone(job.name, done, tuple(failures))


@contextmanager
def _noted(failures: list[str]) -> Iterator[None]:
    """Note what fails within, unless the database itself does."""
    try:
        yield
    except StoreError:
        raise
    except RefusedError as refusal:
        failures.append(refusal.message)
    except Exception as mistake:
        failures.append(f"{type(mistake).__name__}: {mistake}")


def _act(job: Job, item: Any, session: Session) -> None:
    job.act(session, item)


def _last(session: Session, job: Job) -> str | None:
    table = Setting.__table__.c
    rows = session.transaction.fetch(sa.select(table.value).where(table.name == f"job:{job.name}"))
    return rows[0][0] if rows else None


def _keep(job: Job, today: str, session: Session) -> None:
    """Keep the day on which all was done."""
    table, name = Setting.__table__, f"job:{job.name}"
    statement: Any = sa.insert(table).values(name=name, value=today)
    if _last(session, job) is not None:
        statement = sa.update(table).where(table.c.name == name).values(value=today)
    session.transaction.execute(statement)
