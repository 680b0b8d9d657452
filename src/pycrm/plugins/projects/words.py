"""What the plugin's choices are called in Chinese; records and fields say it where they are declared."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["WORDS"]

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {"ProjectLimits": "Limits of projects", "ProjectLimits.many": "Limits of projects"},
        "zh": {
            "Block.bid date": "投标日期",
            "Block.competitors": "竞争对手",
            "Block.funding": "资金落实",
            "Block.investment scale": "投资规模",
            "Block.needs": "需求",
            "Block.our value": "我方价值",
            "Block.scope": "供货范围",
            "Block.stakeholders": "关键人",
            "CostKind.bid": "投标费",
            "CostKind.entertainment": "招待费",
            "CostKind.labour": "人工",
            "CostKind.outside": "外包",
            "CostKind.presales": "售前",
            "CostKind.sample": "样品",
            "CostKind.travel": "差旅",
            "Funding.applied": "已申请",
            "Funding.approved": "已批准",
            "Funding.unknown": "未知",
            "GoDecision.conditional": "有条件立项",
            "GoDecision.go": "立项",
            "GoDecision.no_go": "不立项",
            "Position.ahead": "领先",
            "Position.behind": "落后",
            "Position.level": "持平",
            "ProjectRole.commercial": "商务",
            "ProjectRole.executive": "高层",
            "ProjectRole.lead": "项目负责人",
            "ProjectRole.overseas": "海外成员",
            "ProjectRole.sales": "销售",
            "ProjectRole.technical": "技术",
            "Purchasing.central": "集中采购",
            "Purchasing.dispersed": "分散采购",
            "Purchasing.mixed": "混合采购",
            "RevenueKind.contract": "合同额",
            "RevenueKind.goods": "货物成本",
            "RevenueKind.receipt": "回款",
            "StakeholderDepartment.consultant": "咨询方",
            "StakeholderDepartment.decision": "决策部门",
            "StakeholderDepartment.designer": "设计院",
            "StakeholderDepartment.finance": "财务部门",
            "StakeholderDepartment.procurement": "采购部门",
            "StakeholderDepartment.technical": "技术部门",
            "StakeholderDepartment.user": "使用部门",
            "StakeholderRole.buyer": "采购者",
            "StakeholderRole.coach": "内线",
            "StakeholderRole.decider": "决策者",
            "StakeholderRole.gatekeeper": "把关者",
            "StakeholderRole.influencer": "影响者",
            "StakeholderRole.user": "使用者",
            "TenderKind.invited": "邀请招标",
            "TenderKind.negotiated": "议标",
            "TenderKind.open": "公开招标",
        },
    }
)
