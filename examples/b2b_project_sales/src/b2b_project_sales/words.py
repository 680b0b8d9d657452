"""What the product calls things in Chinese, where a declaration has no place for it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["WORDS"]

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zh": {
            "BuyerProfile": "采购画像",
            "Next bid": "下次投标",
            "Open projects": "在跟项目",
            "Our part of them": "我方金额",
            "Pursuits": "项目跟踪",
            "Bid date": "投标日期",
            "Value of our scope": "我方金额",
            "days left": "剩余天数",
            "Nothing is pursued.": "没有在跟项目。",
        }
    }
)
