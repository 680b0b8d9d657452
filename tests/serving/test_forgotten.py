"""People who forgot their password and choose another one by a link (T42)."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest

from pycrm import ForbiddenError, InvalidError, User, credential
from pycrm.credential import is_reset, make_reset, password, reset, reset_password
from pycrm.entities import UserState
from pycrm.errors import SignInError
from pycrm.http import Answer, Message

from .browser import Browser, Reply
from .conftest import PASSWORD, Served, give_passwords, sign_in

NEW = "four mules, one stable"
ORIGIN = "https://crm.example.com"


@attrs.define
class Mailbox:
    """Takes what is sent to people; each message after what came before it."""

    came: Queue[Message] = attrs.field(factory=Queue)
    slow: float = 0.0

    def send(self, message: Message) -> None:
        time.sleep(self.slow)
        self.came.put(message)

    def next(self) -> Message:
        return self.came.get(timeout=20)

    def key(self) -> str:
        """The secret of the link in the next message."""
        return key_of(self.next().text)


def key_of(text: str) -> str:
    link = re.search(r"\S+/reset\?\S+", text)
    assert link is not None, text
    return parse_qs(urlsplit(link[0]).query)["key"][0]


def reached(served: Served, *logins: str) -> Mailbox:
    """Serve it with a mailbox, in which these people are reached."""

    def act(session: Any) -> None:
        for login in logins:
            person = session.get(User, served.cast.people[login].id)
            session.change(person, email=f"{login}@example.com")

    served.crm.run(served.crm.system("mailboxes"), act)
    box = Mailbox()
    served.serve(messenger=box, tries=100)
    return box


def csrf(browser: Browser, path: str) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', browser.get(path).text)
    assert found is not None
    return found[1]


def ask(browser: Browser, login: str) -> Reply:
    """What the page of a forgotten password answers."""
    return browser.post("/forgotten", form={"csrf": csrf(browser, "/forgotten"), "login": login})


def choose(browser: Browser, key: str, new: str = NEW, again: str | None = None) -> Reply:
    form = {"csrf": csrf(browser, "/sign-in"), "key": key, "password": new, "again": again or new}
    return browser.post("/reset", form=form)


def test_who_forgot_the_password_chooses_another_by_a_link(served_on_both: Served) -> None:
    """The link works once, however often it is looked at; whatever was signed in before is out."""
    served = served_on_both
    box = reached(served, "rep_a")
    before, program = served.signed_in("rep_a"), served.program("rep_a")
    browser = served.browser()
    assert ask(browser, "rep_a").status == 200
    said = box.next()
    assert (said.to, said.subject) == ("rep_a@example.com", "A new password")
    key = key_of(said.text)
    assert [browser.get(f"/reset?key={key}").status for _ in range(3)] == [200] * 3
    done = choose(browser, key)
    assert (done.status, done.header("location")) == (303, "/sign-in")
    assert "pycrm" not in browser.cookies, "the link lets nobody in by itself"
    assert "sign in with it" in browser.get("/sign-in").text
    assert before.get("/test/mine").status == 401
    assert program.get("/api/v1/me").status == 401
    assert sign_in(browser, "rep_a", PASSWORD).status == 401
    assert sign_in(browser, "rep_a", NEW).status == 303
    assert choose(served.browser(), key, "five mules, one stable").status == 410
    assert sign_in(served.browser(), "rep_a", NEW).status == 303
    told = box.next()
    assert (told.to, told.subject) == ("rep_a@example.com", "Your password was changed")
    assert key not in told.text
    assert is_good_once(served)


def test_the_answer_does_not_tell_whether_there_is_such_a_person(served: Served) -> None:
    """Known, unknown, suspended, without a mailbox or a password, no text at all: one answer, and one message."""
    box = reached(served, "rep_a", "lead_e", "rep_b")

    def suspend(session: Any) -> None:
        session.change(session.get(User, served.cast.people["lead_e"].id), state=UserState.SUSPENDED)

    served.crm.run("admin", suspend)
    logins = ["nobody", "lead_e", "rep_b", "admin", "", "rep\x00a", "x" * 300, "rep_a"]
    said = [ask(served.browser(), login) for login in logins]
    assert {one.status for one in said} == {200}
    assert len({re.sub(r'value="\w+"', "", one.text) for one in said}) == 1
    assert len({tuple(name for name, _ in one.headers) for one in said}) == 1
    # What is sent goes one after the other, so that nothing can still be on its way before this one.
    assert box.next().to == "rep_a@example.com"
    assert box.came.empty()


def answered_in(served: Served, login: str) -> float:
    browser = served.browser()
    form = {"csrf": csrf(browser, "/forgotten"), "login": login}
    begun = time.perf_counter()
    assert browser.post("/forgotten", form=form).status == 200
    return time.perf_counter() - begun


def test_nobody_waits_for_the_message(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer comes before anything is done about it; were it done before, its time would tell."""
    box = reached(served, "rep_a")
    box.slow = 0.6
    assert answered_in(served, "rep_a") < 0.5
    box.next()

    def at_once(answer: Answer, act: Callable[[], None]) -> Answer:
        act()
        return answer

    monkeypatch.setattr(Answer, "then", at_once)
    assert answered_in(served, "rep_a") > 0.5


@pytest.mark.torture
def test_time_does_not_tell_who_is_known_to_who_asks_often(served: Served) -> None:
    """Of 300 questions each, the times of the two tell them apart no better than chance (AUC at most 0.55)."""
    from .test_passwords import auc

    reached(served, "rep_a")
    served.serve(messenger=Mailbox(), tries=10_000)
    found: dict[str, list[float]] = {"rep_a": [], "nobody": []}
    for _ in range(300):
        for login, kept in found.items():
            kept.append(answered_in(served, login))
    assert auc(found["rep_a"], found["nobody"]) <= 0.55


def linked(served: Served, login: str = "rep_a", hours: int = 1) -> str:
    """A link that an administrator has made."""
    person = served.cast.people[login]
    return str(served.crm.run("admin", lambda session: make_reset(session, person, hours=hours)).secret)


def ends_in_time(served: Served) -> bool:
    key = linked(served)
    served.clock.advance(minutes=59)
    assert is_reset(served.crm, key)
    served.clock.advance(minutes=1)
    return not is_reset(served.crm, key) and choose(served.browser(), key).status == 410


def ends_with_the_password(served: Served) -> bool:
    key = linked(served)
    give_passwords(served.crm, served.cast, "rep_a")
    return not is_reset(served.crm, key)


def ends_with_the_person(served: Served) -> bool:
    """Who is suspended while the link is on its way has none, nor after coming back."""
    key = linked(served)
    for state in (UserState.SUSPENDED, UserState.ACTIVE):

        def act(session: Any, state: UserState = state) -> None:
            session.change(session.get(User, served.cast.people["rep_a"].id), state=state)

        served.crm.run(served.crm.system("leave"), act)
        if is_reset(served.crm, key):
            return False
    return True


def is_good_once(served: Served) -> bool:
    """Of four who use a link at the same time one gets through."""
    key, start = linked(served), threading.Barrier(4)
    through: list[int] = []

    def use(number: int) -> None:
        start.wait()
        try:
            reset_password(served.crm, key, f"{number} mules, one stable")
            through.append(number)
        except SignInError:
            pass

    threads = [threading.Thread(target=use, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return len(through) == 1


def has_no_address_of_a_request(served: Served) -> bool:
    box = reached(served, "rep_a")
    served.serve(messenger=box, origin=ORIGIN, tries=100)
    browser = served.browser(host="crm.example.com")
    foreign = {"x-forwarded-host": "evil.example.com", "forwarded": "host=evil.example.com"}
    browser.headers.update(foreign)
    assert ask(browser, "rep_a").status == 200
    return box.next().text.count(f"{ORIGIN}/reset?key=") == 1


CHECKS = (ends_in_time, ends_with_the_password, ends_with_the_person, has_no_address_of_a_request)


@pytest.mark.parametrize("check", CHECKS, ids=lambda one: one.__name__)
def test_a_link_is_bound(served: Served, check: Callable[[Served], bool]) -> None:
    """A link ends in time, with the password and with the person, and leads to us alone."""
    assert check(served)


def _endless(monkeypatch: pytest.MonkeyPatch) -> None:
    made = reset._row
    far = timedelta(days=3000)
    monkeypatch.setattr(reset, "_row", lambda *given: made(*given[:-1], far))


def _left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credential, "end_sessions", lambda tx, user: None)
    monkeypatch.setattr(password, "end_sessions", lambda tx, user: None)


def _used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reset.sa, "delete", lambda table: reset.sa.update(table).values(at=table.c.at))
    monkeypatch.setattr(reset, "keep", lambda *given: None)


def _as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    from pycrm.http import forgotten

    monkeypatch.setattr(forgotten, "link_to", lambda settings, made: f"http://asked/reset?key={made.secret}")


FAULTS = (
    (_endless, ends_in_time),
    (_left_alone, ends_with_the_password),
    (_used_again, is_good_once),
    (_as_asked, has_no_address_of_a_request),
)


@pytest.mark.parametrize(("fault", "check"), FAULTS, ids=[fault.__name__ for fault, _ in FAULTS])
def test_a_link_that_is_not_bound_is_seen(
    served: Served, monkeypatch: pytest.MonkeyPatch, fault: Callable[[Any], None], check: Any
) -> None:
    """Were a link endless, left over, good twice or led by the request, the test above would fail."""
    fault(monkeypatch)
    assert not check(served)


def test_a_mailbox_is_not_filled(served: Served) -> None:
    """Three links an hour for one person; one address, and one login, asks so often a minute, whoever it names."""
    box = reached(served, "rep_a", "lead_e")
    browser = served.browser()
    assert {ask(browser, "rep_a").status for _ in range(5)} == {200}
    assert ask(browser, "lead_e").status == 200
    assert [box.next().to[:6] for _ in range(4)] == ["rep_a@"] * 3 + ["lead_e"]
    served.clock.advance(minutes=61)
    ask(browser, "rep_a")
    assert box.next().to == "rep_a@example.com"
    served.serve(messenger=box, tries=2)
    for address, login in (("10.0.0.1", "rep_b"), ("10.0.0.2", "nobody")):
        asking = served.browser(address=address)
        said = [ask(asking, login) for _ in range(3)]
        assert [one.status for one in said] == [200, 200, 429]
        assert int(said[-1].header("retry-after")) == 60
    # Guessing passwords is counted apart: whoever asks for links locks nobody out.
    assert sign_in(served.browser(address="10.0.0.1"), "rep_a", PASSWORD).status == 303


def test_a_weak_password_leaves_the_link_good(served: Served) -> None:
    """Who mistypes or chooses one that is guessed first is told so and goes on with the same link."""
    served.serve()
    key, browser = linked(served), served.browser()
    twice = choose(browser, key, NEW, "four mules, two stables")
    weak = choose(browser, key, "1234567890")
    assert (twice.status, weak.status) == (422, 422)
    assert "The two were not the same." in twice.text
    assert "tried first" in weak.text
    browser.cookies["pycrm_language"] = "zh"
    assert "这个密码太常见" in choose(browser, key, "1234567890").text
    foreign = browser.post("/reset", form={"csrf": "0" * 64, "key": key, "password": NEW, "again": NEW})
    assert foreign.status == 403
    assert choose(browser, key).status == 303


def test_without_a_mail_server_nobody_is_sent_anything(served: Served) -> None:
    """The page says whom to ask, in either language, and offers no form that would lead nowhere."""
    served.serve()
    browser = served.browser()
    page = browser.get("/forgotten")
    assert "Ask whoever keeps the users here" in page.text
    assert 'name="login"' not in page.text
    browser.cookies["pycrm_language"] = "zh"
    assert "请向系统管理员索取设置新密码的链接。" in browser.get("/forgotten").text
    assert browser.get("/reset?key=" + "x" * 43).status == 410


def test_who_keeps_the_users_makes_links_for_others(served: Served) -> None:
    """An administrator makes one, also for who never had a password; others, and for who has left, do not."""
    person = served.cast.people["rep_b"]
    key = linked(served, "rep_b", hours=48)
    served.clock.advance(hours=47)
    assert choose(served.browser(), key).status == 303
    assert sign_in(served.browser(), "rep_b", NEW).status == 303
    for login in ("rep_a", "lead_e", "dir", "rep_b"):
        with pytest.raises(ForbiddenError):
            served.crm.run(login, lambda session: make_reset(session, person))
    with pytest.raises(InvalidError):
        linked(served, hours=169)

    def leave(session: Any) -> None:
        session.change(session.get(User, person.id), state=UserState.LEFT)

    served.crm.run("admin", leave)
    with pytest.raises(ForbiddenError):
        linked(served, "rep_b")


def test_no_link_stands_in_the_database(served: Served) -> None:
    """Whoever reads the whole database finds no link that is good."""
    box = reached(served, "rep_a")
    ask(served.browser(), "rep_a")
    key = box.key()
    path = str(served.crm.store.url.database)
    whole = b"".join(Path(f"{path}{end}").read_bytes() for end in ("", "-wal"))
    assert key.encode() not in whole
    assert is_reset(served.crm, key)
