"""Values with no database behind them: money, instants, text, identifiers and the clock."""

from __future__ import annotations

import os
import random as _random
import re
import threading
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Protocol
from uuid import UUID, SafeUUID

import attrs

__all__ = [
    "Clock",
    "FixedClock",
    "Identifiers",
    "Money",
    "SystemClock",
    "clean_text",
    "currency_digits",
    "decimal_of",
    "first_after",
    "parse_instant",
    "plain_phone",
    "utc",
]

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
_NO_DIGIT = re.compile(r"[^0-9]+")
_MAX_DIGITS = 30
_MAX_MINOR = 2**63 - 1

# ISO 4217 minor units where they are not two.
_DIGITS = dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0)
_DIGITS |= dict.fromkeys(("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0)
_DIGITS |= dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
_DIGITS |= dict.fromkeys(("CLF", "UYW"), 4)

# Wide enough for the product of any two bounded decimals: the ambient context has 28 digits, and
# an amount rounded twice is rounded wrong.
EXACT = Context(prec=8 * _MAX_DIGITS)


def currency_digits(currency: str) -> int:
    """How many decimal places the currency has (ISO 4217): 2 for CNY, 0 for JPY, 3 for KWD."""
    return _DIGITS.get(currency, 2)


def decimal_of(value: Decimal | int | str) -> Decimal:
    """A finite decimal of at most 30 digits on either side of the point.

    The bound is checked before any arithmetic, since a huge exponent costs minutes to expand.

    Raises:
        ValueError: not a number, not finite, or out of bounds.
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise ValueError("expected a decimal number")
    if isinstance(value, int) and value.bit_length() > 110:
        raise ValueError(f"more than {_MAX_DIGITS} digits")
    if isinstance(value, str) and (len(value) > 2 * _MAX_DIGITS + 8 or not value.isascii()):
        raise ValueError("expected a decimal number")
    if isinstance(value, str) and ("_" in value or value != value.strip()):
        raise ValueError("expected a decimal number")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError("expected a decimal number") from None
    if not number.is_finite():
        raise ValueError("expected a finite number")
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_MAX_DIGITS or number.adjusted() > _MAX_DIGITS:
        raise ValueError(f"more than {_MAX_DIGITS} digits")
    return number


@attrs.frozen(init=False, repr=False, order=False)
class Money:
    """An exact amount in one currency, kept as a whole number of minor units (fen, cents).

    ``Money("86000", "CNY")`` takes major units as text, integer or `Decimal`; `Money.minor` takes
    minor units. More decimals than the currency has are refused rather than rounded; `rounded`
    rounds half up. Amounts of two currencies are never added nor compared.

    >>> Money("12.50", "CNY") + Money(3, "CNY")
    Money('15.50', 'CNY')
    """

    units: int
    currency: str

    def __init__(self, amount: Decimal | int | str, currency: str) -> None:
        """Raises `ValueError` when the amount is no exact, finite amount of that currency."""
        number = decimal_of(amount)
        digits = currency_digits(_currency(currency))
        scaled = number.scaleb(digits, EXACT)
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{currency} has {digits} decimal places")
        self.__attrs_init__(_bounded(int(scaled)), currency)

    @classmethod
    def minor(cls, units: int, currency: str) -> Money:
        """The amount of that many minor units: ``Money.minor(1250, "CNY")`` is 12.50 CNY."""
        made = object.__new__(cls)
        made.__attrs_init__(_bounded(units), _currency(currency))
        return made

    @classmethod
    def rounded(cls, amount: Decimal | int | str, currency: str) -> Money:
        """The amount rounded half up to the currency's decimal places."""
        step = Decimal(1).scaleb(-currency_digits(currency))
        return cls(decimal_of(amount).quantize(step, ROUND_HALF_UP, EXACT), currency)

    @property
    def amount(self) -> Decimal:
        """The amount in major units."""
        return Decimal(self.units).scaleb(-currency_digits(self.currency))

    def split(self, weights: Iterable[int]) -> tuple[Money, ...]:
        """Parts in proportion to the weights that add up exactly (largest remainder).

        Raises:
            ValueError: no weight, a negative one, or all zero.
        """
        shares = list(weights)
        total = sum(shares)
        if not shares or min(shares) < 0 or total == 0:
            raise ValueError("weights must be non-negative and not all zero")
        parts = [self.units * share // total for share in shares]
        rests = sorted(range(len(shares)), key=lambda i: (-(self.units * shares[i] % total), i))
        for index in rests[: self.units - sum(parts)]:
            parts[index] += 1
        return tuple(Money.minor(part, self.currency) for part in parts)

    def times(self, factor: Decimal | int | str) -> Money:
        """The product, rounded half up to the minor unit."""
        step = Decimal(1).scaleb(-currency_digits(self.currency))
        product = EXACT.multiply(self.amount, decimal_of(factor))
        return Money(product.quantize(step, ROUND_HALF_UP, EXACT), self.currency)

    def _same(self, other: Money) -> int:
        if not isinstance(other, Money):
            raise TypeError("money is added to and compared with money only")
        if self.currency != other.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")
        return other.units

    def __add__(self, other: Money) -> Money:
        return Money.minor(self.units + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money.minor(self.units - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money.minor(-self.units, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.units < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.units <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.units > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.units >= self._same(other)

    def __bool__(self) -> bool:
        return self.units != 0

    def __str__(self) -> str:
        return f"{self.amount:,f} {self.currency}"

    def __repr__(self) -> str:
        return f"Money('{self.amount:f}', '{self.currency}')"


def _currency(code: str) -> str:
    if not (
        isinstance(code, str) and len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()
    ):
        raise ValueError("a currency is three capital letters, such as CNY")
    return code


def _bounded(units: int) -> int:
    if isinstance(units, bool) or not isinstance(units, int):
        raise ValueError("minor units are a whole number")
    if not -_MAX_MINOR <= units <= _MAX_MINOR:
        raise ValueError("the amount is too large")
    return units


def clean_text(value: str, *, longest: int = 4000) -> str:
    """The text in Unicode normal form C.

    Raises:
        ValueError: longer than `longest` code points, or holding NUL or lone surrogates.
    """
    if not value.isascii():
        # Surrogates cannot be stored as UTF-8 by either database.
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError("holds a lone surrogate")
        value = unicodedata.normalize("NFC", value)
    if "\x00" in value:
        raise ValueError("holds a NUL character")
    if len(value) > longest:
        raise ValueError(f"longer than {longest} characters")
    return value


def plain_phone(value: str) -> str:
    """A telephone number for comparing: the digits 0 to 9 only, without the country prefix 86."""
    if value.isascii():
        digits = value if value.isdigit() else _NO_DIGIT.sub("", value)
    else:
        folded = unicodedata.normalize("NFKC", value)
        digits = "".join(str(unicodedata.digit(character)) for character in folded if character.isdigit())
    if digits.startswith("0086"):
        digits = digits[4:]
    elif digits.startswith("86") and len(digits) > 11:
        digits = digits[2:]
    return digits


def utc(moment: datetime) -> datetime:
    """The same instant in UTC.

    Raises:
        ValueError: the instant names no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("the instant has no time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the instant lies outside the calendar") from None


def parse_instant(text: str) -> datetime:
    """An instant from text as RFC 3339 has it, in UTC; `ValueError` otherwise.

    ISO 8601 allows more, such as weeks and dates without hyphens, and no two readers of it agree.
    """
    if not isinstance(text, str) or not _INSTANT.fullmatch(text):
        raise ValueError("expected an instant such as 2026-06-30T09:00:00+08:00")
    return utc(datetime.fromisoformat(text))


class Clock(Protocol):
    """Where "now" comes from."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock for tests and replays: it stands still until told to move."""

    def __init__(self, start: datetime | str) -> None:
        self._now = parse_instant(start) if isinstance(start, str) else utc(start)

    def now(self) -> datetime:
        """The instant the clock was last set to."""
        return self._now

    def advance(self, **amount: float) -> datetime:
        """Move by that much, in the words of `datetime.timedelta`: ``advance(days=1)``."""
        self._now += timedelta(**amount)
        return self._now

    def set(self, moment: datetime | str) -> None:
        """Move to that instant."""
        self._now = parse_instant(moment) if isinstance(moment, str) else utc(moment)


# Random bytes in an identifier: 74 bits of them count.
_TAIL = 10


class Identifiers:
    """Makes identifiers from a clock and a source of random bytes, so that a test can repeat them.

    They are UUIDs of version 7 (RFC 9562, section 5.7): 48 bits of milliseconds, then 74 random
    bits and no counter, so that neighbours tell nothing of each other. Those that `at` makes tell their
    moment to the microsecond.
    """

    def __init__(self, clock: Clock, random: _random.Random | None = None) -> None:
        self._clock = clock
        self.bytes: Callable[[int], bytes] = os.urandom if random is None else random.randbytes
        self._lock = threading.Lock()
        self._noise, self._at = b"", 0

    def new(self) -> UUID:
        """A fresh identifier."""
        return self.several(1)[0]

    def several(self, number: int) -> list[UUID]:
        """So many fresh identifiers, all of this moment."""
        stamp = int(self._clock.now().timestamp() * 1000)
        head = (stamp & 0xFFFF_FFFF_FFFF) << 80 | 0x7000 << 64 | 0x8000_0000_0000_0000
        noise = self._drawn(_TAIL * number)
        put, made = object.__setattr__, []
        for at in range(0, len(noise), _TAIL):
            tail = int.from_bytes(noise[at : at + _TAIL], "big")
            one = object.__new__(UUID)
            # As its `__init__` does, which spends most of its time on finding out what it was given.
            put(one, "int", head | (tail >> 62 & 0x0FFF) << 64 | tail & 0x3FFF_FFFF_FFFF_FFFF)
            put(one, "is_safe", SafeUUID.unknown)
            made.append(one)
        return made

    def at(self, moment: datetime) -> UUID:
        """A fresh identifier that begins with that moment, to the microsecond.

        Between the 48 bits of milliseconds and 62 random ones stand 12 bits of a millisecond's parts (RFC
        9562, section 6.2, method 3), so that identifiers of different moments sort as these do.
        """
        return UUID(int=_beginning(_micros(moment)) | int.from_bytes(self._drawn(8), "big") >> 2)

    def _drawn(self, size: int) -> bytes:
        # Random bytes are asked for in one piece: each call costs as much as making the identifier.
        with self._lock:
            if self._at + size > len(self._noise):
                self._noise, self._at = self.bytes(max(size, 64 * _TAIL)), 0
            found = self._noise[self._at : self._at + size]
            self._at += size
        return found


def first_after(moment: datetime) -> UUID:
    """The least identifier that `Identifiers.at` can make of a moment later than this one."""
    return UUID(int=_beginning(max(_micros(moment) + 1, 0)))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _beginning(micros: int) -> int:
    ms, rest = divmod(micros, 1000)
    return (ms & 0xFFFF_FFFF_FFFF) << 80 | 0x7000 << 64 | (rest << 12) // 1000 << 64 | 0x8000_0000_0000_0000
