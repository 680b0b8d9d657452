"""The tables of credentials, and what is told of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import attrs

from pycrm.declare import Field, Link, field, link
from pycrm.declare.record import Row
from pycrm.entities.org import User

__all__ = [
    "Access",
    "AttemptRow",
    "Limits",
    "Opened",
    "PasswordRow",
    "ResetMade",
    "ResetRow",
    "Scope",
    "Seeing",
    "SignInRow",
    "TokenMade",
    "TokenRow",
    "TokenShown",
    "Visit",
]


class Scope(StrEnum):
    """What a token is good for, within what its person may do."""

    READ = "read"
    WRITE = "write"


class Access(StrEnum):
    """How somebody came in."""

    BROWSER = "browser"
    TOKEN = "token"


class PasswordRow(Row, table="crm_password", primary=("user_id",), goes_with="user_id"):
    """The hash of a person's password."""

    user: Link[User] = link("User")
    hash: Field[str] = field("Hash", longest=400)
    changed_at: Field[datetime] = field("Changed at")
    changed_by: Link[User | None] = link("Changed by", default=None)
    is_temporary: Field[bool] = field("Temporary", default=False)


class SignInRow(Row, table="crm_sign_in", primary=("id",), indexes=(("until",),), goes_with="user_id"):
    """One session of a browser; its id is the digest of the secret that the browser holds.

    Whoever was proved by the company's own sign-in need not choose a password before going on.
    """

    id: Field[UUID] = field("Id")
    user: Link[User] = link("User")
    at: Field[datetime] = field("At")
    seen_at: Field[datetime] = field("Seen at")
    until: Field[datetime] = field("Until")
    is_proved: Field[bool] = field("Proved", default=False)
    # What somebody else sees is shown in it for a while, what for and since when.
    sees: Link[User | None] = link("Sees", default=None)
    sees_because: Field[str | None] = field("Sees because", default=None)
    sees_since: Field[datetime | None] = field("Sees since", default=None)


class TokenRow(
    Row,
    table="crm_token",
    primary=("id",),
    indexes=(("!digest",),),
    goes_with="user_id",
):
    """One token of a program; its digest is that of the secret that the program holds."""

    id: Field[UUID] = field("Id")
    digest: Field[UUID] = field("Digest")
    user: Link[User] = link("User")
    name: Field[str] = field("Name", longest=100)
    scope: Field[Scope] = field("Scope")
    at: Field[datetime] = field("At")
    until: Field[datetime] = field("Until")
    used_at: Field[datetime | None] = field("Used at", default=None)
    revoked_at: Field[datetime | None] = field("Revoked at", default=None)


class ResetRow(
    Row,
    table="crm_reset",
    primary=("id",),
    indexes=(("login", "at"), ("until",)),
    goes_with="user_id",
):
    """One link by which a person chooses a password anew; its id is the digest of the secret in the link.

    Of a login that there is not a row is kept as well, with nobody in it: asking for one is the same work.
    """

    id: Field[UUID] = field("Id")
    user: Link[User | None] = link("User", default=None)
    login: Field[UUID] = field("Login")
    at: Field[datetime] = field("At")
    until: Field[datetime] = field("Until")


class AttemptRow(
    Row, table="crm_attempt", primary=("id",), indexes=(("login", "at"), ("place", "at"), ("at",))
):
    """One try to sign in, or to be sent a link, of which name and from where, as keyed hashes.

    Those of a name are dropped when its person signs in.
    """

    id: Field[UUID] = field("Id")
    at: Field[datetime] = field("At")
    login: Field[UUID] = field("Login")
    place: Field[UUID] = field("Place")


@attrs.frozen
class Limits:
    """How long sessions last and how often somebody may try.

    Args:
        idle: a session ends when nothing was asked in it for so long.
        longest: a session ends so long after it began, whatever is asked in it.
        tries: how often a name, and how often an address, may be tried within a minute.
    """

    idle: timedelta = timedelta(hours=2)
    longest: timedelta = timedelta(hours=12)
    tries: int = 10


@attrs.frozen
class Seeing:
    """Through whose eyes the holder of a session looks for a while, and what for."""

    user: UUID
    because: str


@attrs.frozen
class Visit:
    """Whom a secret names, and how that person came in."""

    user: UUID
    login: str
    name: str
    access: Access
    scope: Scope = Scope.WRITE
    # Somebody else chose the password: the person has to choose another one first.
    must_change: bool = False
    sees: Seeing | None = None


@attrs.frozen
class Opened:
    """A session that has begun: the secret for the browser, and whom it names."""

    secret: str = attrs.field(repr=False)
    visit: Visit


@attrs.frozen
class TokenShown:
    """A token as its person is shown it: without the secret."""

    id: UUID
    login: str
    name: str
    scope: Scope
    at: datetime
    until: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@attrs.frozen
class TokenMade:
    """A new token with its secret, which is told this once."""

    secret: str = attrs.field(repr=False)
    token: TokenShown


@attrs.frozen
class ResetMade:
    """A new link with its secret, for whom it is, and until when it is good."""

    secret: str = attrs.field(repr=False)
    login: str
    name: str
    email: str | None = attrs.field(repr=False)
    until: datetime
