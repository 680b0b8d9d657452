"""Amendments: proposing, deciding, applying and reading changes of key data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycrm.demand import on_demand

if TYPE_CHECKING:
    from pycrm.revision.amendment import apply as apply
    from pycrm.revision.amendment import condition as condition
    from pycrm.revision.amendment import decide as decide
    from pycrm.revision.amendment import judge as judge
    from pycrm.revision.amendment import policy as policy
    from pycrm.revision.amendment import propose as propose
    from pycrm.revision.amendment import view as view
    from pycrm.revision.amendment.model import AmendmentLine as AmendmentLine
    from pycrm.revision.amendment.model import Batch as Batch
    from pycrm.revision.amendment.model import Decided as Decided
    from pycrm.revision.amendment.model import LineAct as LineAct
    from pycrm.revision.amendment.model import Planned as Planned

_HOMES = {
    "apply": (),
    "condition": (),
    "decide": (),
    "judge": (),
    "model": ("AmendmentLine", "Batch", "Decided", "LineAct", "Planned"),
    "policy": (),
    "propose": (),
    "view": (),
}

__all__ = ["AmendmentLine", "Batch", "Decided", "LineAct", "Planned"]

__getattr__ = on_demand(__name__, _HOMES)
