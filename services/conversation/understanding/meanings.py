"""What understanding takes and gives: a locale's definition in, interpretations of a caller's words out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

#: Name of the task in the catalog: a sentence in, a unit vector out (``engines/sentence_encoder.py`` for many at once).
SENTENCE_VECTORS = "embed-sentence"


@dataclass(frozen=True, slots=True)
class SlotValue:
    """A value of a custom slot type and what else callers say for it."""

    value: str
    synonyms: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SlotTypeDefinition:
    """A custom slot type.

    ``parent``: the built-in type that it extends ("AMAZON.AlphaNumeric"), or "". ``pattern``: the regular expression of
    an extended AlphaNumeric, or "". ``restricted``: only listed values and synonyms count (TopResolution), and the
    value is resolved to them; otherwise what the caller said counts as well (OriginalValue).
    """

    values: Sequence[SlotValue] = ()
    parent: str = ""
    pattern: str = ""
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class IntentDefinition:
    """An intent: sample utterances with slots in braces ("book a {RoomType}"), and slot name -> type name, by priority.

    A type is a custom one of the locale or a built-in ("AMAZON.Date").
    """

    utterances: Sequence[str]
    slots: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LocaleDefinition:
    """All that a locale's model is learnt from. ``intents`` does not hold the fallback intent."""

    locale: str
    intents: Mapping[str, IntentDefinition]
    slot_types: Mapping[str, SlotTypeDefinition] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SlotMatch:
    """A slot's value in the caller's words: ``begin`` and ``end`` are code points of the text.

    ``interpreted`` is what the application works with ("2026-12-24", "king"); ``resolved`` are all candidates, the best
    first. ``score``, 0..1, is the recognizer's; None where the match is by rule and no probability exists.
    """

    begin: int
    end: int
    original: str
    interpreted: str
    resolved: Sequence[str] = ()
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Interpretation:
    """An intent that the words may mean: ``score`` 0..1, and the slots that they fill."""

    intent: str
    score: float
    slots: Mapping[str, SlotMatch] = field(default_factory=dict)
