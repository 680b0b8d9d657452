"""The feeds that pycrm knows by itself, whoever offers their facts; a plugin may have more of its own.

Amounts are whole minor units of the CRM's currency, and a return is negative.
"""

from pycrm.scoring.feeds.contact import (
    answers,
    cadences,
    commitments,
    contact_acts,
    owner_changes,
    owners,
    treatments,
)
from pycrm.scoring.feeds.customer import contacts, profile
from pycrm.scoring.feeds.relation import (
    attendances,
    consenting,
    consents,
    logins,
    membership,
    mentions,
    points,
    referral_sales,
    referrals,
    sends,
)
from pycrm.scoring.feeds.service import (
    case_courses,
    case_pauses,
    case_times,
    cases,
    deliveries,
    opinions,
    requests,
    service_work,
    surveys,
)
from pycrm.scoring.feeds.trade import purchases, transactions
from pycrm.scoring.feeds.worktime import holidays, work_days

__all__ = [
    "answers",
    "attendances",
    "cadences",
    "case_courses",
    "case_pauses",
    "case_times",
    "cases",
    "commitments",
    "consenting",
    "consents",
    "contact_acts",
    "contacts",
    "deliveries",
    "holidays",
    "logins",
    "membership",
    "mentions",
    "opinions",
    "owner_changes",
    "owners",
    "points",
    "profile",
    "purchases",
    "referral_sales",
    "referrals",
    "requests",
    "sends",
    "service_work",
    "surveys",
    "transactions",
    "treatments",
    "work_days",
]
