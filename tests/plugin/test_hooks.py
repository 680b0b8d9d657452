"""The hooks as they are specified, and events."""

from __future__ import annotations

import inspect
import subprocess
import sys
import types
from types import ModuleType
from typing import Any
from uuid import UUID

import attrs
import pytest

from pycrm import events, hooks
from pycrm.plugin import HookCaller

from .samples import hooked, message, place, refused

SPECIFIED = {name: each for name, each in vars(hooks).items() if hasattr(each, "pycrm_spec")}


def module(**functions: Any) -> ModuleType:
    """A module that specifies these hooks."""
    made = types.ModuleType("vendor_hooks")
    for name, function in functions.items():
        setattr(made, name, hooks.hookspec(function))
    return made


def unnamed(session: Any) -> None: ...


def picked(session: Any) -> int | None: ...


def test_the_foundation_has_seven_hooks_of_three_kinds() -> None:
    """A plugin author finds before_, past-tense and choose_ hooks, and no fourth kind."""
    kinds = {name: hooks.hook_kind(name) for name in SPECIFIED}
    assert kinds == {
        "before_add": "before",
        "before_change": "before",
        "before_move": "before",
        "record_added": "past",
        "record_changed": "past",
        "record_moved": "past",
        "choose_owner": "choose",
    }
    assert set(SPECIFIED) <= set(hooks.__all__)


@pytest.mark.parametrize(
    "name", ["on_change", "record_change", "after_add", "add", "before", "choose_", "changed"]
)
def test_a_fourth_kind_of_name_is_refused(name: str) -> None:
    """Nobody can specify a hook whose name does not say what raising in it does."""
    assert hooks.hook_kind(name) is None
    said = message(lambda: HookCaller([], specs=[hooks, module(**{name: unnamed})]))
    assert place(__file__, "def unnamed(") in said
    assert said.endswith("must be named before_<verb>, choose_<thing> or in the past tense")


def test_a_hook_says_what_it_answers() -> None:
    """A hook that chooses declares its answer; the others declare that they return nothing."""
    said = message(lambda: HookCaller([], specs=[module(choose_price=unnamed)]))
    assert said.endswith("must return its answer or None")
    said = message(lambda: HookCaller([], specs=[module(price_chosen=picked)]))
    assert said.endswith("must return None")


def test_a_hook_is_specified_once() -> None:
    """Two modules cannot both specify one hook."""
    error = refused(lambda: HookCaller([], specs=[hooks, module(record_added=unnamed)]))
    assert [problem.code for problem in error.problems] == ["duplicate"]


def test_a_room_above_may_specify_hooks_of_its_own() -> None:
    """A bundled plugin's module of hooks is called as the core's are."""
    pricing = hooked("pricing", choose_price=lambda self: 7)
    caller = HookCaller([pricing], specs=[hooks, module(choose_price=picked)])
    caller.freeze()
    assert caller.choose("choose_price", session=None) == 7


@pytest.mark.parametrize("name", sorted(SPECIFIED))
def test_every_hook_is_documented(name: str) -> None:
    """A plugin author reads of each hook when it runs, what raising does, and an example."""
    text = " ".join((inspect.getdoc(SPECIFIED[name]) or "").split())
    assert "Runs inside `Session." in text
    assert "RefusedError" in text or "failure of the plugin" in text
    assert ">>> class " in text
    annotations = SPECIFIED[name].__annotations__
    assert set(annotations) == {*inspect.signature(SPECIFIED[name]).parameters, "return"}


def test_importing_the_hooks_is_cheap() -> None:
    """Naming hooks does not load the database toolkit, the other rooms or packaging."""
    program = (
        "import sys, pycrm.hooks\n"
        "mine = {name for name in sys.modules if name.startswith('pycrm.')}\n"
        "assert mine == {'pycrm.demand', 'pycrm.hooks'}, mine\n"
        "import pycrm.plugin\n"
        "heavy = {'sqlalchemy', 'packaging', 'statemachine', 'typer', 'alembic'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


EVENTS = [getattr(events, name) for name in events.__all__]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_an_event_carries_ids_and_names_only(event: type[Any]) -> None:
    """Whoever receives an event learns nothing that a scope would hide from them."""
    carried = {field.name: field.type for field in attrs.fields(attrs.resolve_types(event))}
    assert carried.items() >= {"entity": str, "record": UUID, "version": int, "revision": UUID}.items()
    assert set(carried.values()) <= {str, UUID, int, tuple[str, ...]}


def test_an_event_is_a_value_in_the_past_tense() -> None:
    """An event is named for what happened, compares by what it says, and does not change."""
    assert all(event.__name__.endswith("ed") for event in EVENTS if event is not events.RecordEvent)
    one, two = UUID(int=1), UUID(int=2)
    changed = events.RecordChanged(entity="Customer", record=one, version=2, revision=two, fields=("name",))
    same = events.RecordChanged(entity="Customer", record=one, version=2, revision=two, fields=("name",))
    assert changed == same
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        changed.version = 3  # type: ignore[misc]


def price_asked(session: Any, price: int) -> None: ...


def spoken(since: str, gone: str, argument: str | None = None) -> ModuleType:
    """A module that announces that its hook, or an argument of it, goes."""
    specification = types.FunctionType(price_asked.__code__, globals(), "price_asked")
    specification.__annotations__ = dict(price_asked.__annotations__)
    told = hooks.retiring(since, gone, "answer choose_price", argument=argument)(specification)
    return module(price_asked=told)


def test_a_hook_that_goes_warns_and_is_called_until_then() -> None:
    """An author whose hook goes is warned with its line and what to use, for one release, and loses nothing."""
    asked: list[int] = []
    plugin = hooked("shop", price_asked=lambda self, price: asked.append(price))
    caller = HookCaller([plugin], specs=[hooks, spoken("0.1", "0.2")])
    with pytest.warns(hooks.HookDeprecationWarning) as warned:
        caller.freeze()
    (one,) = warned
    assert one.filename == __file__
    assert str(one.message).startswith("plugin shop: hook price_asked (")
    assert str(one.message).endswith("goes in version 0.2 of the plugin contract: answer choose_price")
    caller.observe("price_asked", session=None, price=7)
    assert asked == [7]


def test_of_an_argument_that_goes_only_those_hear_who_take_it() -> None:
    """Who does not take the argument that goes is not bothered."""
    specs = [hooks, spoken("0.1", "0.2", "price")]
    with pytest.warns(hooks.HookDeprecationWarning, match="the argument price of hook price_asked"):
        HookCaller([hooked("shop", price_asked=lambda self, price: None)], specs=specs).freeze()
    HookCaller([hooked("shop", price_asked=lambda self, session: None)], specs=specs).freeze()


@pytest.mark.parametrize(
    ("since", "gone", "argument", "said"),
    [
        ("0.0", "0.1", None, "was to go in 0.1, and this is 0.1: take it out"),
        ("0.2", "0.2.1", None, "leaves no release after 0.2 to follow in"),
        ("0.1", "0.2", "colour", "announces that colour goes, which it does not take"),
    ],
)
def test_a_hook_goes_in_its_time(since: str, gone: str, argument: str | None, said: str) -> None:
    """Nobody announces a hook's end without a release of grace, or forgets to take it out when that is over."""
    assert said in message(lambda: HookCaller([], specs=[spoken(since, gone, argument)]))
