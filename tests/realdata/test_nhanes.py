"""Examinees of a health survey: imported whole, shown to who may look, and no basis of any score (VAL-15)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pycrm import (
    CRM,
    Action,
    Customer,
    DeclarationError,
    FieldReading,
    FieldRule,
    FixedClock,
    Grant,
    OrgUnit,
    Reach,
    Role,
    RoleAssignment,
    Source,
    User,
)
from pycrm.exchange import ImportReport, Mapping, Verdict, import_file, read_table
from pycrm.scoring import Feed, Indicator, Linear, Supply, total

from . import nhanes

pytestmark = pytest.mark.realdata

# Counted in the file by another program: zcat FILE | grep -o 5.397605346934028e-79 | wc -l
NOUGHTS = 5_449
# How many examinees are looked at where not all of them are.
SAMPLE = 60
RESULTS = Feed("results", "What was found of somebody", single=True, result=str)


def surveyed(address: str, folder: Path) -> tuple[CRM, Any, list[ImportReport]]:
    """A CRM into which the whole file was brought by the public import, with a doctor who may look."""
    kind = nhanes.examinee()
    crm = CRM(address, plugins=[nhanes.survey(kind)], clock=FixedClock("2026-06-30T09:00:00+08:00"))
    crm.migrate()
    setup, path = crm.system("set-up"), nhanes.unpacked(folder)
    with crm.session(setup) as session:
        session.add(Source(name="survey"))
        rules = [
            FieldRule(entity="Examinee", field_name=one.field, read=FieldReading.PLAIN, write=False)
            for one in nhanes.columns()
        ]
        sees = [Grant(entity="Customer", action=Action.READ, reach=Reach.ALL)]
        role = session.add(Role(name="doctor", grants=sees, rules=rules))
        unit = session.add(OrgUnit(name="Hall", code="hall"))
        user = session.add(User(login="doctor", name="Doctor", home_unit=unit))
        session.add(RoleAssignment(user=user, role=role, unit=unit, since=date(2020, 1, 1)))
    texts = nhanes.customers(), nhanes.examinees()
    return crm, kind, [import_file(crm, setup, path, Mapping.parse(text)) for text in texts]


def expected(cell: str, column: nhanes.Column) -> Decimal | str | None:
    """What a cell says: nothing, a text, or a number without what binary fractions left over."""
    if not cell:
        return None
    if column.places is None:
        return cell
    if cell == nhanes.NOUGHT:
        return Decimal(0)
    return Decimal(cell).quantize(Decimal("0.001"), ROUND_HALF_UP)


def differing(crm: CRM, kind: Any, some: Callable[[list[Any]], list[Any]]) -> tuple[int, int]:
    """How many noughts stand in the file for these examinees, and how many cells the doctor sees otherwise."""
    rows = {f"Examinee {row[nhanes.KEY]}": row for row in nhanes.table()}
    noughts = wrong = 0
    with crm.view("doctor") as session:
        names = {customer.id: customer.name for customer in session.find(Customer)}
        for one in some(session.find(kind)):
            row = rows[names[one.id]]
            # A look says which fields were shown, so it does not name all of them at once.
            for at in range(0, len(nhanes.columns()), 50):
                part = nhanes.columns()[at : at + 50]
                seen = session.reveal(one, *(column.field for column in part), because="the doctor's visit")
                for column in part:
                    noughts += row[column.name] == nhanes.NOUGHT
                    wrong += getattr(seen, column.field) != expected(row[column.name], column)
    return noughts, wrong


def test_the_survey_becomes_facets_of_examinees(sqlite_database: str, tmp_path: Path) -> None:
    """All 1,657 examinees are there, and what a doctor is shown of 60 of them is what the file says."""
    crm, kind, reports = surveyed(sqlite_database, tmp_path)
    with crm:
        assert [(one.rows, one.counts[Verdict.IMPORTED]) for one in reports] == [(nhanes.EXAMINEES,) * 2] * 2
        assert len(nhanes.columns()) == 197
        sample = random.Random(7)
        noughts, wrong = differing(crm, kind, lambda every: sample.sample(every, SAMPLE))
        assert (noughts > 50, wrong) == (True, 0)


@pytest.mark.torture
def test_every_cell_of_the_survey(database: str, tmp_path: Path) -> None:
    """Of 326,429 cells each is seen as the file says, 5,449 of them as nought; a second run changes nothing."""
    crm, kind, _ = surveyed(database, tmp_path)
    with crm:
        assert differing(crm, kind, lambda every: every) == (NOUGHTS, 0)
        again = import_file(
            crm, crm.system("set-up"), nhanes.unpacked(tmp_path), Mapping.parse(nhanes.examinees())
        )
        assert again.counts[Verdict.UNCHANGED] == nhanes.EXAMINEES


def read(folder: Path, text: str) -> Iterator[Any]:
    """The drafts of the whole file by a mapping."""
    kinds: dict[str, Any] = {
        one.field: "text" if one.places is None else "decimal" for one in nhanes.columns()
    }
    mapping = Mapping.parse(text)
    with read_table(nhanes.unpacked(folder)) as table:
        plan = mapping.plan(table.header, kinds | {"of": "link"})
        yield from map(plan.transform, table)


def test_noughts_of_sas_are_a_rule_of_the_mapping(tmp_path: Path) -> None:
    """With the rule each cell of that text is nought; without it a row that has one is refused, and each named."""
    rows = [[one for one in nhanes.columns() if row[one.name] == nhanes.NOUGHT] for row in nhanes.table()]
    assert sum(map(len, rows)) == NOUGHTS
    for cells, draft in zip(rows, read(tmp_path, nhanes.examinees()), strict=True):
        assert not draft.problems
        assert all(draft.values[one.field] == 0 for one in cells)
    without = islice(read(tmp_path, nhanes.examinees(nought="nil")), 300)
    for cells, draft in zip(rows, without, strict=False):
        assert [one.path.rpartition("/")[2] for one in draft.problems] == [one.name for one in cells]


def _offers(kind: Any) -> tuple[Supply, ...]:
    columns = [kind.__table__.c[one.field] for one in nhanes.columns()]
    return tuple(
        Supply(RESULTS, lambda it=it: sa.select(kind.__table__.c.of_id.label("customer"), it.label("result")))
        for it in columns
    )


def test_nobody_is_judged_by_a_measurement(tmp_path: Path) -> None:
    """A plugin that offers any of the 197 to indicators is not loaded, and each of them is named (VAL-15)."""
    kind = nhanes.examinee()
    with pytest.raises(DeclarationError) as refused:
        CRM("sqlite://", plugins=[nhanes.survey(kind, _offers(kind))])
    for one in nhanes.columns():
        assert f"a supply of results reads Examinee.{one.field}, by which nobody is judged" in str(
            refused.value
        )


def _weighing(make: Callable[[Any], Any]) -> None:
    kind = nhanes.examinee()
    plugin = nhanes.survey(kind)
    value = make(kind.__table__.c.weightkg)
    plugin.indicators = (Indicator("NH01", "Weight", "体重", "C", "points", value, Linear(0, 100)),)
    CRM("sqlite://", plugins=[plugin])


@pytest.mark.parametrize(
    "make", [lambda it: it, lambda it: it * 2, total], ids=["bare", "twice", "its total"]
)
def test_no_indicator_reads_past_its_feed(make: Callable[[Any], Any]) -> None:
    """An indicator over the table of examinees itself is refused too, whatever it makes of it."""
    with pytest.raises(DeclarationError):
        _weighing(make)


def test_measurements_that_are_not_marked_would_be_offered() -> None:
    """Planted: were the measurements of no special category, all but the sex would pass, and the test fail."""
    kind = nhanes.examinee(special=False)
    with pytest.raises(DeclarationError) as refused:
        CRM("sqlite://", plugins=[nhanes.survey(kind, _offers(kind))])
    said = [one.field for one in nhanes.columns() if f"reads Examinee.{one.field}," in str(refused.value)]
    assert said == ["gender"]
