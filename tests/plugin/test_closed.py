"""Closed by default (T12): nothing starts of which nobody has said who may see or run it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pycrm import CRM, Child, ClaimPolicy, Customer, DeclarationError, Facet, Panel, Plugin, Record, Screen
from pycrm.declare import children, field, link, owned, reference, through, used_by
from pycrm.hooks import hookimpl
from pycrm.pipeline import Move, Pipeline, Stage
from pycrm.scoring import Indicator, Linear, count, feeds, zero


def plugin(**entries: Any) -> type[Plugin]:
    """A plugin called exam with these entries."""
    return type("Exam", (Plugin,), {"name": "exam", "__doc__": "Exam", **entries})


def declared(base: Any, name: str, *, more: dict[str, tuple[str, Any]] | None = None, **options: Any) -> Any:
    """A class with a title, these further fields and these options."""
    space: dict[str, Any] = {"__annotations__": {"title": "Field[str]"}, "title": field("Title")}
    for one, (annotation, value) in (more or {}).items():
        space[one] = value
        space["__annotations__"][one] = annotation
    space |= {"__module__": __name__, "__doc__": "A thing.", **options.pop("space", {})}
    return type(base)(name, (base,), space, table=f"exam_{name.lower()}", **options)


def record(name: str, **options: Any) -> Any:
    """A plugin with one record."""
    return plugin(records=(declared(Record, name, **options),))


def pipeline(entity: str = "Booking", **options: Any) -> Pipeline:
    """A pipeline of two stages."""
    stages = (Stage("open", "Open"), Stage("done", "Done", kind="won"))
    return Pipeline(
        "journey", 1, entity, "Journey", stages=stages, moves=(Move("end", "open", "done", "End", **options),)
    )


def booked(of: Pipeline) -> Any:
    """A plugin with a record that runs through that pipeline."""
    return plugin(records=(declared(Record, "Booking", scope=owned(), pipeline="journey"),), pipelines=(of,))


def blessed(self: Any, session: Any) -> None:
    """A hook that there is not."""


def coloured(self: Any, session: Any, record: Any, colour: Any) -> None:
    """A hook that asks for more than it is given."""


def sweep(folder: str) -> None:
    """A command that nobody runs."""


VISITS = zero(count(feeds.contact_acts))


def indicator(code: str, value: Any = VISITS) -> Indicator:
    """An indicator of that code."""
    return Indicator(code, "Visits", "到访", "S", "count", value, Linear(0, 10))


START: dict[str, tuple[Callable[[], Any], str]] = {
    "a record without scope": (lambda: record("Naked"), "exam: Naked"),
    "a scope that is none": (lambda: record("Open", scope="everybody"), "Open"),
    "a record seen through no link": (lambda: record("Adrift", scope=through()), "exam: Adrift"),
    "a record seen through a link that there is not": (
        lambda: record("Lost", scope=through("nobody")),
        "exam: Lost.*nobody",
    ),
    "a record seen through a plain field": (
        lambda: record("Plain", scope=through("title")),
        "exam: Plain.*title",
    ),
    "a record seen through what has no owner": (
        lambda: record("Stock", scope=through("product"), more={"product": ("Link[Product]", link("P"))}),
        "exam: Stock.*product",
    ),
    "a record used by a record that there is not": (
        lambda: record("Ghost", scope=used_by("Nobody.ghost")),
        "Ghost.*Nobody",
    ),
    "a record used by a field that there is not": (
        lambda: record("Shade", scope=used_by("Customer.shade")),
        "Shade.*Customer.shade",
    ),
    "a record used by a record without field": (
        lambda: record("Mist", scope=used_by("Customer")),
        "exam: Mist",
    ),
    "a record with a link to what is not loaded": (
        lambda: record("Stray", scope=owned(), more={"x": ("Link[Nowhere]", link("X"))}),
        "Stray.x.*Nowhere",
    ),
    "rows that no record holds": (lambda: plugin(children=(declared(Child, "Orphan"),)), "exam: Orphan"),
    "a list of rows that no plugin lists": (
        lambda: record(
            "Holder", scope=owned(), more={"rows": ("Children[Unlisted]", children("R", default=()))}
        ),
        "exam: Holder.rows.*Unlisted",
    ),
    "a facet of a record that there is not": (
        lambda: plugin(facets=(declared(Facet, "Alone", of="Nobody"),)),
        "Alone.*Nobody",
    ),
    "a facet with a scope of its own": (
        lambda: plugin(facets=(declared(Facet, "Apart", of=Customer, scope=reference()),)),
        "exam: Apart",
    ),
    "a facet among the records": (lambda: plugin(records=(declared(Facet, "Wrong", of=Customer),)), "Wrong"),
    "a field that mirrors none": (
        lambda: record("Mirror", scope=owned(), space={"mirrors": {"title": "nobody"}}),
        "exam: Mirror.*nobody",
    ),
    "a field that mirrors itself": (
        lambda: record(
            "Echo",
            scope=owned(),
            more={"source": ("Link[Echo | None]", link("Source", default=None))},
            space={"mirrors": {"title": "source"}},
        ),
        "exam: Echo.*without end",
    ),
    "a field that follows from none": (
        lambda: record("Derived", scope=owned(), space={"derives_from": ("nothing",)}),
        "exam: Derived.*nothing",
    ),
    "a field that is computed from none": (
        lambda: record("Derived", scope=owned(), space={"derives": {"id": ("lines.nothing",)}}),
        "exam: Derived.*lines.nothing",
    ),
    "a declassified field that is not computed": (
        lambda: record("Derived", scope=owned(), space={"declassified": ("id",)}),
        "exam: Derived.*declassifies id",
    ),
    "a record in a pipeline that there is not": (
        lambda: record("Queued", scope=owned(), pipeline="nowhere"),
        "exam: Queued.*nowhere",
    ),
    "a pipeline of a record that there is not": (
        lambda: plugin(pipelines=(pipeline("Nobody"),)),
        "journey.*Nobody",
    ),
    "a pipeline of a record that runs through none": (
        lambda: plugin(pipelines=(pipeline("Party"),)),
        "journey.*Party",
    ),
    "a move that asks for a right that there is not": (
        lambda: booked(pipeline(permission="bless")),
        "journey.*bless",
    ),
    "a move with a guard that there is not": (
        lambda: booked(pipeline(guards=("nobody",))),
        "journey(.|\n)*nobody",
    ),
    "a hook that there is not": (lambda: plugin(customer_blessed=hookimpl(blessed)), "customer_blessed"),
    "a hook that asks for more than it gets": (
        lambda: plugin(before_add=hookimpl(coloured)),
        "before_add.*colour",
    ),
    "a command that runs as nobody": (lambda: plugin(commands=(sweep,)), "exam: the command sweep"),
    "a command that is no function": (lambda: plugin(commands=("sweep",)), "commands"),
    "a report": (lambda: plugin(reports=()), "reports"),
    "a page for who holds a right that there is not": (
        lambda: plugin(screens=(Screen("day", "Day", blessed, "exam/day.html", permission="day.see"),)),
        "exam: Day asks for day.see",
    ),
    "a panel on a record that there is not": (
        lambda: plugin(panels=(Panel("day", "Day", "Booking", blessed, permission="customer.read"),)),
        "panel day is of Booking",
    ),
    "a route": (lambda: plugin(routes=()), "routes"),
    "an indicator of somebody else": (
        lambda: plugin(indicators=(indicator("pool.visits"),)),
        "pool.visits of exam: a code",
    ),
    "an indicator that divides as it likes": (
        lambda: plugin(indicators=(indicator("exam.visits", 1 / VISITS),)),
        "exam.visits of exam: a bare division",
    ),
}
SETTINGS: dict[str, tuple[Callable[[], Any], str]] = {
    "a claim of a field that there is not": (
        lambda: CRM("sqlite://", claims={"Person.nobody": ClaimPolicy.ASK}),
        "Person.nobody",
    ),
    "a claim of a field that is not unique": (
        lambda: CRM("sqlite://", claims={"Customer.channel": ClaimPolicy.ASK}),
        "Customer.channel",
    ),
    "a claim under a policy that is none": (
        lambda: CRM("sqlite://", claims={"Person.id_no": "loud"}),
        "loud",
    ),
    "a system actor without purpose": (lambda: CRM("sqlite://").system(" "), "purpose"),
    "a system actor with a grant of nothing": (
        lambda: CRM("sqlite://").system("x", grants=("Custmer.read",)),
        "Custmer.read",
    ),
    "a system actor with a right that there is not": (
        lambda: CRM("sqlite://").system("x", grants=("Customer.bless",)),
        "Customer.bless",
    ),
}


@pytest.mark.parametrize("name", START)
def test_what_lacks_its_policy_stops_the_start(name: str) -> None:
    """Nobody starts a CRM with something in it of which nobody has said who may see or run it."""
    make, words = START[name]
    with pytest.raises(DeclarationError) as refused:
        CRM("sqlite://", plugins=[make()])
    assert refused.match(words)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_names_nothing_is_refused(name: str) -> None:
    """Nobody loosens or grants what there is not."""
    act, words = SETTINGS[name]
    with pytest.raises(DeclarationError, match=words):
        act()


def test_what_has_its_policy_starts() -> None:
    """The refusals above are for what they name: a record, its pipeline and a command with policies start."""

    def sweep_up(session: Any) -> None:
        """Sweep as whoever calls it."""

    kept = declared(Record, "Booking", scope=owned(), pipeline="journey")
    made = plugin(records=(kept,), pipelines=(pipeline(permission="approve"),), commands=(sweep_up,))
    crm = CRM(
        "sqlite://",
        plugins=[made],
        claims={"Person.id_no": ClaimPolicy.SILENT, "ContactPoint": ClaimPolicy.ARBITER},
    )
    assert crm.system("x", grants=("Booking.read", "Person.id_no", "sql")).grants == (
        "Booking.read",
        "Person.id_no",
        "sql",
    )
