"""What the plugin's choices are called in Chinese; records and fields say it where they are declared."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["WORDS"]

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zh": {
            "Answer": "回复",
            "Answered by you": "我已回复",
            "Directives": "批示",
            "Nothing waits for you.": "没有待处理的批示。",
            "Not answered in time": "逾期未回复",
            "To be answered by you": "待我回复",
            "Written by you": "我发出的批示",
            "about": "关于",
            "due {day}": "截止 {day}",
            "DirectiveKind.comment": "批注",
            "DirectiveKind.instruction": "指示",
            "DirectiveKind.praise": "表扬",
            "Passing.read": "阅读确认",
            "Passing.signed_off": "签字确认",
            "Passing.test": "测验通过",
        }
    }
)
