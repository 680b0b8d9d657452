"""How a record is owned, and so who may see it: every record declares one of these."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import attrs

__all__ = [
    "Administered",
    "Beside",
    "Budget",
    "ClaimPolicy",
    "Owned",
    "Policy",
    "Private",
    "Reference",
    "Team",
    "Through",
    "UsedBy",
    "administered",
    "beside",
    "owned",
    "private",
    "reference",
    "team",
    "through",
    "used_by",
]


class ClaimPolicy(StrEnum):
    """What somebody is told who enters a unique value that a record out of sight holds.

    A record in sight is named under each of them, and the value refused.
    """

    SILENT = "silent"
    """Nothing: it is saved."""
    ARBITER = "arbiter"
    """Nothing: it is saved, and the pair is put before those who decide on duplicates."""
    ASK = "ask"
    """It is refused as "already held elsewhere", and nothing more; so many times an hour."""
    DISCLOSE = "disclose"
    """It is refused, and the record that holds it is named by its id."""


@attrs.frozen
class Policy:
    """The declared ownership of a record class; `pairs` names its (owner, unit) columns."""

    pairs: ClassVar[tuple[tuple[str, str], ...]] = ()

    @property
    def passes_on(self) -> bool:
        """Whether records of the class go to another owner, by assignment or handover."""
        return OWN_PAIR in self.pairs

    @property
    def columns(self) -> tuple[str, ...]:
        """The fields that hold the owners, in the order of the table."""
        return tuple(name for pair in self.pairs for name in pair)


OWN_PAIR = ("owner", "owner_unit")
PARENT_PAIR = ("parent_owner", "parent_unit")


@attrs.frozen
class Team:
    """The records that say who is in the team of a record, and which of their fields do so; see `team`."""

    entity: str
    record: str
    user: str = "user"
    since: str = "since"
    until: str = "until"
    part: str | None = None


@attrs.frozen
class Owned(Policy):
    """The row has an owner and the unit the owner belonged to when ownership began."""

    pairs = (OWN_PAIR,)
    stays: bool = False
    team: Team | None = None

    @property
    def passes_on(self) -> bool:
        """Not where the row is the owner's own word."""
        return not self.stays


@attrs.frozen
class Through(Policy):
    """The row is visible with its parent, and with `owned` also to an owner of its own.

    Where it `stays`, nobody else becomes that owner. Of the parent's team the `parts` alone see it; without
    any the whole team does.
    """

    links: tuple[str, ...]
    owned: bool = False
    team: Team | None = None
    parts: tuple[str, ...] = ()
    stays: bool = False

    @property
    def passes_on(self) -> bool:
        """Whether a row has an owner of its own, who may hand it on."""
        return self.owned and not self.stays

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:  # type: ignore[override]
        """The parent's owner is copied to the row, since a join would cost each page its index."""
        return (OWN_PAIR, PARENT_PAIR) if self.owned else (PARENT_PAIR,)


@attrs.frozen
class Reference(Policy):
    """Everybody signed in may read it; writing needs a grant."""


@attrs.frozen
class Administered(Policy):
    """Seen and written only by those with a grant that names this record class."""


@attrs.frozen
class Private(Policy):
    """Seen only by its writer."""

    pairs = (OWN_PAIR,)

    @property
    def passes_on(self) -> bool:
        """Never: what is private goes to nobody."""
        return False


@attrs.frozen
class Beside(Policy):
    """Visible to whoever sees the record that the row names by its kind and its id."""

    entity: str
    record: str


@attrs.frozen
class UsedBy(Policy):
    """Visible to whoever sees a record that links to it, given as ``"Customer.party"``."""

    links: tuple[str, ...]


def owned(*, stays: bool = False, team: Team | None = None) -> Owned:
    """Rows belong to a person and a unit: own, unit, unit and below, all.

    With ``stays=True`` they are never handed to another person: a delegation, say, which is the
    owner's own word. A `team` sees and works on them too.
    """
    return Owned(stays, team)


def through(
    *links: str,
    owned: bool = False,
    team: Team | None = None,
    parts: tuple[str, ...] = (),
    stays: bool = False,
) -> Through:
    """Rows are visible with the record that one of these links names.

    With ``owned=True`` each row also has an owner of its own, who sees it even where the parent
    is hidden (an engineer with one case at somebody else's customer).

    Args:
        team: who sees and works on a row besides, and on all that is seen through it.
        parts: of the team of the linked record these parts alone see the rows, such as ``("lead",)``.
        stays: the owner of a row is never another: what was said to somebody, say, stays theirs when the
            linked record goes to a colleague.
    """
    return Through(links, owned, team, parts, stays)


def team(
    entity: str,
    record: str,
    *,
    user: str = "user",
    since: str = "since",
    until: str = "until",
    part: str | None = None,
) -> Team:
    """People from anywhere who read a record and work on it, each from a day to a day.

    Who that is say other records, one for each membership. They are in reach of whoever reaches the
    record, so that a plugin says by a hook who may enter and end them. A member sees nothing else of what
    the record belongs to, may neither assign nor share it, and is out on the day after the last.

    Args:
        entity: the class of the memberships.
        record, user: its links to the record and to the person.
        since, until: its fields with the first and the last day, of which the latter may be empty.
        part: its field that says what the member does there; `through` may name values of it.
    """
    return Team(entity, record, user, since, until, part)


def reference() -> Reference:
    """Rows are common knowledge (products, regions): read by all, written by grant."""
    return Reference()


def administered() -> Administered:
    """Rows belong to the administration (users, roles): a grant must name the class."""
    return Administered()


def private() -> Private:
    """Rows are seen by their writer alone."""
    return Private()


def used_by(*links: str) -> UsedBy:
    """Rows are visible through the records that use them: ``used_by("Customer.party")``."""
    return UsedBy(links)


@attrs.frozen
class Retain:
    """The law demands these records for so many years after they were added, whoever is erased.

    Args:
        years: how long.
        why: which law, in words for the evidence of an erasure.
    """

    years: int
    why: str


@attrs.frozen
class Budget:
    """How much history of a record class is meant to be kept: what exceeds it is told, and stays.

    Args:
        rows: changes of all its records together, one for each record and act.
        years: the age of the oldest.

    Raises:
        ValueError: neither is given, or one is below 1.
    """

    rows: int | None = None
    years: int | None = None

    def __attrs_post_init__(self) -> None:
        given = [value for value in (self.rows, self.years) if value is not None]
        if not given or min(given) < 1:
            raise ValueError("a budget gives rows or years, of at least 1")


def beside(entity: str, record: str) -> Beside:
    """Rows are visible with the record of any kind that two fields name: its class and its id."""
    return Beside(entity, record)
