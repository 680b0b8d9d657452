"""What holds of scores whatever happened: whoever is asked first, whatever comes later, whoever is away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pycrm import CRM, FixedClock
from pycrm import Source as Origin
from pycrm.scoring.model import ScoreModel

from . import fair
from .fair import CODES, GUIDES, KINDS, TODAY, Drawn, entered, facts, filed, lacking, mean

FEW = settings(
    max_examples=6,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    # A failure names its case; looking for a smaller one would cost minutes.
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
MANY = settings(FEW, max_examples=150, derandomize=False)
PAST = st.integers(0, 800)
WEIGHTS = st.fixed_dictionaries({aspect: st.integers(0, 5).map(float) for aspect in "CTFS"}).filter(
    lambda one: any(one.values())
)
ITEMS = st.dictionaries(st.sampled_from(CODES), st.sampled_from([0.5, 1.0, 3.0]), min_size=1)


class Hall:
    """One database, and a CRM over it for each order of plugins that is asked for."""

    def __init__(self, address: str, clock: FixedClock, stack: ExitStack) -> None:
        self._address, self._clock, self._stack = address, clock, stack
        self._open: dict[tuple[str, ...], CRM] = {}
        crm = self.crm(*GUIDES)
        crm.migrate()
        with crm.session(crm.system("set-up")) as session:
            session.add(Origin(name="fair"))
        self.models = 0

    def crm(self, *names: str) -> CRM:
        """The CRM with these plugins in this order."""
        if names not in self._open:
            made = fair.opened(lambda **options: CRM(self._address, clock=self._clock, **options), names)
            self._open[names] = self._stack.enter_context(made)
        return self._open[names]

    @contextmanager
    def trial(self) -> Iterator[Any]:
        """A session of which nothing is kept."""
        crm = self.crm(*GUIDES)
        with suppress(_UndoneError), crm.session(crm.system("trial")) as session:
            yield session
            raise _UndoneError

    def enter(self, some: Sequence[Drawn]) -> list[Any]:
        """Three more customers and what happened to them."""
        crm = self.crm(*GUIDES)
        with crm.session(crm.system("trial")) as session:
            guests = filed(session)
            entered(session, guests, some)
        return guests


class _UndoneError(Exception):
    """Ends a session of which nothing is kept."""


@pytest.fixture
def hall(sqlite_database: str, clock: FixedClock) -> Iterator[Hall]:
    """A fair that nobody has come to."""
    with ExitStack() as stack:
        yield Hall(sqlite_database, clock, stack)


def measured(session: Any, guests: Sequence[Any], codes: Sequence[str] = CODES, day: Any = TODAY) -> Any:
    """Values, states and points of customers by code."""
    found = session.measure(*codes, customers=guests, as_of=day)
    return [found[guest.ref] for guest in guests]


def order_does_not_matter(hall: Hall, examples: settings) -> None:
    """Whichever plugin is loaded first, everything is measured alike."""

    @examples
    @given(some=facts(PAST), order=st.permutations(list(GUIDES)))
    def holds(some: list[Drawn], order: list[str]) -> None:
        guests = hall.enter(some)
        found = []
        for crm in (hall.crm(*GUIDES), hall.crm(*order)):
            with crm.view(crm.system("looking")) as session:
                found.append(measured(session, guests))
        assert found[0] == found[1]

    holds()


def what_comes_later_changes_nothing(hall: Hall, examples: settings) -> None:
    """Facts of days that have not come leave every value and all points as they are.

    How large somebody is has no day, so it is not asked.
    """

    @examples
    @given(before=facts(PAST), after=facts(st.integers(-400, -1)))
    def holds(before: list[Drawn], after: list[Drawn]) -> None:
        codes = [code for code in CODES if code != "S99"]
        with hall.trial() as session:
            guests = filed(session)
            entered(session, guests, before)
            told = measured(session, guests, codes)
            entered(session, guests, after)
            assert measured(session, guests, codes) == told

    holds()


def who_is_away_never_counts(hall: Hall, examples: settings) -> None:
    """A score without some plugins is that of the indicators that are left, and its explanation adds up."""

    @examples
    @given(some=facts(PAST), present=st.sets(st.sampled_from(KINDS)), weights=WEIGHTS, items=ITEMS)
    def holds(
        some: list[Drawn], present: set[str], weights: dict[str, float], items: dict[str, float]
    ) -> None:
        guests, crm = hall.enter(some), hall.crm("guide", *sorted(present))
        dark = lacking(present)
        hall.models += 1
        key = f"model_{hall.models}"
        model = ScoreModel(key, 1, key, weights, " ".join(f"{code}:{much}" for code, much in items.items()))
        with crm.session(crm.system("trial")) as session:
            session.publish_score_model(model, confirmed=True)
        crm.run_scores(crm.system("trial"), key, as_of=TODAY)
        with crm.view(crm.system("looking")) as session:
            told = measured(session, guests, list(items))
            for guest, measures in zip(guests, told, strict=True):
                assert {code for code, one in measures.items() if one.state == "unavailable"} == dark & set(
                    items
                )
                points = {code: one.points for code, one in measures.items()}
                _explained(
                    session.score(guest, key), points, mean(points | dict.fromkeys(dark), weights, items)
                )

    holds()


def _explained(score: Any, points: dict[str, Any], wanted: float | None) -> None:
    """The score is what was worked out by hand, and the sum of its parts."""
    parts = {part.indicator: part for part in score.parts}
    assert {code: part.points for code, part in parts.items()} == pytest.approx(points)
    total = sum(part.contribution for part in parts.values())
    if wanted is None:
        assert (score.score, total) == (None, 0)
    else:
        assert total == pytest.approx(wanted, abs=1e-9)
        assert abs(float(score.score) - wanted) <= 0.005 + 1e-9


PROPERTIES: dict[str, Callable[[Hall, settings], None]] = {
    "order": order_does_not_matter,
    "later": what_comes_later_changes_nothing,
    "away": who_is_away_never_counts,
}


@pytest.mark.parametrize("name", PROPERTIES)
def test_what_holds_of_scores(hall: Hall, name: str) -> None:
    """The order of plugins, later facts and absent feeds change nothing; explanations add up (VAL-1, 2, 4, 8)."""
    PROPERTIES[name](hall, FEW)


@pytest.mark.torture
@pytest.mark.parametrize("name", PROPERTIES)
def test_what_holds_of_scores_at_length(hall: Hall, name: str) -> None:
    """The same of many more customers, facts and models."""
    PROPERTIES[name](hall, MANY)
