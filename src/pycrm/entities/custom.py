"""Fields that administrators add while the product runs."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Any

from pycrm.declare import Field, Record, administered, field
from pycrm.errors import InvalidError, Problem

__all__ = ["CustomField", "CustomKind"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
# Long enough for a key of what a choice means, in any language.
_LONGEST_OPTION = 100


class CustomKind(StrEnum):
    """What a field added at run time holds."""

    TEXT = "text"
    WHOLE = "whole"
    """A whole number of 64 bits."""
    DECIMAL = "decimal"
    """A number with two places after the point."""
    MONEY = "money"
    DATE = "date"
    INSTANT = "instant"
    FLAG = "flag"
    """Yes or no."""
    CHOICE = "choice"
    """One of its options."""
    CHOICES = "choices"
    """Any number of its options."""


class CustomField(Record, table="crm_custom_field", scope=administered()):
    """A field that an administrator adds to records of a class (自定义字段).

    ``session.custom(Customer)`` is the facet that holds all of a class. What a field is called and which
    options it has may change; what it is of, its name and kind may not. Archived, it is no longer seen,
    and its values come back with it.
    """

    entity: Field[str] = field("Entity", zh="对象", longest=100)
    name: Field[str] = field("Name", zh="名称", longest=40)
    label: Field[str] = field("Label", zh="英文标签", longest=100)
    label_zh: Field[str | None] = field("Chinese label", zh="中文标签", default=None, longest=100)
    kind: Field[CustomKind] = field("Kind", zh="类型")
    options: Field[tuple[str, ...]] = field("Options", zh="选项", default=(), longest=_LONGEST_OPTION)
    is_key: Field[bool] = field("Changed by amendments", zh="关键字段", default=False)
    is_personal: Field[bool] = field("Personal", zh="个人信息", default=False)
    is_restricted: Field[bool] = field("Restricted", zh="受限", default=False)
    is_special: Field[bool] = field("Special category", zh="敏感信息", default=False)
    is_sorted: Field[bool] = field("Lists are sorted by it", zh="可排序", default=False)

    def check(self, moment: datetime) -> None:
        """It has a name that queries can say, and options where it is a choice."""
        found: list[Problem] = []
        if not _NAME.fullmatch(self.name) or self.name.endswith("_id"):
            said = "is lower-case letters, digits and underscores, at most 40, and does not end in _id"
            found.append(Problem("name", "format", said))
        is_choice = self.kind in (CustomKind.CHOICE, CustomKind.CHOICES)
        if is_choice and not self.options:
            found.append(Problem("options", "required", "a choice has options"))
        if self.options and not is_choice:
            found.append(Problem("options", "rule", f"{self.kind} has no options"))
        if len(set(self.options)) < len(self.options):
            found.append(Problem("options", "duplicate", "an option stands there twice"))
        if self.is_sorted and (self.kind is CustomKind.CHOICES or self.is_special):
            said = "lists are not sorted by several values at once, or by what is shown to few"
            found.append(Problem("is_sorted", "rule", said))
        if found:
            raise InvalidError(f"{found[0].path} {found[0].message}", fields=found)

    @property
    def shape(self) -> tuple[Any, ...]:
        """All that the class of its facet is made from."""
        flags = (self.is_key, self.is_personal, self.is_restricted, self.is_special, self.is_sorted)
        return (self.name, self.label, self.label_zh, self.kind, self.options, *flags)
