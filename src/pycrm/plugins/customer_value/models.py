"""The models that a new database begins with; each enterprise changes them as data.

Those of an examination centre come with its plugin, whose indicators they weigh.
"""

from __future__ import annotations

from pycrm.scoring.model import ScoreModel

__all__ = ["MODELS"]

_WEIGHTS = {"C": 20, "T": 35, "F": 30, "S": 15}

MODELS = (
    ScoreModel(
        "distributor",
        1,
        "Distributor",
        _WEIGHTS,
        "C01:2 C04:2 C16:3 C20:2 C23:1 "
        "T02:4 T06:3 T07:2 T10:2 T11:2 T17:3 T19:1 T33:1 "
        "F03:3 F04:4 F09:2 F17:3 F20:3 F22:2 F27:1 "
        "S02:2 S09:1 S18:2 S25:2 S32:2 S39:1",
    ),
    ScoreModel(
        "project",
        1,
        "Project sales",
        {"C": 30, "T": 25, "F": 30, "S": 15},
        "C01:3 C04:3 C13:2 C20:3 C21:2 C22:3 C26:2 C28:1 "
        "T23:2 T24:3 T28:2 T29:3 T30:3 T31:1 "
        "F02:3 F03:3 F04:3 F12:1 F17:3 F20:3 F22:3 "
        "S02:2 S05:3 S07:3 S09:2 S25:2",
    ),
)
