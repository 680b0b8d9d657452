"""Reading settings: options, the environment, one TOML file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import attrs

from pycrm.errors import InvalidError, Problem
from pycrm.settings.key import KEYS, Key
from pycrm.settings.kind import PATH
from pycrm.settings.loaded import Loaded, Value, holds_password

__all__ = ["FILE", "load"]

#: The file that is read if it lies in the current folder and no other is named.
FILE = "pycrm.toml"
_NAMED = "PYCRM_SETTINGS"
# Variables of ours that are no settings.
_OTHERS = frozenset((_NAMED, "PYCRM_AS"))
_END = "_file"


def load(
    given: Mapping[str, Any] | None = None,
    *,
    path: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Loaded:
    """The settings as they hold.

    Args:
        given: what options of the command line say, by the names of settings; None says nothing.
        path: the file; without it that of ``PYCRM_SETTINGS``, or ``pycrm.toml`` if it is there.
        environment: in the place of that of the process.

    Raises:
        InvalidError: names that there are not, and values that cannot be; all of them at once.
    """
    around = os.environ if environment is None else environment
    reading = _Reading()
    file = _path(path, around)
    if file is not None:
        reading.read_file(file)
    reading.read_environment(around)
    if reading.problems:
        message = "; ".join(one.message for one in reading.problems)
        raise InvalidError(message, fields=reading.problems)
    read = Loaded({**Loaded().values, **reading.found}, file)
    return read.with_options(given or {})


def _path(path: Path | None, around: Mapping[str, str]) -> Path | None:
    if path is None and around.get(_NAMED):
        path = Path(around[_NAMED])
    if path is not None:
        return path
    return Path(FILE) if Path(FILE).is_file() else None


@attrs.define
class _Reading:
    """What was read up to now, what comes later in the place of what came before."""

    found: dict[str, Value] = attrs.field(factory=dict)
    problems: list[Problem] = attrs.field(factory=list)

    def read_file(self, path: Path) -> None:
        import tomllib

        try:
            text = path.read_text("utf-8")
            data = tomllib.loads(text)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            self._wrong(str(path), "format", f"{path} cannot be read: {_why(error)}")
            return
        said = dict(_flat(data))
        for name, value in said.items():
            key = KEYS.get(name) or _of_secret(name)
            if key is None:
                self._wrong(name, "unknown", f"{path}: there is no setting {name}{_nearest(name, _names())}")
            elif key.name == name:
                self._from_file(key, value, path)
            elif key.name in said:
                self._wrong(name, "rule", f"{path}: {key.name} is set twice, by {name} too")
            else:
                self._secret(key, value, path.name, path.parent)

    def _from_file(self, key: Key, value: Any, path: Path) -> None:
        if key.is_secret and (key.name != "database" or holds_password(str(value))):
            where = f"put it into a file of its own, and name that in {key.name}{_END}"
            self._wrong(key.name, "rule", f"{path}: {key.name} holds a secret: {where}")
            return
        self.take(key, value, path.name, path.parent)

    def read_environment(self, around: Mapping[str, str]) -> None:
        known = {key.variable: key for key in KEYS.values()}
        files = {key.variable + _END.upper(): key for key in KEYS.values() if key.is_secret}
        for variable, value in around.items():
            if not variable.startswith("PYCRM_") or not value or variable in _OTHERS:
                continue
            if variable in known:
                self.take(known[variable], value, variable)
            elif variable in files and around.get(files[variable].variable):
                self._wrong(variable, "rule", f"{variable} and {files[variable].variable} are set both")
            elif variable in files:
                self._secret(files[variable], value, variable, Path())
            elif near := _nearest(variable, [*known, *files]):
                # Others have variables that begin alike; one that nearly is a setting is a slip.
                self._wrong(variable, "unknown", f"there is no variable {variable}{near}")

    def take(
        self, key: Key, said: Any, source: str, folder: Path | None = None, file: Path | None = None
    ) -> None:
        """Read one value."""
        try:
            value = key.kind.read(said)
        except ValueError as error:
            self._wrong(key.name, "format", f"{source}: {key.name}: {error}")
            return
        if key.kind is PATH and folder is not None:
            value = folder / value
        self.found[key.name] = Value(key, value, source, file)

    def _secret(self, key: Key, said: Any, source: str, folder: Path) -> None:
        try:
            path = folder / PATH.read(said)
            text = path.read_text("utf-8").strip()
        except (OSError, ValueError) as error:
            self._wrong(f"{key.name}{_END}", "format", f"{source}: {key.name}{_END}: {_why(error)}")
            return
        self.take(key, text, source, file=path)

    def _wrong(self, name: str, code: str, message: str) -> None:
        self.problems.append(Problem(name, code, message))


def _why(error: Exception) -> str:
    """Why something was not read, without what stands in it."""
    if isinstance(error, OSError):
        return f"{error.strerror or type(error).__name__}: {error.filename}"
    return "it is no UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _flat(data: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _of_secret(name: str) -> Key | None:
    key = KEYS.get(name.removesuffix(_END)) if name.endswith(_END) else None
    return key if key is not None and key.is_secret else None


def _names() -> list[str]:
    return [*KEYS, *(f"{key.name}{_END}" for key in KEYS.values() if key.is_secret)]


def _nearest(name: str, names: list[str]) -> str:
    found = get_close_matches(name, names, 1, 0.75)
    return f": did you mean {found[0]}?" if found else ""
