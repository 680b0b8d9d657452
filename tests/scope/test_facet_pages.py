"""Pages that fields of facets narrow hold what a few lines of Python pick, for every reach and way of reading."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from house import enterprise

from pycrm import CRM, Customer, Facet, Field, Plugin, field
from pycrm.scope import narrowed, streams
from pycrm.scope.fields import view_of


class Blood(Facet, table="clinic_blood", of=Customer):
    """What a clinic knows of a customer."""

    group: Field[int | None] = field("Blood group", default=None, order=True)


class Standing(Facet, table="club_standing", of=Customer):
    """What a club knows of a customer."""

    tier: Field[int] = field("Tier", order=True)


class Clinic(Plugin):
    """Clinic

    A facet of customers.
    """

    name = "clinic"
    facets = (Blood,)


class Club(Plugin):
    """Club

    Another facet of customers.
    """

    name = "club"
    facets = (Standing,)


OWNERS = ("rep_a", "rep_b", "rep_c", "rep_w")
READERS = {"rep_a": OWNERS[:1], "lead_e": OWNERS[:3], "lead_w": OWNERS[3:], "dir": OWNERS}
# Conditions with what they say of blood group and tier, None where a customer has none.
ASKED: dict[str, tuple[Callable[[], tuple[Any, ...]], Callable[[Any, Any], bool]]] = {
    "two facets": (
        lambda: (Blood.group == 1, Standing.tier == 2),
        lambda blood, tier: (blood, tier) == (1, 2),
    ),
    "no group": (lambda: (Blood.group.is_(None),), lambda blood, tier: blood is None),
    "another group": (lambda: (Blood.group != 1,), lambda blood, tier: blood not in (None, 1)),
    "either": (
        lambda: (sa.or_(Blood.group == 2, Standing.tier > 1),),
        lambda blood, tier: blood == 2 or (tier or 0) > 1,
    ),
    "neither": (
        lambda: (sa.not_(sa.or_(Blood.group == 2, Standing.tier > 1)),),
        # As in SQL, what is unknown is not said to be otherwise.
        lambda blood, tier: blood not in (None, 2) and tier == 1,
    ),
}
Facts = dict[str, list[tuple[str, Any, int | None, int | None]]]


@pytest.fixture
def made(open_crm: Callable[..., CRM]) -> tuple[CRM, Facts]:
    """Fourteen customers of each salesperson, of alike names, many with a blood group or a tier or both."""
    crm = open_crm(plugins=[Clinic(), Club()])
    crm.migrate()
    enterprise(crm)
    draw, facts = random.Random(4), Facts()
    for at, login in enumerate(OWNERS):
        facts[login] = []
        with crm.session(login) as session:
            for number in range(14):
                phone = f"139{at}{number:07}"
                customer = session.add(
                    Customer.organization(f"Works {draw.randrange(5)}", mobile=phone, source="exhibition")
                )
                blood, tier = draw.choice((None, None, 1, 2)), draw.choice((None, 1, 2))
                if blood or draw.random() < 0.3:
                    session.add(Blood(of=customer, group=blood))
                if tier:
                    session.add(Standing(of=customer, tier=tier))
                facts[login].append((customer.name, customer.id, blood, tier))
    return crm, facts


WAYS = {"narrow": (True, 10_001), "broad": (False, 10_001), "broad and long": (False, 12)}


def by_way(patch: pytest.MonkeyPatch, way: str) -> None:
    """Let readers read as those of a narrow or a broad reach do, in a short list or a long one."""
    is_narrow, far = WAYS[way]
    patch.setattr(streams.Breadth, "is_narrow", lambda self, limit: is_narrow)
    patch.setattr(narrowed, "_FAR", far)


def differing(crm: CRM, facts: Facts) -> Iterator[str]:
    """Who turns other pages than the facts give, of what."""
    for login, owners in READERS.items():
        known = sorted(row for owner in owners for row in facts[owner])
        with crm.view(login) as session:
            for name, (conditions, holds) in ASKED.items():
                for falling in (False, True):
                    order = Customer.name.desc() if falling else Customer.name
                    expected = [row[1] for row in known if holds(*row[2:])]
                    after, found = None, []
                    while True:
                        page = session.page(Customer, *conditions(), order=order, size=3, after=after)
                        found += [one.id for one in page.items]
                        after = page.next
                        if after is None or len(found) > len(known):
                            break
                    if found != (expected[::-1] if falling else expected):
                        yield f"{login}: {name}"


@pytest.mark.parametrize("way", WAYS)
def test_pages_by_facets_are_those_of_python(
    made: tuple[CRM, Facts], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """A salesperson, two leaders and the director find by facets what they own, lead or all, in order, page by page."""
    by_way(monkeypatch, way)
    assert list(differing(*made)) == []


def _reach_forgotten(patch: pytest.MonkeyPatch) -> None:
    """What is read is not limited to what is in reach."""

    def read(asked: Any, order: Any, limit: int, place: Any, meeting: Any) -> Any:
        columns = [asked.table.c[name] for name in view_of(asked.tx, asked.cls).names]
        found = (
            sa.select(*columns)
            .where(place, meeting.of(asked.table))
            .order_by(*order.by(asked.table))
            .limit(limit)
        )
        return list(asked.tx.fetch(found))

    patch.setattr(narrowed, "_read", read)


def _facets_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A walk along the list does not look up facets."""
    walked = narrowed._walked
    patch.setattr(narrowed, "_walked", lambda asked, order, limit, place, meeting: walked(
        asked, order, limit, place, narrowed.Meeting(sa.true(), asked, [])))  # fmt: skip


def _ends_unseen(patch: pytest.MonkeyPatch) -> None:
    """A walk that was in vain is taken for all there is."""
    walked = narrowed._walked
    patch.setattr(narrowed, "_walked", lambda *given: walked(*given) or [])


@pytest.mark.parametrize(
    ("way", "plant"),
    [
        ("broad", _reach_forgotten),
        ("broad and long", _facets_forgotten),
        ("broad and long", _ends_unseen),
    ],
)
def test_planted_faults_in_pages_by_facets_are_seen(
    made: tuple[CRM, Facts],
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    plant: Callable[[pytest.MonkeyPatch], None],
) -> None:
    """Were reach, facets or the end of a walk forgotten, pages would not be those of Python."""
    by_way(monkeypatch, way)
    plant(monkeypatch)
    assert list(differing(*made))
