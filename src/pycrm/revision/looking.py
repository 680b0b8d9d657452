"""Seeing what somebody else sees: read only, by a right of its own, and written down before anything is shown.

Whoever helps a colleague, or answers why something is not shown, looks through that person's eyes. It is no
way around: nothing can be changed, taken out or revealed in another's name, what is private to its writer stays
so, and the person and whoever keeps the roles can ask who looked (`Session.accesses` of the user).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pycrm.entities.org import Action, Reach, User
from pycrm.errors import ForbiddenError, InvalidError, Problem
from pycrm.revision import apart
from pycrm.revision.model import AccessRow
from pycrm.revision.sql import enter
from pycrm.scope.actor import Actor, Source, resolve
from pycrm.scope.gateway import fetch_one, not_found
from pycrm.scope.sharing import widened

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["SIGHT", "Look", "begin_look", "may_look"]

#: The right, as grants name it.
SIGHT = "sight"
_MOST = 2000


@attrs.define
class Look:
    """One look through somebody else's eyes; its first session writes it down, the others belong to it.

    Args:
        who: who looks.
        user: what whom sees.
        because: what for.
        at: what was looked at, such as the address of a page.
    """

    who: Any
    user: Any
    because: str
    at: str = ""
    is_kept: bool = False


def may_look(actor: Actor) -> bool:
    """Whether the actor may see what others see: by a role of its own, not by one that was lent."""
    return any(
        one.entity == SIGHT and one.action == Action.READ and one.reach is Reach.ALL and one.giver is None
        for one in actor.held
    )


def begin_look(tx: Transaction, look: Look, source: Source) -> Actor:
    """The actor who sees what another sees, once it is written down that somebody looks.

    Raises:
        NotFoundError: there is no such user, or none in the sight of who looks.
        ForbiddenError: who looks has no right to, or the other may not sign in any more.
        InvalidError: it is said not what for, or the two are one.
        StoreError: it cannot be written down, so nothing is shown.
    """
    tx.actor = viewer = _whole(tx, resolve(tx, look.who, source=source))
    if tx.write or not may_look(viewer):
        raise ForbiddenError("seeing what others see is not granted")
    if not look.because.strip():
        raise InvalidError("say what for", fields=[Problem("because", "required", "say what for")])
    other = resolve(tx, look.user, source=source)
    if other.id is None or fetch_one(tx, User, other.id) is None:
        raise not_found(User)
    if other.id == viewer.id:
        raise InvalidError("these are your own eyes")
    if not look.is_kept:
        _keep(tx, viewer, other, look)
        look.is_kept = True
    return attrs.evolve(_whole(tx, other), looker=viewer.id)


def _whole(tx: Transaction, actor: Actor) -> Actor:
    return widened(tx, actor) if actor.is_given_more else actor


def _keep(tx: Transaction, viewer: Actor, other: Actor, look: Look) -> None:
    assert other.id is not None
    row = AccessRow(
        id=tx.crm.identifiers.new(),
        at=tx.moment,
        by=viewer.ref,
        actor=viewer.name,
        on_behalf=None,
        source=viewer.source.value,
        purpose=look.because,
        entity=User.__name__,
        record=other.id,
        fields=(),
        query=f"what {other.name} sees: {look.at}".removesuffix(": ")[:_MOST],
        outcome="shown",
    )
    apart.keep(tx, lambda own: enter(own, AccessRow, "look", row, counted=False))
