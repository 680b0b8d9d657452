"""Five and twenty ways in which a hook can go wrong, and a plugin that does any of them in any hook."""

from __future__ import annotations

import asyncio
import decimal
import gc
import locale
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

from pycrm import ConflictError, Customer, Note
from pycrm.hooks import hookimpl
from pycrm.plugin import Plugin

__all__ = ["HOOKS", "MODES", "REFUSALS", "Chaos", "Watch", "surroundings"]

HOOKS = (
    *("before_add", "before_change", "before_move", "choose_owner"),
    *("record_added", "record_changed", "record_moved"),
)
Mode = Callable[[Any, Any], object]


class HostileError(Exception):
    """An error that fails when it is shown."""

    def __str__(self) -> str:
        raise RuntimeError("cannot be shown")

    __repr__ = __str__


def _raise(error: BaseException) -> Mode:
    def mode(session: Any, record: Any) -> object:
        raise error

    return mode


def hang(session: Any, record: Any) -> None:
    time.sleep(0.02)


def mutate(session: Any, record: Any) -> None:
    record.id = UUID(int=1)


def swallow(session: Any, record: Any) -> None:
    with suppress(Exception):
        session.change(record, no_such_field=1)


def write_and_fail(session: Any, record: Any) -> None:
    session.add(Note(body="half", customer=getattr(record, "customer", record)))
    raise ValueError("half-way")


def write_with_another(session: Any, record: Any) -> None:
    with session.crm.view("rep_b") as other:
        other.find(Customer)
    raise ValueError("after looking elsewhere")


def reenter(session: Any, record: Any) -> None:
    session.add(Note(body="whole", customer=getattr(record, "customer", record)))


def recurse(session: Any, record: Any) -> None:
    recurse(session, record)


def close(session: Any, record: Any) -> None:
    session.__exit__(None, None, None)


def commit(session: Any, record: Any) -> None:
    session.transaction.commit()


def roll_back(session: Any, record: Any) -> None:
    session.transaction.rollback()


def go_round(session: Any, record: Any) -> None:
    with session.crm.store.engine.connect() as connection:
        connection.exec_driver_sql("DELETE FROM crm_change")


def leave_a_thread(session: Any, record: Any) -> None:
    threading.Thread(target=time.sleep, args=(0.05,), daemon=True).start()


def round_to_two(session: Any, record: Any) -> None:
    decimal.getcontext().prec = 2


def other_context(session: Any, record: Any) -> None:
    decimal.setcontext(decimal.Context(prec=1, rounding=decimal.ROUND_UP))


def other_locale(session: Any, record: Any) -> None:
    locale.setlocale(locale.LC_ALL, "C")
    locale.setlocale(locale.LC_NUMERIC, "C.UTF-8" if sys.platform == "linux" else "C")


def other_time_zone(session: Any, record: Any) -> None:
    os.environ["TZ"] = "Pacific/Kiritimati"
    time.tzset()


def shallow(session: Any, record: Any) -> object:
    sys.setrecursionlimit(sys.getrecursionlimit() + 50)
    raise ValueError("and another recursion limit")


MODES: dict[str, Mode] = {
    "raise": _raise(ZeroDivisionError()),
    "raise a base exception": _raise(BaseException("not even an Exception")),
    "sys.exit": _raise(SystemExit(3)),
    "stop iteration": _raise(StopIteration()),
    "asyncio cancelled": _raise(asyncio.CancelledError()),
    "hostile error": _raise(HostileError()),
    "refuse": _raise(ConflictError("no")),
    "sleep": hang,
    "a long string": lambda session, record: "x" * 10_000_000,
    "not a number": lambda session, record: float("nan"),
    "infinite": lambda session, record: float("inf"),
    "signalling nan": lambda session, record: decimal.Decimal("sNaN"),
    "another type": lambda session, record: {"id": record},
    "mutate": mutate,
    "swallow": swallow,
    "write and fail": write_and_fail,
    "look elsewhere and fail": write_with_another,
    "re-enter": reenter,
    "recurse": recurse,
    "close the session": close,
    "commit": commit,
    "roll back": roll_back,
    "go round the gateway": go_round,
    "leave a thread": leave_a_thread,
    "decimal precision": round_to_two,
    "decimal context": other_context,
    "locale": other_locale,
    "time zone": other_time_zone,
    "recursion limit": shallow,
}
# What a hook before the act is free to do.
REFUSALS = {"refuse"}


class Watch(Plugin):
    """A plugin that is loaded behind the other and wants to be told."""

    name = "watch"
    requires = ("chaos",)

    def __init__(self) -> None:
        self.told: list[str] = []


class Chaos(Plugin):
    """A plugin that misbehaves in one hook, as it is told to."""

    name = "chaos"

    def __init__(self) -> None:
        self.hook, self.mode = "", ""
        self.busy = False

    def act(self, hook: str, session: Any, record: Any) -> object:
        """Misbehave, if it is that hook's turn; once where the misbehaviour calls hooks itself."""
        if hook != self.hook or self.busy:
            return None
        self.busy = True
        try:
            return MODES[self.mode](session, record)
        finally:
            self.busy = False


def _equip() -> None:
    for name in HOOKS:

        def chaotic(self: Any, session: Any, record: Any, _name: str = name) -> object:
            return self.act(_name, session, record)

        def watching(self: Any, session: Any, record: Any, _name: str = name) -> None:
            self.told.append(_name)

        for cls, method in ((Chaos, chaotic), (Watch, watching)):
            plain = _plain(method, name)
            setattr(cls, name, hookimpl(plain))


def _plain(method: Any, name: str) -> Any:
    """The method with the arguments of a hook and no others."""

    def hook(self: Any, session: Any, record: Any) -> object:
        return method(self, session, record)

    hook.__name__ = name
    return hook


_equip()


@contextmanager
def surroundings() -> Iterator[None]:
    """What a process has once for all is as before, whatever plugins did to it."""
    zone, places, limit = os.environ.get("TZ"), locale.setlocale(locale.LC_ALL), sys.getrecursionlimit()
    with warnings.catch_warnings():
        try:
            yield
        finally:
            if zone is None:
                os.environ.pop("TZ", None)
            else:
                os.environ["TZ"] = zone
            time.tzset()
            locale.setlocale(locale.LC_ALL, places)
            sys.setrecursionlimit(limit)
            gc.enable()
