"""Passwords, tokens and the server at the command line."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from typing import Any

import pytest

from pycrm import CRM
from pycrm.credential import Access, reset_password, sign_in, visit_of
from pycrm.http import Settings

from .conftest import Pycrm

PASSWORD = "a horse in the orchard"
LIMITS = Settings().limits


def test_the_administrator_gives_a_person_a_password(crm: CRM, pycrm: Pycrm, cast: Any) -> None:
    """The password that was typed, or the one that was made up, is the one by which the person signs in."""
    said = pycrm("user", "password", "rep_a", "--as", "admin", input=f"{PASSWORD}\n")
    assert (said.code, said.out) == (0, "rep_a has a new password\n")
    assert sign_in(crm, "rep_a", PASSWORD, place="here", limits=LIMITS).visit.login == "rep_a"
    made = pycrm("user", "password", "rep_b", "--generate", "--temporary", "--as", "admin", "--json").data
    assert sign_in(crm, "rep_b", made["password"], place="here", limits=LIMITS).visit.must_change
    weak = pycrm("user", "password", "rep_a", "--as", "admin", "--json", input="12345678910\n")
    assert (weak.code, weak.refusal["fields"][0]["path"]) == (2, "password")
    for login in ("rep_a", "lead_e", "dir"):
        said = pycrm("user", "password", "rep_b", "--as", login, input=f"{PASSWORD}\n")
        assert (said.code, login) == (3, login)


def test_the_administrator_prints_a_link_to_a_new_password(crm: CRM, pycrm: Pycrm, cast: Any) -> None:
    """Who has no mailbox is handed a link, which only those make who may set the password."""
    said = pycrm("user", "reset", "rep_b", "--origin", "https://crm.example.com", "--as", "admin")
    link, _, key = said.out.strip().partition("?key=")
    assert (said.code, link) == (0, "https://crm.example.com/reset")
    assert "for rep_b, until 2026-07-01 01:00 UTC" in said.err
    assert reset_password(crm, key, PASSWORD).login == "rep_b"
    assert sign_in(crm, "rep_b", PASSWORD, place="here", limits=LIMITS).visit.login == "rep_b"
    for login in ("rep_a", "lead_e", "dir"):
        assert pycrm("user", "reset", "rep_b", "--as", login).code == 3
    assert pycrm("user", "reset", "rep_b", "--hours", "200", "--as", "admin").code == 2


def test_a_person_makes_and_revokes_tokens(crm: CRM, pycrm: Pycrm, cast: Any) -> None:
    """A token is shown once, listed without its secret, and names nobody once it is revoked."""
    made = pycrm("token", "new", "a report", "--days", "7", "--as", "rep_a", "--json").data
    visit = visit_of(crm, made["secret"], Access.TOKEN, LIMITS)
    assert visit is not None
    assert (visit.login, visit.scope.value) == ("rep_a", "read")
    listed = pycrm("token", "list", "--as", "rep_a")
    assert made["id"] in listed.out
    assert made["secret"] not in listed.out
    assert pycrm("token", "list", "--as", "rep_b").out == "no tokens\n"
    assert pycrm("token", "revoke", made["id"], "--as", "rep_b").code == 4
    assert pycrm("token", "revoke", made["id"], "--as", "rep_a").code == 0
    assert visit_of(crm, made["secret"], Access.TOKEN, LIMITS) is None
    assert pycrm("token", "new", "x", "--days", "999", "--as", "rep_a").code == 2


def test_several_processes_serve_postgresql_alone(database: str, pycrm: Pycrm, cast: Any) -> None:
    """Whoever asks for several processes on a file is told why not, before anything is served."""
    if database.startswith("sqlite"):
        said = pycrm("serve", "--workers", "2", "--json")
        assert (said.code, said.refusal["fields"][0]["path"]) == (2, "workers")
    said = pycrm("serve", "--origin", "crm.example.com", "--json")
    assert (said.code, "origin" in said.err) == (1, True)


def test_serving_names_the_extra_that_it_needs(bare: Pycrm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever installed pycrm alone is told in one line what serving needs."""
    monkeypatch.setitem(sys.modules, "msgspec", None)
    said = bare("serve")
    assert (said.code, said.err) == (1, "Error: serving needs msgspec: pip install 'pycrm[web]'\n")


def test_the_server_answers(sqlite_database: str) -> None:
    """`pycrm serve` answers on the port that it says, and writes one line of JSON for each request."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "pycrm", "serve", "--database", sqlite_database, "--port", port]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert f"http://127.0.0.1:{port}".encode() in process.stderr.readline()
            assert asked(f"http://127.0.0.1:{port}/readyz") == {"status": "ok"}
            line = json.loads(process.stdout.readline())
        finally:
            process.terminate()
    assert (line["route"], line["method"], line["status"]) == ("/readyz", "GET", 200)


def asked(address: str) -> Any:
    """What a server answers that is about to begin."""
    for _ in range(200):
        with suppress(urllib.error.URLError), urllib.request.urlopen(address, timeout=20) as reply:
            return json.loads(reply.read())
        time.sleep(0.05)
    return None
