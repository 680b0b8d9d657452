"""Texts to the values of declared fields, and values to the texts that people read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.cli.entity import record_of
from pycrm.declare.codec import from_json
from pycrm.errors import InvalidError, NotFoundError, Problem
from pycrm.values import Money

if TYPE_CHECKING:
    from pycrm.declare.field import Spec
    from pycrm.session import Session

__all__ = ["assignments", "drafted", "local", "parsed", "shown"]

_MONEY = re.compile(r"([+-]?[\d.,]+)\s*([A-Za-z]{3})?")
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def parsed(session: Session, spec: Spec, text: str) -> Any:
    """The value of a field from a text; an empty text is no value.

    Amounts are written as ``86000CNY`` or ``86000`` in the CRM's own currency, links as the id or
    code of a record, lists with semicolons, instants without a zone in business time.

    Raises:
        InvalidError: the text is no value of that field.
    """
    text = text.strip()
    if not text or spec.kind is None:
        return _nothing(spec)
    if spec.target is not None:
        return _linked(session, spec, text)
    try:
        return from_json(spec, _as_json(session, spec.kind.name, text))
    except (ValueError, TypeError) as error:
        raise _wrong(spec, str(error)) from None


def _nothing(spec: Spec) -> Any:
    if spec.kind is None:
        raise _wrong(spec, "is a list of rows, not a value")
    return () if spec.kind.name == "texts" else None


def _wrong(spec: Spec, message: str) -> InvalidError:
    return InvalidError(f"{spec.name}: {message}", fields=[Problem(spec.name, "type", message)])


def _as_json(session: Session, kind: str, text: str) -> Any:
    if kind == "int":
        return int(text)
    if kind == "bool":
        if text.lower() not in _TRUTH:
            raise ValueError("expected true or false")
        return _TRUTH[text.lower()]
    if kind == "money":
        match = _MONEY.fullmatch(text)
        if match is None:
            raise ValueError("expected an amount such as 86000CNY")
        currency = (match[2] or session.crm.currency).upper()
        return {"amount": match[1].replace(",", ""), "currency": currency}
    if kind == "texts":
        return [part.strip() for part in text.split(";") if part.strip()]
    return _instant(session, text) if kind == "instant" else text


def _instant(session: Session, text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("expected an instant such as 2026-06-30T09:00") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=session.crm.zone)
    return moment.isoformat()


def _linked(session: Session, spec: Spec, text: str) -> Any:
    cls = session.crm.record(str(spec.target), None)
    if cls is None:
        raise _wrong(spec, "cannot be given as text")
    try:
        return record_of(session, cls, text).ref
    except NotFoundError as error:
        raise _wrong(spec, f"{error}: {text}") from None


def assignments(session: Session, cls: Any, given: Sequence[str]) -> dict[str, Any]:
    """The values of ``--set field=value`` options.

    Raises:
        InvalidError: with every unknown field and wrong value.
    """
    values, problems = _assigned(session, cls, given)
    _refuse(problems)
    return values


def drafted(session: Session, cls: Any, given: Sequence[str]) -> Any:
    """A new record of the class, from the values of ``--set field=value`` options.

    Raises:
        InvalidError: as `assignments`, and with every field that is missing.
    """
    values, problems = _assigned(session, cls, given)
    named = {*values, *(one.path for one in problems)}
    problems += [
        Problem(spec.name, "required", f"is missing: give it with --set {spec.name}=…")
        for spec in cls.__specs__.values()
        if spec.required and spec.name not in named
    ]
    problems += [Problem(name, "rule", "is kept by pycrm") for name in values if not cls.__specs__[name].init]
    _refuse(problems)
    return cls(**values)


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise InvalidError(f"{problems[0].path}: {problems[0].message}", fields=problems)


def _assigned(session: Session, cls: Any, given: Sequence[str]) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for one in given:
        name, sign, text = one.partition("=")
        name = name.strip()
        spec = cls.__specs__.get(name)
        if not sign or spec is None:
            message = "unknown field" if sign else "expected field=value"
            problems.append(Problem(name, "unknown" if sign else "format", message))
            continue
        try:
            values[name] = parsed(session, spec, text)
        except InvalidError as error:
            problems += error.fields
    return values, problems


def local(moment: datetime, zone: tzinfo) -> str:
    """An instant in business time, to the minute."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def shown(value: Any, labels: Mapping[UUID, str], zone: tzinfo) -> str:
    """A value for people; a reference out of the reader's sight is said to be that."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return local(value, zone)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return "; ".join(str(part) for part in value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Money | date | UUID | str | int):
        return str(value)
    return labels.get(value.id, "(out of your scope)")
