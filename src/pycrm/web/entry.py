"""The field of a form: from a declaration and the reader's rights to a control, and back to a value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.declare import Ref
from pycrm.declare.codec import from_json, mask_of
from pycrm.declare.policy import Reference
from pycrm.errors import InvalidError, NotReadError
from pycrm.session.naming import key_fields, label_of, titles_of
from pycrm.values import Money
from pycrm.web import figures
from pycrm.web.catalog import slug_of
from pycrm.web.show import Show, plain_of

if TYPE_CHECKING:
    from pycrm.declare.field import Spec
    from pycrm.session import Session
    from pycrm.web.visit import Visit

__all__ = ["Entry", "Typed", "entry_of", "read_entry"]

_CURRENCIES = ("CNY", "USD", "EUR", "GBP", "HKD", "JPY")
_SHORT_TEXT, _MOST_OPTIONS = 500, 300
_MONEY = re.compile(r"\s*([+-]?)\s*[^\d.,+-]?\s*([\d.,]+)\s*")


@attrs.frozen
class Entry:
    """One control of a form: what it is called, what it holds, and what is wrong with that."""

    name: str
    label: str
    widget: str
    text: str = ""
    is_required: bool = False
    is_key: bool = False
    is_wide: bool = False
    longest: int = 4000
    options: tuple[tuple[str, str], ...] = ()
    currency: str = ""
    lookup: str = ""
    ref: str = ""
    hint: str = ""
    error: str = ""
    currencies: tuple[str, ...] = _CURRENCIES

    @property
    def id(self) -> str:
        """The id of the control within its page."""
        return self.name.replace(":", "-").replace("/", "-")


@attrs.frozen
class Typed:
    """What somebody typed into one control, as it came."""

    text: str
    currency: str = ""
    ref: str = ""
    was: str = ""

    @classmethod
    def of(cls, visit: Visit, name: str) -> Typed | None:
        """What a form brought for a control; None where it brought nothing of that name."""
        if name not in visit.form:
            return None
        return cls(visit.typed(name), *(visit.typed(f"{name}:{part}") for part in ("currency", "id", "was")))


def entry_of(
    show: Show,
    cls: Any,
    spec: Spec,
    *,
    prefix: str = "",
    value: Any = None,
    typed: Typed | None = None,
    error: str = "",
    required: bool | None = None,
) -> Entry:
    """The control of a field, holding what was typed, else the value."""
    words, kind = show.words, spec.kind
    assert kind is not None
    widget, options = _widget(show, spec)
    text, currency, ref = _held(show, spec, value)
    if widget == "select" and spec.target is not None:
        text, ref = ref, ""
    if typed is not None:
        text, currency, ref = typed.text, typed.currency or currency, typed.ref
    if widget == "select" and text and text not in {one for one, _ in options}:
        options = ((text, show.name(value) if spec.target else text), *options)
    return Entry(
        name=f"{prefix}{spec.name}",
        label=words.field(cls, spec),
        widget=widget,
        text=text,
        is_required=spec.required and not spec.nullable if required is None else required,
        is_key=spec.key,
        is_wide=widget == "text-long",
        longest=spec.longest if kind.name == "text" else 4000 if kind.name == "texts" else 60,
        options=options,
        currency=currency or show.crm.currency,
        lookup=slug_of(show.crm, spec.target) or "" if spec.target else "",
        ref=ref,
        hint=words("Several, parted by semicolons") if kind.name == "texts" else "",
        error=error,
    )


def _widget(show: Show, spec: Spec) -> tuple[str, tuple[tuple[str, str], ...]]:
    kind = spec.kind
    assert kind is not None
    if kind.name == "enum":
        members: Any = kind.python
        return "select", tuple((str(one.value), show.words.value(one)) for one in members)
    if spec.target is not None:
        found = _few(show.session, spec.target)
        return ("link", ()) if found is None else ("select", found)
    plain = {"bool": "check", "money": "money", "date": "date", "instant": "moment"}
    if kind.name in plain:
        return plain[kind.name], ()
    if kind.name in ("int", "decimal"):
        return "number", ()
    return ("text-long" if kind.name == "text" and spec.longest > _SHORT_TEXT else "text"), ()


def _few(session: Session, target: str) -> tuple[tuple[str, str], ...] | None:
    """The records of common knowledge that can be chosen from a list; None where there are too many."""
    cls = session.crm.record(target, None)
    if cls is None:
        return ()
    if not (isinstance(cls.__scope__, Reference) or target in ("User", "OrgUnit", "Role")):
        return None
    kept: dict[str, Any] = session.transaction.memo.setdefault("few", {})
    if target not in kept:
        found = session.find(cls, order=_order(cls), limit=_MOST_OPTIONS + 1)
        many = len(found) > _MOST_OPTIONS
        kept[target] = None if many else tuple((str(one.id), label_of(one)) for one in found)
    result: tuple[tuple[str, str], ...] | None = kept[target]
    return result


def _order(cls: Any) -> Any:
    named = next((spec.name for spec in cls.__specs__.values() if spec.order), None)
    return getattr(cls, named) if named else None


def _held(show: Show, spec: Spec, value: Any) -> tuple[str, str, str]:
    """Text, currency and reference of a value."""
    if isinstance(value, Money):
        return plain_of(value), value.currency, ""
    if isinstance(value, datetime):
        return figures.moment(value, show.crm.zone), "", ""
    if isinstance(value, Ref):
        return show.name(value), "", str(value.id)
    return plain_of(value), "", ""


def value_of(record: Any, name: str) -> Any:
    """The value of a field that may be hidden or masked: of a mask its text."""
    try:
        return getattr(record, name)
    except NotReadError:
        return mask_of(record, name)


def read_entry(session: Session, spec: Spec, typed: Typed) -> Any:
    """The value that was typed.

    Raises:
        ValueError: the text is no value of that field; says what is wrong.
    """
    text, kind = typed.text.strip(), spec.kind
    assert kind is not None
    if not text:
        return _nothing(spec)
    if spec.target is not None:
        return _linked(session, spec, typed)
    return spec.clean(from_json(spec, _as_json(session, kind.name, typed)))


def _nothing(spec: Spec) -> Any:
    assert spec.kind is not None
    if spec.kind.name == "texts":
        return ()
    if spec.nullable:
        return None
    raise ValueError("a value is required")


def _as_json(session: Session, kind: str, typed: Typed) -> Any:
    text = typed.text.strip()
    if kind == "int":
        try:
            return int(text.replace(",", ""))
        except ValueError:
            raise ValueError("expected a whole number") from None
    if kind == "bool":
        return text == "true"
    if kind == "decimal":
        return text.replace(",", "")
    if kind == "money":
        match = _MONEY.fullmatch(text)
        if match is None:
            raise ValueError("expected an amount such as 86000")
        amount = match[1].replace("+", "") + match[2].replace(",", "")
        return {"amount": amount, "currency": (typed.currency or session.crm.currency).upper()}
    if kind == "texts":
        return [part.strip() for part in re.split(r"[;；\n]", text) if part.strip()]
    if kind == "instant":
        return _instant(session, text)
    return typed.text if kind == "text" else text


def _instant(session: Session, text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("expected a time such as 2026-06-30 09:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=session.crm.zone)).isoformat()


def _linked(session: Session, spec: Spec, typed: Typed) -> Any:
    """What a link's control names: what was chosen, or what its text alone names."""
    cls = session.crm.record(str(spec.target))
    chosen = typed.ref if typed.text == typed.was else typed.text
    try:
        return Ref.to(cls, UUID(chosen))
    except ValueError:
        pass
    found = _named(session, cls, typed.text.strip())
    if len(found) == 1:
        return found[0].ref
    if not found:
        raise ValueError("there is no such record in your sight")
    raise ValueError(f"several are called so: {'; '.join(label_of(one) for one in found[:4])}")


def _named(session: Session, cls: Any, text: str) -> Sequence[Any]:
    readable = session.fields(cls)
    for name in dict.fromkeys((*key_fields(cls), *titles_of(cls))):
        if name in readable:
            try:
                found = session.find(cls, getattr(cls, name).in_([text, text.upper()]), limit=5)
            except InvalidError:
                continue
            if found:
                return found
    if any(spec.search for spec in cls.__specs__.values()):
        try:
            return session.search(cls, text, size=5).items
        except InvalidError:
            return ()
    return ()


def is_enum(spec: Spec) -> bool:
    """Whether a field holds a member of an enumeration."""
    members: Any = getattr(spec.kind, "python", None)
    return isinstance(members, type) and issubclass(members, Enum)
