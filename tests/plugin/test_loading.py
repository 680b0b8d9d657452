"""Loading plugins together: order, requirements, conflicts, and what comes out."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from pycrm.declare import Child, Children, Facet, Field, Record, children, field, owned
from pycrm.errors import DeclarationError
from pycrm.pipeline import Move, Pipeline, Stage
from pycrm.plugin import Plugin, PluginDeclarationError, Registry, hookimpl, load

from .samples import make, message, place, refused, table


def journey(version: int = 1) -> Pipeline:
    """A small pipeline."""
    stages = (Stage("open", "Open"), Stage("won", "Won", kind="won"))
    return Pipeline(
        "journey", version, "Visit", "Journey", stages=stages, moves=(Move("win", "open", "won", "Win"),)
    )


class Visit:
    __tablename__ = "exam_visit"


class ExamPaid:
    """The host of nothing: a second class for the table of visits."""

    __tablename__ = "exam_visit"


def exam_guard(record: object) -> None: ...


def pool_guard(record: object) -> None: ...


class Exam(Plugin):
    """Examination centre"""

    name = "exam"
    records = (Visit,)
    guards = {"paid": exam_guard}
    pipelines = (journey(),)


class SecondExam(Plugin):
    """Another one of that name"""

    name = "exam"


class Pool(Plugin):
    """Customer pool"""

    name = "pool"
    records = (type("Visit", (), {"__tablename__": "pool_visit"}),)
    guards = {"paid": pool_guard}
    pipelines = (journey(),)


def names(registry: Registry) -> list[str]:
    """The names of the plugins in the order of loading."""
    return [plugin.name for plugin in registry.plugins]


def test_plugins_come_after_what_they_require() -> None:
    """A plugin finds what it requires loaded before it, and the order given is kept otherwise."""
    exam = make("exam", requires=("commerce", "billing>=1.2,<2"))
    commerce = make("commerce", requires=("billing",))
    billing = make("billing", version="1.10")
    loaded = load([exam, make("pool"), commerce, billing])
    assert names(loaded) == ["pool", "billing", "commerce", "exam"]


def test_core_comes_first() -> None:
    """The core's own hooks run before those of any plugin, in whatever order they are given."""
    assert names(load([make("pool"), make("core"), make("exam")])) == ["core", "pool", "exam"]


def test_a_class_is_as_good_as_an_instance() -> None:
    """A developer may give a plugin's class, and its instance is made."""
    (plugin,) = load([Exam]).plugins
    assert isinstance(plugin, Exam)


def test_a_missing_requirement_is_named() -> None:
    """An administrator who forgets a plugin reads which one, and who asks for it."""
    said = message(lambda: load([make("exam", requires=("billing>=1.2",))]))
    assert said.startswith("plugin exam (")
    assert said.endswith("requires billing>=1.2, which is not there")


@pytest.mark.parametrize("version", ["1.1.9", "2.0", ""])
def test_a_requirement_of_another_version_is_named(version: str) -> None:
    """An administrator with an old plugin reads what is asked for and what is there."""
    said = message(
        lambda: load([make("exam", requires=("billing>=1.2,<2",)), make("billing", version=version)])
    )
    assert "requires billing>=1.2,<2, but plugin billing" in said
    assert said.endswith(f"is version {version or '0'}")


def test_a_preview_satisfies_a_requirement() -> None:
    """A vendor can try a pre-release of a plugin that another one requires."""
    assert names(load([make("exam", requires=("billing>=1.2",)), make("billing", version="1.3rc1")]))


@pytest.mark.parametrize("requirement", ["Billing", "billing 1.2", "billing>=", "billing[all]", ""])
def test_a_requirement_that_cannot_be_read_is_named(requirement: str) -> None:
    """An author who writes a requirement wrongly reads which one and how it should look."""
    said = message(lambda: load([make("exam", requires=(requirement,)), make("billing")]))
    assert f"{requirement!r} is no requirement, such as 'billing>=1.2'" in said


def test_a_version_that_cannot_be_read_is_named() -> None:
    """An author who writes a version wrongly reads how it should look."""
    assert "'one' is no version" in message(lambda: load([make("exam", version="one")]))


def test_a_circle_is_named() -> None:
    """An author of plugins that require each other reads the way round, and no other plugin is blamed."""
    a, b, c = (make(name, requires=(other,)) for name, other in (("a", "b"), ("b", "c"), ("c", "b")))
    (problem,) = refused(lambda: load([a, b, c])).problems
    assert problem.code == "circle"
    assert "in a circle, b > c > b: plugin b (" in problem.message
    assert "a > b" not in problem.message


def test_every_circle_is_named() -> None:
    """Two circles are two problems; a plugin that requires itself is a circle of one."""
    plugins = [make(name, requires=(other,)) for name, other in (("a", "b"), ("b", "a"), ("c", "c"))]
    codes = [problem.message.split(":")[0] for problem in refused(lambda: load(plugins)).problems]
    assert [code.split(", ")[1] for code in codes] == ["a > b > a", "c > c"]


def test_a_plugin_for_another_api_is_refused() -> None:
    """A plugin that is written for a later contract does not start with this one."""
    exam = make("exam", api=">=0.2,<0.3")
    said = message(lambda: load([exam], api="0.1"))
    assert "plugin exam" in said
    assert "is written for plugin API >=0.2,<0.3, but this pycrm has 0.1" in said
    assert names(load([exam], api="0.2.5")) == ["exam"]
    assert "'soon' is no range of versions" in message(lambda: load([make("exam", api="soon")]))


def test_two_plugins_of_one_name_are_refused() -> None:
    """Of two plugins with one name, both places are named."""
    said = message(lambda: load([make("pool"), Exam, SecondExam]))
    first, second = place(__file__, "class Exam("), place(__file__, "class SecondExam(")
    assert said.startswith("two plugins are named exam: plugin exam (")
    assert first in said
    assert second in said


def test_two_classes_for_one_table_are_refused() -> None:
    """Of two classes with one table, both places are named."""
    said = message(lambda: load([make("exam", records=(Visit, ExamPaid))]))
    first, second = place(__file__, "class Visit:"), place(__file__, "class ExamPaid:")
    assert said.startswith("table exam_visit is declared by plugin exam (Visit, ")
    assert f"{first}) and by plugin exam (ExamPaid, " in said
    assert said.endswith(f"{second})")


def test_everything_that_clashes_is_said_at_once() -> None:
    """Class, pipeline and guard that two plugins both claim are named together, with both places."""
    error = refused(lambda: load([Exam, Pool]))
    assert [problem.path for problem in error.problems] == [
        "pool/records/Visit",
        "pool/pipelines/journey version 1",
        "pool/guards/paid",
    ]
    said = [problem.message for problem in error.problems]
    assert said[0].startswith("class Visit is declared by plugin exam (Visit, ")
    assert place(__file__, "class Visit:") in said[0]
    assert said[1].startswith("pipeline journey version 1 is declared by plugin exam (")
    assert place(__file__, "class Exam(") in said[1]
    assert place(__file__, "class Pool(") in said[1]
    assert place(__file__, "def exam_guard(") in said[2]
    assert place(__file__, "def pool_guard(") in said[2]


def test_a_class_that_two_plugins_list_is_said_once() -> None:
    """A class listed twice is one problem for its author, besides the prefix that is wrong in one."""
    error = refused(lambda: load([Exam, make("pool", records=(Visit,))]))
    assert [problem.code for problem in error.problems] == ["prefix", "duplicate"]


def test_two_versions_of_a_pipeline_stand_side_by_side() -> None:
    """A plugin may bring two versions of one pipeline."""
    loaded = load([make("exam", pipelines=(journey(1), journey(2)))])
    assert set(loaded.pipelines) == {("journey", 1), ("journey", 2)}


def test_a_table_begins_with_the_name_of_its_plugin() -> None:
    """An author cannot name a table as if it were the core's or another plugin's."""
    said = message(lambda: load([make("core"), make("exam", records=(table("Visit", "crm_visit"),))]))
    assert said.startswith("table crm_visit of plugin exam (Visit, ")
    assert said.endswith("must begin with exam_")
    assert "must begin with exam_" in message(
        lambda: load([make("exam", children=(table("Line", "examine_line"),))])
    )
    assert names(load([make("core", records=(table("Customer", "crm_customer"),))])) == ["core"]


def test_the_longest_prefix_owns_a_table() -> None:
    """A table of customer_value is not taken for one of a plugin called customer."""
    score = table("Score", "customer_value_score")
    assert load([make("customer"), make("customer_value", records=(score,))])
    said = message(lambda: load([make("customer", records=(score,)), make("customer_value")]))
    assert "has the prefix of plugin customer_value (" in said


def test_one_plugin_has_one_facet_on_a_record() -> None:
    """A second facet of one plugin on one record is refused, and that of another plugin is not."""
    customer = make("core", records=(table("Customer", "crm_customer"),))
    profile, body = (
        table("Profile", "exam_profile", of="Customer"),
        table("Body", "exam_body", of="Customer"),
    )
    said = message(lambda: load([customer, make("exam", facets=(profile, body))]))
    assert said.startswith("one plugin, one facet per record: a facet of Customer is declared by plugin exam")
    assert "(Profile, " in said
    assert "(Body, " in said
    card = table("Card", "membership_card", of="Customer")
    loaded = load([customer, make("exam", facets=(profile,)), make("membership", facets=(card,))])
    assert loaded.facets == {loaded.records["Customer"]: (profile, card)}


def test_a_facet_needs_the_plugin_of_its_host() -> None:
    """A facet on a record of a plugin that may be absent is refused, as is one on no record at all."""
    billing = make("billing", records=(table("Bill", "billing_bill"),))
    stamp = table("Stamp", "exam_stamp", of="Bill")
    said = message(lambda: load([billing, make("exam", facets=(stamp,))]))
    assert said.startswith("facet of plugin exam (Stamp, ")
    assert "extends Bill of plugin billing (" in said
    assert said.endswith("which it does not require")
    assert load([billing, make("exam", facets=(stamp,), requires=("billing",))])
    assert "extends Bill, which no loaded plugin lists" in message(
        lambda: load([make("exam", facets=(stamp,))])
    )


def test_what_is_no_plugin_is_refused() -> None:
    """A developer who passes something else than a plugin is told what to pass."""
    wrong: Any = object()
    assert "is no plugin: give a name" in message(lambda: load([wrong]))
    assert "is no plugin" in message(lambda: load([Plugin]))


def test_a_plugin_that_cannot_be_made_is_named() -> None:
    """A plugin whose __init__ fails is named with its error, which is also the cause."""

    class Broken(Plugin):
        """Broken"""

        name = "broken"

        def __init__(self) -> None:
            raise OSError("no licence")

    with pytest.raises(
        PluginDeclarationError, match=r"plugin broken .* cannot be made: OSError: no licence"
    ) as caught:
        load([Broken])
    assert isinstance(caught.value.__cause__, OSError)


def test_all_problems_of_all_kinds_come_in_one_error() -> None:
    """An administrator mends everything in one go: API, version, requirement, prefix, guard."""
    bad = make("bad", api=">=9", version="x", requires=("gone",), records=(table("A", "a"),))
    error = refused(lambda: load([bad, make("worse", guards={"g": len}), make("last", guards={"g": len})]))
    assert [problem.code for problem in error.problems] == [
        "range",
        "format",
        "required",
        "prefix",
        "duplicate",
    ]
    assert isinstance(error, DeclarationError)


class Line(Child, table="garden_line"):
    """A line."""

    text: Field[str] = field("Text")


class Plot(Record, table="garden_plot", scope=owned()):
    """A plot."""

    label: Field[str] = field("Label")
    lines: Children[Line] = children("Lines")


class Soil(Facet, table="garden_soil", of=Plot):
    """What a plot is made of."""

    acid: Field[int] = field("Acidity")


class Garden(Plugin):
    """Garden

    Plots and what grows there.
    """

    name = "garden"
    version = "1.2"
    records, children, facets = (Plot,), (Line,), (Soil,)

    @hookimpl
    def record_added(self, record: Any) -> None: ...


def test_the_registry_knows_who_contributes_what() -> None:
    """The core finds records by name, everything by table, facets by host, and the plugin of each class."""
    loaded = load([Garden, make("exam", guards={"paid": exam_guard}, pipelines=(journey(),))])
    assert loaded.records == {"Plot": Plot}
    assert loaded.children == {"Line": Line}
    assert loaded.tables == {"garden_plot": Plot, "garden_line": Line, "garden_soil": Soil}
    assert loaded.facets == {Plot: (Soil,)}
    assert loaded.guards == {"paid": exam_guard}
    assert loaded.pipelines[("journey", 1)].label == "Journey"
    garden = loaded.plugin("garden")
    assert [loaded.plugin_of(cls) for cls in (Plot, Line, Soil)] == [garden] * 3
    with pytest.raises(DeclarationError, match="no loaded plugin lists Visit"):
        loaded.plugin_of(Visit)
    with pytest.raises(DeclarationError, match="no plugin pool is loaded"):
        loaded.plugin("pool")


def test_the_registry_describes_its_plugins() -> None:
    """An administrator sees of each plugin what it is and brings."""
    (garden,) = load([Garden]).describe()
    shown = attrs.asdict(garden)
    assert {name: value for name, value in shown.items() if value} == {
        "name": "garden",
        "title": "Garden",
        "description": "Plots and what grows there.",
        "version": "1.2",
        "records": ("Plot",),
        "children": ("Line",),
        "facets": ("Soil",),
        "hooks": ("record_added",),
    }


def test_the_registry_does_not_change() -> None:
    """Nobody can add a record to a CRM that has started."""
    loaded = load([Garden])
    mapping: Any = loaded.records
    with pytest.raises(TypeError):
        mapping["Visit"] = Visit
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        loaded.records = {}  # type: ignore[misc]


def test_two_registries_live_side_by_side() -> None:
    """Two CRMs of one process have different plugins, of which both may use one class."""
    one, two = load([Garden]), load([Exam])
    assert set(one.records) == {"Plot"}
    assert set(two.records) == {"Visit"}
    assert load([Garden]).plugin("garden") is not one.plugin("garden")
