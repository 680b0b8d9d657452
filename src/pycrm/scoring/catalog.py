"""All indicators and sources of one CRM, checked together when it is made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.sql import elements, operators, visitors

from pycrm.errors import ConflictError
from pycrm.scoring.feed import Feed, Source, feed_of
from pycrm.scoring.indicator import Indicator
from pycrm.scoring.sources import SOURCES
from pycrm.scoring.value import Value, is_date, values_in

if TYPE_CHECKING:
    from pycrm.plugin import Registry

__all__ = ["BIRTH", "FORBIDDEN", "Catalog"]

_CODE = re.compile(r"(?P<prefix>[A-Z]{1,3})\d{2,3}|(?P<plugin>[a-z][a-z0-9_]*)\.[a-z][a-z0-9_]*")

# Whatever an indicator would tell of these, nobody is judged by (VAL-15).
FORBIDDEN = ("gender", "sex", "ethnicity", "nationality", "religion", "marital_status", "marital")
_FORBIDDEN = re.compile(rf"\b({'|'.join(FORBIDDEN)})\b", re.IGNORECASE)

Column = tuple[str, str]

# The age is told here alone, and of whoever uses it a reason is asked for.
AGE: Column = ("profile", "birth_on")
BIRTH = "birth_date"


class Catalog:
    """What is measured in one CRM: indicators by code, and the sources of each feed."""

    def __init__(self, registry: Registry) -> None:
        self.plugins = registry.plugins
        self._tables = registry.tables
        self._homes: dict[str, list[str]] = {}
        found: dict[str, Indicator] = {}
        self.sources: dict[str, list[Source]] = {}
        for source in SOURCES:
            self.sources.setdefault(source.feed.name, []).append(source)
        for plugin in registry.plugins:
            for one in plugin.indicators:
                found.setdefault(one.code, one)
                self._homes.setdefault(one.code, []).append(plugin.name)
        # Where several tell of one column the first is believed, which the order of loading does not decide.
        for plugin in sorted(registry.plugins, key=lambda one: one.name):
            for source in plugin.sources:
                self.sources.setdefault(source.feed.name, []).append(source)
        self.indicators: Mapping[str, Indicator] = MappingProxyType(found)
        self.memo: dict[Any, Any] = {}

    # --- what there is ---------------------------------------------------------------------------

    @cached_property
    def offered(self) -> frozenset[Column]:
        """The columns of feeds that some plugin offers, each with ``customer`` of its feed."""
        found = set()
        for sources in self.sources.values():
            for source in sources:
                names = source.statement.selected_columns.keys()
                found |= {(source.feed.name, name) for name in (*names, "customer")}
        return frozenset(found)

    def lacking(self, indicator: Indicator) -> tuple[str, ...]:
        """The feeds or columns that nobody offers and without which the indicator is not available."""
        memo = ("lacking", indicator.code)
        if memo not in self.memo:
            wanted = self._columns(indicator.said, frozenset())
            wanted |= {(name, "customer") for feed in indicator.needs for name in feed.bases()}
            missing = {pair for pair in wanted if pair not in self.offered}
            whole = {feed for feed, _ in missing if (feed, "customer") not in self.offered}
            said = whole | {f"{feed}.{column}" for feed, column in missing if feed not in whole}
            self.memo[memo] = tuple(sorted(said))
        found: tuple[str, ...] = self.memo[memo]
        return found

    def fields_of(self, indicator: Indicator) -> frozenset[tuple[Any, str]]:
        """The columns of records that the sources of an indicator read for it, each with its class."""
        memo = ("fields", indicator.code)
        if memo not in self.memo:
            self.memo[memo] = self._read_for(self._columns(indicator.said, frozenset()))
        fields: frozenset[tuple[Any, str]] = self.memo[memo]
        return fields

    def fields_behind(self, feed: Feed, column: str) -> frozenset[tuple[Any, str]]:
        """The columns of records that the sources of a feed read for one of its columns."""
        memo = ("fields", feed.name, column)
        if memo not in self.memo:
            self.memo[memo] = self._read_for(self._of_feed(feed, column, frozenset()))
        fields: frozenset[tuple[Any, str]] = self.memo[memo]
        return fields

    def _read_for(self, wanted: set[Column]) -> frozenset[tuple[Any, str]]:
        found = set()
        for source in (one for feed, _ in wanted for one in self.sources.get(feed, [])):
            told = source.statement.selected_columns
            for name in [column for feed, column in wanted if feed == source.feed.name]:
                if name in told:
                    found |= {(self._record_of(one), one.name) for one in _roots(told[name])}
        return frozenset(pair for pair in found if pair[0] is not None)

    def feeds_of(self, codes: Iterable[str]) -> frozenset[str]:
        """The names of the offered feeds that these indicators come to in the end."""
        told = (self._columns(self.indicators[code].said, frozenset()) for code in codes)
        return frozenset(feed for columns in told for feed, _ in columns)

    def records_of(self, indicator: Indicator) -> frozenset[Any]:
        """The classes of records that the sources of an indicator read for it."""
        memo = ("records", indicator.code)
        if memo not in self.memo:
            sources = [one for feed in self.feeds_of([indicator.code]) for one in self.sources.get(feed, [])]
            read = {self._record_of(column) for one in sources for column in _columns_in(one.statement)}
            self.memo[memo] = frozenset(read - {None})
        classes: frozenset[Any] = self.memo[memo]
        return classes

    def indicator(self, code: str) -> Indicator:
        """The indicator of that code, which somebody has kept.

        Raises:
            ConflictError: the plugin that declares it is not loaded any more.
        """
        if code not in self.indicators:
            raise ConflictError(f"the indicator {code} is of a plugin that is not loaded: enable it")
        return self.indicators[code]

    def homes(self, codes: Iterable[str]) -> frozenset[str]:
        """The plugins that declare these indicators."""
        return frozenset(self._homes[code][0] for code in codes if code in self._homes)

    def is_available(self, indicator: Indicator) -> bool:
        """Whether somebody offers all that it speaks of (VAL-2)."""
        return not self.lacking(indicator)

    def available(self) -> list[Indicator]:
        """The indicators that can be measured here, by their codes."""
        return [one for _, one in sorted(self.indicators.items()) if self.is_available(one)]

    def _columns(self, expression: Any, seen: frozenset[str]) -> set[Column]:
        """The columns of offered feeds that an expression comes to in the end."""
        found: set[Column] = set()
        for part in visitors.iterate(expression):
            if isinstance(part, Value):
                found |= self._behind(part, seen)
            elif isinstance(part, elements.ColumnClause) and (feed := feed_of(part.table)) is not None:
                found |= self._of_feed(feed, part.name, seen)
        return found

    def _behind(self, value: Value, seen: frozenset[str]) -> set[Column]:
        if value.made is None or (value.name in self.indicators and value.feed is None):
            if value.name in seen or value.name not in self.indicators:
                return set()
            within = self.indicators[value.name]
            needed = {(name, "customer") for feed in within.needs for name in feed.bases()}
            return needed | self._columns(within.said, seen | {value.name})
        found = self._columns(value.made, seen)
        return found if value.feed is None else found | self._of_feed(value.feed, "customer", seen)

    def _of_feed(self, feed: Feed, column: str, seen: frozenset[str]) -> set[Column]:
        if feed.twin is not None:
            return self._of_feed(feed.twin, column, seen)
        if feed.rows is None:
            return {(feed.name, column), (feed.name, "customer")}
        memo = ("derived", feed.name, column)
        if memo not in self.memo:
            parts = _behind(feed.rows(), column)
            self.memo[memo] = set[Column]().union(*(self._columns(part, seen) for part in parts))
        told: set[Column] = self.memo[memo]
        return told

    # --- what is wrong ---------------------------------------------------------------------------

    def problems(self) -> Iterator[str]:
        """What must not be, one line each with the plugin and the thing."""
        for source in (one for all_ in self.sources.values() for one in all_):
            yield from self._source_problems(source)
        for code, one in self.indicators.items():
            said = f"indicator {code} of {self._homes[code][0]}"
            if len(self._homes[code]) > 1:
                yield f"the indicator {code} is declared by {' and by '.join(self._homes[code])}"
            match = _CODE.fullmatch(code)
            if match is None or (match["plugin"] and match["plugin"] != self._homes[code][0]):
                yield f"{said}: a code is letters and a number (EX01) or the plugin's name and a word"
            for wrong in (*one.scale.problems(), *self._expression_problems(one)):
                yield f"{said}: {wrong}"
        yield from self._prefix_problems()
        for plugin in self.plugins:
            for model in plugin.models:
                for wrong in model.problems(self.indicators):
                    yield f"score model {model.key} of {plugin.name}: {wrong.path} {wrong.message}"

    def _prefix_problems(self) -> Iterator[str]:
        owners: dict[str, set[str]] = {}
        for code, homes in self._homes.items():
            match = _CODE.fullmatch(code)
            if match is not None and match["prefix"]:
                owners.setdefault(match["prefix"], set()).update(homes)
        for prefix, several in sorted(owners.items()):
            if len(several) > 1:
                said = " and by ".join(sorted(several))
                yield f"the codes {prefix}… are used by {said}: each plugin has its own"

    def _expression_problems(self, one: Indicator) -> Iterator[str]:
        if is_date(one.result):
            yield "a date is no value: count its days"
        yield from self._walk(one.said, (one.code,))

    def _walk(self, expression: Any, path: tuple[str, ...]) -> Iterator[str]:
        for part in visitors.iterate(expression):
            if isinstance(part, Value):
                yield from self._value_problems(part, path)
            elif isinstance(part, elements.BinaryExpression):
                if part.operator in (operators.truediv, operators.floordiv):
                    yield "a bare division: use ratio or percent"
            elif isinstance(part, elements.ColumnClause) and not isinstance(part, Value):
                yield f"the column {part.name} is gathered by no aggregate"

    def _value_problems(self, value: Value, path: tuple[str, ...]) -> Iterator[str]:
        if value.feed is not None:
            if values_in(value.made):
                yield "an aggregate over an aggregate: derive a feed from the first"
            columns = _columns_in(value.made)
            if {feed_of(getattr(it, "table", None)) for it in columns} - {None, value.feed}:
                yield "an aggregate speaks of two feeds"
            if not self.indicators[path[0]].reason_needed and self._tells_age(value.feed, columns):
                yield "speaks of an age: it has to be used with a reason (reason_needed, VAL-15)"
        elif value.made is None or value.name in self.indicators:
            if value.name in path:
                yield f"a circle: {' > '.join([*path, value.name])}"
            elif value.name not in self.indicators:
                yield f"needs {value.name}, which no plugin declares"
            else:
                yield from self._walk(self.indicators[value.name].said, (*path, value.name))
        else:
            yield from self._walk(value.made, path)

    def _tells_age(self, feed: Feed, columns: list[Any]) -> bool:
        """Whether one of these columns of a feed comes to the date of birth."""
        if AGE[0] not in feed.bases():
            return False
        mine = [column.name for column in columns if column.table is feed.table]
        return any(AGE in self._of_feed(feed, name, frozenset()) for name in mine)

    def _source_problems(self, source: Source) -> Iterator[str]:
        yield from _shape_problems(source)
        for name in FORBIDDEN:
            if name in source.feed.columns:
                yield f"the feed {source.feed.name} tells {name}, by which nobody is judged (VAL-15)"
        for part in visitors.iterate(source.statement):
            for said in self._judged_by(source.feed, part):
                yield f"a source of {source.feed.name} reads {said}, by which nobody is judged (VAL-15)"

    def _judged_by(self, feed: Feed, part: Any) -> Iterator[str]:
        """What one part of a source's statement reads of people that it must not."""
        if isinstance(part, elements.TextClause) or getattr(part, "is_literal", False):
            yield from _FORBIDDEN.findall(str(part))
        elif isinstance(part, elements.ColumnClause):
            record = self._record_of(part)
            if record is None:
                return
            for spec in record.__specs__.values():
                is_age = spec.name == BIRTH and feed.name != AGE[0]
                if part.name in spec.columns and (spec.special or is_age or spec.name in FORBIDDEN):
                    yield f"{record.__name__}.{spec.name}"

    def _record_of(self, column: Any) -> Any:
        """The record class whose column this is, whatever stands for its table; or None."""
        table = getattr(column, "table", None)
        return self._tables.get(getattr(getattr(table, "element", table), "name", ""))


def _behind(rows: Any, column: str) -> list[Any]:
    """What a SELECT needs for one of its columns: its expression, its conditions and what it reads from."""
    if not isinstance(rows, sa.Select):
        return [rows]
    conditions = [] if rows.whereclause is None else [rows.whereclause]
    below = [one for one in rows.get_final_froms() if feed_of(one) is None]
    return [rows.selected_columns[column], *conditions, *below]


def _columns_in(expression: Any) -> list[Any]:
    return [part for part in visitors.iterate(expression) if isinstance(part, elements.ColumnClause)]


def _roots(expression: Any) -> list[Any]:
    """The columns of tables that an expression comes to, through whatever is selected from them on the way."""
    found: dict[int, Any] = {}
    left = [expression]
    while left:
        for part in visitors.iterate(left.pop()):
            if isinstance(part, elements.ColumnClause) and id(part) not in found:
                found[id(part)] = part
                left += part.base_columns - {part}
    return list(found.values())


def _shape_problems(source: Source) -> Iterator[str]:
    feed = source.feed
    if feed.rows is not None or feed.twin is not None:
        yield f"the feed {feed.name} is derived and takes no source"
        return
    rows = source.statement
    names = set(rows.selected_columns.keys())
    if "customer" not in names and not feed.shared:
        yield f"a source of {feed.name} does not say whose its rows are: it lacks customer"
    for name in sorted(names - {"customer", *feed.columns}):
        yield f"a source of {feed.name} gives {name}, which the feed does not have"
    if feed.at is not None and feed.at not in names:
        yield f"a source of {feed.name} does not say when: it lacks {feed.at}"
