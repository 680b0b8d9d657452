"""Amendments at the command line: asked for, decided on, applied on their day."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from revision.amending import policy, world
from revision.world import differing, tables

from pycrm import CRM, FixedClock

from .conftest import Pycrm


def test_a_change_is_asked_for_and_agreed_to(crm: CRM, pycrm: Pycrm) -> None:
    """Who asks is told the amendment, the leader finds it with old and new value, and agrees."""
    made = world(crm)
    policy(crm, "Organization.tax_id")
    words = ("amend", "customer", made.pump.code, "--set", "tax_id=T9", "--because", "licence renewed")
    said = pycrm(*words, "--as", "rep_a")
    assert (said.code, said.out.split(";")[0]) == (0, "submitted")
    which = said.out.split()[-1]
    assert pycrm("inbox", "--as", "rep_a").out.strip() == "nothing waits for you"
    (item,) = pycrm("inbox", "--as", "lead_e", "--json").data["items"]
    assert [(one["path"], one["base"], one["new"]) for one in item["lines"]] == [("tax_id", "T1", "T9")]
    assert "Pump" in pycrm("inbox", "--as", "lead_e").out
    done = pycrm("approve", which, "--as", "lead_e", "--because", "seen it")
    assert (done.code, done.out.strip()) == (0, f"{which}: applied")
    assert "licence renewed" in pycrm("history", "customer", made.pump.code, "--as", "rep_a").out
    again = pycrm("approve", which, "--as", "lead_e")
    assert again.code == 5


def test_a_day_to_come_and_the_run_of_that_day(
    crm: CRM, pycrm: Pycrm, clock: FixedClock, tmp_path: Path
) -> None:
    """What is recorded for a later day is applied by the run of that day, once."""
    made = world(crm)
    words = ("amend", "customer", made.pump.code, "--set", "strategic=yes", "--because", "now important")
    said = pycrm(*words, "--on", "2026-07-01", "--as", "rep_a")
    assert said.out.startswith("scheduled for 2026-07-01")
    heads = ("--heads", str(tmp_path / "heads"))
    first = pycrm("jobs", "run", "--json", *heads).data
    assert (first["applied"], first["unsealed"]) == ([], None)
    assert first["sealed"] > 0
    assert pycrm("jobs", "run", "--date", "2026-07-01").code == 2
    clock.set("2026-07-01T00:00:00+08:00")
    done = pycrm("jobs", "run", *heads)
    told, forecasts = done.out.splitlines()
    # Each run of jobs acts as the product, and so seals at least that it did.
    assert re.fullmatch(
        "1 applied, 0 in conflict, 0 reminded of, 0 taken further up, [1-9][0-9]* sealed", told
    )
    # A month and a quarter begin on that day.
    assert forecasts == "0 owners and 0 leaders reminded of what stands still, 2 forecasts written down"
    again = pycrm("jobs", "run", *heads)
    assert re.fullmatch(
        "0 applied, 0 in conflict, 0 reminded of, 0 taken further up, [1-9] sealed", again.out.strip()
    )


def test_several_are_decided_on_each_by_itself(crm: CRM, pycrm: Pycrm) -> None:
    """Of two amendments the leader's own is left, and the other is rejected with a comment."""
    made = world(crm)
    policy(crm, "Party.name")
    ids = []
    for login, customer in (("rep_a", made.pump), ("lead_e", made.own)):
        words = ("amend", "customer", customer.code, "--set", "name=N2", "--because", "licence renewed")
        ids.append(pycrm(*words, "--as", login).out.split()[-1])
    said = pycrm("reject", *ids, "--because", "not yet", "--as", "lead_e", "--json").data["items"]
    assert [(one["state"], one["refusal"]) for one in said] == [
        ("rejected", None),
        ("submitted", "nobody decides on an own amendment"),
    ]
    assert pycrm("withdraw", ids[1], "--as", "lead_e").out.strip() == f"{ids[1]}: withdrawn"


@pytest.mark.parametrize(
    ("words", "login", "code"),
    [
        (("--set", "tax_id=T1", "--because", "licence renewed"), "rep_a", 2),
        (("--set", "tax_id=T9", "--because", "so"), "rep_a", 2),
        (("--set", "colour=red", "--because", "licence renewed"), "rep_a", 2),
        (("--set", "tax_id=T9", "--because", "licence renewed", "--on", "2026-06-29"), "rep_a", 2),
        (("--set", "tax_id=T9", "--set", "industry=B", "--because", "licence renewed"), "rep_a", 6),
        (("--set", "tax_id=T9", "--because", "licence renewed"), "rep_b", 4),
    ],
)
def test_a_refusal_is_an_exit_code(
    crm: CRM, pycrm: Pycrm, words: tuple[str, ...], login: str, code: int
) -> None:
    """Who may not, or says nonsense, gets the code of the refusal, and nothing changes."""
    made = world(crm)
    policy(crm, "Organization.tax_id")
    before = tables(crm)
    assert pycrm("amend", "customer", made.pump.code, *words, "--as", login).code == code
    assert differing(before, tables(crm)) == []
