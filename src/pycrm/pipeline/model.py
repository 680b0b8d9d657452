"""What a pipeline is: stages, the moves between them, and the version that holds them together.

A pipeline is data. It names fields, guards and permissions by key and imports none of them, so it can
be written in Python, read from TOML, stored in a row and compared with another version of itself.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, Self, get_args

import attrs

from pycrm.errors import DeclarationError

__all__ = ["KINDS", "Kind", "Move", "Pipeline", "Stage"]

Kind = Literal["open", "won", "lost", "hold"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_CERTAIN: Mapping[Kind, int] = {"won": 100, "lost": 0}


def _names(names: str | Iterable[str]) -> tuple[str, ...]:
    # A lone string would otherwise fall apart into its letters.
    return (names,) if isinstance(names, str) else tuple(names)


def _normal(text: str) -> str:
    # Stores keep text in normal form C; a digest must not change on the way there and back.
    return unicodedata.normalize("NFC", text) if isinstance(text, str) else text


def _frozen(texts: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType({language: _normal(text) for language, text in texts.items()})


def _in(language: str, label: str, translations: Mapping[str, str]) -> str:
    base = language.replace("-", "_").split("_")[0]
    return translations.get(language) or translations.get(base) or label


@attrs.frozen
class Stage:
    """One place in a pipeline where a record can stand (阶段).

    Args:
        key: lower-case identifier, unique in the pipeline.
        label: the English name.
        kind: ``open``, ``hold`` (paused, still alive), ``won`` or ``lost`` (closed).
        probability: of winning, in whole percent; a won stage has 100 and a lost stage 0 by itself.
        expected_days: how many days a record usually stands here.
        stall_days: after how many days in the stage a record counts as stalled.
        required: names of the fields that must be filled to enter, from wherever one comes.
        archived: nothing enters any more, what stands here may leave.
        translations: the label in further languages.
    """

    key: str
    label: str = attrs.field(converter=_normal)
    kind: Kind = attrs.field(default="open", kw_only=True)
    probability: int | None = attrs.field(default=None, kw_only=True)
    expected_days: int | None = attrs.field(default=None, kw_only=True)
    stall_days: int | None = attrs.field(default=None, kw_only=True)
    required: tuple[str, ...] = attrs.field(default=(), converter=_names, kw_only=True)
    archived: bool = attrs.field(default=False, kw_only=True)
    translations: Mapping[str, str] = attrs.field(factory=dict, converter=_frozen, kw_only=True, hash=False)

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
    stage. Key and target together name a move.

    Args:
        key: a short verb, never the key of a stage.
        sources: the keys of the stages it starts from.
        target: the key of the stage it leads to.
        label: the English name, for a button.
        permission: what the actor must hold besides the right to move the record; the session asks,
            the chart does not.
        guards: names of the guards that must have no objection.
        required: fields that must be filled besides those that the target stage requires.
        reason: whether a comment must be given.
        translations: the label in further languages.
    """

    key: str
    sources: tuple[str, ...] = attrs.field(converter=_names)
    target: str
    label: str = attrs.field(converter=_normal)
    permission: str | None = attrs.field(default=None, kw_only=True)
    guards: tuple[str, ...] = attrs.field(default=(), converter=_names, kw_only=True)
    required: tuple[str, ...] = attrs.field(default=(), converter=_names, kw_only=True)
    reason: bool = attrs.field(default=False, kw_only=True)
    translations: Mapping[str, str] = attrs.field(factory=dict, converter=_frozen, kw_only=True, hash=False)

    def label_in(self, language: str) -> str:
        """The label in `language` (``zh``, ``zh_CN`` or ``zh-CN``), in English where it is lacking."""
        return _in(language, self.label, self.translations)


def _stages(stages: Iterable[Stage]) -> tuple[Stage, ...]:
    return tuple(stages)


def _moves(moves: Iterable[Move]) -> tuple[Move, ...]:
    return tuple(moves)


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
        translations: the label in further languages.
    """

    key: str
    version: int
    entity: str
    label: str = attrs.field(converter=_normal)
    stages: tuple[Stage, ...] = attrs.field(converter=_stages, kw_only=True)
    moves: tuple[Move, ...] = attrs.field(default=(), converter=_moves, kw_only=True)
    initial: str | None = attrs.field(default=None, kw_only=True)
    translations: Mapping[str, str] = attrs.field(factory=dict, converter=_frozen, kw_only=True, hash=False)

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
    def _by_key(self) -> dict[str, Stage]:
        return {stage.key: stage for stage in self.stages}


def _plain(declared: Pipeline | Stage | Move) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in attrs.asdict(declared, recurse=False).items():
        if isinstance(value, Mapping):
            value = dict(value)
        elif isinstance(value, tuple):
            value = [_plain(item) if isinstance(item, Stage | Move) else item for item in value]
        # Not `in (None, False)`: a probability of 0 equals False.
        if value is None or value is False or value == [] or value == {}:
            continue
        if isinstance(declared, Stage) and _is_usual(declared, name, value):
            continue
        plain[name] = value
    return plain


def _is_usual(stage: Stage, name: str, value: object) -> bool:
    if name == "probability":
        return value == _CERTAIN.get(stage.kind)
    return name == "kind" and value == "open"
