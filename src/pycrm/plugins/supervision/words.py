"""What the plugin's choices are called in Chinese; records and fields say it where they are declared."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["WORDS"]

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zh": {
            "DirectiveKind.comment": "批注",
            "DirectiveKind.instruction": "指示",
            "DirectiveKind.praise": "表扬",
            "Passing.read": "阅读确认",
            "Passing.signed_off": "签字确认",
            "Passing.test": "测验通过",
        }
    }
)
