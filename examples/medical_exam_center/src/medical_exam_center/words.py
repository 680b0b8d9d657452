"""What the centre calls things: its choices in Chinese, and customers as the examinees that they are."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["WORDS"]

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zh": {
            "Half.afternoon": "下午",
            "Half.morning": "上午",
            "Identity.id_card": "身份证",
            "Identity.passport": "护照",
            "Identity.two_marks": "两项身份信息",
            "Resource.ct": "CT",
            "Resource.gastroscopy": "胃镜",
            "Resource.reception": "前台",
            "Resource.ultrasound": "超声",
            "Sex.any": "不限",
            "Sex.female": "女",
            "Sex.male": "男",
        }
    }
)
