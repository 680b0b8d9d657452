"""The CRM: made once from a URL and plugins, frozen at its first session."""

from __future__ import annotations

import random as _random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID

import sqlalchemy as sa

from pycrm.app.asked import Asked
from pycrm.app.declared import Declared
from pycrm.app.roles import ungrantable
from pycrm.app.upkeep import Upkeep
from pycrm.declare.policy import ClaimPolicy
from pycrm.errors import DeclarationError, StoreError
from pycrm.revision.looking import Look
from pycrm.revision.model import Setting
from pycrm.scope.actor import Actor, Source, unkey
from pycrm.session import Session
from pycrm.store import Store, Transaction
from pycrm.values import Clock, FixedClock, Identifiers, SystemClock

if TYPE_CHECKING:
    from pycrm.plugin import Plugin
    from pycrm.scoring.book import ScoreRun
    from pycrm.scoring.engine import Engine

__all__ = ["CRM"]

T = TypeVar("T")
_TRIES = 8


class CRM(Declared, Asked, Upkeep):
    """One tenant's CRM: a database, the core and the enabled plugins.

    Args:
        url: ``sqlite:///clinic.db`` or ``postgresql://user@host/database``.
        plugins: names of installed plugins, plugin classes or instances.
        currency: of sums over nothing, and the default of forms.
        clock: where "now" comes from; a `FixedClock` in tests.
        random: the source of identifiers; a seeded ``random.Random`` makes them repeatable.
        schema: on PostgreSQL, the schema of this tenant.
        utc_offset: of the business day, in hours; 8 is Shanghai.
        claims: what the writer of a unique value is told of a hidden record that holds it, where it is
            not what the declaration says: ``{"Person.id_no": ClaimPolicy.ARBITER}``, a child class
            such as ``"ContactPoint"``, or ``"*"``. It is settled before there is data.
        probes_per_hour: how many values that are held elsewhere one person may enter in an hour.
        exported_per_hour: how many rows one person may take out in an hour, by exports of records and scores.
        heads: the folder in which the heads of the sealed history are kept, best on another machine. Without
            it they stand beside the SQLite file, and nothing is sealed on PostgreSQL.
        on_error: whether a plugin that does not load, or fails, stops the CRM and the act (``"refuse"``) or
            is left out (``"isolate"``), with its reason in `left_out` and in the report of hooks.

    Raises:
        DeclarationError: the plugins or their declarations do not fit together.
    """

    def __init__(
        self,
        url: str,
        *,
        plugins: Iterable[str | Plugin | type[Plugin]] = (),
        currency: str = "CNY",
        clock: Clock | None = None,
        random: _random.Random | None = None,
        schema: str | None = None,
        utc_offset: float = 8,
        claims: Mapping[str, ClaimPolicy] | None = None,
        probes_per_hour: int = 200,
        exported_per_hour: int = 100_000,
        heads: str | Path | None = None,
        on_error: Any = "refuse",
    ) -> None:
        self.store = Store(url, schema=schema)
        self.currency = currency
        self._claims = dict(claims or {})
        self.probes_per_hour = probes_per_hour
        self.exported_per_hour = exported_per_hour
        self.heads = Path(heads) if heads is not None else None
        self.clock: Clock = clock or SystemClock()
        self.identifiers = Identifiers(self.clock, random)
        self._zone = timezone(timedelta(hours=utc_offset))
        self._put_together(plugins, on_error)
        self._secret: bytes | None = None
        self._is_migrated = False
        self.role_grants: dict[Any, Any] = {}
        self.actors: dict[Any, Actor] = {}
        self.sql_digests: dict[Any, str] = {}
        self.keepers: dict[Any, Any] = {}
        self._lock = threading.Lock()

    @classmethod
    def open(cls, url: str, *, plugins: Iterable[str | Plugin | type[Plugin]] = (), **settings: Any) -> Self:
        """The CRM with the plugins that are enabled in its database (`pycrm plugin enable`).

        Args:
            plugins: those of the product, which are loaded whatever the database says.
            settings: as of the class.

        Raises:
            DeclarationError: the plugins do not fit together, or one is not installed any more.
            StoreError: the database does not answer.
        """
        from pycrm.app.enabling import enabled

        given = tuple(plugins)
        known = {getattr(one, "name", one) for one in given}
        names = [name for name in enabled(url, schema=settings.get("schema")) if name not in known]
        return cls(url, plugins=(*given, *names), **settings)

    # --- sessions ------------------------------------------------------------------------------

    def session(self, who: Any, *, operation: str | None = None, source: Source = Source.PYTHON) -> Session:
        """A session that reads and writes as `who`: a login, a user, or `system`.

        Leaving the block commits. A known `operation` raises `AlreadyDoneError` and does nothing.

        Raises:
            StoreError: the database was not migrated, or by a newer version of pycrm or a plugin.
        """
        return Session(self, self._transaction(True, operation), who, source)

    def view(
        self, who: Any, *, sees: Any = None, because: str = "", source: Source = Source.PYTHON
    ) -> Session:
        """A session that only reads, all of it from one state of the database.

        Args:
            sees: read what this person sees; it takes a grant on the entity ``sight``, and is written down first.
            because: what that is for.
        """
        by = who if sees is None else Look(who, sees, because)
        return Session(self, self._transaction(False, None), by, source)

    def system(self, purpose: str, *, grants: Iterable[str] = ("*",)) -> Actor:
        """The product itself as an actor; its purpose is kept with all it writes.

        Args:
            purpose: what for, in words.
            grants: ``"*"``, class names, ``"Customer.read"``, or special fields such as ``"Person.id_no"``.

        Raises:
            DeclarationError: no purpose, or a grant of what there is not.
        """
        if not purpose.strip():
            raise DeclarationError("a system actor names its purpose")
        grants = tuple(grants)
        for grant in ungrantable(self.registry, grants):
            raise DeclarationError(f"a system actor is granted {grant}, which there is not")
        return Actor.system(purpose, grants)

    def run(
        self,
        who: Any,
        function: Callable[[Session], T],
        *,
        operation: str | None = None,
        source: Source = Source.PYTHON,
    ) -> T:
        """Call the function in a session of its own, again if the database asks for it.

        After serialization failures, locks and broken connections; what the function did was rolled back.

        Raises:
            AlreadyDoneError: the operation took effect before, perhaps in a try whose answer was lost.
            UnknownOutcomeError: the connection broke during the commit, and there is no operation id.
        """
        for attempt in range(_TRIES):
            try:
                with self.session(who, operation=operation, source=source) as session:
                    answer = function(session)
                return answer
            except StoreError as error:
                if attempt + 1 == _TRIES or not self.store.is_transient(error, operation):
                    raise
                time.sleep(0.01 * 2**attempt * _random.random())
        raise AssertionError("unreachable")

    def run_scores(
        self,
        who: Any,
        model: str,
        *,
        as_of: date | None = None,
        engine: Engine = "database",
        progress: Callable[[int, int], None] | None = None,
    ) -> ScoreRun:
        """Score all customers of a model as of a day, in batches that are committed one by one.

        Called again after it was interrupted, it goes on where it stopped.

        Args:
            as_of: a day that has come; today without it.
            engine: ``database``, the operational one, or ``duckdb`` in memory beside it, with the same results.
            progress: called after each batch with how many are done, and of how many.

        Raises:
            NotFoundError: there is no such model.
            InvalidError: there is no such engine, or the day has not come.
            ForbiddenError: the actor may not update ``scores``.
            DeclarationError: DuckDB is not installed (extra ``analytics``).
        """
        from pycrm.scoring.run import run

        return run(self, who, model, day=as_of, engine=engine, progress=progress)

    def _transaction(self, write: bool, operation: str | None) -> Transaction:
        self.refuse_unmigrated()
        return Transaction(self.store, write=write, moment=self.clock.now(), operation=operation)

    def refuse_unmigrated(self) -> None:
        """Refuse to go on, once, where the database was not migrated, or by a newer version."""
        if not self._is_migrated:
            from pycrm.app.custom import learn
            from pycrm.app.setup import refuse_unmigrated

            refuse_unmigrated(self)
            tx = Transaction(self.store, write=False, moment=self.clock.now(), operation=None)
            try:
                learn(self, tx)
            finally:
                tx.rollback()
            self._is_migrated = True

    # --- what rooms below ask of the whole ---------------------------------------------------------

    def claim_policy(self, name: str, declared: ClaimPolicy) -> ClaimPolicy:
        """What holds for a unique field, ``Person.id_no``, or for a class of rows that claim."""
        return ClaimPolicy(self._claims.get(name, self._claims.get("*", declared)))

    def unkey(self, value: Any) -> UUID | None:
        """An id from what the driver gave."""
        return unkey(value)

    @property
    def secret(self) -> bytes:
        """The key of claims and cursors, kept with the database it protects."""
        if self._secret is None:
            with self._lock:
                self._secret = self._read_secret()
        return self._secret

    def _read_secret(self) -> bytes:
        table = Setting.__table__.c
        unmade = StoreError("the database has not been set up: run `pycrm init`")
        with self.store.connect() as connection:
            try:
                value = connection.execute(sa.select(table.value).where(table.name == "secret")).scalar()
            except (sa.exc.ProgrammingError, sa.exc.OperationalError) as error:
                raise unmade from error
        if value is None:
            raise unmade
        return bytes.fromhex(value)

    # --- setting up --------------------------------------------------------------------------------

    def migrate(self) -> list[str]:
        """Bring the database to the shape of this version and of its plugins.

        Each step takes place whole or not at all. What was done stays when a later step fails, and
        the next call goes on from there. Two processes may call it at the same time.

        Returns:
            one line for each step taken; an empty list when nothing was to do.

        Raises:
            StoreError: a step failed, or the database was migrated by a newer version.
        """
        from pycrm.app.setup import migrate

        return migrate(self)

    def pending(self) -> list[str]:
        """What `migrate` would do, one line for each step; empty when nothing is to do.

        Raises:
            StoreError: the database was migrated by a newer version.
        """
        from pycrm.app.setup import pending

        return pending(self)

    @contextmanager
    def replay(self, beginning: datetime, random: _random.Random | None = None) -> Iterator[FixedClock]:
        """Let acts take place in the past: sample data, or what another system kept.

        Meanwhile the clock stands where it is set, for everybody, so nobody else should use the CRM; clock
        and source of identifiers are put back at the end.

        Args:
            beginning: where the clock stands at first; `FixedClock.set` and `FixedClock.advance` move it.
            random: the source of identifiers; a seeded one makes them repeatable.

        Yields:
            the clock.
        """
        kept = self.clock, self.identifiers
        clock = FixedClock(beginning)
        self.clock, self.identifiers = clock, Identifiers(clock, random)
        try:
            yield clock
        finally:
            self.clock, self.identifiers = kept

    def close(self) -> None:
        """Close every connection; also done by leaving ``with CRM(…) as crm``."""
        self.store.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
