"""Administration, handing over, calendars and reasons, by forms alone."""

from __future__ import annotations

import re

from pycrm import Customer, OrgUnit, User

from .conftest import Company
from .reading import read
from .test_hostile import faults


def test_the_reason_why_somebody_sees_a_record(shown: Company) -> None:
    """The owner reads that it is the own one; the leader also who else sees it, a salesperson not."""
    path = shown.customer().replace("/customers", "/access/customers")
    own = shown.reader("rep_a").see(path).words
    assert "the owner is rep_a (role staff)" in own
    assert "Everybody who sees it" not in own
    leader = shown.reader("lead_e").see(path).words
    assert "Everybody who sees it" in leader
    assert "rep_a" in leader
    assert "rep_b" not in leader


def test_a_handover_is_shown_before_it_is_done(company: Company) -> None:
    """The leader sees what would move, does it with a reason, and gives it back."""
    leader = company.reader("lead_e")
    rep_a, rep_b = (str(company.one(User, name).id) for name in ("Rep_A", "Rep_B"))
    shown = leader.see(f"/handover?giver={rep_a}&to={rep_b}")
    assert "This would move" in shown.words
    assert "Customers Active 1" in shown.words
    assert str(company.one(Customer, "Hongda Logistics 宏达物流").owner.id) == rep_a
    form = next(one for one in shown.forms if one.action == "/handover" and one.method == "post")
    assert leader.send(form, because="no").status == 422
    done = leader.follow(leader.send(form, because="she moves to West"))
    assert str(company.one(Customer, "Hongda Logistics 宏达物流").owner.id) == rep_b
    undo = next(one for one in done.forms if one.action.endswith("/undo"))
    leader.follow(leader.send(undo, because="she stays after all"))
    assert str(company.one(Customer, "Hongda Logistics 宏达物流").owner.id) == rep_a


def test_a_pipeline_is_tried_before_it_is_published(company_apart: Company) -> None:
    """The administrator changes a text, sees what it would do and publishes it; others see the drawing alone."""
    admin = company_apart.reader("admin")
    page = admin.see("/admin/pipelines/sales")
    assert page.of("svg")
    assert faults(page) == []
    form = page.form("/admin/pipelines/sales")
    text = form.value("text") or ""
    assert 'key = "filed"' in text
    changed = text.replace("version = 1", "version = 2", 1).replace(
        'label = "Filed"', 'label = "Screened"', 1
    )
    tried = admin.post(form.action, form.sent({"text": changed}))
    assert "What publishing would do" in tried.text
    assert "2 records run in older versions, 2 would move over." in tried.text
    broken = admin.post(form.action, form.sent({"text": "version = ["}))
    assert broken.status == 422
    fields = [*form.sent({"text": changed, "because": "a clearer word"}), ("publish", "1")]
    assert "Version 2 is published" in admin.follow(admin.post(form.action, fields)).words
    reader = company_apart.reader("rep_a")
    assert reader.see("/admin/pipelines/sales").of("textarea") == []
    assert (
        reader.post("/admin/pipelines/sales", [*reader.see("/").form("/settings").fields, *fields[1:]]).status
        == 403
    )


def test_the_tree_shows_units_with_their_people_and_leaders(shown: Company) -> None:
    """East is led by its leader, and its salespeople stand below it."""
    page = shown.reader("admin").see("/admin/units")
    assert "led by Lead_E" in page.words
    assert "Rep_A staff" in page.words
    roles = shown.reader("admin").see("/admin/roles")
    assert "Unit and below" in roles.words or "Subtree" in roles.words


def test_a_unit_is_hung_below_another_and_what_cannot_be_is_said(company: Company) -> None:
    """East-2 moves below West with a reason, West never below itself; who leads East cannot, nor see the page."""
    admin = company.reader("admin")
    page = admin.see("/admin/units")
    units = {name: str(company.one(OrgUnit, name).id) for name in ("East", "East-2", "West")}
    form = page.form("/admin/units")
    moved = admin.send(form, unit=units["East-2"], parent=units["West"], because="it serves the west now")
    assert "Moved" in admin.follow(moved).words
    assert company.one(OrgUnit, "East-2").parent.id == company.one(OrgUnit, "West").id
    for below, because in (("East-2", "a circle"), ("East", "")):
        refused = admin.send(form, unit=units["West"], parent=units[below], because=because)
        assert refused.status in (409, 422)
        assert read(refused.text).of("div")
    leader = company.reader("lead_e")
    fields = [*leader.see("/").form("/settings").fields, ("unit", units["East"]), ("parent", units["West"])]
    assert leader.ask("/admin/units").status == 404
    assert leader.post("/admin/units", [*fields, ("because", "mine")]).status in (403, 404)
    assert company.one(OrgUnit, "East").parent.id != company.one(OrgUnit, "West").id


def test_the_calendar_goes_to_a_telephone_and_ends_with_its_address(company: Company) -> None:
    """Whoever has the address gets iCalendar; with another sign, or once the person is changed, nobody does."""
    reader = company.reader("rep_a")
    month = reader.see("/calendar?month=2026-06")
    assert "Call Hongda Logistics" in month.words
    feed = next(link for link in month.links() if link.endswith(".ics"))
    stranger = company.reader(None)
    table = stranger.ask(feed)
    assert table.status == 200
    assert "BEGIN:VCALENDAR" in table.text
    assert "Call Hongda Logistics" in table.text.replace("\r\n ", "")
    assert "Secret" not in table.text
    assert stranger.ask(feed.replace("/feed", "0/feed")).status == 404
    with company.crm.session("admin") as session:
        session.change(session.find(User, User.login == "rep_a")[0], employee_no="7")
    assert stranger.ask(feed).status == 404


def test_a_forgotten_password_is_made_anew_by_the_administrator(company: Company) -> None:
    """It is shown once and opens the door, behind which another one has to be chosen; a leader cannot give any."""
    rep_a = str(company.one(User, "Rep_A").id)
    admin = company.reader("admin")
    form = admin.see(f"/users/{rep_a}").form(f"/users/{rep_a}/password")
    told = read(admin.send(form).text)
    password = next(one for one in told.said if re.fullmatch(r"[\w-]{16}", one))
    person = company.reader(None)
    door = person.see("/sign-in").form("/sign-in")
    assert person.send(door, login="rep_a", password=password).status == 303
    assert person.ask("/customers").header("location") == "/account/password"
    choosing = person.see("/account/password").form("/account/password")
    assert person.send(choosing, current=password, password="rep_a", again="rep_a").status == 422
    new = "three herons by the weir"
    assert "not the same" in person.send(choosing, current=password, password=new, again="another").text
    assert "My day" in person.follow(person.send(choosing, current=password, password=new, again=new)).words
    leader = company.reader("lead_e")
    forged = [("csrf", leader.see("/").form("/settings").value("csrf") or "")]
    assert leader.post(f"/users/{rep_a}/password", forged).status == 403
