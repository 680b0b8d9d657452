"""Calling hooks: what is checked at start-up, who is called in which order, with what, for what answer."""

from __future__ import annotations

import timeit
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest

from pycrm.errors import ConflictError, DeclarationError
from pycrm.hooks import Change
from pycrm.plugin import HookCaller, Plugin, PluginError, hookimpl, load
from pycrm.plugin.frozen import frozen

from .samples import hooked, make, message, place, refused

MOVED: dict[str, Any] = {"session": None, "record": None, "move": None}
ADDED: dict[str, Any] = {"session": None, "record": None}


def calling(*plugins: Plugin, **options: Any) -> HookCaller:
    """A frozen caller of these plugins; nothing is written, so there is nothing to undo."""
    caller = HookCaller(plugins, **{"savepoint": lambda session: nullcontext()} | options)
    caller.freeze()
    return caller


class Misspelt(Plugin):
    """Misspelt"""

    name = "misspelt"

    @hookimpl
    def record_moves(self, record: Any) -> None: ...


class Unmarked(Plugin):
    """Unmarked"""

    name = "unmarked"

    def before_change(self, record: Any, changes: Any) -> None: ...


def test_an_unknown_hook_is_named_with_its_place() -> None:
    """An author who misspells a hook reads where, and what it might have been."""
    said = message(HookCaller([Misspelt()]).check_pending)
    assert said.startswith("plugin misspelt: hook record_moves (")
    # The line of a marked method is that of its mark.
    line = int(place(__file__, "def record_moves(").split(":")[1]) - 1
    assert f"test_caller.py:{line}) does not exist; did you mean record_moved?" in said


def test_a_hook_without_its_mark_is_named_with_its_place() -> None:
    """An author who forgets @hookimpl is told, since the method would never be called."""
    said = message(HookCaller([Unmarked()]).check_pending)
    assert said.startswith("plugin unmarked: before_change (")
    assert said.endswith(f"{place(__file__, 'def before_change(')}) lacks @hookimpl")


def test_a_hook_of_an_absent_plugin_may_be_optional() -> None:
    """A plugin may implement a hook of a plugin that is not there, if it says that it is optional."""
    optional = make("optional", stock_sold=hookimpl(optionalhook=True)(lambda self: None))
    calling(optional)


async def later(self: Any, record: Any) -> None: ...


def generated(self: Any, record: Any) -> Iterator[int]:
    yield 1


async def both(self: Any, record: Any) -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("method", "said"),
    [
        (lambda self, record, move: None, "takes move, but is given session, record"),
        (lambda self, recrod: None, "takes recrod, but is given session, record; did you mean record?"),
        (lambda self, *things: None, "takes *things; name the arguments: session, record"),
        (lambda self, **things: None, "takes **things; name the arguments: session, record"),
        (lambda self, *, record: None, "takes record; name the arguments: session, record"),
        (later, "must be a plain function"),
        (generated, "must be a plain function"),
        (both, "must be a plain function"),
    ],
)
def test_a_method_that_does_not_fit_its_hook_is_named(method: Any, said: str) -> None:
    """An author whose method could not be called as written is told at start-up."""
    assert said in message(HookCaller([hooked("odd", record_added=method)]).check_pending)


@pytest.mark.parametrize("option", ["tryfirst", "trylast", "wrapper", "hookwrapper"])
def test_no_plugin_jumps_the_queue(option: str) -> None:
    """A plugin cannot ask to be called before or around the others."""

    def generator(self: Any) -> Iterator[None]:
        yield

    method = generator if "wrapper" in option else (lambda self: None)
    options: dict[str, Any] = {option: True}
    plugin = make("pushy", record_added=hookimpl(**options)(method))
    said = refused(HookCaller([plugin]).check_pending).problems[0].message
    assert f"asks for {option}, but plugins are called in the order of loading" in said


def test_every_misfit_is_named_at_once_and_freezing_checks() -> None:
    """Freezing checks the hooks of all plugins, so that no check can be skipped."""
    error = refused(HookCaller([Misspelt(), Unmarked()]).freeze)
    assert [problem.path for problem in error.problems] == ["misspelt/record_moves", "unmarked/before_change"]


def test_nothing_is_called_before_the_caller_is_frozen() -> None:
    """A hook that runs before all plugins are known would run for some and not for others."""
    caller = HookCaller([])
    with pytest.raises(DeclarationError, match="not frozen yet"):
        caller.observe("record_added", **ADDED)
    caller.freeze()
    caller.freeze()
    caller.observe("record_added", **ADDED)


def test_each_kind_of_hook_is_called_in_its_own_way() -> None:
    """The core cannot ask an observer, nor call a hook that does not exist or with other arguments."""
    caller = calling(hooked("a", record_added=lambda self: None))
    with pytest.raises(DeclarationError, match=r"before\(\) knows no hook record_added"):
        caller.before("record_added", **ADDED)
    with pytest.raises(DeclarationError, match=r"observe\(\) knows no hook choose_owner"):
        caller.observe("choose_owner", **ADDED)
    with pytest.raises(DeclarationError, match=r"choose\(\) knows no hook choose_price"):
        caller.choose("choose_price", **ADDED)
    with pytest.raises(DeclarationError, match="hook record_added is called with session, record"):
        caller.observe("record_added", session=None)


@pytest.mark.parametrize(
    "options", [{"on_error": "ignore"}, {"quarantine_after": 0}, {"on_error": "isolate"}]
)
def test_a_wrong_setting_is_refused(options: dict[str, Any]) -> None:
    """A setting that means nothing, or isolates what it cannot undo, is refused."""
    with pytest.raises(DeclarationError):
        HookCaller([], **options)


def test_plugins_are_called_in_the_order_of_loading() -> None:
    """A plugin that requires another sees a change after it, whatever their names and places."""
    seen: list[str] = []

    def tells(name: str, *requires: str) -> Plugin:
        method = hookimpl(lambda self: seen.append(name))
        return make(name, requires=requires, record_added=method, before_add=method)

    loaded = load([tells("a", "z"), tells("m"), tells("z"), tells("core")])
    caller = calling(*loaded.plugins)
    caller.observe("record_added", **ADDED)
    assert seen == ["core", "m", "z", "a"]
    seen.clear()
    caller.before("before_add", **ADDED)
    assert seen == ["core", "m", "z", "a"]


def test_a_method_takes_the_arguments_it_names() -> None:
    """A hook method takes any of its arguments in any order, by name, with or without a default."""
    seen: list[object] = []
    caller = calling(
        hooked("none", before_move=lambda self: seen.append(())),
        hooked("one", before_move=lambda self, record: seen.append(record)),
        hooked("two", before_move=lambda self, move, session=None: seen.append((move, session))),
    )
    caller.before("before_move", session="s", record="r", move="m")
    assert seen == [(), "r", ("m", "s")]


def test_two_crms_have_plugins_of_their_own() -> None:
    """Two CRMs of one process call each its own plugins, and one plugin may serve both."""
    seen: list[str] = []
    shared = hooked("shared", record_added=lambda self, session: seen.append(f"shared by {session}"))
    exam = hooked("exam", record_added=lambda self, session: seen.append(f"exam by {session}"))
    clinic, sales = calling(shared, exam), calling(shared)
    clinic.observe("record_added", session="clinic", record=None)
    sales.observe("record_added", session="sales", record=None)
    assert seen == ["shared by clinic", "exam by clinic", "shared by sales"]
    assert [measure.plugin for measure in sales.report()] == ["shared"]


def test_a_refusal_reaches_the_person_and_ends_the_asking() -> None:
    """What a plugin says when it refuses is what the person reads, and no later plugin is asked."""
    asked: list[str] = []

    def no(self: Any) -> None:
        raise ConflictError("The examination centre is closed.", data={"until": "2027-01-02"})

    caller = calling(
        hooked("first", before_move=lambda self: asked.append("first")),
        hooked("exam", before_move=no),
        hooked("last", before_move=lambda self: asked.append("last")),
    )
    with pytest.raises(ConflictError, match="closed") as caught:
        caller.before("before_move", **MOVED)
    assert caught.value.data == {"until": "2027-01-02"}
    assert asked == ["first"]
    assert [(measure.plugin, measure.refusals, measure.failures) for measure in caller.report()] == [
        ("first", 0, 0),
        ("exam", 1, 0),
    ]


def test_the_first_answer_wins() -> None:
    """A plugin without an opinion leaves the choice to the next; after an answer nobody is asked."""
    asked: list[int] = []
    caller = calling(
        hooked("none", choose_owner=lambda self: asked.append(0)),
        hooked("ana", choose_owner=lambda self: UUID(int=1)),
        hooked("bob", choose_owner=lambda self: asked.append(2)),
    )
    assert caller.choose("choose_owner", **ADDED) == UUID(int=1)
    assert asked == [0]
    assert calling().choose("choose_owner", **ADDED) is None


@pytest.mark.parametrize("answer", ["ana", 7, b"0" * 16, [UUID(int=1)], True, float("nan"), UUID])
def test_an_answer_of_another_type_is_not_taken(answer: Any) -> None:
    """A plugin that answers with something else than a user's id fails, and the next one is asked."""
    plugins = [
        hooked("odd", choose_owner=lambda self: answer),
        hooked("ana", choose_owner=lambda self: UUID(int=1)),
    ]
    with pytest.raises(PluginError, match=r"plugin odd, hook choose_owner: it returned a \w+, not uuid.UUID"):
        calling(*plugins).choose("choose_owner", **ADDED)
    assert calling(*plugins, on_error="isolate").choose("choose_owner", **ADDED) == UUID(int=1)


@pytest.mark.parametrize("answer", [False, 0, "", "no", {"refuse": True}, ConflictError("no")])
def test_only_raising_refuses(answer: Any) -> None:
    """A plugin that returns False or an error instead of raising is told so, and does not seem to agree."""
    caller = calling(hooked("exam", before_add=lambda self: answer, record_added=lambda self: answer))
    with pytest.raises(PluginError, match=r"hook before_add: it returned a \w+, not None"):
        caller.before("before_add", **ADDED)
    with pytest.raises(PluginError, match=r"hook record_added: it returned a \w+, not None"):
        caller.observe("record_added", **ADDED)


def alter_mapping(changes: Any) -> None:
    changes["name"] = Change(1, 2)


def clear_mapping(changes: Any) -> None:
    changes.clear()


def alter_pair(changes: Any) -> None:
    changes["name"].after = "Evil"


def alter_list(changes: Any) -> None:
    changes["tags"].after.append("evil")


def alter_deep(changes: Any) -> None:
    changes["custom"].after["rows"][0]["name"] = "evil"


def alter_set(changes: Any) -> None:
    changes["flags"].after.add("evil")


@pytest.mark.parametrize(
    "alter", [alter_mapping, clear_mapping, alter_pair, alter_list, alter_deep, alter_set]
)
def test_a_plugin_cannot_alter_what_it_is_shown(alter: Any) -> None:
    """No plugin can change what the core goes on to write, at any depth; trying is a failure."""
    changes = {
        "name": Change("Ana", "Anna"),
        "tags": Change(["a"], ["b"]),
        "custom": Change(None, {"rows": [{"name": "x"}]}),
        "flags": Change(set(), {"vip"}),
    }
    seen: list[Any] = []
    before = repr(changes)
    caller = calling(
        hooked("evil", before_change=lambda self, changes: alter(changes)),
        hooked("good", before_change=lambda self, changes: seen.append(changes)),
        on_error="isolate",
    )
    caller.before("before_change", session=None, record=None, changes=changes)
    assert repr(changes) == before
    assert [failure.plugin for failure in caller.failures] == ["evil"]
    assert type(seen[0]) is MappingProxyType
    assert seen[0]["name"] == Change("Ana", "Anna")


def test_what_a_plugin_keeps_does_not_change_later() -> None:
    """A plugin that keeps what it was shown keeps it as it was, whatever the core does with its own."""
    kept: list[Any] = []
    changes = {"tags": ["a"]}
    caller = calling(hooked("keeper", record_changed=lambda self, changes: kept.append(changes)))
    caller.observe("record_changed", session=None, record=None, changes=changes)
    changes["tags"].append("b")
    changes["name"] = []
    assert dict(kept[0]) == {"tags": ("a",)}


def test_what_is_frozen_is_handed_on_as_it_is() -> None:
    """What is asked about and then told of is frozen once: both kinds of hooks are shown the same."""
    kept: list[Any] = []
    changes = frozen({"tags": ["a"]})
    listening = hooked(
        "keeper",
        before_change=lambda self, changes: kept.append(changes),
        record_changed=lambda self, changes: kept.append(changes),
    )
    caller = calling(listening)
    caller.before("before_change", session=None, record=None, changes=changes)
    caller.observe("record_changed", session=None, record=None, changes=changes)
    assert kept[0] is kept[1] is changes
    with pytest.raises(TypeError):
        kept[0]["tags"] = ()


def test_a_hook_that_nobody_implements_costs_next_to_nothing() -> None:
    """A CRM without plugins does not pay for its hooks: a call costs about what an empty one does."""

    def empty(hook: str, /, **arguments: object) -> None: ...

    def cost(act: Any) -> float:
        return min(timeit.repeat(lambda: act("record_added", session=1, record=2), number=2000, repeat=25))

    caller, busy = calling(), calling(hooked("a", record_added=lambda self: None))
    assert not caller.has("record_added")
    assert busy.has("record_added")
    plain = cost(empty)
    assert cost(caller.observe) < 3 * plain
    # The control: with one plugin the same measure is over the limit.
    assert cost(busy.observe) > 3 * plain
