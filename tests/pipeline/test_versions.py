"""Versions in use: what a process remembers, who publishes first, and what code declares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from revision.test_concurrent import at_once
from revision.world import differing, tables, world

from pycrm import (
    CRM,
    ConflictError,
    DeclarationError,
    FieldReading,
    FieldRule,
    Opportunity,
    Plugin,
    Role,
    StoreError,
)
from pycrm.pipeline import SALES, Need, Pipeline, publishing, succession
from pycrm.pipeline.book import Book

from .selling import House, house, second, with_stage

MAPPING = {"contacted": "need_confirmed"}


def version(number: int, label: str = "Quoted") -> Pipeline:
    """The sales process with another word for "quoted"."""
    return with_stage(attrs.evolve(SALES, version=number), "quoted", label=label)


def label(session: Any) -> str:
    """What the version in force calls "quoted"."""
    found: str = session.pipeline("sales").stage("quoted").label
    return found


class _UndoneError(Exception):
    """Ends a session so that nothing of it stays."""


def _is_forgotten(crm: CRM, other: CRM) -> bool:
    """Whether a version that was published in vain is no more than that."""
    for attempt in (False, True):
        try:
            with crm.session("admin") as session:
                try:
                    with session.attempt():
                        session.publish_pipeline(version(2, "Vain"), because="try")
                        assert label(session) == "Vain"
                        raise _UndoneError
                except _UndoneError:
                    if not attempt:
                        raise
                if label(session) != "Quoted":
                    return False
        except _UndoneError:
            pass
    with other.session("admin") as session:
        session.publish_pipeline(version(2, "Offered"), because="again")
    with crm.view("rep_a") as session:
        return label(session) == "Offered"


def test_a_version_that_was_undone_is_forgotten(crm: CRM, open_crm: Callable[..., CRM]) -> None:
    """Nobody works by a version whose publishing was rolled back, in the same session or a later one."""
    world(crm)
    assert _is_forgotten(crm, open_crm())


def test_a_process_that_remembers_too_much_is_seen(
    crm: CRM, open_crm: Callable[..., CRM], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were charts kept for all when they are published, the test above would fail."""
    keep = Book.keep

    def kept(self: Book, tx: Any, chart: Any, mapping: Any) -> None:
        keep(self, tx, chart, mapping)
        self._charts[chart.pipeline.key, chart.pipeline.version] = chart

    monkeypatch.setattr(Book, "keep", kept)
    world(crm)
    assert not _is_forgotten(crm, open_crm())


def test_another_process_sees_a_version_at_once(crm: CRM, open_crm: Callable[..., CRM]) -> None:
    """Who has worked by version 1 in another process begins and draws by version 2 in the next session."""
    made = world(crm)
    other = open_crm()
    with other.view("rep_a") as session:
        assert label(session) == "Quoted"
    with crm.session("admin") as session:
        session.publish_pipeline(version(2, "Offered"), because="other words")
    with other.session("rep_a") as session:
        assert label(session) == "Offered"
        again = session.get(made.deal.ref)
        assert (again.pipeline_version, session.stage(again).label) == (2, "Filed")
        new = Opportunity(customer=made.pump, name="New", expected_close=made.deal.expected_close)
        assert session.add(new).pipeline_version == 2


def test_of_two_who_publish_one_number_one_wins(crm: CRM) -> None:
    """Two publish version 2 at once: one does, the other is refused, and nothing of theirs stays."""
    world(crm)

    def act(word: str) -> Callable[[], object]:
        def publish() -> str:
            with crm.session("admin") as session:
                session.publish_pipeline(version(2, word), because=word)
            return word

        return publish

    answers = at_once(act("Offered"), act("Priced"))
    won = [one for one in answers if isinstance(one, str)]
    assert len(won) == 1
    assert [type(one) for one in answers if not isinstance(one, str)] == [ConflictError]
    with crm.view("rep_a") as session:
        assert label(session) == won[0]
        assert [(one.version, one.state) for one in session.pipelines() if one.key == "sales"] == [
            (1, "retired"),
            (2, "published"),
        ]


def test_publishing_takes_place_whole_or_not_at_all(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure while records come over leaves no version, no record and no history behind."""
    house(crm)
    real, seen = publishing._move_over, []

    def failing(*given: Any) -> None:
        real(*given)
        seen.append(given)
        if len(seen) == 3:
            raise StoreError("planted")

    monkeypatch.setattr(publishing, "_move_over", failing)
    before = tables(crm)
    with pytest.raises(StoreError, match="planted"), crm.session("admin") as session:
        session.publish_pipeline(second(), MAPPING, because="shorter")
    assert differing(before, tables(crm)) == []
    with crm.session("admin") as session:
        session.publish_pipeline(second(), MAPPING, because="shorter")
    changed = set(differing(before, tables(crm)))
    assert changed >= {"crm_pipeline_version", "crm_opportunity", "crm_change", "crm_stage_entry"}


class Shop(Plugin):
    """A shop

    It declares a second version of the sales process.
    """

    name = "shop"
    pipelines = (version(2, "From code"),)


def test_what_was_published_by_hand_stays_in_force(crm: CRM, open_crm: Callable[..., CRM]) -> None:
    """A version declared in code takes no place of one that somebody published, and is offered to draft."""
    world(crm)
    with crm.session("admin") as session:
        session.publish_pipeline(version(2, "By hand"), because="other words")
    shop = open_crm(plugins=[Shop])
    shop.migrate()
    with shop.view("rep_a") as session:
        assert label(session) == "By hand"
        assert "declared" not in {one.state for one in session.pipelines()}
    with shop.session("admin") as session:
        assert [(one.version, one.state) for one in session.pipelines() if one.key == "sales"] == [
            (1, "retired"),
            (2, "published"),
            (2, "declared"),
        ]
        offered = session.pipeline("sales", 2, declared=True)
        session.draft_pipeline(offered)
        session.publish_pipeline("sales", because="as the shop has it")
        assert (label(session), session.pipeline("sales").version) == ("From code", 3)


def test_code_does_not_change_what_it_published(crm: CRM, open_crm: Callable[..., CRM]) -> None:
    """A plugin that declares a stored version anew with another content is refused at the migration."""
    shop = open_crm(plugins=[Shop])
    shop.migrate()
    changed = type("Shop", (Shop,), {"__doc__": Shop.__doc__, "pipelines": (version(2, "Changed"),)})
    with pytest.raises(DeclarationError, match="declare version 3"):
        open_crm(plugins=[changed]).migrate()


def test_who_edits_what_is_published_hears_of_it(
    crm: CRM, open_crm: Callable[..., CRM], caplog: pytest.LogCaptureFixture
) -> None:
    """An author who edits a stored version and does not migrate is warned once that the stored one is in force."""
    world(crm)
    open_crm(plugins=[Shop]).migrate()
    changed = type("Shop", (Shop,), {"__doc__": Shop.__doc__, "pipelines": (version(2, "Changed"),)})
    shop = open_crm(plugins=[changed])
    for _ in range(2):
        with shop.view("rep_a") as session:
            assert label(session) == "From code"
    told = [one.getMessage() for one in caplog.records if one.name == "pycrm.pipeline"]
    assert told == ["pipeline sales version 2 is published and differs; declare version 3"]


@pytest.fixture
def sold(crm: CRM) -> House:
    """The house of PIP-S7."""
    return house(crm)


def test_needed_records_are_judged_whoever_owns_them(crm: CRM, sold: House) -> None:
    """A gate that asks for other records is judged over all of them, and names nobody to who sees few."""
    contact = Need("who", "somebody who decides", "OpportunityContact")
    twins = Need("others", "nine deals", "Opportunity", match={"customer": "customer"}, least=9)
    asked = with_stage(version(2), "contacted", records=(contact, twins))
    asked = with_stage(asked, "quoted", required=("amount", "expected_close", "next_step"))
    with crm.view("lead_e") as session:
        seen = session.preview_pipeline(asked)
    lines = {line.stage: (line.count, line.failing, dict(line.lacking)) for line in seen.lines}
    # rep_a's customer has 13 deals, 3 of them decided; rep_w's has 8. 2 of each have a contact.
    assert lines["contacted"] == (7, 5, {"who": 3, "others": 3})
    assert lines["quoted"] == (3, 3, {"next_step": 3})
    assert lines["filed"] == (6, 0, {})
    assert {one.stage for one in seen.failing} == {"quoted"}
    with crm.session("admin") as session:
        done = session.publish_pipeline(asked, because="ask for more")
    assert (done.moving, done.lines) == (18 - 5 - 3, seen.lines)


def _told(crm: CRM) -> tuple[set[str], int, int]:
    """Of which stages records are named to lead_e, how many to lead_e, and to the administrator."""
    who = Need("others", "nine deals", "Opportunity", match={"customer": "customer"}, least=99)
    asked = with_stage(version(2), "contacted", records=(who,))
    asked = with_stage(asked, "quoted", required=("amount", "expected_close", "next_step"))
    asked = with_stage(asked, "filed", required=("campaign_code",))
    with crm.view("lead_e") as session:
        seen = session.preview_pipeline(asked).failing
    with crm.view("admin") as session:
        blind = session.preview_pipeline(asked).failing
    return {one.stage for one in seen}, len(seen), len(blind)


@pytest.fixture
def hiding(crm: CRM, sold: House) -> CRM:
    """The house of PIP-S7, where leaders do not read campaigns."""
    with crm.session(crm.system("roles")) as session:
        for name in ("leader", "process owner"):
            role = next(one for one in session.find(Role, children=True) if one.name == name)
            rule = FieldRule(entity="Opportunity", field_name="campaign_code", read=FieldReading.HIDDEN)
            session.change(role, rules=[*role.rules, rule])
    return crm


def test_a_preview_names_what_its_reader_may_see(hiding: CRM) -> None:
    """Nobody is named a record out of sight, by a field that is hidden, or by what others keep."""
    # rep_a has 1 quoted deal; the 4 filed ones lack what is hidden, the 4 contacted ones other deals.
    assert _told(hiding) == ({"quoted"}, 1, 0)


def test_naming_more_would_be_seen(hiding: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were records named whatever they lack, or whoever asks, the test above would fail."""
    with monkeypatch.context() as patch:
        patch.setattr(succession, "told_of", lambda *given: True)
        assert _told(hiding)[0] == {"quoted", "filed", "contacted"}
    all_of_them = hiding.system("test")

    def sighted(tx: Any, *given: Any) -> Any:
        actor, tx.actor = tx.actor, all_of_them
        try:
            return in_sight(tx, *given)
        finally:
            tx.actor = actor

    in_sight = succession.in_sight
    monkeypatch.setattr(succession, "in_sight", sighted)
    # The administrator reads campaigns, so the 6 filed ones would be named with the 3 quoted ones.
    assert _told(hiding)[1:] == (3, 9)
