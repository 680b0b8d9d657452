"""Forgetting single fields that may be kept no longer, now and in the past."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from house import enterprise

from pycrm import (
    CRM,
    Action,
    Contact,
    Customer,
    Department,
    FixedClock,
    ForbiddenError,
    Grant,
    HeldError,
    InvalidError,
    LegalHold,
    NotFoundError,
    Party,
    Reach,
    Role,
)
from pycrm.revision.erase import field as forgetting

MARK = "plays chess in Zq7"


@pytest.fixture
def crm(open_crm: Callable[..., CRM], tmp_path: Path) -> CRM:
    """An enterprise whose top management may erase."""
    made = open_crm(heads=tmp_path)
    enterprise(made)
    with made.session(made.system("rights")) as session:
        top = session.find(Role, Role.name == "top", children=True)[0]
        session.change(
            top, grants=[*top.grants, Grant(entity="Erasure", action=Action.CREATE, reach=Reach.ALL)]
        )
    return made


def _contact(crm: CRM, clock: FixedClock) -> Contact:
    """A contact of rep_a whose hobbies were entered, sealed, changed and not sealed."""
    with crm.session("rep_a") as session:
        firm = session.add(Customer.organization("Hongda", mobile="13900000001", source="exhibition"))
        draft = Contact.named(
            "Li",
            customer=firm,
            department=Department.USER,
            mobile="13900000002",
            hobbies=MARK,
            job_title="boss",
        )
        made = session.add(draft)
    crm.seal()
    clock.set("2026-07-01T09:00:00+08:00")
    with crm.session("rep_a") as session:
        return session.change(made, hobbies=f"{MARK} and go", because="told me")


def _kept(crm: CRM) -> bool:
    """Whether the mark stands in any table."""
    with crm.store.connect() as connection:
        names = sa.inspect(connection).get_table_names(schema=crm.store.schema)
        rows = [connection.execute(sa.text(f'SELECT * FROM "{name}"')).all() for name in names]
        connection.rollback()
    return any(MARK in str(value) for table in rows for row in table for value in row)


def forget_hobbies(crm: CRM, clock: FixedClock) -> Contact:
    """What is forgotten is nowhere any more, and everything else is as it was."""
    contact = _contact(crm, clock)
    assert _kept(crm)
    clock.set("2026-07-02T09:00:00+08:00")
    with crm.session("dir") as session:
        made = session.forget(contact, "hobbies", because="kept long enough")
        assert (made.hobbies, made.job_title, made.version) == (None, "boss", 3)
    assert not _kept(crm)
    return made


def test_a_forgotten_field_is_gone_from_the_past_too(crm: CRM, clock: FixedClock) -> None:
    """Nobody reads it in the record, its history or its past, and the chain of history still holds."""
    contact = forget_hobbies(crm, clock)
    crm.seal()
    assert crm.verify().holds
    with crm.view("rep_a") as session:
        revisions = session.history(contact)
        assert [one.act for one in revisions] == ["erase", "change", "add"]
        former = session.as_of(contact, revisions[-1].at)
        assert former is not None
        assert (former.job_title, MARK in str(former)) == ("boss", False)
    # Once more it changes nothing.
    with crm.session("dir") as session:
        assert session.forget(session.get(contact.ref), "hobbies", because="again").version == 3


def test_the_past_is_not_forgotten_by_itself(
    crm: CRM, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the history left as it is, the search for what was forgotten would find it."""
    monkeypatch.setattr(forgetting, "erase_changes", lambda *given: 0)
    with pytest.raises(AssertionError):
        forget_hobbies(crm, clock)


def test_who_forgets_what(crm: CRM, clock: FixedClock) -> None:
    """It takes the right to erase; only what is personal and may be empty goes, and nothing while a hold lasts."""
    contact = _contact(crm, clock)

    def forget(who: Any, *names: str, record: Any = contact) -> Any:
        with crm.session(who) as session:
            return session.forget(record, *names, because="kept long enough")

    for who in ("rep_a", "lead_e"):
        with pytest.raises(ForbiddenError):
            forget(who, "hobbies")
    with pytest.raises(NotFoundError):
        forget("rep_w", "hobbies")
    for names in (("job_title",), ("name",), ("nothing",), ("owner",), ("hobbies", "version"), ()):
        with pytest.raises(InvalidError):
            forget("dir", *names)
    with crm.session(crm.system("court")) as session:
        session.add(LegalHold(party=contact.person, reason="a lawsuit"))
    for record in (contact, _party(crm, contact)):
        with pytest.raises((HeldError, InvalidError)):
            forget("dir", "hobbies", record=record)
    assert _kept(crm)


def _party(crm: CRM, contact: Contact) -> Party:
    with crm.view("dir") as session:
        return session.get(contact.person)
