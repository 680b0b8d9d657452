"""What nobody reaches over REST, however the request is put (T31, T33, T34)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from pycrm import (
    CRM,
    Customer,
    Facet,
    Field,
    Link,
    Opportunity,
    OrgUnit,
    Plugin,
    Record,
    Role,
    RoleAssignment,
    Task,
    User,
    field,
    link,
    through,
)
from pycrm.api import routes, write
from pycrm.api.entity import BASE, entities

from .browser import Browser
from .conftest import Served
from .test_rest import deal, organization

ADMINISTERED = ("users", "roles", "role-assignments", "units")


def variants(method: str, path: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """The same request put in other ways, by which a guard of paths or methods might be passed."""
    yield method, path, {}
    yield method, f"{path}/", {}
    yield method, path.replace("/api/", "//api/"), {}
    yield method, path.replace("/v1/", "/v1/./"), {}
    yield method, path.replace("/api", "/API"), {}
    yield method, path.replace("users", "Users"), {}
    yield method, path.replace("/v1/", "/v1%2f"), {}
    yield method, path.replace("/v1/", "/v1%252f"), {}
    yield method, f"{path};x=1", {}
    yield method.lower(), path, {}
    for name in ("x-http-method-override", "x-method-override", "x-http-method"):
        yield "POST" if method != "POST" else "GET", path, {name: method}
    yield "GET", f"{path}?_method={method}", {}


def administration(served: Served) -> list[tuple[str, str, Any]]:
    """Each way to change the organisation and its rights."""
    person, unit = served.cast.people["rep_a"], served.cast.units["East"]
    role = served.cast.roles["top"]
    given = {"user": str(person.id), "role": str(role.id), "unit": str(unit.id), "since": "2026-01-01"}
    found: list[tuple[str, str, Any]] = [
        ("POST", "users", {"login": "x", "name": "X", "home_unit": str(unit.id)}),
        ("POST", "roles", {"name": "x", "grants": []}),
        ("POST", "role-assignments", given),
        ("POST", "role-assignments/bulk", {"items": [given]}),
        ("POST", "units", {"name": "x", "code": "x"}),
        ("POST", "users/change", {"where": [], "values": {"employee_no": "1"}}),
    ]
    for word, record in (("users", person), ("units", unit), ("roles", role)):
        one = f"{word}/{record.id}"
        found += [("PATCH", one, {"name": "Y"}), ("POST", f"{one}/archive", {})]
    return [(method, f"{BASE}/{path}", body) for method, path, body in found]


def written(crm: CRM) -> list[Any]:
    """The organisation as it stands."""
    with crm.view(crm.system("look")) as session:
        some = [session.find(cls, archived=True) for cls in (User, OrgUnit, Role, RoleAssignment)]
        return [[(one.id, one.version) for one in part] for part in some]


def reached(served: Served, logins: tuple[str, ...]) -> list[str]:
    """The acts of administration that these people could do."""
    before, found = written(served.crm), []
    for login in logins:
        browser = served.program(login)
        for method, path, body in administration(served):
            for way, target, headers in variants(method, path):
                json = body if way.upper() not in ("GET", "HEAD") else None
                reply = browser.ask(way, target, json=json, headers={"if-match": "1"} | headers)
                is_act = reply.status < 400 and way.upper() not in ("GET", "HEAD")
                if is_act and reply.data != {"changed": 0}:
                    found.append(f"{login} {way} {target} {headers}")
                assert reply.status < 500, (way, target, reply.text)
    return found if written(served.crm) == before else [*found, "something was written"]


def test_nobody_but_the_administrator_administers(served: Served) -> None:
    """Whatever the path and the method look like, nobody else changes people, units, roles and rights."""
    assert reached(served, ("rep_a", "lead_e", "dir")) == []


def test_an_open_door_to_the_administration_is_seen(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were acts over REST done by the product itself, the administration would be reached, and show here."""
    act = write.act

    def elevated(call: Any, function: Any) -> Any:
        call.run = lambda inner, **more: call.crm.run(call.crm.system("planted"), inner)
        return act(call, function)

    monkeypatch.setattr(write, "act", elevated)
    assert len(reached(served, ("rep_a",))) > 5


STRANGE = (
    "tenant",
    "__class__",
    "__dict__",
    "_raw_owner",
    "id",
    "version",
    "ref",
    "owner_id",
    "created_at",
    "grants",
)


def assigned(browser: Browser, path: str, cls: Any, value: Any) -> list[str]:
    """The fields of a record that could be written though nobody may write them."""
    found = []
    for name in dict.fromkeys((*cls.__specs__, *STRANGE)):
        spec = cls.__specs__.get(name)
        if spec is not None and spec.init:
            continue
        version = browser.get(path).header("etag")
        reply = browser.ask("PATCH", path, json={name: value}, headers={"if-match": version})
        if reply.status != 422 or [one["code"] for one in reply.data["fields"]] != ["unknown"]:
            found.append(f"{cls.__name__}.{name}: {reply.status} {reply.text[:200]}")
    return found


def test_nobody_writes_what_is_kept_by_the_product(served: Served) -> None:
    """Owner, stage, version and the like are unknown to a change, whatever the record."""
    rep = served.program("rep_a")
    path, made = deal(served, rep)
    task = rep.post(
        f"{BASE}/tasks", json={"title": "Call", "opportunity": made["id"], "due_at": "2026-07-01T08:00:00Z"}
    )
    assert task.status == 201, task.text
    for where, cls in (
        (path, Opportunity),
        (f"{BASE}/customers/{made['customer']}", Customer),
        (task.header("location"), Task),
    ):
        before = rep.get(where).data
        other = str(served.cast.people["rep_b"].id)
        assert assigned(rep, where, cls, other) == []
        assert assigned(rep, where, cls, None) == []
        assert rep.get(where).data == before
    body = organization(rep, "Another") | {"stage": "closed", "version": 7, "code": "MINE"}
    reply = rep.post(f"{BASE}/customers", json=body)
    assert {(one["path"], one["code"]) for one in reply.data["fields"]} == {
        ("stage", "unknown"),
        ("version", "unknown"),
        ("code", "unknown"),
    }


INJECTED = (
    "' OR '1'='1",
    "x'; DROP TABLE crm_customer; --",
    "1) UNION SELECT 1 FROM crm_user --",
    "name) OR (1=1",
    "%' OR name LIKE '%",
    "\\' OR 1=1 --",
    "name\x00",
    "{{7*7}}",
    "$.name",
    "ª'＇",
)


def test_nobody_reads_more_by_what_looks_like_sql(served: Served) -> None:
    """Texts that are SQL elsewhere are texts here: in conditions, orders, fields, words, cursors and ids."""
    rep, peer = served.program("rep_a"), served.program("rep_b")
    assert rep.post(f"{BASE}/customers", json=organization(rep)).status == 201
    places = (
        "where={}",
        "where=name={}",
        "where=name~{}",
        "where={}=1",
        "where=id:{}",
        "sort={}",
        "fields={}",
    )
    places += ("include={}", "text={}", "after={}", "size={}", "as_of={}", "{}=1")
    for one in INJECTED:
        for place in places:
            reply = peer.get(f"{BASE}/customers?{place.format(quote(one, safe=''))}")
            assert reply.status in (200, 422), (place, one, reply.text)
            assert reply.status == 422 or reply.data["items"] == [], (place, one, reply.text)
        reply = peer.get(f"{BASE}/customers/{quote(one, safe='')}")
        assert reply.status == 404, reply.text
    assert rep.get(f"{BASE}/customers/count").data["count"] == 1


class Visit(Record, table="fair_visit", scope=through("customer")):
    """Somebody who came to our stand."""

    customer: Link[Customer] = link("Customer")
    hall: Field[str] = field("Hall", order=True)


class Badge(Facet, table="fair_badge", of=Customer):
    """What stands on the badge of a customer."""

    text: Field[str] = field("Text")


class Fair(Plugin):
    """Fairs

    Who came to our stand.
    """

    name = "fair"
    records, facets = (Visit,), (Badge,)


def test_what_a_plugin_declares_is_served(served: Served) -> None:
    """A record and a facet of a plugin have their paths without a further line, each kind a word of its own."""
    words = [one.word for one in entities(served.crm)]
    assert len(set(words)) == len(words) == len(served.crm.records())
    assert {"customers", "opportunities", *ADMINISTERED} <= set(words)
    found = {(one.method, one.path) for one in routes(CRM("sqlite://", plugins=[Fair]))}
    more = found - {(one.method, one.path) for one in routes(served.crm)}
    assert {("GET", f"{BASE}/visits"), ("PATCH", f"{BASE}/visits/{{id:str}}")} <= more
    assert {("PUT", f"{BASE}/customers/{{id:str}}/badge")} <= more
    assert all("/visits" in path or path.endswith("/badge") for _, path in more)
