"""The hands of one server: they do long work one after the other, and say that they are still there."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.errors import RefusedError, StoreError
from pycrm.work.book import note, touch
from pycrm.work.model import SILENCE, StoppedError, WorkState

if TYPE_CHECKING:
    from pycrm.app import CRM

__all__ = ["Act", "Progress", "Workshop"]

_log = logging.getLogger("pycrm.work")
# In seconds: the book is written this often at most, however small the steps are.
_EVERY = 0.5
_BEAT = SILENCE.total_seconds() / 4


class Progress:
    """Told by work between its steps, outside of its sessions, how far it has come.

    Raises:
        StoppedError: it is to stop here, as its person asked or because the server ends.
    """

    def __init__(self, crm: CRM, id: UUID, is_closing: Callable[[], bool]) -> None:
        self._crm, self._id, self._is_closing = crm, id, is_closing
        self._next = 0.0
        self.counts: dict[str, Any] = {}

    def __call__(self, done: int, total: int | None) -> None:
        """`done` steps of `total`."""
        self.counts = {"done": done, "total": total}
        if self._is_closing():
            raise StoppedError
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY
        if note(self._crm, self._id, WorkState.WORKING, None, **self.counts):
            raise StoppedError


#: What there is to do: it tells its progress, and gives what came of it, as JSON has it.
Act = Callable[[Progress], Mapping[str, Any]]


class Workshop:
    """Does long work in a thread of its own, one piece after the other, so that those who answer are not held up."""

    def __init__(self, crm: CRM) -> None:
        self._crm = crm
        self._hands = ThreadPoolExecutor(1, thread_name_prefix="pycrm-work")
        self._closing = threading.Event()
        self._held: set[UUID] = set()
        self._lock = threading.Lock()
        self._beating = False

    def take(self, id: UUID, act: Act) -> None:
        """Do this as soon as what was taken before is done."""
        with self._lock:
            self._held.add(id)
            if not self._beating:
                self._beating = True
                threading.Thread(target=self._beat, name="pycrm-beat", daemon=True).start()
        self._hands.submit(self._do, id, act)

    def close(self) -> None:
        """Stop what is at work before its next step; it is told to be lost, as what still waits."""
        self._closing.set()
        self._hands.shutdown(wait=True)

    def _do(self, id: UUID, act: Act) -> None:
        progress = Progress(self._crm, id, self._closing.is_set)
        state, told = WorkState.FAILED, None
        try:
            progress(0, None)
            told = act(progress)
            state = WorkState.DONE
        except StoppedError:
            state = WorkState.LOST if self._closing.is_set() else WorkState.STOPPED
        except RefusedError as error:
            said = [one.message for one in error.fields] or [error.message]
            state, told = WorkState.REFUSED, {"said": said[:20]}
        except Exception as error:
            # No values: an error's text may hold them.
            _log.error("work %s failed: %s", id, type(error).__name__)
        finally:
            self._end(id, state, told, progress.counts)

    def _end(self, id: UUID, state: WorkState, told: Any, counts: Mapping[str, Any]) -> None:
        try:
            note(self._crm, id, state, told, **counts)
        except StoreError as error:
            # Nobody is told then that it is over, and it counts as lost.
            _log.error("the end of work %s could not be written: %s", id, type(error).__name__)
        with self._lock:
            self._held.discard(id)

    def _beat(self) -> None:
        while not self._closing.wait(_BEAT):
            with self._lock:
                held = list(self._held)
                if not held:
                    self._beating = False
                    return
            try:
                touch(self._crm, held)
            except StoreError as error:
                _log.warning("work could not be touched: %s", type(error).__name__)
