"""How a deal runs: the weeks in which it reaches its stages, drawn at random."""

from __future__ import annotations

from random import Random

import attrs

__all__ = ["Step", "course"]

# stage, weeks until it is reached, how often in a hundred the deal is lost instead
_ROAD = (
    ("contacted", (0, 3), 8),
    ("need_confirmed", (1, 5), 11),
    ("quoted", (1, 5), 13),
    ("negotiating", (1, 6), 18),
    ("won", (1, 6), 28),
)
_STALLS = 4
_SKIPS_THE_NEED = 10
_GOES_BACK = 6
_REOPENS = 5


@attrs.frozen
class Step:
    """The week in which a deal reaches a stage."""

    week: int
    stage: str


def course(random: Random, week: int, last: int) -> list[Step]:
    """The steps of a deal that was filed in `week`, as far as they lie before or in week `last`."""
    steps = _from(random, week, 0)
    if steps and steps[-1].stage == "lost" and _happens(random, _REOPENS):
        again = steps[-1].week + random.randint(5, 12)
        # Back to where it was lost, and on from there.
        back = steps[-2].stage if len(steps) > 1 else "filed"
        road = ["filed", *(stage for stage, _, _ in _ROAD)]
        steps += [Step(again, back), *_from(random, again, road.index(back))]
    return [step for step in steps if step.week <= last]


def _from(random: Random, week: int, first: int) -> list[Step]:
    steps: list[Step] = []
    for stage, (soonest, latest), lost in _ROAD[first:]:
        week += random.randint(soonest, latest)
        if _happens(random, _STALLS):
            break
        if _happens(random, lost):
            steps.append(Step(week, "lost"))
            break
        if stage == "need_confirmed" and _happens(random, _SKIPS_THE_NEED):
            continue
        steps.append(Step(week, stage))
        if stage == "negotiating" and _happens(random, _GOES_BACK):
            steps += [Step(week + 2, "quoted"), Step(week + 4, "negotiating")]
            week += 4
    return steps


def _happens(random: Random, in_a_hundred: int) -> bool:
    return random.randrange(100) < in_a_hundred
