"""A kit for the tests of plugins: a contract that they keep, a sample organisation, records made at random.

With ``pytest_plugins = ["pycrm.testing"]`` in its conftest, a plugin's tests have the fixtures `crm`,
`organisation`, `clock`, `plugins` and `databases`. It needs pytest, and for `records`, `invalid` and `worlds`
Hypothesis. All of it belongs to the contract of plugins and to its version (`Plugin.api`): within one, strategies
may come to draw more of what a declaration allows, and their arguments stay.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pycrm.testing.comparing import tell_apart
from pycrm.testing.contract import GoldContract, PluginContract, SilverContract
from pycrm.testing.databases import Databases
from pycrm.testing.failing import fail_everywhere
from pycrm.testing.fixtures import clock, crm, databases, organisation, plugins
from pycrm.testing.organisation import Organisation

if TYPE_CHECKING:
    from pycrm.testing.drawing import worlds as worlds
    from pycrm.testing.enterprise import Colleague as Colleague
    from pycrm.testing.enterprise import Entered as Entered
    from pycrm.testing.enterprise import World as World
    from pycrm.testing.strategy import records as records
    from pycrm.testing.wrong import Fault as Fault
    from pycrm.testing.wrong import invalid as invalid

__all__ = [
    "Colleague",
    "Databases",
    "Entered",
    "Fault",
    "GoldContract",
    "Organisation",
    "PluginContract",
    "SilverContract",
    "World",
    "clock",
    "crm",
    "databases",
    "fail_everywhere",
    "invalid",
    "organisation",
    "plugins",
    "records",
    "tell_apart",
    "worlds",
]

# Hypothesis is not needed for the rest.
_LATE = {
    "Colleague": "enterprise",
    "Entered": "enterprise",
    "Fault": "wrong",
    "World": "enterprise",
    "invalid": "wrong",
    "records": "strategy",
    "worlds": "drawing",
}


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module(f"pycrm.testing.{_LATE[name]}"), name)
    raise AttributeError(f"module 'pycrm.testing' has no attribute {name!r}")
