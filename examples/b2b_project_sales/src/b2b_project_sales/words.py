"""What the product calls things in Chinese, where a declaration has no place for it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["WORDS"]

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zh": {
            "BuyerProfile": "采购画像",
            "Criterion": "评估项",
            "Decision.conditional": "有条件立项",
            "Decision.go": "立项",
            "Decision.no_go": "不立项",
            "Funding.applied": "已申请",
            "Funding.approved": "已批准",
            "Funding.unknown": "未知",
            "Next bid": "下次投标",
            "Open projects": "在跟项目",
            "Our part of them": "我方金额",
            "Project": "项目",
            "ProjectKind.expansion": "扩建",
            "ProjectKind.new_build": "新建",
            "ProjectKind.retrofit": "改造",
            "ProjectKind.service": "服务",
            "Pursuits": "项目跟踪",
            "Tender.invited": "邀请招标",
            "Tender.negotiated": "议标",
            "Tender.open": "公开招标",
            "Bid date": "投标日期",
            "Value of our part": "我方金额",
            "days left": "剩余天数",
            "Nothing is pursued.": "没有在跟项目。",
        }
    }
)
