"""The plugin: its table of contents, and the moments at which it has something to say."""

from __future__ import annotations

from collections.abc import Mapping

from pycrm import AmendmentMode, AmendmentPolicy, Change, Job, Plugin, Session, hookimpl
from pycrm.plugins.segments import commands, membership, rules, serving, treating
from pycrm.plugins.segments.model import (
    Experiment,
    ExperimentMember,
    FairnessFinding,
    Segment,
    SegmentMember,
    Serving,
    Treatment,
)
from pycrm.plugins.segments.treating import AMENDED
from pycrm.plugins.segments.words import WORDS

__all__ = ["Segments"]


class Segments(Plugin):
    """Segments

    Customers divided by value and need, what each group gets and why, and whether it worked.
    """

    name = "segments"
    words = WORDS
    migrations = "pycrm.plugins.segments.migrations"
    sample = "pycrm.plugins.segments.sample:add"
    requires = ("customer_value",)
    records = (Segment, SegmentMember, Treatment, Experiment, ExperimentMember, FairnessFinding)
    facets = (Serving,)
    policies = tuple(
        AmendmentPolicy(entity=Serving.__name__, path=name, mode=AmendmentMode.APPROVAL) for name in AMENDED
    )
    supplies = (membership.SUPPLY, treating.SUPPLY)
    commands = commands.COMMANDS
    jobs = (
        Job("segments.refresh", due=membership.to_refresh, act=membership.refresh_one, daily=True),
        Job("segments.serve", act=lambda session, _: serving.serve(session), daily=True),
    )

    @hookimpl
    def before_add(
        self, session: Session, record: Segment | SegmentMember | Treatment | Serving | Experiment
    ) -> None:
        """A new segment makes sense, a treatment comes before or after others, an experiment is measured."""
        if isinstance(record, Segment):
            rules.refuse_wrong_expression(session, record.code, record.expression)
        elif isinstance(record, Treatment):
            rules.refuse_overlap(session, record, {})
        elif isinstance(record, SegmentMember):
            rules.refuse_bystander(session, Segment, "saying who is in a segment")
        else:
            rules.refuse_bystander(session, Treatment, "saying what customers get")
            if isinstance(record, Experiment):
                rules.refuse_unmeasured(session, record)

    @hookimpl
    def before_change(
        self,
        session: Session,
        record: Segment | SegmentMember | Treatment | Serving | Experiment,
        changes: Mapping[str, Change],
    ) -> None:
        """What is changed still makes sense, and no segment in use is put away."""
        after = {name: change.after for name, change in changes.items()}
        if isinstance(record, Segment):
            _check_segment(session, record, after)
        elif isinstance(record, Treatment):
            if "archived_at" not in after:
                rules.refuse_overlap(session, record, after)
        elif isinstance(record, SegmentMember):
            rules.refuse_bystander(session, Segment, "saying who is in a segment")
        elif after.keys() - set(AMENDED):
            # What is amended others agree to.
            rules.refuse_bystander(session, Treatment, "saying what customers get")


def _check_segment(session: Session, segment: Segment, after: Mapping[str, object]) -> None:
    if after.get("archived_at") is not None or "code" in after:
        # Expressions name it by its code.
        rules.refuse_used(session, segment)
    if "expression" in after or "code" in after:
        code, expression = (after.get(name, getattr(segment, name)) for name in ("code", "expression"))
        rules.refuse_wrong_expression(session, str(code), None if expression is None else str(expression))
