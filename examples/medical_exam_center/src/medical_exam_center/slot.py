"""What can be examined at once (号源): so many places of a scarce resource in each half of a day."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from pycrm import Field, InvalidError, Problem, Record, field, ge, reference

__all__ = ["Half", "Resource", "Slot"]


class Half(StrEnum):
    """Half of a working day."""

    MORNING = "morning"
    AFTERNOON = "afternoon"


class Resource(StrEnum):
    """What a booking takes a place of: the desk always, the others where the package needs them."""

    RECEPTION = "reception"
    ULTRASOUND = "ultrasound"
    CT = "ct"
    GASTROSCOPY = "gastroscopy"


class Slot(Record, table="checkup_slot", scope=reference()):
    """The places of one resource in one half of a day (号源); `taken` follows the bookings."""

    day: Field[date] = field("Day", zh="日期", order=True)
    half: Field[Half] = field("Half of the day", zh="时段")
    resource: Field[Resource] = field("Resource", zh="资源")
    capacity: Field[int] = field("Places", zh="号源数", validator=ge(0))
    taken: Field[int] = field("Taken", zh="已约", default=0, validator=ge(0))

    @property
    def free(self) -> int:
        """How many places are left."""
        return self.capacity - self.taken

    def check(self, moment: datetime) -> None:
        """Never are more places taken than there are."""
        if self.taken > self.capacity:
            over = Problem("taken", "rule", f"{self.taken} of {self.capacity} places would be taken")
            raise InvalidError(over.message, fields=[over])
