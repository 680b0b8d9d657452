"""People who sign in, and how long they are known (T43)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pycrm import User
from pycrm.credential import count_try, make_token, revoke_token, sign_in_proved, tokens
from pycrm.entities import UserState
from pycrm.errors import SignInError
from pycrm.http import Settings

from .conftest import PASSWORD, Served, csrf_of, sign_in


def is_in(browser: Any) -> bool:
    """Whether this browser is known by its session."""
    return bool(browser.get("/test/mine").status == 200)


def test_who_knows_the_password_comes_in(served_on_both: Served) -> None:
    """A person comes in by name and password, or as the company has proved; nobody does by one of the two."""
    browser = served_on_both.browser()
    assert not is_in(browser)
    assert sign_in(browser, "rep_a", "a horse in the garden").status == 401
    assert sign_in(browser, "rep_b", PASSWORD).status == 401
    assert not is_in(browser)
    assert sign_in(browser, "rep_a", PASSWORD).status == 303
    assert browser.get("/test/mine").text == "rep_a"
    crm, limits = served_on_both.crm, Settings(tries=2).limits
    for _ in range(4):
        # Whoever comes in leaves the tries of the address as they were.
        attempt = count_try(crm, "10.0.0.1", place="10.0.0.1", limits=limits, what="company ")
        opened = sign_in_proved(crm, "rep_b", attempt, limits=limits)
    assert is_in(served_on_both.browser(cookies={"pycrm": opened.secret}))
    for login in ("Rep_B", "nobody", "rep_b\x00", "\ud800"):
        with pytest.raises(SignInError):
            sign_in_proved(crm, login, attempt, limits=limits)


def test_who_mistyped_the_password_goes_on_from_the_page_that_says_so(served: Served) -> None:
    """The form that comes back after a wrong password is as good as the first one."""
    browser = served.browser()
    reply = browser.get("/sign-in")
    for said, status in (("a horse in the garden", 401), (PASSWORD, 303)):
        csrf = re.search(r'name="csrf" value="(\w+)"', reply.text)
        assert csrf is not None
        form = {"csrf": csrf[1], "login": "rep_a", "password": said, "to": "/customers"}
        reply = browser.post("/sign-in", form=form)
        assert reply.status == status
    assert reply.header("location") == "/customers"


def test_nobody_can_choose_the_session_that_another_will_have(served: Served) -> None:
    """Whoever plants a session id in somebody's browser does not come in when that person signs in."""
    browser = served.browser()
    browser.cookies["pycrm"] = planted = "A" * 43
    assert sign_in(browser, "rep_a", PASSWORD).status == 303
    first = browser.cookies["pycrm"]
    assert first != planted
    thief = served.browser(cookies={"pycrm": planted})
    assert not is_in(thief)
    csrf = csrf_of(browser)
    form = {"csrf": csrf, "login": "rep_a", "password": PASSWORD}
    assert browser.post("/test/sign-in", form=form).status == 303
    assert browser.cookies["pycrm"] != first
    assert not is_in(served.browser(cookies={"pycrm": first})), "the former session goes on"


def test_signing_out_ends_the_session_at_the_server(served: Served) -> None:
    """Whoever copied the cookie before is out as well."""
    browser = served.signed_in("rep_a")
    copy = served.browser(cookies=dict(browser.cookies))
    assert is_in(copy)
    assert browser.post("/test/sign-out", form={"csrf": csrf_of(browser)}).status == 303
    assert "pycrm" not in browser.cookies
    assert not is_in(copy)


def test_a_session_ends_by_itself(served: Served) -> None:
    """Two hours without a request end it, and twelve hours end it whatever is asked."""
    browser = served.signed_in("rep_a")
    served.clock.advance(minutes=119)
    assert is_in(browser)
    served.clock.advance(minutes=121)
    assert not is_in(browser)
    browser = served.signed_in("rep_a")
    for _ in range(11):
        served.clock.advance(hours=1)
        assert is_in(browser)
    served.clock.advance(minutes=61)
    assert not is_in(browser)


@pytest.mark.parametrize("way", ["suspended", "left", "archived"])
def test_who_may_not_sign_in_any_more_is_out_at_once(served: Served, way: str) -> None:
    """Sessions and tokens of a person end with the employment, and do not revive with it."""
    browser, program = served.signed_in("rep_a"), served.program("rep_a")
    assert is_in(browser)
    assert program.get("/api/v1/me").status == 200

    def end(session: Any) -> None:
        person = session.get(User, served.cast.people["rep_a"].id)
        if way == "archived":
            session.archive(person)
        else:
            session.change(person, state=UserState(way))

    def begin(session: Any) -> None:
        person = session.get(User, served.cast.people["rep_a"].id)
        if way == "archived":
            session.restore(person)
        else:
            session.change(person, state=UserState.ACTIVE)

    served.crm.run("admin", end)
    assert not is_in(browser)
    assert sign_in(browser, "rep_a", PASSWORD).status == 401
    assert program.get("/api/v1/me").status == 401
    served.crm.run(served.crm.system("back again"), begin)
    assert not is_in(browser)
    assert program.get("/api/v1/me").status == 401


def test_another_password_ends_every_session(served: Served) -> None:
    """A person who changes the password is the only one who is in afterwards."""
    browser, other = served.signed_in("rep_a"), served.signed_in("rep_a")
    before = dict(browser.cookies)
    form = {"csrf": csrf_of(browser), "current": PASSWORD, "password": "four mules, one stable"}
    assert browser.post("/test/password", form=form).status == 303
    assert is_in(browser)
    assert browser.cookies != before
    assert not is_in(other)
    assert not is_in(served.browser(cookies=before))
    wrong = {"csrf": csrf_of(browser), "current": PASSWORD, "password": "four mules, two stables"}
    assert browser.post("/test/password", form=wrong).status == 422


def test_a_token_is_good_for_what_it_was_made_for(served: Served) -> None:
    """A program reads by a token that reads, changes nothing by it, and is out when it ends."""

    def act(session: Any) -> Any:
        return make_token(session, "a report", days=7)

    made = served.crm.run("rep_a", act)
    program = served.browser(headers={"authorization": f"Bearer {made.secret}"})
    assert program.get("/api/v1/me").data["login"] == "rep_a"
    served.clock.advance(days=7)
    assert program.get("/api/v1/me").status == 401
    made = served.crm.run("rep_a", act)
    program = served.browser(headers={"authorization": f"Bearer {made.secret}"})
    with served.crm.view("rep_b") as session:
        assert tokens(session) == []
    with served.crm.view("admin") as session:
        assert {one.login for one in tokens(session)} == {"rep_a"}
    served.crm.run("rep_a", lambda session: revoke_token(session, made.token.id))
    assert program.get("/api/v1/me").status == 401


def test_no_credential_stands_in_the_database(served: Served) -> None:
    """Whoever reads the whole database can sign in as nobody by what stands there."""
    browser = served.signed_in("rep_a")
    made = served.crm.run("rep_a", lambda session: make_token(session, "a report"))
    path = str(served.crm.store.url.database)
    whole = b"".join(Path(f"{path}{end}").read_bytes() for end in ("", "-wal"))
    for secret in (PASSWORD, browser.cookies["pycrm"], made.secret, made.secret.removeprefix("pycrm_")):
        assert secret.encode() not in whole
