"""Plugins that an administrator enables, disables and takes out, on databases with data in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from house import enterprise
from plugin.vet import Household, Visit, install
from sqlalchemy import event

from pycrm import CRM, Amendment, AmendmentPolicy, ConflictError, Customer, Share, hooks
from pycrm.app import enabling
from pycrm.entities.amendment import AmendmentMode
from pycrm.errors import DeclarationError, StoreError
from pycrm.store.migration import run

from .conftest import Pycrm, Said


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clinic, the lodge, and one whose import would end the process."""
    folder = tmp_path / "known"
    install(folder, vet="plugin.vet:Vet", lodge="plugin.vet:Lodge", bomb="bomb_module:Bomb")
    (folder / "bomb_module.py").write_text("raise SystemExit('imported')", "utf-8")
    monkeypatch.syspath_prepend(str(folder))


@pytest.fixture
def one(bare: Pycrm, sqlite_database: str) -> Pycrm:
    """Run a command on a SQLite file, where PostgreSQL would say the same."""

    def run(*arguments: str, **more: Any) -> Said:
        return bare(*arguments, "--database", sqlite_database, **more)

    return run


@pytest.fixture
def opened(request: pytest.FixtureRequest, clock: Any) -> Any:
    """Open the database as it is enabled; all are closed after the test."""
    made: list[CRM] = []
    known = "database" if "database" in request.fixturenames else "sqlite_database"
    database = request.getfixturevalue(known)

    def open_(**options: Any) -> CRM:
        made.append(CRM.open(database, **{"clock": clock} | options))
        return made[-1]

    yield open_
    for crm in made:
        crm.close()


def filled(crm: CRM) -> Visit:
    """A visit with all that hangs on one: its place in a list, a chip, a share, an open amendment, a stage."""
    cast = enterprise(crm)
    with crm.session("rep_a") as session:
        hongda = session.add(Customer.organization("Hongda", source="exhibition", email="h@example.com"))
        visit = session.add(Visit(customer=hongda, animal="Mimi the cat", on=date(2026, 7, 1), chip="C-7"))
        session.add(Household(of=hongda, animals=2))
        session.share(visit, user=cast.people["rep_b"])
        visit = session.move(visit, to="seen")
    with crm.session(crm.system("set-up")) as session:
        session.add(AmendmentPolicy(entity="Visit", path="fee", mode=AmendmentMode.APPROVAL))
    with crm.session("rep_a") as session:
        session.amend(visit, fee=300, because="the fee was forgotten")
    return visit


def states(said: Any) -> dict[str, str]:
    """The state of each plugin that is loaded or left out."""
    found = {one["name"]: one["state"] for one in said.data["loaded"]}
    return found | {one["name"]: "left out" for one in said.data["left_out"]}


def test_a_plugin_is_enabled_disabled_and_comes_back_to_its_data(
    one: Pycrm, opened: Callable[..., CRM]
) -> None:
    """While a plugin is disabled everybody works on without it, and its rows are there when it is back."""
    assert one("plugin", "enable", "vet").out.splitlines()[-1] == "enabled vet"
    assert states(one("plugin", "list", "--json")) == {"core": "loaded", "vet": "enabled"}
    crm = opened()
    visit = filled(crm)
    again = one("plugin", "enable", "vet", "--json")
    assert (again.code, again.refusal["code"]) == (5, "conflict")

    assert one("plugin", "disable", "vet").code == 0
    without = opened()
    assert [each.name for each in without.registry.plugins] == ["core"]
    assert without.pending() == []
    with without.session("rep_a") as session:
        (hongda,) = session.find(Customer)
        session.change(hongda, channel="fair")
        assert session.history(hongda)
        assert session.count(Share) == 1
    with without.view("lead_e") as session:
        assert session.inbox() == []
        assert session.find(Amendment) == []
    without.run_jobs()
    assert one("doctor").code == 0
    with without.session("dir") as session:
        session.hand_over("rep_a", to="rep_w", because="rep_a has left")

    assert one("plugin", "enable", "vet", "--json").data == {"plugin": "vet", "steps": []}
    with opened().view("dir") as session:
        (found,) = session.find(Visit)
        assert (found.id, found.stage, found.animal, found.chip) == (visit.id, "seen", "Mimi the cat", "C-7")
        assert session.facet(hongda, Household).animals == 2
        assert [each.stage for each in session.stages(found)] == ["booked", "seen"]
        assert session.search(Visit, "mimi").items == [found]
    # Its customer went to the west meanwhile; the visit itself stayed with who had it.
    for login, number in (("lead_w", 1), ("rep_w", 1), ("rep_a", 1), ("lead_e2", 0)):
        with opened().view(login) as session:
            assert session.count(Visit) == number, login


def test_uninstalling_asks_and_says_what_becomes_of_the_data(
    pycrm: Pycrm, opened: Callable[..., CRM], tmp_path: Path
) -> None:
    """Whoever uninstalls sees the rows of each table first; only who agrees loses them, and never the history."""
    pycrm("plugin", "enable", "vet")
    crm = opened(heads=tmp_path / "heads")
    visit = filled(crm)
    dry = pycrm("plugin", "uninstall", "vet", "--dry-run", "--json").data
    assert dry["rows"] == {"vet_visit": 1, "vet_household": 1}
    assert dry["belongings"] == {"crm_claim": 1}
    # The visit was entered, moved, and its household entered.
    assert (dry["kept"], dry["done"]) == (3, False)
    refused = pycrm("plugin", "uninstall", "vet", "--json")
    assert (refused.code, [one["path"] for one in refused.refusal["fields"]]) == (2, ["yes"])
    declined = pycrm("plugin", "uninstall", "vet", input="n\n")
    assert declined.code == 1
    assert "vet_visit" in declined.out
    with opened().view("dir") as session:
        assert session.find(Visit) == [visit]

    agreed = pycrm("plugin", "uninstall", "vet", input="y\n")
    assert agreed.out.splitlines()[-1] == "uninstalled vet: 2 rows are gone"
    again = pycrm("plugin", "uninstall", "vet", "--yes", "--json")
    assert (again.code, again.refusal["message"]) == (4, "the database holds nothing of the plugin vet")
    without = opened(heads=tmp_path / "heads")
    assert [one.name for one in without.registry.plugins] == ["core"]
    without.seal()
    assert without.verify().holds
    with without.view(without.system("looking")) as session:
        purposes = [one.purpose for one in session.elevations()]
    assert "uninstall the plugin vet" in purposes

    assert pycrm("plugin", "enable", "vet").code == 0
    with opened().session("rep_a") as session:
        assert session.count(Visit) == 0
        (hongda,) = session.find(Customer)
        # The chip of the visit that is gone is free again.
        session.add(Visit(customer=hongda, animal="Rex", on=date(2026, 7, 2), chip="C-7"))


def test_what_another_plugin_requires_stays(one: Pycrm, sqlite_database: str) -> None:
    """A plugin is neither enabled without what it requires, nor disabled under who requires it."""
    early = one("plugin", "enable", "lodge", "--json")
    assert early.code == 1
    assert "requires vet, which is installed but not enabled" in early.refusal["message"]
    assert enabling.enabled(sqlite_database) == ()
    one("plugin", "enable", "vet")
    one("plugin", "enable", "lodge")
    for verb in (("disable",), ("uninstall", "--yes")):
        said = one("plugin", *verb, "vet", "--json")
        assert said.refusal["code"] == "conflict"
        assert "plugin lodge" in said.refusal["message"]
    assert one("plugin", "disable", "lodge").code == 0
    # Its tables are there still, and lead to those of the clinic.
    said = one("plugin", "uninstall", "vet", "--yes", "--json")
    assert "tables of others refer to those of vet: lodge_stay" in said.refusal["message"]
    assert one("plugin", "uninstall", "lodge", "--yes").code == 0
    assert one("plugin", "uninstall", "vet", "--yes").code == 0


def test_only_enabled_plugins_are_imported(bare: Pycrm) -> None:
    """A plugin that is installed and not enabled is not imported by any command."""
    for command in (("migrate",), ("plugin", "list"), ("plugin", "enable", "vet"), ("doctor",)):
        assert bare(*command).code == 0
    said = bare("plugin", "enable", "bomb", "--json")
    assert said.code == 1
    assert "cannot be imported: SystemExit" in said.refusal["message"]


def test_a_broken_plugin_stops_the_start_or_is_left_out(
    one: Pycrm, opened: Callable[..., CRM], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An enabled plugin that breaks stops everybody, or by a setting itself alone; it can be disabled."""
    one("plugin", "enable", "vet")
    one("plugin", "enable", "lodge")
    (target,) = (tmp_path / "known").glob("vet_dist*/entry_points.txt")
    target.write_text("[pycrm.plugins]\nvet = bomb_module:Bomb\n", "utf-8")
    closed = one("list", "customers", "--as", "rep_a", "--json")
    assert closed.code == 1
    assert "plugin vet (bomb_module:Bomb of vet-dist 1.0) cannot be imported" in closed.refusal["message"]
    with pytest.raises(DeclarationError):
        opened()

    crm = opened(on_error="isolate")
    enterprise(crm)
    assert [one.name for one in crm.left_out] == ["vet", "lodge"]
    assert "SystemExit: imported" in crm.left_out[0].reason
    assert "requires vet, which" in crm.left_out[1].reason
    with crm.session("rep_a") as session:
        session.add(Customer.organization("Hongda", source="exhibition", email="h@example.com"))
    listed = one("plugin", "list", "--json")
    assert states(listed) == {"core": "loaded", "vet": "left out", "lodge": "left out"}
    doctor = one("doctor", "--json", on_error="isolate")
    assert [one["name"] for one in doctor.data["checks"] if not one["ok"]] == ["Plugins"]
    for name in ("lodge", "vet"):
        assert one("plugin", "disable", name).code == 0
    assert one("doctor").code == 0


def test_of_two_that_clash_the_first_stays() -> None:
    """Where failures are isolated, the plugin that came later and claims the same table is left out."""
    from plugin.vet import Vet

    class Rival(Vet):
        """Rival

        Lists the same classes.
        """

        name = "rival"

    with pytest.raises(DeclarationError, match="vet_visit"):
        CRM("sqlite://", plugins=[Vet, Rival])
    crm = CRM("sqlite://", plugins=[Vet, Rival], on_error="isolate")
    assert [one.name for one in crm.left_out] == ["rival"]
    assert [one.name for one in crm.registry.plugins] == ["core", "vet"]
    crm.close()


def test_a_plugin_of_the_product_is_not_switched(sqlite_database: str) -> None:
    """What the product brings itself is not enabled, disabled or uninstalled by data."""
    from plugin.vet import Vet

    for act in (enabling.enable, enabling.disable, enabling.uninstall):
        with pytest.raises(ConflictError, match="part of the product"):
            act(sqlite_database, "vet", plugins=(Vet,))


def test_a_check_says_which_hooks_go(bare: Pycrm, monkeypatch: pytest.MonkeyPatch) -> None:
    """An author learns from the check which hooks of the plugin a coming version lacks, and nothing is wrong yet."""
    told = (hooks.Retiring("0.1", "0.2", "say it in a policy"),)
    monkeypatch.setattr(hooks.before_add, "retiring", told, raising=False)
    said = bare("plugin", "check", "vet", "--json").data
    assert (said["ok"], len(said["soon"])) == (True, 2)  # core implements it too
    assert said["soon"][1].startswith("plugin vet: hook before_add (")


class CutError(Exception):
    """Stands for a disk, a server or a network that fails in the midst of it."""


def test_an_uninstall_that_fails_has_dropped_all_or_nothing(
    sqlite_database: str, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is cut off every table is there with its rows, core works, and it is taken up again (T57)."""
    enabling.enable(sqlite_database, "vet", clock=clock)
    crm = CRM.open(sqlite_database, clock=clock)
    filled(crm)
    crm.close()
    drop, seen = run.remove, 0

    def fragile(cut: int, store: Any, line: Any, acts: Any) -> None:
        nonlocal seen
        seen = 0

        def kill(*given: Any) -> None:
            nonlocal seen
            seen += 1
            if seen == cut:
                raise CutError

        event.listen(store.engine, "before_cursor_execute", kill)
        drop(store, line, acts)

    for cut in (1, 8):
        monkeypatch.setattr(run, "remove", partial(fragile, cut))
        with pytest.raises(StoreError, match="could not be dropped: CutError"):
            enabling.uninstall(sqlite_database, "vet", clock=clock)
        assert enabling.enabled(sqlite_database) == ()
        left = enabling.fate(sqlite_database, "vet", clock=clock)
        assert dict(left.rows) == {"vet_visit": 1, "vet_household": 1}
    monkeypatch.setattr(run, "remove", partial(fragile, 0))
    enabling.uninstall(sqlite_database, "vet", clock=clock)
    assert seen > 10
    assert enabling.enable(sqlite_database, "vet", clock=clock) != []


def test_what_is_enabled_is_served(one: Pycrm, sqlite_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever signs in through the browser or REST meets the plugins that an administrator has enabled."""
    served: list[Any] = []
    monkeypatch.setattr("uvicorn.run", lambda application, **options: served.append(application))
    one("init")
    one("plugin", "enable", "vet")
    one("serve")
    assert "Visit" in {cls.__name__ for cls in served[0].desk.crm.classes()}
