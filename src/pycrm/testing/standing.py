"""Who sees what, a second time: plain Python over the records that stand in a CRM, without its SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pycrm.app import CRM
from pycrm.declare.policy import (
    OWN_PAIR,
    Administered,
    Beside,
    Private,
    Reference,
    Team,
    Through,
    UsedBy,
)
from pycrm.entities import OrgUnit, Role, RoleAssignment, Share, User
from pycrm.entities.org import Action, Reach
from pycrm.session import Session

__all__ = ["Standing"]


class Standing:
    """What stands in a CRM of one reach a person, and whom each record is shown to.

    Args:
        classes: the records and facets asked about; what they are seen through is read besides.
        known: records that are read by nobody but their writer.
    """

    def __init__(self, crm: CRM, classes: Iterable[type[Any]], known: Iterable[Any]) -> None:
        self.crm = crm
        self.records: dict[tuple[str, Any], Any] = {_key(one): one for one in known if _is_private(one)}
        with crm.view(crm.system("test: as it stands")) as session:
            for cls in _with_what_shows_them(crm, classes):
                self.records |= {_key(one): one for one in session.find(cls)}
            self._read_people(session)
            self._shares = session.find(Share)
        self._seen: dict[str, set[tuple[str, Any]]] = {}
        self._today = crm.calendar_day(crm.clock.now())

    def _read_people(self, session: Session) -> None:
        self._above = {one.id: _id(one.parent) for one in session.find(OrgUnit)}
        users = session.find(User)
        self._home = {one.id: one.home_unit.id for one in users}
        self._logins = {one.login: one.id for one in users}
        roles = {one.id: one for one in session.find(Role, children=True)}
        self._reach = {
            one.user.id: next(
                grant.reach for grant in roles[one.role.id].grants if grant.action is Action.READ
            )
            for one in session.find(RoleAssignment)
        }

    def seen_by(self, login: str) -> set[tuple[str, Any]]:
        """The class and id of every record that a person is shown."""
        if login not in self._seen:
            user = self._logins[login]
            self._seen[login] = {key for key, one in self.records.items() if self.is_seen(user, one)}
        return self._seen[login]

    def is_seen(self, user: Any, record: Any) -> bool:
        """Whether a person is shown a record."""
        if record.__facet_of__ is not None:
            return self._shows(user, record.__facet_of__, record.of.id)
        policy = type(record).__scope__
        if isinstance(policy, Reference | Administered):
            return isinstance(policy, Reference)
        if isinstance(policy, UsedBy):
            return any(self.is_seen(user, one) for one in self._users_of(record, policy))
        if isinstance(policy, Beside):
            return self._shows(user, getattr(record, policy.entity), getattr(record, policy.record))
        if isinstance(policy, Private):
            return bool(_id(record.owner) == user)
        return self._reaches(user, record) or self._is_lent(user, record, ())

    def _shows(self, user: Any, entity: str, id: Any) -> bool:
        found = self.records.get((entity, id))
        return found is not None and self.is_seen(user, found)

    def _users_of(self, record: Any, policy: UsedBy) -> Iterator[Any]:
        for path in policy.links:
            name, _, field = path.partition(".")
            for (entity, _), one in self.records.items():
                if entity == name and _id(getattr(one, field)) == record.id:
                    yield one

    def _reaches(self, user: Any, record: Any) -> bool:
        return any(self._covers(user, one) for one in self._owners(record))

    def _covers(self, user: Any, owner: Any) -> bool:
        reach = self._reach.get(user, Reach.NONE)
        if reach in (Reach.ALL, Reach.NONE) or owner is None:
            return reach is Reach.ALL
        mine, unit = self._home[user], self._home[owner]
        if reach is Reach.OWN:
            return bool(owner == user)
        return bool(unit == mine) if reach is Reach.UNIT else self._is_below(unit, mine)

    def _is_below(self, unit: Any, root: Any) -> bool:
        while unit is not None and unit != root:
            unit = self._above[unit]
        return unit is not None

    def _owners(self, record: Any) -> list[Any]:
        """Whose a record is: its owner, and the owner at the root of what it is seen through."""
        policy = type(record).__scope__
        found = [_id(record.owner)] if OWN_PAIR in policy.pairs else []
        if not isinstance(policy, Through):
            return found
        parent = self._parent(record, policy)
        return found if parent is None else [*found, self._owners(parent)[-1]]

    def _parent(self, record: Any, policy: Through) -> Any:
        """What a record is seen through: the first of its links that leads somewhere."""
        for name in policy.links:
            ref = getattr(record, name)
            if ref is not None:
                return self.records.get((ref.entity, ref.id))
        return None

    def _is_lent(self, user: Any, record: Any, parts: tuple[str, ...]) -> bool:
        """Whether a share shows the record, or a team, or what it is seen through is shown so."""
        policy = type(record).__scope__
        shares = [one for one in self._shares if one.record == record.id and self._is_for(user, one)]
        if any(self._reaches(_id(one.owner), record) for one in shares):
            # A share shows no more than its giver reaches.
            return True
        if any(not parts or part in parts for part in self._parts(user, record)):
            return True
        if not isinstance(policy, Through):
            return False
        ends = [getattr(record, name) for name in policy.links]
        shown = [self.records.get((end.entity, end.id)) for end in ends if end is not None]
        return any(one is not None and self._is_lent(user, one, policy.parts or parts) for one in shown)

    def _is_for(self, user: Any, share: Share) -> bool:
        return bool(_id(share.user) == user or _id(share.unit) == self._home[user])

    def _parts(self, user: Any, record: Any) -> Iterator[str | None]:
        """What a person does today in the team of a record."""
        team: Team | None = getattr(type(record).__scope__, "team", None)
        for (entity, _), one in self.records.items():
            if team is None or entity != team.entity or _id(getattr(one, team.record)) != record.id:
                continue
            until = getattr(one, team.until)
            lasts = getattr(one, team.since) <= self._today and (until is None or self._today <= until)
            if lasts and _id(getattr(one, team.user)) == user:
                part = getattr(one, team.part) if team.part else None
                yield None if part is None else str(getattr(part, "value", part))


def _with_what_shows_them(crm: CRM, classes: Iterable[type[Any]]) -> list[type[Any]]:
    """The classes with those that they are seen through, and those that say who is in a team."""
    found: list[type[Any]] = []
    left: list[Any] = list(classes)
    while left:
        cls = left.pop()
        if cls in found or isinstance(getattr(cls, "__scope__", None), Private):
            continue
        found.append(cls)
        left += [crm.record(name) for name in _shown_by(cls)]
    return found


def _shown_by(cls: Any) -> Iterator[str]:
    if cls.__facet_of__ is not None:
        yield cls.__facet_of__
    policy = cls.__scope__
    if isinstance(policy, Through):
        yield from (cls.__specs__[name].target for name in policy.links)
    if isinstance(policy, UsedBy):
        yield from (path.partition(".")[0] for path in policy.links)
    team = getattr(policy, "team", None)
    if team is not None:
        yield team.entity


def _is_private(record: Any) -> bool:
    return isinstance(getattr(type(record), "__scope__", None), Private)


def _key(record: Any) -> tuple[str, Any]:
    return type(record).__name__, record.id


def _id(ref: Any) -> Any:
    return None if ref is None else ref.id
