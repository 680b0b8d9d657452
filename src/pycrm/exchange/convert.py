"""Text of a cell to a typed value, strictly: what is not clearly the value is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

import attrs

from pycrm.values import Money, currency_digits, decimal_of

__all__ = ["Convert", "Kind", "KindName", "Kinds", "Lookup", "converter"]

KindName = Literal["text", "texts", "int", "decimal", "bool", "date", "instant", "enum", "money", "link"]
Convert = Callable[[str], Any]
"""From the text of a cell, not empty, to a value; `ValueError` says what is wrong."""


@attrs.frozen
class Kind:
    """What a field holds: `choices` of an enum, the `currency` of money, the `entity` of a link.

    Money without a currency takes it from the mapping; a link without an entity is looked up only
    in the entity that the mapping names.
    """

    name: KindName = attrs.field(validator=attrs.validators.in_(get_args(KindName)))
    choices: tuple[str, ...] = ()
    currency: str | None = None
    entity: str | None = None

    @classmethod
    def of(cls, kind: Kind | str) -> Kind:
        """The kind, or the plain one of that name.

        Raises:
            ValueError: there is no kind of that name.
        """
        return kind if isinstance(kind, Kind) else cls(kind)  # type: ignore[arg-type]


Kinds = Mapping[str, "Kind | str | Kinds"]
"""The kinds of an entity's fields by name; the fields of a child are a mapping of their own."""


class Lookup(NamedTuple):
    """A reference still to be found: the entity, the field that names it, the text it must have.

    `field` is ``external`` where the text is an external id, ``source:key``.
    """

    entity: str | None
    field: str
    text: str


_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{1,30})?|\.[0-9]{1,30})")
_SCIENTIFIC = re.compile(r"[+-]?[0-9.,]+[eE][+-]?[0-9]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_DIRECTIVES = frozenset("YmdHMSfzyjbBpI%")
# Both factors have at most 60 digits; the default context would round their product to 28.
_EXACT = Context(prec=130)
_REMEMBERED = 16_384
_BIG = 2**63
_BOOLS = {"true": True, "false": False}


def converter(
    kind: Kind,
    *,
    format: str | None = None,
    decimal: str = ".",
    thousands: str = "",
    times: str | None = None,
    currency: str | None = None,
    timezone: str | None = None,
    lookup: tuple[str | None, str] | None = None,
    source: str = "",
    split: str = ";",
    zeros: Collection[str] = (),
    places: int | None = None,
) -> Convert:
    """The function that turns text into that kind of value.

    Raises:
        ValueError: the options make no sense (a format with an unknown directive, a time zone that
            the machine does not know, a factor that is no number, a zero that is another number).
    """
    plain = _plain_number(decimal, thousands)
    match kind.name:
        case "int":
            return _with_zeros(zeros, _integer(plain))
        case "decimal":
            return _with_zeros(zeros, _decimals(plain, times, places))
        case "money":
            return _with_zeros(zeros, _money(currency or kind.currency or "", plain, times, places))
        case "bool":
            return _remember(_truth)
        case "date":
            return _remember(_dates(format))
        case "instant":
            return _instants(format, timezone)
        case "enum":
            return _remember(_choice(kind.choices))
        case "texts":
            return lambda text: tuple(part for part in map(str.strip, text.split(split)) if part)
        case "link":
            entity, field = lookup or (kind.entity, "external")
            prefix = f"{source}:" if field == "external" else ""
            entity = entity or kind.entity
            return _remember(lambda text: Lookup(entity, field, prefix + text))
        case _:
            return str


def _remember(convert: Convert) -> Convert:
    """The same function with a memory for the texts that come again and again."""
    memory: dict[str, Any] = {}

    def remembered(text: str) -> Any:
        value = memory.get(text)
        if value is None:
            value = convert(text)
            if len(memory) < _REMEMBERED:
                memory[text] = value
        return value

    return remembered


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")


def _plain_number(decimal: str, thousands: str) -> Convert | None:
    """From the file's way of writing numbers to Python's; None where they are the same."""
    if decimal == "." and not thousands:
        return None
    if not (decimal in (".", ",") and thousands in ("", ".", ",", " ", "'", "\u00a0", "\u202f")):
        raise ValueError("decimal is '.' or ',', thousands one of '.', ',', ' ' and an apostrophe")
    if decimal == thousands:
        raise ValueError("decimal and thousands are the same character")
    mark = re.escape(thousands)
    grouped = rf"[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]{{1,30}}" if thousands else r"[0-9]{1,30}"
    shape = re.compile(rf"[+-]?(?:{grouped})(?:{re.escape(decimal)}[0-9]{{1,30}})?")

    def plain(text: str) -> str:
        if len(text) > 80 or not shape.fullmatch(text):
            raise ValueError(_not_a_number(text, "a number written with " + repr(decimal)))
        return (text.replace(thousands, "") if thousands else text).replace(decimal, ".")

    return plain


def _not_a_number(text: str, wanted: str) -> str:
    if len(text) < 80 and _SCIENTIFIC.fullmatch(text):
        return (
            f"{_shown(text)} is in scientific notation; digits may be lost, so it is not taken for {wanted}"
        )
    return f"{_shown(text)} is not {wanted}"


def _with_zeros(zeros: Collection[str], number: Convert) -> Convert:
    """The same function, for a file that writes nought in further ways."""
    if not zeros:
        return number
    nought = number("0")
    known = frozenset(zeros)
    for text in known:
        if _is_other_number(text, number, nought):
            raise ValueError(f"{_shown(text)} is a number of its own, so it does not stand for nought")
    return lambda text: nought if text in known else number(text)


def _is_other_number(text: str, number: Convert, nought: Any) -> bool:
    try:
        return bool(number(text) != nought)
    except ValueError:
        return False


def _integer(plain: Convert | None) -> Convert:
    def integer(text: str) -> int:
        if plain is not None:
            text = plain(text)
        if len(text) < 19 and text.isdigit() and text.isascii():
            return int(text)
        if not _INTEGER.fullmatch(text):
            raise ValueError(_not_a_number(text, "a whole number"))
        number = int(text)
        if not -_BIG <= number < _BIG:
            raise ValueError(f"{_shown(text)} is too large")
        return number

    return integer


def _decimals(plain: Convert | None, times: str | None, places: int | None = None) -> Convert:
    factor = None if times is None else decimal_of(times)
    least = None if places is None else Decimal(1).scaleb(-places)
    shape = _DECIMAL.fullmatch

    def number(text: str) -> Decimal:
        if plain is not None:
            text = plain(text)
        if len(text) > 62 or not shape(text):
            raise ValueError(_not_a_number(text, "a number"))
        value = Decimal(text)
        if factor is not None:
            value = decimal_of(_EXACT.multiply(value, factor))
        return value if least is None else value.quantize(least, ROUND_HALF_UP, _EXACT)

    return number


def _money(currency: str, plain: Convert | None, times: str | None, places: int | None) -> Convert:
    Money(0, currency)
    digits = currency_digits(currency)
    number = _decimals(plain, times, places)
    point = -digits - 1
    simple = plain is None and times is None and places is None and digits > 0

    def money(text: str) -> Money:
        # The usual way of writing, 1234.50: half the price of a decimal.
        if simple and text[point:-digits] == "." and len(text) < 18 and text.isascii():
            units = text[:point] + text[-digits:]
            if units.isdigit() and len(units) > digits:
                return Money.minor(int(units), currency)
        return Money(number(text), currency)

    return money


def _truth(text: str) -> bool:
    value = _BOOLS.get(text.lower())
    if value is None:
        raise ValueError(f"{_shown(text)} is neither true nor false; name what it means with map")
    return value


def _choice(choices: tuple[str, ...]) -> Convert:
    known = frozenset(choices)

    def choice(text: str) -> str:
        if text not in known:
            told = ", ".join(choices[:20])
            raise ValueError(f"{_shown(text)} is not one of {told}")
        return text

    return choice


def check_format(format: str) -> None:
    """Refuse a date format that depends on the locale or that strptime would misread."""
    directives = re.findall(r"%(.?)", format)
    wrong = sorted({one for one in directives if one not in _DIRECTIVES or not one})
    if wrong or not directives or len(format) > 80:
        raise ValueError(f"{_shown(format)} is no date format; it takes %Y %m %d %H %M %S %f %z and the like")


def _dates(format: str | None) -> Convert:
    if format is None:

        def iso(text: str) -> date:
            if not _DATE.fullmatch(text):
                raise ValueError(f"{_shown(text)} is not a date such as 2026-06-30; name its format")
            try:
                return date.fromisoformat(text)
            except ValueError:
                raise ValueError(f"{_shown(text)} is not in the calendar") from None

        return iso
    check_format(format)
    return lambda text: _strptime(text, format).date()


def _strptime(text: str, format: str) -> datetime:
    try:
        if len(text) > 80 or any(sign.isdigit() and not sign.isascii() for sign in text):
            raise ValueError  # strptime takes the digits of any script
        return datetime.strptime(text, format)
    except (ValueError, OverflowError):
        raise ValueError(f"{_shown(text)} does not have the format {format}") from None


def _instants(format: str | None, timezone: str | None) -> Convert:
    zone = None if timezone is None else _zone(timezone)
    if format is not None:
        check_format(format)

    def moment(text: str) -> datetime:
        if format is not None:
            return _in_zone(_strptime(text, format), zone, text)
        found = _INSTANT.fullmatch(text)
        if found is None:
            raise ValueError(f"{_shown(text)} is not an instant such as 2026-06-30T09:00:00+08:00")
        try:
            read = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{_shown(text)} is not in the calendar") from None
        return _in_zone(read, zone, text)

    return moment


def _zone(name: str) -> tzinfo:
    if name.upper() in ("UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{_shown(name)} is no time zone that this machine knows") from None


def _in_zone(moment: datetime, zone: tzinfo | None, text: str) -> datetime:
    try:
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        if zone is None:
            raise ValueError(f"{_shown(text)} names no time zone; name the file's with timezone")
        there = moment.replace(tzinfo=zone).astimezone(UTC)
        if there.astimezone(zone).replace(tzinfo=None) != moment:
            raise ValueError(f"{_shown(text)} does not exist in {zone}: the clocks were put forward")
        return there
    except OverflowError:
        raise ValueError(f"{_shown(text)} lies outside the calendar") from None
