"""Declaring a plugin."""

from __future__ import annotations

from typing import Any

import pytest

from pycrm.plugin import Plugin, hookimpl

from .samples import make, message, place, refused, table


def test_the_docstring_is_title_and_description() -> None:
    """An administrator reads of a plugin what its author wrote in its docstring."""

    class Exam(Plugin):
        """Examination centre.

        Bookings and packages
        for a physical-examination centre.
        """

        name = "exam"

    exam = Exam()
    assert exam.title == "Examination centre"
    assert exam.description == "Bookings and packages\nfor a physical-examination centre."
    assert repr(exam) == "<plugin exam>"


def test_the_tables_of_core_begin_with_crm() -> None:
    """The core's own plugin has the tables crm_…, every other plugin those of its name."""
    assert make("core").prefix == "crm"
    assert make("exam").prefix == "exam"


def test_a_plugin_needs_a_name_and_a_docstring() -> None:
    """An author who forgets both is told of both, with the place."""

    def declare() -> None:
        class Nameless(Plugin):
            pass

    error = refused(declare)
    assert [problem.path for problem in error.problems] == ["Nameless/name", "Nameless/__doc__"]
    where = place(__file__, "class Nameless(")
    assert all(f"{where})" in problem.message for problem in error.problems)
    assert all(problem.message in str(error) for problem in error.problems)


def test_a_docstring_is_not_inherited() -> None:
    """A plugin that extends another does not pass for it."""

    def declare() -> None:
        class Longer(type(make("exam"))):  # type: ignore[misc]
            name = "longer"

    assert "needs a docstring" in message(declare)


@pytest.mark.parametrize(
    "name", ["Exam", "exam-centre", "1exam", "_exam", "exam_", "exam__x", "class", "", "体检", "x" * 31, 7]
)
def test_a_name_is_a_lower_case_identifier(name: Any) -> None:
    """An author cannot choose a name that could not begin the name of a table."""
    assert "name" in message(lambda: make(name))


def test_the_name_crm_is_kept() -> None:
    """No plugin can take the prefix of the core's tables as its name."""
    assert "kept for the tables of core" in message(lambda: make("crm"))


@pytest.mark.parametrize(
    ("entry", "value", "said"),
    [
        ("version", 1, "must be text"),
        ("api", (">=0.1",), "must be text"),
        ("requires", "billing", "must be a tuple of names of plugins; a tuple of one ends in a comma"),
        ("requires", ("billing", 7), "must hold names of plugins, but [1] is a int"),
        ("records", table("Visit", "exam_visit"), "a tuple of one ends in a comma"),
        ("records", [table("Visit", "exam_visit")], "must be a tuple of record classes"),
        ("records", (object,), "must hold record classes, but [0] is the class object"),
        ("records", (table("Visit", "exam_visit", of="Customer"),), "must hold record classes"),
        ("children", (object(),), "must hold classes of child rows, but [0] is a object"),
        ("facets", (table("Visit", "exam_visit"),), "must hold facet classes"),
        ("pipelines", ("journey",), "must hold pipelines, but [0] is a str"),
        ("guards", (len,), "must map names to functions"),
        ("guards", {"paid": "yes"}, "must map names to functions, but ['paid'] is a str"),
        ("commands", ("recall",), "must hold functions, but [0] is a str"),
        ("jobs", (print,), "must hold jobs, but [0] is a builtin_function_or_method"),
        ("migrations", "exam migrations", 'must be text such as "exam.migrations"'),
        ("sample", "exam.sample", 'must be text such as "exam.sample:add"'),
        ("record", (), "is no entry of a plugin; constants begin with _"),
        ("LIMIT", 200, "is no entry of a plugin; constants begin with _"),
    ],
)
def test_a_wrong_entry_is_refused_when_the_class_is_made(entry: str, value: Any, said: str) -> None:
    """An author who misspells an entry or forgets a comma is told so, and nothing is ignored."""
    refusal = refused(lambda: make("exam", **{entry: value}))
    assert [problem.path for problem in refusal.problems] == [f"exam/{entry}"]
    assert said in str(refusal)


def test_everything_wrong_is_said_at_once() -> None:
    """An author sees all problems of a declaration in one message."""
    error = refused(lambda: make("Exam", requires="billing", guards=(), reports=()))
    assert [problem.code for problem in error.problems] == ["format", "type", "type", "unknown"]
    assert str(error).startswith("4 problems with plugins:")


def test_methods_constants_and_properties_are_the_plugins_own() -> None:
    """An author may have methods, properties and constants beside the entries."""

    class Exam(Plugin):
        """Examination centre"""

        name = "exam"
        migrations, sample = "exam.migrations", "exam.sample:add"
        _LIMIT = 200

        @property
        def limit(self) -> int:
            return self._LIMIT

        @staticmethod
        def twice(number: int) -> int:
            return 2 * number

        @hookimpl
        def record_added(self, record: Any) -> None: ...

    assert Exam().twice(Exam().limit) == 400
