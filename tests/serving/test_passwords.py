"""Passwords and guesses (T41, T45)."""

from __future__ import annotations

import statistics
import time
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycrm import InvalidError
from pycrm.credential import door, set_password
from pycrm.http import Settings

from .conftest import PASSWORD, Served, sign_in

WEAK = {
    "short": "horse 42",
    "common": "1234567890",
    "common with a sign behind": "Password1!",
    "own login": "lead_e 2026",
    "the same again and again": "abababababab",
    "a NUL": "a horse\x00in the orchard",
    "a line break": "a horse\nin the orchard",
    "half a sign": "a horse in the \ud800orchard",
    "endless": "horse" * 300,
    "no text": 12345678901,
}


def test_nobody_gets_a_password_that_is_guessed_first(served: Served) -> None:
    """A weak password is refused with a reason, whatever makes it weak; and one that is not weak is taken."""
    person = served.cast.people["lead_e"]

    def told(password: Any) -> list[tuple[str, str]]:
        try:
            served.crm.run(served.crm.system("test"), lambda session: set_password(session, person, password))
        except InvalidError as error:
            return [(one.path, one.code) for one in error.fields]
        return []

    assert [told(password) for password in WEAK.values()] == [[("password", "rule")]] * len(WEAK)
    assert told("four mules, one stable") == []


def give(served: Served, login: str, password: str) -> None:
    person = served.cast.people[login]
    served.crm.run(served.crm.system("test"), lambda session: set_password(session, person, password))


def test_every_sign_of_a_password_counts(served: Served) -> None:
    """What comes after 72 bytes, or after a NUL, is compared like the rest."""
    long = "a horse in the orchard, " * 4
    give(served, "lead_e", long + "and a mule")
    browser = served.browser()
    assert sign_in(browser, "lead_e", long + "and a foal").status == 401
    assert sign_in(browser, "lead_e", long + "and a mule\x00").status == 401
    assert sign_in(browser, "lead_e", long + "and a mule").status == 303


def test_a_password_is_the_same_on_every_keyboard(served: Served) -> None:
    """Composed or in parts, in full width or in half: the same password."""
    give(served, "lead_e", unicodedata.normalize("NFC", "Ein Pferd für Zoë"))
    browser = served.browser()
    assert sign_in(browser, "lead_e", unicodedata.normalize("NFD", "Ein Pferd für Zoë")).status == 303
    give(served, "lead_e", "horse２０２６ stable")
    assert sign_in(browser, "lead_e", "horse2026 stable").status == 303


@settings(max_examples=5)
@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_whatever_breaks_the_sign_in(name: str, password: str) -> None:
    """Whatever is typed, the answer is a plain no."""
    found = door.is_right(password, None)
    assert found is False
    assert name is not None


def test_a_name_and_an_address_can_be_tried_so_often_a_minute(served_on_both: Served) -> None:
    """The next try is refused without a look, of names that there are and that there are not."""
    assert Settings().tries == 10
    served = served_on_both
    served.serve(tries=3)
    for address, login in (("10.0.0.1", "rep_a"), ("10.0.0.2", "nobody")):
        browser = served.browser(address=address)
        said = [sign_in(browser, login, "a horse in the garden") for _ in range(4)]
        assert [one.status for one in said] == [401] * 3 + [429], login
        assert int(said[-1].header("retry-after")) == 60
        assert said[-1].data["data"] == {"seconds": 60}
    other = served.browser(address="10.0.0.3")
    assert sign_in(other, "rep_a", PASSWORD).status == 429, "another address goes on guessing"
    spray = served.browser(address="10.0.0.4")
    said = [sign_in(spray, f"nobody_{index}", PASSWORD).status for index in range(4)]
    assert said == [401] * 3 + [429], "one address goes on with other names"
    served.clock.advance(seconds=61)
    assert sign_in(other, "rep_a", PASSWORD).status == 303


def test_who_knows_the_password_is_not_counted(served: Served) -> None:
    """A person who signs in more often than others may guess gets in each time."""
    served.serve(tries=2)
    browser = served.browser()
    assert {sign_in(browser, "rep_a", PASSWORD).status for _ in range(4)} == {303}


def auc(of_known: list[float], of_unknown: list[float]) -> float:
    """How well times tell the two apart: 0.5 is not at all."""
    wins = sum((a > b) + 0.5 * (a == b) for a in of_known for b in of_unknown)
    found = wins / (len(of_known) * len(of_unknown))
    return max(found, 1 - found)


def times(served: Served, rounds: int) -> tuple[list[float], list[float]]:
    """CPU times of wrong guesses at a name that there is and at one that there is not, in turn."""
    served.serve(tries=10_000)
    browser = served.browser()
    csrf = browser.get("/test/form").data["csrf"]
    found: dict[str, list[float]] = {"rep_a": [], "nobody": []}
    for number in range(rounds + 1):
        for login, kept in found.items():
            form = {"csrf": csrf, "login": login, "password": "a horse in the garden"}
            begun = time.process_time()
            assert browser.post("/test/sign-in", form=form).status == 401
            if number:
                kept.append(time.process_time() - begun)
    return found["rep_a"], found["nobody"]


def test_time_does_not_tell_whether_there_is_such_a_name(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guessing takes as long at a name that there is not, and a comparison left out would show here."""
    known, unknown = times(served, 3)
    assert statistics.median(unknown) > 0.7 * statistics.median(known)
    right = door.is_right

    def hasty(password: Any, kept: str | None) -> bool:
        return kept is not None and right(password, kept)

    monkeypatch.setattr(door, "is_right", hasty)
    known, unknown = times(served, 2)
    assert statistics.median(unknown) < 0.7 * statistics.median(known)


@pytest.mark.torture
def test_time_does_not_tell_it_to_who_asks_a_thousand_times(served: Served) -> None:
    """Of 400 guesses each, the times of the two tell them apart no better than chance (AUC at most 0.55)."""
    assert auc(*times(served, 400)) <= 0.55


def test_the_answer_does_not_tell_whether_there_is_such_a_name(served: Served) -> None:
    """Wrong name, wrong password, suspended: the same body and the same headers."""
    served.crm.run("admin", lambda session: _suspend(session, served.cast.people["lead_e"].id))
    browser = served.browser()
    said = [sign_in(browser, login, PASSWORD + "?") for login in ("rep_a", "nobody", "lead_e", "rep_b")]
    said.append(sign_in(browser, "lead_e", PASSWORD))
    assert {one.body for one in said} == {said[0].body}
    names = [[name for name, _ in one.headers] for one in said]
    assert names == [names[0]] * len(said)


def _suspend(session: Any, id: Any) -> None:
    from pycrm import User
    from pycrm.entities import UserState

    session.change(session.get(User, id), state=UserState.SUSPENDED)


def test_a_temporary_password_is_good_for_choosing_another(served: Served) -> None:
    """Who has a password that somebody else chose can do nothing before choosing another one."""
    person = served.cast.people["rep_b"]
    served.crm.run(
        served.crm.system("test"), lambda session: set_password(session, person, PASSWORD, is_temporary=True)
    )
    browser = served.signed_in("rep_b")
    assert browser.get("/test/mine").status == 403
    assert browser.get("/api/v1/me").status == 403
    csrf = browser.get("/test/form").data["csrf"]
    form = {"csrf": csrf, "current": PASSWORD, "password": "four mules, one stable"}
    assert browser.post("/test/password", form=form).status == 303
    assert browser.get("/test/mine").text == "rep_b"


def test_guessing_the_present_password_is_counted_too(served: Served) -> None:
    """Whoever finds a browser open can try a few times a minute what its person's password is."""
    served.serve(tries=2)
    browser = served.signed_in("rep_a")
    form = {"csrf": browser.get("/test/form").data["csrf"], "password": "four mules, one stable"}
    said = [browser.post("/test/password", form=form | {"current": f"guess {n}"}).status for n in range(3)]
    assert said == [422] * 2 + [429]


def test_the_settings_say_the_door() -> None:
    """Over TLS the cookie is one that no other host and no page without TLS can set or read."""
    assert Settings(origin="https://crm.example.com").cookie == "__Host-pycrm"
    assert Settings().cookie == "pycrm"
