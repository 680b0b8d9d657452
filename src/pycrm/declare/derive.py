"""What a class says about the fields that it computes: from which others, and who may read them."""

from __future__ import annotations

from typing import Any

from pycrm.declare.reference import per_class

__all__ = ["triggers"]


@per_class
def triggers(cls: Any) -> frozenset[str]:
    """The fields at whose change `derive` is called: its inputs, and what it computes.

    Of an input such as ``lines.qty`` that is the list.
    """
    inputs = (path.partition(".")[0] for paths in cls.derives.values() for path in paths)
    return frozenset((*cls.derives_from, *cls.derives, *inputs))
