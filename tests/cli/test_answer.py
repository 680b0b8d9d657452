"""What people see: tables that stay in line with Chinese text, in wide and narrow terminals."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Any

import pytest

from pycrm import CRM, Customer, Money, Opportunity
from pycrm.cli.answer import Fields, Table, plain, say

from .conftest import Pycrm


def width(text: str) -> int:
    """How many cells a terminal gives the text: two for wide characters (Unicode, annex 11)."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


@pytest.fixture
def deals(crm: CRM, cast: Any) -> None:
    """Opportunities with Chinese, mixed and long names."""
    names = ("宁波海曙机械制造有限公司", "Hongda Logistics", "上海浦东国际货运代理有限责任公司第二分公司")
    for number, name in enumerate(names):
        with crm.session("rep_a") as session:
            customer = session.add(
                Customer.organization(name, email=f"{number}@example.com", source="exhibition")
            )
            deal = Opportunity(
                customer=customer,
                name=f"体检项目 {number}",
                amount=Money("86000", "CNY"),
                expected_close=date(2026, 9, 1),
            )
            session.add(deal)


@pytest.mark.parametrize("columns", [80, 40])
def test_no_line_is_wider_than_the_terminal(
    pycrm: Pycrm, deals: None, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """A reader at 80 and at 40 columns sees every list whole, without a broken line."""
    monkeypatch.setenv("COLUMNS", str(columns))
    for arguments in (
        ("list", "opportunities"),
        ("list", "customers"),
        ("report", "pipeline"),
        ("user", "list"),
    ):
        lines = pycrm(*arguments, "--as", "rep_a").out.splitlines()
        assert (arguments, max(map(width, lines)) <= columns) == (arguments, True)
    text = pycrm("list", "customers", "--as", "rep_a").out
    assert "Hongda Logistics" in text
    assert text.replace("\n", "").replace(" ", "").count("二分公") == 1


def test_columns_stay_in_line_beside_chinese_text(pycrm: Pycrm, deals: None) -> None:
    """The column after a Chinese name begins in the same cell in every row, and amounts end in one."""
    lines = pycrm(
        "list", "opportunity", "--columns", "customer,amount,owner", "--as", "rep_a"
    ).out.splitlines()
    heading, _, *rows = lines
    ends = {width(row[: row.index("CNY") + 3]) for row in rows}
    begins = {width(row[: row.index("Rep_A")]) for row in rows}
    assert (ends, begins) == (
        {width(heading[: heading.index("Amount") + 6])},
        {width(heading[: heading.index("Owner")])},
    )
    # The planted fault: counted in characters, the rows would be out of line.
    assert len({len(row[: row.index("CNY")]) for row in rows}) > 1


def test_a_pipe_gets_whole_lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads a pipe gets each row in one line, however long."""
    monkeypatch.delenv("COLUMNS", raising=False)
    say(Table(["Name", "Note"], [["a" * 300, "b" * 300]]))
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_a_narrow_terminal_lists_fields_below_each_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where columns would be squeezed out of shape, each row becomes a short list of its fields."""
    monkeypatch.setenv("COLUMNS", "20")
    say(Table(["Name", "Sum"], [["宁波海曙机械制造有限公司", "1,234,567.00 CNY"]], right=frozenset((1,))))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["Name  宁波海曙机械制", "      造有限公司", "Sum   1,234,567.00", "      CNY"]


def test_a_name_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """A customer's name neither clears the screen, nor turns the line around, nor sets a style."""
    evil = "[bold]A\x1b[2J\x9b31mB\u202eC\r\nD"
    assert plain(evil) == "[bold]A\ufffd[2J\ufffd31mB\ufffdC  D"
    say(evil, Table(["[red]x"], [[evil]]), Fields([(evil, evil)], evil))
    shown = capsys.readouterr().out
    assert "[bold]A" in shown
    assert "[red]x" in shown
    assert not {"\x1b", "\x9b", "\u202e", "\r"} & set(shown)


def test_json_keeps_letters_and_escapes_controls(crm: CRM, cast: Any, pycrm: Pycrm) -> None:
    """A program reads a Chinese name as it is, and a control character as an escape."""
    with crm.session("rep_a") as session:
        session.add(Customer.organization("宁波\x1b[2J", email="a@example.com", source="exhibition"))
    said = pycrm("list", "customers", "--as", "rep_a", "--json")
    assert ("宁波" in said.out, "\x1b" in said.out) == (True, False)
    assert said.data["items"][0]["name"] == "宁波\x1b[2J"
