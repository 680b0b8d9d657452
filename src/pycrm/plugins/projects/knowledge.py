"""Whether enough is known of a project to begin it, and whether it was decided for (PRJ-1 to PRJ-4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal

import attrs

from pycrm.plugins.projects.desk import Picture
from pycrm.plugins.projects.evaluation import Block, GoDecision, ProjectEvaluation, SurveyItem
from pycrm.plugins.projects.project import Funding
from pycrm.plugins.projects.stakeholder import FOUR

__all__ = ["BlockState", "blocks", "completeness", "objections", "percent", "unmet"]


def percent(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """The share in percent to two places, rounded half up; None where there is no basis.

    >>> percent(7, 8), percent(1, 0)
    (Decimal('87.50'), None)
    """
    if whole == 0:
        return None
    return (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.01"), ROUND_HALF_UP)


@attrs.frozen
class BlockState:
    """One of the eight blocks: what is missing of it, and whether answers contradict each other."""

    block: Block
    missing: tuple[str, ...] = ()
    is_contradicted: bool = False

    @property
    def is_filled(self) -> bool:
        """Whether nothing is missing; answers that contradict each other fill it."""
        return not self.missing


def blocks(picture: Picture) -> list[BlockState]:
    """The eight blocks in order, each by the file itself or by what was found out (PRJ-1, PRJ-2)."""
    answered = {one.block for one in picture.answers}
    contradicted = set(_contradicted(picture.answers))
    return [
        BlockState(
            block,
            () if block in answered and block is not Block.STAKEHOLDERS else tuple(_missing(picture, block)),
            block in contradicted,
        )
        for block in Block
    ]


def _missing(picture: Picture, block: Block) -> Iterator[str]:
    project, desk = picture.project, picture.desk
    if block is Block.STAKEHOLDERS:
        known = {one.department for one in picture.of(desk.stakeholders)}
        yield from (f"stakeholder: {one.value}" for one in FOUR if one not in known)
        return
    filled: Mapping[Block, Callable[[], bool]] = {
        Block.SCALE: lambda: True,
        Block.FUNDING: lambda: project.funding is not Funding.UNKNOWN,
        Block.BID_DATE: lambda: project.bid_date is not None,
        Block.SCOPE: lambda: bool(project.scope.strip()),
        Block.COMPETITORS: lambda: project.no_competitors or bool(picture.of(desk.competitors)),
        Block.NEEDS: lambda: any((one.needs or "").strip() for one in picture.of(desk.stakeholders)),
        Block.OUR_VALUE: lambda: project.our_scope_value is not None,
    }
    if not filled[block]():
        yield block.value


def _contradicted(answers: list[SurveyItem]) -> Iterator[Block]:
    asked: dict[tuple[Block, str], list[SurveyItem]] = defaultdict(list)
    for one in answers:
        asked[one.block, one.question.strip().casefold()].append(one)
    for (block, _), some in asked.items():
        said = {(one.answer or "").strip().casefold() for one in some}
        if len(said) > 1 and sum(one.chosen for one in some) != 1:
            yield block


def completeness(picture: Picture) -> Decimal:
    """How much of the eight blocks is filled, in percent."""
    found = percent(sum(one.is_filled for one in blocks(picture)), len(Block))
    assert found is not None
    return found


def objections(picture: Picture) -> list[str]:
    """Why a project is not pursued: not evaluated, decided against, or to be decided anew (PRJ-3, PRJ-4)."""
    found = picture.evaluation
    if found is None:
        return ["the evaluation is missing"]
    if found.decision is GoDecision.NO_GO:
        return ["the evaluation says no go"]
    anew = [f"evaluate anew: {what}" for what in _changed(picture, found)]
    return anew + [f"decide anew: the condition '{one}' is not met" for one in unmet(picture)]


def unmet(picture: Picture) -> list[str]:
    """The conditions of a conditional go that were not met in time."""
    found = picture.evaluation
    if found is None or found.decision is not GoDecision.CONDITIONAL:
        return []
    return [one.text for one in found.conditions if one.met_on is None and one.due_on < picture.today]


def _changed(picture: Picture, then: ProjectEvaluation) -> Iterator[str]:
    project, before = picture.project, then.scale_then
    scale = project.investment_scale
    if scale.currency != before.currency or abs(scale.units - before.units) * 100 > (
        before.units * picture.desk.limits.scale_change
    ):
        yield "the investment scale has changed"
    if project.bid_date != then.bid_date_then:
        yield "the bid date has changed"
    if {one.competitor for one in picture.of(picture.desk.competitors)} != set(then.competitors_then):
        yield "the competitors have changed"
