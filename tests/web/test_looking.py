"""Seeing what somebody else sees: by a right of its own, read only, kept, and nothing that is private."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from serving.browser import Reply

from pycrm import Activity, Customer, Grant, Opportunity, Reach, Role, RoleAssignment, User
from pycrm.entities.org import Action
from pycrm.entities.view import SavedView
from pycrm.errors import ForbiddenError, InvalidError, NotFoundError
from pycrm.exchange.exporting import export_csv
from pycrm.revision import apart, looking
from pycrm.web import face

from .conftest import Company, Reader
from .reading import Page

WHY = "rep_a misses a customer"
SIGHT = Grant(entity="sight", action=Action.READ, reach=Reach.ALL)


def _granted(company: Company, role: str = "administrator", grant: Grant = SIGHT) -> None:
    with company.crm.session(company.crm.system("giving a right")) as session:
        (found,) = session.find(Role, Role.name == role, children=True)
        session.change(found, grants=(*found.grants, grant))


def _user(company: Company, login: str) -> Any:
    with company.crm.view(company.crm.system("looking it up")) as session:
        return session.find(User, User.login == login)[0]


def _looked(company: Company, login: str = "rep_a") -> list[Any]:
    with company.crm.view("admin") as session:
        return session.accesses(session.get(_user(company, login).ref))


def _looks(company: Company) -> Reader:
    """The administrator, who has begun to see what rep_a sees."""
    admin = company.reader("admin")
    path = f"/users/{_user(company, 'rep_a').id}"
    form = admin.see(path).form(f"{path}/look")
    reply = admin.send(form, because=WHY)
    assert (reply.status, reply.header("location")) == (303, "/")
    return admin


def _asks(reader: Reader, page: Page, company: Company, login: str, because: str) -> Reply:
    """Ask to see what somebody sees, whether or not that was offered."""
    (csrf,) = {text for form in page.forms for name, text in form.filled() if name == "csrf"}
    return reader.post(f"/users/{_user(company, login).id}/look", {"csrf": csrf, "because": because})


def _sees_the_others_pages(company: Company) -> None:
    admin = _looks(company)
    day = admin.see("/")
    assert "You see the pages as Rep_A." in day.words
    assert "Hongda" in admin.see(company.customer()).words
    assert admin.see(company.customer("rep_b"), 404)
    assert "Secret Foods" not in admin.see("/customers").words


def _can_do_nothing(company: Company) -> None:
    admin = _looks(company)
    page = admin.see(company.customer())
    told = [form for form in page.forms if form.method == "post" and form.action.endswith("/talk")]
    refused = admin.send(told[0], text="A call that never was", kind="call")
    assert refused.status == 403
    assert "nothing can be done until you go back" in refused.text
    again = _asks(admin, page, company, "lead_e", WHY)
    assert again.status == 403
    with company.crm.view(company.crm.system("looking it up")) as session:
        assert session.count(Activity) == 2


def _takes_nothing_out(company: Company) -> None:
    """Not even what the other may take out."""
    grant = Grant(entity="Customer", action=Action.EXPORT, reach=Reach.OWN)
    _granted(company, "staff", grant)
    assert company.reader("rep_a").ask("/customers/export.csv").status == 200
    admin = _looks(company)
    assert admin.ask("/customers/export.csv").status == 403
    assert "feed.ics" in company.reader("rep_a").see("/calendar").text
    assert "feed.ics" not in admin.see("/calendar").text


def _private_stays_private(company: Company) -> None:
    with company.crm.session("rep_a") as session:
        session.add(SavedView(entity="Customer", name="Those I fear", query="q=a"))
    assert "Those I fear" in company.reader("rep_a").see("/customers").words
    assert "Those I fear" not in _looks(company).see("/customers").words


def _each_page_is_kept(company: Company) -> None:
    admin = _looks(company)
    path = company.customer()
    admin.see(path)
    looks = _looked(company)
    assert {one.query for one in looks} == {f"what rep_a sees: {path}", "what rep_a sees: begun"}
    assert [(one.actor, one.purpose, one.outcome) for one in looks] == 2 * [("admin", WHY, "shown")]


CHECKS: tuple[Callable[[Company], None], ...] = (
    _sees_the_others_pages,
    _can_do_nothing,
    _takes_nothing_out,
    _private_stays_private,
    _each_page_is_kept,
)


@pytest.mark.parametrize("check", CHECKS)
def test_who_looks_through_anothers_eyes_sees_that_and_no_more(
    company: Company, check: Callable[[Company], None]
) -> None:
    """The administrator with the right sees rep_a's pages, is kept, and neither changes nor takes anything."""
    _granted(company)
    check(company)


def _own_eyes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(face, "_look", lambda call: None)


def _all_may_be_sent(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(face, "SAFE", frozenset({"GET", "POST"}))
    patch.setattr("pycrm.web.visit.Visit.run", lambda self, do: self.crm.run(self.sees.user, do))


def _kept_for_the_other(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("pycrm.revision.exports.apart", _Anyway)
    patch.setattr(apart, "keep", _Anyway.keep)


class _Anyway:
    """What is kept is kept in whoever's name."""

    @staticmethod
    def keep(tx: Any, write: Any) -> None:
        apart._apart(tx, write)


def _not_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(looking, "_keep", lambda *_: None)


def _unmarked(patch: pytest.MonkeyPatch) -> None:
    """The eyes of who looks pass for the other's own."""
    patch.setattr(looking.attrs, "evolve", lambda actor, **_: actor)


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        (_own_eyes, _sees_the_others_pages),
        (_all_may_be_sent, _can_do_nothing),
        (_kept_for_the_other, _takes_nothing_out),
        (_unmarked, _private_stays_private),
        (_unmarked, _takes_nothing_out),
        (_not_kept, _each_page_is_kept),
    ],
)
def test_a_planted_fault_is_noticed(
    company: Company, monkeypatch: pytest.MonkeyPatch, fault: Any, check: Callable[[Company], None]
) -> None:
    """Looks that change, take out, show what is private or are not kept turn a check red."""
    _granted(company)
    fault(monkeypatch)
    with pytest.raises((AssertionError, ValueError)):
        check(company)


def test_the_way_back_leads_to_ones_own_pages(company: Company) -> None:
    """Who goes back sees no customer any more, and whoever forgets to is back after an hour."""
    _granted(company)
    admin = _looks(company)
    back = admin.see("/customers").form("/looking/end")
    assert admin.follow(admin.send(back)).forms
    assert "You see the pages as" not in admin.see("/").words
    assert admin.see(company.customer(), 404)
    admin = _looks(company)
    company.clock.advance(hours=1)
    try:
        assert "You see the pages as" not in admin.see("/").words
    finally:
        company.clock.advance(hours=-1)


def test_the_right_is_asked_for_at_each_page(company: Company) -> None:
    """Who has no right is offered nothing and refused; who loses it while looking is, too, and finds back."""
    admin = company.reader("admin")
    page = admin.see(f"/users/{_user(company, 'rep_a').id}")
    assert not [form for form in page.forms if form.action.endswith("/look")]
    assert _asks(admin, page, company, "rep_a", WHY).status == 403
    _granted(company)
    for because, status in (("", 422), (WHY, 303)):
        assert _asks(admin, page, company, "rep_a", because).status == status
    with company.crm.session(company.crm.system("taking it away")) as session:
        (found,) = session.find(Role, Role.name == "administrator", children=True)
        session.change(found, grants=[one for one in found.grants if one.entity != "sight"])
    lost = admin.see("/customers", 403)
    assert "Hongda" not in lost.words
    assert admin.send(lost.form("/looking/end")).status == 303


def test_only_roles_that_see_all_or_keep_the_roles_are_given_the_right(company: Company) -> None:
    """A leader's role is refused it, and so is a reach of less than all."""
    with pytest.raises(InvalidError, match="read everything or keep the roles"):
        _granted(company, "leader")
    with pytest.raises(InvalidError, match="read everything or keep the roles"):
        _granted(company, grant=Grant(entity="sight", action=Action.READ, reach=Reach.SUBTREE))
    _granted(company, "top")


def test_a_session_that_sees_what_another_sees(company: Company) -> None:
    """By the Python interface as by the pages; there is no such session of one's own or of nobody."""
    _granted(company)
    crm = company.crm
    with crm.view("rep_a") as own, crm.view("admin", sees="rep_a", because=WHY) as session:
        for cls in (Customer, Opportunity, Activity, RoleAssignment):
            assert session.find(cls) == own.find(cls)
        with pytest.raises(ForbiddenError):
            session.reveal(own.find(Customer)[0], "name", because=WHY)
        with pytest.raises(ForbiddenError), crm.view(session.actor):
            raise AssertionError("opened")
        with pytest.raises(ForbiddenError), crm.session(session.actor):
            raise AssertionError("opened")
        with pytest.raises(ForbiddenError):
            export_csv(session, Customer, None, (), ["name"])
    for sees, error in (
        ("admin", InvalidError),
        ("nobody at all", NotFoundError),
        (UUID(int=4), NotFoundError),
    ):
        with pytest.raises(error), crm.view("admin", sees=sees, because=WHY):
            raise AssertionError("opened")
    with pytest.raises(ForbiddenError), crm.view("dir", sees="rep_a", because=WHY):
        raise AssertionError("opened")
    with crm.view("rep_a") as session:
        assert [one.actor for one in session.accesses(session.get(_user(company, "rep_a").ref))] == ["admin"]
