"""What a file does not say about itself: its encoding and its delimiter, guessed with care."""

from __future__ import annotations

import codecs
import csv

from pycrm.errors import InvalidError, Problem

__all__ = ["SAMPLE", "canonical_encoding", "find_delimiter", "find_encoding", "refuse"]

SAMPLE = 65_536
"""Bytes at the beginning of a file that the guesses rest on."""

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

# Encodings in which a line end is never part of another character, so that lines can be cut out of the
# bytes before they are decoded. UTF-16 is rewritten as UTF-8 first; shift sequences (ISO 2022, UTF-7,
# HZ) and EBCDIC are left out.
_CUTTABLE = frozenset(
    ["utf-8", "ascii", "gb18030", "gbk", "gb2312", "big5", "big5hkscs", "shift_jis", "cp932"]
    + ["euc_jp", "euc_kr", "cp949", "koi8-r", "koi8-u", "mac-roman", "tis-620"]
    + [f"iso8859-{part}" for part in range(1, 17)]
    + [f"cp{page}" for page in (437, 850, 852, 858, 866, 874, *range(1250, 1259))]
)
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030"}
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}


def refuse(path: str, code: str, message: str) -> InvalidError:
    """The refusal of a whole file for one reason."""
    return InvalidError(message, fields=[Problem(path, code, message)])


def canonical_encoding(name: str) -> str:
    """Python's name of an encoding that tables can be read in.

    Raises:
        InvalidError: unknown, or one whose lines cannot be told apart byte by byte.
    """
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        known = ""
    known = {"utf-8-sig": "utf-8", "utf_8_sig": "utf-8"}.get(known, known)
    if known in ("utf-16", "utf-16-le", "utf-16-be"):
        return known
    if known not in _CUTTABLE:
        raise refuse(
            "encoding",
            "unknown",
            f"{name[:40]!r} is no encoding that tables can be read in; try utf-8 or gb18030",
        )
    return _WIDER.get(known, known)


def find_encoding(sample: bytes, complete: bool, named: str | None) -> tuple[str, int]:
    """The encoding of a file and the length of its byte-order mark.

    Without a name: what the mark says; else UTF-8 when the sample is valid; else GB18030, but only
    when the bytes could hardly be anything else. UTF-8 with a few damaged lines stays UTF-8, so that
    these lines are refused one by one.

    Raises:
        InvalidError: nothing fits; the message names the first offending byte and what to do.
    """
    marked, length = next(((name, len(bom)) for bom, name in _BOMS if sample.startswith(bom)), (None, 0))
    if named is not None:
        wanted = canonical_encoding(named)
        if marked and wanted not in (marked, marked[:6]):
            raise refuse(
                "encoding",
                "conflict",
                f"the file begins with the byte-order mark of {marked}, not of {wanted}",
            )
        if wanted == "utf-16" and not marked:
            raise refuse(
                "encoding", "format", "no byte-order mark: name the encoding as utf-16-le or utf-16-be"
            )
        return marked or wanted, length
    if marked:
        return marked, length
    if sample.startswith(b"PK\x03\x04"):
        raise refuse("file", "format", "this is a ZIP archive (an XLSX workbook?), not a table of text")
    if sample.count(0) * 4 > len(sample):
        raise refuse(
            "file",
            "encoding",
            "many NUL bytes: binary, or UTF-16 without its mark; name utf-16-le or utf-16-be",
        )
    return _unmarked(sample, complete), 0


def _unmarked(sample: bytes, complete: bool) -> str:
    lines = sample.splitlines(keepends=True)
    if not complete and len(lines) > 1:
        lines.pop()
    elif not complete:
        lines = [sample[:-4]]  # one line longer than the sample: do not judge a character cut in two
    speaking = damaged = offset = number = 0
    first: tuple[int, int, int] | None = None
    header_damaged = False
    blank = True
    for number, line in enumerate(lines, 1):
        if not line.isascii():
            speaking += 1
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                damaged += 1
                header_damaged = header_damaged or blank
                first = first or (number, offset + error.start, line[error.start])
        blank = blank and not line.strip()
        offset += len(line)
    if first is None:
        return "utf-8"
    if _surely_chinese(b"".join(lines)):
        return "gb18030"
    if not header_damaged and damaged * 10 <= speaking:
        return "utf-8"
    line_number, where, byte = first
    raise refuse(
        f"line/{line_number}",
        "encoding",
        f"line {line_number}: byte 0x{byte:02X} at offset {where} is not UTF-8; "
        "name the file's encoding (for example gb18030, cp1252, utf-16-le)",
    )


def _surely_chinese(sample: bytes) -> bool:
    """Whether bytes that are not UTF-8 are GB18030 beyond reasonable doubt.

    GB 2312-1980 orders its 3,755 commonest characters by sound in lead bytes B0-D7 and rarer ones by
    radical in D8-F7. Western text has single high bytes before ASCII letters (an impossible or
    non-2312 pair), Korean (EUC-KR) stays below C9, Japanese (EUC-JP) is full of kana (A4, A5), Big5
    has half of its second bytes below A1. Whatever is not clear is left to the person who knows.
    """
    try:
        sample.decode("gb18030")
    except UnicodeDecodeError:
        return False
    common = late = rare = foreign = 0
    index, end = 0, len(sample)
    while index < end:
        lead = sample[index]
        if lead < 0x80:
            index += 1
            continue
        trail = sample[index + 1]
        if trail < 0x40:  # a character of four bytes
            foreign += 1
            index += 4
            continue
        index += 2
        if trail < 0xA1 or lead < 0xA1 or lead > 0xF7:
            foreign += 1
        elif lead in (0xA4, 0xA5):
            return False
        elif 0xB0 <= lead <= 0xD7:
            common += 1
            late += lead >= 0xC9
        elif lead > 0xD7:
            rare += 1
    known = common + rare
    return known >= 8 and common * 10 >= known * 7 and late * 5 >= common and foreign * 20 <= known


def find_delimiter(lines: list[str]) -> str:
    """The delimiter of the header: comma, semicolon, tab or pipe.

    The only one that parts the header wins; of several, the only one by which four fifths of the
    first rows have as many cells as the header. A header that none of them parts is one column.

    Raises:
        InvalidError: two or more fit equally well, or none of several does.
    """
    widths: dict[str, list[int]] = {}
    for delimiter in _DELIMITERS:
        rows = _widths(lines, delimiter)
        if rows and rows[0] > 1:
            widths[delimiter] = rows
    if not widths:
        return ","
    if len(widths) == 1:
        return next(iter(widths))
    fitting = [
        delimiter
        for delimiter, rows in widths.items()
        if len(rows) > 1 and sum(width == rows[0] for width in rows[1:]) * 5 >= (len(rows) - 1) * 4
    ]
    if len(fitting) == 1:
        return fitting[0]
    choices = ", ".join(f"{_DELIMITERS[delimiter]} ({rows[0]} columns)" for delimiter, rows in widths.items())
    raise refuse(
        "header", "delimiter", f"the delimiter is not clear, name it: the header can be parted by {choices}"
    )


def _widths(lines: list[str], delimiter: str) -> list[int]:
    widths: list[int] = []
    try:
        for cells in csv.reader(lines, delimiter=delimiter, strict=True):
            if cells:
                widths.append(len(cells))
            if len(widths) > 20:
                break
    except csv.Error:
        pass  # a damaged or unfinished row: judge by those before it
    return widths
