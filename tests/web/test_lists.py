"""Lists: narrowed, sorted, paged, kept as views, acted upon as a whole, taken out."""

from __future__ import annotations

from scope.rights import ruled

from pycrm import Customer, User

from .conftest import Company, add_business
from .reading import read


def test_a_list_is_narrowed_and_says_by_what(shown: Company) -> None:
    """A filter by owner leaves one customer, its chip says so, and taking it away shows both again."""
    reader = shown.reader("lead_e")
    whole = reader.see("/customers")
    assert "Hongda" in whole.words
    assert "Secret" in whole.words
    form = next(one for one in whole.forms if one.action == "/customers" and one.value("f:owner") is not None)
    rep_a = str(shown.one(User, "Rep_A").id)
    from urllib.parse import urlencode

    narrowed = reader.see("/customers?" + urlencode(form.sent({"f:owner": rep_a})))
    assert "Hongda" in narrowed.words
    assert "Secret" not in narrowed.words
    assert "Owner : Rep_A" in narrowed.words
    assert "Secret" in reader.see("/customers?q=secret").words
    assert "Hongda" not in reader.see("/customers?q=secret").words
    wrong = reader.see("/customers?f:active_at:from=yesterday")
    assert "expected a date such as 2026-06-30" in wrong.words
    assert "Hongda" not in wrong.words


def test_a_list_is_paged_without_losing_or_repeating_anybody(company: Company) -> None:
    """Of 56 customers each stands on one of two pages, in order."""
    with company.crm.session("rep_a") as session:
        for number in range(55):
            session.add(
                Customer.organization(f"Customer {number:02}", phone=f"021-{number}", source="exhibition")
            )
    reader = company.reader("rep_a")
    first = reader.see("/customers")
    assert "56" in first.words
    path = next(link for link in first.links() if "after=" in link)
    second = reader.see(path)
    seen = [found for page in (first, second) for found in page.said if found.startswith("Customer 0")]
    assert seen == [f"Customer {number:02}" for number in range(10)]
    falling = reader.see("/customers?sort=-name")
    assert falling.words.index("Customer 54") < falling.words.index("Customer 53")


def test_columns_are_chosen_and_the_view_is_kept_for_its_writer_alone(company: Company) -> None:
    """A list with a column and an order of one's own is one tab away, and nobody else's tab."""
    reader = company.reader("rep_a")
    path = "/opportunities?columns=next_step,amount&sort=-amount"
    page = reader.see(path)
    heads = [found for found in page.said if found.strip() in ("Next step", "Amount ↓")]
    assert heads
    form = page.form("/views/opportunities")
    assert "sort=-amount" in (form.value("query") or "")
    kept = reader.follow(reader.send(form, name="Largest first"))
    assert "Largest first" in kept.words
    assert "Largest first" not in company.reader("lead_e").see("/opportunities").words
    drop = next(one for one in reader.see("/opportunities").forms if one.action.endswith("/drop"))
    assert "Largest first" not in reader.follow(reader.send(drop)).words


def test_a_leader_hands_ticked_customers_on_and_a_salesperson_cannot(company: Company) -> None:
    """Two ticked customers get another owner in one act; whoever may not assign is refused and nothing moves."""
    leader = company.reader("lead_e")
    rep_c = str(company.one(User, "Rep_C").id)
    form = leader.see("/customers").form("/customers/bulk")
    ids = [
        str(company.one(Customer, name).id) for name in ("Hongda Logistics 宏达物流", "Secret Foods 保密食品")
    ]
    fields = [*form.fields, *(("id", one) for one in ids), ("to:assign", rep_c), ("act", "assign")]
    page = leader.follow(leader.post("/customers/bulk", fields))
    assert "2 records done" in page.words
    assert {str(company.one(Customer, name).owner.id) for name in ("Hongda Logistics 宏达物流",)} == {rep_c}
    add_business(company.crm, "rep_a", "Third 第三", "13700000003", 10)
    reader = company.reader("rep_a")
    own = reader.see("/customers").form("/customers/bulk")
    third = company.one(Customer, "Third 第三")
    forged = [*own.fields, ("id", str(third.id)), ("to:assign", rep_c), ("act", "assign")]
    assert reader.post("/customers/bulk", forged).status == 403
    assert company.one(Customer, "Third 第三").owner == third.owner


def test_one_refused_record_stops_the_whole_act(company: Company) -> None:
    """A move of several deals of which one lacks something moves none, and says what."""
    reader = company.reader("rep_a")
    deal = company.deal()
    form = reader.see("/opportunities").form("/opportunities/bulk")
    fields = [*form.fields, ("id", str(deal.id)), ("to:move", "lost"), ("act", "move")]
    refused = reader.post("/opportunities/bulk", fields)
    assert refused.status == 409
    assert 'role="alert"' in refused.text
    assert company.deal().stage == deal.stage


def test_taking_a_list_out_is_a_right_of_its_own(company: Company) -> None:
    """The director gets CSV of what is shown, and it is noted; a salesperson finds no such button and no table."""
    director = company.reader("dir")
    assert any("export.csv" in link for link in director.see("/customers").links())
    table = director.ask("/customers/export.csv?q=x")
    assert table.status == 200
    assert table.header("content-type").startswith("text/csv")
    assert "Hongda Logistics 宏达物流" in table.text
    with company.crm.view("admin") as session:
        assert [(one.entity, one.rows) for one in session.exports()] == [("Customer", 2)]
    reader = company.reader("rep_a")
    assert not any("export.csv" in link for link in reader.see("/customers").links())
    assert reader.ask("/customers/export.csv").status == 403


def test_a_number_and_a_mailbox_find_whose_they_are(company: Company) -> None:
    """Whoever is rung up finds the caller among their own; not a colleague's, and not where numbers are masked."""
    reader = company.reader("rep_a")
    for text in ("13800000001", "%2B86%20138%200000%200001"):
        assert "Customers Hongda Logistics" in " ".join(
            one for one in reader.see(f"/search?q={text}").words.split() if len(one) > 1
        )
    assert "Ms Li of Hongda" in reader.see("/search?q=13800000001@EXAMPLE.com").words
    for text in ("13900000002", "13900000002@example.com", "1380000000", "@"):
        assert "Nothing in your sight fits." in reader.see(f"/search?q={text}").words
    assert "Secret Foods" in company.reader("lead_e").see("/search?q=13900000002").words
    ruled(company.crm, "staff", ("ContactPoint.value", "masked"))
    assert "Nothing in your sight fits." in reader.see("/search?q=13800000001").words


def test_one_box_finds_in_every_kind_of_record(shown: Company) -> None:
    """A word finds the customer, the contact and the deal, each with its address, and nothing of a colleague."""
    page = shown.reader("rep_a").see("/search?q=hongda")
    for words in ("Customers", "Contact people", "Deals", "Ms Li of Hongda", "Pumps for Hongda"):
        assert words in page.words
    assert "Nothing in your sight fits." in shown.reader("rep_a").see("/search?q=secret").words
    offered = shown.reader("rep_a").ask("/lookup/customers?q=hong").data
    assert [one["label"] for one in offered] == ["Hongda Logistics 宏达物流"]
    assert shown.reader("rep_a").ask("/lookup/customers?q=secret").data == []
    assert read(shown.reader("rep_a").ask("/search?q=" + "x%20" * 12).text).words
