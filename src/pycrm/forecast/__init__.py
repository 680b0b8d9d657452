"""What stands in a pipeline, for how long, and what it will bring: funnels, time in stage, forecasts.

Every figure is computed in SQL over the records that its reader sees, by the gateway's own scope; a
figure over a field that is hidden from the reader is refused as an unknown field is.
"""

from pycrm.forecast.attainment import Attainment
from pycrm.forecast.chance import Chance
from pycrm.forecast.elapsed import StageTime
from pycrm.forecast.funnel import FunnelStage
from pycrm.forecast.logistic import BackTest, Calibration, LogisticModel, back_test, fit_logistic
from pycrm.forecast.odds import Odds
from pycrm.forecast.outlook import Category, Forecast, Outlook
from pycrm.forecast.period import Period
from pycrm.forecast.season import Season
from pycrm.forecast.snapshot import Accuracy, Snapshot
from pycrm.forecast.standing import Standing

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
