"""Hypothesis strategies from declarations: any record that a class accepts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import strategies as st

from pycrm.declare import Ref
from pycrm.declare.field import Spec
from pycrm.declare.record import child_class
from pycrm.errors import InvalidError, NotReadError
from pycrm.testing.databases import NOW
from pycrm.testing.values import Bounds, bounds_of, options_of
from pycrm.values import Money

__all__ = ["records"]

R = TypeVar("R")

_INT = 2**63
_MOST_ROWS = 3
_LEFT_OUT = object()
_MOMENT = datetime.fromisoformat(NOW).astimezone(UTC)
_TODAY = _MOMENT.date()
# What the gates of texts take: no surrogates, no NUL. By number, since the table of `st.characters` takes
# seconds to make where there is none yet, as in every fresh checkout.
_LETTERS = st.one_of(st.integers(0x20, 0x7E), st.integers(0x01, 0xD7FF), st.integers(0xE000, 0x10FFFF)).map(
    chr
)
# Names, places and goods as people write them: the everyday characters, with a rare one of four bytes.
_CHINESE = st.sampled_from("宁波泵业有限公司张李王赵体检中心北京上海市路号阀门合同年月日元𠮷々（）、")
# What breaks what counts days: the leap day, the last of a month and of a year.
_EDGES = (date(2024, 2, 29), date(2026, 6, 30), date(2026, 12, 31), date(2027, 1, 1))
# With two places, with none and with three.
_CURRENCIES = ("CNY", "CNY", "JPY", "KWD")


def records(cls: type[R], /, **given: Any) -> st.SearchStrategy[R]:
    """A strategy for values of a record, facet or child class, as its declaration allows them.

    Fields that may be empty or have a default are sometimes left out, rows are made likewise. What
    `one_of`, `some_of`, `ge`, `le`, `minimum_length` and `longest` demand is met from the start, and reached
    at its ends; texts are Chinese as often as anything else, money is of currencies with other places than
    two. For other validators and for `check` values are tried, so give a strategy where hardly any would pass.

    Args:
        given: values, or strategies of them, by the name of the field; links that are not given
            lead to records that there are not.

    Raises:
        TypeError: at once, where the class has no field of a name that is given.
    """
    declared: Any = cls
    fields = {}
    for spec in declared.__specs__.values():
        if not spec.init:
            continue
        if spec.name in given:
            fields[spec.name] = _given(given.pop(spec.name))
        else:
            values = values_of(declared, spec)
            fields[spec.name] = values if spec.required else st.just(_LEFT_OUT) | values
    if given:
        raise TypeError(f"{declared.__name__} has no field {', '.join(given)}")
    made = st.fixed_dictionaries(fields).map(lambda values: _made(cls, values))
    return made.filter(lambda record: record is not None)


def _made(cls: Any, values: dict[str, Any]) -> Any:
    try:
        made = cls(**{name: value for name, value in values.items() if value is not _LEFT_OUT})
    except (InvalidError, ValueError):
        return None
    try:
        made.check(_MOMENT)
    except NotReadError:
        # A rule over what is computed when the record is entered: it cannot be asked before.
        return made
    except (InvalidError, ValueError):
        return None
    return made


def _given(value: Any) -> st.SearchStrategy[Any]:
    return value if isinstance(value, st.SearchStrategy) else st.just(value)


def values_of(cls: Any, spec: Spec) -> st.SearchStrategy[Any]:
    """A strategy for the values of one field."""
    if spec.child is not None:
        return st.lists(records(child_class(cls, spec)), max_size=_MOST_ROWS).map(tuple)
    assert spec.kind is not None
    options = options_of(spec)
    if not options:
        made = _KINDS[spec.kind.name](spec, bounds_of(spec))
    elif spec.kind.name == "texts":
        made = st.lists(st.sampled_from(options), max_size=_MOST_ROWS).map(tuple)
    else:
        made = st.sampled_from(options)
    strategy = made.filter(lambda value: _passes(spec, value))
    return st.none() | strategy if spec.nullable else strategy


def _passes(spec: Spec, value: Any) -> bool:
    try:
        spec.clean(value)
    except ValueError:
        return False
    return True


def _text(spec: Spec, bounds: Bounds) -> st.SearchStrategy[str]:
    least = max(bounds.shortest, 0 if spec.nullable else 1)
    most = min(spec.longest, max(least, 40))
    chinese = st.text(_CHINESE, min_size=least, max_size=most)
    # As long as it may be, without drawing thousands of letters.
    longest = _CHINESE.map(lambda letter: letter * spec.longest)
    return st.text(_LETTERS, min_size=least, max_size=most) | chinese | longest


def _whole(spec: Spec, bounds: Bounds) -> st.SearchStrategy[int]:
    low = -_INT if bounds.least is None else bounds.least
    return st.integers(low, _INT - 1 if bounds.most is None else bounds.most)


def _decimal(spec: Spec, bounds: Bounds) -> st.SearchStrategy[Decimal]:
    places: int = spec.kind.scale  # type: ignore[union-attr]
    low = Decimal(-(10**9)) if bounds.least is None else bounds.least
    most = Decimal(10**9) if bounds.most is None else bounds.most
    return st.decimals(low, most, places=places)


def _money(spec: Spec, bounds: Bounds) -> st.SearchStrategy[Money]:
    bound = bounds.least if bounds.least is not None else bounds.most
    low = 0 if bounds.least is None else bounds.least.units
    most = 10**12 if bounds.most is None else bounds.most.units
    # An amount is compared with one of its own currency.
    currency = st.sampled_from(_CURRENCIES) if bound is None else st.just(bound.currency)
    return st.builds(Money.minor, st.integers(low, most), currency)


def _day(spec: Spec, bounds: Bounds) -> st.SearchStrategy[date]:
    low, most = bounds.least or date(1970, 1, 1), bounds.most or date(2100, 1, 1)
    near = st.integers(-60, 60).map(lambda days: _TODAY + timedelta(days=days))
    return (near | st.sampled_from(_EDGES) | st.dates(low, most)).filter(lambda day: low <= day <= most)


def _instant(spec: Spec, bounds: Bounds) -> st.SearchStrategy[datetime]:
    near = st.integers(-90_000, 90_000).map(lambda minutes: _MOMENT + timedelta(minutes=minutes))
    return near | st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


def _texts(spec: Spec, bounds: Bounds) -> st.SearchStrategy[tuple[str, ...]]:
    most = min(spec.longest, 40)
    one = st.text(_LETTERS, min_size=1, max_size=most) | st.text(_CHINESE, min_size=1, max_size=most)
    return st.lists(one, max_size=_MOST_ROWS).map(tuple)


_KINDS: dict[str, Callable[[Any, Bounds], st.SearchStrategy[Any]]] = {
    "text": _text,
    "int": _whole,
    "decimal": _decimal,
    "money": _money,
    "date": _day,
    "instant": _instant,
    "texts": _texts,
    "bool": lambda spec, bounds: st.booleans(),
    "key": lambda spec, bounds: st.uuids(),
    "enum": lambda spec, bounds: st.sampled_from(list(spec.kind.python)),
    "link": lambda spec, bounds: st.uuids().map(lambda id: Ref(spec.target, id)),
}
