"""What rooms below ask of the whole: of pipelines, which lie above them, and of the calendar."""

from __future__ import annotations

from datetime import date, datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm import pipeline as pipelines
from pycrm.declare.policy import Owned, Team, Through
from pycrm.store import Transaction

if TYPE_CHECKING:
    from pycrm.plugin import Registry
    from pycrm.scoring.catalog import Catalog
    from pycrm.worktime import BusinessCalendar

__all__ = ["Asked"]


class Asked:
    """Answers to rooms that may not import the one that knows, and the days of the enterprise."""

    registry: Registry
    _zone: timezone

    def entry_values(
        self, tx: Transaction, cls: Any, record: Any = None, pipeline: Any = None
    ) -> dict[str, Any]:
        """Pipeline, stage and time with which a new record begins."""
        return pipelines.choosing.entry_values(tx, cls, record, pipeline)

    def stage_entries(self, tx: Transaction, record: Any) -> Any:
        """The first rows of a record's stage history."""
        return pipelines.entering.first_entries(tx, record)

    def approved_move(self, tx: Transaction, record: Any, to: str, values: dict[str, Any]) -> Any:
        """Take a move to which those who had to agree have agreed."""
        return pipelines.execute.move(tx, record, to, values, tx.memo.get("reason"), is_approved=True)

    def approval_of(self, tx: Transaction, entity: str, record: UUID, to: str) -> str | None:
        """The flow of those who have to agree to a move."""
        return pipelines.proposing.approval_of(tx, tx.crm.record(entity), record, to)

    def custom(self, tx: Transaction, cls: Any) -> Any:
        """The facet of the fields that administrators added to a class."""
        from pycrm.app.custom import custom_facet

        return custom_facet(tx, cls)

    @property
    def zone(self) -> timezone:
        """The business time zone, in which days begin and faces show instants."""
        return self._zone

    def calendar_day(self, moment: datetime) -> date:
        """The business day of an instant."""
        return moment.astimezone(self._zone).date()

    def business_calendar(self, tx: Transaction) -> BusinessCalendar:
        """The working days and hours of the enterprise, as a transaction sees them."""
        from pycrm.app.amendments import business_calendar

        return business_calendar(tx.crm, tx)

    @cached_property
    def teams(self) -> tuple[tuple[Any, Team], ...]:
        """The record classes that have teams, each with what says who is in one."""
        owned = ((cls, cls.__scope__) for cls in self.registry.records.values())
        return tuple(
            (cls, policy.team)
            for cls, policy in owned
            if isinstance(policy, Owned | Through) and policy.team is not None
        )

    @cached_property
    def catalog(self) -> Catalog:
        """The indicators and the sources of facts of core and plugins, made when first asked for."""
        from pycrm.scoring.catalog import Catalog

        return Catalog(self.registry)
