"""What stands in a pipeline, for how long, and what it will bring: funnels, time in stage, forecasts.

Every figure is computed in SQL over the records that its reader sees, by the gateway's own scope; a
figure over a field that is hidden from the reader is refused as an unknown field is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycrm.demand import on_demand

if TYPE_CHECKING:
    from pycrm.forecast import attainment as attainment
    from pycrm.forecast import chance as chance
    from pycrm.forecast import elapsed as elapsed
    from pycrm.forecast import funnel as funnel
    from pycrm.forecast import inner as inner
    from pycrm.forecast import odds as odds
    from pycrm.forecast import outlook as outlook
    from pycrm.forecast import period as period
    from pycrm.forecast import snapshot as snapshot
    from pycrm.forecast import stage as stage
    from pycrm.forecast import standing as standing
    from pycrm.forecast.attainment import Attainment as Attainment
    from pycrm.forecast.chance import Chance as Chance
    from pycrm.forecast.elapsed import StageTime as StageTime
    from pycrm.forecast.funnel import FunnelStage as FunnelStage
    from pycrm.forecast.logistic import BackTest as BackTest
    from pycrm.forecast.logistic import Calibration as Calibration
    from pycrm.forecast.logistic import LogisticModel as LogisticModel
    from pycrm.forecast.logistic import back_test as back_test
    from pycrm.forecast.logistic import fit_logistic as fit_logistic
    from pycrm.forecast.odds import Odds as Odds
    from pycrm.forecast.outlook import Category as Category
    from pycrm.forecast.outlook import Forecast as Forecast
    from pycrm.forecast.outlook import Outlook as Outlook
    from pycrm.forecast.period import Period as Period
    from pycrm.forecast.season import Season as Season
    from pycrm.forecast.snapshot import Accuracy as Accuracy
    from pycrm.forecast.snapshot import Snapshot as Snapshot
    from pycrm.forecast.standing import Standing as Standing

_HOMES = {
    "stage": (),
    "attainment": ("Attainment",),
    "chance": ("Chance",),
    "elapsed": ("StageTime",),
    "funnel": ("FunnelStage",),
    "inner": (),
    "logistic": ("BackTest", "Calibration", "LogisticModel", "back_test", "fit_logistic"),
    "odds": ("Odds",),
    "outlook": ("Category", "Forecast", "Outlook"),
    "period": ("Period",),
    "season": ("Season",),
    "snapshot": ("Accuracy", "Snapshot"),
    "standing": ("Standing",),
}

__all__ = [
    "Accuracy",
    "Attainment",
    "BackTest",
    "Calibration",
    "Category",
    "Chance",
    "Forecast",
    "FunnelStage",
    "LogisticModel",
    "Odds",
    "Outlook",
    "Period",
    "Season",
    "Snapshot",
    "StageTime",
    "Standing",
    "back_test",
    "fit_logistic",
]

__getattr__ = on_demand(__name__, _HOMES)
