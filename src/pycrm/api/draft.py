"""New records as they are sent: the record, its parts and their facets, checked whole and written whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.api.asked import known_to
from pycrm.api.entity import Entity, facets
from pycrm.declare.codec import load, load_patch
from pycrm.errors import InvalidError, Problem, RefusedError
from pycrm.revision.place import user_of

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["Draft", "draft_of", "facet_of", "whose", "within"]

# Stands for a part that is not written yet, while the rest is checked.
_LATER = str(UUID(int=0))


@contextmanager
def within(path: str) -> Iterator[None]:
    """Name the place of what is refused within: ``party/name`` instead of ``name``."""
    try:
        yield
    except RefusedError as error:
        error.fields = tuple(attrs.evolve(one, path=f"{path}/{one.path}".strip("/")) for one in error.fields)
        raise


@attrs.frozen
class Draft:
    """A new record, checked and not yet written; `parts` are the records that it is made of."""

    entity: Entity
    given: dict[str, Any]
    options: dict[str, Any]
    parts: dict[str, tuple[Any, dict[Any, tuple[str, dict[str, Any]]]]]

    def add(self, session: Session) -> Any:
        """Write the parts, their facets and the record."""
        given = dict(self.given)
        for name, (part, extra) in self.parts.items():
            with within(name):
                made = session.add(part)
                for cls, (word, values) in extra.items():
                    with within(word):
                        session.add(cls(of=made, **values))
            given[name] = str(made.id)
        return session.add(load(self.entity.cls, given, known=known_to(session)), **self.options)


def draft_of(session: Session, entity: Entity, body: Any) -> Draft:
    """What a request to add a record means.

    Raises:
        InvalidError: with everything that is wrong, of the record and of its parts.
    """
    known = known_to(session)
    problems: list[Problem] = []
    given = dict(body) if type(body) is dict else body
    options: dict[str, Any] = {}
    parts: dict[str, Any] = {}
    try:
        if type(given) is dict:
            options = _options(session, entity, given)
    except InvalidError as error:
        problems += error.fields
    for name, cls in entity.parts.items():
        if type(given) is dict and type(given.get(name)) is dict:
            try:
                with within(name):
                    parts[name] = _part(session, cls, given[name])
            except InvalidError as error:
                problems += error.fields
            given[name] = _LATER
    try:
        load(entity.cls, given, known=known)
    except InvalidError as error:
        problems += error.fields
    if problems:
        raise InvalidError(f"{problems[0].path}: {problems[0].message}", fields=problems)
    return Draft(entity, given, options, parts)


def _options(session: Session, entity: Entity, given: dict[str, Any]) -> dict[str, Any]:
    """Whose the record is to be, and in which pipeline it begins."""
    found = {name: given.pop(name) for name in entity.options if name in given}
    wrong = [
        Problem(name, "type", "expected text") for name, value in found.items() if type(value) is not str
    ]
    if wrong:
        raise InvalidError(f"{wrong[0].path}: {wrong[0].message}", fields=wrong)
    if "owner" in found:
        found["owner"] = user_of(session.transaction, whose(found["owner"]), "owner")
    return found


def whose(text: str) -> Any:
    """A user by id or login."""
    try:
        return UUID(text)
    except ValueError:
        return text


def _part(session: Session, cls: Any, given: dict[str, Any]) -> tuple[Any, dict[Any, Any]]:
    """A record that belongs to the new one alone, and its facets by their words."""
    words = facets(session.crm, cls)
    own = {name: value for name, value in given.items() if name not in words}
    problems: list[Problem] = []
    made, extra = None, {}
    try:
        made = load(cls, own, known=known_to(session))
    except InvalidError as error:
        problems += error.fields
    for word, facet in words.items():
        if word in given:
            try:
                with within(word):
                    extra[facet] = (word, facet_of(session, facet, given[word]))
            except InvalidError as error:
                problems += error.fields
    if problems:
        raise InvalidError(f"{problems[0].path}: {problems[0].message}", fields=problems)
    return made, extra


def facet_of(session: Session, cls: Any, given: Any) -> dict[str, Any]:
    """The fields of a new facet, whose record the path names."""
    own = known_to(session)
    values = load_patch(cls, given, known=lambda one: own(one) - {"of"} if one is cls else own(one))
    missing = [name for name, spec in cls.__specs__.items() if spec.required and name not in (*values, "of")]
    if missing:
        problems = [Problem(name, "required", "a value is required") for name in missing]
        raise InvalidError(f"{missing[0]}: a value is required", fields=problems)
    return values
