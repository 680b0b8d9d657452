"""Writing over REST: each function is one verb of the session."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.api.asked import conditions, known_to, refuse_strangers
from pycrm.api.body import Body
from pycrm.api.draft import draft_of, facet_of, whose, within
from pycrm.api.entity import Entity, facet_named
from pycrm.api.once import Made, act
from pycrm.api.read import found
from pycrm.declare.codec import load_patch
from pycrm.entities.amendment import Amendment
from pycrm.errors import InvalidError, NotFoundError, RefusedError, StaleError
from pycrm.http import Answer, Call

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["PreconditionError", "create", "seen"]

_MOST = 500


class PreconditionError(RefusedError):
    """The request does not say which version its sender has read."""

    code, status = "precondition", 428


def seen(session: Session, entity: Entity, call: Call) -> Any:
    """The record that the path names, as it was in the version that the sender says to have read.

    Raises:
        PreconditionError: the header ``If-Match`` says no version.
        NotFoundError: the record is missing or out of scope.
        StaleError: there was never such a version, or it cannot be told any more.
    """
    record = found(session, entity, call)
    return at_version(session, record, _said_version(call))


def _said_version(call: Call) -> int:
    said = call.headers.get("if-match", "").strip()
    text = said.removeprefix('"').removesuffix('"')
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise PreconditionError('say which version you read: If-Match: "3"')
    return int(text)


def at_version(session: Session, record: Any, version: int) -> Any:
    """The record as it was at an earlier version, so that a refusal can show what differs."""
    if record.version == version:
        return record
    cls = type(record)
    for revision in session.history(record, limit=_MOST):
        if (revision.entity, revision.version) == (cls.__name__, version):
            former = session.as_of(record, revision.at)
            if former is not None and former.version == version:
                return former
    told = {"read": version, "current": record.version}
    raise StaleError(f"the {cls.__name__.lower()} was changed by somebody else in the meantime", data=told)


# --- one record ----------------------------------------------------------------------------------------


def create(entity: Entity, call: Call) -> Answer:
    """Add a record; a part that belongs to it alone, such as a customer's party, may be given whole."""
    refuse_strangers(call)
    body = call.json()

    def do(session: Session) -> Made:
        record = draft_of(session, entity, body).add(session)
        return Made(201, entity.cls, [record], f"{entity.path}/{record.id}")

    return act(call, do)


def change(entity: Entity, call: Call) -> Answer:
    """Change some fields of a record."""
    refuse_strangers(call, "because")
    body = call.json()

    def do(session: Session) -> Made:
        record = seen(session, entity, call)
        values = load_patch(entity.cls, body, known=known_to(session))
        return Made(
            200, entity.cls, [session.change(record, because=call.asked("because") or None, **values)]
        )

    return act(call, do)


def simple(verb: str, said: str) -> Callable[[Entity, Call], Answer]:
    """A verb over one record that takes a reason alone."""

    def do_it(entity: Entity, call: Call) -> Answer:
        refuse_strangers(call)
        body = Body.of(call, "because", is_optional=True)

        def do(session: Session) -> Made:
            record = seen(session, entity, call)
            made = getattr(session, verb)(record, because=body.text("because"))
            return Made(200, entity.cls, [made])

        return act(call, do)

    do_it.__doc__ = said
    return do_it


archive = simple("archive", "Put a record away.")
restore = simple("restore", "Bring back a record that was put away.")


def move(entity: Entity, call: Call) -> Answer:
    """Take a record to another stage; with ``dry`` only say whether that would be refused."""
    refuse_strangers(call)
    body = Body.of(call, "to", "because", "values", "dry")
    to, because, dry = body.required("to"), body.text("because"), body.truth("dry")

    def do(session: Session) -> Made:
        record = seen(session, entity, call)
        with within("values"):
            values = load_patch(entity.cls, body.object("values"), known=known_to(session))
        if not dry:
            return Made(200, entity.cls, [session.move(record, to, because=because, **values)])
        trial = session.try_move(record, to, because=because, **values)
        refused = None if trial.refusal is None else trial.refusal.as_dict()
        return Made(said={"is_allowed": trial.is_allowed, "refusal": refused})

    return act(call, do)


def amend(entity: Entity, call: Call) -> Answer:
    """Ask for a change of key fields: 200 and the record where it holds at once, else 202 and the amendment."""
    refuse_strangers(call)
    body = Body.of(call, "values", "because", "evidence", "effective_on", "split")
    because, split = body.required("because"), body.truth("split")
    evidence, effective = body.texts("evidence"), body.day("effective_on")

    def do(session: Session) -> Made:
        record = seen(session, entity, call)
        values = _amended(session, entity, body.object("values"))
        made = session.amend(
            record, because=because, evidence=evidence, effective_on=effective, split=split, **values
        )
        if isinstance(made, Amendment):
            return Made(202, Amendment, [made], f"/api/v1/amendments/{made.id}")
        return Made(200, entity.cls, [made])

    return act(call, do)


def _amended(session: Session, entity: Entity, given: Any) -> dict[str, Any]:
    """Values of the record, and of its parts and facets, whose fields an amendment may name too."""
    known, own, rest = known_to(session), {}, dict(given)
    others = [*entity.parts.values()]
    for word in entity.words:
        with suppress(NotFoundError):
            others.append(facet_named(session, entity.cls, word))
    for cls in entity.parts.values():
        others += session.crm.facets_of(cls)
    values: dict[str, Any] = {}
    for name in list(rest):
        if name in entity.cls.__specs__:
            own[name] = rest.pop(name)
    with within("values"):
        for cls in others:
            mine = {
                name: rest.pop(name) for name in list(rest) if name in cls.__specs__ and name in known(cls)
            }
            values |= load_patch(cls, mine, known=known)
        # What nobody knows is refused with the rest of the record's own.
        return values | load_patch(entity.cls, own | rest, known=known)


def assign(entity: Entity, call: Call) -> Answer:
    """Hand a record to another person."""
    refuse_strangers(call)
    body = Body.of(call, "owner", "because")
    owner, because = whose(body.required("owner")), body.text("because")

    def do(session: Session) -> Made:
        made = session.assign(seen(session, entity, call), owner, because=because)
        return Made(200, entity.cls, [made])

    return act(call, do)


def reveal(entity: Entity, call: Call) -> Answer:
    """Show masked fields of a record; that they were shown is kept before they are."""
    refuse_strangers(call)
    body = Body.of(call, "fields", "because")
    names, because = body.texts("fields"), body.required("because")

    def do(session: Session) -> Answer:
        record = session.reveal(found(session, entity, call), *names, because=because)
        return Made(200, entity.cls, [record]).answer()

    return call.run(do)


# --- facets ------------------------------------------------------------------------------------------------


def put_facet(entity: Entity, word: str, call: Call) -> Answer:
    """Begin to keep a facet of a record."""
    refuse_strangers(call)
    body = call.json()

    def do(session: Session) -> Made:
        host = found(session, entity, call)
        cls = facet_named(session, entity.cls, word)
        made = session.add(cls(of=host, **facet_of(session, cls, body)))
        return Made(201, cls, [made], f"{entity.path}/{host.id}/{word.replace('_', '-')}")

    return act(call, do)


def change_facet(entity: Entity, word: str, call: Call) -> Answer:
    """Change some fields of a facet."""
    refuse_strangers(call, "because")
    body = call.json()

    def do(session: Session) -> Made:
        record = found(session, entity, call)
        cls = facet_named(session, entity.cls, word)
        kept = session.facet(record, cls)
        if kept is None:
            raise session.missing(cls)
        values = load_patch(cls, body, known=known_to(session))
        kept = at_version(session, kept, _said_version(call))
        return Made(200, cls, [session.change(kept, because=call.asked("because") or None, **values)])

    return act(call, do)


# --- many records -----------------------------------------------------------------------------------------


def create_many(entity: Entity, call: Call) -> Answer:
    """Add many records, all or none."""
    refuse_strangers(call)
    items = Body.of(call, "items").rows("items", _MOST)

    def do(session: Session) -> Made:
        drafts, problems = [], []
        for index, one in enumerate(items):
            try:
                drafts.append(draft_of(session, entity, one))
            except InvalidError as error:
                problems += [attrs.evolve(each, path=f"items/{index}/{each.path}") for each in error.fields]
        if problems:
            raise InvalidError(f"{problems[0].path}: {problems[0].message}", fields=problems)
        made = []
        for index, draft in enumerate(drafts):
            with within(f"items/{index}"):
                made.append(draft.add(session))
        return Made(201, entity.cls, made, is_list=True)

    return act(call, do)


def change_many(entity: Entity, call: Call) -> Answer:
    """Change many records, each from the version that its sender has read, all or none."""
    refuse_strangers(call, "because")
    items = Body.of(call, "items").rows("items", _MOST)
    because = call.asked("because") or None

    def do(session: Session) -> Made:
        made: list[Any] = []
        for index, one in enumerate(items):
            with within(f"items/{index}"):
                inner = Body.from_json(one, "id", "version", "values")
                record = session.get(entity.cls, inner.required("id"))
                record = at_version(session, record, inner.number("version"))
                values = load_patch(entity.cls, inner.object("values"), known=known_to(session))
                made.append(session.change(record, because=because, **values))
        return Made(200, entity.cls, made, is_list=True)

    return act(call, do)


def change_where(entity: Entity, call: Call) -> Answer:
    """Change fields of all records that meet the conditions, in one act."""
    refuse_strangers(call)
    body = Body.of(call, "where", "values", "because", needs=("where", "values"))
    texts, because = body.texts("where"), body.text("because")

    def do(session: Session) -> Made:
        values = load_patch(entity.cls, body.object("values"), known=known_to(session))
        where = conditions(session, entity.cls, texts)
        return Made(said={"changed": session.change_where(entity.cls, *where, because=because, **values)})

    return act(call, do)


def move_where(entity: Entity, call: Call) -> Answer:
    """Take a move of all records that meet the conditions, in one act."""
    refuse_strangers(call)
    body = Body.of(call, "where", "to", "values", "because", needs=("where", "to"))
    texts, because, to = body.texts("where"), body.text("because"), body.required("to")

    def do(session: Session) -> Made:
        values = load_patch(entity.cls, body.object("values"), known=known_to(session))
        where = conditions(session, entity.cls, texts)
        number = session.move_where(entity.cls, *where, to=to, because=because, **values)
        return Made(said={"moved": number})

    return act(call, do)
