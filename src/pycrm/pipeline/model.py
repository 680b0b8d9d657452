"""What a pipeline is: stages, the moves between them, and the version that holds them together.

A pipeline is data. It names fields, guards and permissions by key and imports none of them, so it can
be written in Python, read from TOML, stored in a row and compared with another version of itself.
Stages may hold stages: one at a time, or in several regions at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final, Literal, Self, get_args

import attrs

from pycrm.errors import DeclarationError
from pycrm.pipeline.effect import EFFECTS, KEYS, Effect, SetField, effects
from pycrm.pipeline.gate import Need, Use, Where, names, normal, texts, uses

__all__ = ["KINDS", "OWNER", "PRODUCT", "RETURN", "Kind", "Move", "Pipeline", "Stage"]

Kind = Literal["open", "won", "lost", "hold", "done"]
KINDS: tuple[Kind, ...] = get_args(Kind)

RETURN: Final = "<return>"
"""The target of a move that leads back to where the record came from.

From a stage of kind ``hold`` that is the last one that was not, from a closed one the stage in which the
record was decided, with all that was open within it.
"""

OWNER, PRODUCT = "owner", "product"
"""The reach of a move that only the owner of the record takes, and of one that no person takes."""

_CERTAIN: Mapping[Kind, int] = {"won": 100, "lost": 0}


def _stages(given: Iterable[Stage]) -> tuple[Stage, ...]:
    return tuple(given)


def _moves(given: Iterable[Move]) -> tuple[Move, ...]:
    return tuple(given)


def _wheres(given: Where | Iterable[Where]) -> tuple[Where, ...]:
    return (given,) if isinstance(given, Where) else tuple(given)


def _needs(given: Need | Iterable[Need]) -> tuple[Need, ...]:
    return (given,) if isinstance(given, Need) else tuple(given)


def _in(language: str, label: str, translations: Mapping[str, str]) -> str:
    base = language.replace("-", "_").split("_")[0]
    return translations.get(language) or translations.get(base) or label


@attrs.frozen
class Stage:
    """One place in a pipeline where a record can stand (阶段).

    Args:
        key: lower-case identifier, unique in the pipeline, among the stages within stages too.
        label: the English name.
        kind: ``open``, ``hold`` (paused, still alive), ``won`` or ``lost`` (closed). A stage within
            another is ``open``, ``hold`` or ``done``: what was to be done there is.
        probability: of winning, in whole percent; a won stage has 100 and a lost stage 0 by itself,
            one within another none of its own.
        expected_days: how many days a record usually stands here.
        stall_days: after how many days in the stage a record counts as stalled.
        required: names of the fields that must be filled to enter, from wherever one comes.
        records: the records that there must be to enter.
        archived: nothing enters any more, what stands here may leave.
        stages: the stages within, of which a record stands in one at a time.
        initial: where among them one begins, the first unless named.
        parallel: the stages within are regions, and a record stands in all of them at once.
        on_done: key of the move that is taken by itself once all within is done and nothing is
            missing; nobody takes it before.
        translations: the label in further languages.
    """

    key: str
    label: str = attrs.field(converter=normal)
    kind: Kind = attrs.field(default="open", kw_only=True)
    probability: int | None = attrs.field(default=None, kw_only=True)
    expected_days: int | None = attrs.field(default=None, kw_only=True)
    stall_days: int | None = attrs.field(default=None, kw_only=True)
    required: tuple[str, ...] = attrs.field(default=(), converter=names, kw_only=True)
    records: tuple[Need, ...] = attrs.field(default=(), converter=_needs, kw_only=True)
    archived: bool = attrs.field(default=False, kw_only=True)
    stages: tuple[Stage, ...] = attrs.field(default=(), converter=_stages, kw_only=True)
    initial: str | None = attrs.field(default=None, kw_only=True)
    parallel: bool = attrs.field(default=False, kw_only=True)
    on_done: str | None = attrs.field(default=None, kw_only=True)
    translations: Mapping[str, str] = attrs.field(factory=dict, converter=texts, kw_only=True, hash=False)

    def __attrs_post_init__(self) -> None:
        if self.probability is None and self.kind in _CERTAIN:
            object.__setattr__(self, "probability", _CERTAIN[self.kind])

    @property
    def is_closed(self) -> bool:
        """Whether a record that stands here is decided: won or lost."""
        return self.kind in _CERTAIN

    def label_in(self, language: str) -> str:
        """The label in `language` (``zh``, ``zh_CN`` or ``zh-CN``), in English where it is lacking."""
        return _in(language, self.label, self.translations)


@attrs.frozen
class Move:
    """One declared way from some stages to another (流转).

    Several moves may share a key if their targets differ: "back" is one verb with a target for each
    stage. Key and target together name a move. Who names the key where several regions answer it
    takes the move in each of them, in one act.

    Args:
        key: a short verb, never the key of a stage.
        sources: the keys of the stages it starts from; one that holds others stands for all of them.
        target: the key of the stage it leads to, or `RETURN`.
        label: the English name, for a button.
        into: stages within the target in which one begins, where these are not its initial ones.
        permission: what the actor must hold besides the right to move the record; the session asks,
            the chart does not.
        reach: how far the mover's right to change such records must reach at least: ``unit`` or
            ``subtree``, as that of a leader does; ``owner`` if the record must be the mover's own, and
            ``product`` where no person takes it, but pycrm or a plugin as a system actor.
        approval: the name of the approval flow whose people have to agree first.
        guards: the guards that must have no objection, by name or as a `Use` with parameters.
        required: fields that must be filled besides those that the target stage requires.
        records: records that there must be besides those that the target stage asks for.
        reason: whether a comment must be given.
        within_days: at most so many calendar days after the record entered the stage it leaves.
        effects: what happens besides, in the same act: what core offers (`AddTask`, `SetField`,
            `StartAmendment`, `Emit`) and actions of plugins, by name or as a `Use`.
        translations: the label in further languages.
    """

    key: str
    sources: tuple[str, ...] = attrs.field(converter=names)
    target: str
    label: str = attrs.field(converter=normal)
    into: tuple[str, ...] = attrs.field(default=(), converter=names, kw_only=True)
    permission: str | None = attrs.field(default=None, kw_only=True)
    reach: str | None = attrs.field(default=None, kw_only=True)
    approval: str | None = attrs.field(default=None, kw_only=True)
    guards: tuple[Use, ...] = attrs.field(default=(), converter=uses, kw_only=True)
    required: tuple[str, ...] = attrs.field(default=(), converter=names, kw_only=True)
    records: tuple[Need, ...] = attrs.field(default=(), converter=_needs, kw_only=True)
    reason: bool = attrs.field(default=False, kw_only=True)
    within_days: int | None = attrs.field(default=None, kw_only=True)
    effects: tuple[Effect | Use, ...] = attrs.field(default=(), converter=effects, kw_only=True)
    translations: Mapping[str, str] = attrs.field(factory=dict, converter=texts, kw_only=True, hash=False)

    @property
    def is_restricted(self) -> bool:
        """Whether the mover needs more than the right to change the record."""
        return self.permission is not None or self.reach is not None

    def label_in(self, language: str) -> str:
        """The label in `language` (``zh``, ``zh_CN`` or ``zh-CN``), in English where it is lacking."""
        return _in(language, self.label, self.translations)


@attrs.frozen
class Pipeline:
    """One version of a process that records of one entity run through (流程).

    Args:
        key: lower-case identifier of the process; all its versions share it.
        version: 1, 2, 3 and so on; a record keeps the version it started under.
        entity: class name of the records, such as ``Opportunity``.
        label: the English name.
        stages: in the order of a board's columns.
        moves: every permitted change of stage; there is no other.
        initial: key of the stage where a new record stands, the first stage unless named.
        when: what must hold of a new record that begins here by itself, where its entity has several
            pipelines; without it records begin here that the class sends here, or by hand.
        translations: the label in further languages.
    """

    key: str
    version: int
    entity: str
    label: str = attrs.field(converter=normal)
    stages: tuple[Stage, ...] = attrs.field(converter=_stages, kw_only=True)
    moves: tuple[Move, ...] = attrs.field(default=(), converter=_moves, kw_only=True)
    initial: str | None = attrs.field(default=None, kw_only=True)
    when: tuple[Where, ...] = attrs.field(default=(), converter=_wheres, kw_only=True)
    translations: Mapping[str, str] = attrs.field(factory=dict, converter=texts, kw_only=True, hash=False)

    def label_in(self, language: str) -> str:
        """The label in `language` (``zh``, ``zh_CN`` or ``zh-CN``), in English where it is lacking."""
        return _in(language, self.label, self.translations)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_dict` writes, strictly; whether it can work is for `rules.problems` to say.

        Raises:
            InvalidError: with every unknown or missing key and wrong type at once, each with its path.
        """
        from pycrm.pipeline import codec  # it imports this module

        return cls(**codec.read(data))

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """Read a pipeline from TOML: the keys of `as_dict`, with ``[[stages]]`` and ``[[moves]]``.

        Raises:
            InvalidError: the text is not TOML, or as for `from_dict`.
        """
        from pycrm.pipeline import codec

        return cls(**codec.read(codec.parse(text)))

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, without what equals its default.

        So the digest of a stored pipeline survives a release that adds a setting.
        """
        return _plain(self)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the pipeline's canonical JSON, in hexadecimal."""
        text = json.dumps(self.as_dict(), sort_keys=True, separators=(",", ":"), default=repr)
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def identity(self) -> tuple[str, int, str]:
        """Key, version and digest: equal for equal pipelines only."""
        return (self.key, self.version, self.digest)

    @cached_property
    def entry(self) -> Stage:
        """The stage where a new record stands.

        Raises:
            DeclarationError: there is no stage, or `initial` names none.
        """
        if self.initial is None and self.stages:
            return self.stages[0]
        return self.stage(self.initial or "")

    def stage(self, key: str) -> Stage:
        """The stage with this key.

        Raises:
            DeclarationError: there is none.
        """
        if key not in self._by_key:
            raise DeclarationError(f"pipeline {self.key} version {self.version} has no stage {key!r}")
        return self._by_key[key]

    def has_stage(self, key: str) -> bool:
        """Whether there is a stage with this key."""
        return key in self._by_key

    @cached_property
    def every(self) -> tuple[Stage, ...]:
        """All stages, each before those that it holds."""
        return tuple(_within(self.stages))

    @cached_property
    def _by_key(self) -> dict[str, Stage]:
        return {stage.key: stage for stage in self.every}


def _within(stages: Iterable[Stage]) -> Iterator[Stage]:
    for stage in stages:
        yield stage
        yield from _within(stage.stages)


def _plain(declared: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in attrs.asdict(declared, recurse=False).items():
        value = _plain_value(value)
        # Not `in (None, False)`: a probability of 0 equals False. What is compared with may be False.
        is_said = isinstance(declared, Where | SetField) and name == "value" and value is not None
        if not is_said and (value is None or value is False or value == [] or value == {}):
            continue
        if not _is_usual(declared, name, value):
            plain[name] = value
    return plain


def _plain_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain_value(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return [_plain_value(one) for one in value]
    if isinstance(value, Use) and not value.parameters:
        return value.name
    if isinstance(value, EFFECTS):
        return {"effect": KEYS[type(value)], **_plain(value)}
    return _plain(value) if attrs.has(type(value)) else value


def _is_usual(declared: Any, name: str, value: object) -> bool:
    if isinstance(declared, Stage) and name == "probability":
        return value == _CERTAIN.get(declared.kind)
    usual = {"kind": "open", "op": "=", "least": 1}
    return name in usual and value == usual[name]
