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
            "Log of the day": "当日日志",
            "People today": "员工今日",
            "Recorded": "当日记录",
            "Nothing was recorded.": "当日没有记录。",
            "Planned visits": "计划拜访",
            "The log": "日志",
            "No log is needed for this day.": "当日无需日志。",
            "Nothing is written yet.": "尚未填写。",
            "Write the log": "填写日志",
            "Change the log": "修改日志",
            "The last two weeks": "最近两周",
            "Day before": "前一天",
            "Day after": "后一天",
            "Comment": "批示",
            "withdrawn": "已撤销",
            "A task done": "完成任务",
            "A stage changed": "阶段变更",
            "Person": "员工",
            "Presence": "状态",
            "Visits": "拜访",
            "Last activity": "最近活动",
            "Quiet for": "无动静",
            "{number} min": "{number} 分钟",
            "Overdue": "逾期",
            "{contacts} contacts, {commitments} commitments, {tasks} tasks": (
                "联系 {contacts}、承诺 {commitments}、任务 {tasks}"
            ),
            "Log": "日志",
            "Submit": "提交",
            "Unit": "单位",
            "Everybody": "全部",
            "{done} of {planned}": "{done}/{planned}",
            "Nobody's work is in your sight.": "没有可查看的员工。",
            "Presence.visiting": "拜访中",
            "Presence.in_office": "在岗",
            "Presence.on_leave": "请假",
            "Presence.no_sign": "无记录",
            "LogState.open": "待提交",
            "LogState.late": "迟交",
            "LogState.submitted": "已提交",
            "LogState.submitted_late": "迟交提交",
            "LogState.missing": "缺失",
            "VisitState.planned": "已计划",
            "VisitState.done": "已完成",
            "VisitState.skipped": "未执行",
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
