"""How a booking goes: it is kept, moved or cancelled, and the examinee comes or does not."""

from __future__ import annotations

from pycrm import TODAY, Move, Pipeline, SetField, Stage

__all__ = ["JOURNEY"]


def _zh(text: str) -> dict[str, str]:
    return {"zh": text}


JOURNEY = Pipeline(
    "checkup_booking",
    1,
    "Booking",
    "Booking",
    translations=_zh("预约流程"),
    stages=(
        Stage("booked", "Booked", probability=85, translations=_zh("已预约")),
        Stage(
            "checked_in",
            "Checked in",
            probability=99,
            stall_days=1,
            required=("identity",),
            translations=_zh("已到检"),
        ),
        Stage("examined", "Examined", kind="won", translations=_zh("已完成")),
        Stage("broken_off", "Left early", kind="lost", translations=_zh("中途离开")),
        Stage("cancelled", "Cancelled", kind="lost", translations=_zh("已取消")),
        Stage("no_show", "Did not come", kind="lost", translations=_zh("爽约")),
    ),
    moves=(
        Move(
            "check_in",
            "booked",
            "checked_in",
            "Check in",
            effects=SetField("arrived_on", TODAY),
            translations=_zh("到检登记"),
        ),
        Move("finish", "checked_in", "examined", "Finish", translations=_zh("完成体检")),
        Move(
            "break_off",
            "checked_in",
            "broken_off",
            "Left early",
            reason=True,
            translations=_zh("中途离开"),
        ),
        Move("cancel", "booked", "cancelled", "Cancel", reason=True, translations=_zh("取消预约")),
        Move("miss", "booked", "no_show", "Did not come", translations=_zh("登记爽约")),
    ),
)
