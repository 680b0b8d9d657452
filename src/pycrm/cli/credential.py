"""Commands about passwords and tokens."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from pycrm.cli.answer import Table, tell
from pycrm.cli.call import Call, Origin, command, group
from pycrm.errors import InvalidError, Problem

if TYPE_CHECKING:
    from pycrm.credential import ResetMade, TokenShown
    from pycrm.session import Session

__all__ = ["add_to", "token"]

token = group("Tokens, by which programs come in over HTTP.")

Login = Annotated[str, typer.Argument(help="The person's login.")]


def password(
    call: Call,
    login: Login,
    generate: Annotated[
        bool, typer.Option("--generate", help="Make one up and print it, instead of asking for it.")
    ] = False,
    temporary: Annotated[
        bool, typer.Option("--temporary", help="The person has to choose another one at the next sign-in.")
    ] = False,
) -> None:
    """Set the password by which a person signs in to the pages.

    It is asked for twice without being shown; a program gives it in one line of standard input.
    """
    said = secrets.token_urlsafe(12) if generate else _asked(call)

    def act(session: Session) -> str:
        from pycrm.cli.entity import record_of
        from pycrm.credential import set_password
        from pycrm.entities import User

        person = record_of(session, User, login)
        set_password(session, person, said, is_temporary=temporary)
        return str(person.login)

    known = call.run(act)
    more = {"password": said} if generate else {}
    words = f": {said}" if generate else ""
    call.answer({"login": known, "temporary": temporary, **more}, f"{known} has a new password{words}")


def _asked(call: Call) -> str:
    import sys

    if call.json or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    said: str = typer.prompt("Password", hide_input=True, err=True)
    if typer.prompt("Once more", hide_input=True, err=True) != said:
        differs = Problem("password", "rule", "the two were not the same")
        raise InvalidError(differs.message, fields=[differs])
    return said


def reset(
    call: Call,
    login: Login,
    hours: Annotated[int, typer.Option("--hours", help="After how many it ends, at most 168.")] = 24,
    origin: Origin = None,
) -> None:
    """Print a link by which a person chooses a password, once; you hand it over.

    It is for who has no mailbox, and for who has never had a password.
    """
    from pycrm.http import link_to
    from pycrm.settings import http_settings

    settings = http_settings(call.loaded.with_options({"origin": origin}))

    def act(session: Session) -> ResetMade:
        from pycrm.cli.entity import record_of
        from pycrm.credential import make_reset
        from pycrm.entities import User

        return make_reset(session, record_of(session, User, login), hours=hours)

    made = call.run(act)
    link = link_to(settings, made)
    call.answer({"login": made.login, "link": link, "until": made.until.isoformat()}, link)
    if not call.json:
        tell(f"for {made.login}, until {made.until:%Y-%m-%d %H:%M} UTC; it is not shown again")


def new(
    call: Call,
    name: Annotated[str, typer.Argument(help="What it is for.")],
    write: Annotated[bool, typer.Option("--write", help="It may change things too, not only read.")] = False,
    days: Annotated[int, typer.Option("--days", help="After how many days it ends, at most 366.")] = 90,
) -> None:
    """Make a token for yourself and print it: it is shown this once."""

    def act(session: Session) -> Any:
        from pycrm.credential import Scope, make_token

        return make_token(session, name, scope=Scope.WRITE if write else Scope.READ, days=days)

    made = call.run(act)
    call.answer({**_told(made.token), "secret": made.secret}, made.secret)
    if not call.json:
        tell(f"{made.token.scope.value} until {made.token.until.date()}; keep it, it is not shown again")


def list_tokens(call: Call) -> None:
    """List your tokens; those of everybody, if you keep users."""
    from pycrm.credential import tokens

    with call.view() as session:
        told = [_told(one) for one in tokens(session)]
    heads = ["Id", "Login", "Name", "Scope", "Until", "Used", "Revoked"]
    rows = [[str(one[head.lower()] or "") for head in heads] for one in told]
    call.answer({"items": told}, Table(heads, rows, whole=frozenset([0])) if told else "no tokens")


def _told(token: TokenShown) -> dict[str, Any]:
    times = {"at": token.at, "until": token.until, "used": token.used_at, "revoked": token.revoked_at}
    found = {"id": str(token.id), "login": token.login, "name": token.name, "scope": token.scope.value}
    return found | {name: None if value is None else value.isoformat() for name, value in times.items()}


def revoke(call: Call, id: Annotated[str, typer.Argument(help="Its id, from `token list`.")]) -> None:
    """End a token: nobody comes in by it any more."""

    def act(session: Session) -> None:
        from pycrm.credential import revoke_token

        revoke_token(session, _key(id))

    call.run(act)
    call.answer({"id": id}, f"revoked {id}")


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        wrong = Problem("id", "format", "expected the id of a token")
        raise InvalidError(wrong.message, fields=[wrong]) from None


command(token, "new")(new)
command(token, "list")(list_tokens)
command(token, "revoke")(revoke)


def add_to(user: typer.Typer) -> None:
    """Register what belongs to people."""
    command(user, "password")(password)
    command(user, "reset")(reset)
