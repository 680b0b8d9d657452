"""The strict reader of mapping files: whatever is not known is refused, all of it at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import attrs

from pycrm.errors import InvalidError, Problem
from pycrm.exchange._sniff import canonical_encoding
from pycrm.exchange.mapping import Children, Column, Formats, Mapping, Template, like

__all__ = ["parse"]

_LONGEST = 262_144
_MOST_COLUMNS = 1_000
_MOST_ENTRIES = 10_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}(?:\.[A-Za-z_][A-Za-z0-9_]{0,99})?")
_SOURCE = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_LOOKUP = re.compile(r"external|[A-Z][A-Za-z0-9_]{0,99}\.[a-z_][a-z0-9_]{0,99}")
_PART = re.compile(r"\{\{|\}\}|\{([^{}]+)\}|[{}]")
_CURRENCY = re.compile(r"[A-Z]{3}")
_REQUIRED = object()


def parse(text: str, where: str) -> Mapping:
    """See `Mapping.parse`."""
    if len(text) > _LONGEST:
        raise _refusal(where, [Problem("", "limit", f"longer than {_LONGEST} characters")])
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        message = str(error) if isinstance(error, ValueError) else "nested too deeply"
        raise _refusal(where, [Problem("", "format", f"not TOML: {message}")]) from None
    reader = _Reader()
    mapping = reader.mapping(table, where)
    if reader.problems:
        raise _refusal(where, reader.problems)
    return mapping


def _refusal(where: str, problems: list[Problem]) -> InvalidError:
    told = "; ".join(f"{one.path}: {one.message}" if one.path else one.message for one in problems[:5])
    return InvalidError(f"{where} cannot be used: {told}", fields=problems)


class _Table:
    """A table of the file, emptied key by key: what is left at the end is unknown."""

    def __init__(self, content: Any, path: str, problems: list[Problem]) -> None:
        self.problems = problems
        self.path = path
        self.known: list[str] = []
        self.content: dict[str, Any] = dict(content) if isinstance(content, dict) else {}
        if not isinstance(content, dict):
            self.complain("", "type", "expected a table")

    def complain(self, key: str, code: str, message: str) -> None:
        self.problems.append(Problem("/".join(part for part in (self.path, key) if part), code, message))

    def take(self, key: str, default: Any = _REQUIRED, *, wanted: str, fits: Callable[[Any], bool]) -> Any:
        self.known.append(key)
        if key not in self.content:
            if default is _REQUIRED:
                self.complain(key, "required", "is missing")
                return None
            return default
        value = self.content.pop(key)
        if not fits(value):
            self.complain(key, "type", f"expected {wanted}")
            return None if default is _REQUIRED else default
        return value

    def text(self, key: str, default: Any = _REQUIRED, *, like: re.Pattern[str] | None = None) -> Any:
        """A text that is not empty, perhaps of a given shape."""
        value = self.take(key, default, wanted="a text", fits=lambda one: isinstance(one, str) and one != "")
        if isinstance(value, str) and like is not None and not like.fullmatch(value):
            self.complain(key, "format", f"{value[:60]!r} does not have the form {like.pattern}")
        return value

    def flag(self, key: str, default: bool | None) -> Any:
        """True or false."""
        return self.take(key, default, wanted="true or false", fits=lambda one: isinstance(one, bool))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, none unless it is given."""
        found = self.take(
            key,
            [],
            wanted="a list of texts",
            fits=lambda one: isinstance(one, list) and all(isinstance(part, str) for part in one),
        )
        return tuple(found)

    def end(self) -> None:
        """Refuse what nobody asked for."""
        for key in self.content:
            self.complain(key[:80], "unknown", f"is not known{like(key, self.known)}")


class _Reader:
    """Walks through the parsed file and collects problems."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def mapping(self, content: dict[str, Any], where: str) -> Mapping:
        table = _Table(content, "", self.problems)
        entity = table.text("entity", like=_NAME)
        source = table.text("source", like=_SOURCE)
        key = self.key(table)
        make = table.text("make", None, like=_NAME)
        encoding = table.text("encoding", None)
        if encoding is not None:
            try:
                canonical_encoding(encoding)
            except InvalidError as error:
                table.complain("encoding", "unknown", error.message)
        delimiter = table.text("delimiter", None)
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\0'):
            table.complain("delimiter", "format", "one character other than a quote or a line end")
        neutralised = table.flag("neutralised", False)
        ignore = table.texts("ignore")
        formats = self.formats(table.take("formats", {}, wanted="a table", fits=_is_table))
        columns = self.columns(table.take("columns", wanted="a table", fits=_is_table), "columns")
        children = table.take("children", [], wanted="a list of tables, [[children]]", fits=_is_list)
        lists = tuple(self.child(one, f"children/{index}") for index, one in enumerate(children))
        table.end()
        self.together(columns, lists, key)
        return Mapping(
            entity=entity or "",
            source=source or "",
            key=key,
            columns=columns,
            children=lists,
            formats=formats,
            ignore=ignore,
            make=make,
            encoding=encoding,
            delimiter=delimiter,
            neutralised=bool(neutralised),
            where=where,
        )

    def key(self, table: _Table) -> tuple[str, ...]:
        if isinstance(table.content.get("key"), list):
            parts = table.texts("key")
            if not parts or "" in parts:
                table.complain("key", "required", "name at least one column")
            return parts
        single = table.text("key")
        return () if single is None else (single,)

    def formats(self, content: Any) -> Formats:
        table = _Table(content, "formats", self.problems)
        found = Formats(
            date=table.text("date", None),
            instant=table.text("instant", None),
            timezone=table.text("timezone", None),
            decimal=table.text("decimal", "."),
            thousands=table.text("thousands", ""),
            zeros=table.texts("zeros"),
            places=table.take("places", None, wanted="0 to 15", fits=_is_places),
        )
        table.end()
        return found

    def columns(self, content: Any, path: str) -> dict[str, Column]:
        found: dict[str, Column] = {}
        if not isinstance(content, dict):
            return found
        if not content:
            self.problems.append(Problem(path, "required", "names no field"))
        if len(content) > _MOST_COLUMNS:
            self.problems.append(Problem(path, "limit", f"more than {_MOST_COLUMNS} fields"))
            return found
        for field, spec in content.items():
            place = f"{path}/{field[:80]}"
            if not _FIELD.fullmatch(field):
                self.problems.append(Problem(place, "format", "is not the name of a field"))
            found[field] = self.column(spec, place)
        return found

    def column(self, spec: Any, path: str) -> Column:
        if isinstance(spec, str) and spec:
            return Column(column=spec)
        if not isinstance(spec, dict):
            self.problems.append(Problem(path, "type", "expected the name of a column, or a table"))
            return Column(value="")
        table = _Table(spec, path, self.problems)
        given = [name for name in ("column", "text", "value") if name in spec]
        if len(given) != 1:
            table.complain("", "rule", "needs exactly one of column, text and value")
        found = Column(
            column=table.text("column", None),
            text=self.template(table),
            value=table.take(
                "value", None, wanted="a text, whole number, truth value or date", fits=_is_value
            ),
            lookup=_lookup(table.text("lookup", None, like=_LOOKUP)),
            source=table.text("source", None, like=_SOURCE),
            map=table.take("map", None, wanted="a table of texts", fits=_is_map),
            other=table.text("other", None),
            default=table.text("default", None),
            empty=table.text("empty", "clear", like=re.compile("clear|keep|text")),
            trim=table.flag("trim", None),
            case=table.text("case", None, like=re.compile("lower|upper")),
            split=table.text("split", None),
            format=table.text("format", None),
            timezone=table.text("timezone", None),
            decimal=table.text("decimal", None),
            thousands=table.text("thousands", None),
            times=table.text("times", None),
            money=table.text("money", None, like=_CURRENCY),
            currency=table.text("currency", None),
        )
        table.end()
        if found.money is not None and found.currency is not None:
            table.complain("currency", "rule", "either money (a currency) or currency (a column), not both")
        if found.other is not None and found.map is None:
            table.complain("other", "rule", "goes with map only")
        if given == ["value"]:
            senseless = [name for name in spec if name in _OF_TEXT]
            for name in senseless:
                table.complain(name, "rule", "does not go with value")
        return found

    def template(self, table: _Table) -> Template | None:
        text = table.text("text", None)
        if text is None:
            return None
        parts: list[tuple[str, str | None]] = []
        before, at = "", 0
        for match in _PART.finditer(text):
            before += text[at : match.start()]
            at = match.end()
            if match[0] in ("{{", "}}"):
                before += match[0][0]
            elif match[1] is None:
                table.complain("text", "format", "a single brace; write {{ or }} for the character")
            else:
                parts.append((before, match[1]))
                before = ""
        parts.append((before + text[at:], None))
        if len(parts) == 1:
            table.complain(
                "text", "format", "names no column, such as {Name}; use value for what is always the same"
            )
        return tuple(parts)

    def child(self, content: Any, path: str) -> Children:
        table = _Table(content, path, self.problems)
        found = Children(
            field=table.text("field", like=_NAME) or "",
            columns=self.columns(table.take("columns", wanted="a table", fits=_is_table), f"{path}/columns"),
            rows=bool(table.flag("rows", False)),
            file=table.text("file", None, like=_NAME),
            parent=table.text("parent", None),
            ignore=table.texts("ignore"),
        )
        table.end()
        if (found.file is None) != (found.parent is None):
            table.complain("file", "rule", "file and parent go together")
        if found.file is not None and found.rows:
            table.complain("rows", "rule", "rows are those of the main file")
        if found.file is None and found.ignore:
            table.complain("ignore", "rule", "goes with file only")
        if found.columns and not any(one.reads for one in found.columns.values()):
            table.complain("columns", "rule", "no column of the file is read")
        return found

    def together(
        self, columns: dict[str, Column], children: tuple[Children, ...], key: tuple[str, ...]
    ) -> None:
        """Rules about several parts of the file."""
        for index, child in enumerate(children):
            path = f"children/{index}"
            if child.file is not None and len(key) > 1:
                self.problems.append(
                    Problem(f"{path}/file", "rule", "the key of the record is one column then")
                )
            if child.field in columns:
                self.problems.append(
                    Problem(f"{path}/field", "rule", f"{child.field} is mapped under columns too")
                )
            if any(one.file == child.file and one.parent != child.parent for one in children[:index]):
                self.problems.append(
                    Problem(f"{path}/parent", "rule", f"{child.file} has another parent column")
                )
            others = [one for one in children[:index] if one.field == child.field]
            if (child.rows or child.file or any(one.rows or one.file for one in others)) and others:
                self.problems.append(
                    Problem(f"{path}/field", "rule", f"{child.field} has children from elsewhere already")
                )


_OF_TEXT = frozenset(field.name for field in attrs.fields(Column)) - {"column", "text", "value", "lookup"}
_OF_TEXT -= {"source", "money", "format", "timezone", "decimal", "thousands", "split"}


def _lookup(text: Any) -> tuple[str | None, str] | None:
    if not isinstance(text, str):
        return None
    entity, dot, field = text.partition(".")
    return (entity, field) if dot else (None, "external")


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_value(value: Any) -> bool:
    return isinstance(value, str | bool | int | date | datetime)


def _is_places(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 15


def _is_map(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and 0 < len(value) <= _MOST_ENTRIES
        and all(isinstance(target, str) and target for target in value.values())
    )
