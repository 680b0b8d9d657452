"""Making and changing records: forms from declarations, amendments of key data, and who was faster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.declare import Ref
from pycrm.entities.amendment import Amendment
from pycrm.errors import (
    AmendmentRequiredError,
    InvalidError,
    NotFoundError,
    NotReadError,
    RefusedError,
    StaleError,
)
from pycrm.session.naming import label_of
from pycrm.web.catalog import class_of, path_of
from pycrm.web.draft import drafted, extra_part
from pycrm.web.entry import value_of
from pycrm.web.facet import facets_of
from pycrm.web.form import Given, Part, is_begun, part_of, read_part
from pycrm.web.problem import sentences
from pycrm.web.render import page
from pycrm.web.show import Show, plain_of
from pycrm.web.visit import Answer, Visit, redirect

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["add", "archive", "change", "edit", "new"]


@attrs.frozen
class Target:
    """One record that a form changes: the record itself, its party, or a facet; None where there is none yet."""

    cls: Any
    record: Any
    prefix: str
    host: Any = None


def new(visit: Visit) -> Answer:
    """The form of a record to be made; the address may name values that it begins with."""
    with visit.view() as session:
        cls = class_of(session.crm, visit.params["slug"])
        return _new(visit, session, cls, Given(), fresh=True)


def _new(
    visit: Visit,
    session: Session,
    cls: Any,
    given: Given,
    said: tuple[str, ...] = (),
    status: int = 200,
    fresh: bool = False,
) -> Answer:
    show = Show(visit, session)
    back = None if fresh else visit
    parts = [*extra_part(show, cls, back, given.problems)]
    own = part_of(
        show,
        cls,
        visit=back,
        problems=given.problems,
        without=("party", "person") if parts else (),
        given=_begun(session, cls, visit),
    )
    return page(
        visit,
        session,
        "form.html",
        visit.words("New: {what}", what=visit.words.record(cls)),
        status=status,
        action=f"/{visit.params['slug']}/new",
        parts=[*parts, own],
        said=said,
        back=f"/{visit.params['slug']}",
        amends=False,
        choices=(),
        lead="",
    )


def _begun(session: Session, cls: Any, visit: Visit) -> dict[str, Any]:
    """What a new record begins with, by the address: ``?customer=…&on=2026-06-30``; and what is plain anyway."""
    found: dict[str, Any] = {}
    for name, spec in cls.__specs__.items():
        text = visit.asked(name)
        if not text or not spec.init:
            continue
        # Whatever it is, it is shown in the form before anything is written.
        with suppress(ValueError):
            if spec.target is not None:
                found[name] = Ref.to(session.crm.record(spec.target), UUID(text))
            elif spec.kind is not None and spec.kind.name == "date":
                found[name] = date.fromisoformat(text)
    if cls.__name__ == "Activity":
        found["started_at"] = session.now
    return found


def add(visit: Visit) -> Answer:
    """Make a record, or show the form again with every problem and all that was typed."""
    cls = class_of(visit.crm, visit.params["slug"])
    given = Given()

    def do(session: Session) -> Any:
        given.problems.clear()
        show = Show(visit, session)
        made = drafted(show, cls, visit, given)
        if made is None:
            values = read_part(show, cls, visit, given)
            _require(cls, values, given)
            if given.problems:
                raise InvalidError("some values are wrong or missing")
            made = cls(**values)
        return session.add(made)

    try:
        made = visit.run(do)
    except RefusedError as error:
        said = _told(visit, given, error)
        with visit.view() as session:
            return _new(visit, session, cls, given, said, error.status)
    return redirect(path_of(visit.crm, made) or "/")


def _require(cls: Any, values: Mapping[str, Any], given: Given) -> None:
    for name, spec in cls.__specs__.items():
        if spec.required and name not in values and name not in given.problems:
            given.problems[name] = "a value is required"


def _told(
    visit: Visit, given: Given, error: RefusedError, targets: tuple[Target, ...] = ()
) -> tuple[str, ...]:
    """What of a refusal stands above the form; the rest stands beside its fields."""
    before = set(given.problems)
    rest: list[str] = []
    for problem in error.fields:
        prefix = next(
            (one.prefix for one in targets if problem.path.partition("/")[0] in one.cls.__specs__), ""
        )
        rest += given.refuse([problem], prefix)
    if rest:
        return tuple(visit.words.said(one) for one in rest)
    if error.fields or (before and isinstance(error, InvalidError)):
        return (visit.words("Please look at the fields that are marked."),)
    return tuple(sentences(visit.words, error))


# --- changing ----------------------------------------------------------------------------------------


def edit(visit: Visit) -> Answer:
    """The form of a record, with its party and its facets."""
    with visit.view() as session:
        cls = class_of(session.crm, visit.params["slug"])
        record = session.get(cls, visit.params["id"])
        targets = tuple(_targets(session, record))
        return _edit(visit, session, record, targets, Given(), fresh=True)


def _targets(session: Session, record: Any, prefix: str = "") -> Iterator[Target]:
    yield Target(type(record), record, prefix)
    for spec in type(record).__specs__.values():
        if spec.unique and spec.target is not None:
            try:
                part = session.get(getattr(record, spec.name))
            except (NotReadError, NotFoundError):
                continue
            yield from _targets(session, part, f"{type(part).__name__}.")
    for facet in facets_of(session, type(record)):
        if facet.__name__ == "GradeOverride" or not _fits(facet, record):
            continue
        yield Target(facet, session.facet(record, facet), f"{facet.__name__}.", record)


def _fits(facet: Any, record: Any) -> bool:
    """An organisation has no date of birth."""
    kind = value_of(record, "kind") if type(record).__name__ == "Party" else None
    other = {"Person": "organization", "Organization": "person"}.get(facet.__name__)
    return other is None or kind is None or kind.value != other


def _edit(
    visit: Visit,
    session: Session,
    record: Any,
    targets: tuple[Target, ...],
    given: Given,
    said: tuple[str, ...] = (),
    status: int = 200,
    *,
    fresh: bool = False,
    amends: bool = False,
    choices: tuple[Any, ...] = (),
) -> Answer:
    show = Show(visit, session)
    back = None if fresh else visit
    parts = []
    for one in targets:
        made = part_of(
            show, one.cls, prefix=one.prefix, record=one.record, visit=back, problems=given.problems
        )
        parts += [made] if made else []
    return page(
        visit,
        session,
        "form.html",
        visit.words("Change: {what}", what=label_of(record)),
        status=status,
        action=f"/{visit.params['slug']}/{record.id}/edit",
        parts=parts,
        said=said,
        back=path_of(session.crm, record),
        amends=amends,
        choices=choices,
        lead=visit.typed("because"),
    )


def change(visit: Visit) -> Answer:
    """Change a record; key data by an amendment, with its reason asked for on the same form."""
    cls = class_of(visit.crm, visit.params["slug"])
    given = Given()
    kept: dict[str, Any] = {}

    def do(session: Session) -> Any:
        given.problems.clear()
        record = session.get(cls, visit.params["id"])
        show = Show(visit, session)
        targets = kept["targets"] = tuple(_targets(session, record))
        read = [(one, _read(show, one, visit, given)) for one in targets]
        if given.problems:
            raise InvalidError("some values are wrong or missing")
        stale = [choice for one, values in read for choice in _stale(show, one, values, visit)]
        if stale:
            kept["choices"] = tuple(stale)
            raise StaleError("somebody changed the record since the form was opened")
        return _write(session, record, read, visit)

    try:
        made = visit.run(do)
    except RefusedError as error:
        return _again(visit, cls, given, kept, error)
    said = visit.words("Sent for approval") if isinstance(made, Amendment) else visit.words("Saved")
    return redirect(f"/{visit.params['slug']}/{visit.params['id']}", said=said)


def _again(visit: Visit, cls: Any, given: Given, kept: Mapping[str, Any], error: RefusedError) -> Answer:
    said = _told(visit, given, error, kept.get("targets", ()))
    amends = isinstance(error, AmendmentRequiredError) or "because" in visit.form
    with visit.view() as session:
        record = session.get(cls, visit.params["id"])
        targets = tuple(_targets(session, record))
        if isinstance(error, AmendmentRequiredError) and "because" not in visit.form:
            said, given = (), Given()
        return _edit(
            *(visit, session, record, targets, given, said, error.status),
            amends=amends,
            choices=kept.get("choices", ()),
        )


def _read(show: Show, target: Target, visit: Visit, given: Given) -> dict[str, Any]:
    if target.record is None and not is_begun(target.cls, visit, target.prefix):
        return {}
    return read_part(show, target.cls, visit, given, prefix=target.prefix, record=target.record)


@attrs.frozen
class Choice:
    """A field that two people have changed: what this person typed, what stands there now, what stood there."""

    name: str
    label: str
    yours: str
    current: str
    base: str
    version: int


def _stale(show: Show, target: Target, values: dict[str, Any], visit: Visit) -> Iterator[Choice]:
    """The fields of this form that somebody else has changed meanwhile; those not typed here stay theirs."""
    version = visit.typed(f"{target.prefix}version")
    if target.record is None or not version.isdigit() or int(version) == target.record.version:
        return
    since = [
        one
        for one in show.session.history(target.record, limit=50)
        if one.entity == target.cls.__name__ and one.version > int(version)
    ]
    before: dict[str, Any] = {}
    for one in since:
        for difference in one.changes:
            before[difference.path.partition("/")[0]] = difference.old
    for name in list(values):
        control = f"{target.prefix}{name}"
        if name not in before:
            # Nobody else has touched it: what the form says is what this person typed.
            continue
        spec, choice = target.cls.__specs__[name], visit.typed(f"choice:{control}")
        is_as_before = spec.kind is not None and _stored(spec, values[name]) == before[name]
        if choice == "current" or is_as_before:
            del values[name]
        elif choice != "yours" or visit.typed(f"seen:{control}") != str(target.record.version):
            current = value_of(target.record, name)
            yield Choice(
                control,
                show.words.field(target.cls, spec),
                show.value(values[name]).text or plain_of(values[name]),
                show.value(current).text or plain_of(current),
                show.stored(target.cls, name, before[name]),
                target.record.version,
            )


def _stored(spec: Any, value: Any) -> Any:
    """A value as history keeps it."""
    return None if value is None else spec.kind.jsonable(value)


def _write(session: Session, record: Any, read: list[tuple[Target, dict[str, Any]]], visit: Visit) -> Any:
    because, amends = visit.typed("because").strip() or None, "because" in visit.form
    made = record
    keys: dict[str, Any] = {}
    for target, values in read:
        if not values:
            continue
        if target.record is None:
            session.add(target.cls(of=target.host, **values))
            continue
        own = {
            name: value for name, value in values.items() if not (amends and target.cls.__specs__[name].key)
        }
        keys |= {name: value for name, value in values.items() if name not in own}
        if own:
            changed = session.change(target.record, because=because, **own)
            made = changed if target.record is record else made
    if keys:
        evidence = [one.strip() for one in visit.typed("evidence").splitlines() if one.strip()]
        fresh = session.get(record.ref)
        return session.amend(fresh, because=because, evidence=evidence, effective_on=_day(visit), **keys)
    return made


def _day(visit: Visit) -> Any:
    from datetime import date

    text = visit.typed("effective_on").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidError("expected a date such as 2026-06-30") from None


def archive(visit: Visit) -> Answer:
    """Put a record away, or bring it back."""
    cls = class_of(visit.crm, visit.params["slug"])
    because = visit.typed("because").strip() or None

    def do(session: Session) -> Any:
        record = session.get(cls, visit.params["id"])
        return (session.restore if record.archived_at is not None else session.archive)(
            record, because=because
        )

    visit.run(do)
    return redirect(f"/{visit.params['slug']}")


__all__ += ["Choice", "Part"]
