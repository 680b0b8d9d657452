"""The declared table, `expected.txt`, read into answers."""

from __future__ import annotations

import functools
from pathlib import Path

import attrs

from .walk import Pair

TEXT = Path(__file__).with_name("expected.txt").read_text("utf-8")


class UnexpectedError(LookupError):
    """An operation, an entity or a cell of which the table says nothing."""


@attrs.frozen
class Words:
    """What one cell of a line stands for: some words, all but some, or anything."""

    some: frozenset[str]
    is_negated: bool

    @classmethod
    def of(cls, text: str) -> Words:
        """From the text of the cell."""
        return cls(frozenset(text.removeprefix("!").split("|")), text.startswith("!"))

    def fit(self, *words: str) -> bool:
        """Whether one of these words is meant."""
        return "*" in self.some or (not self.some.isdisjoint(words)) is not self.is_negated


@attrs.frozen
class Line:
    """One line of the table: five cells to fit, and the answer."""

    cells: tuple[Words, ...]
    answer: str

    @property
    def operations(self) -> Words:
        """What it is about."""
        return self.cells[0]


@attrs.define(eq=False, slots=False)
class Table:
    """What is expected of every cell."""

    dialect: str
    reach: dict[str, tuple[str, ...]] = attrs.field(factory=dict)
    kinds: dict[str, str] = attrs.field(factory=dict)
    families: dict[str, str] = attrs.field(factory=dict)
    lines: list[Line] = attrs.field(factory=list)

    @classmethod
    def read(cls, dialect: str, text: str = TEXT) -> Table:
        """The table for one kind of database."""
        table = cls(dialect)
        for row in text.splitlines():
            if not row.strip() or row.startswith("#"):
                continue
            head, _, rest = row.partition(" ")
            if " | " not in row:
                table._defined(head, rest)
                continue
            # Within a cell a bar means or; between cells it stands between blanks.
            cells = [cell.strip() for cell in row.split(" | ")]
            if len(cells) != 6:
                raise ValueError(f"a line of the table has six cells: {row}")
            made = tuple(map(Words.of, cells[:5]))
            if cells[0] == ".":
                made = (table.lines[-1].operations, *made[1:])
            table.lines.append(Line(made, cells[5]))
        return table

    def _defined(self, head: str, rest: str) -> None:
        name, _, words = (part.strip() for part in rest.partition("="))
        if head == "reach":
            self.reach[name] = tuple(words.split())
        elif head == "kind":
            self.kinds |= dict.fromkeys(words.split(), name)
        else:
            self.families |= dict.fromkeys((one.strip() for one in words.split(",")), name)

    def position(self, pair: Pair) -> str:
        """Where the record stands to the person."""
        if pair.relation in ("-", "there", "missing"):
            return pair.relation
        if pair.relation in self.reach[pair.role]:
            return "reached"
        given = ("delegated",) if self.kinds[pair.entity] == "word" else ("shared", "lent", "delegated")
        return pair.relation if pair.relation in given else "hidden"

    def answer(self, pair: Pair) -> str:
        """What is to come of a cell.

        Raises:
            UnexpectedError: the table does not say, naming the operation or the entity.
        """
        if pair.entity not in self.kinds:
            raise UnexpectedError(f"no expectation for the entity {pair.entity}")
        return self._answer(pair.trial, pair.role, pair.is_granted, pair.entity, pair.relation)

    @functools.cache  # noqa: B019 - one table a test
    def _answer(self, trial: str, role: str, is_granted: bool, entity: str, relation: str) -> str:
        pair = Pair(trial, role, is_granted, entity, relation)
        grant, position = "granted" if is_granted else "bare", self.position(pair)
        if trial == "sql":
            trial = "sql in a file" if self.dialect == "sqlite" else "sql on a server"
        mine = self._about(trial)
        if not mine:
            raise UnexpectedError(f"no expectation for the operation {trial}")
        # A record that the role reaches may have been lent as well.
        words = ((grant,), (role,), (entity, self.kinds[entity]), (position, relation))
        for one in mine:
            if all(cell.fit(*each) for cell, each in zip(one.cells[1:], words, strict=True)):
                return self._meant(one.answer, pair)
        raise UnexpectedError(f"no expectation for {pair}")

    @functools.cache  # noqa: B019 - one table a test
    def _about(self, trial: str) -> list[Line]:
        return [one for one in self.lines if one.operations.fit(trial, self.families.get(trial, trial))]

    def _meant(self, answer: str, pair: Pair) -> str:
        """`as get` is what the other operation answers; `invalid if get` only to who sees the record."""
        if answer.startswith("as "):
            return self.answer(attrs.evolve(pair, trial=answer.removeprefix("as ")))
        if answer.endswith(" if get"):
            seen = self.answer(attrs.evolve(pair, trial="get")) == "allowed"
            return answer.removesuffix(" if get") if seen else "not_found"
        return answer
