"""Scores: weighed, explained, graded by months, tried before they are published."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import attrs
import pytest

from pycrm import CRM, FixedClock, ForbiddenError, InvalidError, NotFoundError
from pycrm.errors import ConflictError
from pycrm.scoring import Aspect, Linear, Table
from pycrm.scoring import engine as engines
from pycrm.scoring.model import Item, ScoreModel

from .shop import RANKED, WHOLE, Shop, filed, marked, opened, sold

TODAY = date(2026, 6, 30)
RUNNER = "scoring"
Open = Callable[..., CRM]


def run(crm: CRM, model: str, day: date = TODAY) -> Any:
    """Score everybody."""
    return crm.run_scores(crm.system(RUNNER), model, as_of=day)


def score_of(crm: CRM, customer: Any, model: str | None = None) -> Any:
    """A customer's score, as the product sees it."""
    with crm.view(crm.system("looking")) as session:
        return session.score(customer, model)


@pytest.fixture
def whole(open_crm: Open) -> tuple[CRM, Any]:
    """VAL-S1: one customer with its marks."""
    crm = opened(open_crm, WHOLE)
    (customer,) = filed(crm, 1)
    marked(crm, customer, TODAY, C01=80, C23=60, T02=90, T06=50, F03=40, F17=100, S02=70)
    return crm, customer


def test_a_score_is_the_weighted_mean_of_its_aspects(whole: tuple[CRM, Any]) -> None:
    """VAL-S1: aspects 70, 80, 60, 70 give 70.50 and grade B; what has no basis is left out."""
    crm, customer = whole
    assert run(crm, "whole").customers == 1
    found = score_of(crm, customer)
    assert (found.score, found.grade, found.own) == (Decimal("70.50"), "B", "B")
    assert {one.value: round(points, 9) for one, points in found.aspects.items()} == {
        **{"C": 70, "T": 80},
        **{"F": 60, "S": 70},
    }
    left_out = next(part for part in found.parts if part.indicator == "MS25")
    assert (left_out.state, left_out.points, left_out.contribution) == ("none", None, 0.0)


def test_contributions_add_up_to_the_score(whole: tuple[CRM, Any]) -> None:
    """VAL-8: the contribution of each indicator is its share of the score times its points."""
    crm, customer = whole
    run(crm, "whole")
    found = score_of(crm, customer)
    told = {part.indicator: round(part.contribution, 9) for part in found.parts}
    # 20 % of C in halves of 80 and 60, 35 % of T as 3/4 of 90 and 1/4 of 50, 30 % of F as 2/3 of 40 and 1/3 of 100.
    assert told == {
        **{"MC01": 8.0, "MC23": 6.0, "MT02": 23.625, "MT06": 4.375},
        **{"MF03": 8.0, "MF17": 10.0, "MS25": 0.0, "MS02": 10.5},
    }
    assert abs(sum(part.contribution for part in found.parts) - 70.5) < 1e-9


def test_explaining_a_score_asks_once(whole: tuple[CRM, Any]) -> None:
    """Whoever explains one score after the other waits for one short statement each."""
    crm, customer = whole
    run(crm, "whole")
    sent: list[str] = []
    with crm.view(crm.system("looking")) as session:
        session.score(customer, "whole")
        tx = session.transaction
        real = tx.run
        tx.run = lambda text, values=(): sent.append(text) or real(text, values)  # type: ignore[func-returns-value,method-assign]
        tx.fetch = lambda *given: pytest.fail("a statement was built anew")  # type: ignore[method-assign]
        assert session.score(customer, "whole").score == Decimal("70.50")
    assert len(sent) == 1


def test_an_aspect_that_nobody_feeds_is_left_out(open_crm: Open) -> None:
    """VAL-S2: without contact and service the rest weighs 85 of 100, and the score says what is missing."""

    class Quiet(Shop):
        """Quiet shop

        It keeps no marks of service.
        """

        indicators = (*(one for one in Shop.indicators if one.aspect is not Aspect.SERVICE), *_UNFED)

    crm = open_crm(plugins=(Quiet,))
    crm.migrate()
    from pycrm import Source as Origin

    with crm.session(crm.system("cases")) as session:
        session.add(Origin(name="shop"))
        with pytest.raises(InvalidError, match="MS25 is not available here: nobody offers calls"):
            session.publish_score_model(WHOLE)
    with crm.session(crm.system("cases")) as session:
        session.publish_score_model(WHOLE, confirmed=True)
    (customer,) = filed(crm, 1)
    marked(crm, customer, TODAY, C01=80, C23=60, T02=90, T06=50, F03=40, F17=100)
    run(crm, "whole")
    found = score_of(crm, customer)
    assert (found.score, found.grade, found.lacking) == (Decimal("70.59"), "B", (Aspect.SERVICE,))
    assert {part.state for part in found.parts if part.aspect is Aspect.SERVICE} == {"unavailable"}


def _unfed() -> tuple[Any, ...]:
    from pycrm.scoring import Feed, Indicator, count, zero

    calls = Feed("calls", "Calls that nobody notes", on=date)
    return tuple(
        Indicator(code, code, code, "S", "count", zero(count(calls)), Linear(0, 10))
        for code in ("MS25", "MS02")
    )


_UNFED = _unfed()


def test_grades_rise_at_once_and_fall_after_two_months(open_crm: Open, clock: FixedClock) -> None:
    """VAL-S7: monthly scores 82, 78, 79, 81 give A, A, B, A; each change is kept."""
    crm = opened(open_crm, attrs.evolve(WHOLE, items="MC01:1", weights={"C": 1}))
    (customer,) = filed(crm, 1)
    days = [date(2026, 7, 31), date(2026, 8, 31), date(2026, 9, 30), date(2026, 10, 31)]
    grades = []
    for day, points in zip(days, (82, 78, 79, 81), strict=True):
        clock.set(f"{day}T09:00:00+08:00")
        marked(crm, customer, day, C01=points)
        run(crm, "whole", day)
        grades.append(score_of(crm, customer).grade)
    assert grades == ["A", "A", "B", "A"]
    with crm.view(crm.system("looking")) as session:
        history = session.score_history(customer)
    assert [(one.score, one.own) for one in history] == [(81, "A"), (79, "B"), (78, "B"), (82, "A")]


def test_a_second_run_of_a_month_does_not_let_a_grade_fall(open_crm: Open, clock: FixedClock) -> None:
    """VAL-6: only monthly runs count, so two runs on one day are no two months."""
    crm = opened(open_crm, attrs.evolve(WHOLE, items="MC01:1", weights={"C": 1}))
    (customer,) = filed(crm, 1)
    for day, points in ((date(2026, 7, 31), 82), (date(2026, 8, 31), 78)):
        clock.set(f"{day}T09:00:00+08:00")
        marked(crm, customer, day, C01=points)
        run(crm, "whole", day)
    run(crm, "whole", date(2026, 8, 31))
    assert score_of(crm, customer).grade == "A"


def test_percentiles_are_frozen_by_a_full_run(open_crm: Open) -> None:
    """VAL-S13: of 100, 200, 200 the points are 16.67, 66.67, 66.67; risen to 300 the first alone gets 100."""
    crm = opened(open_crm, RANKED)
    customers = filed(crm, 3)
    for customer, net in zip(customers, (100, 200, 200), strict=True):
        sold(crm, customer, TODAY, net)
    run(crm, "ranked")
    assert [str(score_of(crm, one).score) for one in customers] == ["16.67", "66.67", "66.67"]
    sold(crm, customers[0], TODAY, 200)
    with crm.session(crm.system(RUNNER)) as session:
        refreshed = session.refresh_scores("ranked", customers[:1])
    assert (refreshed.kind, refreshed.customers) == ("incremental", 1)
    assert [str(score_of(crm, one).score) for one in customers] == ["100.00", "66.67", "66.67"]
    gained = score_of(crm, customers[0]).gains
    assert [(part.indicator, round(by, 2)) for part, by in gained] == [("MT90", 83.33)]


def test_an_interrupted_run_goes_on(open_crm: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """VAL-16: a run that breaks off after a batch goes on there, and nobody is scored twice."""
    crm = opened(open_crm, RANKED)
    for customer, net in zip(filed(crm, 7), range(100, 800, 100), strict=True):
        sold(crm, customer, TODAY, net)
    monkeypatch.setattr(engines, "BATCH", 3)
    told: list[tuple[int, int]] = []

    def broken_off(done: int, total: int) -> None:
        told.append((done, total))
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crm.run_scores(crm.system(RUNNER), "ranked", as_of=TODAY, progress=broken_off)
    with crm.view(crm.system("looking")) as session:
        (left,) = session.score_runs("ranked")
        assert (left.state, left.customers) == ("running", 3)
        assert session.scores("ranked") == []
    done = crm.run_scores(crm.system(RUNNER), "ranked", as_of=TODAY, progress=lambda *at: told.append(at))
    assert (done.id, done.state, done.customers) == (left.id, "done", 7)
    assert told == [(0, 7), (3, 7), (3, 7), (6, 7), (7, 7), (7, 7)]
    with crm.view(crm.system("looking")) as session:
        # Of seven the lowest has half of itself below it: 1/14, 3/14, and so on.
        scores = sorted(float(one.score or 0) for one in session.scores("ranked"))
    assert scores == [round(100 * (2 * at + 1) / 14, 2) for at in range(7)]


def test_trying_a_model_stores_nothing(open_crm: Open) -> None:
    """VAL-S11: of 200 customers the matrix of old and new grades has 200, and no grade of today changes."""
    crm = opened(open_crm, attrs.evolve(WHOLE, items="MC01:1 MT02:1", weights={"C": 50, "T": 50}))
    customers = filed(crm, 200)
    with crm.session(crm.system("cases")) as session:
        from .shop import Mark

        session.add_all(
            [
                Mark(customer=one, on=TODAY, respect=respect, points=(at * step) % 101)
                for at, one in enumerate(customers)
                for respect, step in (("C01", 7), ("T02", 13))
            ]
        )
    run(crm, "whole")
    second = attrs.evolve(WHOLE, version=2, items="MC01:1 MT02:1", weights={"C": 80, "T": 20})
    with crm.view(crm.system("looking")) as session:
        before = {one.customer.id: one.grade for one in session.scores("whole")}
        trial = session.try_score_model(second, as_of=TODAY)
        assert {one.customer.id: one.grade for one in session.scores("whole")} == before
    assert sum(trial.matrix.values()) == 200
    # By hand: a score is 0.8 times the one and 0.2 times the other mark.
    grades = {}
    for at, one in enumerate(customers):
        mine = 0.8 * ((at * 7) % 101) + 0.2 * ((at * 13) % 101)
        grades[one.id] = next(grade for grade, least in WHOLE.bands if round(mine, 2) >= least)
    assert {one.customer.id: one.grade for one in trial.movers} == {
        id: grade for id, grade in grades.items() if grade != before[id]
    }


def test_a_run_never_changes_and_late_facts_are_counted(open_crm: Open, clock: FixedClock) -> None:
    """VAL-S12: a sale entered on 2 July and dated 20 June leaves June's scores, and is counted as late."""
    crm = opened(open_crm, RANKED)
    customers = filed(crm, 2)
    sold(crm, customers[0], date(2026, 6, 10), 100)
    made = run(crm, "ranked")
    clock.set("2026-07-02T09:00:00+08:00")
    sold(crm, customers[1], date(2026, 6, 20), 500)
    sold(crm, customers[1], date(2026, 7, 1), 500)
    with crm.view(crm.system("looking")) as session:
        assert session.late_facts(made) == 1
        assert session.score(customers[1]).score is None
        assert session.score(customers[1]).grade == "unrated"
    again = run(crm, "ranked")
    assert again.id != made.id
    with crm.view(crm.system("looking")) as session:
        assert [str(one.score) for one in session.score_history(customers[1])] == ["75.00", "None"]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"weights": {"C": 0, "T": 0}}, "weights"),
        ({"weights": {"C": -1, "T": 2}}, "weights"),
        ({"bands": (("A", 80.0), ("B", 80.0), ("C", 0.0))}, "bands"),
        ({"bands": (("A", 80.0), ("B", 10.0))}, "bands"),
        ({"items": "XX99:1"}, "items/0/indicator"),
        ({"items": (Item("MC01", 1, Linear(5, 5)),)}, "items/0/scale"),
        ({"items": (Item("MC01", 0),)}, "items/0/weight"),
        ({"items": ()}, "items"),
    ],
)
def test_a_model_that_cannot_be_weighed_is_refused(sqlite_shop: CRM, wrong: Any, path: str) -> None:
    """VAL-E1, E2, E3, E4: each fault is refused with its path, and nothing is published."""
    with sqlite_shop.session(sqlite_shop.system("cases")) as session:
        with pytest.raises(InvalidError) as refused:
            session.publish_score_model(attrs.evolve(WHOLE, **wrong))
        assert [one.path for one in refused.value.fields] == [path]
        assert session.score_models() == []


@pytest.fixture
def sqlite_shop(sqlite_database: str, clock: FixedClock) -> Any:
    """A shop without models."""
    crm = CRM(sqlite_database, plugins=(Shop,), clock=clock)
    crm.migrate()
    yield crm
    crm.close()


def test_published_versions_never_change(sqlite_shop: CRM) -> None:
    """A version is published once, and the next one has the next number."""
    with sqlite_shop.session(sqlite_shop.system("cases")) as session:
        session.publish_score_model(WHOLE, because="the board decided")
        with pytest.raises(ConflictError, match="never change"):
            session.publish_score_model(attrs.evolve(WHOLE, label="Other"))
        with pytest.raises(InvalidError, match="the next version is 2"):
            session.publish_score_model(attrs.evolve(WHOLE, version=4))


def test_a_model_is_read_back_as_it_was_written(sqlite_shop: CRM) -> None:
    """A model as JSON gives the same model, and what cannot be read is named."""
    scaled = attrs.evolve(WHOLE, items=(Item("MC01", 2.0, Table({"AA": 90.0}), "why"), *WHOLE.items[1:]))
    assert ScoreModel.from_dict(scaled.as_dict()) == scaled
    with pytest.raises(InvalidError) as refused:
        ScoreModel.from_dict(
            {**WHOLE.as_dict(), "colour": 1, "items": [{"indicator": "MC01", "weight": "x"}]}
        )
    assert [one.path for one in refused.value.fields] == ["colour", "items/0/weight"]


def test_scores_are_seen_with_their_customers(open_crm: Open) -> None:
    """VAL-11: staff see the scores of their own customers alone, and set or run nothing."""
    from house import enterprise

    crm = opened(open_crm, RANKED)
    cast = enterprise(crm)
    mine, theirs = filed(crm, 1, cast.people["rep_a"])[0], filed(crm, 1, cast.people["rep_b"])[0]
    sold(crm, mine, TODAY, 100)
    sold(crm, theirs, TODAY, 200)
    run(crm, "ranked")
    with crm.view("rep_a") as session:
        assert [one.customer.id for one in session.scores("ranked")] == [mine.id]
        assert session.score(mine).score == Decimal("25.00")
        with pytest.raises(NotFoundError):
            session.score(theirs)
        for act in (
            lambda: session.measure("MT90"),
            lambda: session.try_score_model(RANKED),
            lambda: session.score_runs("ranked"),
        ):
            with pytest.raises(ForbiddenError):
                act()
    with pytest.raises(ForbiddenError):
        crm.run_scores("lead_e", "ranked")
    with crm.view("dir") as session:
        assert [one.customer.id for one in session.scores("ranked")] == [theirs.id, mine.id]
    assert crm.run_scores("dir", "ranked").customers == 2


def test_a_model_whose_plugin_is_gone_is_refused_by_its_name(whole: tuple[CRM, Any], open_crm: Open) -> None:
    """Who scores, or looks at scores, after a plugin was taken away is told which plugin that is."""
    crm, customer = whole
    run(crm, "whole")
    without = open_crm()
    with without.view(without.system("looking")) as session:
        (model,) = session.score_models()
        looks: list[Callable[[], Any]] = [
            lambda: session.score(customer),
            lambda: session.scores("whole"),
            lambda: session.late_facts(session.score_runs("whole")[0]),
            lambda: run(without, "whole"),
            lambda: run(without, "whole", date(2026, 6, 1)),
        ]
        for look in looks:
            with pytest.raises(ConflictError, match=r"MC01, .* of the plugin shop, which is") as told:
                look()
            assert told.value.data["plugins"] == ["shop"]
    with without.session(without.system(RUNNER)) as session:
        with pytest.raises(ConflictError, match="plugin shop"):
            session.refresh_scores("whole")
        with pytest.raises(InvalidError, match="there is no indicator MC01"):
            session.publish_score_model(attrs.evolve(model, version=2))


def test_parts_are_a_sequence_that_compares_as_their_tuple(whole: tuple[CRM, Any]) -> None:
    """Whoever counts, cuts, compares or prints the parts of a score need not know that they are made late."""
    crm, customer = whole
    run(crm, "whole")
    found, again = score_of(crm, customer), score_of(crm, customer)
    made = tuple(found.parts)
    assert (len(found.parts), found.parts[0], found.parts[-2:]) == (8, made[0], made[-2:])
    assert found.parts == made == again.parts
    assert found == again
    assert hash(found.parts) == hash(made)
    assert repr(found.parts) == repr(made)
    assert found.parts != made[:-1]
