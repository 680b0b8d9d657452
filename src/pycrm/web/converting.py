"""The page on which a lead becomes a customer, with all that was written of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pycrm.entities import Activity, Contact, Lead, Opportunity
from pycrm.errors import InvalidError, NotReadError, RefusedError
from pycrm.session.naming import label_of
from pycrm.web.catalog import path_of
from pycrm.web.entry import Entry, Typed, entry_of, read_entry
from pycrm.web.problem import sentences
from pycrm.web.render import page
from pycrm.web.show import Show
from pycrm.web.visit import Answer, Visit, redirect

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["ask", "convert"]

# What is asked for: of whom it becomes, of the person there, and of a deal where one is begun.
_WHOM = ((Activity, "customer"), (Activity, "contact"), (Contact, "department"))
_DEAL = tuple((Opportunity, name) for name in ("name", "amount", "expected_close"))


def ask(visit: Visit) -> Answer:
    """The form, which makes a customer of the lead where nothing is filled in."""
    return _ask(visit, {}, ())


def convert(visit: Visit) -> Answer:
    """Convert, or show the form again with every problem and all that was typed."""
    problems: dict[str, str] = {}

    def do(session: Session) -> Any:
        problems.clear()
        lead = session.get(Lead, visit.params["id"])
        whom = dict(_read(session, visit, _WHOM, "w:", problems))
        deal: dict[str, Any] | None = None
        if any(visit.typed(f"o:{name}").strip() for _, name in _DEAL):
            deal = dict(_read(session, visit, _DEAL, "o:", problems))
        if problems:
            raise InvalidError("some values are wrong or missing")
        return session.convert(lead, opportunity=deal, because=visit.typed("because") or None, **whom)

    try:
        done = visit.run(do)
    except RefusedError as error:
        said = tuple(sentences(visit.words, error)) if not problems else ()
        return _ask(visit, problems, said, error.status)
    return redirect(path_of(visit.crm, done.customer) or "/")


def _read(
    session: Session, visit: Visit, asked: Any, prefix: str, problems: dict[str, str]
) -> Iterator[tuple[str, Any]]:
    for cls, name in asked:
        typed = Typed.of(visit, f"{prefix}{name}")
        if typed is None:
            continue
        try:
            value = read_entry(session, cls.__specs__[name], typed)
        except (ValueError, TypeError) as error:
            # Nobody need say for whom it works in the house.
            if name != "department" or typed.text.strip():
                problems[f"{prefix}{name}"] = str(error)
            continue
        if value is not None:
            yield name, value


def _ask(visit: Visit, problems: dict[str, str], said: tuple[str, ...], status: int = 200) -> Answer:
    with visit.view() as session:
        show = Show(visit, session)
        lead = session.get(Lead, visit.params["id"])
        name = label_of(lead)
        return page(
            visit,
            session,
            "convert.html",
            visit.words("Convert: {what}", what=name),
            status=status,
            action=f"/leads/{lead.id}/convert",
            back=f"/leads/{lead.id}",
            said=said,
            becomes=_becomes(lead),
            whom=[_entry(show, visit, cls, name, "w:", problems) for cls, name in _WHOM],
            deal=[_entry(show, visit, cls, name, "o:", problems) for cls, name in _DEAL],
            is_begun=any(visit.typed(f"o:{name}").strip() for _, name in _DEAL),
            because=visit.typed("because"),
        )


def _becomes(lead: Any) -> str:
    """What the customer is called that is made, as far as the reader is shown it."""
    try:
        return str(lead.company or lead.name)
    except NotReadError:
        return ""


def _entry(show: Show, visit: Visit, cls: Any, name: str, prefix: str, problems: dict[str, str]) -> Entry:
    typed = Typed.of(visit, f"{prefix}{name}")
    error = show.words.said(problems.get(f"{prefix}{name}", ""))
    required = prefix == "o:" and name != "amount"
    return entry_of(
        show, cls, cls.__specs__[name], prefix=prefix, typed=typed, error=error, required=required
    )
