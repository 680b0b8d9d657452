"""Every field of every kind of record, for every role: shown, masked, hidden or locked as its table says (T05)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from scope.rights import ruled

from pycrm import CRM, ForbiddenError, InvalidError, NotFoundError, NotReadError
from pycrm.declare.policy import Reference
from pycrm.declare.raw import Masked
from pycrm.declare.row import layout
from pycrm.revision import redaction
from pycrm.scope import fields, gateway

from .grid import ASKERS, Asker, Grid, build

TEXT = Path(__file__).with_name("fields.txt").read_text("utf-8")
RULED = next(one for one in ASKERS if one.login == "leader granted")
PLACES = ("own", "peer", "shared", "there")


@attrs.frozen
class Told:
    """What the table says of one field: its sign, and for a repeated one what it repeats."""

    name: str
    sign: str = ""
    source: str = ""


def table(text: str = TEXT) -> dict[str, dict[str, Told]]:
    """By kind of record and field what the table says; `common` and `rows` stand beside the kinds."""
    found: dict[str, dict[str, Told]] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        words = line.split()
        told = [_told(word if words[1] == "=" else f"{word}~") for word in words[2:]]
        found[words[0]] = {one.name: one for one in told}
    return found


def _told(word: str) -> Told:
    name, repeats, source = word.partition("^")
    if repeats:
        return Told(name, "^", source)
    return Told(name[:-1], name[-1]) if name[-1] in "!-=~" else Told(name)


def expected(told: dict[str, dict[str, Told]], cls: Any, name: str) -> Told:
    """What is said of a field.

    Raises:
        LookupError: the table lacks it.
    """
    base = told["rows" if "parent" in cls.__specs__ and "position" in cls.__specs__ else "common"]
    found = told.get(cls.__name__, {}).get(name) or base.get(name)
    if found is None:
        raise LookupError(f"no expectation for {cls.__name__}.{name}")
    return found


Readers = dict[str, Callable[[Any, Any], Any]]
READERS: Readers = {
    "get": lambda session, ref: session.children(session.get(ref)),
    "find": lambda session, ref: session.find(*_only(session, ref), children=True, archived=True)[0],
    "as of": lambda session, ref: session.as_of(session.get(ref), session.now),
}


def _only(session: Any, ref: Any) -> tuple[Any, Any]:
    cls = session.crm.record(ref.entity)
    return cls, (cls.of if cls.__facet_of__ is not None else cls.id) == ref.id


def states(crm: CRM, record: Any) -> Iterator[tuple[Any, str, str]]:
    """Of each field of a record and of its rows: its class, its name, and whether it is shown."""
    cls = type(record)
    for spec in cls.__specs__.values():
        value = getattr(record, f"_raw_{spec.name}", None)
        if isinstance(value, Masked):
            yield cls, spec.name, "masked"
            continue
        try:
            value = getattr(record, spec.name)
        except NotReadError:
            yield cls, spec.name, "hidden"
            continue
        yield cls, spec.name, "empty" if value is None else "shown"
        for row in value if spec.child is not None else ():
            yield from states(crm, row)


def cells(grid: Grid, asker: Asker) -> Iterator[tuple[str, Any, str, str]]:
    """Every field of every record that somebody is shown, by every way of reading."""
    crm = grid.crm
    with crm.view(asker.login) as session:
        for cls in (one for host in crm.records() for one in (host, *crm.facets_of(host))):
            for relation in (one for one in PLACES if one in grid.relations(cls.__name__)):
                record = grid.record(asker, cls.__name__, relation)
                for verb, read in READERS.items():
                    try:
                        found = read(session, record.ref)
                    except (NotFoundError, IndexError):
                        continue
                    yield from ((verb, *one) for one in states(crm, found))


State = Callable[[Any, Told], str]


def declared(cls: Any, told: Told) -> str:
    """What is shown where no role has a rule."""
    return "hidden" if told.sign in ("!", "-") else "shown"


def wrong(grid: Grid, asker: Asker, state: State = declared) -> list[str | None]:
    """Of each cell: None where it is as expected, else what is shown instead."""
    said = table()
    found: list[str | None] = []
    for verb, cls, name, shows in cells(grid, asker):
        right = state(cls, expected(said, cls, name))
        # What is empty has no mask. Of the past nobody is shown what the record keeps of others.
        fits = shows == right or (shows == "empty" and right != "hidden")
        fits = fits or (verb == "as of" and name in cls.__dict__.get("keeps_latest", ()))
        found.append(None if fits else f"{asker.login}: {verb} {cls.__name__}.{name}: {shows}, not {right}")
    return found


def narrowed(grid: Grid, can: Callable[[Any, Told], bool]) -> Iterator[tuple[Any, Told]]:
    """Every field that a rule may narrow and that meets a condition."""
    said, crm = table(), grid.crm
    for cls in (one for one in crm.classes() if one.__name__ in said):
        if not isinstance(cls.__scope__, Reference):
            for told in said[cls.__name__].values():
                if told.sign in ("", "!", "^") and can(cls, told):
                    yield cls, told


def _rule(grid: Grid, word: str, *, write: bool, can: Callable[[Any, Told], bool]) -> set[str]:
    names = {f"{cls.__name__}.{told.name}" for cls, told in narrowed(grid, can)}
    ruled(grid.crm, RULED.login, *((name, word, write) for name in sorted(names)))
    return names


def is_text(cls: Any, told: Told) -> bool:
    """Whether a field has a mask."""
    kind = cls.__specs__[told.name].kind
    return kind is not None and kind.name == "text"


@pytest.fixture
def grid(crm: CRM) -> Grid:
    """The enterprise of the matrix."""
    return build(crm)


def test_every_field_is_shown_as_the_table_says(grid: Grid) -> None:
    """Nobody is shown a field that is closed, by any way of reading, and nobody misses one that is open."""
    found = [one for asker in ASKERS for one in wrong(grid, asker)]
    assert [one for one in found if one] == []
    assert len(found) > 5_000


def test_rules_hide_mask_and_lock_every_field_for_their_role_alone(grid: Grid) -> None:
    """Whoever's role hides, masks or locks a field does not read or write it; everybody else does as before."""
    other = next(one for one in ASKERS if one.login == "top granted")
    hidden = _rule(grid, "hidden", write=False, can=lambda cls, told: True)

    def shows(cls: Any, told: Told) -> str:
        is_hidden = f"{cls.__name__}.{told.name}" in hidden or told.source in hidden
        return "hidden" if is_hidden else declared(cls, told)

    assert [one for one in wrong(grid, RULED, shows) if one] == []
    assert [one for one in wrong(grid, other) if one] == []
    assert _refusals(grid, hidden) == dict.fromkeys(_written(grid, hidden), "unknown")

    masked = _rule(grid, "masked", write=False, can=is_text)
    _rule(grid, "plain", write=False, can=lambda cls, told: not is_text(cls, told))

    def covers(cls: Any, told: Told) -> str:
        is_masked = f"{cls.__name__}.{told.name}" in masked or told.source in masked
        return "masked" if is_masked else declared(cls, told)

    assert [one for one in wrong(grid, RULED, covers) if one] == []
    assert _refusals(grid, hidden) == dict.fromkeys(_written(grid, hidden), "forbidden")


def _written(grid: Grid, names: set[str]) -> set[str]:
    """Those of the fields that a change of a record could name."""
    found = set()
    for name in names:
        entity, field = name.split(".")
        cls = grid.crm.record(entity, default=None)
        if cls is not None and cls.__specs__[field].init and entity in grid.sets["peer"]:
            found.add(name)
    return found


def _refusals(grid: Grid, names: set[str]) -> dict[str, str]:
    """What comes of writing each of these fields, with the value that it has."""
    found = {}
    for name in _written(grid, names):
        entity, field = name.split(".")
        record = grid.record(RULED, entity, "own")
        with grid.crm.session(RULED.login) as session:
            held = session.get(record.ref)
            try:
                session.change(held, **{field: getattr(record, f"_raw_{field}")})
                found[name] = "written"
            except InvalidError as error:
                found[name] = error.fields[0].code
            except ForbiddenError as error:
                found[name] = error.fields[0].code if error.fields else "no right"
    return found


def test_a_new_field_without_expectation_is_named() -> None:
    """A field that the table lacks stops the matrix by its name."""
    said = table(TEXT.replace(" channel strategic", " strategic"))
    with pytest.raises(LookupError, match=r"Customer\.channel"):
        expected(said, CRM("sqlite://").record("Customer"), "channel")


def test_planted_faults_in_the_fields_are_seen(
    sqlite_database: str, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were closed fields open, rules forgotten, or one way of reading left unruled, some cell would differ."""
    crm = CRM(sqlite_database, clock=clock)
    grid = build(crm)
    plants: tuple[tuple[Any, str, Any], ...] = (
        (fields, "_of_one", lambda *given: (fields.FieldReading.PLAIN, True)),
        (gateway, "view_of", lambda tx, cls: layout(cls)),
        (redaction, "shown", lambda tx, record: record),
    )
    for place, name, value in plants:
        with monkeypatch.context() as patch:
            patch.setattr(place, name, value)
            crm.actors.clear()
            assert any(one for asker in ASKERS for one in wrong(grid, asker)), name
    crm.close()
