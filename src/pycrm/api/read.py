"""Reading over REST: each function is one verb of the session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.api.asked import conditions, fields_of, given, instant, number, order_of, refuse_strangers, truth
from pycrm.api.entity import Entity, facet_named
from pycrm.api.plain import plain
from pycrm.declare.codec import dump
from pycrm.entities.amendment import Amendment
from pycrm.errors import InvalidError, NotReadError, Problem
from pycrm.exchange import export_csv
from pycrm.http import Answer, Call
from pycrm.scope.gateway import unknown_field
from pycrm.session.naming import label_of, labels_of

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["LIST", "all_of", "count", "export", "facet", "found", "list_", "one", "record_json"]

_LARGEST = 500
_COUNTED = 10_001
_AT_ONCE = 500
# Asked for beside links and facets, of which none is called so.
_TITLES = "titles"
#: The parameters of a list.
LIST = ("where", "text", "sort", "size", "after", "fields", "include", "archived", "as_of")


def found(session: Session, entity: Entity, call: Call) -> Any:
    """The record that the path names, with its child rows.

    Raises:
        NotFoundError: it is missing or out of scope, or the id is none: one answer.
    """
    return session.get(entity.cls, call.path["id"])


def record_json(record: Any, wanted: frozenset[str] | None = None) -> dict[str, Any]:
    """The record as JSON has it, or some of its fields; what was not read is absent."""
    everything = dump(record)
    return everything if wanted is None else {name: one for name, one in everything.items() if name in wanted}


def all_of(call: Call, name: str) -> list[str]:
    """Every value of a parameter."""
    return [value for known, value in call.query if known == name]


def list_(entity: Entity, call: Call) -> Answer:
    """One page of the records that the visitor sees."""
    refuse_strangers(call, *LIST)
    cls, size = entity.cls, number(call, "size", 50, _LARGEST)
    moment, archived = instant(call, "as_of"), truth(call, "archived")
    after, text = call.asked("after") or None, call.asked("text")
    with call.view() as session:
        wanted = fields_of(session, cls, given(call, "fields"))
        where = conditions(session, cls, all_of(call, "where"))
        order = order_of(session, cls, given(call, "sort"))
        if moment is not None or archived:
            _refuse_beside(after, text)
            some = session.find(cls, *where, order=order, limit=size + 1, archived=archived, as_of=moment)
            items, following, more = some[:size], None, len(some) > size
        else:
            if text:
                page = session.search(cls, text, *where, order=order, size=size, after=after)
            else:
                page = session.page(cls, *where, order=order, size=size, after=after)
            items, following, more = page.items, page.next, page.next is not None
        told: dict[str, Any] = {
            "items": [record_json(one, wanted) for one in items],
            "next": following,
            "more": more,
        }
        if call.asked("include"):
            told["included"] = _included(session, entity, items, call.asked("include").split(","))
    return Answer.json(told)


def _refuse_beside(after: str | None, text: str) -> None:
    if after is not None or text:
        message = "lists of the past and of archived records are neither searched nor turned over"
        raise InvalidError(message, fields=[Problem("after" if after else "text", "rule", message)])


def one(entity: Entity, call: Call) -> Answer:
    """One record with its child rows; its version is its ETag."""
    refuse_strangers(call, "fields", "include", "as_of")
    moment = instant(call, "as_of")
    with call.view() as session:
        wanted = fields_of(session, entity.cls, given(call, "fields"))
        record = found(session, entity, call)
        told: Any = record
        if moment is not None:
            told = session.as_of(record, moment)
            if told is None:
                raise session.missing(entity.cls)
        data = record_json(told, wanted)
        if call.asked("include"):
            data["included"] = _included(session, entity, [told], call.asked("include").split(","))
    answer = Answer.json(data)
    return answer if moment is not None else answer.with_header("etag", f'"{record.version}"')


def _included(
    session: Session, entity: Entity, records: Sequence[Any], names: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """The records that links lead to and the facets, by class and by id, each read once."""
    told: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(names):
        if name == _TITLES:
            told[_TITLES] = _titles(session, entity, records)
            continue
        spec = entity.cls.__specs__.get(name)
        if name in entity.words:
            cls, ids = facet_named(session, entity.cls, name), [one.id for one in records]
        elif spec is not None and spec.target is not None and name in session.fields(entity.cls):
            cls = session.crm.record(spec.target, None)
            ids = [ref.id for one in records if (ref := _link(one, name)) is not None]
        else:
            raise unknown_field(name)
        if cls is not None:
            part = told.setdefault(cls.__name__, {})
            part |= {str(one.id): record_json(one) for one in _some(session, cls, ids)}
    return told


def _titles(session: Session, entity: Entity, records: Sequence[Any]) -> dict[str, str]:
    """What people call these records and those that they link to, as far as the visitor sees them."""
    links = [spec.name for spec in entity.cls.__specs__.values() if spec.target is not None]
    refs = [_link(one, name) for one in records for name in links]
    called = {one.id: label_of(one) for one in records}
    return {str(id): label for id, label in (labels_of(session, refs) | called).items()}


def _link(record: Any, name: str) -> Any:
    try:
        return getattr(record, name)
    except NotReadError:
        return None


def _some(session: Session, cls: Any, ids: Iterable[UUID]) -> list[Any]:
    key = cls.of if cls.__facet_of__ is not None else cls.id
    ordered = sorted(set(ids))
    made: list[Any] = []
    for start in range(0, len(ordered), _AT_ONCE):
        made += session.find(cls, key.in_(ordered[start : start + _AT_ONCE]), archived=True)
    return made


def facet(entity: Entity, word: str, call: Call) -> Answer:
    """What is kept of a record in one of its facets."""
    refuse_strangers(call)
    with call.view() as session:
        record = found(session, entity, call)
        cls = facet_named(session, entity.cls, word)
        kept = session.facet(record, cls)
        if kept is None:
            raise session.missing(cls)
        return Answer.json(record_json(kept)).with_header("etag", f'"{kept.version}"')


def count(entity: Entity, call: Call) -> Answer:
    """How many records meet the conditions, counted up to a limit."""
    refuse_strangers(call, "where", "limit", "as_of")
    limit, moment = number(call, "limit", _COUNTED, _COUNTED), instant(call, "as_of")
    with call.view() as session:
        where = conditions(session, entity.cls, all_of(call, "where"))
        told = session.count(entity.cls, *where, limit=limit, as_of=moment)
    return Answer.json({"count": told, "more": told >= limit})


def export(entity: Entity, call: Call) -> Answer:
    """The records of a list as CSV; what was taken out by whom is kept before it is."""
    refuse_strangers(call, "where", "fields")
    wanted = given(call, "fields")
    names = None if wanted is None else wanted.split(",")

    def act(session: Session) -> bytes:
        where = conditions(session, entity.cls, all_of(call, "where"))
        stream = BytesIO()
        export_csv(session, entity.cls, stream, where, names)
        return stream.getvalue()

    # What was taken out is written down, in the same act.
    answer = Answer(body=call.run(act), media="text/csv; charset=utf-8")
    return answer.with_header("content-disposition", f'attachment; filename="{entity.word}.csv"')


# --- what there is to know of one record -------------------------------------------------------------


def history(entity: Entity, call: Call) -> Answer:
    """The changes of a record, newest first."""
    refuse_strangers(call, "field", "by", "since", "until", "limit")
    limit = number(call, "limit", 50, _LARGEST)
    asked: dict[str, Any] = {"since": instant(call, "since"), "until": instant(call, "until")}
    asked |= {"field": call.asked("field") or None, "by": call.asked("by") or None}
    with call.view() as session:
        some = session.history(found(session, entity, call), limit=limit, **asked)
        return Answer.json({"items": [plain(one) for one in some]})


def diff(entity: Entity, call: Call) -> Answer:
    """What differs in a record between two moments."""
    refuse_strangers(call, "since", "until")
    since, until = instant(call, "since"), instant(call, "until")
    if since is None:
        raise InvalidError(
            "since: a value is required", fields=[Problem("since", "required", "a value is required")]
        )
    with call.view() as session:
        some = session.diff(found(session, entity, call), since, until)
        return Answer.json({"items": [plain(one) for one in some]})


def explain(entity: Entity, call: Call) -> Answer:
    """Why the visitor may do something with a record: each path that gives it."""
    refuse_strangers(call, "action")
    with call.view() as session:
        record = found(session, entity, call)
        some = session.explain(_action(call), record)
        return Answer.json({"items": [plain(one) for one in some]})


def _action(call: Call) -> str:
    from pycrm.entities.org import Action

    said = call.asked("action", "read")
    if said not in {action.value for action in Action}:
        wrong = Problem("action", "rule", f"expected one of {', '.join(Action)}")
        raise InvalidError(f"action: {wrong.message}", fields=[wrong])
    return said


def moves(entity: Entity, call: Call) -> Answer:
    """Every move out of where a record stands, with what it still needs."""
    refuse_strangers(call)
    with call.view() as session:
        some = session.moves(found(session, entity, call))
        return Answer.json({"items": [plain(one) | {"is_allowed": one.is_allowed} for one in some]})


def stages(entity: Entity, call: Call) -> Answer:
    """The stages that a record went through."""
    refuse_strangers(call)
    with call.view() as session:
        return Answer.json({"items": plain(session.stages(found(session, entity, call)))})


def owners(entity: Entity, call: Call) -> Answer:
    """Who held a record from when to when."""
    refuse_strangers(call)
    with call.view() as session:
        return Answer.json({"items": plain(session.owners(found(session, entity, call)))})


def team(entity: Entity, call: Call) -> Answer:
    """Who works on a record."""
    refuse_strangers(call)
    with call.view() as session:
        return Answer.json({"items": plain(session.team(found(session, entity, call)))})


def amendments(entity: Entity, call: Call) -> Answer:
    """The amendments of a record, newest first."""
    refuse_strangers(call)
    with call.view() as session:
        record = found(session, entity, call)
        where = (Amendment.entity == entity.name, Amendment.record == record.id)
        some = session.find(Amendment, *where, order=Amendment.submitted_at.desc(), limit=_LARGEST)
        return Answer.json({"items": [record_json(one) for one in some]})


def ahead(entity: Entity, call: Call) -> Answer:
    """What will change of a record by itself."""
    refuse_strangers(call)
    with call.view() as session:
        return Answer.json({"items": plain(session.ahead(found(session, entity, call)))})
