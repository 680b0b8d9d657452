"""One story told twice, to a model of plain dicts and to pycrm, and all in which the two may differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from pycrm import Customer, Opportunity, RefusedError, Revision, StaleError
from revision.past_model import ERASED, GOES, Model, Refusal, Version, difference
from revision.past_played import ENTITIES, LEADER, Played, Stage
from revision.replayed import replay

#: Of acts the kind of the record that they name, if any; who does them is its owner.
OWNERS = ("change", "stale", "archive", "restore", "move", "strategic", "submit", "discount", "revert")
DECISIONS = ("approve", "reject", "withdraw", "rebase")
# What the revision of each field is about, where the model compares it.
CLASSES = {"Customer": Customer, "Opportunity": Opportunity}


@attrs.define
class Twin:
    """The model beside pycrm."""

    stage: Stage
    model: Model
    played: Played
    # Every revision as it was first shown.
    seen: dict[tuple[str, int], Revision] = attrs.field(factory=dict)
    moments: list[datetime] = attrs.field(factory=list)

    @classmethod
    def begun(cls, stage: Stage) -> Twin:
        """A story in which nothing has happened."""
        return cls(stage, Model(stage.clock.now()), Played(stage))

    # --- one act in both -----------------------------------------------------------------------

    def do(self, verb: str, *given: Any) -> list[str]:
        """Do one act in both, a minute after the last, and say in what they differ at once."""
        return self.act(verb, *given) or list(self.differing())

    def act(self, verb: str, *given: Any) -> list[str]:
        """Do one act in both, and compare the answers alone."""
        self.moments.append(self.stage.clock.now())
        self.model.now = self.stage.clock.advance(minutes=1)
        if verb == "pass_days":
            self.model.now = self.stage.clock.now() + timedelta(days=given[0])
        who = self._who(verb, given)
        expected, answer = self._modelled(verb, given), self._acted(verb, given, who)
        if expected != answer:
            return [f"{verb} {given}: {answer} instead of {expected}"]
        return list(self._bound())

    def _who(self, verb: str, given: tuple[Any, ...]) -> tuple[str, ...]:
        if verb in OWNERS or verb == "add_deal":
            return (self.model.owner(given[0]),)
        if verb in DECISIONS:
            return (self.model.asked[given[0]].author if verb == "withdraw" else LEADER,)
        return ()

    def _modelled(self, verb: str, given: tuple[Any, ...]) -> tuple[Any, ...]:
        try:
            getattr(self.model, verb)(*given)
        except Refusal as refusal:
            return refusal.kind.__name__, refusal.told
        return ("done", None)

    def _acted(self, verb: str, given: tuple[Any, ...], who: tuple[str, ...]) -> tuple[Any, ...]:
        try:
            if verb in DECISIONS:
                self.played.decide(verb, *given, *who)
            else:
                getattr(self.played, verb)(*given, *who)
        except StaleError as stale:
            data = stale.data
            return "StaleError", (data["read"], data["current"], self._three(data["fields"]))
        except RefusedError as refused:
            later = [one["version"] for one in refused.data.get("later", ())]
            return type(refused).__name__, later[::-1] or None
        return ("done", None)

    def _three(self, fields: dict[str, Any]) -> dict[str, Any]:
        """What a stale act is told of each field that it asked for; the amount follows from the rows."""
        return {name: told for name, told in fields.items() if name != "amount"}

    def _bound(self) -> Iterator[str]:
        """Give the model the ids of new rows and the name of the erased, which only pycrm can choose."""
        with self.stage.crm.view(LEADER) as session:
            for key, versions in self.model.records.items():
                now, values = self.played.now(key, session), versions[-1].values
                if any(row["id"] is None for row in values.get("lines", ())):
                    for row, made in zip(values["lines"], now.lines, strict=True):
                        known = self._ids(key)
                        if row["id"] is None and str(made.id) in known:
                            yield f"{key}: the id of a row is given twice"
                        row["id"] = row["id"] or str(made.id)
                if values.get("name") == "pseudonym":
                    names = {one.values["name"] for one in versions}
                    if now.name in names:
                        yield f"{key}: a person that was erased is still called so"
                    values["name"] = now.name
                reads = self.played.read.setdefault(key, [])
                if len(reads) < len(versions):
                    reads.append(now)

    def _ids(self, key: str) -> set[str]:
        return {row["id"] for one in self.model.records[key] for row in one.values.get("lines", ())}

    # --- what holds after each act -------------------------------------------------------------

    def differing(self, among: Sequence[datetime] = ()) -> Iterator[str]:
        """Where pycrm differs from the model now, in its book, and in the past.

        Without moments of the past to look at, what the last act touched and one record more are looked
        at, as of the last moments.
        """
        asked = [one.state for one in self.model.asked]
        with self.stage.crm.view(LEADER) as session:
            states = [session.get(one.ref).state.value for one in self.played.made]
            if asked != states:
                yield f"amendments are {states} instead of {asked}"
            for key, versions in self.model.records.items():
                if among or versions[-1].at == self.model.now or key in self._drawn():
                    yield from self._wrong(session, key, versions, among or self.moments[-2:])
            for moment in among or self.moments[-2:-1]:
                yield from self._lists(session, moment)
        yield from self._sealed()

    def _drawn(self) -> list[str]:
        """One record that the last act did not touch, another one each time."""
        keys = list(self.model.records)
        return keys[len(self.moments) % len(keys) :][:1]

    def _wrong(
        self, session: Any, key: str, versions: list[Version], among: Sequence[datetime]
    ) -> Iterator[str]:
        now = self.played.now(key, session)
        expected = self.model.at(key, self.model.now)
        if self.played.shown(now, key[0]) != expected:
            yield f"{key} is {self.played.shown(now, key[0])} instead of {expected}"
        past = [one for one in session.history(now) if one.entity == ENTITIES[key[0]]][::-1]
        yield from self._book(key, versions, past)
        replayed = self.played.shown(replay(now, past), key[0])
        if replayed != expected:
            yield f"{key} is replayed as {replayed} instead of {expected}"
        for moment in among:
            then = session.as_of(now, moment)
            told = None if then is None else self.played.shown(then, key[0])
            if told != self.model.at(key, moment):
                yield f"{key} at {moment} was {told} instead of {self.model.at(key, moment)}"

    def _book(self, key: str, versions: list[Version], past: list[Revision]) -> Iterator[str]:
        """One act is one revision, which says what it changed; none that was there changes again."""
        told = [(one.version, one.act, one.at) for one in past]
        expected = [(at + 1, one.act, one.at) for at, one in enumerate(versions)]
        if told != expected:
            yield f"the book of {key} holds {told} instead of {expected}"
            return
        for at, one in enumerate(past):
            if at and one.act != "erase":
                changed = self._in_json(difference(versions[at - 1].values, versions[at].values))
                found = {change.path: (change.old, change.new) for change in one.changes}
                if any(later.act == "erase" for later in versions[at:]):
                    left = [found.pop(path, ()) for path in GOES[key[0]]]
                    found |= {f"left: {pair}": pair for pair in left if any(pair) and ERASED not in pair}
                    changed = {path: pair for path, pair in changed.items() if path not in GOES[key[0]]}
                if found != changed:
                    yield f"{key} version {at + 1} says {found} instead of {changed}"
            first = self.seen.setdefault((key, one.version), one)
            if first != one and not self._is_erased(key, first, one):
                yield f"{key} version {one.version} was {first} and is {one}"

    def _in_json(self, changed: dict[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
        """The model's values as history keeps them: people by their ids, instants as text."""
        ids = {login: id for id, login in self.stage.people.items()}
        product = str(self.stage.product.id)

        def told(path: str, value: Any) -> Any:
            if path == "owner":
                return ids.get(value)
            if isinstance(value, datetime):
                return value.isoformat()
            return value

        found = {path: (told(path, old), told(path, new)) for path, (old, new) in changed.items()}
        for path, (old, new) in changed.items():
            # A row brings its product, which the model leaves out.
            if path.endswith("/unit_price") and None in (old, new):
                sides = tuple(None if one is None else product for one in (old, new))
                found[path.replace("unit_price", "product")] = sides  # type: ignore[assignment]
        return found

    def _is_erased(self, key: str, first: Revision, now: Revision) -> bool:
        """Whether all that differs is that values, and the reason, gave way to a tombstone."""
        if key not in self.model.gone:
            return False
        same = attrs.evolve(now, changes=first.changes, reason=first.reason) == first
        before, after = (
            [(c.path, side) for c in one.changes for side in (c.old, c.new)] for one in (first, now)
        )
        return (
            same
            and now.reason in (first.reason, ERASED)
            and [path for path, _ in before] == [path for path, _ in after]
            and all(new in (old, ERASED) for (_, old), (_, new) in zip(before, after, strict=True))
        )

    def _lists(self, session: Any, moment: datetime) -> Iterator[str]:
        """Whether lists as of a moment, and their numbers, are those of the model."""
        for kind, cls, name in (("c", Customer, "channel"), ("d", Opportunity, "need")):
            mine = {one.id: key for key, one in self.played.records.items() if key[0] == kind}
            here = cls.id.in_(list(mine))
            then = {key: self.model.at(key, moment) for key in mine.values()}
            then = {key: at for key, at in then.items() if at is not None and at[1]["archived_at"] is None}
            some = session.find(cls, here, as_of=moment, children=kind == "d")
            found = {mine[one.id]: self.played.shown(one, kind) for one in some}
            if found != then:
                yield f"the list at {moment} was {found} instead of {then}"
            number = session.count(cls, here, getattr(cls, name).is_not(None), as_of=moment)
            expected = sum(at is not None and at[1][name] is not None for at in then.values())
            if number != expected:
                yield f"{number} had a {name} at {moment} instead of {expected}"
        yield from self._deals(session, moment)

    def _deals(self, session: Any, moment: datetime) -> Iterator[str]:
        """Whether the deals of those who had a channel come as the model has them, by the names of these."""
        mine = {one.id: key for key, one in self.played.records.items() if key[0] == "d"}
        held = Customer.channel.is_not(None)
        some = session.find(
            Opportunity, Opportunity.id.in_(list(mine)), held, order=Customer.name, as_of=moment
        )
        expected = []
        for id, key in mine.items():
            deal, customer = self.model.at(key, moment), self.model.at(self.model.customer(key), moment)
            if deal and customer and not deal[1]["archived_at"] and customer[1]["channel"] is not None:
                expected.append((customer[1]["name"], id))
        if [one.id for one in some] != [id for _, id in sorted(expected)]:
            yield f"the deals at {moment} were {[mine[one.id] for one in some]} instead of {expected}"

    def _sealed(self) -> Iterator[str]:
        proof = self.stage.crm.verify()
        if not proof.holds:
            yield f"the chain is broken: {proof.broken}"


def told(stage: Stage, begun: Sequence[tuple[Any, ...]], acts: Sequence[tuple[Any, ...]]) -> list[str]:
    """Tell a story with its beginning, and say where the two part first."""
    twin = Twin.begun(stage)
    for act in begun:
        assert twin.act(*act) == []
    for act in acts:
        found = twin.do(*act)
        if found:
            return [f"{act}: {one}" for one in found]
    return list(twin.differing(twin.moments[-3:]))
