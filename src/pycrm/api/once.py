"""Acts over REST: in a writing session, and once for each key that a program gives its request."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.api.plain import plain
from pycrm.api.read import record_json
from pycrm.errors import AlreadyDoneError, ConflictError, InvalidError, Problem
from pycrm.http import Answer, Call
from pycrm.revision import errand
from pycrm.revision.errand import Errand
from pycrm.values import parse_instant

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["Made", "act"]

_LONGEST_KEY = 200


@attrs.frozen
class Made:
    """What an act came to: records of one class, or something said that holds no data of theirs.

    Args:
        status: 200, or 201 where something new is there.
        where: the path of a new record.
        is_list: whether the records are told as a list, however many they are.
        said: what is told where no records are.
        items: what is told of the records, where it is not what they are.
    """

    status: int = 200
    cls: Any = None
    records: Sequence[Any] = ()
    where: str | None = None
    is_list: bool = False
    said: Mapping[str, Any] | None = None
    items: Sequence[Mapping[str, Any]] | None = None

    def answer(self) -> Answer:
        """What is told of it."""
        if self.said is not None:
            return Answer.json(plain(self.said), self.status)
        items = self.items or [record_json(one) for one in self.records]
        if self.is_list:
            return Answer.json({"items": items}, self.status)
        (item,) = items
        made = Answer.json(item, self.status).with_header("etag", f'"{item["version"]}"')
        return made if self.where is None else made.with_header("location", self.where)


def act(call: Call, function: Callable[[Session], Made]) -> Answer:
    """Do it in a writing session, and tell what it came to.

    With the header ``Idempotency-Key`` a request takes effect once: sent again with the same key and
    the same content it gets the same answer, with other content it is refused.

    Raises:
        ConflictError: another request had the same key.
        InvalidError: the key is empty or too long.
    """
    key = call.headers.get("idempotency-key")
    if key is None:
        return call.run(lambda session: function(session).answer())
    if not 0 < len(key) <= _LONGEST_KEY or not key.isprintable():
        wrong = Problem("Idempotency-Key", "format", f"expected 1 to {_LONGEST_KEY} signs")
        raise InvalidError(wrong.message, fields=[wrong])
    return _once(call, key, function)


def _once(call: Call, key: str, function: Callable[[Session], Made]) -> Answer:
    id = _digest(b"errand", str(call.who.user).encode(), key.encode())
    asked = (call.method.encode(), call.target.encode(), call.raw_query, call.body)
    content = _digest(*asked, call.headers.get("if-match", "").encode())

    def keyed(session: Session) -> Answer:
        former = errand.known(session.transaction, id)
        if former is not None:
            return _again(session, former, content)
        made = function(session)
        errand.keep(session.transaction, id, Errand(content, _told(session, made)))
        return made.answer()

    try:
        return call.run(keyed, operation=f"rest {id}")
    except (AlreadyDoneError, ConflictError):
        # It took effect in a try whose answer was lost, or in one at the same time.
        with call.view() as session:
            former = errand.known(session.transaction, id)
            if former is None:
                raise
            return _again(session, former, content)


def _digest(*parts: bytes) -> UUID:
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        made.update(len(part).to_bytes(8, "big") + part)
    return UUID(bytes=made.digest())


def _told(session: Session, made: Made) -> dict[str, Any]:
    told: dict[str, Any] = {"status": made.status, "at": session.now.isoformat()}
    if made.said is not None:
        return told | {"said": plain(made.said)}
    told |= {"class": made.cls.__name__, "where": made.where, "list": made.is_list}
    return told | {"records": [[str(one.id), one.version] for one in made.records]}


def _again(session: Session, former: Errand, content: UUID) -> Answer:
    """The answer of the first time: the records as they were then, as far as the visitor sees them now."""
    if former.content != content:
        raise ConflictError("another request had this Idempotency-Key")
    told = former.told
    if "said" in told:
        return Made(told["status"], said=told["said"]).answer()
    cls = session.crm.record(told["class"])
    moment = parse_instant(told["at"])
    items = []
    for id, version in told["records"]:
        now: Any = session.get(cls, UUID(id))
        then = {} if now.version == version else record_json(session.as_of(now, moment))
        # What is derived from other records has no past of its own.
        items.append({name: then.get(name, value) for name, value in record_json(now).items()})
    return Made(told["status"], where=told["where"], is_list=told["list"], items=items).answer()
