"""Pieces that stand on a page hundreds of times, written here: a template takes many times as long for each.

Whatever comes from people goes through `text_of`; every other piece is a word of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

from markupsafe import Markup

from pycrm.web.icon import icon

if TYPE_CHECKING:
    from pycrm.web.listing import Heading, Line
    from pycrm.web.moving import Card, Column, Way
    from pycrm.web.show import Cell
    from pycrm.web.timeline import Difference, Item
    from pycrm.web.visit import Visit
    from pycrm.web.words import Words

__all__ = ["cards", "cell", "face", "happened", "level", "mark", "rows", "tone"]

_TONES = 4
# Of a value that has changed so much is shown.
_LONGEST = 120
_COLOURED = ("won", "lost", "active", "done")

#: A text as it stands between tags or within quotes; the same ones come again on every page.
text_of: Callable[[str], str] = lru_cache(2048)(escape)


@lru_cache(4096)
def tone(text: str) -> int:
    """One of a few colours for a name, always the same one."""
    return sum(map(ord, text)) % _TONES


@lru_cache(4096)
def mark(name: str) -> str:
    """The letters that stand for a name: the first of Chinese, the first two of Latin.

    >>> mark("华东精密制造"), mark("Emma Li"), mark("Lin Anna 林安娜")
    ('华', 'EL', '林')
    """
    chinese = next((one for one in name if "\u4e00" <= one <= "\u9fff"), None)
    if chinese:
        return chinese
    words = [word for word in name.replace("-", " ").split() if word[:1].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "·"


@lru_cache(4096)
def face(name: str, size: str = "") -> Markup:
    """The mark of somebody or something, which stands for a picture."""
    return Markup(f'<span class="mark {size} t{tone(name)}" aria-hidden="true">{text_of(mark(name))}</span>')


def cell(one: Cell) -> Markup:
    """One value."""
    return Markup(_cell(one))


def _cell(one: Cell) -> str:
    kind, text = one.kind, text_of(one.text)
    if kind == "stage" or (kind == "enum" and one.tone in _COLOURED):
        return f'<span class="tag {text_of(one.tone)}">{text}</span>'
    if kind == "link":
        return f'<a href="{text_of(one.href)}">{text}</a>' if one.href else text
    if kind == "chips":
        return "".join(f'<span class="tag">{text_of(part)}</span> ' for part in one.parts)
    if kind == "mask":
        return f'<span class="soft">{text}</span>'
    return f'<span class="nowrap">{text}</span>' if kind in ("figure", "date") else text


def level(points: float, total: float = 100) -> Markup:
    """A short bar, filled as far as the points reach."""
    low = " low" if points < total * 0.6 else ""
    return Markup(
        f'<svg class="meter" viewBox="0 0 64 6" role="img" aria-label="{points}">'
        '<rect class="track" width="64" height="6" rx="3"/>'
        f'<rect class="level{low}" width="{round(64 * points / total, 1)}" height="6" rx="3"/></svg>'
    )


def rows(
    lines: Iterable[Line], headings: Sequence[Heading], words: Words, *, ticked: bool, graded: bool
) -> Markup:
    """The lines of a list; those with a tick can be acted upon together."""
    score = text_of(words("Score"))
    columns = [(" num" if head.is_figure else "", text_of(head.label)) for head in headings[1:]]
    made: list[str] = []
    for line in lines:
        made.append("<tr>")
        if ticked:
            label = text_of(words("Tick {name}", name=line.name))
            made.append(
                f'<td class="tick"><input type="checkbox" name="id" value="{line.id}" aria-label="{label}"></td>'
            )
        made.append(_lead(line))
        if graded:
            made.append(_graded(line, score))
        for one, (look, label) in zip(line.cells, columns, strict=True):
            place = "beside" if one.kind == "stage" and not graded else "more"
            none = "" if one else " none"
            made.append(f'<td class="{place}{look}{none}" data-label="{label}">{_cell(one)}</td>')
        made.append("</tr>\n")
    return Markup("".join(made))


def _lead(line: Line) -> str:
    name = text_of(line.name)
    named = f'<a class="main-link" href="{text_of(line.path)}">{name}</a>' if line.path else name
    under = f'<br><span class="small soft">{text_of(line.under)}</span>' if line.under else ""
    return f'<td class="lead-cell"><div class="row">{face(line.name)}<div class="grow">{named}{under}</div></div></td>'


def _graded(line: Line, label: str) -> str:
    grade = text_of(line.grade)
    shown = f'<span class="grade {grade}">{grade}</span>' if grade else ""
    none, said = " none", ""
    if line.score is not None:
        none, said = "", f'{level(float(line.score))} <span class="num">{round(line.score)}</span>'
    return f'<td class="beside">{shown}</td><td class="more nowrap{none}" data-label="{label}">{said}</td>'


def happened(items: Iterable[Item], words: Words, minutes: Callable[[datetime], str]) -> Markup:
    """What has happened around a record, one thing after the other."""
    made = "".join(_happened(one, words, minutes) for one in items)
    return Markup(made or f'<li class="soft">{text_of(words("Nothing yet."))}</li>')


def _happened(one: Item, words: Words, minutes: Callable[[datetime], str]) -> str:
    title = f"<b>{text_of(one.title)}</b>"
    titled = f'<a href="{text_of(one.path)}">{title}</a>' if one.path else title
    tag = f' <span class="tag {text_of(one.tone)}">{text_of(one.tag)}</span>' if one.tag else ""
    said = f"<p>{text_of(one.text)}</p>" if one.text else ""
    changed = "".join(_changed(change, words) for change in one.differences)
    changed = f'<dl class="difference">{changed}</dl>' if changed else ""
    why = f'<p class="small">{text_of(one.reason)}</p>' if one.reason else ""
    at = f'<time datetime="{one.at.isoformat()}">{minutes(one.at)}</time>'
    return (
        f'<li><span class="dot {one.kind}">{icon(one.icon)}</span><div>{titled}{tag}</div>{said}{changed}{why}'
        f'<p class="small soft">{text_of(one.by)} · {at}</p></li>\n'
    )


def _changed(change: Difference, words: Words) -> str:
    old = f"<del>{text_of(_cut(change.old))}</del> → " if change.old else ""
    new = f"<ins>{text_of(_cut(change.new))}</ins>" if change.new else ""
    new = new or f'<span class="soft">{text_of(words("emptied"))}</span>'
    return f'<dt class="soft">{text_of(change.label)}</dt><dd>{old}{new}</dd>'


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def cards(column: Column, slug: str, visit: Visit) -> Markup:
    """The cards of a column of a board."""
    words, made = visit.words, []
    # Cards with the same moves have one tuple of them, which is found again faster than compared.
    forms: dict[int, tuple[str, str]] = {}
    overdue, days = text_of(words("overdue")), words("{days} days")
    for card in column.cards:
        if id(card.ways) not in forms:
            forms[id(card.ways)] = _form(card.ways, visit)
        before, after = forms[id(card.ways)]
        form = f"{before}/{slug}/{card.id}/move{after}" if card.ways else ""
        made.append(_card(card, form, overdue, days))
    return Markup("".join(made))


def _card(card: Card, form: str, overdue: str, days: str) -> str:
    amount = f'<b class="num start">{text_of(card.amount)}</b>' if card.amount else ""
    by = ""
    if card.day:
        look, late = (
            ("danger strong", f'<span class="sr"> {overdue}</span>') if card.is_overdue else ("soft", "")
        )
        by = f'<span class="{look}">{icon("calendar")} {text_of(card.day)}{late}</span>'
    still = (
        f'<span class="tag danger">{text_of(days.format(days=card.days))}</span>' if card.is_stalled else ""
    )
    owner = (
        f'<span class="push" title="{text_of(card.owner)}">{face(card.owner, "small")}</span>'
        if card.owner
        else ""
    )
    return (
        f'<li class="deal" data-card="{card.id}"><a href="{card.path}"><b>{text_of(card.name)}</b></a>'
        f'<span class="small soft">{text_of(card.under)}</span>{amount}<div class="row small">{by}{still}</div>'
        f'<div class="foot">{form}{owner}</div></li>\n'
    )


def _form(ways: Iterable[Way], visit: Visit) -> tuple[str, str]:
    """The menu of all cards with these moves, before and after the address that is each card's own."""
    words = visit.words
    each = "".join(
        f'<button class="small" name="to" value="{text_of(way.to)}">{text_of(_way(way))}</button>'
        for way in ways
    )
    before = (
        f'<details><summary>{icon("right")} {text_of(words("Move"))}</summary><form method="post" action="'
    )
    return before, (
        f'" data-move><input type="hidden" name="csrf" value="{text_of(visit.token)}">'
        f'<input type="hidden" name="back" value="{text_of(visit.address())}">{each}</form></details>'
    )


def _way(way: Way) -> str:
    return way.stage if way.label == way.stage else f"{way.label} → {way.stage}"
