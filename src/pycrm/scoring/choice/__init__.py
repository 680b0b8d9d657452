"""Choosing customers by an expression over fields, indicators, grades and segments."""

from pycrm.scoring.choice.checking import Checked, checked
from pycrm.scoring.choice.choosing import Chosen, choose, grades
from pycrm.scoring.choice.reading import in_words
from pycrm.scoring.choice.syntax import Member, Node, parse, text_of, walk

__all__ = [
    "Checked",
    "Chosen",
    "Member",
    "Node",
    "checked",
    "choose",
    "grades",
    "in_words",
    "parse",
    "text_of",
    "walk",
]
