"""Random pipelines that can work, for property tests."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from pycrm.pipeline import Move, Pipeline, Stage

FIELDS = ("amount", "need", "closed_on")
GUARDS = ("exam.reported", "billing.paid")

_labels = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=12)


def _some(names: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(names), unique=True, max_size=len(names)).map(tuple)


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    """A line of open stages with ends, perhaps a hold and an archived stage, and moves at will."""

    def stage(key: str, **options: Any) -> Stage:
        return Stage(key, draw(_labels), required=draw(_some(FIELDS)), **options)

    line = [f"step{number}" for number in range(draw(st.integers(1, 4)))]
    ends = {f"won{number}": "won" for number in range(draw(st.integers(1, 2)))}
    ends |= {f"lost{number}": "lost" for number in range(draw(st.integers(0, 2)))}
    stages = [stage(key, probability=draw(st.none() | st.integers(0, 100))) for key in line]
    stages += [stage(key, kind=kind) for key, kind in ends.items()]
    ways = [*pairwise(line), *((line[-1], end) for end in ends)]
    if draw(st.booleans()):
        stages.append(stage("paused", kind="hold"))
        ways += [(line[0], "paused"), ("paused", line[0])]
    if draw(st.booleans()):
        stages.append(stage("old", kind=draw(st.sampled_from(("open", "won", "lost"))), archived=True))
        ways += [(line[0], "old"), ("old", line[0])]

    keys = [each.key for each in stages]
    extra = st.tuples(st.sampled_from(("hop", "back")), _some(tuple(keys)), st.sampled_from(keys))
    drawn: list[tuple[str, tuple[str, ...], str]]
    drawn = [(f"way{number}", (source,), target) for number, (source, target) in enumerate(ways)]
    chosen = draw(st.lists(extra, max_size=6, unique_by=lambda way: (way[0], way[2])))
    drawn += [
        (verb, tuple(source for source in sources if source != target), target)
        for verb, sources, target in chosen
        if set(sources) - {target}
    ]
    moves = [
        Move(
            verb,
            sources,
            target,
            draw(_labels),
            required=draw(_some(FIELDS)),
            guards=draw(_some(GUARDS)),
            reason=draw(st.booleans()),
        )
        for verb, sources, target in drawn
    ]
    return Pipeline(
        "random",
        1,
        "Opportunity",
        "Random",
        stages=draw(st.permutations(stages)),
        moves=moves,
        initial=line[0],
    )
