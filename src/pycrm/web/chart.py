"""Charts, drawn on the server: bars that lead to their records, and a funnel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from pycrm.values import Money
from pycrm.web import figures

__all__ = ["bars", "funnel_chart"]

_WIDTH, _HEIGHT, _LEFT, _FOOT, _TOP = 640, 240, 64, 28, 12


def funnel_chart(stages: Sequence[tuple[str, int, str, str]]) -> Markup:
    """Of each stage a bar as long as what stands in it: label, number, sum, address."""
    most = max((count for _, count, _, _ in stages), default=0) or 1
    parts = []
    for at, (label, count, sums, path) in enumerate(stages):
        y = at * 40
        width = round(360 * count / most, 1)
        parts.append(
            Markup(
                '<a href="{path}"><text x="0" y="{base}">{label}</text>'
                '<rect class="track" x="120" y="{top}" width="360" height="24" rx="5"/>'
                '<rect class="bar-a" x="120" y="{top}" width="{width}" height="24" rx="5"/>'
                '<text class="value" x="492" y="{base}">{count}</text><text x="540" y="{base}">{sums}</text></a>'
            ).format(
                path=path, base=y + 22, top=y + 6, label=label, width=width, count=f"{count:,}", sums=sums
            )
        )
    return Markup('<svg class="chart" viewBox="0 0 640 {}" role="group">{}</svg>').format(
        max(40, len(stages) * 40), Markup("").join(parts)
    )


def bars(
    points: Sequence[tuple[str, Money | None, Money | None, str]], language: str, names: tuple[str, str]
) -> Markup:
    """Two bars a point, of amounts in one currency: name, first, second, address."""
    values = [one.units for _, first, second, _ in points for one in (first, second) if one is not None]
    most = _round(max([*values, 1]))
    room = _HEIGHT - _FOOT - _TOP
    step = (_WIDTH - _LEFT) / max(1, len(points))
    parts = [_grid(points, most, room, language)]
    for at, (name, first, second, path) in enumerate(points):
        x = _LEFT + at * step
        parts.append(
            Markup('<a href="{}"><title>{}</title>').format(path, _told(name, first, second, names))
            + _bar(x + step * 0.18, step * 0.3, first, most, room, "bar-a")
            + _bar(x + step * 0.52, step * 0.3, second, most, room, "bar-b")
            + Markup('<text x="{}" y="{}" text-anchor="middle">{}</text></a>').format(
                round(x + step / 2, 1), _HEIGHT - 8, name
            )
        )
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="group">{}</svg>').format(
        _WIDTH, _HEIGHT, Markup("").join(parts)
    )


def _round(most: int) -> int:
    """The next larger number whose quarters are easily read: 1, 2, 4 or 8 with noughts.

    >>> _round(404_788_28), _round(7), _round(1)
    (80000000, 8, 1)
    """
    scale = int(10 ** (len(str(most)) - 1))
    return next(step * scale for step in (1, 2, 4, 8, 10, 20) if step * scale >= most)


def _told(name: str, first: Money | None, second: Money | None, names: tuple[str, str]) -> str:
    said = [f"{label} {figures.money(one)}" for label, one in zip(names, (first, second), strict=True) if one]
    return f"{name}: {', '.join(said)}"


def _bar(x: float, width: float, value: Money | None, most: int, room: int, name: str) -> Markup:
    height = round(room * max(0, value.units) / most, 1) if value is not None else 0
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="3"/>').format(
        name, round(x, 1), round(_TOP + room - height, 1), round(width, 1), height
    )


def _grid(points: Sequence[Any], most: int, room: int, language: str) -> Markup:
    """Four lines with what they stand for."""
    currency = next((one.currency for _, first, second, _ in points for one in (first, second) if one), "CNY")
    lines = []
    for part in range(5):
        y = _TOP + room - room * part / 4
        text = figures.brief(Money.minor(most * part // 4, currency), language)
        lines.append(
            Markup(
                '<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>'
            ).format(_LEFT, _WIDTH, y, y, _LEFT - 8, y + 4, text)
        )
    return Markup("").join(lines)
