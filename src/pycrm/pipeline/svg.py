"""Pipelines as drawings in SVG, which any page and any browser shows without help.

Stages stand in a row in the order of their rank. A move is a track above the row where it leads on, and
below it where it leads back or to a loss: from each of its sources a line joins the track, and one arrow
leaves it. So a move from five stages is one thing to look at and not five. Stages within a stage are
drawn inside it, in the same way; a move between stages of different holders joins the holders.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

import attrs

from pycrm.pipeline.model import RETURN, Move, Pipeline, Stage
from pycrm.pipeline.track import Track, levels, ports, tracks

__all__ = ["svg"]

_WIDTH, _HEIGHT, _GAP, _PAD = 148, 66, 56, 16
_LEVEL, _STUB, _TITLE = 26, 18, 44
_LINE, _LETTER = 17, 7.2
_MOST_LINES = 2

_STYLE = """
.pipeline{--ink:#1d2733;--soft:#5b6775;--line:#6d7a88;--paper:#ffffff;
--open:#eef4fb;--open-edge:#5b84b1;--won:#e3f4e6;--won-edge:#2f7d3b;--lost:#f9e4e4;--lost-edge:#a33a3a;
--hold:#fdf3d8;--hold-edge:#94741a;--archived:#f0f0f0;--archived-edge:#8b8b8b;
font-family:system-ui,-apple-system,"Segoe UI","Noto Sans","Noto Sans CJK SC",sans-serif;font-size:13px}
@media (prefers-color-scheme:dark){.pipeline{--ink:#e6ebf1;--soft:#a3afbd;--line:#8b98a7;--paper:#14191f;
--open:#1c2a3a;--open-edge:#6f9bcb;--won:#17301d;--won-edge:#63b873;--lost:#3a1c1c;--lost-edge:#d97c7c;
--hold:#352c12;--hold-edge:#d0ac4e;--archived:#23272c;--archived-edge:#7f858c}}
.pipeline .paper{fill:var(--paper)}.pipeline text{fill:var(--ink)}
.pipeline .name{font-weight:600}.pipeline .soft,.pipeline .said{fill:var(--soft);font-size:12px}
.pipeline .behind{fill:var(--paper);stroke:none}.pipeline .inner .behind{fill:var(--open)}
.pipeline .way{fill:none;stroke:var(--line);stroke-width:1.4}.pipeline .tip{fill:var(--line)}
.pipeline .back{stroke-dasharray:5 4}.pipeline .region{stroke-dasharray:3 4}
.pipeline rect.open,.pipeline rect.done{fill:var(--open);stroke:var(--open-edge)}
.pipeline rect.won,.pipeline rect.done{stroke:var(--won-edge)}.pipeline rect.won{fill:var(--won)}
.pipeline rect.lost{fill:var(--lost);stroke:var(--lost-edge)}
.pipeline rect.hold{fill:var(--hold);stroke:var(--hold-edge)}
.pipeline rect.archived{fill:var(--archived);stroke:var(--archived-edge);stroke-dasharray:6 4}
.pipeline rect{stroke-width:1.5}.pipeline rect.paper{stroke:none}
""".replace("\n", "")


def svg(pipeline: Pipeline, *, language: str = "en") -> str:
    """A drawing of the pipeline as one SVG element, ending in a line break.

    Boxes say label, probability and expected days of each stage; colours say which are won, lost,
    paused and archived, and follow whether the reader's screen is light or dark. Pages set them by the
    custom properties of the class ``pipeline``. Drafts that do not pass `rules.problems` are drawn too.

    Args:
        pipeline: what to draw.
        language: of the labels, English where it is lacking.
    """
    row = _row(pipeline, pipeline.stages, None, language)
    width, height = row.width + 2 * _PAD + _STUB, row.height + 2 * _PAD
    title = escape(f"{pipeline.label_in(language)} {pipeline.version}")
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="pipeline" role="img" aria-label="{title}"'
            f' width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}">',
            f"<title>{title}</title><style>{_STYLE}</style>",
            f'<rect class="paper" width="{width:g}" height="{height:g}"/>',
            *_placed(row, _PAD + _STUB, _PAD),
            "</svg>\n",
        )
    )


@attrs.frozen
class _Block:
    """Something drawn, from its own left upper corner."""

    width: float
    height: float
    parts: tuple[str, ...]
    # Where a line from outside meets it: the upper and the lower edge.
    top: float = 0
    bottom: float = 0


def _placed(block: _Block, x: float, y: float) -> Iterator[str]:
    yield f'<g transform="translate({x:g} {y:g})">'
    yield from block.parts
    yield "</g>"


# --- stages ----------------------------------------------------------------------------------------------


def _row(pipeline: Pipeline, stages: Sequence[Stage], holder: Stage | None, language: str) -> _Block:
    """Stages side by side with the moves between them."""
    boxes = [_box(pipeline, stage, language) for stage in stages]
    lefts, x = [], 0.0
    for box in boxes:
        lefts.append(x)
        x += box.width + _GAP
    found = tracks(pipeline, stages)
    above, below = levels(found, is_above=True), levels(found, is_above=False)
    returning = [_returns(pipeline, stage) for stage in stages]
    top = _LEVEL * (1 + max(above.values(), default=-1)) + (_STUB if above else 0)
    tallest = max((box.height for box in boxes), default=0)
    under = _LEVEL * (1 + max(below.values(), default=-1)) + (_STUB if below else 0)
    under += max((_LINE * len(moves) for moves in returning), default=0) + (_STUB if any(returning) else 0)
    parts: list[str] = []
    for left, box in zip(lefts, boxes, strict=True):
        parts += _placed(box, left, top)
    spans = [(left, left + box.width) for left, box in zip(lefts, boxes, strict=True)]
    heights = [box.height for box in boxes]
    parts += _tracks(found, above, spans, [top] * len(boxes), top, -1, language)
    low = [top + height for height in heights]
    parts += _tracks(found, below, spans, low, top + tallest, 1, language)
    floor = top + tallest + (_LEVEL * (1 + max(below.values(), default=-1)) + _STUB if below else 0)
    for place, moves in enumerate(returning):
        parts += _returning(moves, spans[place], low[place], floor, language)
    parts += _entry(pipeline, stages, holder, spans, top)
    return _Block(max(x - _GAP, 0), top + tallest + under, tuple(parts))


def _box(pipeline: Pipeline, stage: Stage, language: str) -> _Block:
    """One stage with what lies within it."""
    style = "archived" if stage.archived else stage.kind
    lines = _wrapped(stage.label_in(language))
    if not stage.stages:
        height = _HEIGHT + _LINE * (len(lines) - 1)
        return _Block(_WIDTH, height, tuple(_framed(stage, lines, style, _WIDTH, height)))
    inner = [_within(pipeline, stage, one, language) for one in _regions(stage)]
    width = max(_WIDTH, max(block.width for block in inner) + 2 * _PAD + _STUB)
    parts, y = [], float(_TITLE + _LINE * (len(lines) - 1))
    for place, block in enumerate(inner):
        if place:
            parts.append(f'<path class="way region" d="M0 {y:g}H{width:g}"/>')
            y += _PAD / 2
        parts += ['<g class="inner">', *_placed(block, _PAD + _STUB, y), "</g>"]
        y += block.height + _PAD
    return _Block(width, y, (*_framed(stage, lines, style, width, y), *parts))


def _regions(stage: Stage) -> Sequence[Stage | None]:
    """The regions of a parallel stage; else the stage itself is the one, which has no title of its own."""
    return stage.stages if stage.parallel else (None,)


def _within(pipeline: Pipeline, stage: Stage, region: Stage | None, language: str) -> _Block:
    if region is None:
        return _row(pipeline, stage.stages, stage, language)
    if not region.stages:
        return _box(pipeline, region, language)
    row = _row(pipeline, region.stages, region, language)
    title = f'<text class="soft" x="{-_STUB}" y="12">{_clean(region.label_in(language))}</text>'
    return _Block(row.width, row.height + _LINE + 4, (title, *_placed(row, 0, _LINE + 4)))


def _framed(stage: Stage, lines: Sequence[str], style: str, width: float, height: float) -> Iterator[str]:
    yield f'<rect class="{style}" width="{width:g}" height="{height:g}" rx="9"/>'
    for place, line in enumerate(lines):
        yield f'<text class="name" x="12" y="{25 + place * _LINE}">{_clean(line)}</text>'
    said = [
        *([f"{stage.probability} %"] if stage.probability is not None else []),
        *([f"{stage.expected_days} d"] if stage.expected_days is not None else []),
        *(["archived"] if stage.archived else []),
    ]
    if said and stage.stages:
        yield f'<text class="soft" x="{width - 12:g}" y="25" text-anchor="end">{" · ".join(said)}</text>'
    elif said:
        yield f'<text class="soft" x="12" y="{27 + len(lines) * _LINE}">{" · ".join(said)}</text>'


def _entry(
    pipeline: Pipeline,
    stages: Sequence[Stage],
    holder: Stage | None,
    spans: Sequence[tuple[float, float]],
    top: float,
) -> Iterator[str]:
    """The mark of where one begins."""
    first = pipeline.initial if holder is None else holder.initial
    keys = [stage.key for stage in stages]
    if not keys or (first is not None and first not in keys):
        return
    x, y = spans[keys.index(first or keys[0])][0], top + 21
    yield f'<circle class="tip" cx="{x - 14:g}" cy="{y:g}" r="4"/>'
    yield f'<path class="way" d="M{x - 14:g} {y:g}H{x - 6:g}"/>'
    yield _tip(x, y, 1, 0)


# --- moves -----------------------------------------------------------------------------------------------


def _tracks(
    found: Sequence[Track],
    at: dict[Track, int],
    spans: Sequence[tuple[float, float]],
    edges: Sequence[float],
    base: float,
    way: int,
    language: str,
) -> Iterator[str]:
    """The tracks on one side of a row; `way` is -1 above and 1 below, `base` where they begin."""
    mine = [track for track in found if track in at]
    held = ports(mine, len(spans))
    where = {track: _feet(track, held, spans) for track in mine}
    for track in mine:
        y, xs = base + way * (_STUB + _LEVEL * at[track]), where[track]
        low, high = min(xs.values()), max(xs.values())
        stubs = "".join(f"M{xs[place]:g} {edges[place]:g}V{y:g}" for place in track.sources)
        end = edges[track.target] + way * 7
        style = "way" if track.is_forward else "way back"
        name = _clean(track.move.label_in(language))
        yield "<g>"
        yield f"<title>{name}: {_clean(', '.join(track.move.sources))} → {_clean(track.move.target)}</title>"
        yield f'<path class="{style}" d="{stubs}M{low:g} {y:g}H{high:g}M{xs[track.target]:g} {y:g}V{end:g}"/>'
        yield _tip(xs[track.target], edges[track.target], 0, -way)
        yield "</g>"
    # Names after all lines, so that none is struck through.
    for track in mine:
        y, label = base + way * (_STUB + _LEVEL * at[track]), track.move.label_in(language)
        # The lines of tracks farther out run through this one.
        through = [x for other in mine if at[other] > at[track] for x in where[other].values()]
        yield from _on_track(_free(where[track], track.target, through, _length(label)), y, label)


def _feet(
    track: Track, held: Sequence[Sequence[Track]], spans: Sequence[tuple[float, float]]
) -> dict[int, float]:
    """Where a track meets each of its stages."""
    found = {}
    for place in (*track.sources, track.target):
        left, right = spans[place]
        found[place] = left + (right - left) * (1 + held[place].index(track)) / (1 + len(held[place]))
    return found


def _free(feet: dict[int, float], target: int, through: Sequence[float], length: float) -> float:
    """The middle of the stretch of a track that takes its name: that next to the arrow, else the longest."""
    low, high, tip = min(feet.values()), max(feet.values()), feet[target]
    marks = sorted({*feet.values(), *(x for x in through if low < x < high)})
    # A line runs through a name that is as long as the stretch.
    stretches = [(right - left < length, left, right) for left, right in pairwise(marks)]
    fitting = [(abs((left + right) / 2 - tip), left, right) for short, left, right in stretches if not short]
    longest = [(left - right, left, right) for _, left, right in stretches]
    _, left, right = min(fitting or longest)
    return (left + right) / 2


def _length(label: str) -> float:
    return _cells(label) * 6.4 + 10


def _on_track(x: float, y: float, label: str) -> Iterator[str]:
    """The name of a move on its track, which it interrupts."""
    width = _length(label)
    yield f'<rect class="behind" x="{x - width / 2:g}" y="{y - 8:g}" width="{width:g}" height="16"/>'
    yield f'<text class="said" x="{x:g}" y="{y + 4:g}" text-anchor="middle">{_clean(label)}</text>'


def _returns(pipeline: Pipeline, stage: Stage) -> list[Move]:
    return [move for move in pipeline.moves if move.target == RETURN and stage.key in move.sources]


def _returning(
    moves: Sequence[Move], span: tuple[float, float], edge: float, floor: float, language: str
) -> Iterator[str]:
    """Moves that lead back to wherever a record came from."""
    if not moves:
        return
    x = span[0] + 12
    yield f'<path class="way back" d="M{x:g} {edge:g}V{floor + 10:g}"/>'
    yield _tip(x, floor + 16, 0, 1)
    for place, move in enumerate(moves):
        y = floor + 14 + place * _LINE
        yield f'<text class="said" x="{x + 10:g}" y="{y:g}">↩ {_clean(move.label_in(language))}</text>'


def _tip(x: float, y: float, dx: int, dy: int) -> str:
    """The tip of an arrow that points to a place."""
    back_x, back_y = x - 8 * dx, y - 8 * dy
    wide_x, wide_y = 4.5 * dy, 4.5 * dx
    corners = f"{x:g},{y:g} {back_x + wide_x:g},{back_y + wide_y:g} {back_x - wide_x:g},{back_y - wide_y:g}"
    return f'<polygon class="tip" points="{corners}"/>'


# --- words -----------------------------------------------------------------------------------------------


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _wrapped(text: str) -> list[str]:
    """A label in lines that fit a box, two at most."""
    most, lines = int((_WIDTH - 24) / _LETTER), [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}".strip()
        if lines[-1] and _cells(joined) > most:
            lines.append(word)
        else:
            lines[-1] = joined
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], " ".join(lines[_MOST_LINES - 1 :])]
    return [_cut(line, most) for line in lines]


def _cut(line: str, most: int) -> str:
    if _cells(line) <= most:
        return line
    while line and _cells(line) >= most:
        line = line[:-1]
    return f"{line}…"


def _clean(text: str) -> str:
    shown = (" " if unicodedata.category(sign)[0] == "C" else sign for sign in text)
    return escape(" ".join("".join(shown).split()))
