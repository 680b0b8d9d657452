"""How money, numbers, days and telephone numbers look."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal

from pycrm.values import Money

__all__ = ["brief", "day", "moment", "money", "number", "telephone"]

_SIGNS = {"CNY": "¥", "EUR": "€", "GBP": "£", "USD": "$", "HKD": "HK$", "JPY": "JP¥"}
# Chinese counts in ten thousands, English in thousands; an English page never shows 万 or 亿.
_SCALES = {
    "zh": ((Decimal(10) ** 8, "亿"), (Decimal(10) ** 4, "万")),
    "en": ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "K")),
}


def money(amount: Money) -> str:
    """An amount in full: ``¥1,680,000``, ``€12.50``; fractions are shown where there are any.

    >>> money(Money("1680000", "CNY")), money(Money("-12.5", "EUR"))
    ('¥1,680,000', '-€12.50')
    """
    value = abs(amount.amount)
    text = f"{value:,f}"
    if "." in text and not text.rpartition(".")[2].strip("0"):
        text = text.partition(".")[0]
    return f"{'-' if amount.units < 0 else ''}{_signed(amount.currency, text)}"


def _signed(currency: str, text: str) -> str:
    sign = _SIGNS.get(currency)
    return f"{sign}{text}" if sign else f"{text} {currency}"


def brief(amount: Money, language: str) -> str:
    """An amount in few figures, for charts and tiles.

    >>> brief(Money("4566000", "CNY"), "en"), brief(Money("4566000", "CNY"), "zh")
    ('¥4.57M', '¥457万')
    """
    value = abs(amount.amount)
    for scale, word in _SCALES.get(language, _SCALES["en"]):
        if value >= scale:
            places = max(0, 3 - len(str(int(value / scale))))
            step = Decimal(1).scaleb(-places)
            text = f"{(value / scale).quantize(step, ROUND_HALF_UP):f}"
            text = text.rstrip("0").rstrip(".") if "." in text else text
            return f"{'-' if amount.units < 0 else ''}{_signed(amount.currency, text + word)}"
    return money(amount)


def number(value: int | Decimal | float) -> str:
    """A number with its thousands parted."""
    if isinstance(value, float):
        value = Decimal(str(round(value, 2)))
    text = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def day(value: date) -> str:
    """A day, the same in every language: ``2026-06-30``."""
    return value.isoformat()


def moment(value: datetime, zone: tzinfo) -> str:
    """An instant in business time, to the minute."""
    return value.astimezone(zone).isoformat(" ", "minutes")[:16]


def telephone(text: str) -> str:
    """A number as people read it aloud; what is no mainland mobile stays as it was typed.

    >>> telephone("13800000001"), telephone("021-51620223")
    ('138 0000 0001', '021-51620223')
    """
    if len(text) == 11 and text.isascii() and text.isdigit() and text[0] == "1":
        return f"{text[:3]} {text[3:7]} {text[7:]}"
    return text
