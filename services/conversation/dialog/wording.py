"""What is said: one variation of each message group, with the references in it replaced by what they stand for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from services.conversation.dialog.conditions import ATTRIBUTE, CONTEXT, SLOT, Lookup
from services.conversation.dialog.definition import MessageGroup, Prompt

MOST_MESSAGES = 10
_REFERENCE = re.compile(r"\{(?P<slot>[0-9a-zA-Z_.-]+)\}|\[(?P<attribute>[0-9a-zA-Z_.-]+)\]|#(?P<context>\w+\.\w+)")
_KINDS = {"slot": SLOT, "attribute": ATTRIBUTE, "context": CONTEXT}


def phrase(
    groups: Sequence[MessageGroup], seed: str, lookup: Lookup, attempt: int | None = None
) -> list[dict[str, Any]]:
    """A message of each group. Which variation is drawn from ``seed``, or, where there is an ``attempt`` (0 = the
    first), taken in order."""
    said = []
    for number, group in enumerate(groups):
        count = len(group.variations)
        chosen = _drawn(f"{seed}/{number}", count) if attempt is None else min(attempt, count - 1)
        said.append(filled_in(group.variations[chosen], lookup))
    return said


def ask(prompt: Prompt, seed: str, lookup: Lookup, attempt: int) -> list[dict[str, Any]]:
    """A prompt at its ``attempt``-th time, 0 = the first."""
    return phrase(prompt.groups, f"{seed}/{attempt}", lookup, attempt if prompt.ordered else None)


def filled_in(message: Mapping[str, Any], lookup: Lookup) -> dict[str, Any]:
    """The message with ``{slot}``, ``[attribute]`` and ``#context.attribute`` replaced; what is not set stays as it is
    written, as other text in brackets does."""
    def value(match: re.Match[str]) -> str:
        kind = str(match.lastgroup)
        found = lookup(_KINDS[kind], match[kind])
        return match[0] if found is None else found

    def text(told: str) -> str:
        return _REFERENCE.sub(value, told)

    filled = dict(message)
    filled["content"] = text(message["content"])
    if "imageResponseCard" in message:
        card = dict(message["imageResponseCard"])
        for member in ("title", "subtitle"):
            if member in card:
                card[member] = text(card[member])
        filled["imageResponseCard"] = card
    return filled


def _drawn(seed: str, count: int) -> int:
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big") % count
