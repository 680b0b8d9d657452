"""What the command line offers under ``segments``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import attrs
import typer

from pycrm import InvalidError, NotFoundError, Problem, Session
from pycrm.plugins.segments import membership, serving, treating, trial
from pycrm.plugins.segments.model import Experiment, Segment, SegmentKind

__all__ = ["COMMANDS"]


@attrs.frozen
class Shown:
    """A preview as it is printed: examples by their names."""

    expression: str
    in_words: str
    in_scope: int
    everybody: int | None
    entering: int
    leaving: int
    examples: tuple[str, ...]


@attrs.frozen
class Line:
    """A segment as it is listed."""

    code: str
    name: str
    kind: str
    members: int
    expression: str | None


Code = Annotated[str, typer.Argument(metavar="CODE", help="The code of a segment.")]


def list_(session: Session) -> list[Line]:
    """List the segments, each with how many of your customers are in it."""
    today = session.crm.calendar_day(session.now)
    return [
        Line(one.code, one.name, one.kind.value, len(membership.members(session, one, today)), one.expression)
        for one in session.find(Segment, order=Segment.code)
    ]


def preview(
    session: Session,
    what: Annotated[str, typer.Argument(metavar="EXPRESSION", help="Or the code of a segment.")],
    language: Annotated[str, typer.Option("--language", help="Of the sentence: en or zh.")] = "en",
) -> Shown:
    """Say whom an expression chooses, and who would come into a segment and go out of it."""
    if language not in ("en", "zh"):
        wrong = Problem("language", "unknown", "expected en or zh")
        raise InvalidError(wrong.message, fields=[wrong])
    saved = session.find(Segment, Segment.code == what)
    asked: Any = saved[0] if saved else what
    found = membership.preview(session, asked, language=language)
    text = asked if isinstance(asked, str) else asked.expression
    names = tuple(one.name for one in found.examples)
    counts = (found.in_scope, found.everybody, found.entering, found.leaving)
    return Shown(text, found.in_words, *counts, names)


def add(
    session: Session,
    code: Code,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people call it.")],
    expression: Annotated[str | None, typer.Argument(metavar="EXPRESSION", help="Without it a list.")] = None,
) -> str:
    """Add a segment: dynamic with an expression, static without."""
    kind = SegmentKind.STATIC if expression is None else SegmentKind.DYNAMIC
    session.add(Segment(code=code, name=name, kind=kind, expression=expression))
    return f"Added the {kind.value} segment {code}."


def fill(
    session: Session,
    code: Code,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Codes of customers, one a line.")],
) -> membership.Listed:
    """Enter customers into a static segment by their codes."""
    codes = [line.strip() for line in file.read_text("utf-8").splitlines() if line.strip()]
    return membership.import_members(session, _segment(session, code), codes)


def refresh(session: Session) -> list[membership.Refreshed]:
    """Look at all dynamic segments anew: who has come in, and who has gone out."""
    return membership.refresh(session)


def defaults(session: Session) -> str:
    """Publish the treatments by grade with which an enterprise may begin."""
    return f"Published {len(treating.add_defaults(session))} treatments."


def serve(session: Session) -> serving.Served:
    """Serve customers as treatments, grades and segments say today, and tell their owners."""
    return serving.serve(session)


def effect(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of an experiment.")],
) -> trial.Effect:
    """Say what the treatment of an experiment did."""
    found = session.find(Experiment, Experiment.name == name)
    if not found:
        raise NotFoundError("no such experiment")
    return trial.effect(session, found[0])


def _segment(session: Session, code: str) -> Segment:
    found = session.find(Segment, Segment.code == code)
    if not found:
        raise NotFoundError("no such segment")
    return found[0]


COMMANDS = (list_, preview, add, fill, refresh, defaults, serve, effect)
