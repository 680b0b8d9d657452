"""The people of a project as a map: the higher the more they decide, the further right the more they are for us."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape

from pycrm.plugins.projects.stakeholder import Stakeholder

__all__ = ["stakeholder_map"]

_WIDTH, _ROW, _TOP, _LEFT = 640, 64, 28, 28
_STANCES = (-2, -1, 0, 1, 2)
_LEVELS = (5, 4, 3, 2, 1)
_LOOKS: Mapping[int | None, str] = {
    -2: "against",
    -1: "cool",
    0: "open",
    1: "warm",
    2: "for",
    None: "unknown",
}
_LONGEST = 14


def stakeholder_map(people: Iterable[Stakeholder], words: Callable[[str], str]) -> str:
    """The map as SVG, coloured by the rules of the pages for its classes; everybody stands in it as text too.

    Columns are stances from -2 to 2 and one for who is not known, rows influences from 5 to 1. Circles grow with
    the influence, and those who share a place stand beside each other.

    Args:
        words: what a text is called in the reader's language.
    """
    column = (_WIDTH - _LEFT) / (len(_STANCES) + 1)
    height = _TOP + _ROW * len(_LEVELS) + 8
    places: dict[tuple[int | None, int], list[Stakeholder]] = {}
    for one in people:
        places.setdefault((one.stance, one.influence), []).append(one)
    parts = [*_grid(column, height, words)]
    for (stance, influence), some in sorted(places.items(), key=lambda each: (-each[0][1], each[0][0] or 0)):
        at = len(_STANCES) if stance is None else _STANCES.index(stance)
        x, y = _LEFT + column * at, _TOP + _ROW * _LEVELS.index(influence)
        for number, one in enumerate(some):
            longest = max(4, _LONGEST // len(some))
            parts.append(_person(one, x + column * (number + 0.5) / len(some), y + 24, longest, words))
    label = escape(words("People by influence and stance"))
    return (
        f'<svg class="people-map" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )


def _grid(column: float, height: int, words: Callable[[str], str]) -> Iterator[str]:
    heads = [*(f"{stance:+d}" if stance else "0" for stance in _STANCES), words("stance not known")]
    for at, head in enumerate(heads):
        x = _LEFT + column * at
        yield f'<line class="axis" x1="{x:.0f}" y1="{_TOP}" x2="{x:.0f}" y2="{height}"/>'
        yield f'<text class="head" x="{x + column / 2:.0f}" y="16">{escape(head)}</text>'
    for at, level in enumerate(_LEVELS):
        y = _TOP + _ROW * at
        yield f'<line class="axis" x1="{_LEFT}" y1="{y}" x2="{_WIDTH}" y2="{y}"/>'
        yield f'<text class="head" x="12" y="{y + 28}">{level}</text>'


def _person(one: Stakeholder, x: float, y: float, longest: int, words: Callable[[str], str]) -> str:
    name = one.name if len(one.name) <= longest else one.name[: longest - 1] + "…"
    stance = words("stance not known") if one.stance is None else f"{one.stance:+d}"
    told = f"{one.name}: {words('Influence')} {one.influence}, {words('Stance')} {stance}"
    return (
        f'<g class="{_LOOKS[one.stance]}"><title>{escape(told)}</title>'
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{6 + 2 * one.influence}"/>'
        f'<text x="{x:.0f}" y="{y + 34:.0f}">{escape(name)}</text></g>'
    )
