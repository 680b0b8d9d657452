"""Whatever people type stays text: no element, no attribute, no handler of theirs (T35), and a strict policy."""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest

from pycrm import Activity, Contact, Customer, Note, Opportunity, Task
from pycrm.entities.activity import ActivityKind
from pycrm.web import piece

from .conftest import Company
from .hostile import faults
from .reading import read

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</option></select><iframe src=javascript:alert(1)>",
    "javascript:alert(1)//",
    "{{ 7 * 7 }}{% include 'base.html' %}",
    '" autofocus onfocus=alert(1) x="',
    "<a href=javascript:alert(1)>x</a>",
    "&lt;script&gt;&#x3c;img onerror=1&#x3e;",
    "]]><!--<script>-->",
)
_TEXT = " ".join(PAYLOADS)


def poison(company: Company) -> str:
    """Put the payloads into every text of the records of a customer's page."""
    with company.crm.session("rep_a") as session:
        customer = session.find(Customer)[0]
        session.change(customer, channel=PAYLOADS[1], needs=PAYLOADS, preferences=PAYLOADS[:3])
        deal = session.find(Opportunity)[0]
        more: dict[str, Any] = {
            "name": _TEXT[:290],
            "need": _TEXT,
            "competitors": PAYLOADS[:3],
            "next_step": PAYLOADS[0],
        }
        session.change(deal, because=PAYLOADS[0], **more)
        session.change(
            session.find(Contact)[0], job_title=PAYLOADS[3], roles=(PAYLOADS[2],), hobbies=_TEXT[:400]
        )
        session.add(Task(title=_TEXT[:290], due_at=session.now, reason=PAYLOADS[5], customer=customer))
        session.add(Note(body=_TEXT, customer=customer))
        now = session.now
        session.add(
            Activity(
                *(),
                **{"kind": ActivityKind.CALL, "customer": customer, "started_at": now, "summary": _TEXT},
                next_step=PAYLOADS[1],
                location=PAYLOADS[8],
            )
        )
        session.amend(session.get(customer.ref), strategic=True, because=_TEXT)
        return f"/customers/{customer.id}"


def test_what_people_type_stays_text_on_every_page(company: Company) -> None:
    """Twelve payloads in every text of a customer, its people, deals, tasks and notes are shown and do nothing."""
    deal = f"/opportunities/{company.deal().id}"
    path = poison(company)
    reader = company.reader("rep_a")
    pages = (
        "/",
        "/customers",
        path,
        f"{path}/edit",
        deal,
        f"{deal}/edit",
        "/opportunities",
        "/board/opportunities",
    )
    more = (
        "/contacts",
        "/tasks",
        "/activities",
        "/calendar",
        "/reports/funnel/filed/standing",
        "/search?q=script",
    )
    echoed = (
        "/customers?q=%22%3E%3Csvg/onload=alert(1)%3E&f:channel=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E"
    )
    shown = 0
    for one in (*pages, *more, echoed, path.replace("/customers", "/access/customers")):
        page = reader.see(one)
        assert faults(page) == [], one
        assert "49" not in re.findall(r"\b49\b", page.words), one
        shown += page.text.count("&lt;script&gt;alert(1)")
    assert shown > 20
    form = reader.see("/customers/new").form("/customers/new")
    back = read(
        reader.send(form, party__name=_TEXT[:290], party__email=PAYLOADS[1], channel=PAYLOADS[8]).text
    )
    assert faults(back) == []
    assert back.form("/customers/new").value("party:email") == PAYLOADS[1]


@pytest.mark.parametrize("of", ["", "/opportunities", "/board/opportunities"])
def test_the_check_for_hostile_pages_sees_one(
    company: Company, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    """Pieces of a record, a list and a board that take what people typed for their own are noticed."""
    path = poison(company)
    monkeypatch.setattr(piece, "text_of", str)
    assert faults(company.reader("rep_a").see(of or path)) != []


def test_the_policy_is_strict_and_the_first_load_is_small(shown: Company) -> None:
    """No page needs anything from elsewhere or inline; the first load is a few requests and below 60 KiB."""
    reader = shown.reader("rep_a")
    reply = reader.ask("/")
    policy = reply.header("content-security-policy")
    assert policy.startswith("default-src 'self'")
    assert "unsafe" not in policy
    assert reply.header("cache-control") == "no-store"
    page = read(reply.text)
    files = {
        found.get("src") or found.get("href") for tag, found in page.elements if tag in ("script", "link")
    }
    assert len(files) + 1 <= 8
    sizes = [len(gzip.compress(reader.ask(str(name)).body)) for name in files]
    assert sum(sizes) + len(gzip.compress(reply.body)) <= 60 * 1024
    assert reader.ask("/static/../words.py").status == 404
    assert reader.ask("/static/style.css").header("content-type").startswith("text/css")
