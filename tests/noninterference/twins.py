"""Two enterprises that differ only in what one person may not see, as plain data."""

from __future__ import annotations

import random
from typing import Any

import attrs
from scope.reference import absent, by_roles, reaching, sees
from scope.worlds import TODAY, Kept, Lent, World

from .pick import CHANNELS, MOBILES, NAMES, TAX_IDS, WORDS

# Fields that the roles of an enterprise may hide or mask. What is hidden differs between the worlds,
# of what is masked only the covered middle.
RULES = {
    "Party.name": "hidden",
    "Customer.channel": "hidden",
    "Customer.needs": "hidden",
    "Opportunity.next_step": "hidden",
    "Opportunity.amount": "hidden",
    "Organization.tax_id": "masked",
    "Organization.industry": "hidden",
    "ContactPoint.value": "masked",
    "Opportunity.need": "masked",
}
# Two needs with one mask, and no need.
NEEDS = ("a pump for number one", "a pump, perhaps the one")
POWERS = ("create", "update", "delete", "assign", "export", "reveal")


@attrs.frozen
class Details:
    """What is known of a customer or an opportunity besides its place: free to differ where hidden."""

    title: str
    mobile: str
    channel: str | None
    tax_id: str | None
    word: str | None
    industry: str | None
    need: str | None
    # Under which key of an earlier system it was imported.
    key: str | None = None


@attrs.frozen
class Focus:
    """What a short search looks at: some operations, people, rules or events, instead of all."""

    operations: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ()
    rules: tuple[str, ...] | None = None
    events: tuple[str, ...] = ()


EVERYWHERE = Focus()


@attrs.define
class Twins:
    """Two worlds, the person who must not tell them apart, and the differences."""

    worlds: tuple[World, World]
    details: tuple[dict[str, Details], dict[str, Details]]
    viewer: str
    rules: tuple[str, ...]
    powers: dict[str, frozenset[str]]
    tainted: set[str] = attrs.field(factory=set)
    # Of the fields that the roles hide, those that people write all the same.
    blind: frozenset[str] = frozenset()

    def hides(self, field: str) -> bool:
        """Whether the roles hide or mask that field from the viewer, in both worlds."""
        kind = "Opportunity" if field.startswith("Opportunity.") else "Customer"
        return field in self.rules and all(kind in ruled(one, self.viewer) for one in self.worlds)


def distinct(world: World) -> World:
    """The same enterprise, in which no two records are equal by value: each is called by its key."""
    return attrs.evolve(
        world,
        customers={key: attrs.evolve(kept, name=key) for key, kept in world.customers.items()},
        opportunities={key: attrs.evolve(kept, name=key) for key, kept in world.opportunities.items()},
    )


def in_hand(world: World, viewer: str, today: Any = TODAY) -> dict[str, set[tuple[str, str, str]]]:
    """What a person sees, and by which grants, own and lent: what may be done with it is theirs to know.

    A child is also its customer's owner's, so a grant may reach it through a customer that is hidden.
    """
    people = (viewer, *absent(world, viewer, today))
    return {
        name: {found for user in people for found in reaching(world, user, world.records[name], today)}
        for name in visible(world, viewer, today)
    }


def ruled(world: World, viewer: str, today: Any = TODAY) -> set[str]:
    """The kinds of records whose fields the roles hide from a person.

    Only the word of a role that gives rows of a kind counts, be it the person's own, of somebody absent or,
    where no such role gives any, of whoever lends one: nothing is hidden where none of them has such a role.
    """
    lenders = [
        one.giver
        for one in world.shares
        if one.receiver in (viewer, world.users[viewer]) and (one.until is None or today <= one.until)
    ]
    people = {viewer, *absent(world, viewer, today), *lenders}
    return {
        kind
        for kind in ("Customer", "Opportunity")
        for held in world.assignments
        if held.user in people and held.since <= today and (held.until is None or today <= held.until)
        for entity, reach in world.roles[held.role]
        if entity in ("*", kind) and reach != "none"
    }


def visible(world: World, viewer: str, today: Any = TODAY) -> set[str]:
    """What a person sees of an enterprise, by the reference."""
    return {name for name, kept in world.records.items() if sees(world, viewer, kept, today)}


def same_view(one: World, other: World, viewer: str, today: Any = TODAY) -> bool:
    """Whether a person sees the same records of both, by the same grants, and each is the same in both."""
    for world in (one, other):
        if any(kept.customer not in world.customers for kept in world.opportunities.values()):
            return False
    seen = in_hand(one, viewer, today)
    return (
        seen == in_hand(other, viewer, today)
        and all(one.records[name] == other.records[name] for name in seen)
        and _shares_seen(one, viewer, today) == _shares_seen(other, viewer, today)
    )


def _shares_seen(world: World, viewer: str, today: Any) -> list[Lent]:
    """The shares that a person reads as records, gave, received, or sees on a record in sight."""
    seen = visible(world, viewer, today)
    people = (viewer, world.users[viewer], *absent(world, viewer, today))
    return [
        one
        for one in world.shares
        if one.record in seen
        or one.giver in people
        or one.receiver in people
        or by_roles(world, viewer, Kept("Share", one.giver, False, ""), today)
        or any(by_roles(world, giver, Kept("Share", one.giver, False, ""), today) for giver in people[2:])
    ]


def twins(world: World, seed: int, focus: Focus = EVERYWHERE) -> Twins:
    """Two worlds made of one, from a number."""
    draw = random.Random(seed)
    base = distinct(world)
    holders = [one.user for one in base.assignments]
    viewer = draw.choice(focus.viewers or [*holders, *holders, *base.users])
    powers = {
        role: frozenset(power for power in POWERS if draw.random() < draw.choice((0, 0.7, 1)))
        for role in base.roles
    }
    details = {name: _details(draw, at) for at, name in enumerate(base.customers)}
    details |= {name: _details(draw, 0) for name in base.opportunities}
    rules = tuple(sorted(draw.sample(sorted(RULES), draw.choice((0, 1, 2, 4)))))
    rules = rules if focus.rules is None else focus.rules
    made = Twins((base, base), (dict(details), dict(details)), viewer, rules, powers)
    # A source of its own, so that all else is drawn as it would be without.
    coin = random.Random(f"blind {seed}")
    made.blind = frozenset(field for field in rules if RULES[field] == "hidden" and coin.random() < 0.5)
    for at, name in enumerate(base.records):
        if draw.random() < 0.8:
            _differ(draw, made, name, _CHANGED + at % _CHANGED)
    for at in range(draw.randrange(4)):
        _intrude(draw, made, f"x{at}", 2 * _CHANGED + at)
    _lend(draw, made)
    _hide_fields(draw, made)
    return made


def _details(draw: random.Random, at: int) -> Details:
    """Random details; `at` is the place of the number and the tax id that nobody else holds."""
    return Details(
        draw.choice(NAMES),
        MOBILES[at],
        draw.choice((None, *CHANNELS)),
        draw.choice((None, TAX_IDS[at])),
        draw.choice((None, *WORDS)),
        draw.choice((None, "pumps")),
        draw.choice((None, *NEEDS)),
        draw.choice((None, "K0", "K1", "K2")),
    )


def _replace(made: Twins, side: int, changed: World) -> bool:
    """Take another enterprise on one side, if the viewer cannot tell."""
    worlds = list(made.worlds)
    worlds[side] = changed
    if not same_view(worlds[0], worlds[1], made.viewer):
        return False
    made.worlds = (worlds[0], worlds[1])
    return True


def _with(world: World, name: str, kept: Kept | None) -> World:
    kind = "opportunities" if (kept or world.records[name]).entity == "Opportunity" else "customers"
    rest = {key: one for key, one in getattr(world, kind).items() if key != name}
    shares = world.shares if kept else tuple(one for one in world.shares if one.record != name)
    return attrs.evolve(world, shares=shares, **{kind: rest if kept is None else rest | {name: kept}})


# At most so many customers are planned; changed ones and intruders take the numbers after theirs.
_CHANGED = 8


def _differ(draw: random.Random, made: Twins, name: str, at: int) -> None:
    """Let a hidden record be gone from one world, or be another there."""
    if name in visible(made.worlds[0], made.viewer):
        return
    side = draw.randrange(2)
    kept = made.worlds[side].records[name]
    if draw.random() < 0.35:
        if _replace(made, side, _with(made.worlds[side], name, None)):
            made.tainted.add(name)
            made.details[side].pop(name)
        return
    changed = attrs.evolve(
        kept,
        owner=draw.choice([kept.owner, None, *made.worlds[side].users]),
        archived=draw.random() < 0.3,
        fen=draw.choice((None, 100, 10**6)) if kept.customer else None,
    )
    if _replace(made, side, _with(made.worlds[side], name, changed)):
        made.details[side][name] = _details(draw, at)
        made.tainted.add(name)
    else:
        made.details[side][name] = _details(draw, at)
        made.tainted.add(name)


def _intrude(draw: random.Random, made: Twins, name: str, at: int) -> None:
    """Add a record to one world alone, where the viewer does not see it."""
    side = draw.randrange(2)
    world = made.worlds[side]
    owner = draw.choice([None, *world.users])
    kept = Kept("Customer", owner, False, name)
    if draw.random() < 0.5 and world.customers:
        customer = draw.choice(list(world.customers))
        kept = attrs.evolve(
            kept, entity="Opportunity", customer=customer, fen=100, close=draw.choice(_closes(world))
        )
    if _replace(made, side, _with(world, name, kept)):
        made.details[side][name] = _details(draw, at)
        made.tainted.add(name)


def _closes(world: World) -> list[Any]:
    return [one.close for one in world.opportunities.values()] or [TODAY]


def _lend(draw: random.Random, made: Twins) -> None:
    """Share hidden records between others in one world alone."""
    for side in (0, 1):
        world = made.worlds[side]
        giver, receiver = draw.choice(list(world.users)), draw.choice(list(world.users))
        name = draw.choice(list(world.records))
        _replace(made, side, attrs.evolve(world, shares=(*world.shares, Lent(name, giver, receiver, None))))


def _hide_fields(draw: random.Random, made: Twins) -> None:
    """Let the fields that the roles hide hold other values in one world, of records in sight too."""
    for name, known in list(made.details[0].items()):
        other = made.details[1].get(name)
        if other is None or name in made.tainted or draw.random() < 0.3:
            continue
        changes: dict[str, Any] = {}
        customer = made.worlds[0].records[name].entity == "Customer"
        if customer and made.hides("Party.name"):
            changes["title"] = draw.choice(NAMES)
        if customer and made.hides("Customer.channel"):
            changes["channel"] = draw.choice((None, *CHANNELS))
        if made.hides("Customer.needs" if customer else "Opportunity.next_step"):
            changes["word"] = draw.choice((None, *WORDS))
        if made.hides("Organization.industry"):
            changes["industry"] = draw.choice((None, "pumps", "valves"))
        if known.need and made.hides("Opportunity.need"):
            changes["need"] = draw.choice(NEEDS)
        made.details[1][name] = attrs.evolve(known, **changes)
        if not customer and made.hides("Opportunity.amount"):
            _replace_amount(draw, made, name)


def _replace_amount(draw: random.Random, made: Twins, name: str) -> None:
    kept = made.worlds[1].opportunities[name]
    changed = attrs.evolve(kept, fen=draw.choice((None, 100, 10**6)))
    made.worlds = (made.worlds[0], _with(made.worlds[1], name, changed))
