"""Searching: everybody finds what they see and read of it, by whatever plan, alike on both databases."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from typing import Any

import attrs
import pytest
import sqlalchemy as sa
from house import Cast, enterprise
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pycrm import CRM, Customer, FixedClock, InvalidError, Opportunity, Party, Region
from pycrm.declare.search import fold, grams, search_table
from pycrm.scope import children, search, streams
from pycrm.scope.hits import LOOKS, MANY, Look

from .compare import reached
from .faults_search import AMONG, FAULTS, FAULTS_OF_HITS, Plant
from .rights import ruled, statements
from .test_streams import NOW, OWNERS, crowded
from .worlds import Kept, World, settle

PARTS = (
    *(
        "宏达",
        "宏",
        "达物流",
        "上海",
        "HongDa",
        "hong",
        "ＡＢＣ",
        "abcd",
        "straße",
        "STRASSE",
        "x",
        "xy",
        "y",
    ),
    *("%", "_", "'", "\\", "ﬁne", "Ⅷ", "ab宏", "𠮷野"),
)
TEXTS = (
    *(
        "宏达",
        "宏",
        "达物",
        "上海宏达",
        "hongda",
        "ONG",
        "abc",
        "ｂＣ",
        "strasse",
        "ss",
        "x",
        "xy",
        "y x",
        "%",
    ),
    *("_", "'", "\\", "fine", "viii", "b宏", "宏达 x", "xyz", "𠮷", "nothing"),
)
# First pieces and looks into the index, so that each plan is taken in a small enterprise: at once and later, few
# hits and too many, none at all, each hit looked up by its key, and all of the list among the hits.
PLANS = (
    *((1, (Look(0, MANY),)), (1, (Look(1, MANY),)), (1, (Look(0, 1), Look(1, 2), Look(3, MANY)))),
    *((3, ()), (1, (AMONG,)), (1, (Look(0, MANY, is_gated=True), AMONG)), (101, LOOKS["postgresql"])),
)


@st.composite
def named(draw: st.DrawFn) -> World:
    """The enterprise of the streams with customers of such names."""
    name = st.tuples(st.lists(st.sampled_from(PARTS), min_size=1, max_size=3), st.sampled_from(["", " "]))
    kept = st.tuples(st.sampled_from(OWNERS), name, st.sampled_from([False] * 4 + [True]))
    rows = draw(st.lists(kept, min_size=1, max_size=25))
    customers = {
        f"c{at:02}": Kept("Customer", owner, archived, glue.join(parts))
        for at, (owner, (parts, glue), archived) in enumerate(rows)
    }
    return crowded(customers, {})


def rich() -> World:
    """Three customers of each person, of whom the first two are alike and the third is archived."""
    names = ("上海宏达 x", "HongDa", "上海宏达 x")
    return crowded(
        {
            f"c{at} {owner}": Kept("Customer", owner, at == 2, names[at])
            for owner, at in itertools.product(OWNERS, range(3))
        },
        {},
    )


def plain(text: str) -> str:
    """The text in the form in which Unicode compares identifiers without regard to case (UAX 31, R4)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def differences(crm: CRM, world: World, texts: tuple[str, ...]) -> Iterator[str]:
    """Where what somebody finds is not what a walk over everything in reach gives."""
    made = settle(crm, world)
    ids = made.ids("Customer")
    with crm.view(crm.system("test")) as session:
        codes = {one.id: one.code for one in session.find(Customer, archived=True)}
    users = ("head", "mixed", "units", "in a", "standin")
    for user, text in itertools.product(users, texts):
        live = {name: one for name, one in reached(made, user, "Customer").items() if not one.archived}
        words = plain(text).split()
        found = [
            name
            for name, one in live.items()
            if all(any(word in plain(field) for field in (one.name, codes[ids[name]])) for word in words)
        ]
        expected = sorted((ids[name] for name in found), key=lambda id: (_name(live, ids, id), id))
        with crm.view(made.users[user]) as session:
            for falling, size in ((False, 1), (True, 3), (False, 50)):
                order = Customer.name.desc() if falling else Customer.name
                given_ = list(itertools.islice(turned(session, text, order, size), 60))
                wanted = expected[::-1] if falling else expected
                if given_ != wanted:
                    yield f"{user} {text} {falling} {size}: {given_}, by the reference {wanted}"
            given_ = [one.id for one in session.search(Customer, text, Customer.id.is_not(None), size=50)]
            if given_ != sorted(expected):
                yield f"{user} {text} with a condition: {given_}, by the reference {sorted(expected)}"


def _name(live: dict[str, Kept], ids: dict[str, Any], id: Any) -> str:
    return next(one.name for name, one in live.items() if ids[name] == id)


def turned(session: Any, text: str, order: Any, size: int) -> Iterator[Any]:
    """The ids on all pages of a search."""
    after = None
    while True:
        page = session.search(Customer, text, order=order, size=size, after=after)
        yield from (one.id for one in page)
        after = page.next
        if after is None:
            return


@given(
    world=named(), texts=st.lists(st.sampled_from(TEXTS), min_size=2, max_size=3), plan=st.sampled_from(PLANS)
)
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_everybody_finds_what_they_see(
    crm: CRM, world: World, texts: list[str], plan: tuple[int, tuple[Look, ...]]
) -> None:
    """Whatever is sought, each finds the customers in reach that contain it, by every plan alike."""
    with pytest.MonkeyPatch.context() as patch:
        planned(patch, crm, *plan)
        assert list(differences(crm, world, tuple(texts))) == []


def planned(patch: pytest.MonkeyPatch, crm: CRM, first: int, looks: tuple[Look, ...]) -> None:
    """Let searches begin with so long a piece and ask the index so; everybody's reach counts as broad."""
    if crm.store.dialect == "sqlite":
        looks = tuple(attrs.evolve(one, is_gated=False) for one in looks)
    patch.setattr(search, "FIRST", first)
    patch.setattr(search, "LOOKS", dict.fromkeys(LOOKS, looks))
    patch.setattr(streams.Breadth, "is_narrow", lambda self, limit: False)
    crm.store._texts.clear()


SOUGHT = ("宏达 hong", "HONG", "上海宏达")


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_seen(crm: CRM, plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were searching wrong in this way, somebody in that enterprise would find something else."""
    planned(monkeypatch, crm, 1, (Look(1, MANY),))
    plant(monkeypatch)
    assert next(differences(crm, rich(), SOUGHT), None)


@pytest.mark.parametrize(("plant", "look"), FAULTS_OF_HITS)
def test_a_planted_fault_in_the_hits_is_seen(
    crm: CRM, plant: Plant, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were what the index gives taken wrongly, somebody in that enterprise would find something else."""
    planned(monkeypatch, crm, 1, (look,))
    plant(monkeypatch)
    assert next(differences(crm, rich(), SOUGHT), None)


@pytest.mark.parametrize("looks", [(Look(0, 2), Look(1, MANY)), (AMONG,)], ids=["by key", "among"])
def test_the_enterprise_of_the_faults_is_right(
    crm: CRM, looks: tuple[Look, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the enterprise that faults are looked for in, everybody finds what the rules give."""
    planned(monkeypatch, crm, 1, looks)
    assert list(differences(crm, rich(), SOUGHT)) == []


def ways(crm: CRM, hidden: str) -> list[str]:
    """What a leader of two units sends for a word that none of their customers contains.

    Six customers of another unit are called so.
    """
    theirs = {f"c{at}": Kept("Customer", "in c", False, f"{hidden} {at}") for at in range(6)}
    own = {f"{at} {owner}": Kept("Customer", owner, False, "HongDa") for owner in OWNERS for at in (1, 2)}
    made = settle(crm, crowded(theirs | own, {}))
    with made.crm.view(made.users["units"]) as session:
        session.search(Customer, "steel", order=Customer.name)
        with statements() as seen:
            assert session.search(Customer, "steel", order=Customer.name).items == []
            assert len(session.search(Customer, "hongda", order=Customer.name)) > 2
    return [text for text in seen if "crm_customer" in text]


@pytest.mark.postgresql
def test_rows_out_of_reach_do_not_choose_the_way(
    postgresql_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a word counts as frequent is told by a glance at rows in reach, and by no others."""
    with CRM(postgresql_database, clock=FixedClock(NOW)) as crm:
        seen = ways(crm, "other")
        assert ["glanced" in text for text in seen] == [True, True, False]
        assert ways(crm, "steel") == seen

        def some(self: Any, order: Any, units: int) -> Any:
            return sa.select(*order.columns[-1:]).limit(sa.literal_column(str(units)))

        monkeypatch.setattr(streams.Streams, "some", some)
        crm.store._texts.clear()
        assert len(ways(crm, "steel")) > len(seen)


@pytest.fixture
def people(crm: CRM) -> Cast:
    """The people of the catalogue with their customers."""
    return enterprise(crm, customers=True)


def found(crm: CRM, login: str, text: str) -> set[str]:
    """The names of the customers that somebody finds."""
    with crm.view(login) as session:
        return {one.name for one in session.search(Customer, text)}


def test_a_colleague_finds_nothing_by_the_exact_name(crm: CRM, people: Cast) -> None:
    """Of two people of one unit neither finds the other's customer, even by its whole name (SCO-S2)."""
    # A code may hold the figure too.
    assert "rep_b 3" in found(crm, "rep_b", "rep_b 3")
    assert found(crm, "rep_a", "rep_b 3") == set()
    assert found(crm, "lead_e", "rep_b 3") == found(crm, "rep_b", "rep_b 3")


@pytest.mark.parametrize("reading", ["hidden", "masked"])
def test_a_field_that_is_not_read_never_matches(crm: CRM, people: Cast, reading: str) -> None:
    """Who does not read the code finds nobody by it, and who reads no searchable field may not search."""
    with crm.view("rep_a") as session:
        code = session.find(Customer, limit=1)[0].code
    assert len(found(crm, "rep_a", code)) == 1
    ruled(crm, "staff", ("Customer.code", reading))
    assert found(crm, "rep_a", code) == set()
    assert len(found(crm, "lead_e", code)) == 1
    ruled(crm, "staff", ("Customer.code", reading), ("Customer.name", reading))
    with crm.view("rep_a") as session:
        with pytest.raises(InvalidError) as refused:
            session.search(Customer, code)
        with pytest.raises(InvalidError) as unknown:
            session.search(Region, code)
    assert str(refused.value) == str(unknown.value) == "unknown field: text"


@pytest.mark.parametrize("text", ["", " \u3000", "x" * 201, "a b c d e f g h i j k", "a\x00", "\ud800", None])
def test_a_text_that_asks_for_nothing_is_refused(crm: CRM, people: Cast, text: Any) -> None:
    """Nobody searches for nothing, for a novel, or for what is no text."""
    with crm.view("dir") as session, pytest.raises(InvalidError, match="text: "):
        session.search(Customer, text)


def test_a_cursor_is_good_for_its_words_alone(crm: CRM, people: Cast) -> None:
    """Who changes the words begins at the beginning."""
    with crm.view("dir") as session:
        after = session.search(Customer, "rep_a", size=3).next
        assert len(session.search(Customer, "REP_A", size=9, after=after)) == 9
        for ask in (
            lambda: session.search(Customer, "rep_b", after=after),
            lambda: session.page(Customer, after=after),
        ):
            with pytest.raises(InvalidError):
                ask()


def expected_index(crm: CRM, cls: Any) -> list[Any]:
    """What the index of a class has to hold, worked out from its records."""
    with crm.view(crm.system("test")) as session:
        some = session.find(cls, archived=True)
        names = [spec.name for spec in cls.__specs__.values() if spec.search]
        texts = [(one.id, [getattr(one, name) for name in names]) for one in some]
    made = [(id, [None if text is None else fold(text) for text in row]) for id, row in texts]
    return sorted((id, *row, grams([one for one in row if one is not None])) for id, row in made)


def index(crm: CRM, cls: Any) -> list[Any]:
    """What the index of a class holds."""
    with crm.view(crm.system("test")) as session:
        tx = session.transaction
        rows = [list(row) for row in tx.fetch(sa.select(search_table(cls)))]
        if tx.dialect == "sqlite":
            kept = dict(tx.run(f"SELECT id, grams FROM {cls.__tablename__}_search_fts").fetchall())
            for row in rows:
                row[-1] = sorted(int(one, 16) - 2**31 for one in kept.pop(row[0]).split())
            assert not kept
    return sorted((crm.unkey(id), *row) for id, *row in rows)


def _renamed(crm: CRM) -> None:
    """A customer's party gets another name, an opportunity is entered and renamed."""
    with crm.session("rep_a") as session:
        customer = session.find(Customer, limit=1)[0]
        deal = Opportunity(customer=customer, name="Büro Ａ", expected_close=date(2027, 1, 1))
        deal = session.add(deal)
        session.change(deal, name="宏达 project")
        session.amend(
            session.get(Party, customer.party.id), name="Zhongke 宏达", because="renamed by the registry"
        )


def _undone(crm: CRM) -> None:
    """A customer is entered, and the session rolled back."""
    with suppress(RuntimeError), crm.session("rep_a") as session:
        session.add(Customer.organization("Undone", email="undone@example.com", source="exhibition"))
        raise RuntimeError


def test_the_index_follows_from_the_records(crm: CRM, people: Cast) -> None:
    """Whatever is added, changed, derived or undone, the index is what the records give."""
    _renamed(crm)
    _undone(crm)
    for cls in (Customer, Opportunity):
        assert index(crm, cls) == expected_index(crm, cls)
    assert found(crm, "rep_a", "zhongke") == {"Zhongke 宏达"}
    assert found(crm, "dir", "undone") == set()


def test_an_index_that_is_behind_is_made_again(crm: CRM, people: Cast) -> None:
    """Who migrates a database whose index lacks something gets the whole index."""
    with crm.session(crm.system("test")) as session:
        session.transaction.execute(sa.delete(search_table(Customer)))
    said = ["made the index of texts of Customer"]
    assert crm.pending() == said
    assert crm.migrate() == said
    assert index(crm, Customer) == expected_index(crm, Customer)
    assert crm.pending() == []


def test_a_copy_that_is_not_entered_is_seen(crm: CRM, people: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a name that comes from the party not entered, the index would not follow from the records."""
    monkeypatch.setattr(children, "refresh", lambda *given: None)
    _renamed(crm)
    assert index(crm, Customer) != expected_index(crm, Customer)


def _turned(crm: CRM) -> list[list[str]]:
    """Three times all pages of two that contain a word, as a salesperson with few customers turns them."""
    found = []
    for _ in range(3):
        names: list[str] = []
        with crm.view("rep_a") as session:
            after = None
            while len(names) < 20:
                page = session.search(Customer, "pump", order=Customer.name, size=2, after=after)
                names += [one.name for one in page]
                after = page.next
                if after is None:
                    break
        found.append(names)
    return found


def test_a_short_reach_is_read_as_it_is(
    sqlite_database: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has few customers finds the same ones again, page by page; were a page's place forgotten, it would show."""
    with CRM(sqlite_database, clock=clock) as crm:
        enterprise(crm)
        for login, numbers in (("rep_a", range(5)), ("rep_b", range(5, 8))):
            with crm.session(login) as session:
                for number in numbers:
                    mobile = f"1390000000{number}"
                    session.add(Customer.organization(f"Pump {number}", mobile=mobile, source="exhibition"))
        assert _turned(crm) == [[f"Pump {number}" for number in range(5)]] * 3
    short = search.Search._short
    monkeypatch.setattr(search.Search, "_short", lambda self, is_later: short(self, False))
    with CRM(sqlite_database, clock=clock) as crm:
        assert len(_turned(crm)[-1]) > 5


def test_a_long_reach_is_not_taken_for_a_short_one(
    sqlite_database: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose customers fill more than one piece is read piece by piece, however short the last piece is."""
    monkeypatch.setattr(search, "FIRST", 3)
    monkeypatch.setattr(search, "_LONG_PIECES", (3,))
    # The index would know the word before the second piece is read.
    monkeypatch.setattr(search, "LOOKS", {"sqlite": ()})

    def short(self: Any, is_later: bool) -> Any:
        raise AssertionError("it is read as a short reach")

    monkeypatch.setattr(search.Search, "_short", short)
    with CRM(sqlite_database, clock=clock) as crm:
        enterprise(crm)
        with crm.session("rep_a") as session:
            for number, name in enumerate(("Ant", "Bee", "Cat", "Dog", "Zebra")):
                mobile = f"1390000000{number}"
                session.add(Customer.organization(name, mobile=mobile, source="exhibition"))
        with crm.view("rep_a") as session:
            # The first piece has none of it, and the second is not a whole one.
            found = [session.search(Customer, "zebra", order=Customer.name).items for _ in range(3)]
        assert [[one.name for one in some] for some in found] == [["Zebra"]] * 3
