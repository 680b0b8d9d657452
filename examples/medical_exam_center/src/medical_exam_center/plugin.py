"""The plugin: its table of contents, and the moments at which the desk has something to say."""

from __future__ import annotations

from collections.abc import Mapping

from pycrm import Plugin, Session, hookimpl
from pycrm.hooks import Change, StageMove

from medical_exam_center.booking import Booking, Place
from medical_exam_center.desk import free, refuse_early, refuse_late, refuse_unfit, take
from medical_exam_center.examinee import ExamineeProfile
from medical_exam_center.journey import JOURNEY
from medical_exam_center.package import ExamPackage, PackageItem
from medical_exam_center.slot import Slot
from medical_exam_center.words import WORDS

__all__ = ["ExamCenter"]


class ExamCenter(Plugin):
    """Examination centre

    Packages of examinations, places by the half-day, examinees and their bookings.
    """

    name = "checkup"
    api = ">=0.1,<0.2"
    records = (Slot, ExamPackage, Booking)
    children = (PackageItem, Place)
    facets = (ExamineeProfile,)
    pipelines = (JOURNEY,)
    words = WORDS
    sample = "medical_exam_center.sample:add"

    @hookimpl
    def before_add(self, session: Session, record: Booking) -> None:
        """A new booking is for somebody who may take the package, and takes its places."""
        if isinstance(record, Booking):
            refuse_unfit(session, record)
            take(session, record.places)

    @hookimpl
    def before_change(self, session: Session, record: Booking, changes: Mapping[str, Change]) -> None:
        """A booking that moves gives its old places back as it takes the new ones (EXM-6)."""
        if isinstance(record, Booking) and "places" in changes:
            before, after = changes["places"]
            free(session, before)
            take(session, after)

    @hookimpl
    def before_move(self, session: Session, record: Booking, move: StageMove) -> None:
        """People are checked in on their day, and are absent when it is over."""
        if isinstance(record, Booking) and move.target == "checked_in":
            refuse_early(session, record)
        if isinstance(record, Booking) and move.target == "no_show":
            refuse_late(session, record)

    @hookimpl
    def record_moved(self, session: Session, record: Booking, move: StageMove) -> None:
        """A cancelled booking gives its places back; that of somebody who did not come counts as used."""
        if isinstance(record, Booking) and move.target == "cancelled":
            free(session, record.places)
