"""The settings of an installation as they hold, each with where its value comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs

from pycrm.errors import InvalidError, Problem
from pycrm.settings.key import KEYS, Key

__all__ = ["DEFAULT", "Loaded", "Value", "holds_password"]

#: Where a value comes from that nobody has set.
DEFAULT = "default"


@attrs.frozen
class Value:
    """The value of one setting, and where it comes from: ``pycrm.toml``, ``PYCRM_…``, ``--port``, ``default``."""

    key: Key
    value: Any = attrs.field(repr=False)
    source: str = DEFAULT
    #: The file of its own in which a secret stands.
    file: Path | None = None

    @property
    def is_set(self) -> bool:
        """Whether anybody has set it."""
        return self.source != DEFAULT

    @property
    def shown(self) -> str:
        """The value as it may be shown: of a secret whether there is one, of an address no password."""
        if self.value is None:
            return ""
        if self.key.name == "database":
            return _without_password(self.value)
        if self.key.is_secret:
            return "(set)"
        return ", ".join(self.value) if isinstance(self.value, tuple) else str(self.value)


def _without_password(url: str) -> str:
    try:
        password = urlsplit(url).password
    except ValueError:
        return "(set)"
    return url if not password else url.replace(f":{password}@", ":***@", 1)


def option(name: str) -> str:
    """What the option of the command line for a setting is called."""
    return f"--{name.rpartition('.')[2].replace('_', '-')}"


def holds_password(url: str) -> bool:
    """Whether the address of a database holds a password."""
    return _without_password(url) != url


@attrs.frozen
class Loaded:
    """All settings by name; a name gives its value: ``loaded["serve.port"]``."""

    values: Mapping[str, Value] = attrs.field(
        factory=lambda: {name: Value(key, key.default) for name, key in KEYS.items()}
    )
    #: The file that was read, if there was one.
    path: Path | None = None

    def __getitem__(self, name: str) -> Any:
        return self.values[name].value

    def __iter__(self) -> Iterator[Value]:
        yield from self.values.values()

    def with_options(self, given: Mapping[str, Any]) -> Loaded:
        """These settings with what options of one command say; None says nothing.

        Raises:
            InvalidError: a value cannot be.
        """
        said = {name: value for name, value in given.items() if value is not None}
        problems, found = [], dict(self.values)
        for name, value in said.items():
            try:
                found[name] = Value(KEYS[name], KEYS[name].kind.read(value), option(name))
            except ValueError as error:
                problems.append(Problem(name, "format", f"{option(name)}: {error}"))
        if problems:
            raise InvalidError("; ".join(one.message for one in problems), fields=problems)
        return attrs.evolve(self, values=found)

    def set_of(self, *names: str) -> dict[str, Any]:
        """Those of these settings that somebody has set, by the last part of their names."""
        return {
            name.rpartition(".")[2]: self.values[name].value for name in names if self.values[name].is_set
        }

    def as_environment(self) -> dict[str, str]:
        """The environment in which another process has these settings: what options said, and the file."""
        found = {"PYCRM_SETTINGS": str(self.path.absolute())} if self.path is not None else {}
        for one in self:
            if one.source.startswith("--"):
                text = " ".join(one.value) if isinstance(one.value, tuple) else str(one.value)
                found[one.key.variable] = text
        return found

    def of_crm(self) -> dict[str, Any]:
        """What of them are arguments of `CRM`, beside address and plugins."""
        return self.set_of(
            *("schema", "heads", "currency", "utc_offset", "probes_per_hour", "exported_per_hour", "on_error")
        )
