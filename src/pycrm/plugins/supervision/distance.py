"""How far two places on the earth lie apart."""

from __future__ import annotations

from decimal import Decimal
from math import asin, cos, radians, sin, sqrt

__all__ = ["Place", "metres"]

#: Latitude and longitude in degrees.
Place = tuple[Decimal, Decimal]

# The mean radius of the earth (IUGG), in metres.
_RADIUS = 6_371_008.8


def metres(one: Place, other: Place) -> int:
    """The distance along the great circle in whole metres, by the haversine formula.

    >>> metres((Decimal("31.23"), Decimal("121.47")), (Decimal("31.23"), Decimal("121.47")))
    0
    >>> metres((Decimal("0"), Decimal("0")), (Decimal("0"), Decimal("180")))
    20015114
    """
    (north, east), (north_2, east_2) = ((radians(place[0]), radians(place[1])) for place in (one, other))
    half = sin((north_2 - north) / 2) ** 2 + cos(north) * cos(north_2) * sin((east_2 - east) / 2) ** 2
    return round(2 * _RADIUS * asin(min(1.0, sqrt(half))))
