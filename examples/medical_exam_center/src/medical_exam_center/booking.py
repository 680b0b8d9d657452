"""An examinee's day at the centre (预约): a package, and a place of everything that it needs."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from pycrm import (
    Child,
    Children,
    Customer,
    Field,
    InvalidError,
    Link,
    Money,
    Problem,
    Record,
    children,
    field,
    link,
    through,
)

from medical_exam_center.package import ExamPackage
from medical_exam_center.slot import Half, Slot

__all__ = ["Booking", "Identity", "Place"]


class Identity(StrEnum):
    """By what the desk knew who came (EXM-7)."""

    ID_CARD = "id_card"
    PASSPORT = "passport"
    TWO_MARKS = "two_marks"


class Place(Child, table="checkup_place"):
    """One place that a booking takes (占号)."""

    slot: Link[Slot] = link("Slot", zh="号源")


class Booking(
    Record, table="checkup_booking", scope=through("customer", owned=True), pipeline="checkup_booking"
):
    """A booked examination (预约). Day, half and price follow from the places and the package."""

    customer: Link[Customer] = link("Examinee", zh="受检人")
    name: Field[str] = field("Name", zh="姓名", init=False, order=True, search=True, longest=300)
    payer: Link[Customer | None] = link("Paid by", zh="付款单位", default=None)
    package: Link[ExamPackage] = link("Package", zh="套餐")
    places: Children[Place] = children("Places", zh="号源")
    day: Field[date] = field("Day", zh="日期", init=False, order=True)
    half: Field[Half] = field("Half of the day", zh="时段", init=False)
    price: Field[Money] = field("Price", zh="价格", init=False)
    identity: Field[Identity | None] = field("Identity shown by", zh="证件核对", default=None)
    arrived_on: Field[date | None] = field("Arrived on", zh="到检日期", default=None)
    remark: Field[str | None] = field("Remark", zh="备注", default=None, longest=500)

    mirrors = {"name": "customer"}
    derives = {"day": ("places.slot",), "half": ("places.slot",)}

    def begin(self, session: Any) -> dict[str, Any]:
        """Name and price as they are now: a package that becomes dearer changes no booking."""
        return {
            "name": session.get(self.customer).name,
            "price": session.get(self.package).price,
        }

    def derive(self, session: Any) -> dict[str, Any]:
        """Day and half of the places, which are of one half-day and of everything that the package needs."""
        slots = [session.get(place.slot) for place in self.places]
        times = {(slot.day, slot.half) for slot in slots}
        if len(times) != 1:
            raise _wrong("the places of a booking are in one half of one day")
        needed = session.get(self.package).resources
        given = [slot.resource for slot in slots]
        if sorted(given) != sorted(needed):
            raise _wrong(f"the package needs one place each of {', '.join(needed)}")
        ((day, half),) = times
        return {"day": day, "half": half}


def _wrong(text: str) -> InvalidError:
    return InvalidError(text, fields=[Problem("places", "rule", text)])
