"""Sample utterances: braces read, slots filled with values that callers may say."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import regex

from shared import errors

_BRACES = regex.compile(r"\{([^{}]*)\}")
_STRAY = regex.compile(r"[{}]")


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a slot in a sample utterance."""

    name: str


@dataclass(frozen=True, slots=True)
class FilledSlot:
    """A slot's value in an example: ``begin`` and ``end`` are code points."""

    begin: int
    end: int
    name: str


@dataclass(frozen=True, slots=True)
class Example:
    """An utterance with its slots filled."""

    text: str
    slots: tuple[FilledSlot, ...] = ()


def parse_utterance(utterance: str, slots: Mapping[str, str], intent: str) -> list[str | Slot]:
    """The parts of "book a {RoomType}": texts and slots.

    Raises:
        InvalidArgument: braces that do not match, or a slot that the intent does not have.
    """
    parts: list[str | Slot] = []
    end = 0
    for match in _BRACES.finditer(utterance):
        if match[1].strip() not in slots:
            raise errors.InvalidArgument(
                f"an utterance of the intent {intent} names the slot {match[1].strip()!r}, which it does not have"
            )
        parts += [utterance[end : match.start()], Slot(match[1].strip())]
        end = match.end()
    parts.append(utterance[end:])
    if any(isinstance(part, str) and _STRAY.search(part) for part in parts):
        raise errors.InvalidArgument(f"an utterance of the intent {intent} has a brace without its other half")
    return [part for part in parts if part != ""]


def fill(parts: Sequence[str | Slot], values: Mapping[str, Sequence[str]], count: int, seed: str) -> list[Example]:
    """At most ``count`` examples of an utterance, their slots filled with values of each slot's name.

    Which values meet depends on ``seed`` alone: the same bot learns the same.
    """
    if not any(isinstance(part, Slot) for part in parts):
        return [Example("".join(p for p in parts if isinstance(p, str)))]
    found: dict[str, Example] = {}
    for turn in range(count):
        text, slots = "", []
        for place, part in enumerate(parts):
            if isinstance(part, str):
                text += part
                continue
            choices = values[part.name]
            # Each place starts somewhere and goes round, so that every value has its turn.
            at = zlib.crc32(f"{seed} {place} {part.name}".encode()) + turn * _step(len(choices), place)
            value = choices[at % len(choices)]
            slots.append(FilledSlot(len(text), len(text) + len(value), part.name))
            text += value
        found.setdefault(text, Example(text, tuple(slots)))
    return list(itertools.islice(found.values(), count))


def _step(length: int, place: int) -> int:
    """A step that visits all of ``length`` values, another one at each place."""
    steps = [s for s in (1, 7, 11, 3, 13, 17) if length % s or s == 1]
    return steps[place % len(steps)]
