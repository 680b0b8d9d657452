"""The settings of an installation: one file, the environment, options, and no secret shown."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pycrm.app.enabling import enable
from pycrm.errors import InvalidError
from pycrm.http import ConsoleMessenger, FileMessenger, Oidc, SmtpMessenger
from pycrm.settings import KEYS, application, http_settings, load

from .conftest import Pycrm

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "run-in-production.md"
WHOLE = """\
database = "sqlite:///clinic.db"
plugins = ["segments"]
origin = "https://crm.example.com"
currency = "EUR"
heads = "heads"

[serve]
port = 8100
idle_minutes = 30
languages = ["zh"]

[mail]
host = "mail.example.com"
sender = "crm@example.com"
login = "crm"
password_file = "mail-password"
"""


@pytest.fixture
def whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of settings and the secret that it names; it is the current one."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "pycrm.toml"
    path.write_text(WHOLE, "utf-8")
    secret = tmp_path / "mail-password"
    secret.write_text("a horse in the orchard\n", "utf-8")
    secret.chmod(0o600)
    return path


def test_options_count_before_the_environment_and_that_before_the_file(whole: Path) -> None:
    """Each value is that of the nearest to the person who starts it, and it is known where it comes from."""
    around = {"PYCRM_SERVE_PORT": "8200", "PYCRM_SERVE_THREADS": "20", "PYCRM_PLUGINS": "projects, segments"}
    found = load({"serve.threads": 30, "origin": None}, environment=around)
    told = {one.key.name: (one.value, one.source) for one in found}
    assert told["serve.threads"] == (30, "--threads")
    assert told["serve.port"] == (8200, "PYCRM_SERVE_PORT")
    assert told["plugins"] == (("projects", "segments"), "PYCRM_PLUGINS")
    assert told["origin"] == ("https://crm.example.com", "pycrm.toml")
    assert told["serve.tries"] == (10, "default")
    # Paths of a file are those beside it, wherever somebody stands.
    assert load(path=whole, environment={})["heads"] == whole.parent / "heads"
    assert found.of_crm() == {"heads": Path("heads"), "currency": "EUR"}
    # What another process of the same server is told: options, and which file was read.
    assert found.as_environment() == {"PYCRM_SETTINGS": str(whole), "PYCRM_SERVE_THREADS": "30"}


def test_the_company_is_set_as_a_whole(whole: Path) -> None:
    """Its sign-in takes its secret from a file; without issuer or client it is refused."""
    (whole.parent / "oidc").write_text("a horse in the orchard\n")
    text = '[oidc]\nissuer = "https://login.example.com"\nclient = "crm"\nsecret_file = "oidc"\nclaim = "email"\n'
    whole.write_text(text)
    wanted = Oidc("https://login.example.com", "crm", "a horse in the orchard", "email")
    assert http_settings(load(environment={})).oidc == wanted
    whole.write_text('[oidc]\nclient = "crm"\n')
    with pytest.raises(InvalidError) as refused:
        http_settings(load(environment={}))
    assert [one.path for one in refused.value.fields] == ["oidc.issuer"]


def test_what_is_read_is_what_is_served(whole: Path) -> None:
    """Hours, minutes, languages and the mail server of the file are those of the server."""
    made = http_settings(load(environment={}))
    assert (made.origin, made.port, made.idle.total_seconds(), made.languages) == (
        *("https://crm.example.com", 8100),
        *(1800, ("zh",)),
    )
    assert isinstance(made.messenger, SmtpMessenger)
    assert (made.messenger.host, made.messenger.password) == ("mail.example.com", "a horse in the orchard")
    whole.write_text('[mail]\nfolder = "mail"\n')
    assert http_settings(load(environment={})).messenger == FileMessenger(Path("mail"))
    whole.write_text("[mail]\nconsole = true\n")
    assert http_settings(load(environment={})).messenger == ConsoleMessenger()
    for text, path in (
        ('[mail]\nhost = "mail.example.com"\n', "mail.sender"),
        ("[mail]\nport = 25\n", "mail.host"),
        ('[mail]\nhost = "mail.example.com"\nfolder = "mail"\n', "mail.folder"),
    ):
        whole.write_text(text)
        with pytest.raises(InvalidError) as refused:
            http_settings(load(environment={}))
        assert [one.path for one in refused.value.fields] == [path]


WRONG = """\
orgin = "https://crm.example.com"
[serve]
prot = 8000
threads = "many"
workers = true
languages = 7
[mail]
password = "a horse in the orchard"
password_file = "nowhere"
security = "ssl"
[elsewhere]
xyz = 1
"""


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that there are not are refused with the nearest one, values with what they may be, secrets by name."""
    monkeypatch.chdir(tmp_path)
    Path("pycrm.toml").write_text(WRONG)
    around = {"PYCRM_MAIL_HOTS": "x", "PYCRM_SERVE_BODY": "-1", "PYCRM_REALDATA": "/data", "PYCRM_AS": "ana"}
    with pytest.raises(InvalidError) as refused:
        load(environment=around)
    told = {(one.path, one.code) for one in refused.value.fields}
    assert told == {
        *(("orgin", "unknown"), ("serve.prot", "unknown"), ("elsewhere.xyz", "unknown")),
        *(("serve.threads", "format"), ("serve.workers", "format"), ("serve.languages", "format")),
        *(("mail.security", "format"), ("mail.password", "rule"), ("mail.password_file", "rule")),
        *(("PYCRM_MAIL_HOTS", "unknown"), ("serve.body", "format")),
    }
    words = str(refused.value)
    for near in ("did you mean origin?", "did you mean serve.port?", "did you mean PYCRM_MAIL_HOST?"):
        assert near in words
    assert "orchard" not in words
    assert "xyz: did" not in words


@pytest.mark.parametrize("text", ["database = ", "database = 'postgresql://crm:orchard@db/crm'", None])
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, text: str | None) -> None:
    """A file that is not there, is no TOML, or holds the password of the database is refused without its words."""
    path = tmp_path / "other.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InvalidError) as refused:
        load(environment={"PYCRM_SETTINGS": str(path)})
    assert "orchard" not in str(refused.value)
    assert "other.toml" in str(refused.value)


def test_secrets_come_from_files_or_the_environment(tmp_path: Path) -> None:
    """One that is named twice, or whose file is not there, is refused."""
    file = tmp_path / "url"
    file.write_text("postgresql://crm:orchard@db/crm\n")
    found = load(environment={"PYCRM_DATABASE_FILE": str(file)})
    assert found["database"] == "postgresql://crm:orchard@db/crm"
    assert found.values["database"].shown == "postgresql://crm:***@db/crm"
    assert "orchard" not in repr(found)
    for around in (
        {"PYCRM_DATABASE_FILE": str(file), "PYCRM_DATABASE": "sqlite:///crm.db"},
        {"PYCRM_MAIL_PASSWORD_FILE": str(tmp_path / "nowhere")},
    ):
        with pytest.raises(InvalidError):
            load(environment=around)


def test_commands_take_the_settings_of_the_file(whole: Path, bare: Pycrm) -> None:
    """What the file says of the database and the address holds for every command; an option holds for its own."""
    whole.write_text('database = "sqlite:///other.db"\norigin = "https://crm.example.com"\n')
    made = bare("init", "--company", "Ningbo Pumps", "--admin", "fang", "--top", "zhou")
    assert (made.code, Path("other.db").exists(), Path("crm.db").exists()) == (0, True, False)
    said = bare("user", "reset", "zhou", "--as", "fang")
    assert said.out.startswith("https://crm.example.com/reset?key=")
    said = bare("user", "reset", "zhou", "--as", "fang", "--origin", "http://10.0.0.2")
    assert said.out.startswith("http://10.0.0.2/reset?key=")
    away = whole.rename("elsewhere.toml")
    assert "there is no database crm.db" in bare("user", "list", "--as", "zhou").err
    assert bare("user", "list", "--as", "zhou", "--settings", str(away)).code == 0
    away.write_text("[serve]\nprot = 1\n")
    wrong = bare("user", "list", "--as", "zhou", "--settings", str(away), "--json")
    assert (wrong.code, wrong.refusal["fields"][0]["path"]) == (2, "serve.prot")


def test_the_example_of_the_guide_is_taken(tmp_path: Path) -> None:
    """Whoever copies the file of the guide, with its secrets beside it, has settings that hold."""
    (text,) = re.findall(r"^```toml\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (tmp_path / "pycrm.toml").write_text(text, "utf-8")
    (tmp_path / "secrets").mkdir()
    for name in ("database", "mail"):
        (tmp_path / "secrets" / name).write_text("a secret\n")
    found = load(path=tmp_path / "pycrm.toml", environment={})
    assert http_settings(found).origin == "https://crm.example.com"
    assert (found["database"], found["serve.workers"]) == ("a secret", 4)


def test_a_server_starts_by_the_settings_around(
    sqlite_database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever runs the application finds database, plugins that are enabled in it, and limits by itself."""
    monkeypatch.chdir(tmp_path)
    enable(sqlite_database, "projects")
    monkeypatch.setenv("PYCRM_DATABASE", sqlite_database)
    monkeypatch.setenv("PYCRM_SERVE_THREADS", "2")
    made = application()
    try:
        assert "projects" in {one.name for one in made.desk.crm.registry.plugins}
        assert made.desk.settings.threads == 2
    finally:
        made.desk.close()
        made.desk.crm.close()


def test_where_a_value_comes_from_is_shown_and_no_secret(whole: Path, bare: Pycrm) -> None:
    """Every setting is listed with its source; of a secret that there is one."""
    said = bare("settings", "show", "--database", "postgresql://crm:orchard@db/crm", "--json")
    told: Any = {one["name"]: (one["value"], one["from"]) for one in said.data["items"]}
    assert set(told) == set(KEYS)
    assert told["database"] == ("postgresql://crm:***@db/crm", "--database")
    assert told["mail.password"] == ("(set)", "pycrm.toml")
    assert told["serve.port"] == ("8100", "pycrm.toml")
    assert "orchard" not in said.out + bare("settings", "show").out


def test_settings_are_checked_before_they_are_served(whole: Path, bare: Pycrm) -> None:
    """Sound ones are told so; a secret that everybody reads, and passwords without TLS, are not sound."""
    assert bare("settings", "check").code == 0
    (whole.parent / "mail-password").chmod(0o644)
    said = bare("settings", "check", "--json")
    assert (said.code, [one["name"] for one in json.loads(said.out)["checks"] if not one["ok"]]) == (
        1,
        ["Secret"],
    )
    whole.write_text('origin = "http://crm.example.com"\n')
    said = bare("settings", "check")
    assert (said.code, "passwords go unprotected" in said.out, "nobody is sent" in said.out) == (
        1,
        True,
        True,
    )
    whole.write_text('origin = "crm.example.com"\n')
    assert "is no origin" in bare("settings", "check").out
