"""Worlds made at random show a vendor who sees too much, and who can tell what is hidden."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pycrm import (
    Field,
    InvalidError,
    Link,
    OrgUnit,
    Plugin,
    Record,
    User,
    field,
    hookimpl,
    link,
    owned,
    private,
)
from pycrm.declare.policy import team, through
from pycrm.scope import predicate
from pycrm.testing import Entered, World, worlds
from pycrm.testing.values import UnfitError

FEW = settings(
    max_examples=5,
    database=None,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


class Yacht(Record, table="yard_yacht", scope=owned(team=team("Crew", "yacht", part="role"))):
    """A yacht of a customer of ours (游艇)."""

    name: Field[str] = field("Name", zh="名称", search=True, longest=40)


class Crew(Record, table="yard_crew", scope=through("yacht")):
    """Somebody who works on a yacht (船员)."""

    yacht: Link[Yacht] = link("Yacht", zh="游艇")
    user: Link[User] = link("Person", zh="人员")
    role: Field[str] = field("Role", zh="角色", longest=20)
    since: Field[date] = field("Since", zh="开始")
    until: Field[date | None] = field("Until", zh="结束", default=None)


class Secret(Record, table="yard_secret", scope=through("yacht", parts=("captain",))):
    """What only the owner and the captain know (秘密)."""

    yacht: Link[Yacht] = link("Yacht", zh="游艇")
    text: Field[str] = field("Text", zh="内容", longest=40)


class Diary(Record, table="yard_diary", scope=private()):
    """What somebody writes for themselves (日记)."""

    text: Field[str] = field("Text", zh="内容", longest=40)


class Yard(Plugin):
    """Yard"""

    name = "yard"
    records = (Yacht, Crew, Secret, Diary)


class Counting(Plugin):
    """A yard whose people are refused a yacht, by the number of all there are."""

    name = "yard"
    records = (Yacht, Crew, Secret, Diary)

    @hookimpl
    def before_add(self, session: Any, record: Yacht) -> None:
        """A refusal holds the number of all yachts."""
        (number,) = session.transaction.fetch(sa.select(sa.func.count()).select_from(Yacht.__table__))[0]
        if session.actor.ref is not None:
            raise InvalidError(f"yacht {number} was the last")


VALUES = {Crew: {"role": st.sampled_from(("captain", "cook")), "since": date(2026, 6, 1), "until": None}}
YARD = worlds(Yard, values=VALUES, most=2)


def shown(entered: Entered, world: World, login: str) -> dict[str, set[Any]]:
    """The ids of what a person finds of each class."""
    with entered.view(login) as session:
        return {cls.__name__: {one.id for one in session.find(cls)} for cls in world.classes}


def wrongly_shown(found: list[str]) -> Callable[[], None]:
    """Compare what everybody finds with what plain Python says they should."""

    @FEW
    @given(YARD)
    def compare(world: World) -> None:
        entered = world.entered()
        for login in world.people:
            wanted = {cls.__name__: entered.seen_by(login, cls) for cls in world.classes}
            found.extend([login] if shown(entered, world, login) != wanted else [])

    return compare


def test_everybody_finds_what_is_theirs() -> None:
    """In worlds with units, shares, teams and diaries everybody finds exactly what plain Python says."""
    found: list[str] = []
    wrongly_shown(found)()
    assert found == []


def _all_parts(tx: Any, actor: Any, cls: Any, action: str, terms: Any, table: Any, parts: Any = ()) -> Any:
    return LENT(tx, actor, cls, action, terms, table)


LENT = predicate._shared


def _no_shares(*given: Any) -> list[Any]:
    return []


def _as_a_unit(actor: Any, reach: Any, owner: Any, unit: Any, terms: Any) -> list[predicate.Path]:
    """Whoever reaches anything reaches everybody who has a unit."""
    return [predicate.Path(unit.is_not(None))] if reach.own else PAIR(actor, reach, owner, unit, terms)


PAIR = predicate._pair


@pytest.mark.parametrize(
    ("name", "fault"), [("_shared", _all_parts), ("_shared", _no_shares), ("_pair", _as_a_unit)]
)
def test_a_wrong_scope_is_found(name: str, fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were teams shown what is for their captain, shares forgotten or peers seen, some world would say so."""
    monkeypatch.setattr(predicate, name, fault)
    found: list[str] = []
    wrongly_shown(found)()
    assert found


def differences(plugin: Any) -> set[str]:
    """What tells a viewer of something hidden, in any of some worlds: the names of the questions."""
    found: set[str] = set()

    @FEW
    @given(worlds(plugin, values=VALUES, most=2))
    def compare(world: World) -> None:
        asks = {"everything": lambda session: session.find(OrgUnit)}
        found.update(line.partition(":")[0] for line in world.differences(asks))

    compare()
    return found


def test_nobody_can_tell_what_is_out_of_reach() -> None:
    """A tight plugin answers alike whether the rest of the enterprise has records or not."""
    assert differences(Yard) == set()


def test_a_plugin_that_tells_is_found() -> None:
    """A plugin that counts past the rights of who acts is found by what the viewer adds."""
    assert differences(Counting) == {"add Yacht"}


def test_a_class_of_which_nothing_is_taken_is_named() -> None:
    """A vendor whose rules refuse everything is told to say more, since such a test finds nothing."""

    class Refusing(Plugin):
        """A yard that takes no yacht."""

        name = "yard"
        records = (Yacht, Crew, Secret, Diary)

        @hookimpl
        def before_add(self, session: Any, record: Yacht) -> None:
            """No yacht at all."""
            raise InvalidError("the yard is full")

    @settings(FEW, max_examples=60)
    @given(worlds(Refusing, classes=(Yacht,)))
    def enter(world: World) -> None:
        world.entered()

    with pytest.raises(UnfitError, match=r"of \d+ records of Yacht none was taken \(the yard is full\)"):
        enter()
