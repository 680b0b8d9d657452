"""Where a new record begins: in which pipeline of its entity, and in which stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycrm.errors import InvalidError, Problem
from pycrm.pipeline.chart import Chart
from pycrm.pipeline.wheres import meets

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["config_of", "entry_values", "pipelines_of", "refuse_other"]


def entry_values(tx: Transaction, cls: Any, record: Any = None, by_hand: str | None = None) -> dict[str, Any]:
    """Pipeline, stage and time with which a new record begins.

    Args:
        cls: its class.
        record: the record, for the conditions of pipelines; without it the one that the class names.
        by_hand: the key of the pipeline that was asked for.

    Raises:
        InvalidError: there is no such pipeline for these records.
    """
    if cls.__pipeline__ is None:
        if by_hand is not None:
            raise _unknown(cls, by_hand)
        return {}
    chart = _chosen(tx, cls, record, by_hand)
    tree = chart.routes.tree
    return {
        "stage": chart.pipeline.entry.key,
        "stage_at": tx.moment,
        "stage_config": config_of(chart, tree.leaves(tree.first)),
        "pipeline": chart.pipeline.key,
        "pipeline_version": chart.pipeline.version,
    }


def config_of(chart: Chart, leaves: tuple[str, ...]) -> tuple[str, ...] | None:
    """The innermost stages, where the stage alone does not tell them."""
    return None if leaves == (chart.routes.tree.top(leaves[0]),) else leaves


def _chosen(tx: Transaction, cls: Any, record: Any, by_hand: str | None) -> Chart:
    keys = pipelines_of(tx, cls)
    if by_hand is not None:
        refuse_other(tx, cls, by_hand)
        return tx.crm.pipelines.current(tx, by_hand)  # type: ignore[no-any-return]
    if record is not None:
        for key in keys:
            chart: Chart = tx.crm.pipelines.current(tx, key)
            if chart.pipeline.when and meets(record, chart.pipeline.when):
                return chart
    return tx.crm.pipelines.current(tx, cls.__pipeline__)  # type: ignore[no-any-return]


def pipelines_of(tx: Transaction, cls: Any) -> list[str]:
    """The pipelines of a class, in the order of their declaration."""
    declared = tx.crm.pipelines.declared
    return list(dict.fromkeys(key for (key, _), one in declared.items() if one.entity == cls.__name__))


def refuse_other(tx: Transaction, cls: Any, key: str) -> None:
    """Refuse a pipeline that is not one of the class's.

    Raises:
        InvalidError: it is not.
    """
    if key not in pipelines_of(tx, cls):
        raise _unknown(cls, key)


def _unknown(cls: Any, key: str) -> InvalidError:
    wrong = Problem("pipeline", "unknown", f"there is no pipeline {key} for a {cls.__name__.lower()}")
    return InvalidError(wrong.message, fields=[wrong])
