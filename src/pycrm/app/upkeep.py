"""What is done for the whole of a CRM by nobody in particular: jobs that are due, the seal, proof and cleaning."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from pycrm.app.crm import CRM
    from pycrm.app.jobs import JobReport
    from pycrm.revision.erase import Expired
    from pycrm.revision.seal import Sealed, Verification
    from pycrm.revision.size import HistorySize

__all__ = ["Upkeep"]


class Upkeep:
    """The methods of `CRM` for whoever runs it."""

    @property
    def _whole(self) -> CRM:
        return cast("CRM", self)

    def run_jobs(self, day: date | None = None) -> JobReport:
        """Do all that is due by itself: amendments whose day has come, reminders, escalations, jobs, the seal.

        It can be called as often as one likes: what is done is not due any more. Where no folder was
        named for the heads of the chain and one is needed, the report says so and the rest is done.

        Args:
            day: apply what is due until that day; without it, until today.

        Raises:
            InvalidError: the day has not come yet.
            StoreError: what is due was done, and then the chain was found broken off; see `seal`.
        """
        from pycrm.app.jobs import run

        return run(self._whole, day)

    def seal(self) -> Sealed:
        """Give every committed revision, look and export its number in the chain, and export the head.

        Several processes may call it; they take turns. Call it every minute (`pycrm jobs run` does):
        what is not sealed yet, nothing proves.

        Returns:
            how many links were added, the newest number and its hash.

        Raises:
            StoreError: the heads cannot be kept, or the chain does not go on from those kept before.
                Whatever was sealed by then stays so, and the next call exports its head.
        """
        from pycrm.app.sealing import seal

        return seal(self._whole)

    def verify(self, heads: str | Path | None = None) -> Verification:
        """Prove the chain of history, or name its first broken place.

        Args:
            heads: a file of heads to compare with; without it the one that `seal` writes.

        Raises:
            StoreError: the named file cannot be read, or the heads that `seal` wrote are gone.
        """
        from pycrm.app.sealing import verify

        return verify(self._whole, None if heads is None else Path(heads))

    def history_size(self) -> list[HistorySize]:
        """Weigh the history by kind of record, and say what exceeds the `Budget` of its class or plugin.

        Returns:
            each kind with its rows, bytes and oldest change, the most rows first.
        """
        from pycrm.app.sealing import sizes

        return sizes(self._whole)

    def expired(self, day: date | None = None) -> list[Expired]:
        """Whom `run_jobs` erases by itself: people of whom nothing was written for a `RetentionPeriod`.

        Args:
            day: by that day, which may lie ahead; without it, by today.
        """
        from pycrm.app.retention import would_go

        return would_go(self._whole, day)

    def scrub(self) -> None:
        """Take what was erased out of the files too: write them anew and empty the log.

        On SQLite the whole file is written once more, and nobody writes meanwhile. On PostgreSQL each
        table is (VACUUM FULL), locked while it is; what the server's own log and backups hold goes when
        they do.

        Raises:
            StoreError: somebody is reading or writing, so that the log cannot be emptied.
        """
        from pycrm.app.scrub import scrub

        scrub(self._whole)
