"""What somebody looks for: words, and the columns in which that person may look for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.search import fold, searched, term_grams, token
from pycrm.errors import InvalidError, Problem
from pycrm.scope.condition import unknown_field
from pycrm.scope.fields import field_rights
from pycrm.scope.predicate import require_record

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Sought", "sought"]

_LONGEST = 200
_MOST_WORDS = 10


@attrs.frozen
class Sought:
    """The words that are looked for, and the columns that the reader reads among the searchable ones."""

    words: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def shape(self) -> tuple[Any, ...]:
        """Equal for two searches whose statements have the same text."""
        return len(self.words), self.columns, bool(term_grams(self.words))

    def values(self, dialect: str) -> dict[str, Any]:
        """The parameters of those statements."""
        found: dict[str, Any] = {f"word_{at}": word for at, word in enumerate(self.words)}
        grams = term_grams(self.words)
        found["grams"] = grams if dialect == "postgresql" else " AND ".join(map(token, grams))
        return found

    def within(self, texts: Any, dialect: str) -> Any:
        """The condition that each word stands in one of the fields that the reader reads."""
        place = sa.func.instr if dialect == "sqlite" else sa.func.strpos
        return sa.and_(
            *(
                sa.or_(
                    *(
                        place(texts.c[name], sa.bindparam(f"word_{at}", type_=sa.Text()))
                        > sa.literal_column("0")
                        for name in self.columns
                    )
                )
                for at in range(len(self.words))
            )
        )


def sought(tx: Transaction, cls: Any, text: Any) -> Sought:
    """What a text asks for: each of its words, case and width of signs aside.

    Raises:
        InvalidError: nothing of the class can be searched by this reader, no word, or too many.
    """
    require_record(tx, cls)
    closed = field_rights(tx, cls).closed
    columns = tuple(spec.columns[0] for spec in searched(cls) if spec.columns[0] not in closed)
    if not columns:
        raise unknown_field("text")
    if not isinstance(text, str) or len(text) > _LONGEST or "\x00" in text:
        raise _wrong("type", f"expected a text of at most {_LONGEST} characters")
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise _wrong("type", "the text holds half a character")
    words = tuple(dict.fromkeys(fold(text).split()))
    if not words:
        raise _wrong("required", "say what to look for")
    if len(words) > _MOST_WORDS:
        raise _wrong("range", f"at most {_MOST_WORDS} words")
    return Sought(words, columns)


def _wrong(code: str, message: str) -> InvalidError:
    return InvalidError(f"text: {message}", fields=[Problem("text", code, message)])
