"""By which of its amounts and days a kind of record is told at a glance: on boards, in funnels, beside others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["day_of", "money_of"]


def money_of(session: Session, cls: Any) -> str | None:
    """The field that is summed: `amount`, else the first money of what runs through stages that is no key field."""
    if "amount" in session.fields(cls):
        return "amount"
    return _first(session, cls, ("money",), lambda spec: not spec.key)


def day_of(session: Session, cls: Any) -> str | None:
    """The field that says by when: the first day or moment that people enter of what runs through stages."""
    return _first(session, cls, ("date", "instant"), lambda spec: spec.init)


def _first(session: Session, cls: Any, kinds: tuple[str, ...], fits: Any) -> str | None:
    if cls.__pipeline__ is None:
        return None
    known = session.fields(cls)
    specs = (spec for name, spec in cls.__specs__.items() if name in known and not spec.derived)
    fitting = (
        spec.name for spec in specs if spec.kind is not None and spec.kind.name in kinds and fits(spec)
    )
    return next(fitting, None)
