"""Roles with rules on fields, and a counter of statements, for tests of field rights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pycrm import CRM, FieldReading, FieldRule, Role
from pycrm.store import Transaction


def ruled(crm: CRM, role: str, *rules: tuple[str, str] | tuple[str, str, bool]) -> None:
    """Give a role rules such as ``("Customer.channel", "hidden")``; a third word lets it write."""
    with crm.session(crm.system("test")) as session:
        found = session.children(session.find(Role, Role.name == role)[0])
        names = {name for name, *_ in rules}
        kept = [one for one in found.rules if f"{one.entity}.{one.field_name}" not in names]
        made = []
        for name, read, *more in rules:
            entity, field = name.split(".")
            made.append(
                FieldRule(
                    entity=entity,
                    field_name=field,
                    read=FieldReading(read),
                    write=more[0] if more else read == "plain",
                )
            )
        session.change(found, rules=[*kept, *made])


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that reach a database within the block."""
    seen: list[str] = []
    plain = {name: getattr(Transaction, name) for name in ("run", "fetch", "execute", "run_many")}

    def watched(name: str) -> Any:
        def call(self: Transaction, statement: Any, *more: Any) -> Any:
            seen.append(str(statement))
            return plain[name](self, statement, *more)

        return call

    for name in plain:
        setattr(Transaction, name, watched(name))
    try:
        yield seen
    finally:
        for name, method in plain.items():
            setattr(Transaction, name, method)
