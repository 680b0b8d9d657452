"""The calls of a Portuguese bank (Moro, Cortez and Rita 2014), led through a pipeline of a campaign."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

import pytest

from pycrm import CRM, Field, FixedClock, MoveError, Plugin, Record, field
from pycrm.declare import reference
from pycrm.pipeline import Move, Pipeline, Stage, Use

from .where import realdata

pytestmark = pytest.mark.realdata

# Published with the data: 45,211 clients, of whom 5,289 subscribed; of the 1,511 who had done so before, 978.
CLIENTS, SUBSCRIBED = 45_211, 5_289
AGAIN, AGAIN_SUBSCRIBED = 1_511, 978

CAMPAIGN = Pipeline(
    "campaign",
    1,
    "Client",
    "Campaign",
    stages=(
        Stage("called", "Called", probability=12),
        Stage("subscribed", "Subscribed", kind="won"),
        Stage("declined", "Declined", kind="lost"),
    ),
    moves=(
        Move("subscribe", "called", "subscribed", "Subscribe", guards=Use("campaign.agreed")),
        Move("decline", "called", "declined", "Decline"),
    ),
)


class Client(Record, table="campaign_client", scope=reference(), pipeline="campaign"):
    """Somebody whom the bank called."""

    answer: Field[str] = field("Answer", longest=3)
    before: Field[str] = field("Outcome of the campaign before", longest=20)


def _agreed(record: Client) -> str | None:
    return None if record.answer == "yes" else "the client said no"


class Campaign(Plugin):
    """Campaign

    Clients who are called about a deposit.
    """

    name = "campaign"
    records = (Client,)
    pipelines = (CAMPAIGN,)
    guards = {"campaign.agreed": _agreed}


def clients() -> Iterator[Client]:
    """Everybody in the file, each with the answer that was given."""
    with realdata("bank_marketing", "bank.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield Client(answer=row["deposit"], before=row["poutcome"])


def led(crm: CRM) -> None:
    """Enter everybody, and take each to where the answer leads."""
    every = clients()
    with crm.session(crm.system("campaign")) as session:
        while some := list(islice(every, 5000)):
            session.add_all(some)
    # One "no" among them stops them all: the gate looks at each.
    with pytest.raises(MoveError, match="said no"), crm.session(crm.system("campaign")) as session:
        session.move_where(Client, to="subscribed")
    with crm.session(crm.system("campaign")) as session:
        assert session.move_where(Client, Client.answer == "yes", to="subscribed") == SUBSCRIBED
        assert session.move_where(Client, Client.stage == "called", to="declined") == CLIENTS - SUBSCRIBED


def figures(crm: CRM, *conditions: Any) -> tuple[int, int, Decimal | None, dict[str, int]]:
    """How many left the call, how many of them forward, in percent, and where everybody stands."""
    with crm.view(crm.system("report")) as session:
        called, *ends = session.funnel(Client, *conditions)
        assert called.count == 0
        return called.left, called.forward, called.conversion, {one.stage: one.count for one in ends}


def settle(address: str) -> None:
    """Let the server count its rows, as it does by itself within the minute."""
    if address.startswith("postgresql"):
        import psycopg

        with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("ANALYZE")


def tell_of_the_bank(address: str) -> None:
    """The figures of the whole campaign, and of those who had subscribed before."""
    with CRM(
        address, plugins=[Campaign], clock=FixedClock("2026-06-30T09:00:00+08:00"), random=random.Random(7)
    ) as crm:
        crm.migrate()
        led(crm)
        settle(address)
        ends = {"subscribed": SUBSCRIBED, "declined": 39_922}
        assert figures(crm) == (CLIENTS, SUBSCRIBED, Decimal("11.70"), ends)
        again = Client.before == "success"
        ends = {"subscribed": AGAIN_SUBSCRIBED, "declined": 533}
        assert figures(crm, again) == (AGAIN, AGAIN_SUBSCRIBED, Decimal("64.73"), ends)
        with crm.view(crm.system("report")) as session:
            behind = session.behind(Client, "called", "forward", again, limit=1000)
            assert {(one.before, one.answer) for one in behind} == {("success", "yes")}
            assert len(behind) == AGAIN_SUBSCRIBED


def test_a_campaign_of_a_bank_gives_the_published_figures(sqlite_database: str) -> None:
    """Of 45,211 clients 5,289 subscribed, and 978 of the 1,511 who had done so before, by funnel and records."""
    tell_of_the_bank(sqlite_database)


@pytest.mark.torture
@pytest.mark.postgresql
def test_the_campaign_gives_them_on_postgresql(postgresql_database: str) -> None:
    """The same figures come out of the other database."""
    tell_of_the_bank(postgresql_database)
