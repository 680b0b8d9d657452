"""Every public verb of a session is an operation of the two-world test, or says why it is none."""

from __future__ import annotations

from pycrm import Session

from .operations import EXCLUDED, OPERATIONS, public_verbs, unlisted
from .two_worlds import WEIGHTED


def test_every_public_verb_is_listed() -> None:
    """Nobody adds a verb to the session that two worlds are not compared by."""
    assert unlisted() == set()
    assert set(OPERATIONS.values()) == set(WEIGHTED)


def test_what_is_excluded_is_there_and_says_why() -> None:
    """Whatever is left out is public, and its reason is a sentence."""
    assert set(EXCLUDED) <= public_verbs()
    assert all(len(reason.split()) > 3 for reason in EXCLUDED.values())


def test_a_new_verb_is_seen() -> None:
    """Were a verb added to the session, or to a class it is made of, the list would be too short."""

    class Longer(Session):
        def peek(self) -> None:
            """A verb that nobody has listed."""

    assert unlisted(Longer) == {"peek"}
