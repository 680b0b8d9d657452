"""The rights over its own records that a plugin gives the roles of a database, once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.entities.org import Grant, Role
from pycrm.revision.model import Setting

if TYPE_CHECKING:
    from pycrm.plugin import Plugin
    from pycrm.session import Session
    from pycrm.store import Transaction

__all__ = ["first_grants"]

# A role by its name, an entity and an action.
Right = tuple[str, str, str]


def first_grants(session: Session) -> Iterator[tuple[str, Callable[[], object]]]:
    """The grants that plugins ship and this database was never given, and what enters those of each.

    Once entered they belong to the administrators: what they took away stays away, whatever a later
    version declares. A role of that name that there is not gets nothing, now or later.
    """
    for plugin in session.crm.registry.plugins:
        if not plugin.grants:
            continue
        wanted = _rights(plugin)
        new = wanted.keys() - _entered(session.transaction, plugin.name)
        if new:
            roles = ", ".join(sorted({role for role, _, _ in new}))
            line = f"added the grants of {plugin.name} to the roles {roles}"
            yield line, partial(_enter, session, plugin.name, {one: wanted[one] for one in new})


def _rights(plugin: Plugin) -> dict[Right, Grant]:
    return {
        (role, grant.entity, grant.action.value): grant
        for role, grants in plugin.grants.items()
        for grant in grants
    }


def _name(plugin: str) -> str:
    return f"grants of {plugin}"


def _entered(tx: Transaction, plugin: str) -> set[Right]:
    table = Setting.__table__.c
    found = tx.fetch(sa.select(table.value).where(table.name == _name(plugin)))
    return {tuple(one) for one in json.loads(found[0][0])} if found else set()


def _enter(session: Session, plugin: str, rights: dict[Right, Grant]) -> None:
    tx, table = session.transaction, Setting.__table__
    for role in session.find(Role, Role.name.in_({name for name, _, _ in rights})):
        held: Any = session.children(role)
        there = {(one.entity, one.action) for one in held.grants}
        new = [
            Grant(entity=one.entity, action=one.action, reach=one.reach)
            for (name, _, _), one in sorted(rights.items())
            if name == role.name and (one.entity, one.action) not in there
        ]
        if new:
            session.change(role, grants=[*held.grants, *new])
    every = sorted({*_entered(tx, plugin), *rights})
    tx.execute(sa.delete(table).where(table.c.name == _name(plugin)))
    tx.execute(sa.insert(table).values(name=_name(plugin), value=json.dumps(every)))
