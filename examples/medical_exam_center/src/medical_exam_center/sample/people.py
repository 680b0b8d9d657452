"""The invented centre: its units, its people, and who owns how many customers."""

from __future__ import annotations

import attrs

__all__ = ["COMPANY", "OWNED", "PEOPLE", "SELLERS", "STAFF", "UNITS", "Member"]

COMPANY = "Clearwater Examination Centre"


@attrs.frozen
class Member:
    """Somebody of the centre: login, name, unit, and the roles there."""

    login: str
    name: str
    unit: str
    roles: tuple[str, ...]


# Each unit with the one above it.
UNITS = (
    (COMPANY, None),
    ("East", COMPANY),
    ("East-2", "East"),
    ("West", COMPANY),
    ("Reception", COMPANY),
)
STAFF = (
    Member("dir", "Gu Ran 顾然", COMPANY, ("top",)),
    Member("admin", "Fang Yi 方毅", COMPANY, ("administrator",)),
    Member("lead_e", "Mo Lan 莫岚", "East", ("leader", "booking")),
    Member("rep_a", "An Qi 安琪", "East", ("staff", "booking")),
    Member("rep_b", "Bai Lu 白露", "East", ("staff", "booking")),
    Member("lead_e2", "Ling Feng 凌枫", "East-2", ("leader", "booking")),
    Member("rep_c", "Cen Mu 岑木", "East-2", ("staff", "booking")),
    Member("lead_w", "Wen Bo 闻博", "West", ("leader", "booking")),
    Member("rep_w", "Wei Ran 韦然", "West", ("staff", "booking")),
    Member("desk", "Dou Xin 窦欣", "Reception", ("reception", "booking")),
)
# How many customers each owns: 40 of the director, 30 of the East, 10 of the West.
OWNED = {"rep_a": 12, "rep_b": 8, "lead_e": 3, "rep_c": 5, "lead_e2": 2, "rep_w": 9, "lead_w": 1}
SELLERS = tuple(OWNED)

PEOPLE = {"salesperson": "rep_a", "manager": "lead_e", "director": "dir", "front desk": "desk"}
"""One login of each rank, for showing who sees what."""
