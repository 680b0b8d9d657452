"""What the plugin's choices are called in Chinese; records and fields say it where they are declared."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["WORDS"]

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zh": {
            "FindingState.corrected": "已纠正",
            "FindingState.explained": "已说明",
            "FindingState.open": "待处理",
            "SegmentKind.dynamic": "动态",
            "SegmentKind.static": "静态",
            "TreatmentState.draft": "草稿",
            "TreatmentState.published": "已发布",
            "TreatmentState.retired": "已停用",
        }
    }
)
