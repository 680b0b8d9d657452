"""Cards on their way: moved, refused, asked for what is missing, and moved in the same act."""

from __future__ import annotations

from datetime import date

from pycrm import Opportunity
from pycrm.pipeline import Move, Pipeline, Stage

from .conftest import Company
from .reading import read


def stage_of(company: Company) -> str:
    return str(company.deal().stage)


def test_a_card_is_moved_by_the_menu_on_it(company_on_both: Company) -> None:
    """A salesperson takes the first move that a card offers, and it stands in the next column."""
    company = company_on_both
    reader = company.reader("rep_a")
    board = reader.see("/board/opportunities")
    action = f"/opportunities/{company.deal().id}/move"
    card = board.form(action)
    assert ("to", "contact") in card.buttons or ("to", "contacted") in card.buttons
    page = reader.follow(reader.post(action, [*card.fields, card.buttons[0]]))
    assert stage_of(company) == "contacted"
    assert "Pumps for Hongda" in page.words


def test_a_refused_move_asks_for_what_is_missing_and_is_taken_with_it(company: Company) -> None:
    """Where a need has to be known, the page asks for it; with it the card moves in the same act."""
    reader = company.reader("rep_a")
    action = f"/opportunities/{company.deal().id}/move"
    deal = company.deal()
    with company.crm.session("rep_a") as session:
        session.move(deal, to="contacted")
    card = reader.see("/board/opportunities").form(action)
    refused = reader.post(action, [*card.fields, ("to", "need_confirmed")])
    assert refused.status == 409
    assert stage_of(company) == "contacted"
    asked = read(refused.text).form(action)
    assert asked.value("m:need") == ""
    page = reader.follow(reader.send(asked, m__need="Two pumps by August"))
    assert stage_of(company) == "need_confirmed"
    assert "Two pumps" in company.deal().need
    assert page.words


def test_a_loss_asks_for_its_reason(company: Company) -> None:
    """A deal is lost with a reason only, which the page asks for and keeps."""
    reader = company.reader("rep_a")
    action = f"/opportunities/{company.deal().id}/move"
    card = reader.see(f"/opportunities/{company.deal().id}").form(action)
    refused = reader.post(action, [*card.fields, ("to", "lost")])
    assert refused.status == 409
    asked = read(refused.text).form(action)
    typed = {name: "price" for name, _ in asked.fields if name in ("m:lost_reason", "because")}
    assert "m:lost_reason" in typed
    reader.follow(reader.post(action, asked.sent(typed)))
    assert stage_of(company) == "lost"


def test_the_board_counts_what_its_reader_sees(shown: Company) -> None:
    """A salesperson's column holds one deal of 86,000, the director's two of 179,000."""
    own, all_ = (shown.reader(who).see("/board/opportunities").words for who in ("rep_a", "dir"))
    assert "Filed 1 ¥86K" in own
    assert "Filed 2 ¥179K" in all_


def test_every_number_of_the_funnel_opens_the_records_that_it_counts(shown: Company) -> None:
    """The one deal that stands as filed is behind the number one, and nothing is behind nought."""
    reader = shown.reader("rep_a")
    page = reader.see("/reports/funnel")
    paths = [path for path in page.links() if path.startswith("/reports/funnel/filed/standing")]
    behind = reader.see(paths[0])
    assert "Pumps for Hongda" in behind.words
    assert "Secret" not in behind.words
    empty = reader.see(paths[0].replace("/filed/", "/quoted/"))
    assert "Pumps" not in empty.words
    assert reader.ask("/reports/funnel/filed/everything").status == 404


def tender() -> Pipeline:
    """A process beside the sales, one of whose stages holds two."""
    offer = Stage(
        "offer", "Offer", stages=(Stage("drafted", "Drafted"), Stage("checked", "Checked", kind="done"))
    )
    stages = (Stage("called", "Called"), offer, Stage("won", "Won", kind="won"))
    moves = (
        Move("make_offer", "called", "offer", "Make an offer"),
        Move("check", "drafted", "checked", "Check"),
        Move("win", "offer", "won", "Win"),
    )
    return Pipeline("tender", 1, "Opportunity", "Tenders", stages=stages, moves=moves)


def test_board_and_funnel_show_each_process_by_itself(company: Company) -> None:
    """A tender stands on the tenders' board and in their funnel, and its offer within the offer's."""
    with company.crm.session(company.crm.system("processes")) as session:
        session.publish_pipeline(tender(), because="tenders begin")
    customer = company.deal().customer
    with company.crm.session("rep_a") as session:
        deal = Opportunity(customer=customer, name="Harbour cranes", expected_close=date(2026, 12, 1))
        session.move(session.add(deal, pipeline="tender"), "offer")
    reader = company.reader("rep_a")
    assert "Harbour" not in reader.see("/board/opportunities").words
    board = reader.see("/board/opportunities?process=tender").words
    assert "Harbour cranes" in board
    assert "Pumps" not in board
    assert "Tenders › Offer" in reader.see("/reports/funnel").words
    funnel = reader.see("/reports/funnel?process=tender/offer")
    paths = [path for path in funnel.links() if path.startswith("/reports/funnel/drafted/standing")]
    assert "Harbour cranes" in reader.see(paths[0]).words
    checked = paths[0].replace("/drafted/", "/checked/")
    assert "Harbour cranes" not in reader.see(checked).words
    assert reader.ask("/reports/funnel?process=nothing").status == 404
