"""Every text of every record filled with what people may type, and every page that leads from the first (T35)."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import evidence
import pytest

from pycrm import CRM, FixedClock
from pycrm.web import piece

from .chromium import chromium, is_there, served_at
from .conftest import NOW, Company, plugins
from .hostile import MANY, benign, faults, fill_texts, links
from .reading import read

EXAMPLE = "one page of which every text holds a payload, beside itself with letters in their place"
WHO = ("dir", "lead_e", "rep_a", "admin")


@pytest.fixture
def made(company_file: Any, tmp_path: Path) -> Iterator[Callable[[int, Callable[[str], str]], Company]]:
    """Companies whose texts are filled, from such a payload on."""
    path, cast, secrets = company_file
    done: list[Company] = []

    def make(number: int, put: Callable[[str], str]) -> Company:
        copy = tmp_path / f"{len(done)}.db"
        shutil.copy(path, copy)
        crm = CRM(f"sqlite:///{copy}", plugins=plugins(), clock=FixedClock(NOW), random=random.Random(5))
        assert fill_texts(crm, str(copy), number, put) > 100
        done.append(Company(crm, FixedClock(NOW), cast, dict(secrets)))
        return done[-1]

    yield make
    for one in done:
        one.close()


def kind_of(path: str) -> str:
    """What pages of one kind have in common: no ids and no values in their addresses."""
    place, _, asked = path.partition("?")
    parts = [part if part.replace("-", "").isalpha() else "*" for part in place.split("/")]
    return "/".join(parts) + "?" + ",".join(sorted(one.partition("=")[0] for one in asked.split("&")))


def walked(company: Company, who: str, alike: int) -> dict[str, Any]:
    """The pages that lead from the first, so many of each kind."""
    reader, seen, waiting = company.reader(who), Counter[str](), ["/"]
    found: dict[str, Any] = {}
    while waiting:
        path = waiting.pop(0)
        if path in found or seen[kind_of(path)] >= alike:
            continue
        seen[kind_of(path)] += 1
        reply = reader.ask(path)
        if reply.status != 200 or "html" not in reply.header("content-type"):
            assert reply.status < 500, path
            continue
        found[path] = read(reply.text)
        waiting += [one for one in links(found[path]) if one not in found]
    return found


def differing(hostile: dict[str, Any], tame: dict[str, Any]) -> Iterator[str]:
    """Where a page does what it was told by a text, or has other elements than with letters in their place."""
    for path, page in hostile.items():
        if wrong := faults(page):
            yield f"{path}: {wrong[:3]}"
        other = tame.get(path)
        if other is not None and _shape(page) != _shape(other):
            here, there = Counter(_shape(page)), Counter(_shape(other))
            yield f"{path}: {dict((here - there) + (there - here))}"


def _shape(page: Any) -> list[tuple[str, tuple[str, ...]]]:
    return [(tag, tuple(sorted(attributes))) for tag, attributes in page.elements]


@pytest.mark.parametrize(("who", "number", "least"), [("dir", 0, 60), ("rep_a", 21, 30), ("admin", 42, 30)])
def test_no_text_of_any_record_does_anything_on_any_page(
    made: Callable[[int, Callable[[str], str]], Company], who: str, number: int, least: int
) -> None:
    """Pages whose every text is a payload have the very elements that they have with letters in their place."""
    hostile, tame = (walked(made(number, put), who, 1) for put in (str, benign))
    assert len(hostile) >= least, sorted(hostile)
    assert sum(page.words.count("alert(1)") for page in hostile.values()) > 100
    assert list(differing(hostile, tame)) == []


def test_a_page_that_takes_texts_for_its_own_is_seen(
    made: Callable[[int, Callable[[str], str]], Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were values put into pages as they are, their elements would differ."""
    monkeypatch.setattr(piece, "text_of", str)
    hostile, tame = ({"/customers": made(0, put).reader("dir").see("/customers")} for put in (str, benign))
    assert list(differing(hostile, tame))


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_every_payload_in_every_text(made: Callable[[int, Callable[[str], str]], Company]) -> None:
    """Each of the payloads stands once in each text of each record, and no page of anybody does what it says."""
    failures: list[str] = []
    pages, began = 0, time.monotonic()
    for number in range(min(len(MANY), evidence.asked_for(len(MANY)))):
        companies = [made(number, put) for put in (str, benign)]
        for who in WHO:
            hostile, tame = (walked(one, who, 2) for one in companies)
            failures += [f"{number} {who} {one}" for one in differing(hostile, tame)]
            pages += len(hostile)
        for one in companies:
            one.close()
    figures = {"database": "sqlite", "examples": pages, "payloads": len(MANY), "failures": len(failures)}
    evidence.keep("T35", EXAMPLE, 5000, figures | {"seconds": round(time.monotonic() - began)})
    assert failures == []


# Told of before any page begins, and asked after it has loaded.
WATCH = "window.said = []; for (const name of ['alert', 'confirm', 'prompt']) window[name] = (text) => said.push(text)"


@pytest.mark.torture
@pytest.mark.timeout(0)
@pytest.mark.skipif(is_there() is None, reason="needs chromium")
def test_no_payload_opens_a_dialog_in_a_browser(
    made: Callable[[int, Callable[[str], str]], Company], tmp_path: Path
) -> None:
    """Chromium shows the pages of a director, an eighth of the payloads in turn in each text: none says anything."""
    pages, spoke = 0, []
    for number in range(0, len(MANY), 8):
        company = made(number, str)
        paths = list(walked(company, "dir", 1))
        with (
            served_at(company.app) as address,
            chromium(tmp_path / str(number), pycrm=company.secrets["dir"]) as browser,
        ):
            browser.do("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
            for path in paths:
                browser.do("Page.navigate", url=f"{address}{path}")
                browser.until("document.readyState === 'complete' && Array.isArray(window.said)")
                said = browser.value("said.length || location.origin !== " + repr(address))
                pages += 1
                spoke += [f"{number} {path}"] if said else []
            # The watch itself is awake.
            assert browser.value("alert(1), said.length") == 1
    evidence.keep(
        "T35",
        EXAMPLE,
        5000,
        {"database": "sqlite", "examples": pages, "browser": "chromium", "failures": len(spoke)},
    )
    assert spoke == []
