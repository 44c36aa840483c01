"""Which words of a partial result will probably stay: those that several partial results in a row agreed upon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from services.transcription.recognition import Item

#: How eagerly words are called stable.
Stability = Literal["low", "medium", "high"]

#: Partial results that have to agree on a word and all before it.
_AGREEING: dict[Stability, int] = {"high": 2, "medium": 3, "low": 5}


class Stabilizer:
    """Looks at the partial results of one utterance after the other."""

    def __init__(self, stability: Stability | None) -> None:
        self._needed = _AGREEING[stability] if stability is not None else None
        self._words: list[str] = []
        self._agreed: list[int] = []

    def partial(self, items: Sequence[Item]) -> tuple[Item, ...]:
        """The items with ``stable`` set; without a stability nothing is stable before the final result."""
        words = [item.content.lower() for item in items if item.kind == "pronunciation"]
        agreed: list[int] = []
        same = True
        for number, word in enumerate(words):
            same = same and number < len(self._words) and self._words[number] == word
            agreed.append(self._agreed[number] + 1 if same else 1)
        self._words, self._agreed = words, agreed
        marked: list[Item] = []
        number = -1
        for item in items:
            number += item.kind == "pronunciation"
            # The last word may be half of a longer one.
            stable = self._needed is not None and number < len(words) - 1 and agreed[max(number, 0)] >= self._needed
            marked.append(replace(item, stable=stable))
        return tuple(marked)

    def ended(self) -> None:
        """The utterance is over."""
        self._words, self._agreed = [], []
