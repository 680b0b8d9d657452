"""The command by which a lead becomes a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pycrm.cli.call import Call, command

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["add_to"]


def convert(
    call: Call,
    which: Annotated[str, typer.Argument(metavar="LEAD", help="Its id, or the id's first characters.")],
    customer: Annotated[
        str | None,
        typer.Option("--customer", metavar="ID", help="Add it to this customer; else one is made."),
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option("--contact", metavar="ID", help="A contact of that customer; else one is made."),
    ] = None,
    department: Annotated[
        str, typer.Option("--department", help="The department of the contact that is made.")
    ] = "other",
    opportunity: Annotated[
        list[str] | None,
        typer.Option(
            "--opportunity",
            metavar="FIELD=VALUE",
            help="Make an opportunity too: name=…, expected_close=…; repeat it.",
        ),
    ] = None,
    because: Annotated[str | None, typer.Option("--because", help="The reason, kept in the history.")] = None,
) -> None:
    """Make a lead a customer, with all that was written of it.

    Its company becomes an organisation with the person as a contact, a lead without a company a person.
    """

    def act(session: Session) -> tuple[dict[str, Any], list[str]]:
        from pycrm.cli.entity import record_of
        from pycrm.cli.listing import json_of, named
        from pycrm.cli.value import assignments
        from pycrm.entities import Contact, Customer, Lead, Opportunity

        lead = record_of(session, Lead, which)
        done = session.convert(
            lead,
            customer=record_of(session, Customer, customer) if customer else None,
            contact=record_of(session, Contact, contact) if contact else None,
            department=department,
            opportunity=assignments(session, Opportunity, opportunity) if opportunity else None,
            because=because,
        )
        made = {"customer": done.customer, "contact": done.contact, "opportunity": done.opportunity}
        told = {name: None if one is None else json_of(one) for name, one in made.items()}
        said = [f"{named(lead)} is the customer {named(done.customer)}"]
        said += [
            f"{name}: {named(one)}" for name, one in made.items() if one is not None and name != "customer"
        ]
        said.append(f"came along: {done.carried} records")
        return {"lead": json_of(done.lead), **told, "carried": done.carried}, said

    data, lines = call.run(act)
    call.answer(data, *lines)


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    command(app, "convert")(convert)
