"""What a hook asks of its implementations, and whether a plugin's methods fit."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType, SimpleNamespace, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs

from pycrm.errors import Problem
from pycrm.hooks import PROJECT, HookDeprecationWarning, HookKind, Retiring, hook_kind
from pycrm.plugin.errors import PluginDeclarationError
from pycrm.plugin.model import API, HookMethod, Plugin, hook_methods, statics
from pycrm.plugin.place import place_of
from pycrm.plugin.rules import near

__all__ = ["Hook", "hook_problems", "hooks_of", "named_by", "subjects_of", "warn_retiring"]

# Calls go in the order of loading; pluggy's ways to jump the queue would not be honoured.
_ORDERING = ("tryfirst", "trylast", "hookwrapper", "wrapper")


@attrs.frozen
class Hook:
    """One hook as specified: its kind, its arguments in order, and the type of its answer."""

    name: str
    kind: HookKind
    arguments: tuple[str, ...]
    answer: Any
    retiring: tuple[Retiring, ...] = ()
    given: frozenset[str] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "given", frozenset(self.arguments))


def hooks_of(modules: Iterable[ModuleType]) -> dict[str, Hook]:
    """The hooks that these modules specify, by name.

    Raises:
        PluginDeclarationError: a hook's name is of no known kind, two modules specify one hook, or
            a hook that chooses does not say the type of its answer.
    """
    hooks: dict[str, Hook] = {}
    problems: list[Problem] = []
    for module in modules:
        for name, function in vars(module).items():
            if not hasattr(function, f"{PROJECT}_spec"):
                continue
            said = f"hook {name} ({place_of(function)})"
            kind = hook_kind(name)
            answer = _answer(function)
            if kind is None:
                message = f"{said} must be named before_<verb>, choose_<thing> or in the past tense"
                problems.append(Problem(f"hooks/{name}", "format", message))
            elif name in hooks:
                problems.append(Problem(f"hooks/{name}", "duplicate", f"{said} is specified twice"))
            elif (kind == "choose") is (answer is type(None)):
                message = f"{said} must return " + ("its answer or None" if kind == "choose" else "None")
                problems.append(Problem(f"hooks/{name}", "type", message))
            else:
                told = tuple(getattr(function, "retiring", ()))
                hooks[name] = Hook(name, kind, tuple(inspect.signature(function).parameters), answer, told)
                problems += (
                    Problem(f"hooks/{name}", "rule", f"{said} {wrong}") for wrong in _overdue(hooks[name])
                )
    if problems:
        raise PluginDeclarationError(problems)
    return hooks


def hook_problems(plugins: Iterable[Plugin], hooks: Mapping[str, Hook]) -> Iterator[Problem]:
    """Hook methods that would never be called, or not as their author expects."""
    for plugin in plugins:
        methods = list(hook_methods(plugin))
        for method in methods:
            yield from _method_problems(plugin, method, hooks)
        there = statics(type(plugin))
        for name in sorted((hooks.keys() & there.keys()) - {method.name for method in methods}):
            if there[name] is not None:
                message = f"plugin {plugin.name}: {name} ({place_of(there[name])}) lacks @hookimpl"
                yield Problem(f"{plugin.name}/{name}", "required", message)


def warn_retiring(plugins: Iterable[Plugin], hooks: Mapping[str, Hook]) -> None:
    """Warn of what plugins implement that a coming version of the contract lacks, each at its own line."""
    for plugin in plugins:
        for method in hook_methods(plugin):
            hook = hooks.get(method.hook)
            taken = inspect.signature(method.function).parameters
            for one in () if hook is None else hook.retiring:
                if one.argument is None or one.argument in taken:
                    what = f"the argument {one.argument} of hook" if one.argument else "hook"
                    said = (
                        f"plugin {plugin.name}: {what} {method.hook} ({place_of(method.function)}) goes in "
                    )
                    code = inspect.unwrap(getattr(method.function, "__func__", method.function)).__code__
                    warnings.warn_explicit(
                        f"{said}version {one.gone} of the plugin contract: {one.use}",
                        *(HookDeprecationWarning, code.co_filename, code.co_firstlineno),
                    )


def _overdue(hook: Hook) -> Iterator[str]:
    """What is wrong with the announcements of a hook; its grace is one release of the contract."""
    for one in hook.retiring:
        from packaging.version import Version

        since, gone = Version(one.since), Version(one.gone)
        if one.argument is not None and one.argument not in hook.arguments:
            yield f"announces that {one.argument} goes, which it does not take"
        if gone.release[:2] <= since.release[:2]:
            yield f"goes in {one.gone}, which leaves no release after {one.since} to follow in"
        if Version(API) >= gone:
            yield f"was to go in {one.gone}, and this is {API}: take it out"


def _method_problems(plugin: Plugin, method: HookMethod, hooks: Mapping[str, Hook]) -> Iterator[Problem]:
    def problem(code: str, message: str) -> Problem:
        said = f"plugin {plugin.name}: hook {method.hook} ({place_of(method.function)})"
        return Problem(f"{plugin.name}/{method.hook}", code, f"{said} {message}")

    hook = hooks.get(method.hook)
    if hook is None:
        if not method.options.get("optionalhook"):
            yield problem("unknown", f"does not exist{near(method.hook, hooks)}")
        return
    if ordering := [name for name in _ORDERING if method.options.get(name)]:
        yield problem("rule", f"asks for {ordering[0]}, but plugins are called in the order of loading")
    if _is_deferred(method.function):
        yield problem("type", "must be a plain function: nothing would await or iterate it")
    for parameter in inspect.signature(method.function).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            yield problem("type", f"takes {parameter}; name the arguments: {', '.join(hook.arguments)}")
        elif parameter.name not in hook.arguments:
            hint = near(parameter.name, hook.arguments)
            offered = ", ".join(hook.arguments)
            yield problem("unknown", f"takes {parameter.name}, but is given {offered}{hint}")


def named_by(function: Callable[..., object]) -> tuple[str, ...]:
    """The arguments that the function names, in its order."""
    return tuple(inspect.signature(function).parameters)


def subjects_of(function: Callable[..., object]) -> tuple[type, ...]:
    """The record classes that the function's `record` is annotated with; none means every class."""
    annotations = {"record": getattr(function, "__annotations__", {}).get("record", Any)}
    scope = getattr(function, "__globals__", {})
    try:
        hint = get_type_hints(SimpleNamespace(__annotations__=annotations), scope)["record"]
    except NameError:
        # Imported for type checkers only: the hook is called for every class, and decides itself.
        return ()
    named = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if not all(isinstance(one, type) and getattr(one, "__tablename__", None) for one in named):
        return ()
    return tuple(named)


def _is_deferred(function: Callable[..., object]) -> bool:
    return (
        inspect.iscoroutinefunction(function)
        or inspect.isgeneratorfunction(function)
        or inspect.isasyncgenfunction(function)
    )


def _answer(function: Any) -> Any:
    """The declared type of the answer; the arguments' types may be known to type checkers only."""
    annotations = {"return": function.__annotations__.get("return")}
    return get_type_hints(SimpleNamespace(__annotations__=annotations), function.__globals__)["return"]
