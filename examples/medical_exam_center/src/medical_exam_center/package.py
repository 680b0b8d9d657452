"""What the centre sells (体检套餐): items for people of a sex and an age, at one price."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum

from pycrm import (
    Child,
    Children,
    Field,
    InvalidError,
    Money,
    Problem,
    Record,
    children,
    field,
    ge,
    le,
    reference,
)

from medical_exam_center.slot import Resource

__all__ = ["ExamPackage", "PackageItem", "Sex", "age_on"]


class Sex(StrEnum):
    """Whom a package or an item is for."""

    ANY = "any"
    MALE = "male"
    FEMALE = "female"


class PackageItem(Child, table="checkup_package_item"):
    """One examination of a package (检查项目)."""

    name: Field[str] = field("Item", zh="项目", longest=100)
    department: Field[str] = field("Department", zh="科室", longest=60)
    resource: Field[Resource | None] = field("Needs", zh="所需资源", default=None)
    sex: Field[Sex] = field("For", zh="适用性别", default=Sex.ANY)
    fasting: Field[bool] = field("Fasting", zh="空腹", default=False)


class ExamPackage(Record, table="checkup_package", scope=reference()):
    """A package of examinations (体检套餐); a price that is in use changes by an amendment alone."""

    code: Field[str] = field("Code", zh="编码", unique=True, longest=20)
    name: Field[str] = field("Name", zh="名称", order=True, search=True, longest=120)
    sex: Field[Sex] = field("For", zh="适用性别", default=Sex.ANY)
    age_from: Field[int] = field("From age", zh="起始年龄", default=0, validator=(ge(0), le(130)))
    age_to: Field[int] = field("To age", zh="截止年龄", default=130, validator=(ge(0), le(130)))
    price: Field[Money] = field("Price", zh="价格", key=True)
    items: Children[PackageItem] = children("Items", zh="项目", default=())

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The resources of which a booking takes a place each: the desk first."""
        needed = {item.resource for item in self.items}
        return tuple(one for one in Resource if one is Resource.RECEPTION or one in needed)

    def check(self, moment: datetime) -> None:
        """The ages are a range, and no item is for the other sex (EXM-2)."""
        problems: list[Problem] = []
        if self.age_to < self.age_from:
            problems.append(Problem("age_to", "range", f"{self.age_to} is below the age it begins at"))
        wrong = (Sex.MALE, Sex.FEMALE) if self.sex is Sex.ANY else (_other(self.sex),)
        problems += [
            Problem(f"items/{at}/sex", "rule", f"{item.name} is not for everybody who may take this package")
            for at, item in enumerate(self.items)
            if item.sex in wrong
        ]
        if problems:
            raise InvalidError(problems[0].message, fields=problems)

    def unfit(self, sex: str | None, born: date | None, day: date) -> Sequence[str]:
        """Why somebody may not take the package on a day; what is not known is no reason (EXM-2)."""
        found = []
        if sex is not None and self.sex is not Sex.ANY and sex != self.sex:
            found.append(f"the package {self.name} is for {self.sex.value} examinees")
        if born is not None and not self.age_from <= age_on(born, day) <= self.age_to:
            found.append(
                f"the package {self.name} is for ages {self.age_from} to {self.age_to}, not {age_on(born, day)}"
            )
        return found


def _other(sex: Sex) -> Sex:
    return Sex.FEMALE if sex is Sex.MALE else Sex.MALE


def age_on(born: date, day: date) -> int:
    """Completed years.

    >>> age_on(date(1990, 7, 2), date(2026, 7, 1)), age_on(date(1990, 7, 2), date(2026, 7, 2))
    (35, 36)
    """
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
