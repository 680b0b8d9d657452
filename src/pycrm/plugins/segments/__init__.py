"""Segments: customers divided by value and need, what each group gets, and whether it worked."""

from pycrm.plugins.segments.model import (
    Arm,
    Experiment,
    ExperimentMember,
    FairnessFinding,
    FindingState,
    Segment,
    SegmentKind,
    SegmentMember,
    Serving,
    Treatment,
    TreatmentState,
)
from pycrm.plugins.segments.plugin import Segments

__all__ = [
    "Arm",
    "Experiment",
    "ExperimentMember",
    "FairnessFinding",
    "FindingState",
    "Segment",
    "SegmentKind",
    "SegmentMember",
    "Segments",
    "Serving",
    "Treatment",
    "TreatmentState",
]
