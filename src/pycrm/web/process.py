"""Which of a class's processes a page is about: one of its pipelines, or the stages within one of its stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pycrm.errors import NotFoundError

if TYPE_CHECKING:
    from pycrm.web.show import Show

__all__ = ["Process", "process_of", "processes"]


_KEPT = "processes"


@attrs.frozen
class Process:
    """A pipeline by its key, and the stage whose stages within are meant, if any.

    `name` is what an address holds of it: ``sales`` or ``project/review``.
    """

    pipeline: str
    within: str | None = None

    @property
    def name(self) -> str:
        """How addresses name it."""
        return self.pipeline if self.within is None else f"{self.pipeline}/{self.within}"

    @property
    def asked(self) -> dict[str, Any]:
        """The arguments of the session's verbs."""
        return {"pipeline": self.pipeline, "within": self.within}


def processes(show: Show, cls: Any) -> list[tuple[Process, str]]:
    """Each process of a class with what it is called, its own pipeline first; looked up once a page."""
    if (_KEPT, cls) not in show.kept:
        show.kept[_KEPT, cls] = _found(show, cls)
    found: list[tuple[Process, str]] = show.kept[_KEPT, cls]
    return found


def _found(show: Show, cls: Any) -> list[tuple[Process, str]]:
    editions = [
        one for one in show.session.pipelines() if one.entity == cls.__name__ and one.state == "published"
    ]
    found = []
    for one in sorted(editions, key=lambda edition: edition.key != cls.__pipeline__):
        pipeline = show.pipeline(one.key)
        found.append((Process(one.key), pipeline.label))
        for stage in pipeline.every:
            is_region = any(stage in other.stages for other in pipeline.every if other.parallel)
            if stage.stages and not is_region:
                found.append((Process(one.key, stage.key), f"{pipeline.label} › {show.words.stage(stage)}"))
    return found


def process_of(show: Show, cls: Any) -> Process:
    """The process that an address asks for, by default the class's own.

    Raises:
        NotFoundError: the class has no such one.
    """
    name = show.visit.asked("process")
    if not name:
        return Process(cls.__pipeline__)
    found = next((one for one, _ in processes(show, cls) if one.name == name), None)
    if found is None:
        raise NotFoundError("no such page")
    return found
