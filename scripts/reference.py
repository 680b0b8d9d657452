"""Write docs/reference/ from the package's own names, signatures and docstrings.

``reference.py`` writes the pages, ``reference.py --check`` says which of them are out of date and
fails. A page whose module does not exist is left out.
"""

from __future__ import annotations

import argparse
import ast
import enum
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
MARK = "<!-- Written by make docs from the docstrings; edit those. -->"
# What has a page of its own besides its entry.
PAGES = {"Session": "Its verbs, one by one: [Session](session.md)."}
# What a field is besides its type, where its declaration says so.
MARKS = ("key", "unique", "order", "search", "personal", "special", "restricted")


def module(name: str) -> ModuleType | None:
    """The module of that name, or None where this version of pycrm has no such module."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name + ".").startswith(error.name + "."):
            return None
        raise


def public_names(holder: ModuleType) -> list[str]:
    """What a module offers: its ``__all__``, or else what it defines without an underscore."""
    own = [
        name for name, thing in vars(holder).items() if getattr(thing, "__module__", "") == holder.__name__
    ]
    return list(getattr(holder, "__all__", [name for name in own if not name.startswith("_")]))


def prose(docstring: str | None) -> str:
    """A docstring as Markdown: doctests become code blocks, the rest stays as it is written."""
    paragraphs = re.split(r"\n{2,}", inspect.cleandoc(docstring or ""))
    return "\n\n".join(f"```pycon\n{p}\n```" if p.startswith(">>> ") else p for p in paragraphs)


def annotation(thing: Any) -> str:
    """An annotation as its author wrote it."""
    thing = getattr(thing, "__forward_arg__", thing)
    if isinstance(thing, str):
        return thing
    return str(thing.__qualname__ if inspect.isclass(thing) else thing).replace("typing.", "")


def parameter(slot: inspect.Parameter) -> str:
    """One parameter of a signature."""
    stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}
    text = stars.get(slot.kind.name, "") + slot.name
    if slot.annotation is not slot.empty:
        text += f": {annotation(slot.annotation)}"
    if slot.default is not slot.empty:
        default = re.sub(r" at 0x[0-9a-f]+", "", repr(slot.default))
        text += f" = {default}" if ": " in text else f"={default}"
    return text


def signature(name: str, thing: Any) -> str:
    """How to call something, on one line or, where that is long, one parameter a line."""
    try:
        shape = inspect.signature(thing)
    except (TypeError, ValueError):
        return name
    parts: list[str] = []
    for slot in shape.parameters.values():
        if slot.kind is slot.KEYWORD_ONLY and not any(part.startswith("*") for part in parts):
            parts.append("*")
        if slot.name not in {"self", "cls"}:
            parts.append(parameter(slot))
    if parts == ["*args", "**kwargs"] and inspect.isclass(thing):
        return name
    silent = shape.return_annotation in (shape.empty, None, "None")
    tail = "" if silent else f" -> {annotation(shape.return_annotation)}"
    line = f"{name}({', '.join(parts)}){tail}"
    return line if len(line) <= 90 else f"{name}(\n    " + ",\n    ".join(parts) + f",\n){tail}"


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """The documented methods and properties that a class defines itself, in their order."""
    for name, thing in vars(cls).items():
        is_member = inspect.isfunction(thing) or isinstance(thing, (property, staticmethod, classmethod))
        if is_member and thing.__doc__ and not name.startswith("_"):
            yield name, thing


def choices(name: str, cls: Any) -> str:
    """The members of an enum, each with the text that stands for it in databases, files and answers."""
    return "\n".join(f"- `{name}.{one.name}`: `{one.value}`" for one in cls)


def fields(cls: Any) -> str:
    """The fields that a record class declares itself, as a table; nothing where it has none."""
    rows = ["| field | label | 中文 | type | besides |", "|---|---|---|---|---|"]
    for spec in cls.__specs__.values():
        if spec.derived:
            continue
        kind = spec.target or spec.child or spec.kind.name
        kind = spec.kind.python.__name__ if kind == "enum" else kind
        words = ["required"] if spec.required else []
        words += [] if spec.init else ["kept by pycrm"]
        words += ["may be empty"] if spec.nullable else []
        words += [mark for mark in MARKS if getattr(spec, mark)]
        rows.append(f"| `{spec.name}` | {spec.label} | {spec.zh or ''} | {kind} | {', '.join(words)} |")
    return "\n".join(rows) if len(rows) > 2 else ""


def constant(thing: Any) -> str:
    """What a name stands for that is neither a class nor a function."""
    if type(thing).__module__ == "typing":
        return f"`{annotation(thing)}`"
    said = repr(thing)
    return f"A value of type `{type(thing).__qualname__}`" + (f": `{said}`" if " at 0x" not in said else ".")


def entry(name: str, thing: Any, level: int = 2) -> Iterator[str]:
    """The paragraphs about one name."""
    yield f"{'#' * level} `{name}`"
    documented = inspect.isclass(thing) or inspect.isroutine(thing) or isinstance(thing, property)
    is_enum = inspect.isclass(thing) and issubclass(thing, enum.Enum)
    if isinstance(thing, property):
        kind = getattr(thing.fget, "__annotations__", {}).get("return", "Any")
        yield f"```text\n{name}: {annotation(kind)}\n```"
    elif not documented:
        yield constant(thing)
    elif not is_enum and not (inspect.isclass(thing) and issubclass(thing, BaseException)):
        yield f"```text\n{signature(name, getattr(thing, '__func__', thing))}\n```"
    if documented:
        yield prose(thing.__doc__)
    yield PAGES.get(name, "")
    if is_enum:
        yield choices(name, thing)
    if inspect.isclass(thing):
        yield fields(thing) if hasattr(thing, "__specs__") else ""
        for member, value in members(thing):
            yield from entry(f"{name}.{member}", value, level + 1)


def names_page(title: str, holder: ModuleType) -> Iterator[str]:
    """A page with one entry for each public name of a module."""
    yield from (f"# {title}", prose(holder.__doc__))
    for name in public_names(holder):
        yield from entry(name, getattr(holder, name))


@cache
def imported(name: str) -> dict[str, str]:
    """The names that a module imports from pycrm, for type checkers alone too, with their homes."""
    nodes = ast.walk(ast.parse(inspect.getsource(sys.modules[name])))
    found = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    ours = [node for node in found if (node.module or "").startswith("pycrm")]
    return {alias.name: node.module or "" for node in ours for alias in node.names}


def answered(verb: Any) -> Iterator[tuple[str, Any]]:
    """The classes of pycrm that the answer of a verb names, by their names."""
    words = set(re.findall(r"\w+", str(getattr(verb, "__annotations__", {}).get("return", ""))))
    homes = imported(verb.__module__)
    for name in words & homes.keys():
        yield name, getattr(importlib.import_module(homes[name]), name)


def session_page(package: ModuleType, *others: ModuleType | None) -> Iterator[str]:
    """Every verb of a session by what it does, and then what the verbs answer that has no other page."""
    cls = package.Session
    yield from ("# Session", prose(cls.__doc__))
    known = [
        getattr(holder, name) for holder in (package, *others) if holder for name in public_names(holder)
    ]
    answers: dict[int, tuple[str, Any]] = {}
    for part in reversed(cls.__mro__[:-1]):
        verbs = list(members(part))
        yield from (f"## {part.__name__}", prose(part.__doc__)) if verbs else ()
        for name, verb in verbs:
            yield from entry(f"Session.{name}", verb, 3)
            found = () if isinstance(verb, property) else answered(verb)
            answers |= {id(thing): (answer, thing) for answer, thing in found}
    yield "## What they answer"
    yield "Besides records, and what [Python](python.md) and [Scoring](scoring.md) name."
    for answer, thing in sorted(answers.values(), key=lambda one: one[0]):
        if not any(thing is one for one in known):
            yield from entry(answer, thing, 3)


def scoring_page(holder: ModuleType) -> Iterator[str]:
    """The names of scoring, and the feeds that there are with their columns."""
    yield from names_page("Scoring", holder)
    feeds = importlib.import_module(f"{holder.__name__}.feeds")
    yield from ("## `feeds`", prose(feeds.__doc__))
    rows = ["| feed | what a row is | columns besides `customer` |", "|---|---|---|"]
    for name in public_names(feeds):
        feed = getattr(feeds, name)
        columns = ", ".join(f"`{column}` {kind.__name__}" for column, kind in feed.columns.items())
        only = " (one a customer)" if feed.single else " (of nobody)" if feed.shared else ""
        rows.append(f"| `{name}` | {feed.title}{only} | {columns} |")
    yield "\n".join(rows)


def errors_page(holder: ModuleType) -> Iterator[str]:
    """The errors, with the code, HTTP status and exit code of each refusal."""
    top, intro, *entries = names_page("Errors", holder)
    yield from (top, intro, "## Refusals, and how each face answers")
    rows = ["| error | code | HTTP status | exit code |", "|---|---|---|---|"]
    for error in (getattr(holder, name) for name in public_names(holder)):
        if hasattr(error, "exit_code"):
            rows.append(f"| `{error.__name__}` | `{error.code}` | {error.status} | {error.exit_code} |")
    yield from ("\n".join(rows), *entries)


def commands(command: Any, path: str, parent: Any = None) -> Iterator[str]:
    """The paragraphs about one command and all commands below it."""
    context = type(command).context_class(command, info_name=path.split()[-1], parent=parent)
    yield f"## `{path}`"
    yield f"```text\n{' '.join([path, *command.collect_usage_pieces(context)])}\n```"
    yield prose((command.help or "").replace("\b\n", ""))
    rows = []
    for option in filter(lambda option: option.name != "help", command.get_params(context)):
        flags = [*option.opts, *option.secondary_opts] if option.param_type_name == "option" else []
        label = ", ".join(flags) or (option.metavar or option.name.upper())
        rows.append(f"- `{label}`: {getattr(option, 'help', None) or ''}".rstrip(": "))
    yield "\n".join(rows)
    for name in getattr(command, "list_commands", lambda context: ())(context):
        if not (below := command.get_command(context, name)).hidden:
            yield from commands(below, f"{path} {name}", context)


def command_line_page(holder: ModuleType) -> Iterator[str]:
    """The command line, one section a command."""
    import typer

    yield "# Command line"
    yield "Every command answers `--help`. The exit codes stand beside the [errors](errors.md)."
    yield from commands(typer.main.get_command(holder.app), "pycrm")


def settings_page(holder: ModuleType) -> Iterator[str]:
    """Every setting: its name, its variable, what it may be, what holds without it."""
    yield from ("# Settings", prose(holder.__doc__))
    rows = ["| name | in the environment | what it is | default | |", "|--|--|--|--|--|"]
    for key in holder.KEYS.values():
        default = ", ".join(key.default) if isinstance(key.default, tuple) else key.default
        shown = "" if default in (None, "") else f"`{default}`"
        name = f"`{key.name}`" + (f", `{key.name}_file`" if key.is_secret else "")
        rows.append(f"| {name} | `{key.variable}` | {key.kind.word} | {shown} | {key.about} |")
    yield "\n".join(rows)


def pages() -> dict[str, str]:
    """Every page of the reference by its file name."""
    written: dict[str, Iterator[str]] = {}
    if (package := module("pycrm")) and hasattr(package, "__all__"):
        written["python.md"] = names_page("Python", package)
        if hasattr(package, "Session"):
            written["session.md"] = session_page(package, module("pycrm.scoring"))
    if scoring := module("pycrm.scoring"):
        written["scoring.md"] = scoring_page(scoring)
    if errors := module("pycrm.errors"):
        written["errors.md"] = errors_page(errors)
    if hooks := module("pycrm.hooks"):
        written["hooks.md"] = names_page("Hooks", hooks)
    if testing := module("pycrm.testing"):
        written["testing.md"] = names_page("Testing", testing)
    if cli := module("pycrm.cli"):
        written["command-line.md"] = command_line_page(cli)
    if settings := module("pycrm.settings"):
        written["settings.md"] = settings_page(settings)
    found = {name: "\n\n".join(filter(None, (MARK, *parts))) + "\n" for name, parts in written.items()}
    links = "\n".join(f"- [{text.splitlines()[2].lstrip('# ')}]({name})" for name, text in found.items())
    return {"index.md": f"{MARK}\n\n# Reference\n\nEvery public name, from the code.\n\n{links}\n", **found}


def main() -> int:
    """Write the pages, or with ``--check`` compare them with what is in the folder."""
    parser = argparse.ArgumentParser(description="Write the reference pages from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a page is out of date")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the pages are")
    arguments = parser.parse_args()
    wanted = pages()
    there = {path.name: path.read_text("utf-8") for path in arguments.folder.glob("*.md")}
    orphans = {name for name, text in there.items() if text.startswith(MARK)} - set(wanted)
    stale = sorted(orphans | {name for name, text in wanted.items() if there.get(name) != text})
    if arguments.check:
        if stale:
            print(f"out of date, say make docs: {', '.join(stale)}", file=sys.stderr)
        return bool(stale)
    for name in stale:
        page = arguments.folder / name
        page.unlink() if name in orphans else page.write_text(wanted[name], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
