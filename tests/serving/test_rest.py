"""Records over REST: what a program can read and write, and what it is told."""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import UUID

import pytest

from pycrm.credential import Scope

from .browser import Browser
from .conftest import Served

BASE = "/api/v1"


def ident(browser: Browser, path: str, name: str) -> str:
    """The id of the record of that name."""
    found = browser.get(f"{BASE}/{path}?where=name={name}").data["items"]
    return str(found[0]["id"])


def organization(browser: Browser, name: str = "Hongda Logistics", **details: Any) -> dict[str, Any]:
    """A new customer as a program sends it."""
    point = {"kind": "email", "value": f"{name.replace(' ', '.')}@example.com"}
    party = {"kind": "organization", "name": name, "contact_points": [point]}
    return {"party": party | details, "source": ident(browser, "sources", "exhibition")}


def test_a_program_keeps_a_customer(served_on_both: Served) -> None:
    """A customer is added with its party, read, changed from the version read, put away and brought back."""
    rep = served_on_both.program("rep_a")
    facet = {"organization": {"tax_id": "91440300MA5F"}}
    made = rep.post(f"{BASE}/customers", json=organization(rep, **facet))
    assert made.status == 201, made.text
    customer = made.data
    path = made.header("location")
    assert path == f"{BASE}/customers/{customer['id']}"
    assert (customer["name"], customer["version"], made.header("etag")) == ("Hongda Logistics", 1, '"1"')
    read = rep.get(path)
    assert read.data == customer
    assert read.header("etag") == '"1"'
    party = rep.get(f"{BASE}/parties/{customer['party']}?include=organization").data
    kept = party["included"]["Organization"][customer["party"]]
    assert kept["tax_id"] == "91440300MA5F"
    changed = rep.ask("PATCH", path, json={"channel": "fair"}, headers={"if-match": '"1"'})
    assert (changed.status, changed.data["version"]) == (200, 2), changed.text
    away = rep.post(f"{path}/archive", headers={"if-match": '"2"'})
    assert away.status == 200, away.text
    assert rep.get(f"{BASE}/customers").data["items"] == []
    back = rep.post(f"{path}/restore", json={"because": "a mistake"}, headers={"if-match": '"3"'})
    assert back.data["version"] == 4
    acts = [one["act"] for one in rep.get(f"{path}/history").data["items"] if one["entity"] == "Customer"]
    assert acts == ["restore", "archive", "change", "add"]


def test_every_problem_is_told_at_once(served: Served) -> None:
    """Wrong type, missing field and unknown field come in one answer, each with its path."""
    rep = served.program("rep_a")
    reply = rep.post(f"{BASE}/customers", json={"party": {"kind": "firm", "surname": 1}, "colour": "red"})
    assert (reply.status, reply.header("content-type")) == (422, "application/problem+json")
    told = {(one["path"], one["code"]) for one in reply.data["fields"]}
    assert told == {
        ("party/kind", "type"),
        ("party/surname", "unknown"),
        ("party/name", "required"),
        ("colour", "unknown"),
        ("source", "required"),
    }
    reply = rep.post(f"{BASE}/tasks", json={"title": 7, "due_on": "tomorrow", "colour": "red"})
    assert {one["path"] for one in reply.data["fields"]} >= {"title", "colour"}
    reply = rep.get(f"{BASE}/customers?where=colour=red&where=name>>1&where=grade=&wheer=x")
    assert [one["path"] for one in reply.data["fields"]] == ["wheer"]
    hidden = rep.get(f"{BASE}/parties?where=organization.colour=red")
    assert [(one["path"], one["code"]) for one in hidden.data["fields"]] == [
        ("organization.colour", "unknown")
    ]
    reply = rep.get(f"{BASE}/customers?where=colour=red&where=lifecycle=lost")
    assert [one["path"] for one in reply.data["fields"]] == ["colour", "lifecycle"]


def test_a_change_from_an_old_version_is_refused_with_both_sides(served: Served) -> None:
    """Who read an older version is told what stood there, what stands there and what was sent."""
    rep = served.program("rep_a")
    path = rep.post(f"{BASE}/customers", json=organization(rep)).header("location")
    assert rep.ask("PATCH", path, json={"channel": "fair"}).status == 428
    assert rep.ask("PATCH", path, json={"channel": None}, headers={"if-match": "*"}).status == 428
    served.clock.advance(minutes=1)
    first = rep.ask("PATCH", path, json={"channel": "fair"}, headers={"if-match": '"1"'})
    assert first.status == 200, first.text
    late = rep.ask("PATCH", path, json={"channel": "agent"}, headers={"if-match": '"1"'})
    assert (late.status, late.data["code"]) == (409, "stale")
    sides = {"base": None, "theirs": "fair", "yours": "agent"}
    assert late.data["data"] == {"read": 1, "current": 2, "fields": {"channel": sides}}
    never = rep.ask("PATCH", path, json={"channel": "agent"}, headers={"if-match": '"9"'})
    assert (never.status, never.data["data"]) == (409, {"read": 9, "current": 2})


TREES = ("Alder", "Birch", "Cedar", "Elm", "Fir", "Gum", "Holly")


@pytest.fixture
def seven(served: Served) -> Browser:
    """A program of somebody who has seven customers, called after trees, the last one archived."""
    rep = served.program("rep_a")
    for name in TREES:
        made = rep.post(f"{BASE}/customers", json=organization(rep, name))
        assert made.status == 201, made.text
    gone = ident(rep, "customers", "Holly")
    assert rep.post(f"{BASE}/customers/{gone}/archive", headers={"if-match": "1"}).status == 200
    return rep


def names(reply: Any) -> list[str]:
    """The names in a list."""
    return [one["name"] for one in reply.data["items"]]


def test_a_list_is_turned_over_filtered_and_sorted(seven: Browser) -> None:
    """Pages hold each record once, in order; conditions, words and fields narrow them."""
    path, found, after = f"{BASE}/customers", [], ""
    for _ in range(3):
        page = seven.get(f"{path}?size=2&sort=-name{after}")
        found += names(page)
        after = f"&after={page.data['next']}"
    assert found == ["Gum", "Fir", "Elm", "Cedar", "Birch", "Alder"]
    assert (page.data["next"], page.data["more"]) == (None, False)
    first = seven.get(f"{path}?size=2&sort=-name").data["next"]
    assert seven.get(f"{path}?size=2&sort=name&after={first}").status == 422, "a cursor of another order"
    (narrow,) = seven.get(f"{path}?where=name~lde&fields=name,code").data["items"]
    assert (narrow["name"], set(narrow)) == ("Alder", {"name", "code"})
    assert names(seven.get(f"{path}?text=birch")) == ["Birch"]
    assert names(seven.get(f"{path}?where=name:Elm,Fir&sort=name")) == ["Elm", "Fir"]
    assert len(names(seven.get(f"{path}?archived=true"))) == 7
    assert seven.get(f"{path}/count").data == {"count": 6, "more": False}
    assert seven.get(f"{path}/count?limit=4").data == {"count": 4, "more": True}
    linked = seven.get(f"{path}?where=source.name=exhibition&include=source,party&size=1").data["included"]
    assert {one["name"] for one in linked["Source"].values()} == {"exhibition"}
    assert [one["kind"] for one in linked["Party"].values()] == ["organization"]
    told = seven.get(f"{path}?where=name~birch&include=titles").data
    (birch,) = told["items"]
    titles = told["included"]["titles"]
    assert [titles[birch[name]] for name in ("id", "source", "owner")] == ["Birch", "exhibition", "Rep_A"]
    whole = seven.get(f"{path}/{birch['id']}?include=titles,source").data["included"]
    assert (whole["titles"], set(whole)) == (titles, {"titles", "Source"})


def test_a_table_is_taken_out_as_far_as_the_right_goes(served: Served, seven: Browser) -> None:
    """A leader takes out the customers of the unit as CSV, and it is kept; staff may not."""
    assert seven.get(f"{BASE}/customers/export").status == 403
    leader = served.program("lead_e", Scope.READ)
    reply = leader.get(f"{BASE}/customers/export?fields=name,owner")
    assert (reply.status, reply.header("content-type")) == (200, "text/csv; charset=utf-8")
    rows = list(csv.reader(io.StringIO(reply.text.lstrip("\ufeff"))))
    assert rows[0] == ["name", "owner"]
    assert len(rows) == 7
    with served.crm.view("admin") as session:
        assert [(one.actor, one.rows) for one in session.exports()] == [("lead_e", 6)]


def deal(served: Served, rep: Browser) -> tuple[str, dict[str, Any]]:
    """An opportunity of a customer: its path, and itself."""
    customer = rep.post(f"{BASE}/customers", json=organization(rep)).data["id"]
    body = {
        "customer": customer,
        "name": "Staff examination",
        "amount": {"amount": "86000.00", "currency": "CNY"},
    }
    made = rep.post(f"{BASE}/opportunities", json=body | {"expected_close": "2026-09-01"})
    assert made.status == 201, made.text
    return made.header("location"), made.data


def test_a_program_moves_a_deal(served: Served) -> None:
    """A refused move says what is missing; with it the same request is taken, and the stages are told."""
    rep = served.checked("rep_a")
    path, made = deal(served, rep)
    offered = {one["key"]: one for one in rep.get(f"{path}/moves").data["items"]}
    assert any(one["is_allowed"] for one in offered.values())
    target = next(one["target"] for one in offered.values() if one["is_allowed"])
    version = {"if-match": str(made["version"])}
    tried = rep.post(f"{path}/moves", json={"to": target, "dry": True}, headers=version)
    assert tried.data == {"is_allowed": True, "refusal": None}
    moved = rep.post(f"{path}/moves", json={"to": target}, headers=version)
    assert (moved.status, moved.data["stage"]) == (200, target), moved.text
    assert [one["stage"] for one in rep.get(f"{path}/stages").data["items"]][-1] == target
    version = {"if-match": moved.header("etag")}
    lost = rep.post(f"{path}/moves", json={"to": "lost"}, headers=version)
    assert (lost.status, lost.data["code"]) == (409, "gate"), lost.text
    missing = {one["path"] for one in lost.data["fields"]} | {
        str(one.get("field")) for one in lost.data["data"].get("missing", [])
    }
    assert "lost_reason" in missing


def test_key_fields_are_amended(served: Served) -> None:
    """A key field changes by an amendment: a leader decides on it in the inbox, and then it holds."""
    with served.crm.session(served.crm.system("policy")) as session:
        from pycrm.entities import AmendmentMode, AmendmentPolicy

        policy = {"entity": "Party", "path": "name", "mode": AmendmentMode.APPROVAL}
        session.add(AmendmentPolicy(**policy))
    rep, leader = served.checked("rep_a"), served.checked("lead_e")
    made = rep.post(f"{BASE}/customers", json=organization(rep)).data
    party = f"{BASE}/parties/{made['party']}"
    direct = rep.ask("PATCH", party, json={"name": "Hongda"}, headers={"if-match": "1"})
    assert (direct.status, direct.data["code"]) == (409, "amendment_required"), direct.text
    body = {"values": {"name": "Hongda Freight"}, "because": "renamed in the register"}
    asked = rep.post(f"{party}/amendments", json=body, headers={"if-match": "1"})
    assert asked.status == 202, asked.text
    assert rep.get(f"{party}/amendments").data["items"][0]["id"] == asked.data["id"]
    (waiting,) = leader.get(f"{BASE}/inbox").data["items"]
    assert waiting["amendments"][0]["id"] == asked.data["id"]
    (line,) = leader.get(f"{asked.header('location')}/lines").data["items"]
    assert (line["path"], line["base"], line["new"]) == ("name", "Hongda Logistics", "Hongda Freight")
    assert rep.post(f"{asked.header('location')}/approve").status == 403
    done = leader.post(f"{BASE}/inbox", json={"amendments": [asked.data["id"]], "verdict": "approve"})
    assert done.data["items"] == [{"id": asked.data["id"], "state": "applied", "refusal": None}], done.text
    assert rep.get(party).data["name"] == "Hongda Freight"


def test_the_past_is_told(served: Served) -> None:
    """Who may read a record reads what it was, what differs since, who held it and why they see it."""
    rep = served.checked("rep_a")
    path = rep.post(f"{BASE}/customers", json=organization(rep)).header("location")
    before = served.clock.now().isoformat().replace("+00:00", "Z")
    served.clock.advance(hours=1)
    rep.ask("PATCH", path, json={"channel": "fair"}, headers={"if-match": "1"})
    assert rep.get(f"{path}?as_of={before}").data["channel"] is None
    (item,) = rep.get(f"{BASE}/customers?as_of={before}").data["items"]
    assert item["channel"] is None
    (differs,) = rep.get(f"{path}/diff?since={before}").data["items"]
    assert (differs["path"], differs["old"], differs["new"]) == ("channel", None, "fair")
    assert [one["kind"] for one in rep.get(f"{path}/explain").data["items"]] == ["role"]
    assert len(rep.get(f"{path}/owners").data["items"]) == 1
    assert [one["may"] for one in rep.get(f"{path}/team").data["items"]] == ["own"]
    assert rep.get(f"{path}/history?field=channel").data["items"][0]["actor"] == "rep_a"


def test_many_are_written_all_or_none(served: Served) -> None:
    """A bulk is taken whole; what is wrong in it is told with its place, and nothing of it stays."""
    rep = served.program("rep_a")
    good = [organization(rep, f"Bulk {index}") for index in range(3)]
    made = rep.post(f"{BASE}/customers/bulk", json={"items": good})
    assert made.status == 201, made.text
    bad = [*good[:1], {"party": {"kind": "organization"}}, {"colour": 1}]
    reply = rep.post(f"{BASE}/customers/bulk", json={"items": bad})
    assert reply.status == 422
    assert {one["path"] for one in reply.data["fields"]} >= {"items/1/party/name", "items/2/colour"}
    assert rep.get(f"{BASE}/customers/count").data["count"] == 3
    first, second, _ = made.data["items"]
    items = [
        {"id": first["id"], "version": 1, "values": {"channel": "fair"}},
        {"id": second["id"], "version": 7, "values": {"channel": "fair"}},
    ]
    assert rep.ask("PATCH", f"{BASE}/customers/bulk", json={"items": items}).status == 409
    assert rep.get(f"{BASE}/customers/{first['id']}").data["version"] == 1
    items[1]["version"] = 1
    assert rep.ask("PATCH", f"{BASE}/customers/bulk", json={"items": items}).status == 200
    body = {"where": ["name~Bulk"], "values": {"channel": "agent"}}
    assert rep.post(f"{BASE}/customers/change", json=body).data == {"changed": 3}


def test_what_an_act_on_many_is_about_is_said(served: Served) -> None:
    """Without `where` nothing is changed or moved, all in reach only by an empty list; an empty day is no day."""
    rep = served.checked("rep_a")
    assert rep.post(f"{BASE}/customers", json=organization(rep)).status == 201
    reply = rep.post(f"{BASE}/customers/change", json={"values": {"channel": "fair"}})
    assert (reply.status, reply.data["fields"][0]["path"]) == (422, "where")
    reply = rep.post(f"{BASE}/customers/move", json={"to": "close"})
    assert (reply.status, reply.data["fields"][0]["path"]) == (422, "where")
    everything = {"where": [], "values": {"channel": "fair"}}
    assert rep.post(f"{BASE}/customers/change", json=everything).data == {"changed": 1}
    for asked in ("as_of=", "size=", "sort=", "fields="):
        assert rep.get(f"{BASE}/customers?{asked}").status == 422, asked


def test_a_request_sent_twice_takes_effect_once(served_on_both: Served) -> None:
    """The same key and content get the same answer, the same key with other content is refused (T30)."""
    rep, other = served_on_both.program("rep_a"), served_on_both.program("rep_b")
    body, key = organization(rep), {"idempotency-key": "order 17"}
    first = rep.post(f"{BASE}/customers", json=body, headers=key)
    again = rep.post(f"{BASE}/customers", json=body, headers=key)
    assert (first.status, again.status) == (201, 201)
    assert (first.body, first.header("location")) == (again.body, again.header("location"))
    path = first.header("location")
    served_on_both.clock.advance(minutes=1)
    rep.ask("PATCH", path, json={"channel": "fair"}, headers={"if-match": "1"})
    late = rep.post(f"{BASE}/customers", json=body, headers=key)
    assert late.data == first.data, "the answer is that of then, whatever has become of the customer"
    differs = rep.post(f"{BASE}/customers", json=organization(rep, "Another"), headers=key)
    assert (differs.status, differs.data["code"]) == (409, "conflict")
    assert other.post(f"{BASE}/customers", json=organization(other, "Mine"), headers=key).status == 201
    assert rep.get(f"{BASE}/customers/count").data["count"] == 1
    wrong = rep.post(f"{BASE}/customers", json={"party": 7}, headers={"idempotency-key": "order 18"})
    assert wrong.status == 422
    fixed = rep.post(
        f"{BASE}/customers", json=organization(rep, "B"), headers={"idempotency-key": "order 18"}
    )
    assert fixed.status == 201, "what was refused is no request that took effect"


def test_a_token_that_reads_writes_nothing(served: Served) -> None:
    """Every act is refused to a token that only reads."""
    reader = served.program("rep_a", Scope.READ)
    assert reader.get(f"{BASE}/customers").status == 200
    assert reader.post(f"{BASE}/customers", json={}).status == 403
    assert reader.ask("PATCH", f"{BASE}/customers/{UUID(int=1)}", json={}).status == 403


def test_hidden_and_missing_are_one_answer(served: Served, seven: Browser) -> None:
    """Whoever asks for somebody else's record, or for none, gets the same body, by every path."""
    theirs = seven.get(f"{BASE}/customers?size=1").data["items"][0]["id"]
    none = str(UUID(int=7))
    peer = served.program("rep_b")
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/history", None),
        ("GET", "/diff?since=2026-01-01T00:00:00Z", None),
        ("GET", "/explain", None),
        ("GET", "/moves", None),
        ("GET", "/owners", None),
        ("GET", "/team", None),
        ("GET", "/amendments", None),
        ("GET", "/grade-override", None),
        ("PATCH", "", {"channel": "fair"}),
        ("POST", "/archive", {}),
        ("POST", "/moves", {"to": "closed"}),
        ("POST", "/assign", {"owner": "rep_b"}),
        ("POST", "/amendments", {"values": {"name": "x"}, "because": "to see"}),
        ("POST", "/reveal", {"fields": ["code"], "because": "to see"}),
        ("POST", "/revert", {"version": 1, "because": "to see"}),
        ("POST", "/erase", {"because": "to see whether"}),
    ):
        said = []
        for id in (theirs, none, "nonsense"):
            reply = peer.ask(method, f"{BASE}/customers/{id}{path}", json=body, headers={"if-match": "1"})
            said.append((reply.status, reply.body))
        assert said[0] == said[1] == said[2], path
        assert said[0][0] == 404, (method, path, said[0])


def test_a_hidden_field_is_an_unknown_one(served: Served) -> None:
    """Staff do not know of what a product costs: not in answers, not in filters, not in what they send."""
    top, rep = served.program("dir"), served.program("rep_a")
    category = top.post(f"{BASE}/product-categories", json={"name": "Checks"}).data["id"]
    body = {"code": "P1", "name": "Basic check", "category": category, "unit": "piece"}
    cost = {"standard_cost": {"amount": "60.00", "currency": "CNY"}}
    made = top.post(f"{BASE}/products", json=body | cost)
    assert made.status == 201, made.text
    path = made.header("location")
    assert "standard_cost" in made.data
    assert "standard_cost" not in rep.get(path).data
    for asked in ("where={}=60.00 CNY", "fields={}", "sort={}", "include={}"):
        hidden, unknown = (
            rep.get(f"{BASE}/products?{asked.format(name)}") for name in ("standard_cost", "standard_coat")
        )
        assert hidden.status == 422
        assert hidden.text.replace("standard_cost", "standard_coat") == unknown.text
    said = [
        rep.ask("PATCH", path, json={name: cost["standard_cost"]}, headers={"if-match": "1"})
        for name in ("standard_cost", "standard_coat")
    ]
    assert said[0].text.replace("standard_cost", "standard_coat") == said[1].text
    assert said[0].status == 422


def test_a_leaver_is_relieved_over_rest(served: Served, seven: Browser) -> None:
    """A leader sees what a handover would do, does it, and takes it back; the giver's customers have moved."""
    leader, other = served.program("lead_e"), served.program("rep_b")
    body = {"giver": "rep_a", "to": "rep_b"}
    told = leader.post(f"{BASE}/handovers/preview", json=body)
    assert (told.data["count"], told.data["is_possible"]) == (7, True), told.text
    assert seven.post(f"{BASE}/handovers", json=body | {"because": "to try"}).status == 403
    done = leader.post(f"{BASE}/handovers", json=body | {"because": "she leaves us"})
    assert done.status == 201, done.text
    assert (
        other.get(f"{BASE}/customers/count").data["count"],
        len(names(seven.get(f"{BASE}/customers"))),
    ) == (6, 0)
    undone = leader.post(f"{done.header('location')}/undo", json={"because": "she stays after all"})
    assert undone.data["returned"]["Customer"] == 7, undone.text
    assert len(names(seven.get(f"{BASE}/customers"))) == 6


def test_a_change_is_taken_back_over_rest(served: Served) -> None:
    """What one version changed is undone by a further one; a version that there is not is told."""
    rep = served.checked("rep_a")
    path = rep.post(f"{BASE}/customers", json=organization(rep)).header("location")
    rep.ask("PATCH", path, json={"channel": "fair"}, headers={"if-match": "1"})
    back = rep.post(f"{path}/revert", json={"version": 2, "because": "typed wrongly"})
    assert (back.status, back.data["channel"], back.data["version"]) == (200, None, 3), back.text
    assert rep.post(f"{path}/revert", json={"version": 9, "because": "typed wrongly"}).status == 422


def test_fields_that_administrators_add_are_served(served: Served) -> None:
    """A field added at run time is filled in, read, filtered by and documented like a declared one."""
    admin = served.program("admin")
    added = {"entity": "Customer", "name": "fleet", "label": "Lorries", "kind": "whole"}
    made = admin.post(f"{BASE}/custom-fields", json=added)
    assert made.status == 201, made.text
    rep = served.checked("rep_a")
    path = rep.post(f"{BASE}/customers", json=organization(rep)).header("location")
    assert rep.get(f"{path}/custom").status == 404
    kept = rep.ask("PUT", f"{path}/custom", json={"fleet": 7})
    assert (kept.status, kept.data["fleet"]) == (201, 7), kept.text
    more = rep.ask("PATCH", f"{path}/custom", json={"fleet": 9}, headers={"if-match": "1"})
    assert (more.status, rep.get(f"{path}/custom").data["fleet"]) == (200, 9)
    listed = rep.get(f"{BASE}/customers?where=custom.fleet>=8&include=custom")
    assert names(listed) == ["Hongda Logistics"]
    assert [one["fleet"] for one in listed.data["included"]["CustomerFields"].values()] == [9]
    assert names(rep.get(f"{BASE}/customers?where=custom.fleet>=10")) == []
    wrong = rep.ask("PATCH", f"{path}/custom", json={"fleet": "many", "hull": 1}, headers={"if-match": "2"})
    assert {one["path"] for one in wrong.data["fields"]} == {"fleet", "hull"}


def test_a_lead_becomes_a_customer_over_rest(served: Served) -> None:
    """Its owner converts it with a deal, of the version that was read; a colleague sees none, and no second time."""
    rep, peer = served.program("rep_a"), served.program("rep_b")
    source = rep.get(f"{BASE}/sources").data["items"][0]["id"]
    points = [{"kind": "mobile", "value": "13911112222"}]
    body = {"name": "Zhao Min", "company": "Zhao Pumps", "source": source, "contact_points": points}
    path = rep.post(f"{BASE}/leads", json=body).header("location")
    deal = {"opportunity": {"name": "Ten pumps", "expected_close": "2026-09-30"}}

    def convert(by: Browser, version: int, **more: Any) -> Any:
        return by.post(f"{path}/convert", json=deal | more, headers={"if-match": str(version)})

    assert convert(rep, 1).status == 409, "a lead that was not accepted"
    for version, to in ((1, "assign"), (2, "accept")):
        rep.post(f"{path}/moves", json={"to": to}, headers={"if-match": str(version)})
    assert convert(peer, 3).status == 404
    assert convert(rep, 3, opportunity={"colour": "red"}).status == 422
    assert convert(rep, 3, department="kitchen").status == 422
    done = convert(rep, 3, because="they ordered")
    assert (done.status, done.data["stage"]) == (200, "converted"), done.text
    found = rep.get(f"{BASE}/opportunities?where=source_lead={done.data['id']}").data["items"]
    assert [(one["name"], one["customer"]) for one in found] == [("Ten pumps", done.data["converted_to"])]
    assert convert(rep, 4).status == 409
