"""The verbs about pipelines themselves: what versions there are, and publishing another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pycrm import pipeline as pipelines
from pycrm.session.act import Act
from pycrm.session.moving import Moving

if TYPE_CHECKING:
    from pycrm.pipeline.edition import Edition, Failing, PipelineDraft, PipelinePreview, Running
    from pycrm.pipeline.model import Pipeline

__all__ = ["Publishing"]


class Publishing(Moving):
    """What a session does with the versions of pipelines.

    Drafts and previews need a grant to read ``pipelines``, drafting and publishing one to update them: a
    right of its own, which the default administrator holds. Whoever holds it is told numbers over all
    records; single records are named where they are in the actor's own sight.
    """

    def pipelines(self) -> list[Edition]:
        """Every version that there is, by key and number: published and retired ones.

        Who may read ``pipelines`` also gets drafts, who published what and why, and what plugins declare
        under a number that somebody has published with another content.
        """
        return pipelines.publishing.editions(self.transaction)

    def pipeline(self, key: str, version: int | None = None, *, declared: bool = False) -> Pipeline:
        """One version of a pipeline.

        Args:
            version: its number; without it the one in force, 0 the draft.
            declared: as a plugin declares it under that number, with the next number that is free.

        Raises:
            NotFoundError: there is no such pipeline, version or draft.
            ForbiddenError: a draft, or what is declared, and the actor may not read ``pipelines``.
        """
        return pipelines.publishing.one(self.transaction, key, version, declared=declared)

    def draft_pipeline(
        self, pipeline: Pipeline | Mapping[str, Any] | str, /, *, because: str | None = None
    ) -> PipelineDraft:
        """Store a draft in the place of the pipeline's former one; nothing runs by it.

        Args:
            pipeline: the version, its data as `Pipeline.as_dict` writes them, or its TOML.

        Raises:
            InvalidError: with everything that keeps it from working, each with its path (PIP-18).
            ForbiddenError: the actor may not update ``pipelines``.
        """
        with Act(self, None, because):
            return pipelines.publishing.draft(self.transaction, pipeline, because)

    def preview_pipeline(
        self,
        pipeline: Pipeline | Mapping[str, Any] | str,
        /,
        mapping: Mapping[str, str] | None = None,
        *,
        running: Running = "move",
        failing: Failing = "leave",
        named: int = 20,
    ) -> PipelinePreview:
        """What `publish_pipeline` with the same arguments would do; nothing is changed.

        Args:
            pipeline: the version, its data, its TOML, or the key of the pipeline whose draft it is.
            mapping: stages that are no more, each with the stage that its records go to.
            running: whether open and paused records ``move`` over, or ``keep`` the version they entered.
            failing: whether those that lack what is asked for where they come to ``leave`` their version
                as it is, or ``move`` all the same.
            named: how many of these, and of those with nowhere to go, are named at most.

        Raises:
            ForbiddenError: the actor may not read ``pipelines``.
            NotFoundError: there is no such draft.
            InvalidError: what is given is no pipeline. Whatever else is wrong stands in ``problems``.
        """
        return pipelines.publishing.preview(self.transaction, pipeline, mapping, running, failing, named)

    def publish_pipeline(
        self,
        pipeline: Pipeline | Mapping[str, Any] | str,
        /,
        mapping: Mapping[str, str] | None = None,
        *,
        because: str,
        running: Running = "move",
        failing: Failing = "leave",
        seen: PipelinePreview | None = None,
        named: int = 20,
    ) -> PipelinePreview:
        """Put a version in force, and move over what runs in older ones, in one act (PIP-3).

        Records whose stage stays get a version and a change row, and their days in it go on; where the
        stage changes, a row of the stage history too. Decided and archived records stay as they are. No
        move is taken, so hooks on moves and changes are not called.

        Args:
            pipeline, mapping, running, failing, named: as for `preview_pipeline`.
            because: why, kept with the version and with each record's change.
            seen: the preview that was agreed to; where it would come out otherwise by now, nothing is done.

        Returns:
            what was done, in the form of the preview.

        Raises:
            InvalidError: with everything in the way; ``data["records"]`` names records in sight that stand
                in a stage that is dropped, by stage.
            ConflictError: that number has been published already.
            StaleError: the preview no longer holds.
            ForbiddenError: the actor may not update ``pipelines``.
        """
        with Act(self, None, because):
            return pipelines.publishing.publish(
                *(self.transaction, pipeline, mapping, because),
                running=running,
                failing=failing,
                seen=seen,
                named=named,
            )

    def carry_over(
        self, key: str, /, *, because: str, failing: Failing = "leave", named: int = 20
    ) -> PipelinePreview:
        """Move what stayed in older versions of a pipeline over to the one in force, as publishing it does.

        Records stay behind where they lacked something, or were let keep their version. Stages that are no
        more go where the versions since have sent them; those that none has named want a version that does.

        Args:
            key: of the pipeline.
            failing, named: as for `preview_pipeline`.

        Returns:
            what was done, in the form of the preview.

        Raises:
            NotFoundError: there is no such pipeline.
            InvalidError: records stand in a stage that has no place in the version in force.
            StaleError: records moved meanwhile.
            ForbiddenError: the actor may not update ``pipelines``.
        """
        with Act(self, None, because):
            return pipelines.publishing.carry_over(self.transaction, key, because, failing, named)

    def archive_pipeline_stage(self, key: str, stage: str, /, *, because: str) -> PipelinePreview:
        """Publish the version in force with one stage archived: no record enters it, all may leave (PIP-4).

        Raises:
            NotFoundError: there is no such pipeline.
            InvalidError: there is no such stage, or without it the pipeline cannot work.
            ConflictError: it is archived already.
            ForbiddenError: the actor may not update ``pipelines``.
        """
        with Act(self, None, because):
            return pipelines.publishing.archive_stage(self.transaction, key, stage, because)
