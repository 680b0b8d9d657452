"""The migrations of one plugin: a line of numbered steps, known from the names of its files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from enum import Enum
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import attrs
import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from pycrm.errors import DeclarationError, StoreError

__all__ = ["Act", "Line", "Step"]

_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.py")
# The version of tables that no migration made: the word and a digest of what was declared.
_DECLARED = "declared-"


class Act(Enum):
    """What a step does."""

    RUN = "run a migration"
    DECLARE = "make the tables of a plugin without migrations from their declarations"
    ADOPT = "take tables that were made from declarations as the work of the migrations"


@attrs.frozen
class Step:
    """One step of one plugin; it takes place whole or not at all.

    `revision` is what the plugin's version table says after it.
    """

    plugin: str
    act: Act
    revision: str
    title: str

    def __str__(self) -> str:
        if self.act is Act.RUN:
            return f"{self.plugin} {self.revision}: {self.title}"
        return f"{self.plugin}: {self.title}"


@attrs.frozen(slots=False, eq=False)
class Line:
    """The migrations of one plugin, with a version table of their own.

    Args:
        plugin: its name.
        prefix: what the names of its tables begin with, without the underscore.
        package: the package in which its folder ``versions`` lies; None where it ships none.
        make: gives every table of the CRM, as this database is to have them.
        tables: the names of the plugin's own tables.
        dialect: ``sqlite`` or ``postgresql``.
    """

    plugin: str
    prefix: str
    package: str | None
    make: Callable[[], sa.MetaData]
    tables: tuple[str, ...]
    dialect: str

    @property
    def metadata(self) -> sa.MetaData:
        """Every table of the CRM; a line of numbered steps is followed without them."""
        return self.make()

    @property
    def version_table(self) -> sa.Table:
        """The table that says how far the line has been taken, in the form that Alembic gives it."""
        name = f"crm_version_{self.plugin}"
        key = sa.PrimaryKeyConstraint("version_num", name=f"{name}_pkc")
        return sa.Table(name, sa.MetaData(), sa.Column("version_num", sa.String(32), nullable=False), key)

    @cached_property
    def folder(self) -> Path | None:
        """Where the files of the steps lie.

        Raises:
            DeclarationError: there is no such package.
        """
        if self.package is None:
            return None
        try:
            found = find_spec(self.package)
        except ModuleNotFoundError:
            found = None
        if found is None or not found.submodule_search_locations:
            raise DeclarationError(f"plugin {self.plugin}: there is no package {self.package} of migrations")
        return Path(next(iter(found.submodule_search_locations))) / "versions"

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every step, from the first.

        Raises:
            DeclarationError: a file is not named like ``0002_second_telephone.py``, or the numbers
                are not 0001, 0002 and so on.
        """
        if self.folder is None or not self.folder.is_dir():
            return ()
        names = sorted(each.name for each in self.folder.glob("*.py") if each.name != "__init__.py")
        found = []
        for number, name in enumerate(names, 1):
            match = _FILE.fullmatch(name)
            if match is None or int(match[1]) != number:
                raise DeclarationError(
                    f"plugin {self.plugin}: {self.folder / name} should be the migration {number:04}, "
                    f"with a name such as {number:04}_second_telephone.py"
                )
            found.append(Step(self.plugin, Act.RUN, match[1], match[2].replace("_", " ")))
        return tuple(found)

    @cached_property
    def declared(self) -> str:
        """The version of tables that were made from the declarations as they are now."""
        metadata, memo = self.metadata, ("declared", self.dialect, self.tables)
        # Whoever shares the tables of a process shares what is known of them.
        found: str | None = metadata.info.get(memo)
        if found is None:
            found = metadata.info[memo] = _DECLARED + self._digest(metadata)
        return found

    def _digest(self, metadata: sa.MetaData) -> str:
        dialect = sa.make_url(f"{self.dialect}://").get_dialect()()
        digest = hashlib.sha256()
        for name in sorted(self.tables):
            table = metadata.tables[name]
            indexes = sorted(table.indexes, key=lambda index: str(index.name))
            made: list[Any] = [CreateTable(table), *map(CreateIndex, indexes)]
            for each in made:
                digest.update(str(each.compile(dialect=dialect)).encode())
        return digest.hexdigest()[:16]

    def remaining(self, version: str | None, *, has_tables: bool) -> tuple[Step, ...]:
        """The steps that lead from this version to the newest.

        `version` is what the version table says, None where it says nothing; `has_tables` says
        whether any of the plugin's tables is there.

        Raises:
            StoreError: this installation does not know the version.
        """
        by_hand = version is None or version.startswith(_DECLARED)
        if not self.steps:
            if version == self.declared or not self.tables:
                return ()
            if by_hand:
                title = "tables as declared, since it has no migrations"
                return (Step(self.plugin, Act.DECLARE, self.declared, title),)
        elif by_hand and has_tables:
            head = self.steps[-1].revision
            title = f"tables made from declarations, taken as migrated to {head}"
            return (Step(self.plugin, Act.ADOPT, head, title),)
        elif by_hand:
            return self.steps
        else:
            known = [step.revision for step in self.steps]
            if version in known:
                return self.steps[known.index(version) + 1 :]
        raise StoreError(
            f"the tables of {self.plugin} were migrated to {version} by a newer version of it, which is "
            f"not the one installed: install that one; `pycrm migrate` never goes back"
        )
