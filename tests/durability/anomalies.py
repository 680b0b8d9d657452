"""What in a history of transactions no order of them one after the other can explain.

Each transaction reads lists and appends to them, and no two append the same. So the last state of a list tells
in which order its writers came, and each read between which two of them it stood. From that follows who depends on
whom: a cycle is an anomaly (Adya 1999; as Elle looks for them, Kingsbury and Alvaro, VLDB 2020).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import attrs
import networkx as nx

__all__ = ["Act", "anomalies"]

Lists = Mapping[str, Sequence[str]]


@attrs.frozen
class Act:
    """One transaction: what it saw in each list before it appended there, and what it appended, in order."""

    id: str
    is_committed: bool
    reads: Lists
    appends: Lists


def anomalies(acts: Iterable[Act], final: Lists) -> list[str]:
    """What is wrong, in words; nothing where some order of the transactions explains all of it."""
    return [*_History(list(acts), final).wrong()]


class _History:
    def __init__(self, acts: list[Act], final: Lists) -> None:
        self._acts = [one for one in acts if one.is_committed]
        self._final = final
        self._writer = {token: one.id for one in acts for tokens in one.appends.values() for token in tokens}
        self._between = {token for one in acts for tokens in one.appends.values() for token in tokens[:-1]}
        self._committed = {one.id for one in self._acts}
        self._graph: Any = nx.MultiDiGraph()

    def wrong(self) -> Iterator[str]:
        """Everything that is."""
        yield from self._lost()
        yield from self._read()
        for items in self._final.values():
            for one, next in pairwise(items):
                self._edge(self._writer.get(one), self._writer.get(next), "ww")
        yield from self._cycles()

    def _lost(self) -> Iterator[str]:
        there = {token for items in self._final.values() for token in items}
        if len(there) != sum(map(len, self._final.values())):
            yield "something was appended twice"
        for act in self._acts:
            for tokens in act.appends.values():
                yield from (f"lost update: {token}" for token in tokens if token not in there)
        for token in there:
            if self._writer.get(token) not in self._committed:
                yield f"of a transaction that was undone there is {token}"

    def _read(self) -> Iterator[str]:
        for act in self._acts:
            for key, seen in act.reads.items():
                final = self._final[key]
                if list(seen) != list(final[: len(seen)]):
                    yield f"{act.id} read what never was: {[*seen][-2:]}"
                    continue
                if seen and seen[-1] in self._between and self._writer[seen[-1]] != act.id:
                    yield f"G1b: {act.id} read {seen[-1]}, which its writer went on from"
                if seen:
                    self._edge(self._writer.get(seen[-1]), act.id, "wr")
                if len(seen) < len(final):
                    self._edge(act.id, self._writer.get(final[len(seen)]), "rw")

    def _edge(self, one: str | None, next: str | None, kind: str) -> None:
        if one is not None and next is not None and one != next:
            self._graph.add_edge(one, next, key=kind)

    def _cycles(self) -> Iterator[str]:
        for knot in nx.strongly_connected_components(self._graph):
            if len(knot) > 1:
                yield f"{self._kind(self._graph.subgraph(knot))}: {sorted(knot)[:4]}"

    def _kind(self, graph: Any) -> str:
        """What the worst cycle of a knot is called."""
        for name, kinds in (("G0", ("ww",)), ("G1c", ("ww", "wr"))):
            some = graph.edge_subgraph([edge for edge in graph.edges(keys=True) if edge[2] in kinds])
            if any(len(knot) > 1 for knot in nx.strongly_connected_components(some)):
                return name
        known = graph.edge_subgraph([edge for edge in graph.edges(keys=True) if edge[2] != "rw"])
        for one, next, kind in graph.edges(keys=True):
            if kind == "rw" and next in known and one in known and nx.has_path(known, next, one):
                return "G-single"
        return "G2"
