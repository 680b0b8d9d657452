"""Refusals in the reader's words: on the page that was sent, or as a page of their own."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pycrm.errors import MoveError, NotFoundError, RefusedError
from pycrm.web.render import bare, page
from pycrm.web.visit import Answer, Visit

if TYPE_CHECKING:
    from pycrm.web.show import Show
    from pycrm.web.words import Words

__all__ = ["failure", "refused", "sentences", "told"]


def told(show: Show, error: RefusedError) -> list[str]:
    """What a refusal says, each problem by itself."""
    return sentences(show.words, error)


def sentences(words: Words, error: RefusedError) -> list[str]:
    """The sentences of a refusal in these words."""
    if isinstance(error, MoveError):
        missing = error.data.get("missing") or ()
        found = [str(one.get("message") or one.get("label") or one.get("name") or "") for one in missing]
        return [words.said(one) for one in found if one] or [words.said(error.message)]
    if error.fields:
        return [words.said(one.message) for one in error.fields]
    return [words.said(error.message)]


def refused(visit: Visit, error: RefusedError) -> Answer:
    """The page of a refusal; of a record out of sight the same as of one that there is not."""
    titles = {"not_found": "No such page or record", "forbidden": "This is not yours to do"}
    title = visit.words(titles.get(error.code, "This cannot be done"))
    said = [] if isinstance(error, NotFoundError) else sentences(visit.words, error)
    if visit.who is not None:
        # Whoever sees what another sees may be refused just that; the way back stands on this page too.
        with suppress(RefusedError), visit.view() as session:
            return page(visit, session, "refused.html", title, status=error.status, said=said)
    return bare(visit, "refused.html", title, status=error.status, said=said)


def failure(visit: Visit, status: int, request: str) -> Answer:
    """The page of what no verb has answered: no such page, too busy, broken."""
    titles = {
        404: "No such page or record",
        405: "Not in this way",
        413: "This is too large",
        503: "Too busy",
    }
    title = visit.words(titles.get(status, "Something is broken"))
    said = [visit.words("The log knows it as {request}.", request=request)] if status >= 500 else []
    return bare(visit, "refused.html", title, status=status, said=said)
