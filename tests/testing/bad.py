"""Plugins with one fault each, by the check of the contract that has to find it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from pycrm import (
    CRM,
    ConflictError,
    Customer,
    Field,
    Link,
    OrgUnit,
    Plugin,
    Record,
    Source,
    User,
    field,
    hookimpl,
    link,
    owned,
    reference,
    through,
)
from pycrm.scoring import YEAR, Indicator, Linear, count, feeds, zero

__all__ = ["FAULTS", "FURTHER", "Good", "add_nothing", "add_sample", "lagging"]


class Card(Record, table="loyal_card", scope=through("customer", owned=True)):
    """A card of a customer (会员卡)."""

    customer: Link[Customer] = link("Customer", zh="客户")
    number: Field[str] = field("Number", zh="卡号", order=True, search=True, longest=20)
    note: Field[str | None] = field("Note", zh="备注", default=None, longest=200)


class Good(Plugin):
    """Loyalty

    Cards that customers collect points on.
    """

    name = "loyal"
    records = (Card,)
    migrations = "loyal_steps"
    sample = "testing.bad:add_sample"

    @hookimpl
    def before_add(self, session: Any, record: Card) -> None:
        """Nothing is wrong with a card."""


def add_sample(crm: CRM) -> None:
    """One customer with a card."""
    with crm.session(crm.system("sample")) as session:
        fair = session.add(Source(name="fair"))
        unit = session.add(OrgUnit(name="North", code="north"))
        ana = session.add(User(login="ana", name="Ana", home_unit=unit))
        one = session.add(Customer.organization("Hongda", source="fair", email="h@example.com"), owner=ana)
        session.add(Card(customer=one, number=fair.name), owner=ana)


def add_nothing(crm: CRM) -> None:
    """Somebody forgot."""


class Undeclared(Record, table="loyal_thing"):
    """A thing whose scope nobody said (物品)."""

    name: Field[str] = field("Name", zh="名称")


class Loading(Plugin):
    """Loyalty"""

    name = "loyal"
    records = (Card, Undeclared)


_CALLS = zero(count(feeds.contact_acts, where=feeds.contact_acts.kind == "call", within=YEAR))


class Prefixes(Plugin):
    """Loyalty"""

    name = "loyal"
    records = (Card,)
    indicators = (Indicator("S99", "Calls of a year", "一年通话", "S", "count", _CALLS, Linear(0, 12)),)


class Unlabelled(Record, table="loyal_plan", scope=owned()):
    """A plan (计划)."""

    name: Field[str] = field("Name")


class Labels(Plugin):
    """Loyalty"""

    name = "loyal"
    records = (Unlabelled,)


class Hooks(Plugin):
    """Loyalty"""

    name = "loyal"
    records = (Card,)

    @hookimpl(optionalhook=True)
    def card_printed(self, session: Any, record: Card) -> None:
        """Nobody calls this."""


class Answering(Plugin):
    """Loyalty"""

    name = "loyal"
    records = (Card,)

    @hookimpl
    def before_add(self, session: Any, record: Card) -> bool | None:
        """Nobody wants to know."""
        return None


class Mistaken(Plugin):
    """Loyalty"""

    name = "loyal"
    records = (Card,)

    @hookimpl
    def before_add(self, session: Any, recrod: Any) -> None:
        """A slip of the pen."""


class Bonus(Record, table="loyal_bonus", scope=reference()):
    """What a customer is granted, before everybody's eyes (奖励)."""

    customer: Link[Customer] = link("Customer", zh="客户")


class Scope(Plugin):
    """Loyalty"""

    name = "loyal"
    records = (Bonus,)


class Sharing(Plugin):
    """Loyalty"""

    name = "loyal"
    records = (Card,)

    @hookimpl
    def record_added(self, session: Any, record: Card) -> None:
        """Tell the whole branch of the card."""
        if isinstance(record, Card):
            from pycrm import OrgUnit

            session.share(record, unit=session.named(OrgUnit, "north"), because="for everybody here")


class Born(Record, table="loyal_holder", scope=through("customer")):
    """Who holds a card (持卡人)."""

    customer: Link[Customer] = link("Customer", zh="客户")
    born_on: Field[date] = field("Born on", zh="生日", personal=True)


class Erasure(Plugin):
    """Loyalty"""

    name = "loyal"
    records = (Born,)


class Copied(Record, table="loyal_badge", scope=through("customer")):
    """A badge that bears the customer's name (胸牌)."""

    customer: Link[Customer] = link("Customer", zh="客户")
    printed: Field[str | None] = field("Printed", zh="印字", init=False, default=None)

    def begin(self, session: Any) -> dict[str, Any]:
        """What is printed is the name."""
        return {"printed": session.get(self.customer).name}


class Copying(Plugin):
    """Loyalty"""

    name = "loyal"
    records = (Copied,)


class Desk(Record, table="loyal_desk", scope=owned()):
    """The desk at which somebody sits for ever (工位)."""

    name: Field[str] = field("Name", zh="名称")


class Handover(Plugin):
    """Loyalty"""

    name = "loyal"
    records = (Desk,)
    migrations = "loyal_steps"


class Permit(Record, table="loyal_permit", scope=owned()):
    """Leave to add one customer (许可)."""

    name: Field[str] = field("Name", zh="名称")


class Disabling(Plugin):
    """Loyalty"""

    name = "loyal"
    records = (Permit,)
    migrations = "loyal_steps"

    @hookimpl
    def before_add(self, session: Any, record: Customer) -> None:
        """Each new customer needs a permit, which the database looks for."""
        if isinstance(record, Customer):
            session.add(Permit(name=record.party.id.hex))


_TRIGGER = """
    op.execute(
        "CREATE TRIGGER loyal_gate BEFORE INSERT ON crm_customer "
        "WHEN NOT EXISTS (SELECT 1 FROM loyal_permit WHERE name = lower(hex(NEW.party_id))) "
        "BEGIN SELECT RAISE(ABORT, 'no permit'); END"
    )
"""

_STUCK = """
    op.execute(
        "CREATE TRIGGER loyal_stuck BEFORE UPDATE OF owner_id ON loyal_desk "
        "BEGIN SELECT RAISE(ABORT, 'stays'); END"
    )
"""


class Unshipped(Plugin):
    """Loyalty"""

    name = "loyal"
    records = (Card,)


class Unexplained(Plugin):
    """Loyalty

    Cards that customers collect points on.
    """

    name = "loyal"
    records = (Card,)

    @hookimpl
    def before_add(self, session: Any, record: Card) -> None:
        pass


class Halving(Plugin):
    """Loyalty"""

    name = "loyal"
    records = (Card,)

    @hookimpl
    def record_added(self, session: Any, record: Card) -> None:
        """Keep the card for certain, whatever becomes of the act."""
        session.transaction.cursor.execute("COMMIT")
        session.transaction.cursor.execute("BEGIN IMMEDIATE")


class Telling(Plugin):
    """Loyalty"""

    name = "loyal"
    records = (Card,)

    @hookimpl
    def before_change(self, session: Any, record: Customer) -> None:
        """No customer is changed while anybody has a card."""
        if session.beyond("cards of everybody", Card).count(Card):
            raise ConflictError("somebody has a card")


class Bare(Plugin):
    """Loyalty"""

    name = "loyal"
    records = (Card,)


class Forgetful(Plugin):
    """Loyalty"""

    name = "loyal"
    records = (Card,)
    sample = "testing.bad:add_nothing"


class Heavy(Plugin):
    """Loyalty"""

    name = "loyal"
    records = (Card,)

    @hookimpl
    def record_added(self, session: Any, record: Customer) -> None:
        """Three cards for everybody."""
        for number in "123":
            session.add(Card(customer=record, number=number))


Edit = Callable[[str], str]


def _as_written(text: str) -> str:
    return text


def _stuck(text: str) -> str:
    return text.replace("\n\ndef downgrade", f"{_STUCK}\n\ndef downgrade")


def _gated(text: str) -> str:
    up, mark, down = text.partition("\n\ndef downgrade")
    return (
        up
        + _TRIGGER
        + mark
        + down.replace("    op.drop_table", '    op.execute("DROP TRIGGER loyal_gate")\n    op.drop_table', 1)
    )


def _one_way(text: str) -> str:
    """A migration whose way down forgets the table."""
    head, mark, _ = text.partition("def downgrade")
    return f'{head}{mark}() -> None:\n    """Take it back."""\n'


def lagging(text: str) -> str:
    """A migration from before the field `note`."""
    return "\n".join(line for line in text.splitlines() if "'note'" not in line) + "\n"


# The check that finds it, the plugin, and what becomes of its first migration.
FAULTS: tuple[tuple[str, Any, Edit], ...] = (
    ("loading", Loading, _as_written),
    ("prefixes", Prefixes, _as_written),
    ("labels", Labels, _as_written),
    ("hooks", Hooks, _as_written),
    ("hooks", Answering, _as_written),
    ("hooks", Mistaken, _as_written),
    ("scope", Scope, _as_written),
    ("scope", Sharing, _as_written),
    ("migrations", Good, _one_way),
    ("erasure", Erasure, _as_written),
    ("erasure", Copying, _as_written),
    ("handover", Handover, _stuck),
    ("disabling", Disabling, _gated),
)

# The check of a higher level that finds it, and the plugin.
FURTHER: tuple[tuple[str, Any], ...] = (
    ("shipping", Unshipped),
    ("explaining", Unexplained),
    ("explaining", Unshipped),
    ("wholeness", Halving),
    ("secrecy", Telling),
    ("sample", Bare),
    ("sample", Forgetful),
    ("weight", Heavy),
)
