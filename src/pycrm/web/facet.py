"""What extends a record: facets of plugins, and the fields that administrators added."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pycrm.errors import InvalidError
from pycrm.plugin import CUSTOM

if TYPE_CHECKING:
    from pycrm.session import Session
    from pycrm.web.words import Words

__all__ = ["facets_of", "heading_of"]


def facets_of(session: Session, cls: Any) -> tuple[Any, ...]:
    """The facets of a class, that of fields added at run time as they are now."""
    # It refuses where no fields were added to the class.
    with suppress(InvalidError):
        session.custom(cls)
    found: tuple[Any, ...] = session.crm.facets_of(cls)
    return found


def heading_of(words: Words, cls: Any) -> str:
    """What a part of a record is called."""
    return words("Further fields") if str(cls.__tablename__).startswith(f"{CUSTOM}_") else words.record(cls)
