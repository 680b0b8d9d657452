"""Tables of every making are read right, or refused with the place and the way out."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pycrm.errors import InvalidError
from pycrm.exchange import Limits, read_table

from .tables import read, refusal, rows

PLAIN = "name,city\nHongda,Shenzhen\nNingbo Pump,宁波\n"
CELLS = [["Hongda", "Shenzhen"], ["Ningbo Pump", "宁波"]]


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_that_say_what_they_are(encoding: str, told: str, end: str) -> None:
    """A file from any system is read alike, whatever its encoding and its line ends."""
    data = PLAIN.replace("\n", end).encode(encoding)
    if encoding == "utf-16-be":
        data = b"\xfe\xff" + data
    with read(data) as table:
        assert table.header == ["name", "city"]
        assert table.encoding == told
        assert [row.values for row in table] == CELLS


def test_a_path_is_opened_and_closed(tmp_path: Path) -> None:
    """Somebody names a file and gets its rows with the lines they stand on."""
    path = tmp_path / "customers.csv"
    path.write_text(PLAIN, "utf-8")
    with read_table(path) as table:
        assert table.total_bytes == len(PLAIN.encode())
        assert [(row.line, row.values) for row in table] == [(2, CELLS[0]), (3, CELLS[1])]
        assert table.bytes_read == table.total_bytes


def test_a_stream_that_cannot_seek() -> None:
    """Whoever pipes a table in gets its rows without a progress total."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.left = PLAIN.encode()

        def read(self, size: int = -1, /) -> bytes:
            taken, self.left = self.left[:7], self.left[7:]
            return taken

    table = read_table(Pipe())  # type: ignore[arg-type]
    assert table.total_bytes is None
    assert [row.values for row in table] == CELLS


def test_chinese_bytes_are_known_where_they_are_beyond_doubt() -> None:
    """A file saved by Chinese Excel is read without naming its encoding."""
    text = (
        "客户名称,电话,地区\n宏达物流有限公司,13800000001,深圳市南山区\n宁波水泵厂,13900000002,浙江省宁波市\n"
    )
    with read(text.encode("gb18030")) as table:
        assert table.encoding == "gb18030"
        assert table.header == ["客户名称", "电话", "地区"]
        assert next(iter(table)).values == ["宏达物流有限公司", "13800000001", "深圳市南山区"]


def test_chinese_bytes_with_rare_characters_when_named() -> None:
    """Whoever names GB18030 gets characters beyond GBK too, of four bytes each."""
    text = "name|note\n朱镕基|𠮷\n"
    table = read(text.encode("gb18030"), encoding="GBK")
    assert [row.values for row in table] == [["朱镕基", "𠮷"]]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("name,city\nJosé,Málaga\nFrançois,Orléans\nJürgen,Köln\nAndré,Besançon\n", "latin-1"),
        ("имя,город\nИванов,Новосибирск\nПетров,Екатеринбург\nСидоров,Краснодар\n", "cp1251"),
        ("имя,город\nИванов,Новосибирск\nПетров,Екатеринбург\nСидоров,Краснодар\n", "koi8-r"),
        ("이름,도시\n김철수,서울특별시 강남구\n이영희,부산광역시 해운대구\n박민수,대구광역시\n", "euc-kr"),
        ("名前,都市\n山田太郎,東京都しんじゅく\n鈴木はなこ,大阪府さかい\n", "euc-jp"),
        ("客戶名稱,電話\n宏達物流有限公司,0912\n寧波水泵廠,0913\n臺灣機械股份有限公司,0914\n", "big5"),
        ("name,note\nA,寧\n", "gb18030"),
    ],
)
def test_other_encodings_are_not_guessed(text: str, encoding: str) -> None:
    """Bytes that might be this or that are refused, with line, offset and what to do."""
    data = text.encode(encoding)
    with pytest.raises(UnicodeDecodeError) as caught:
        data.decode()
    where = caught.value.start
    line = data[:where].count(b"\n") + 1
    error = refusal(data)
    assert error.fields[0].path == f"line/{line}"
    assert f"at offset {where}" in error.message
    assert "name the file's encoding" in error.message
    assert len(rows(data, encoding=encoding)) == text.count("\n") - 1


def test_a_few_damaged_lines_do_not_condemn_a_file() -> None:
    """A row with bytes of another encoding is refused by itself, the rows around it are read."""
    lines = [f"Größe {number},Köln\n".encode() for number in range(20)]
    lines[7] = "Größe 7,Köln\n".encode("latin-1")
    found = rows(b"name,city\n" + b"".join(lines))
    assert [row.line for row in found if row.problems] == [9]
    assert len(found) == 20
    offset = len(b"name,city\n" + b"".join(lines[:7])) + 2
    assert found[7].problems[0].path == "line/9"
    assert found[7].problems[0].message == f"line 9: byte 0xF6 at offset {offset} is not utf-8"


@pytest.mark.parametrize("named", ["rot13", "utf-7", "iso2022_jp", "cp037", "nonsense", "\0", "base64"])
def test_encodings_that_tables_cannot_be_read_in(named: str) -> None:
    """A name that is no encoding of text, or one whose lines cannot be cut, is refused."""
    assert refusal(PLAIN, encoding=named).fields[0].path == "encoding"


def test_a_mark_that_contradicts_the_name() -> None:
    """Whoever names GB18030 for a file with a UTF-8 mark is told of the contradiction."""
    assert refusal(PLAIN.encode("utf-8-sig"), encoding="gb18030").fields[0].code == "conflict"
    assert refusal(PLAIN.encode("utf-16-le"), encoding="utf-16").fields[0].code == "format"
    assert rows(PLAIN.encode("utf-16-le"), encoding="utf-16-le")[1].values == CELLS[1]


def test_utf16_without_its_mark_and_workbooks() -> None:
    """A file that is no table of text at all is named for what it is."""
    assert "utf-16-le" in refusal(PLAIN.encode("utf-16-le")).message
    assert "XLSX" in refusal(b"PK\x03\x04\x14\0\6\0\x08\0\0\0").message


def test_half_a_character_at_the_end_of_utf16() -> None:
    """A UTF-16 file that was cut in the middle of a character loses that row, not the others."""
    data = b"\xff\xfe" + "name\nHongda\nNing".encode("utf-16-le") + b"b"
    found = rows(data)
    assert [row.values for row in found] == [["Hongda"], []]
    assert found[1].problems[0].code == "encoding"


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("name,city", ","),
        ("name;city", ";"),
        ("name\tcity", "\t"),
        ("name|city", "|"),
        ('"name, first";city', ";"),
        ("name", ","),
        ("price; in euro,city", ","),
    ],
)
def test_delimiters_are_found_from_the_header(header: str, delimiter: str) -> None:
    """Comma, semicolon, tab and pipe are told apart by header and first rows."""
    width = 1 if header == "name" else 2
    body = "".join(delimiter.join(["x"] * width) + "\n" for _ in range(5))
    with read(f"{header}\n{body}") as table:
        assert table.delimiter == delimiter
        assert all(not row.problems for row in table)


def test_a_delimiter_that_is_not_clear_is_asked_for() -> None:
    """Where two delimiters fit, nobody guesses: the refusal names both."""
    text = "date;price, euro\n2026;1,5\n2027;2,5\n"
    error = refusal(text)
    assert error.fields[0].path == "header"
    assert "semicolon (2 columns)" in error.message
    assert "comma (2 columns)" in error.message
    assert rows(text, delimiter=";")[0].values == ["2026", "1,5"]


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "\0"])
def test_delimiters_that_cannot_be(delimiter: str) -> None:
    """A delimiter is one character, and neither a quote nor a line end."""
    assert refusal(PLAIN, delimiter=delimiter).fields[0].path == "delimiter"


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n\r\n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_a_file_without_a_header(content: bytes) -> None:
    """An empty file is refused as empty."""
    assert refusal(content).message == "the file is empty: there is no header"


def test_a_header_alone_and_blank_lines() -> None:
    """A header without rows is a table without rows; blank lines are passed over and counted."""
    assert rows("name,city\n") == []
    assert rows("name,city") == []
    with read("\n\nname,city\n\nHongda,Shenzhen\n\n\n") as table:
        assert [(row.line, row.values) for row in table] == [(5, ["Hongda", "Shenzhen"])]
        assert table.blank_lines == 5


def test_headers_that_cannot_be_used() -> None:
    """Columns without a name and columns of one name are refused together, by number."""
    error = refusal("name,,city,name, \n1,2,3,4,5\n")
    assert [(problem.path, problem.code) for problem in error.fields] == [
        ("header/2", "required"),
        ("header/4", "duplicate"),
        ("header/5", "required"),
    ]
    assert refusal('"name,city\n').fields[0].code == "quote"
    assert refusal('"na"me,city\nx,y\n').fields[0].path == "line/1"


def test_rows_with_too_few_or_too_many_cells() -> None:
    """A ragged row is a problem of its own, with the line where it starts."""
    found = rows('a,b\n1\n1,2\n1,"2\n2",3\n1,2\n')
    assert [(row.line, [problem.message for problem in row.problems]) for row in found] == [
        (2, ["line 2: 1 cell where the header has 2"]),
        (3, []),
        (4, ["line 4: 3 cells where the header has 2"]),
        (6, []),
    ]
    with pytest.raises(InvalidError, match="1 cell where"):
        found[0].check()
    found[1].check()


def test_quotes() -> None:
    """Quoted delimiters, quotes and line ends are kept as they are; quotes are optional."""
    found = rows('a,b\n"x, y","say ""hi"""\n"one\r\ntwo",37°36\'37.8"N\n"","\n"\n')
    assert [(row.line, row.values) for row in found] == [
        (2, ["x, y", 'say "hi"']),
        (3, ["one\r\ntwo", "37°36'37.8\"N"]),
        (5, ["", "\n"]),
    ]


def test_a_nul_is_refused_with_its_line() -> None:
    """A NUL byte refuses the row that holds it, names the line, and leaves the others alone."""
    found = rows('a,b\n1,2\n\0,2\n3,"x\ny\0"\n5,6\n')
    assert [(row.line, [problem.message for problem in row.problems]) for row in found] == [
        (2, []),
        (3, ["line 3: holds a NUL character"]),
        (4, ["line 5: holds a NUL character"]),
        (6, []),
    ]
    assert refusal("a\0,b\nlong enough not to be UTF-16\n").fields[0].code == "nul"


def test_text_after_a_closing_quote() -> None:
    """A stray quote refuses the lines it swallowed as one row, and reading goes on after them."""
    found = rows('a,b\n"x"y,2\n3,4\n"5 inch,6\n7,8\n9,"ten"\n11,12\n')
    assert [(row.line, [problem.message for problem in row.problems]) for row in found] == [
        (2, ["line 2: text after a closing quote, at character 4 of line 2"]),
        (3, []),
        (4, ["lines 4 to 6: text after a closing quote, at character 4 of line 6"]),
        (7, []),
    ]


def test_a_quote_that_is_never_closed() -> None:
    """Rows before an endless quote are handed out, then the file is refused at the line of the quote."""
    table = read('a,b\n1,2\n3,"four\n5,6\n7,8\n')
    found = iter(table)
    assert next(found).values == ["1", "2"]
    with pytest.raises(InvalidError, match="line 3: the quote opened here is never closed") as caught:
        next(found)
    assert caught.value.fields[0].path == "line/3"


def test_limits_on_cells_and_rows() -> None:
    """A cell, a row or a line beyond its limit is refused; the rows after it are read."""
    limits = Limits(cell_bytes=100, row_bytes=400)
    long = "x" * 101
    broad = ",".join(["y" * 99] * 5)
    text = f'a,b\n{long},1\n2,"{long}"\n3,"{long[:50]}\n{long[:51]}"\n{broad}\n'
    text += f'"{"z" * 900}\n","q"\n4,{"界" * 34}\n5,6\n'
    found = rows(text, limits=limits)
    assert [(row.line, [(problem.code, problem.message) for problem in row.problems]) for row in found] == [
        (2, [("limit", "line 2: cell 1 is longer than 100 bytes")]),
        (3, [("limit", "line 3: cell 2 is longer than 100 bytes")]),
        (4, [("limit", "line 4: cell 2 is longer than 100 bytes")]),
        (6, [("limit", "line 6: the row is longer than 400 bytes")]),
        (7, [("limit", "line 7: the row is longer than 400 bytes")]),
        (9, [("limit", "line 9: cell 2 is longer than 100 bytes")]),
        (10, []),
    ]


def test_limits_on_a_cell_of_many_short_lines() -> None:
    """A cell that is long by its many lines is refused as one that is long by itself."""
    found = rows('a,b\n1,"' + "ten bytes\n" * 20 + '"\n2,3\n', limits=Limits(cell_bytes=100))
    assert [(row.line, [problem.code for problem in row.problems]) for row in found] == [
        (2, ["limit"]),
        (23, []),
    ]


def test_cells_beyond_the_csv_modules_own_limit() -> None:
    """A cell of 150,000 characters is read whole where the limits allow it, and so is what follows."""
    before = [["x" * 98, "1"]] * 700
    long = "line\n" * 30_000
    text = "a,b\n" + "".join(f"{first},{second}\n" for first, second in before) + f'"{long}",2\n3,4\n5,6\n'
    found = rows(text, limits=Limits(cell_bytes=200_000))
    assert [row.values for row in found] == [*before, [long, "2"], ["3", "4"], ["5", "6"]]
    assert [row.line for row in found[-3:]] == [702, 30_703, 30_704]
    assert not any(row.problems for row in found)


def test_limits_on_the_table() -> None:
    """Too many columns or rows are refused with the line that goes too far."""
    assert refusal("a,b,c\n1,2,3\n", limits=Limits(cells=2)).fields[0].path == "header"
    error = refusal("a\n1\n2\n3\n", limits=Limits(rows=2))
    assert (error.fields[0].path, error.fields[0].code) == ("line/4", "limit")
    (row,) = rows("a,b\n" + "," * 5000 + "\n", limits=Limits(cells=10))
    assert row.problems[0].message == "line 2: more than 10 cells where the header has 2"
    assert len(row.values) == 10


def test_a_cell_of_ten_megabytes() -> None:
    """A monstrous cell, quoted or not, over one line or many, costs its row and nothing else."""
    monster = b"m" * 10_000_000
    lines = b"a line of thirty-three characters\n" * 300_000
    data = b"a,b\n1,2\n" + monster + b',3\n4,"' + monster + b'"\n5,"' + lines + b'"\n6,7\n'
    found = rows(data)
    assert [(row.line, [problem.code for problem in row.problems]) for row in found] == [
        (2, []),
        (3, ["limit"]),
        (4, ["limit"]),
        (5, ["limit"]),
        (300_006, []),
    ]


def test_a_long_line_keeps_the_rows_in_step() -> None:
    """A quote opened in the dropped part of a long line still joins the lines that belong to it."""
    line = "x" * 700_000 + ',"opened\nclosed"\n1,2\n'
    found = rows("a,b\n" + line, limits=Limits(cell_bytes=1000, row_bytes=10_000))
    assert found[-1].values == ["1", "2"]
    assert found[0].problems
    assert found[-1].line == 4
