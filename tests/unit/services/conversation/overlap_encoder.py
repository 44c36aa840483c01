"""A stand-in for the fine-tuned encoder where torch is absent: it counts the words that a text shares with each class.

It keeps the protocol of lessons and questions, and one build at a time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.conversation.understanding.lessons import Learnt, Lesson, Matrix, Question, Slice
from shared.models.catalog import CatalogEntry

SLICES = 3
#: What a shared word adds to the logit of a class.
WEIGHT = 1.5


class OverlapEncoder:
    def __init__(self) -> None:
        self._lesson: Lesson | None = None
        self._left = SLICES
        self._build, self._words = "", [[""]]

    def run(self, items: Sequence[Lesson | Slice | Question]) -> list[Any]:
        return [self._tell(item) if isinstance(item, Question) else self._go_on(item) for item in items]

    def close(self) -> None:
        return None

    def _go_on(self, item: Lesson | Slice) -> float | Learnt:
        if isinstance(item, Lesson):
            self._lesson, self._left = item, SLICES
        lesson = self._lesson
        assert lesson is not None
        assert lesson.name == item.name
        self._left -= 1
        if self._left:
            return 1 - self._left / SLICES
        words = _words(lesson, ~lesson.aside)
        rows = [_probabilities(words, text) for text, aside in zip(lesson.texts, lesson.aside, strict=True) if aside]
        return Learnt(json.dumps(_words(lesson, np.ones(len(lesson.texts), bool))).encode(), np.stack(rows))

    def _tell(self, question: Question) -> Matrix | None:
        if question.weights is not None:
            self._build, self._words = question.build, json.loads(question.weights)
        return _probabilities(self._words, question.text) if question.build == self._build else None


def _words(lesson: Lesson, chosen: Any) -> list[list[str]]:
    words: list[set[str]] = [set() for _ in range(lesson.classes)]
    for i in np.flatnonzero(chosen):
        words[lesson.labels[i]] |= set(lesson.texts[i].lower().split())
    return [sorted(of_class) for of_class in words]


def _probabilities(words: Sequence[Sequence[str]], text: str) -> Matrix:
    shared = np.array([WEIGHT * len(set(text.lower().split()) & set(of_class)) for of_class in words])
    odds = np.exp(shared - shared.max())
    return (odds / odds.sum()).astype(np.float32)


def load(entry: CatalogEntry, directory: Path, device: str) -> OverlapEncoder:
    return OverlapEncoder()
