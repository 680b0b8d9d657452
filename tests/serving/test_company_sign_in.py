"""People who come in by the company's own sign-in, and statements that let nobody in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey

from pycrm import User
from pycrm.credential import make_reset, set_password
from pycrm.entities import UserState
from pycrm.errors import DeclarationError
from pycrm.http import Oidc, oidc

from .browser import Browser, Reply
from .conftest import PASSWORD, Served, csrf_of
from .issuer import CLIENT, SECRET, Issuer, issuer

AWAY, BACK = "/sign-in/company", "/sign-in/company/back"


@pytest.fixture
def company(served: Served) -> Iterator[Issuer]:
    """The company's issuer, and the CRM that takes its word."""
    with issuer(served.clock.now) as made:
        declared(served, made)
        yield made


def declared(served: Served, made: Issuer, passwords: bool = True, **more: Any) -> None:
    given = {"secret": SECRET, **more}
    served.serve(oidc=Oidc(made.address, CLIENT, **given), tries=1000, passwords=passwords)


def back(browser: Browser, made: Issuer, login: str = "rep_a", path: str = AWAY, **more: str) -> Reply:
    """Go to the issuer, sign in there, and come back."""
    sent = browser.get(path)
    assert sent.status == 303, sent.text
    address = sent.header("location")
    assert address.startswith(f"{made.address}/authorization?")
    state = address.partition("state=")[2].partition("&")[0]
    said = {"state": state, "code": made.agree(address, login), **more}
    return browser.get(f"{BACK}?{'&'.join(f'{name}={value}' for name, value in said.items() if value)}")


def who(browser: Browser) -> str:
    """Who is signed in, or nobody."""
    reply = browser.get("/test/mine")
    return reply.text if reply.status == 200 else ""


def test_a_person_comes_in_by_the_company(served: Served, company: Issuer) -> None:
    """The button leads to the issuer and back to where the person wanted, under a session that is new."""
    browser = served.browser()
    browser.cookies["pycrm"] = planted = "A" * 43
    assert f'href="{AWAY}?to=%2Fcustomers"' in browser.get("/sign-in?to=/customers").text
    reply = back(browser, company, path=f"{AWAY}?to=/customers")
    assert (reply.status, reply.header("location")) == (303, "/customers")
    assert who(browser) == "rep_a"
    assert browser.cookies["pycrm"] != planted
    assert "pycrm_way" not in browser.cookies
    # What it tells of itself, and its keys, are asked for once an hour.
    back(served.browser(), company)
    assert [company.asked.count(one) for one in ("/.well-known/openid-configuration", "/keys")] == [1, 1]
    served.clock.advance(minutes=61)
    back(served.browser(), company)
    assert company.asked.count("/keys") == 2
    assert back(served.browser(), company, path=f"{AWAY}?to=//evil.example").header("location") == "/"


def test_who_came_by_the_company_need_not_choose_a_password(served: Served, company: Issuer) -> None:
    """A temporary password, which somebody else made and this person may never have seen, holds nobody up here."""
    person = served.cast.people["rep_b"]
    served.crm.run(
        served.crm.system("test"), lambda session: set_password(session, person, PASSWORD, is_temporary=True)
    )
    assert served.signed_in("rep_b").get("/test/mine").status == 403
    browser = served.browser()
    back(browser, company, "rep_b")
    assert who(browser) == "rep_b"


def test_a_company_may_let_nobody_in_by_a_password(served: Served, company: Issuer) -> None:
    """Then neither the right password nor a link to another one lets anybody in, and the pages ask for none."""
    key = served.crm.run("admin", lambda session: make_reset(session, served.cast.people["rep_a"])).secret
    declared(served, company, passwords=False)
    browser = served.browser()
    page = browser.get("/sign-in")
    assert ('name="password"' in page.text, 'name="login"' in page.text, AWAY in page.text) == (
        False,
        False,
        True,
    )
    csrf = re.search(r'name="csrf" value="(\w+)"', page.text)
    assert csrf is not None
    for path, form in (
        ("/sign-in", {"login": "rep_a", "password": PASSWORD}),
        ("/forgotten", {"login": "rep_a"}),
        ("/reset", {"key": key, "password": "four mules, one stable", "again": "four mules, one stable"}),
    ):
        assert browser.post(path, form={"csrf": csrf[1], **form}).status == 403, path
    back(browser, company)
    assert who(browser) == "rep_a"
    form = {"csrf": csrf_of(browser), "current": PASSWORD, "password": "four mules, one stable"}
    assert browser.post("/test/password", form=form).status == 403
    with pytest.raises(DeclarationError):
        served.serve(passwords=False)


def test_nobody_is_made_by_the_company(served: Served, company: Issuer) -> None:
    """Who is not there yet, has been suspended or has left stays outside, with one and the same answer."""

    def suspend(session: Any) -> None:
        session.change(session.get(User, served.cast.people["lead_e"].id), state=UserState.SUSPENDED)

    served.crm.run("admin", suspend)
    for login in ("nobody", "lead_e", "rep\x00a", " ", "x" * 400):
        browser = served.browser()
        reply = back(browser, company, login)
        assert (reply.status, who(browser)) == (401, ""), login
        assert "nobody is known here by this account" in reply.text
    with served.crm.view("admin") as session:
        assert session.find(User, User.login == "nobody") == []


def _signed_by_another(made: Issuer) -> None:
    made.signs_with = ECKey.generate_key("P-256", {"kid": "first"})


def _signed_with_what_is_shared(made: Issuer) -> None:
    made.signs_with, made.algorithm = OctKey.import_key(SECRET), "HS256"


def _unsigned(made: Issuer) -> None:
    made.algorithm = "none"


FALSE: dict[str, Callable[[Issuer], Any]] = {
    "another issuer": lambda made: made.claims.update(iss="https://evil.example"),
    "for another client": lambda made: made.claims.update(aud="their crm"),
    "for several, and not by us": lambda made: made.claims.update(aud=[CLIENT, "their crm"]),
    "by another": lambda made: made.claims.update(azp="their crm"),
    "of another way": lambda made: made.claims.update(nonce="x" * 43),
    "without a nonce": lambda made: made.claims.update(nonce=None),
    "over": lambda made: made.claims.update(exp=int(made.now().timestamp()) - 61),
    "endless": lambda made: made.claims.update(exp=None),
    "of long ago": lambda made: made.claims.update(iat=int(made.now().timestamp()) - 3600),
    "of tomorrow": lambda made: made.claims.update(iat=int(made.now().timestamp()) + 86400),
    "of nobody": lambda made: made.claims.update(preferred_username=None),
    "of no text": lambda made: made.claims.update(preferred_username=["rep_a"]),
    "signed by another": _signed_by_another,
    "signed with what we know too": _signed_with_what_is_shared,
    "not signed": _unsigned,
}


@pytest.mark.parametrize("plant", FALSE.values(), ids=FALSE)
def test_no_false_statement_lets_anybody_in(served: Served, company: Issuer, plant: Any) -> None:
    """A statement that is not the issuer's, not for us, not of now or not of this way signs nobody in."""
    plant(company)
    browser = served.browser()
    assert (back(browser, company).status, who(browser)) == (401, "")


def test_a_statement_that_is_not_looked_at_is_seen(
    served: Served, company: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were what it says not compared, somebody would come in by one that is for another client."""
    monkeypatch.setattr(oidc, "_is_for", lambda *given: True)
    FALSE["for another client"](company)
    browser = served.browser()
    back(browser, company)
    assert who(browser) == "rep_a"


def test_only_the_browser_that_began_a_way_ends_it(served: Served, company: Issuer) -> None:
    """A link with somebody else's code, a code that was used, a way too long or changed, signs nobody in."""
    thief, victim = served.browser(), served.browser()
    address = thief.get(AWAY).header("location")
    state = address.partition("state=")[2].partition("&")[0]
    link = f"{BACK}?state={state}&code={company.agree(address, 'rep_b')}"
    assert (victim.get(link).status, who(victim)) == (401, "")
    victim.get(AWAY)
    assert (victim.get(link).status, who(victim)) == (401, "")
    way = thief.cookies["pycrm_way"]
    thief.cookies["pycrm_way"] = f"x{way}"
    assert thief.get(link).status == 401
    thief.cookies["pycrm_way"] = way
    assert thief.get(link).status == 303
    thief.cookies["pycrm_way"] = way
    assert thief.get(link).status == 401, "a code is good once"
    browser = served.browser()
    assert back(browser, company, state="x" * 43).status == 401
    assert back(browser, company, iss="https://evil.example").status == 401
    assert back(browser, company, code="").status == 401
    assert back(browser, company, code="", error="access_denied").status == 401
    sent = browser.get(AWAY).header("location")
    served.clock.advance(minutes=11)
    late = f"{BACK}?state={sent.partition('state=')[2].partition('&')[0]}&code={company.agree(sent)}"
    assert (browser.get(late).status, who(browser)) == (401, "")


def test_a_mailbox_counts_where_it_is_verified(served: Served, company: Issuer) -> None:
    """Anybody can enter somebody's mailbox at some issuers: by `email` comes in whose is said to be verified."""
    declared(served, company, claim="email")
    company.claims.update(email="rep_a")
    for verified, status in ((None, 401), (False, 401), ("true", 401), (True, 303)):
        company.claims["email_verified"] = verified
        assert back(served.browser(), company).status == status, verified


def test_a_new_key_of_the_issuer_is_fetched_once(served: Served, company: Issuer) -> None:
    """After the issuer has changed its key people come in at once; unknown keys do not make us ask for ever."""
    back(served.browser(), company)
    served.clock.advance(minutes=2)
    company.key = ECKey.generate_key("P-256", {"kid": "second"})
    company.shown.append(company.key)
    browser = served.browser()
    assert (back(browser, company).status, who(browser)) == (303, "rep_a")
    asked = company.asked.count("/keys")
    company.key = ECKey.generate_key("P-256", {"kid": "third"})
    assert [back(served.browser(), company).status for _ in range(3)] == [401] * 3
    assert company.asked.count("/keys") == asked


def test_a_public_client_shows_no_secret(served: Served, company: Issuer) -> None:
    """Without a secret what was begun proves who asks."""
    company.is_public = True
    declared(served, company, secret=None)
    browser = served.browser()
    assert (back(browser, company).status, who(browser)) == (303, "rep_a")


BROKEN: dict[str, dict[str, Any]] = {
    "calls itself otherwise": {"issuer": "https://evil.example"},
    "sends elsewhere without TLS": {"authorization_endpoint": "http://evil.example/authorization"},
    "has none": {"authorization_endpoint": None},
}


@pytest.mark.parametrize("told", BROKEN.values(), ids=BROKEN)
def test_an_issuer_that_is_not_as_declared_is_not_asked(
    served: Served, company: Issuer, told: dict[str, Any]
) -> None:
    """Nobody is sent to an address that the issuer, or who stands in its place, tells without proof."""
    company.told.update(told)
    assert served.browser().get(AWAY).status == 503


def test_an_issuer_that_does_not_answer_breaks_nothing_else(served: Served, company: Issuer) -> None:
    """Redirects are not followed, and an answer that is none is told as a passing failure."""
    answer, company_answer = company.answer, [(302, b""), (200, b"<html>"), (500, b""), (200, b"[]")]
    for broken in company_answer:
        Issuer.answer, kept = (lambda self, *given, broken=broken: broken), Issuer.answer
        try:
            assert served.browser().get(AWAY).status == 503, broken
        finally:
            Issuer.answer = kept
    assert "/elsewhere" not in company.asked
    assert answer is not None
    assert served.signed_in("rep_a").get("/test/mine").status == 200


def test_where_no_company_is_declared_there_is_no_such_page(served: Served) -> None:
    """Neither button nor path; and an issuer without TLS is refused when the CRM starts."""
    served.serve()
    assert AWAY not in served.browser().get("/sign-in").text
    assert [served.browser().get(path).status for path in (AWAY, BACK)] == [404, 404]
    with pytest.raises(DeclarationError):
        Oidc("http://login.example.com", CLIENT)
    assert SECRET not in repr(Oidc("https://login.example.com", CLIENT, SECRET))
