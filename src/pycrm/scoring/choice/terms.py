"""What an expression may speak of, and of which sort it is: fields, indicators, grade and score."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.policy import Owned, Through
from pycrm.entities.customer import Customer
from pycrm.entities.org import Action, FieldReading, FieldRule
from pycrm.entities.party import Party
from pycrm.scope.actor import bounds
from pycrm.scope.fields import field_rights
from pycrm.scoring.catalog import BIRTH, FORBIDDEN
from pycrm.scoring.indicator import Indicator
from pycrm.scoring.measure import may
from pycrm.scoring.part import is_hidden

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["GRADE", "LAST_CONTACT", "SCORE", "Sort", "Term", "Terms", "UnusableError"]


class Sort(StrEnum):
    """Of which sort a thing is, and so how it is compared."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "amount"
    DATE = "date"
    INSTANT = "moment"
    TRUTH = "truth"
    CHOICE = "choice"
    LINK = "name"
    OTHER = "list"


_SORTS = {
    "text": Sort.TEXT,
    "int": Sort.NUMBER,
    "float": Sort.NUMBER,
    "decimal": Sort.NUMBER,
    "money": Sort.MONEY,
    "date": Sort.DATE,
    "instant": Sort.INSTANT,
    "bool": Sort.TRUTH,
    "enum": Sort.CHOICE,
    "link": Sort.LINK,
}


@attrs.frozen(eq=False)
class Term:
    """One thing that is known of customers.

    Args:
        name: as it is written.
        label: in English, `zh` in Chinese.
        cls: the record or facet whose field it is, and `spec` what was declared of the field.
        indicator: the indicator that it is instead.
    """

    name: str
    label: str
    zh: str
    sort: Sort
    cls: Any = None
    spec: Any = None
    indicator: Indicator | None = None

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that it can have, where they are counted."""
        return tuple(one.value for one in self.spec.kind.python) if self.sort is Sort.CHOICE else ()


GRADE = Term("grade", "Grade", "等级", Sort.TEXT)
SCORE = Term("score", "Score", "得分", Sort.NUMBER)
# The latest of the customer's activities that reached somebody, whatever is kept with the customer.
LAST_CONTACT = Term("last_contact_at", "Last contact", "最近联系", Sort.INSTANT)
_OWN = {one.name: one for one in (GRADE, SCORE, LAST_CONTACT)}
# Who sees customers may not see all their activities, and then not when the latest was.
_AS_LAST_CONTACT = "active_at"


class UnusableError(Exception):
    """A name that stands for nothing here, or for what may not be used; `code` says which."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Terms:
    """The names that one reader may use.

    Args:
        for_all: whether what is chosen will be seen by all who see a customer, so that it may rest
            on nothing that some role does not read.
    """

    def __init__(self, tx: Transaction, *, for_all: bool = False) -> None:
        self._tx = tx
        self._ruled = _ruled(tx) if for_all else None

    def term(self, name: str) -> Term:
        """What a name stands for.

        Raises:
            UnusableError: nothing that this reader may use.
        """
        if name in _OWN:
            hidden = {("GradeOverride", "grade"), ("GradeOverride", "until")} & (self._ruled or frozenset())
            if name == GRADE.name and hidden:
                raise UnusableError("forbidden", f"{name} is not for everybody who would see who is chosen")
            if name == LAST_CONTACT.name:
                self._field(name, Customer, Customer.__specs__[_AS_LAST_CONTACT])
            return _OWN[name]
        indicator = self._tx.crm.catalog.indicators.get(name)
        if indicator is not None:
            return self._indicator(indicator)
        found = list(self._fields(name))
        if not found:
            raise UnusableError("unknown", f"unknown field: {name}")
        if len(found) > 1:
            said = " or ".join(f"{cls.__name__}.{name}" for cls, _ in found)
            raise UnusableError("unclear", f"{name} is unclear: say {said}")
        return self._field(name, *found[0])

    def _fields(self, name: str) -> Iterator[tuple[Any, Any]]:
        host, dot, inner = name.rpartition(".")
        crm = self._tx.crm
        others = (*crm.facets_of(Party), *crm.facets_of(Customer))
        if dot:
            found = [cls for cls in (Customer, Party, *others) if cls.__name__ == host]
            yield from ((cls, cls.__specs__[inner]) for cls in found if inner in cls.__specs__)
            return
        for cls in (Customer, Party):
            if name in cls.__specs__:
                yield cls, cls.__specs__[name]
                return
        yield from ((cls, cls.__specs__[name]) for cls in others if name in cls.__specs__)

    def _field(self, name: str, cls: Any, spec: Any) -> Term:
        if spec.special:
            raise UnusableError("forbidden", f"{name} belongs to a special category of data")
        if spec.name in (*FORBIDDEN, BIRTH):
            raise UnusableError("forbidden", f"nobody is treated by {name}")
        self._refuse_closed(name, cls, spec)
        kind = spec.kind.name if spec.kind is not None else ""
        return Term(name, spec.label, spec.zh or spec.label, _SORTS.get(kind, Sort.OTHER), cls, spec)

    def _refuse_closed(self, name: str, cls: Any, spec: Any) -> None:
        if set(spec.columns) & field_rights(self._tx, cls).closed:
            raise UnusableError("unknown", f"unknown field: {name}")
        if self._ruled is not None and (spec.restricted or (cls.__name__, spec.name) in self._ruled):
            raise UnusableError("forbidden", f"{name} is not for everybody who would see who is chosen")

    def _indicator(self, one: Indicator) -> Term:
        if is_hidden(self._tx, one) or not _is_known(self._tx, one):
            raise UnusableError("unknown", f"unknown field: {one.code}")
        if one.reason_needed:
            raise UnusableError("forbidden", f"nobody is treated by {one.code}, which tells of an age")
        for cls, column in self._tx.crm.catalog.fields_of(one) if self._ruled is not None else ():
            spec = next((spec for spec in cls.__specs__.values() if column in spec.columns), None)
            if spec is not None:
                self._refuse_closed(one.code, cls, spec)
        lacking = self._tx.crm.catalog.lacking(one)
        if lacking:
            said = f"{one.code} is not available here: nobody offers {', '.join(lacking)}"
            raise UnusableError("unavailable", said)
        sort = Sort.MONEY if one.unit == "money" else Sort.NUMBER
        if isinstance(one.result.type, sa.Text):
            sort = Sort.TEXT
        elif isinstance(one.result.type, sa.Boolean):
            sort = Sort.TRUTH
        return Term(one.code, one.label, one.zh, sort, indicator=one)


def _is_known(tx: Transaction, one: Indicator) -> bool:
    """Whether the reader sees of each customer in sight all that the indicator is worked out from.

    Choosing by it would tell of what is hidden; a score is a figure that was worked out and kept.
    """
    if may(tx, Action.READ):
        return True
    people = [tx.actor, *(attrs.evolve(tx.actor, held=held) for held in tx.actor.lenders)]
    owned = [cls for cls in tx.crm.catalog.records_of(one) if isinstance(cls.__scope__, Owned | Through)]
    return all(
        bounds(who, cls, Action.READ).covers(bounds(who, Customer, Action.READ))
        for cls in owned
        for who in people
    )


def _ruled(tx: Transaction) -> frozenset[tuple[str, str]]:
    """The fields that some role is shown masked or not at all."""
    rule = FieldRule.__table__.c
    rows = tx.fetch(sa.select(rule.entity, rule.field).where(rule.read != FieldReading.PLAIN.value))
    return frozenset((entity, name) for entity, name in rows)
