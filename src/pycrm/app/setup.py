"""Bringing a database to the shape that this version and its plugins need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from pycrm.entities.org import Role, default_roles
from pycrm.revision.model import Setting

if TYPE_CHECKING:
    from pycrm.app.crm import CRM
    from pycrm.session import Session

__all__ = ["migrate"]


def migrate(crm: CRM) -> list[str]:
    """Create what is missing, then publish pipelines and enter the first settings and roles."""
    done: list[str] = []
    with crm.store.connect() as connection:
        if crm.store.schema:
            connection.execute(sa.schema.CreateSchema(crm.store.schema, if_not_exists=True))
        crm.metadata.create_all(connection)
        table = Setting.__table__
        if connection.execute(sa.select(table.c.value).where(table.c.name == "secret")).scalar() is None:
            secret = crm.identifiers.bytes(32).hex()
            connection.execute(sa.insert(table).values(name="secret", value=secret))
            done.append("made the key of claims and cursors")
    with crm.session(crm.system("set-up")) as session:
        crm.pipelines.publish(session.transaction)
        done += _roles(session)
    return done


def _roles(session: Session) -> list[str]:
    if session.count(Role):
        return []
    session.add_all(default_roles())
    return ["added the roles staff, leader, top and administrator"]
