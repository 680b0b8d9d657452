"""The same requests of one person to two worlds, over REST."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import attrs
from serving.browser import Browser, Reply

from pycrm import Activity, Contact, Customer, Opportunity, Organization, Party, Task
from pycrm.api.entity import BASE
from pycrm.credential import make_token
from pycrm.declare.word import plural, word_of
from pycrm.serve import application
from pycrm.testing.told import reseed

from .pick import ASKED, CHANNELS, NAMES, OWNED, WORDS, Pick
from .two_worlds import Difference, Play, _apart

__all__ = ["RestPlay", "request"]

# Of facets there is no list.
KINDS = tuple(cls for cls in ASKED if cls is not Organization)
_ORDERS = {
    Customer: ("name", "-active_at"),
    Opportunity: ("expected_close", "-expected_close"),
    Contact: ("name",),
}
_ORDERS |= {Activity: ("started_at",), Task: ("due_at",)}
_LINKS = {
    Customer: ("party", "source", "owner"),
    Opportunity: ("customer", "owner"),
    Contact: ("person", "customer"),
}


def _path(cls: Any) -> str:
    return f"{BASE}/{plural(word_of(cls)).replace('_', '-')}"


def _where(pick: Pick, cls: Any) -> list[tuple[str, str]]:
    """Conditions over fields, hidden ones, and those of neighbours."""
    some = [f"id={pick.id(cls)}", f"id!={pick.id(cls)}", "colour=red"]
    if cls is Customer:
        some += [f"name={pick.one(NAMES)}", "name~Works", f"channel={pick.one(CHANNELS)}", "channel="]
        some += [f"owner={pick.user().id}", f"party.name={pick.one(NAMES)}"]
    elif cls is Opportunity:
        some += [f"customer.name={pick.one(NAMES)}", f"next_step={pick.one(WORDS)}", "amount>=1.00 CNY"]
        some += [
            f"customer:{pick.id(Customer)},{pick.id(Customer)}",
            f"customer.channel={pick.one(CHANNELS)}",
        ]
    elif cls is Party:
        some += [f"name={pick.one(NAMES)}", f"organization.tax_id=TAX-{pick.random.randrange(24)}"]
    return [("where", pick.one(some)) for _ in range(pick.one((0, 0, 1, 1, 2)))]


def _list(pick: Pick) -> str:
    cls = pick.one(KINDS)
    asked = _where(pick, cls)
    if pick.chance(0.4) and cls in _ORDERS:
        asked.append(("sort", pick.one(_ORDERS[cls])))
    if pick.chance(0.5):
        asked.append(("size", str(pick.one((1, 2, 3)))))
    if pick.chance(0.2) and cls is Customer:
        asked.append(("text", pick.one(("works", "pump", "shown"))))
    if pick.chance(0.3) and cls in _LINKS:
        asked.append(("include", pick.one(_LINKS[cls])))
    if pick.chance(0.2):
        asked.append(("archived", "true"))
    if pick.chance(0.2) and pick.book.moments:
        asked.append(("as_of", pick.moment().isoformat()))
    if pick.chance(0.2):
        asked.append(("fields", pick.one(("id,version", "id,name", "id,colour", "next_step"))))
    return f"{_path(cls)}?{urlencode(asked, quote_via=quote)}"


def _count(pick: Pick) -> str:
    cls = pick.one(KINDS)
    return f"{_path(cls)}/count?{urlencode(_where(pick, cls), quote_via=quote)}"


def _one(pick: Pick) -> str:
    cls = pick.one(KINDS)
    rest = pick.one(
        ("", "", "/history", "/history?limit=3", "/explain", "/explain?action=update", "/amendments")
    )
    more = ("/owners", "/team", "/moves", "/stages") if cls in OWNED else ("/ahead",)
    found = f"{_path(cls)}/{pick.id(cls)}{pick.one((rest, rest, *more))}"
    if found.endswith(tuple("0123456789abcdef")) and pick.chance(0.3) and cls in _LINKS:
        found += f"?include={pick.one(_LINKS[cls])}"
    return found


def _past(pick: Pick) -> str:
    cls = pick.one(OWNED)
    moment = quote((pick.moment() if pick.book.moments else None).isoformat()) if pick.book.moments else ""  # type: ignore[union-attr]
    return f"{_path(cls)}/{pick.id(cls)}{pick.one(('/diff?since=', '?as_of='))}{moment}"


def _rest(pick: Pick) -> str:
    return pick.one(
        (
            f"{BASE}/inbox",
            f"{BASE}/openapi.json",
            f"{BASE}/parties/{pick.id(Party)}/organization",
            f"{BASE}/customers/export?fields=name,channel",
            f"{BASE}/customers/{pick.id(Customer)}/grade-override",
        )
    )


_KINDS = (_list, _list, _list, _count, _one, _one, _one, _past, _rest)


def request(pick: Pick) -> str:
    """The address of one request."""
    return pick.one(_KINDS)(pick)


def answered(reply: Reply) -> dict[str, Any]:
    """What is told by an answer, besides the number under which the log speaks of it."""
    headers = {name: value for name, value in reply.headers if name not in ("x-request-id", "content-length")}
    told = reply.data if reply.header("content-type").endswith("json") else reply.text
    return {"status": reply.status, "headers": headers, "told": told}


@attrs.define
class RestPlay(Play):
    """An example whose viewer asks over REST."""

    browsers: list[Browser] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        # Before anything happens: whoever is suspended later has come in all the same.
        self._come_in()

    def act(self, operations: list[Any]) -> Iterator[Difference]:
        """Send one request to both worlds."""
        del operations
        found = []
        for world, crm in enumerate(self.crms):
            reseed(crm, f"{self.seed} {self.step}")
            target = request(Pick(self.book, world, self.draw("arguments")))
            found.append(answered(self.browsers[world].get(target)))
        self.answers += 1
        if found[0] != found[1]:
            yield Difference("the answers differ", self.step, target, *_apart(*found))

    def _come_in(self) -> None:
        for crm in self.crms:
            made = crm.run(self.login, lambda session: make_token(session, "an example"))
            shown = {"authorization": f"Bearer {made.secret}"}
            self.browsers.append(Browser(application(crm), headers=shown))

    def close(self) -> None:
        """Let the threads of the servers end."""
        for browser in self.browsers:
            browser.app.desk.close()
            browser.close()
