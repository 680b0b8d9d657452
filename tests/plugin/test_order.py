"""The order of loading, for any plugins that require each other in any way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pycrm.plugin import PluginDeclarationError, load
from pycrm.plugin.rules import arrange

from .samples import make

Needs = Mapping[str, tuple[str, ...]]
Arrange = Callable[[Needs], tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]]


@st.composite
def without_circle(draw: st.DrawFn, most: int = 12) -> dict[str, tuple[str, ...]]:
    """Plugins that require only plugins drawn before them, then shuffled."""
    count = draw(st.integers(1, most))
    names = [f"p{number}" for number in range(count)]
    drawn = {
        name: tuple(draw(st.lists(st.sampled_from(names[:number]), unique=True)) if number else ())
        for number, name in enumerate(names)
    }
    return {name: drawn[name] for name in draw(st.permutations(names))}


@st.composite
def with_circle(draw: st.DrawFn) -> tuple[dict[str, tuple[str, ...]], set[str]]:
    """The same with one circle laid through some of them; and the names on it."""
    needs = draw(without_circle())
    circle = draw(st.lists(st.sampled_from(sorted(needs)), unique=True, min_size=1))
    for name, other in zip(circle, [*circle[1:], circle[0]], strict=True):
        needs[name] = tuple(dict.fromkeys((*needs[name], other)))
    return needs, set(circle)


def check(order: tuple[str, ...], needs: Needs) -> None:
    """Every name once, each after what it needs, and no later than it has to be."""
    assert sorted(order) == sorted(needs)
    for place, name in enumerate(order):
        assert set(needs[name]) <= set(order[:place])
    given = list(needs)
    for place, name in enumerate(order):
        able = [
            other for other in given if other not in order[:place] and set(needs[other]) <= set(order[:place])
        ]
        assert name == able[0]


@given(needs=without_circle())
def test_every_plugin_is_loaded_after_what_it_requires(needs: dict[str, tuple[str, ...]]) -> None:
    """Whatever plugins require of each other, each is loaded after it, and otherwise as given."""
    loaded = load([make(name, requires=wanted) for name, wanted in needs.items()])
    check(tuple(plugin.name for plugin in loaded.plugins), needs)


@given(drawn=with_circle())
def test_a_circle_is_always_refused(drawn: tuple[dict[str, tuple[str, ...]], set[str]]) -> None:
    """Plugins that require each other are never loaded, and each way named really is a circle."""
    needs, _ = drawn
    with pytest.raises(PluginDeclarationError) as caught:
        load([make(name, requires=wanted) for name, wanted in needs.items()])
    assert {problem.code for problem in caught.value.problems} == {"circle"}
    order, circles = arrange(needs)
    assert len(circles) == len(caught.value.problems)
    for circle in circles:
        for name, other in zip(circle, [*circle[1:], circle[0]], strict=True):
            assert other in needs[name]
    blocked = {name for circle in circles for name in circle}
    for name in order:
        assert not blocked & set(needs[name])


def as_given(needs: Needs) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """A planted fault: the order given, whatever is required."""
    return tuple(needs), ()


def by_count(needs: Needs) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """A planted fault: fewest requirements first, which is right for most drawings and not for all."""
    return tuple(sorted(needs, key=lambda name: len(needs[name]))), ()


def unstable(needs: Needs) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """A planted fault: after what is required, but not in the order given."""
    return arrange({name: needs[name] for name in sorted(needs, reverse=True)})


@pytest.mark.parametrize("faulty", [as_given, by_count, unstable])
def test_the_property_catches_a_planted_fault(faulty: Arrange) -> None:
    """An order that ignores, counts or shuffles requirements does not pass the check above."""

    @settings(
        database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), derandomize=True
    )
    @given(needs=without_circle())
    def run(needs: Any) -> None:
        check(faulty(needs)[0], needs)

    with pytest.raises(AssertionError):
        run()
