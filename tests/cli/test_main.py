"""The program itself: exit codes, the one form of errors, the environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pycrm import CRM, Customer
from pycrm.cli import main

from .conftest import Pycrm


def program(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m pycrm`` as a process of its own."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("PYCRM_")}
    return subprocess.run(
        [sys.executable, "-m", "pycrm", *arguments],
        cwd=folder,
        env=known | {"PYTHONIOENCODING": "utf-8"} | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_program_runs_from_init_to_list(tmp_path: Path) -> None:
    """A user of the program sets up a company and lists its people, with settings in the environment."""
    made = program("init", "--company", "宁波泵业", "--admin", "fang", "--top", "zhou", folder=tmp_path)
    assert (made.returncode, made.stderr) == (0, "")
    settings = {"PYCRM_AS": "zhou", "PYCRM_DATABASE": f"sqlite:///{tmp_path / 'crm.db'}"}
    listed = program("list", "users", "--json", folder=tmp_path.parent, **settings)
    assert listed.returncode == 0
    assert {one["login"] for one in json.loads(listed.stdout)["items"]} == {"fang", "zhou"}
    plain = program("unit", "list", folder=tmp_path, PYCRM_AS="zhou")
    assert "宁波泵业" in plain.stdout
    assert program("--version", folder=tmp_path).stdout.startswith("pycrm 0.")


def test_a_wrong_call_is_invalid_in_either_form(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever mistypes an option or a command gets exit code 2, and JSON if JSON was asked for."""
    for arguments in (["list", "--nothing"], ["nothing"], ["list"], ["list", "x", "--limit", "0"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert (arguments, ended.value.code) == (arguments, 2)
        assert "Traceback" not in capsys.readouterr().err
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--json"])
        shape = json.loads(capsys.readouterr().err)
        assert (arguments, ended.value.code, shape["code"]) == (arguments, 2, "invalid")
        assert set(shape) == {"code", "message", "fields", "data"}


def test_nobody_acts_without_a_name(pycrm: Pycrm) -> None:
    """A command that needs an actor says how to name one."""
    for command in (("list", "customers"), ("user", "list"), ("move", "opportunity", "x", "won")):
        said = pycrm(*command, "--json")
        assert (said.code, said.refusal["fields"][0]["path"]) == (2, "as")


def test_each_refusal_has_its_exit_code(crm: CRM, cast: Any, pycrm: Pycrm, monkeypatch: Any) -> None:
    """A script tells the eight refusals and a broken world apart by exit code and code (0.3)."""
    from pycrm import (
        AmendmentRequiredError,
        ConflictError,
        DeclarationError,
        ForbiddenError,
        HeldError,
        InvalidError,
        MoveError,
        NotFoundError,
        Problem,
        Session,
        StaleError,
        StoreError,
    )

    expected: list[tuple[Exception, int, str]] = [
        (InvalidError("no"), 2, "invalid"),
        (ForbiddenError("no"), 3, "forbidden"),
        (NotFoundError("no"), 4, "not_found"),
        (ConflictError("no"), 5, "conflict"),
        (StaleError("no"), 5, "stale"),
        (MoveError("no", data={"missing": []}), 6, "gate"),
        (AmendmentRequiredError("no", fields=[Problem("name", "key", "no")]), 6, "amendment_required"),
        (HeldError("no"), 6, "held"),
        (DeclarationError("no"), 1, "declaration"),
        (StoreError("no"), 1, "store"),
    ]
    for error, code, word in expected:

        def refuse(*_: Any, error: Exception = error, **__: Any) -> Any:
            raise error

        monkeypatch.setattr(Session, "find", refuse)
        said = pycrm("list", "customers", "--as", "rep_a", "--json")
        assert (said.code, said.refusal["code"], said.refusal["message"]) == (code, word, "no")
        told = pycrm("list", "customers", "--as", "rep_a")
        assert (told.code, told.err, told.out) == (code, "Error: no\n", "")


def test_several_problems_are_told_line_by_line(cast: Any, pycrm: Pycrm, crm: CRM) -> None:
    """Whoever gives several wrong values is told each of them at once."""
    with crm.session("rep_a") as session:
        session.add(Customer.organization("Hongda", email="a@example.com", source="exhibition"))
    said = pycrm("user", "role", "rep_a", "staff", "--since", "yesterday", "--as", "admin")
    assert (said.code, said.err) == (2, "Error: since: expected a date such as 2026-06-30\n")


def test_a_product_passes_settings_of_its_own(cast: Any, pycrm: Pycrm) -> None:
    """A vendor's own program around these commands sets the currency of empty sums."""
    said = pycrm("list", "opportunity", "--where", "amount>=5", "--as", "dir", "--json", currency="EUR")
    assert said.code == 0


def test_a_reader_who_leaves_early_ends_the_program_quietly(tmp_path: Path) -> None:
    """``pycrm list … | head -1`` prints no traceback."""
    program("init", "--company", "Solo", "--admin", "me", "--top", "me", folder=tmp_path)
    command = f'"{sys.executable}" -m pycrm list users --as me --json | true'
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
