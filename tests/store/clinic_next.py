"""The clinic's next version: the number of people is always known, and visits have rooms."""

from __future__ import annotations

from datetime import date

from pycrm import Customer, Field, Link, Plugin, Record, field, link, reference, through

__all__ = ["Clinic", "Room", "Visit"]


class Room(Record, table="clinic_room", scope=reference()):
    """A room for examinations."""

    name: Field[str] = field("Name", unique=True, order=True)


class Visit(Record, table="clinic_visit", scope=through("customer")):
    """A customer came."""

    customer: Link[Customer] = link("Customer")
    on: Field[date] = field("Date", order=True)
    headcount: Field[int] = field("People", default=1)
    room: Link[Room | None] = link("Room", default=None)


class Clinic(Plugin):
    """Clinic"""

    name = "clinic"
    records = (Room, Visit)
    migrations = "clinic_steps"
