"""Eight invented project files over all stages, each with its people, its team and its course."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import attrs
from pycrm import Session

from b2b_project_sales.sample import steps
from b2b_project_sales.sample.acts import Act, Book
from b2b_project_sales.sample.customers import Draft

if TYPE_CHECKING:
    from b2b_project_sales.sample.plan import Calendar

__all__ = ["STORY", "File", "acts", "files"]

STORY = "Desalination plant 海水淡化"
"""The project that `story` tells of."""

# The week in which the first of them is filed; its customer is there by then.
_FIRST = 80

How = Callable[[Session, "steps.Scene"], None]
Planned = tuple[int, str, Act]


@attrs.frozen
class Step:
    """In which week who does what: the lead, the manager, or a member by the part in the team."""

    week: int
    who: str
    how: How


@attrs.frozen
class File:
    """A project before it is filed."""

    place: int
    name: str
    industry: str
    yuan: int
    value: int
    bid_week: int
    course: tuple[Step, ...]
    customer: Draft


@attrs.frozen
class Work:
    """What somebody does on a project file."""

    file: File
    cast: steps.Cast
    bid_date: date
    how: How

    def do(self, session: Session, book: Book) -> None:
        self.how(session, steps.Scene(book, self.file, self.cast, self.bid_date))


def _begun(week: int, scores: tuple[int, ...] = (4, 4, 4, 3, 3, 4)) -> tuple[Step, ...]:
    """Filed, looked into, decided for and initiated, within four weeks."""
    return (
        Step(week, "lead", steps.open_file),
        Step(week + 1, "lead", steps.know_all),
        Step(week + 2, "lead", steps.evaluated(scores)),
        Step(week + 3, "lead", steps.moved("initiate")),
    )


def _planned(week: int) -> tuple[Step, ...]:
    """A plan that a leader agrees to, within three weeks."""
    return (
        Step(week, "lead", steps.plan),
        Step(week + 1, "manager", steps.agree),
        Step(week + 2, "lead", steps.moved("plan")),
    )


def _told(*weeks: int, who: str = "lead") -> tuple[Step, ...]:
    return tuple(Step(week, who, steps.report) for week in weeks)


_WON = (
    Step(83, "lead", steps.open_file),
    Step(84, "lead", steps.survey),
    Step(85, "lead", steps.evaluated((4, 5, 3, 1, 4, 3))),
    Step(86, "lead", steps.know_all),
    Step(87, "lead", steps.evaluated((4, 5, 3, 2, 4, 3))),
    Step(88, "lead", steps.moved("initiate")),
    *_planned(89),
    Step(90, "lead", steps.budget(120_000)),
    Step(91, "lead", steps.spent(60_000)),
    Step(92, "technical", steps.spent(38_400)),
    Step(92, "technical", steps.stance("decision", -1, "asked why they should change the supplier")),
    Step(93, "lead", steps.visit),
    Step(94, "lead", steps.stance("decision", 1, "saw our plant at the harbour and liked it")),
    Step(94, "lead", steps.moved("accept")),
    Step(95, "lead", steps.bid),
    Step(95, "lead", steps.moved("tender")),
    Step(96, "technical", steps.checked),
    Step(97, "lead", steps.moved_bid("hand_in")),
    Step(99, "lead", steps.opened(first=True)),
    Step(99, "lead", steps.moved_bid("win")),
    Step(100, "lead", steps.moved("win")),
    Step(100, "lead", steps.revenue),
    Step(101, "lead", steps.hand_over),
    Step(102, "lead", steps.moved("hand_over")),
    *_told(88, 94, 99),
    *_told(92, who="overseas"),
)
_LOST = (
    *_begun(80),
    *_planned(84),
    Step(88, "lead", steps.visit),
    Step(89, "lead", steps.moved("accept")),
    Step(90, "lead", steps.bid),
    Step(90, "lead", steps.moved("tender")),
    Step(91, "technical", steps.checked),
    Step(92, "lead", steps.moved_bid("hand_in")),
    Step(94, "lead", steps.opened(first=False)),
    Step(94, "lead", steps.lost_bid),
    Step(95, "lead", steps.lost),
)

# name, industry, investment, our value, week of the bid, course
_FILES = (
    (STORY, "water", 86_000_000, 2_000_000, 97, _WON),
    ("Waterworks extension 自来水厂扩建", "water", 70_000_000, 1_800_000, 92, _LOST),
    # Costs more than it may: red.
    (
        *("District heating ring 集中供热管网", "energy", 54_000_000, 3_100_000, 118),
        (
            *_begun(82),
            *_planned(86),
            Step(88, "lead", steps.budget(10_000)),
            Step(94, "lead", steps.spent(9_000)),
            Step(98, "manager", steps.spent(2_000, "manager")),
            *_told(95, 103),
        ),
    ),
    # No go, by the veto of one criterion.
    (
        *("Flood pumping station 排涝泵站", "water", 120_000_000, 5_200_000, 112),
        (
            Step(90, "lead", steps.open_file),
            Step(91, "lead", steps.know_all),
            Step(92, "lead", steps.evaluated((4, 5, 3, 1, 4, 3))),
            Step(93, "lead", steps.stopped),
        ),
    ),
    # Two answers that contradict each other.
    (
        *("Process water plant 工艺水站", "chemicals", 32_000_000, 1_600_000, 125),
        (Step(99, "lead", steps.open_file), Step(100, "lead", steps.survey), *_told(103)),
    ),
    (
        *("Sewage works, second stage 污水厂二期", "water", 64_000_000, 4_400_000, 116),
        (
            *_begun(84),
            *_planned(88),
            Step(92, "lead", steps.moved("accept")),
            Step(98, "lead", steps.stance("user", 0, "the operators fear new controls")),
            Step(98, "lead", steps.stance("decision", -1, "has heard of trouble elsewhere")),
            *_told(96, 103),
        ),
    ),
    # The bid is in less than two weeks.
    (
        *("Steam station 蒸汽站", "energy", 41_000_000, 2_700_000, 105),
        (
            *_begun(85),
            *_planned(89),
            Step(93, "lead", steps.moved("accept")),
            Step(94, "lead", steps.bid),
            Step(94, "lead", steps.moved("tender")),
            Step(102, "technical", steps.checked),
            *_told(97, 103),
        ),
    ),
    (
        *("Cooling water, paper mill 造纸厂冷却水", "paper", 28_000_000, 1_300_000, 108),
        (
            *_begun(81),
            *_planned(85),
            Step(90, "lead", steps.moved("accept")),
            Step(96, "lead", steps.moved("negotiate")),
            *_told(99, 103),
        ),
    ),
)


def files(known: Sequence[Draft], most: int) -> list[File]:
    """The project files, as many as there may be, each at one of the customers that were filed early enough."""
    early = [one for one in known if one.week < _FIRST]
    some = _FILES[: most if early else 0]
    return [
        File(place, *told, customer=early[place % len(early)])  # type: ignore[call-arg]
        for place, told in enumerate(some)
    ]


def acts(file: File, calendar: Calendar) -> Iterator[Planned]:
    """Everything that is done on a project, each with its week and whoever does it."""
    cast = steps.cast_of(file.customer)
    bid_date = calendar.day(0) + timedelta(weeks=file.bid_week)
    for step in file.course:
        yield step.week, getattr(cast, step.who), Work(file, cast, bid_date, step.how)
