"""Nobody is judged by sex, faith, family or health, nor by age without a reason (VAL-15)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from pycrm import CRM, Customer, DeclarationError, Facet, Field, Person, Plugin, field
from pycrm.plugins.customer_value import CustomerValue
from pycrm.scoring import Feed, Indicator, Linear, Supply, average, count, days_between, named, one, zero
from pycrm.scoring import as_of as today
from pycrm.scoring.feeds import profile

traits = Feed("traits", "Traits of people", single=True, trait=str, born=date)


class Examinee(Facet, table="traits_examinee", of=Customer):
    """Who was examined, with what came of it."""

    glucose: Field[str | None] = field("Glucose", default=None, special=True, longest=20)
    religion: Field[str | None] = field("Religion", default=None, longest=20)
    marital_status: Field[str | None] = field("Family", default=None, longest=20)
    ethnicity: Field[str | None] = field("Ethnicity", default=None, longest=20)
    hobby: Field[str | None] = field("Hobby", default=None, longest=20)


def _of(table: Any, column: str, key: str = "of_id", given: str = "trait") -> Any:
    return sa.select(table.c[key].label("customer"), table.c[column].label(given))


def _within(table: Any, column: str) -> Any:
    inner = _of(table, column).subquery()
    return sa.select(inner.c.customer, inner.c.trait)


def _joined() -> Any:
    person, examinee = Person.__table__, Examinee.__table__
    rows = sa.select(examinee.c.of_id.label("customer"), examinee.c.hobby.label("trait"))
    return rows.select_from(examinee.join(person, person.c.of_id == examinee.c.of_id)).where(
        person.c.gender == "f"
    )


def _bare() -> Any:
    return sa.table("crm_person", sa.column("of_id"), sa.column("gender"))


READING: dict[str, tuple[Callable[[], Any], str]] = {
    "a sex": (lambda: _of(Person.__table__, "gender"), "Person.gender"),
    "a sex under another name": (lambda: _of(Person.__table__.alias("p"), "gender"), "Person.gender"),
    "a sex of a table by its name": (lambda: _of(_bare(), "gender"), "Person.gender"),
    "a sex further in": (lambda: _within(Person.__table__, "gender"), "Person.gender"),
    "a sex as a condition": (_joined, "Person.gender"),
    "a sex in words": (
        lambda: sa.select(
            Person.__table__.c.of_id.label("customer"), sa.literal_column("crm_person.gender").label("trait")
        ),
        "gender",
    ),
    "an identity number": (lambda: _of(Person.__table__, "id_no"), "Person.id_no"),
    "a medical result": (lambda: _of(Examinee.__table__, "glucose"), "Examinee.glucose"),
    "a faith": (lambda: _of(Examinee.__table__, "religion"), "Examinee.religion"),
    "a family": (lambda: _of(Examinee.__table__, "marital_status"), "Examinee.marital_status"),
    "an ethnicity": (lambda: _of(Examinee.__table__, "ethnicity"), "Examinee.ethnicity"),
    "an age of one's own": (lambda: _of(Person.__table__, "birth_date", given="born"), "Person.birth_date"),
}


def opened(*supplies: Supply, indicators: tuple[Indicator, ...] = ()) -> CRM:
    """A CRM with a plugin that has these."""

    class Traits(Plugin):
        """Traits

        What somebody would like to judge people by.
        """

        name = "traits"
        facets = (Examinee,)

    Traits.supplies, Traits.indicators = supplies, indicators
    return CRM("sqlite://", plugins=[CustomerValue, Traits])


@pytest.mark.parametrize("what", READING)
def test_a_source_that_reads_it(what: str) -> None:
    """A plugin that offers such a field to indicators is not loaded, however it comes to it, and the field is named."""
    rows, said = READING[what]
    with pytest.raises(DeclarationError, match=rf"traits reads {said}, by which nobody is judged"):
        opened(Supply(traits, rows))


def test_a_feed_that_tells_it() -> None:
    """A feed that has a column for it is refused wherever its facts come from."""
    feed = Feed("hall", "Visits", religion=str)
    rows = lambda: sa.select(Examinee.__table__.c.of_id.label("customer"))  # noqa: E731
    with pytest.raises(DeclarationError, match="hall tells religion, by which nobody is judged"):
        opened(Supply(feed, rows))


def test_what_else_is_read() -> None:
    """A plugin that offers another field of the same people is loaded."""
    opened(Supply(traits, lambda: _of(Examinee.__table__, "hobby"))).close()


def _indicator(value: Any, **more: Any) -> Indicator:
    return Indicator("TR01", "Trait", "特质", "C", "points", value, Linear(0, 100), **more)


ages = Feed.derived(
    "ages",
    "Days that people have lived",
    lambda: sa.select(profile.customer, days_between(profile.birth_on, today()).label("days")),
    of=(profile,),
    days=int,
)


@pytest.mark.parametrize(
    "value",
    [
        days_between(one(profile.birth_on), today()),
        zero(count(profile, where=profile.birth_on < date(1960, 1, 1))),
        average(ages.days),
        named("C32") * 2,
    ],
    ids=["of the date of birth", "as a condition", "by way of a derived feed", "by way of another indicator"],
)
def test_an_age_asks_for_a_reason(value: Any) -> None:
    """An indicator that speaks of age, directly or not, is loaded only where it asks its model for a reason."""
    with pytest.raises(DeclarationError, match="TR01 of traits: speaks of an age"):
        opened(indicators=(_indicator(value),))
    opened(indicators=(_indicator(value, reason_needed=True),)).close()


def test_the_age_band_asks_for_a_reason() -> None:
    """Of the catalogue the age alone asks the model that uses it for a reason."""
    with_reason = {one.code for one in CustomerValue.indicators if one.reason_needed}
    assert with_reason == {"C32"}
