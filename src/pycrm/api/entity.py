"""The kinds of record under their paths, as core and plugins declare them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.declare.policy import OWN_PAIR, Owned, Reference, Through, UsedBy
from pycrm.declare.word import plural, word_of
from pycrm.errors import InvalidError, NotFoundError
from pycrm.plugin import CUSTOM

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.session import Session

__all__ = ["BASE", "Entity", "entities", "facet_named", "facets"]

#: Where the face begins; a version that breaks clients would begin elsewhere.
BASE = "/api/v1"


@attrs.frozen
class Entity:
    """One kind of record: its class, the word of its path, and its facets by their words.

    `parts` are the links to a record that belongs to this one alone, such as a customer's party: where
    a new record names one, it may also be given whole.
    """

    cls: Any
    word: str
    facets: Mapping[str, Any]
    parts: Mapping[str, Any]

    @property
    def words(self) -> tuple[str, ...]:
        """The words of its facets, with that of fields that administrators may add."""
        takes_more = isinstance(self.cls.__scope__, Owned | Through | UsedBy | Reference)
        return (*self.facets, CUSTOM) if takes_more else tuple(self.facets)

    @property
    def options(self) -> tuple[str, ...]:
        """What may be said of a new one besides its fields: whose it is to be, where it begins."""
        owned = ("owner",) if OWN_PAIR in self.cls.__scope__.pairs else ()
        return owned if self.cls.__pipeline__ is None else (*owned, "pipeline")

    @property
    def path(self) -> str:
        """Where its list is."""
        return f"{BASE}/{self.word}"

    @property
    def one(self) -> str:
        """Where one record is."""
        return f"{self.path}/{{id:str}}"

    @property
    def name(self) -> str:
        """What its class is called."""
        return str(self.cls.__name__)


def entities(crm: CRM) -> list[Entity]:
    """Every kind of record, in the order of loading.

    Where two plugins name their tables alike the second one keeps its prefix in the path.
    """
    found: dict[str, Entity] = {}
    for cls in crm.records():
        word = plural(word_of(cls)).replace("_", "-")
        if word in found:
            word = plural(cls.__tablename__).replace("_", "-")
        found[word] = Entity(cls, word, facets(crm, cls), _parts(crm, cls))
    return list(found.values())


def facets(crm: CRM, cls: Any) -> dict[str, Any]:
    """The facets of a class by the words of their tables, without the one that administrators add fields to."""
    return {word_of(one): one for one in crm.facets_of(cls) if not one.__tablename__.startswith(f"{CUSTOM}_")}


def facet_named(session: Session, cls: Any, word: str) -> Any:
    """The facet of a class that a word names; ``custom`` is what administrators added to it, as it is now.

    Raises:
        NotFoundError: there is none of that name.
    """
    if word != CUSTOM:
        found = facets(session.crm, cls).get(word)
    else:
        try:
            found = session.custom(cls)
        except InvalidError:
            found = None
    if found is None:
        raise NotFoundError(f"a {cls.__name__.lower()} has no {word} fields")
    return found


def _parts(crm: CRM, cls: Any) -> dict[str, Any]:
    """The links to records that are seen by being used here."""
    found = {}
    for name, spec in cls.__specs__.items():
        target = crm.record(spec.target, None) if spec.target is not None and spec.init else None
        policy = getattr(target, "__scope__", None)
        if isinstance(policy, UsedBy) and f"{cls.__name__}.{name}" in policy.links:
            found[name] = target
    return found
