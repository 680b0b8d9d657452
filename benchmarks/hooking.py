"""Fifty plugins with twenty hooks each: what a change and a page cost beside the same without them.

The hooks of a plugin are spread as those of a vertical are: over seven hooks and seven kinds of records,
two of them over changes of customers, of which each looks whether its own field has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import product
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import attrs

from benchmarks.bench import Bench
from benchmarks.changing import changer
from benchmarks.figure import LIMIT, Figure
from benchmarks.placing import placed
from benchmarks.timing import cpu_of, paired
from pycrm import CRM, Contact, Customer, Lead, Note, Opportunity, Plugin, Product, Task, hookimpl

__all__ = ["hooks_50", "start_up"]

GOALS = {"sqlite": 1.15, "postgresql": 1.15}
START_MS = 1000.0
BUNDLED = ("customer_value", "projects", "segments", "supervision")
_PLUGINS = 50
_KINDS = (Customer, Contact, Opportunity, Lead, Task, Note, Product)
# Twenty of a plugin: two for each kind but the last, and six for what is added, moved and owned.
_CHANGES = (*product(_KINDS, ("before_change", "record_changed")),)
_OTHERS = (
    *((Customer, "before_add"), (Customer, "record_added"), (Opportunity, "before_add")),
    *((Opportunity, "before_move"), (Opportunity, "record_moved"), (Lead, "choose_owner")),
)


def hooks_50(bench: Bench) -> Iterator[Figure]:
    """One change, and one page of fifty, with a thousand hooks and with none."""
    assert len(_CHANGES) + len(_OTHERS) == 20
    with ExitStack() as stack:
        first, second = (stack.enter_context(bench.copy()) for _ in range(2))
        crowded = stack.enter_context(CRM(first, plugins=[_plugin(number) for number in range(_PLUGINS)]))
        alone = stack.enter_context(CRM(second))
        stack.enter_context(placed(bench.server, bench.url))
        acts = [(changer(crm, bench.shape.busiest, 1), _pager(crm, bench)) for crm in (crowded, alone)]
        for name, number, pairs in (("hooks_50_change", 0, 400), ("hooks_50_page", 1, 200)):
            taken = paired(acts[0][number], acts[1][number], bench.pairs(pairs), warm=20)
            figure = bench.figure(name, taken, GOALS, "no plugins")
            yield attrs.evolve(figure, issue="plugins")
        assert _called(crowded) >= 2 * _PLUGINS * bench.pairs(400), "the hooks were not called"


def _pager(crm: CRM, bench: Bench) -> Callable[[], object]:
    def page() -> object:
        with crm.view(bench.shape.busiest) as session:
            return session.page(Customer, size=50)

    return page


def _called(crm: CRM) -> int:
    return sum(measure.calls for measure in crm.hooks.report())


def _plugin(number: int) -> Plugin:
    """One of fifty, with twenty hooks, of which two look at each change of a customer."""
    body: dict[str, Any] = {"__doc__": f"Vertical {number}", "name": f"vertical{number}"}
    for cls, hook in (*_CHANGES, *_OTHERS):
        body[f"{hook}_{cls.__name__.lower()}"] = hookimpl(specname=hook)(_hook(hook, cls, number))
    made: Plugin = type(f"Vertical{number}", (Plugin,), body)()
    return made


def _hook(hook: str, cls: type[Any], number: int) -> Callable[..., None]:
    field = f"figure{number}"
    if hook.endswith("_change") or hook.endswith("_changed"):

        def change(self: Plugin, record: Any, changes: Mapping[str, Any]) -> None:
            if field in changes:
                raise ValueError(field)

        change.__annotations__["record"] = cls
        return change

    def other(self: Plugin, record: Any) -> None:
        if getattr(record, field, None) is not None:
            raise ValueError(field)

    other.__annotations__["record"] = cls
    return other


def start_up(quick: bool) -> Iterator[Figure]:
    """A process that opens a database with all bundled plugins and reads one list, in processor time."""
    with TemporaryDirectory(prefix="pycrm-bench-") as folder:
        url = f"sqlite:///{folder}/bundled.db"
        names = ", ".join(repr(name) for name in BUNDLED)
        opened = f"from pycrm import CRM, Customer; crm = CRM({url!r}, plugins=[{names}])"
        cpu_of("-c", f"{opened}; crm.migrate()", byte_code=folder)
        read = f"{opened}; s = crm.view(crm.system('start')); s.__enter__().find(Customer, limit=50)"
        runs = [cpu_of("-c", read, byte_code=folder).cpu for _ in range(5 if quick else 21)]
    yield Figure(
        name="start_up",
        database="sqlite",
        size="none",
        ours_ms=median(runs),
        reference=LIMIT,
        reference_ms=START_MS,
        goal=1.0,
        issue="plugins",
    )
