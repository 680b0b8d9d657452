"""Values as they stand on a page: each field of a record becomes a cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from pycrm.declare import Ref
from pycrm.declare.codec import mask_of, seen
from pycrm.declare.reference import per_class
from pycrm.errors import NotReadError
from pycrm.session.naming import label_of, labels_of
from pycrm.values import Money
from pycrm.web import figures
from pycrm.web.catalog import path_of

if TYPE_CHECKING:
    from pycrm.declare.field import Spec
    from pycrm.session import Session
    from pycrm.web.visit import Visit

__all__ = ["Cell", "Show", "plain_of"]

#: Kinds of value that stand at the right of a column.
FIGURES = ("int", "decimal", "money")


class Cell(NamedTuple):
    """One value on a page: its text, where it leads, and how it looks."""

    text: str = ""
    kind: str = "text"
    href: str | None = None
    tone: str = ""
    parts: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text or self.parts)


_NONE = Cell()


class Show:
    """Shows values to one reader, in the reader's language, with the names of what they refer to."""

    def __init__(self, visit: Visit, session: Session) -> None:
        self.visit, self.session = visit, session
        self.words, self.crm = visit.words, session.crm
        self.labels: dict[UUID, str] = {}
        self._tried: set[UUID] = set()
        self._cells: dict[Any, Cell] = {}
        self._pipelines: dict[tuple[str, int | None], Any] = {}
        #: What a page has worked out for one of its records and needs for the next.
        self.kept: dict[Any, Any] = {}

    def pipeline(self, key: str, version: int | None = None) -> Any:
        """A version of a pipeline, looked up once a page."""
        found = self._pipelines.get((key, version))
        if found is None:
            found = self._pipelines[key, version] = self.session.pipeline(key, version)
        return found

    def learn(self, records: Iterable[Any], specs: Sequence[Spec] | None = None) -> None:
        """Look up the names of all that these records refer to, class by class and not one by one."""
        refs: list[Ref[Any]] = []
        for record in records:
            for spec in _links(type(record)) if specs is None else specs:
                if spec.target is None:
                    continue
                try:
                    value = getattr(record, spec.name)
                except NotReadError:
                    continue
                if value is not None:
                    refs.append(value)
        self.know(refs)

    def know(self, refs: Iterable[Any]) -> None:
        """Look up the names of these references, where they are not known yet."""
        new = [ref for ref in refs if ref is not None and ref.id not in self._tried]
        if new:
            self._tried |= {ref.id for ref in new}
            self.labels |= labels_of(self.session, new)

    def name(self, ref: Any) -> str:
        """What somebody or something is called, or that it is out of the reader's sight."""
        if ref is None:
            return ""
        self.know([ref])
        return self.labels.get(ref.id) or self.words("out of your sight")

    def known(self, ref: Any) -> str:
        """What somebody or something is called that was looked up for the page; nothing where it is out of sight."""
        return "" if ref is None else self.labels.get(ref.id, "")

    def title(self, record: Any, beside: UUID | None = None) -> str:
        """What a record is called; one without a name by the first two things that it says.

        Args:
            beside: on whose page it stands, so that it need not say that it belongs there.
        """
        called = label_of(record)
        if called != str(record.id):
            return called
        self.learn([record])
        said: list[str] = []
        for spec in type(record).__specs__.values():
            if spec.derived or spec.child is not None or len(said) == 2:
                continue
            cell = self.cell(record, spec)
            if not cell.text or cell.kind in ("mask", "bool"):
                continue
            if spec.target is None or seen(record, spec.name).id != beside:
                said.append(cell.text)
        return " · ".join(said) or called

    def cell(self, record: Any, spec: Spec) -> Cell:
        """A field of a record."""
        held = self._held(record, spec)
        return held if held.__class__ is Cell else self.value(held)

    def cells(self, records: Iterable[Any], specs: Sequence[Spec]) -> list[list[Cell]]:
        """The fields of several records; what they refer to is looked up class by class and not one by one."""
        held = [[self._held(record, spec) for spec in specs] for record in records]
        self.know(one for row in held for one in row if one.__class__ is Ref)
        return [[one if one.__class__ is Cell else self.value(one) for one in row] for row in held]

    def _held(self, record: Any, spec: Spec) -> Any:
        """The value of a field; of a stage, and of what is masked or was not read, the cell."""
        try:
            if spec.name == "stage" and type(record).__pipeline__ is not None:
                stage = self.session.stage(record)
                return Cell(self.words.stage(stage), "stage", tone=stage.kind)
            return getattr(record, spec.name)
        except NotReadError:
            mask = mask_of(record, spec.name)
            return _NONE if mask is None else Cell(mask, "mask")

    def value(self, value: Any) -> Cell:
        """A value by itself."""
        if value is None or value == "":
            return _NONE
        if value.__class__ is str:
            return Cell(value)
        if value.__class__ is Ref:
            return self._once(value.id, self._linked, value)
        if isinstance(value, Enum):
            # Members of two enumerations may be equal to one text, and so to one another.
            return self._once((value.__class__, value), self._member, value)
        return self._plain(value)

    def _once(self, key: Any, make: Callable[[Any], Cell], value: Any) -> Cell:
        """The cell of a value that stands on a page many times."""
        found = self._cells.get(key)
        if found is None:
            found = self._cells[key] = make(value)
        return found

    def _linked(self, ref: Ref[Any]) -> Cell:
        self.know([ref])
        label = self.labels.get(ref.id)
        if not label:
            return Cell(self.words("out of your sight"), "mask")
        return Cell(label, "link", path_of(self.crm, ref))

    def _member(self, value: Enum) -> Cell:
        return Cell(self.words.value(value), "enum", tone=str(value.value))

    def _plain(self, value: Any) -> Cell:
        if isinstance(value, bool):
            return Cell(self.words("yes") if value else self.words("no"), "bool", tone="on" if value else "")
        if isinstance(value, tuple | list):
            return Cell(parts=tuple(str(one) for one in value), kind="chips") if value else _NONE
        if isinstance(value, Money):
            return Cell(figures.money(value), "figure")
        if isinstance(value, datetime):
            return Cell(figures.moment(value, self.crm.zone), "date")
        if isinstance(value, date):
            return Cell(figures.day(value), "date")
        if isinstance(value, Decimal | int | float):
            return Cell(figures.number(value), "figure")
        return Cell(str(value))

    def stored(self, cls: Any, path: str, value: Any) -> str:
        """A value as history keeps it (JSON), in words."""
        if value is None or value == [] or value == "":
            return ""
        spec = spec_at(cls, path)
        if isinstance(value, dict):
            if set(value) == {"amount", "currency"}:
                return figures.money(Money(str(value["amount"]), str(value["currency"])))
            return " · ".join(str(one) for name, one in value.items() if one is not None and name != "id")
        if isinstance(value, list):
            return "; ".join(self.stored(cls, path, one) for one in value)
        if isinstance(value, bool):
            return self.words("yes") if value else self.words("no")
        if spec is not None and spec.kind is not None:
            return self._of_kind(cls, spec, value)
        return str(value)

    def _of_kind(self, cls: Any, spec: Spec, value: Any) -> str:
        kind = spec.kind
        assert kind is not None
        try:
            if spec.target is not None:
                return self.name(Ref(spec.target, UUID(str(value))))
            if kind.name == "enum":
                members: Any = kind.python
                return self.words.value(members(value))
            if kind.name == "instant":
                return figures.moment(datetime.fromisoformat(str(value)), self.crm.zone)
        except ValueError:
            return str(value)
        if spec.name == "stage":
            return self.stage_named(cls, str(value))
        return str(value)

    def stage_named(self, cls: Any, key: str, pipeline: str | None = None) -> str:
        """What a stage of a pipeline, by default the class's own, is called; its key where that has none such."""
        of = cls.__pipeline__ if pipeline is None else pipeline
        if of is not None:
            found = self.pipeline(of)
            if found.has_stage(key):
                return self.words.stage(found.stage(key))
        return key

    def path(self, cls: Any, path: str) -> str:
        """What a changed path is called: ``Lines › Quantity``."""
        name, _, rest = path.partition("/")
        spec = cls.__specs__.get(name)
        if spec is None:
            return path
        label = self.words.field(cls, spec)
        inner = spec_at(cls, path) if rest else None
        if inner is None or inner is spec:
            return label
        from pycrm.declare.record import child_class

        return f"{label} › {self.words.field(child_class(cls, spec), inner)}"


@per_class
def _links(cls: Any) -> tuple[Spec, ...]:
    """The fields of a class that refer to something."""
    return tuple(spec for spec in cls.__specs__.values() if spec.target is not None)


def spec_at(cls: Any, path: str) -> Spec | None:
    """The declaration that a path of history leads to, of a row's field too."""
    from pycrm.declare.record import child_class

    name, _, rest = path.partition("/")
    spec: Spec | None = cls.__specs__.get(name)
    if spec is None or spec.child is None or not rest:
        return spec
    inner = rest.rpartition("/")[2]
    found: Spec | None = child_class(cls, spec).__specs__.get(inner)
    return found or spec


def plain_of(value: Any) -> str:
    """A value as it stands in the field of a form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Money):
        text = f"{value.amount:f}"
        return text if text.rpartition(".")[2].strip("0") else text.partition(".")[0]
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, tuple | list):
        return "; ".join(str(one) for one in value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return str(value)
