"""Look at every page of the example company with axe-core, in Chinese and English, light and dark.

axe-core is no part of this repository: `npm install axe-core` puts it anywhere, and this script is told where.

    python scripts/axe.py PATH/axe.min.js [--keep docs/evidence/axe.json] [--also supervision]

It needs Chromium. What it finds is printed, and with `--keep` counted in a file; it fails where there is anything.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from b2b_project_sales import sample
from web.chromium import Chromium, chromium, served_at

from pycrm import CRM, Action, Grant, Reach, Role, Source, User
from pycrm.cli.demo import EXAMPLE, PASSWORD, installed
from pycrm.credential import set_password, sign_in
from pycrm.credential.looking import begin_seeing
from pycrm.credential.model import Limits
from pycrm.exchange import import_file
from pycrm.revision.looking import SIGHT
from pycrm.serve import application
from pycrm.work import WorkState, enter_work
from pycrm.work.book import note

ADMINISTRATOR = "admin"
LANGUAGES, THEMES = ("en", "zh"), ("light", "dark")
RUN = """axe.run(document, {resultTypes: ["violations"]}).then((found) => JSON.stringify(
  found.violations.map((one) => [one.id, one.impact, one.nodes.map((node) => node.html.slice(0, 200) + " | " +
    node.failureSummary.slice(0, 300))])))"""
# Of pages for one record each, one is looked at; so is one list, form and board of a kind.
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/reports/funnel/)[^/]+/[^/]+|(?<=/access/)[^/]+/[^/]+")
# The form of a change is that of a new record; two of them are looked at all the same.
_SAME = re.compile(r"^/(?!customers|opportunities)[a-z0-9-]+/ID/edit$")
_LEFT_OUT = re.compile(r"^/(static|api|lookup|calendar/|[a-z-]+/export)|\.csv|\?")


def company(folder: Path, also: list[str]) -> tuple[CRM, dict[str, str]]:
    """The example company, and the secrets of sessions of those who look at it."""
    example = installed(EXAMPLE)
    crm = CRM(f"sqlite:///{folder}/company.db", plugins=(*example.plugins, *also))
    crm.migrate()
    # Enough of everything; what a page shows forty times is as right or wrong as once.
    sample.add(crm, customers=40, opportunities=100, projects=3)
    if example.model is not None:
        crm.run_scores(crm.system("axe"), example.model)
    who = [example.people["director"], example.people["salesperson"], ADMINISTRATOR]

    def choose(session: Any) -> None:
        for login in who:
            set_password(session, session.find(User, User.login == login)[0], PASSWORD)

    def let_look(session: Any) -> None:
        role = session.find(Role, Role.name == "administrator", children=True)[0]
        sight = Grant(entity=SIGHT, action=Action.READ, reach=Reach.ALL)
        session.change(role, grants=[*role.grants, sight])

    crm.run(crm.system("axe"), choose)
    crm.run(crm.system("axe"), let_look)
    _import(crm, folder, who[0])
    limits = Limits(timedelta(hours=2), timedelta(hours=12), 100)
    return crm, {login: sign_in(crm, login, PASSWORD, place=login, limits=limits).secret for login in who}


def _import(crm: CRM, folder: Path, login: str) -> None:
    """A table that somebody has imported, and may take back."""
    with crm.view(login) as session:
        (source, *_) = session.find(Source)
    fields = (
        f'name = "Name"\nphone = "Phone"\nsource = {{ value = "{source.name}", lookup = "Source.name" }}\n'
    )
    head = 'entity = "Customer"\nmake = "organization"\nsource = "fair"\nkey = "No"\n[columns]\n'
    table = folder / "fair.csv"
    table.write_text("No,Name,Phone\n1,Alder,+49 40 1\n", "utf-8")
    (folder / "fair.toml").write_text(head + fields, "utf-8")
    assert import_file(crm, login, table, folder / "fair.toml").id is not None


def work(crm: CRM, login: str) -> list[tuple[str, str]]:
    """Long work of somebody, some of which goes on and some is over: the sort and the address of its pages."""
    who = crm.run(crm.system("axe"), lambda session: session.find(User, User.login == login)[0].id)
    goes, over = (enter_work(crm, who, "import", f"{name}.csv") for name in ("customers", "contacts"))
    note(crm, goes, WorkState.WORKING, done=1200, total=4000)
    refused = [{"line": 7, "name": "Ningbo Pump", "said": "already held elsewhere"}]
    told = {"counts": {"new": 41, "invalid": 1}, "refused": refused, "lost": 3}
    note(crm, over, WorkState.DONE, told, done=42, total=42)
    return [("/work", "/work"), ("/work/ID (goes on)", f"/work/{goes}"), ("/work/ID (over)", f"/work/{over}")]


def seen_as(crm: CRM, secret: str, login: str) -> list[tuple[str, str]]:
    """Some pages with the banner of who looks through somebody else's eyes."""
    who = crm.run(crm.system("axe"), lambda session: session.find(User, User.login == login)[0].id)
    begin_seeing(crm, secret, who, "a look with axe")
    return [(f"{path} (seen as)", path) for path in ("/", "/customers", "/opportunities", "/tasks")]


def paths(browser: Chromium, address: str) -> list[str]:
    """What somebody is led to from the menu and from there, one page of each sort."""
    found: dict[str, str] = {"/": "/"}
    waiting = ["/"]
    while waiting:
        path = waiting.pop(0)
        browser.open(f"{address}{path}")
        links = browser.value(
            "[...document.querySelectorAll('a[href^=\"/\"]')].map((one) => one.getAttribute('href'))"
        )
        for link in links:
            sort = _ID.sub("ID", link.partition("#")[0])
            if _LEFT_OUT.search(sort) or _SAME.search(sort) or sort in found:
                continue
            found[sort] = link.partition("#")[0]
            if len(sort.split("/")) <= 3:
                waiting.append(found[sort])
    return list(found.values())


def violations(browser: Chromium, source: str, wanted: str) -> Iterator[tuple[str, Any]]:
    """What axe says of a page, light and dark."""
    browser.open(wanted)
    # A page of work that goes on would load itself anew.
    browser.value("window.stop(); 1")
    browser.value(source + "; 1")
    browser.value("for (const one of document.querySelectorAll('details')) one.open = true; 1")
    for theme in THEMES:
        browser.value(f"document.documentElement.dataset.theme = {theme!r}; 1")
        yield theme, json.loads(browser.value(RUN))


def looks(source: str, wanted: list[str], also: list[str]) -> Iterator[tuple[str, str, str, list[Any]]]:
    """Each look at a page: its sort, language and colours, and what is wrong there."""
    with tempfile.TemporaryDirectory(prefix="pycrm-axe-") as folder:
        crm, secrets = company(Path(folder), also)
        seen: set[str] = set()
        with served_at(application(crm)) as address:
            for login, secret in [*secrets.items(), ("nobody", "")]:
                place = Path(folder) / f"browser-{login}"
                with chromium(place, pycrm=secret, pycrm_language="en") as browser:
                    own = [*paths(browser, address), "/no-such-page"] if secret else ["/sign-in"]
                    # The button of a lead posts, and is led there.
                    own += [f"{path}/convert" for path in own if _ID.sub("ID", path) == "/leads/ID"]
                    for path in own:
                        sort = _ID.sub("ID", path)
                        if sort in seen or (wanted and sort not in wanted):
                            continue
                        seen.add(sort)
                        yield from ((sort, *one) for one in _modes(browser, source, f"{address}{path}"))
                    more = work(crm, login) if secret else []
                    more += (
                        seen_as(crm, secret, installed(EXAMPLE).people["manager"])
                        if login == ADMINISTRATOR
                        else []
                    )
                    for sort, path in more:
                        if sort not in seen and not (wanted and sort not in wanted):
                            seen.add(sort)
                            yield from ((sort, *one) for one in _modes(browser, source, f"{address}{path}"))
        crm.close()


def _modes(browser: Chromium, source: str, address: str) -> Iterator[tuple[str, str, list[Any]]]:
    for language in LANGUAGES:
        cookie = {"name": "pycrm_language", "value": language, "domain": "127.0.0.1", "path": "/"}
        browser.do("Network.setCookie", **cookie)
        for theme, some in violations(browser, source, address):
            yield language, theme, some


def main() -> None:
    """Look, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("axe", type=Path, help="axe.min.js of the npm package axe-core")
    parser.add_argument("--keep", type=Path, help="the file for what was found")
    parser.add_argument(
        "--only", action="append", default=[], help="a page, such as /customers/ID; may be repeated"
    )
    parser.add_argument("--also", action="append", default=[], help="a plugin to enable; may be repeated")
    options = parser.parse_args()
    source = options.axe.read_text("utf-8")
    found: dict[str, list[list[str]]] = {}
    for sort, language, theme, some in looks(source, options.only, options.also):
        wrong = found.setdefault(sort, [])
        for rule, impact, nodes in some:
            wrong.append([rule, impact, language, theme])
            print(sort, language, theme, rule, impact, len(nodes), sep="  ", flush=True)
            for node in nodes[:3]:
                print("      ", node.replace("\n", " "), flush=True)
    print(f"{len(found)} pages in 4 modes, {sum(map(len, found.values()))} violations")
    if options.keep:
        keep(options.keep, source, found)
    sys.exit(1 if any(found.values()) else 0)


def keep(file: Path, source: str, found: dict[str, list[list[str]]]) -> None:
    """Write down what was found; of pages that were not looked at this time what was found before."""
    version = re.search(r"axe v([\d.]+)", source)
    before = json.loads(file.read_text("utf-8"))["pages"] if file.exists() else {}
    pages = dict(sorted((before | found).items()))
    told = {
        "tool": f"axe-core {version[1] if version else ''}".strip(),
        "on": datetime.now(UTC).date().isoformat(),
        "modes": [f"{language} {theme}" for language in LANGUAGES for theme in THEMES],
        "looks": len(LANGUAGES) * len(THEMES) * len(pages),
        "violations": sum(map(len, pages.values())),
        "pages": pages,
    }
    file.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
