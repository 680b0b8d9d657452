"""Forms: everything wrong at once, beside its field, and nothing that was typed is lost."""

from __future__ import annotations

from pycrm import AmendmentPolicy, Customer, Organization, Product, Source
from pycrm.entities import AmendmentMode

from .conftest import Company
from .reading import read


def test_a_new_customer_with_every_mistake_and_then_with_none(company: Company) -> None:
    """All mistakes are told at once beside their fields with what was typed, and then the customer is there."""
    reader = company.reader("rep_a")
    form = reader.see("/customers/new").form("/customers/new")
    reply = reader.send(form, party__name="", party__email="not an address", channel="x" * 200)
    assert reply.status == 422
    for words in ("a value is required", 'value="not an address"', "x" * 200):
        assert words in reply.text
    assert reply.text.count('class="error"') >= 3
    source = company.one(Source, "exhibition")
    made = reader.follow(
        reader.send(form, party__name="Jinlong 金龙", party__mobile="13700000009", source=str(source.id))
    )
    assert "Jinlong 金龙" in made.words
    assert "137 0000 0009" in made.words


def test_a_wrong_number_of_a_deal_stands_beside_it(company: Company) -> None:
    """An amount that is none and a day that is none are both told; the rest of the form is kept."""
    reader = company.reader("rep_a")
    customer = company.customer().rpartition("/")[2]
    form = reader.see(f"/opportunities/new?customer={customer}").form("/opportunities/new")
    assert "Hongda" in (form.value("customer") or "")
    reply = reader.send(form, name="Two pumps", amount="a lot", expected_close="tomorrow")
    assert reply.status == 422
    for words in ("expected an amount such as 86000", "expected a date such as 2026-06-30"):
        assert words in reply.text
    for words in ('value="Two pumps"', 'value="a lot"', 'value="tomorrow"'):
        assert words in reply.text
    made = reader.follow(reader.send(form, name="Two pumps", amount="12,500", expected_close="2026-08-01"))
    assert "¥12,500" in made.words


def test_a_change_by_the_form_keeps_what_was_not_touched(company: Company) -> None:
    """A salesperson changes one field of the customer and one of its organisation, and nothing else moves."""
    reader, path = company.reader("rep_a"), company.customer()
    before = company.one(Customer, "Hongda Logistics 宏达物流")
    form = reader.see(f"{path}/edit").form(f"{path}/edit")
    typed = {"channel": "fair", "Organization.employees": "1,200"}
    page = reader.follow(reader.post(form.action, form.sent(typed)))
    assert "fair" in page.words
    assert "1,200" in page.words
    with company.crm.view("rep_a") as session:
        after = session.get(before.ref)
        company_of = session.facet(session.get(after.party), Organization)
        assert company_of is not None
        assert (after.channel, company_of.employees, company_of.industry) == ("fair", 1200, "logistics")
        assert after.version == before.version + 1


def test_who_is_slower_chooses_field_by_field(company: Company) -> None:
    """Two people change one field: the second is shown both values, chooses, and the other field stays."""
    reader, path = company.reader("rep_a"), company.customer()
    form = reader.see(f"{path}/edit").form(f"{path}/edit")
    now = company.one(Customer, "Hongda Logistics 宏达物流")
    with company.crm.session("lead_e") as session:
        session.change(now, channel="web", needs=("valves",))
    reply = reader.post(form.action, form.sent({"channel": "fair", "preferences": "calls in the morning"}))
    assert reply.status == 409
    asked = read(reply.text)
    assert "Somebody was faster" in asked.words
    choice = asked.form(f"{path}/edit")
    assert choice.value("choice:channel") == "yours"
    assert choice.value("preferences") == "calls in the morning"
    reader.follow(reader.post(choice.action, choice.sent({"choice:channel": "current"})))
    now = company.one(Customer, "Hongda Logistics 宏达物流")
    assert (now.channel, now.needs, now.preferences) == ("web", ("valves",), ("calls in the morning",))


def test_key_data_go_from_the_form_to_the_leader_and_become_true(company_on_both: Company) -> None:
    """A tax number asks for a reason; the leader sees old beside new, agrees, and it stands on the record."""
    company = company_on_both
    with company.crm.session("admin") as session:
        session.add(AmendmentPolicy(entity="Organization", path="tax_id", mode=AmendmentMode.APPROVAL))
    reader, path = company.reader("rep_a"), company.customer()
    form = reader.see(f"{path}/edit").form(f"{path}/edit")
    reply = reader.post(form.action, form.sent({"Organization.tax_id": "91440300MA5F"}))
    assert reply.status == 409
    asked = read(reply.text).form(f"{path}/edit")
    assert asked.value("Organization.tax_id") == "91440300MA5F"
    page = reader.follow(reader.post(asked.action, asked.sent({"because": "licence renewed"})))
    assert "Sent for approval" in page.words
    assert "91440300MA5F" in page.words
    leader = company.reader("lead_e")
    inbox = leader.see("/inbox")
    assert "91440300MA5F" in inbox.words
    assert "licence renewed" in inbox.words
    decision = next(one for one in inbox.forms if one.action.startswith("/inbox/"))
    leader.follow(leader.post(decision.action, [*decision.fields, ("verdict", "approve")]))
    with company.crm.view("rep_a") as session:
        customer = session.find(Customer)[0]
        of = session.facet(session.get(customer.party), Organization)
        assert of is not None
        assert of.tax_id == "91440300MA5F"
    assert "agreed by Lead_E" in reader.see(f"{path}?show=change").words


def test_nobody_changes_by_a_forged_form_what_is_not_offered(company: Company) -> None:
    """A field that is computed, and a colleague's record, are not changed by whatever is posted."""
    reader, path = company.reader("rep_a"), company.customer()
    form = reader.see(f"{path}/edit").form(f"{path}/edit")
    reader.post(form.action, form.sent({"code": "AAAAAAAA", "owner": "somebody", "lifecycle": "buyer"}))
    now = company.one(Customer, "Hongda Logistics 宏达物流")
    assert (now.code == "AAAAAAAA", now.lifecycle.value) == (False, "prospect")
    other = company.customer("rep_b")
    assert reader.post(f"{other}/edit", form.sent({"channel": "mine"})).status == 404
    unproved = [(name, text) for name, text in form.fields if name != "csrf"]
    assert reader.post(form.action, unproved).status == 403


def test_rows_of_a_list_are_added_changed_and_removed(company: Company) -> None:
    """A deal gets a line from the form, then another number of pieces, then none: the amount follows."""
    reader, deal = company.reader("rep_a"), company.deal()
    path = f"/opportunities/{deal.id}/edit"
    product = company.one(Product, "Feed pump")
    line = {"lines/0/product": str(product.id), "lines/0/qty": "2", "lines/0/unit_price": "1000"}
    form = reader.see(path).form(path)
    reader.follow(reader.post(path, form.sent(line)))
    assert company.deal().amount.units == 200000
    form = reader.see(path).form(path)
    assert form.value("lines/0/qty") in ("2", "2.000")
    reader.follow(reader.post(path, form.sent({"lines/0/qty": "3"})))
    assert company.deal().amount.units == 300000
    form = reader.see(path).form(path)
    reader.follow(reader.post(path, form.sent({"lines/0/drop": "true"})))
    with company.crm.view("rep_a") as session:
        assert session.get(deal.ref).lines == ()
