"""Plays the acts of `past_model` against pycrm, and says where the two part."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import attrs
from house import enterprise

from pycrm import (
    CRM,
    Amendment,
    Customer,
    FixedClock,
    Grant,
    Money,
    Opportunity,
    OpportunityLine,
    Person,
    Product,
    Role,
)
from pycrm.declare.row import layout
from pycrm.entities.customer import SigningGrade
from pycrm.entities.org import Action, Reach
from revision.amending import flow, policy, step
from revision.past_model import Values
from revision.world import catalogue

LEADER = "lead_e"
# Stories take days, one after another, and a deal closes after it was filed.
CLOSE = date(2126, 12, 1)
FIELDS = {
    "c": ("channel", "signing_grade", "needs", "strategic", "archived_at", "owner", "name"),
    "p": ("name",),
    "f": ("occupation", "income_band"),
    "d": ("name", "need", "competitors", "stage", "stage_at", "archived_at", "owner", "amount", "lines"),
}
ENTITIES = {"c": "Customer", "p": "Party", "f": "Person", "d": "Opportunity"}


@attrs.define
class Stage:
    """A CRM in which each story has records of its own."""

    crm: CRM
    clock: FixedClock
    product: Product
    people: dict[str, str]
    number: int = 0

    @classmethod
    def opened(cls, crm: CRM, clock: FixedClock) -> Stage:
        """The cast, a product, and policies by which the leader agrees to some changes."""
        cast = enterprise(crm)
        product, _ = catalogue(crm)
        # Nobody is late here: that is another test's business.
        flow(crm, "leader", step(), remind_after=9000, escalate_after=9000)
        for path in ("Party.name", "Person.income_band", "Opportunity.lines/discount"):
            policy(crm, path, flow="leader")
        with crm.session(crm.system("rights")) as session:
            (role,) = session.find(Role, Role.name == "administrator", children=True)
            rights = (("Customer", Action.READ), ("Erasure", Action.CREATE))
            more = [Grant(entity=name, action=action, reach=Reach.ALL) for name, action in rights]
            session.change(role, grants=[*role.grants, *more])
        return cls(crm, clock, product, {str(one.id): login for login, one in cast.people.items()})


@attrs.define
class Played:
    """The records of one story in pycrm."""

    stage: Stage
    records: dict[str, Any] = attrs.field(factory=dict)
    # Each version of a record as somebody read it.
    read: dict[str, list[Any]] = attrs.field(factory=dict)
    made: list[Amendment] = attrs.field(factory=list)

    def now(self, key: str, session: Any) -> Any:
        """A record as it is."""
        return session.get(self.records[key].ref) if key[0] != "f" else self._facet(key, session)

    def _facet(self, key: str, session: Any) -> Any:
        return session.facet(self.records[f"p{key[1:]}"].ref, Person)

    # --- acts ----------------------------------------------------------------------------------

    def add_customer(self, who: str, name: str) -> None:
        at = len([key for key in self.records if key[0] == "c"])
        self.stage.number += 1
        email = f"c{self.stage.number}@example.com"
        draft = Customer.person(name, email=email, source="exhibition", occupation="cook", income_band="low")
        with self.stage.crm.session(who) as session:
            made = self.records[f"c{at}"] = session.add(draft)
            self.records[f"p{at}"] = session.get(made.party)
            self.records[f"f{at}"] = session.facet(made.party, Person)

    def add_deal(self, customer: str, rows: list[Any], who: str) -> None:
        at = len([key for key in self.records if key[0] == "d"])
        lines = [self._row(None, qty, price) for _, qty, price in rows]
        made = Opportunity(
            customer=self.records[customer], name=f"Deal {at}", expected_close=CLOSE, lines=lines
        )
        with self.stage.crm.session(who) as session:
            self.records[f"d{at}"] = session.add(made)

    def _row(self, old: Any, qty: str, price: str) -> Any:
        if old is not None:
            return layout(type(old)).copy(old, {"qty": Decimal(qty)})
        return OpportunityLine(product=self.stage.product, qty=Decimal(qty), unit_price=Money(price, "CNY"))

    def change(self, key: str, values: Values, who: str) -> None:
        with self.stage.crm.session(who) as session:
            record = self.now(key, session)
            session.change(record, **self._given(record, values))

    def stale(self, key: str, back: int, values: Values, who: str) -> None:
        record = self.read[key][-1 - back]
        with self.stage.crm.session(who) as session:
            session.change(record, **self._given(record, values))

    def _given(self, record: Any, values: Values) -> Values:
        given = dict(values)
        if given.get("signing_grade"):
            given["signing_grade"] = SigningGrade(given["signing_grade"])
        if given.get("amount"):
            given["amount"] = Money(**given["amount"])
        if "lines" in given:
            old, rows = record.lines, given["lines"]
            given["lines"] = [
                self._row(None if at is None else old[at], qty, price)
                for at, qty, price in rows
                if at is None or at < len(old)
            ]
        return given

    def archive(self, key: str, who: str) -> None:
        with self.stage.crm.session(who) as session:
            session.archive(self.now(key, session))

    def restore(self, key: str, who: str) -> None:
        with self.stage.crm.session(who) as session:
            session.restore(self.now(key, session))

    def assign(self, key: str, whom: str) -> None:
        with self.stage.crm.session(LEADER) as session:
            session.assign(self.now(key, session), whom)

    def move(self, key: str, who: str) -> None:
        with self.stage.crm.session(who) as session:
            record = self.now(key, session)
            session.move(record, to="contacted" if record.stage == "filed" else "filed")

    def strategic(self, key: str, who: str) -> None:
        with self.stage.crm.session(who) as session:
            record = self.now(key, session)
            session.amend(record, strategic=not record.strategic, because="as agreed")

    def override(self, key: str, values: Values) -> None:
        with self.stage.crm.session("dir") as session:
            session.override(self.now(key, session), because="the register says so", **values)

    def change_where(self, old: str | None, new: str | None) -> None:
        mine = [one.id for key, one in self.records.items() if key[0] == "c"]
        held = Customer.channel.is_(None) if old is None else Customer.channel == old
        with self.stage.crm.session(LEADER) as session:
            session.change_where(Customer, Customer.id.in_(mine), held, channel=new)

    def erase(self, key: str) -> None:
        with self.stage.crm.session("admin") as session:
            session.erase(self.records[key].ref, because="asked for it in writing")

    def submit(self, key: str, values: Values, days: int, who: str) -> None:
        self._amend(key, days, who, lambda record: values)

    def discount(self, key: str, at: int, value: str, days: int, who: str) -> None:
        def values(record: Any) -> Values:
            rows = list(record.lines)
            rows[at] = layout(type(rows[at])).copy(rows[at], {"discount": Decimal(value)})
            return {"lines": rows}

        self._amend(key, days, who, values)

    def _amend(self, key: str, days: int, who: str, values: Any) -> None:
        day = self.stage.crm.calendar_day(self.stage.clock.now()) + timedelta(days=days)
        with self.stage.crm.session(who) as session:
            record = self.now(key, session)
            made = session.amend(record, because="as they told me", effective_on=day, **values(record))
        self.made.append(made)

    def decide(self, verb: str, at: int, who: str) -> None:
        more = {"because": "I say so"} if verb in ("approve", "reject") else {}
        with self.stage.crm.view(LEADER) as session:
            current = session.get(self.made[at].ref)
        with self.stage.crm.session(who) as session:
            getattr(session, verb)(current, **more)

    def pass_days(self, days: int) -> None:
        self.stage.clock.advance(days=days)
        self.stage.crm.run_jobs()

    def revert(self, key: str, version: int, who: str) -> None:
        with self.stage.crm.session(who) as session:
            past = session.history(self.now(key, session))
            mine = [one for one in past if one.entity == ENTITIES[key[0]]][::-1]
            made = session.revert(mine[version], because="it was wrong")
        if isinstance(made, Amendment):
            self.made.append(made)

    # --- what is shown -------------------------------------------------------------------------

    def shown(self, record: Any, kind: str) -> tuple[int, Values]:
        """Version and values of a record as JSON has them."""
        return record.version, {name: self._told(getattr(record, name)) for name in FIELDS[kind]}

    def _told(self, value: Any) -> Any:
        if isinstance(value, Money):
            return {"amount": str(value.amount), "currency": value.currency}
        if isinstance(value, tuple):
            return [self._told(one) for one in value]
        if isinstance(value, OpportunityLine):
            row = {"id": str(value.id), "qty": f"{value.qty:.3f}", "discount": f"{value.discount:.4f}"}
            return row | {"unit_price": self._told(value.unit_price)}
        if isinstance(value, SigningGrade):
            return value.value
        return self.stage.people.get(str(getattr(value, "id", "")), value)
