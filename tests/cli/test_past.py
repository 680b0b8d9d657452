"""The whole of history at the command line: sealed, proven, weighed, and a person erased from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from house import enterprise
from revision.sealing import Hand, permit
from revision.test_size import Desk

from pycrm import CRM, Customer, FixedClock, Grant, Role
from pycrm.entities.org import Action, Reach

from .conftest import Pycrm


def sold(crm: CRM) -> Customer:
    """One customer of rep_a, a person, changed once."""
    enterprise(crm)
    permit(crm)
    with crm.session(crm.system("rights")) as session:
        role = session.find(Role, Role.name == "administrator", children=True)[0]
        wanted = [
            Grant(entity=entity, action=action, reach=Reach.ALL)
            for entity, action in (("Customer", Action.READ), ("Erasure", Action.CREATE))
        ]
        session.change(role, grants=[*role.grants, *wanted])
    with crm.session("rep_a") as session:
        wang = session.add(Customer.person("Wang Lei", mobile="13800138000", source="exhibition"))
    with crm.session("rep_a") as session:
        return session.change(session.get(wang.ref), channel="fair", because="Wang Lei said so")


def test_history_is_sealed_and_proven(crm: CRM, pycrm: Pycrm, tmp_path: Path, clock: FixedClock) -> None:
    """Whoever seals is told how much; whoever verifies, that the chain holds and what is not sealed yet."""
    wang = sold(crm)
    heads = ("--heads", str(tmp_path / "heads"))
    done = pycrm("history", "seal", "--json", *heads).data
    assert (
        done["added"]
        == done["number"]
        == sum(len(Hand(crm).rows(f"crm_{book}")) for book in ("revision", "elevation"))
    )
    assert pycrm("history", "seal", *heads).out.startswith("sealed 0; head")
    whole = pycrm("history", "verify", *heads)
    assert (whole.code, whole.out.strip().endswith("the chain holds")) == (0, True)
    with crm.session("rep_a") as session:
        session.change(session.get(wang.ref), channel="web")
    clock.advance(seconds=40)
    found = pycrm("history", "verify", "--json", *heads).data
    assert (found["holds"], found["head"], found["heads"]) == (True, done["head"], 1)
    assert found["tail"] == {"items": 1, "seconds": 40}
    assert found["broken"] is None


def test_a_change_past_the_session_is_named(crm: CRM, pycrm: Pycrm, tmp_path: Path) -> None:
    """An edited row of history is named with its place, and the code says that the chain does not hold."""
    wang = sold(crm)
    heads = ("--heads", str(tmp_path / "heads"))
    pycrm("history", "seal", *heads)
    hand = Hand(crm)
    (row,) = [one for one in hand.rows("crm_change") if one["entity"] == "Customer" and one["version"] == 2]
    hand.set("crm_change", row, {"changes": row["changes"].replace("fair", "mail")})
    said = pycrm("history", "verify", *heads)
    assert said.code == 1
    assert f"Customer {wang.id} version 2: was changed" in said.out
    broken = pycrm("history", "verify", "--json", *heads)
    assert broken.code == 1
    place = broken.data["broken"]
    assert (place["entity"], place["record"], place["version"]) == ("Customer", str(wang.id), 2)


def test_a_database_without_its_heads_is_not_sealed(crm: CRM, pycrm: Pycrm, tmp_path: Path) -> None:
    """Whoever lost the file of heads, or on a server never named a folder, is refused and told what to do."""
    sold(crm)
    heads = tmp_path / "heads"
    pycrm("history", "seal", "--heads", str(heads))
    for file in heads.iterdir():
        file.unlink()
    lost = pycrm("history", "seal", "--heads", str(heads))
    assert (lost.code, "the heads of the chain are gone" in lost.err) == (1, True)
    if crm.store.dialect == "postgresql":
        said = pycrm("history", "seal")
        assert (said.code, "PYCRM_HEADS" in said.err) == (1, True)
        report = pycrm("jobs", "run")
        assert (report.code, "history is not sealed: name a folder" in report.out) == (0, True)


def test_a_person_is_erased(crm: CRM, pycrm: Pycrm, tmp_path: Path) -> None:
    """Who may erase is told what went and the new name; others, and a short reason, change nothing."""
    wang = sold(crm)
    heads = ("--heads", str(tmp_path / "heads"))
    pycrm("history", "seal", *heads)
    words = ("erase", "customer", wang.code, "--because", "asked for it in writing")
    assert pycrm(*words, "--as", "rep_a").code == 3
    assert pycrm(*words[:-1], "so", "--as", "admin").code == 2
    done = pycrm(*words, "--scrub", "--json", "--as", "admin")
    assert done.code == 0
    parts = {one["entity"]: one for one in done.data["parts"]}
    assert parts["Customer"]["rows"] == parts["Party"]["rows"] == 1
    left = Hand(crm).everything(crm.metadata.tables)
    assert "Wang Lei" not in left
    assert done.data["pseudonym"] in left
    assert pycrm("history", "verify", *heads).code == 0


def test_whom_the_night_will_erase_is_listed(crm: CRM, pycrm: Pycrm) -> None:
    """A period is set, and the list for a day ahead names party, last day and reason; for today, nobody."""
    wang = sold(crm)
    values = ("entity=Customer", "months=24", "reason=our notice of 2026")
    given = ("add", "retentionperiod", *(word for one in values for word in ("--set", one)))
    assert pycrm(*given, "--as", "dir").code == 3
    with crm.session(crm.system("rights")) as session:
        role = session.find(Role, Role.name == "administrator", children=True)[0]
        grant = Grant(entity="RetentionPeriod", action=Action.CREATE, reach=Reach.ALL)
        session.change(role, grants=[*role.grants, grant])
    assert pycrm(*given, "--as", "admin").code == 0
    assert "nobody" in pycrm("jobs", "expired").out
    (item,) = pycrm("jobs", "expired", "--date", "2099-01-01", "--json").data["items"]
    assert (item["entity"], item["id"]) == ("Party", str(wang.party.id))
    assert item["because"] == "nothing was written for 24 months: our notice of 2026"
    shown = pycrm("jobs", "expired", "--date", "2099-01-01").out
    assert (str(wang.party.id) in shown, wang.name in shown) == (True, True)


def test_history_is_weighed(open_crm: Callable[..., CRM], pycrm: Pycrm) -> None:
    """Rows and bytes of each kind are listed, and a kind that exceeds its budget is marked."""
    crm = open_crm(plugins=[Desk()])
    crm.migrate()
    with crm.session(crm.system("desk")) as session:
        slip = session.add(Desk.records[0](text="a"))
        for text in "bcd":
            slip = session.change(slip, text=text)
        session.add(Desk.records[1](text="a"))
    items = pycrm("history", "size", "--json", plugins=(Desk(),)).data["items"]
    found = {one["entity"]: one for one in items}
    assert (found["Slip"]["rows"], found["Slip"]["excess"]) == (4, ["1 rows over 3"])
    assert found["Slip"]["budget"] == {"rows": 3, "years": 2}
    assert (found["Stub"]["rows"], found["Stub"]["excess"]) == (1, [])
    assert found["Slip"]["values"] > 0
    (line,) = [one for one in pycrm("history", "size", plugins=(Desk(),)).out.splitlines() if "Slip" in one]
    assert "EXCEEDS: 1 rows over 3" in line
