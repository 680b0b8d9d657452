"""Directives: who writes them, whom they reach, and that they stay."""

from __future__ import annotations

from typing import Any

import pytest

from pycrm import (
    ConflictError,
    Customer,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    Opportunity,
    Ref,
    Task,
)
from pycrm.plugins.supervision import Directive, DirectiveKind, DirectiveReply, WorkLog
from pycrm.plugins.supervision.directing import answer, banner, close, issue, read, reply, said, unanswered
from pycrm.plugins.supervision.logs import submit

from .world import World, shanghai

INSTRUCTION = DirectiveKind.INSTRUCTION
TEXT = "send the revised drawing by Thursday"


def instruct(world: World) -> Directive:
    """What lead_e writes on a visit of rep_a, due 07-02 18:00 (SUP-S3)."""
    world.at("06-30 08:00")
    hongda = world.customer("rep_a")
    world.at("06-30 15:00")
    visit = world.visit("rep_a", hongda, "06-30 10:00")
    due = shanghai("07-02 18:00")
    found: list[Directive] = world.act(
        "lead_e", lambda s: issue(s, visit, TEXT, kind=INSTRUCTION, due_at=due)
    )
    return found[0]


def test_an_instruction_reaches_its_person_and_nobody_else(world: World) -> None:
    """It shows as a banner and a task until it is read, to its person alone; leaders above see it too (SUP-S3)."""
    made = instruct(world)
    shown = world.see("rep_a", banner)
    assert (shown.count, shown.items[0].text, shown.items[0].kind) == (1, TEXT, INSTRUCTION)
    tasks = world.see("rep_a", lambda s: s.find(Task))
    assert [(one.title, one.due_at, one.owner) for one in tasks] == [
        (TEXT, shanghai("07-02 18:00"), world.user("rep_a").ref)
    ]
    assert tasks[0].customer is not None
    for who, number in (("rep_b", 0), ("lead_w", 0), ("lead_e2", 0), ("lead_e", 1), ("dir", 1)):
        assert (who, world.see(who, lambda s: s.count(Directive))) == (who, number)
        assert world.see(who, banner).count == 0
    world.at("06-30 16:05")
    world.act("rep_a", lambda s: read(s, made))
    assert world.see("rep_a", banner).count == 0
    visit: Any = made.activity
    thread = world.see("dir", lambda s: said(s, s.get(visit)))
    assert [(one.directive.text, one.read_at, one.replies) for one in thread] == [
        (TEXT, shanghai("06-30 16:05"), ())
    ]


def test_a_directive_stays_as_it_was_said(world: World) -> None:
    """Neither its person nor its author nor anybody above edits, deletes or gives away a directive (SUP-4)."""
    made = instruct(world)
    for who in ("rep_a", "lead_e", "dir"):
        with pytest.raises(ConflictError):
            world.act(who, lambda s: s.archive(made))
        with pytest.raises(ConflictError):
            world.act(who, lambda s: s.change(made, text="never mind"))
        with pytest.raises(ConflictError):
            world.act(who, lambda s: s.change_where(Directive, Directive.text == TEXT, text="never mind"))
    said_first = world.act("rep_a", lambda s: (answer(s, made, "tomorrow"), s.find(DirectiveReply)[0])[1])
    with pytest.raises(ConflictError):
        world.act("rep_a", lambda s: s.change(said_first, text="today"))
    # A mistake is answered by a further one.
    visit: Any = made.activity
    world.act("lead_e", lambda s: issue(s, s.get(visit), "Friday is enough"))
    assert world.see("rep_a", banner).count == 1


def test_the_way_of_an_instruction(world: World) -> None:
    """Unread, read, answered, done: its person reads and answers, its author alone closes (appendix A)."""
    made = instruct(world)
    for who in ("lead_e", "dir"):
        with pytest.raises(ForbiddenError):
            world.act(who, lambda s: read(s, made))
        with pytest.raises(ConflictError):
            world.act(who, lambda s: close(s, made))
    answered = world.act("rep_a", lambda s: answer(s, made, "it is on its way"))
    assert answered.stage == "answered"
    with pytest.raises(ConflictError):
        world.act("rep_a", lambda s: s.move(answered, to="open"))
    world.act("lead_e", lambda s: reply(s, answered, "by courier?"))
    world.act("rep_a", lambda s: answer(s, answered, "yes"))
    for who in ("rep_a", "dir"):
        with pytest.raises(ForbiddenError):
            world.act(who, lambda s: close(s, answered))
    assert world.act("lead_e", lambda s: close(s, answered)).stage == "done"
    with pytest.raises(ConflictError, match="closed"):
        world.act("rep_a", lambda s: reply(s, s.get(made.ref), "and another thing"))
    visit: Any = made.activity
    thread = world.see("rep_a", lambda s: said(s, s.get(visit)))[0]
    assert [one.text for one in thread.replies] == ["it is on its way", "by courier?", "yes"]


def test_praise_is_not_closed(world: World) -> None:
    """Only an instruction is closed; a comment or praise ends with the answer."""
    world.act("rep_a", submit)
    log = world.see("lead_e", lambda s: s.find(WorkLog)[0])
    made = world.act("lead_e", lambda s: issue(s, log, "well done", kind=DirectiveKind.PRAISE))[0]
    answered = world.act("rep_a", lambda s: answer(s, made, "thank you"))
    with pytest.raises(ConflictError, match="only an instruction"):
        world.act("lead_e", lambda s: close(s, answered))
    assert world.see("rep_a", lambda s: s.count(Task)) == 0
    assert world.see("rep_b", lambda s: s.count(Directive)) == 0


def test_what_is_not_answered_comes_to_its_author(world: World) -> None:
    """Past its due time an unanswered instruction is on the list of whoever gave it, and on no other (SUP-5)."""
    made = instruct(world)
    world.at("07-02 18:00")
    assert world.see("lead_e", unanswered) == []
    world.at("07-02 18:01")
    assert world.see("lead_e", unanswered) == [made]
    assert world.see("dir", unanswered) == world.see("rep_a", unanswered) == []
    world.act("rep_a", lambda s: read(s, made))
    assert [one.id for one in world.see("lead_e", unanswered)] == [made.id]
    world.act("rep_a", lambda s: answer(s, made, "sent"))
    assert world.see("lead_e", unanswered) == []


def test_several_leaders_write_on_one_record(world: World) -> None:
    """Each leader whose scope covers a record writes on it, and sees what the others wrote (SUP-4)."""
    hongda = world.customer("rep_c")
    deal = world.act(
        "rep_c",
        lambda s: s.add(
            Opportunity(customer=hongda, name="Pumps", expected_close=shanghai("09-01 09:00").date())
        ),
    )
    for who in ("lead_e2", "lead_e", "dir"):
        world.at({"lead_e2": "06-30 10:00", "lead_e": "06-30 11:00", "dir": "06-30 12:00"}[who])
        world.act(who, lambda s, who=who: issue(s, deal, f"from {who}"))
    for who in ("lead_e2", "lead_e", "dir", "rep_c"):
        texts = [one.directive.text for one in world.see(who, lambda s: said(s, deal))]
        assert texts == ["from lead_e2", "from lead_e", "from dir"]
    assert world.see("rep_c", banner).count == 3
    assert world.see("rep_c", banner).items[0].text == "from dir"


def test_nobody_writes_on_what_they_do_not_lead(world: World) -> None:
    """Out of scope a record is missing (SUP-E1); and no colleague, no borrower, and nobody to themselves."""
    hongda = world.customer("rep_a")
    with pytest.raises(NotFoundError):
        world.act("lead_w", lambda s: issue(s, hongda, "call them"))
    with pytest.raises(NotFoundError):
        world.act(
            "lead_e2", lambda s: s.add(Directive(customer=hongda, text="call"), owner=world.user("rep_a"))
        )
    with pytest.raises(ForbiddenError):
        world.act("rep_a", lambda s: issue(s, hongda, "well done me"))
    world.act("lead_e", lambda s: s.share(hongda, user=world.user("rep_b"), because="helps"))
    world.act("lead_e", lambda s: s.share(hongda, user=world.user("lead_w"), because="advises"))
    for who in ("rep_b", "lead_w"):
        with pytest.raises(ForbiddenError):
            world.act(who, lambda s: issue(s, hongda, "call them"))
    assert world.see("dir", lambda s: s.count(Directive)) == 0


def test_a_directive_is_about_one_record_and_an_instruction_is_due(world: World) -> None:
    """It names one record, an instruction a time to come, and nothing else has one."""
    hongda = world.customer("rep_a")
    for wrong in (
        Directive(text="what?"),
        Directive(text="both", customer=hongda, task=Ref("Task", hongda.id)),
        Directive(text="when?", customer=hongda, kind=INSTRUCTION),
        Directive(text="never", customer=hongda, due_at=shanghai("07-02 18:00")),
        Directive(text="past", customer=hongda, kind=INSTRUCTION, due_at=shanghai("06-30 09:00")),
    ):
        with pytest.raises((InvalidError, NotFoundError)):
            world.give("lead_e", wrong, "rep_a")
    with pytest.raises(InvalidError, match="for whom"):
        world.act("lead_e", lambda s: issue(s, hongda, "you", to=[]))
    with pytest.raises(InvalidError, match="no directive"):
        world.act("lead_e", lambda s: issue(s, s.get(hongda.party), "you"))


def test_a_directive_reaches_each_of_several(world: World) -> None:
    """What is for two people is one directive and one task of each, and neither sees the other's."""
    hongda = world.customer("rep_c")
    due = shanghai("07-02 18:00")
    people = [world.user("rep_c"), world.user("lead_e2")]
    world.act("dir", lambda s: issue(s, hongda, TEXT, kind=INSTRUCTION, due_at=due, to=people))
    for who in ("rep_c", "lead_e2"):
        assert world.see(who, banner).count == 1
        own = world.see(who, lambda s: s.find(Task, Task.owner == s.actor.id))
        assert [one.title for one in own] == [TEXT]
    assert world.see("lead_e2", lambda s: s.count(Customer)) == 1
