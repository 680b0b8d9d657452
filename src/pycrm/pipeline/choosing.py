"""Where a new record begins: in which pipeline of its entity, and in which stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycrm.errors import InvalidError, Problem
from pycrm.pipeline.chart import Chart
from pycrm.pipeline.wheres import meets

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["entry_values", "refuse_other"]


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
        "stage_config": tree.config(tree.leaves(tree.first)),
        "pipeline": chart.pipeline.key,
        "pipeline_version": chart.pipeline.version,
    }


def _chosen(tx: Transaction, cls: Any, record: Any, by_hand: str | None) -> Chart:
    if by_hand is not None:
        refuse_other(tx, cls, by_hand)
        return tx.crm.pipelines.current(tx, by_hand)  # type: ignore[no-any-return]
    if record is not None:
        for key in tx.crm.pipelines.keys_of(tx, cls):
            chart: Chart = tx.crm.pipelines.current(tx, key)
            if chart.pipeline.when and meets(record, chart.pipeline.when):
                return chart
    return tx.crm.pipelines.current(tx, cls.__pipeline__)  # type: ignore[no-any-return]


def refuse_other(tx: Transaction, cls: Any, key: str) -> None:
    """Refuse a pipeline that is not one of the class's.

    Raises:
        InvalidError: it is not.
    """
    if key not in tx.crm.pipelines.keys_of(tx, cls):
        raise _unknown(cls, key)


def _unknown(cls: Any, key: str) -> InvalidError:
    wrong = Problem("pipeline", "unknown", f"there is no pipeline {key} for a {cls.__name__.lower()}")
    return InvalidError(wrong.message, fields=[wrong])
