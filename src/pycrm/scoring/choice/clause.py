"""The SQL of an expression that makes sense: what it joins, what it measures, and its condition.

A test is true or false of a customer and never neither: what has no value is equal to nothing, and
neither older nor newer, smaller or larger than anything, so that ``not`` means the opposite.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.raw import RawInstant, RawKey, RawScaled
from pycrm.entities.customer import Customer
from pycrm.entities.grade import GradeOverride
from pycrm.entities.party import Party
from pycrm.scoring.book import DONE, FULL, CustomerScore, ScoreRun
from pycrm.scoring.choice.checking import Checked
from pycrm.scoring.choice.syntax import (
    CONTAINS,
    EMPTY,
    FILLED,
    NEWER,
    NONE_OF,
    OLDER,
    ONE_OF,
    Amount,
    Joined,
    Member,
    Node,
    Not,
    Trait,
    walk,
)
from pycrm.scoring.choice.terms import GRADE, LAST_CONTACT, SCORE, Sort, Term
from pycrm.scoring.feeds import contact_acts, segments
from pycrm.scoring.feeds.contact import reached
from pycrm.scoring.moment import Window, as_of
from pycrm.scoring.statement import Layers
from pycrm.scoring.value import Value, count, greatest
from pycrm.values import currency_digits

if TYPE_CHECKING:
    from datetime import date

    from pycrm.app import CRM

__all__ = ["Clause", "graded"]

_LATEST = greatest(contact_acts.started_at, where=reached())


class Clause:
    """An expression over the customers of layers in the making.

    Args:
        population: the SELECT of the customers, whose one column is ``customer``.
        whole: whether these are all there are.
        set_grades: whether grades that people set count; the reader may not see them.
    """

    def __init__(
        self, crm: CRM, asked: Checked, population: Any, *, whole: bool, set_grades: bool = True
    ) -> None:
        self._crm, self._asked, self._set_grades = crm, asked, set_grades
        self._memberships = {
            one.code: _membership(one.code) for one in walk(asked.node) if isinstance(one, Member)
        }
        self.layers = Layers(crm.catalog, population, whole=whole)
        values = [one.indicator.result for one in asked.terms.values() if one.indicator is not None]
        values += self._memberships.values()
        if LAST_CONTACT in asked.terms.values():
            values.append(_LATEST)
        self.layers.work_out(values)
        # Columns of its own: a table takes those it is given away from where they stand.
        columns = [sa.column(one.name, one.type) for one in self.layers.columns]
        here: Any = sa.table(self.layers.source.name, sa.column("customer", RawKey()), *columns)
        self._here, self._source = here, here
        self._joined: dict[str, Any] = {}

    def statement(self, *columns: Any) -> Any:
        """The SELECT of these columns of `Customer` over the customers of whom the expression is true."""
        condition = self._truth(self._asked.node)
        self._table(Customer)
        return self.layers.read(sa.select(*columns).select_from(self._source).where(condition))

    def _truth(self, node: Node) -> Any:
        if isinstance(node, Joined):
            join = sa.and_ if node.word == "and" else sa.or_
            return join(*(self._truth(part) for part in node.parts))
        if isinstance(node, Not):
            return sa.not_(self._truth(node.part))
        if isinstance(node, Member):
            return _sure(self._here.c[self._memberships[node.code].name] > 0)
        return self._test(node, self._asked.terms[node.name])

    def _test(self, one: Trait, term: Term) -> Any:
        column = self._column(term)
        if one.sign in (EMPTY, FILLED):
            return column.is_(None) if one.sign == EMPTY else column.is_not(None)
        if one.sign in ("!=", NONE_OF):
            return sa.not_(self._test(attrs.evolve(one, sign="=" if one.sign == "!=" else ONE_OF), term))
        if one.sign == OLDER:
            return _sure(Window(ending=one.value + 1).holds(column))
        if one.sign == NEWER:
            return _sure(Window(one.value).holds(column))
        if one.sign == CONTAINS:
            # LIKE minds capitals on one database and not on the other.
            return _sure(sa.func.replace(column, sa.literal(one.value, sa.Text()), "") != column)
        return _sure(self._compared(one, term, column))

    def _compared(self, one: Trait, term: Term, column: Any) -> Any:
        if term.sort is Sort.TRUTH:
            return column if one.sign == "" or one.value else sa.not_(column)
        if term.sort is Sort.LINK:
            names = one.value if isinstance(one.value, tuple) else (one.value,)
            ids = sorted(
                {id for name in names for id in self._asked.links[one.name, one.sign == ONE_OF, name]}
            )
            return column.in_([sa.literal(id, RawKey()) for id in ids])
        if one.sign == ONE_OF:
            return column.in_([sa.literal(value, sa.Text()) for value in one.value])
        if term.sort is Sort.MONEY:
            return self._amount(one, term, column)
        if term.sort is Sort.INSTANT:
            return _of_instants(one, column, self._crm)
        if term.sort is Sort.NUMBER:
            return _SIGNS[one.sign](column, _number(one.value, _scale(term)))
        return _SIGNS[one.sign](column, sa.literal(one.value, column.type))

    def _amount(self, one: Trait, term: Term, column: Any) -> Any:
        value = one.value
        given = value if isinstance(value, Amount) else Amount(value, self._crm.currency)
        compared = _SIGNS[one.sign](column, _number(given.number, currency_digits(given.currency)))
        if term.spec is not None:
            code = self._table(term.cls).c[term.spec.columns[1]]
            return sa.and_(compared, code == sa.literal(given.currency, sa.Text()))
        # Feeds hold amounts of one currency, so that in another there is none.
        return compared if given.currency == self._crm.currency else sa.false()

    # --- where things are ---------------------------------------------------------------------------

    def _column(self, term: Term) -> Any:
        if term.indicator is not None:
            return self._here.c[term.indicator.code]
        if term in (GRADE, SCORE):
            return self._graded().c[term.name]
        if term is LAST_CONTACT:
            return self._here.c[_LATEST.name]
        return self._table(term.cls).c[term.spec.columns[0]]

    @property
    def _narrowed(self) -> Any:
        """The customers, where they are not all."""
        return None if self.layers.whole else sa.select(self._here.c.customer)

    def _graded(self) -> Any:
        if GRADE.name not in self._joined:
            found = self._joined[GRADE.name] = graded(self._narrowed, set_grades=self._set_grades).subquery(
                "graded"
            )
            self._source = self._source.outerjoin(found, found.c.customer == self._here.c.customer)
        return self._joined[GRADE.name]

    def _table(self, cls: Any) -> Any:
        """The table of a customer, its party or one of their facets: all seen with the customer."""
        table = cls.__table__
        if cls.__name__ in self._joined:
            return table
        if cls is Customer:
            on, outer = table.c.id == self._here.c.customer, False
        elif cls is Party:
            on, outer = table.c.id == self._table(Customer).c.party_id, False
        elif cls.__facet_of__ == Party.__name__:
            on, outer = table.c.of_id == self._table(Customer).c.party_id, True
        else:
            on, outer = table.c.of_id == self._here.c.customer, True
        self._source = self._source.join(table, on, isouter=outer)
        self._joined[cls.__name__] = table
        return table


_SIGNS: dict[str, Any] = {
    "=": lambda column, value: column == value,
    "<": lambda column, value: column < value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    ">=": lambda column, value: column >= value,
}


def _sure(condition: Any) -> Any:
    """The condition, and false where it has no answer."""
    return sa.func.coalesce(condition, sa.false(), type_=sa.Boolean())


def _membership(code: str) -> Value:
    here = sa.or_(segments.until.is_(None), segments.until > as_of())
    return count(segments, where=sa.and_(segments.code == sa.literal(code, sa.Text()), here))


def _scale(term: Term) -> int:
    if term is SCORE:
        return 2
    kind = term.spec.kind.columns("")[0][1] if term.spec is not None else None
    return kind.scale if isinstance(kind, RawScaled) else 0


def _number(value: Decimal, scale: int) -> Any:
    return sa.literal(float(value.scaleb(scale)), sa.Double())


def _of_instants(one: Trait, column: Any, crm: CRM) -> Any:
    """Before a day is before it begins, after a day is after it has ended."""
    ends = one.sign in (">", "<=")
    day: date = one.value + timedelta(1) if ends else one.value
    begin = sa.literal(datetime.combine(day, time(), crm.zone), RawInstant())
    return column >= begin if one.sign in (">", ">=") else column < begin


def graded(narrowed: Any = None, model: str | None = None, *, set_grades: bool = True) -> Any:
    """The grade and the score of each customer by the runs in force on the day, of one row each.

    A full run speaks of everybody; after it, those are in force that scored some anew. Of several
    models the first by its key counts, unless one is named. A grade that people set holds until its
    last day, if it counts.
    """
    run, own = ScoreRun.__table__, CustomerScore.__table__
    newer = run.alias("newer")
    until = sa.and_(newer.c.kind == FULL, newer.c.state == DONE, newer.c.as_of <= as_of())
    order = (newer.c.as_of, newer.c.began_at, newer.c.id), (run.c.as_of, run.c.began_at, run.c.id)
    later = sa.exists().where(
        newer.c.model == run.c.model, until, sa.tuple_(*order[0]) > sa.tuple_(*order[1])
    )
    newest_first = (run.c.model, run.c.as_of.desc(), run.c.began_at.desc(), run.c.id.desc())
    place = sa.func.row_number().over(partition_by=own.c.customer_id, order_by=newest_first)
    held = sa.select(own.c.customer_id, own.c.grade, own.c.score, place.label("place"))
    held = held.select_from(own.join(run, run.c.id == own.c.run_id))
    held = held.where(run.c.state == DONE, run.c.as_of <= as_of(), sa.not_(later))
    if model is not None:
        held = held.where(run.c.model == sa.literal(model, sa.Text()))
    if narrowed is not None:
        held = held.where(own.c.customer_id.in_(narrowed))
    told = held.subquery("held")
    grade: Any = told.c.grade
    source: Any = told
    if set_grades:
        over = GradeOverride.__table__
        lasts = sa.and_(over.c.of_id == told.c.customer_id, over.c.until >= as_of(), _made_by_then(over))
        source, grade = (
            told.outerjoin(over, lasts),
            sa.func.coalesce(over.c.grade, told.c.grade, type_=sa.Text()),
        )
    columns = told.c.customer_id.label("customer"), grade.label("grade"), told.c.score
    return sa.select(*columns).select_from(source).where(told.c.place == 1)


def _made_by_then(over: Any) -> Any:
    return Window().holds(sa.type_coerce(over.c.created_at, RawInstant()))
