"""A kit for the tests of plugins: a contract that they keep, a sample organisation, records made at random.

With ``pytest_plugins = ["pycrm.testing"]`` in its conftest, a plugin's tests have the fixtures `crm`,
`organisation`, `clock`, `plugins` and `databases`. It needs pytest, and for `records` Hypothesis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycrm.testing.contract import GoldContract, PluginContract, SilverContract
from pycrm.testing.databases import Databases
from pycrm.testing.failing import fail_everywhere
from pycrm.testing.fixtures import clock, crm, databases, organisation, plugins
from pycrm.testing.organisation import Organisation
from pycrm.testing.worlds import tell_apart

if TYPE_CHECKING:
    from pycrm.testing.strategy import records as records

__all__ = [
    "Databases",
    "GoldContract",
    "Organisation",
    "PluginContract",
    "SilverContract",
    "clock",
    "crm",
    "databases",
    "fail_everywhere",
    "organisation",
    "plugins",
    "records",
    "tell_apart",
]


def __getattr__(name: str) -> Any:
    if name == "records":
        # Hypothesis is not needed for the rest.
        from pycrm.testing.strategy import records

        return records
    raise AttributeError(f"module 'pycrm.testing' has no attribute {name!r}")
