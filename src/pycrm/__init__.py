"""pycrm: build a vertical CRM from declarations.

The public names; each is imported when it is first used, so that importing pycrm costs little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "pycrm.app": ("CRM",),
    "pycrm.declare": (
        *("Child", "Children", "Facet", "Field", "Link", "Record", "Ref"),
        *("administered", "children", "field", "ge", "le", "link", "minimum_length"),
        *("owned", "private", "reference", "through", "used_by"),
    ),
    "pycrm.entities": (
        *("Activity", "Address", "Commitment", "Contact", "ContactPoint", "Customer", "Grant", "Lead"),
        *("LeadContactPoint", "Note", "Opportunity", "OpportunityContact", "OpportunityLine"),
        *("OrgUnit", "Organization", "OwnershipInterval", "Party", "Person", "Product"),
        *("ProductCategory", "Region", "Role", "RoleAssignment", "Source", "Task", "User"),
    ),
    "pycrm.errors": (
        *("AlreadyDoneError", "AmendmentRequiredError", "CRMError", "ConflictError"),
        *("DeclarationError", "ForbiddenError", "HeldError", "InvalidError", "MoveError"),
        *("NotFoundError", "NotReadError", "Problem", "RefusedError", "StaleError", "StoreError"),
    ),
    "pycrm.pipeline": ("Move", "Pipeline", "Stage"),
    "pycrm.plugin": ("Plugin", "hookimpl"),
    "pycrm.revision": ("FieldChange", "Revision"),
    "pycrm.scope": ("Actor", "Reason"),
    "pycrm.scope.paging": ("Page",),
    "pycrm.session": ("Session",),
    "pycrm.values": ("FixedClock", "Money", "SystemClock"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(["__version__", *_HOME])


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'pycrm' has no attribute {name!r}")
    found = getattr(import_module(home), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__


if TYPE_CHECKING:
    from pycrm.app import CRM as CRM
    from pycrm.declare import Child as Child
    from pycrm.declare import Children as Children
