"""A new plugin as an installable package: written from templates, its first migration from what they declare."""

from __future__ import annotations

import keyword
import re
import sys
from importlib import import_module, invalidate_caches
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template

from pycrm.errors import InvalidError, Problem

__all__ = ["write_package"]

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 30

# Each template, and the file that it becomes.
_FILES = {
    "pyproject": "pyproject.toml",
    "readme": "README.md",
    "init": "src/$name/__init__.py",
    "plugin": "src/$name/plugin.py",
    "case": "src/$name/case.py",
    "profile": "src/$name/profile.py",
    "pipeline": "src/$name/pipeline.py",
    "indicator": "src/$name/indicator.py",
    "pages": "src/$name/pages.py",
    "due": "src/$name/templates/due.html",
    "migrations": "src/$name/migrations/__init__.py",
    "empty": "src/$name/py.typed",
    "conftest": "tests/conftest.py",
    "contract": "tests/test_contract.py",
    "behaviour": "tests/test_$name.py",
}


def write_package(name: str, into: Path) -> list[Path]:
    """Write the package of a plugin into a folder of its own, and return its files.

    Args:
        name: of the plugin, and of its package.
        into: the folder in which that folder is made.

    Raises:
        InvalidError: no name for a plugin, a package of that name is there already, or the folder.
    """
    folder = into / name.replace("_", "-")
    _refuse(name, folder)
    words = {"name": name, "title": name.replace("_", " ").capitalize()}
    words |= {"camel": "".join(word.capitalize() for word in name.split("_")), "dashed": folder.name}
    written = []
    for template, target in _FILES.items():
        text = files(__package__).joinpath("files", f"{template}.txt").read_text("utf-8")
        path = folder / Template(target).substitute(words)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(words), "utf-8")
        written.append(path)
    return [*written, _first_migration(name, words["camel"], folder / "src")]


def _refuse(name: str, folder: Path) -> None:
    wrong = None
    if (
        not _NAME.fullmatch(name)
        or keyword.iskeyword(name)
        or len(name) > _LONGEST
        or name in ("crm", "core")
    ):
        wrong = f"{name!r} is no name of a plugin, such as loyalty: lower-case, at most {_LONGEST}"
    elif find_spec(name) is not None:
        wrong = f"there is a package {name} already: its modules would be taken for the plugin's"
    elif folder.exists():
        wrong = f"there is {folder} already"
    if wrong:
        raise InvalidError(wrong, fields=[Problem("name", "rule", wrong)])


def _first_migration(name: str, plugin: str, source: Path) -> Path:
    from pycrm.app import CRM
    from pycrm.app.setup import make_migration

    sys.path.insert(0, str(source))
    invalidate_caches()
    try:
        crm = CRM("sqlite://", plugins=[getattr(import_module(name), plugin)])
        made = make_migration(crm, name, "first tables", source / name / "migrations" / "versions")
        crm.close()
    finally:
        sys.path.remove(str(source))
    assert made is not None
    return made
