"""The pure mathematics of customer value: functions of numbers, with no database behind them.

Names that need NumPy and SciPy (the extra ``analytics``) are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pycrm.errors import DeclarationError
from pycrm.plugins.customer_value.clv.churn import Churn, churn_risk
from pycrm.plugins.customer_value.clv.classes import Pareto, pareto
from pycrm.plugins.customer_value.clv.contribution import (
    ContributionChange,
    Earning,
    MarginShare,
    Sale,
    contribution_around,
    margin_shares,
)
from pycrm.plugins.customer_value.clv.credit import CreditRule, CreditSuggestion, suggest_credit
from pycrm.plugins.customer_value.clv.expectation import expected_lifetime_value
from pycrm.plugins.customer_value.clv.rfm import Band, Bands, Dimension, Rfm

if TYPE_CHECKING:
    from pycrm.plugins.customer_value.clv.bgnbd import BgNbd, fit_purchases
    from pycrm.plugins.customer_value.clv.gammagamma import GammaGamma, fit_spending
    from pycrm.plugins.customer_value.clv.history import Histories, Spending
    from pycrm.plugins.customer_value.clv.worth import lifetime_values

__all__ = [
    "Band",
    "Bands",
    "BgNbd",
    "Churn",
    "ContributionChange",
    "CreditRule",
    "CreditSuggestion",
    "Dimension",
    "Earning",
    "GammaGamma",
    "Histories",
    "MarginShare",
    "Pareto",
    "Rfm",
    "Sale",
    "Spending",
    "churn_risk",
    "contribution_around",
    "expected_lifetime_value",
    "fit_purchases",
    "fit_spending",
    "lifetime_values",
    "margin_shares",
    "pareto",
    "suggest_credit",
]

_HOMES = {
    "BgNbd": "bgnbd",
    "fit_purchases": "bgnbd",
    "GammaGamma": "gammagamma",
    "fit_spending": "gammagamma",
    "Histories": "history",
    "Spending": "history",
    "lifetime_values": "worth",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        found = getattr(import_module(f"{__name__}.{home}"), name)
    except ModuleNotFoundError as error:
        raise DeclarationError(f"{name} needs {error.name}: pip install 'pycrm[analytics]'") from error
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
