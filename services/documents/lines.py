"""Words to lines, as people see them: side by side, near one another, nothing drawn in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from services.documents.rules import Rules
from shared.media.boxes import Box, union

#: Words further apart than this many heights are on different lines (the 98th percentile in real answers).
MAX_GAP = 0.9
#: Words whose heights differ by more than this factor are no neighbours.
MAX_RATIO = 2.2


@dataclass(frozen=True, eq=False)
class TextWord:
    """A word on a sheet. ``polygon``: (4, 2) shares of the page as sent; ``confidence`` 0..1."""

    text: str
    confidence: float
    box: Box
    polygon: npt.NDArray[np.float64]
    #: Whether it runs from left to right on the upright sheet (a margin's page code does not).
    level: bool = True


@dataclass(frozen=True, eq=False)
class TextLine:
    """Words side by side, left to right; never empty."""

    words: tuple[TextWord, ...]

    @cached_property
    def box(self) -> Box:
        return union(word.box for word in self.words)

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def confidence(self) -> float:
        """Mean of the words' confidences, 0..1."""
        return sum(word.confidence for word in self.words) / len(self.words)

    @property
    def level(self) -> bool:
        return self.words[0].level


def arrange(lines: Sequence[TextLine], rules: Rules) -> list[TextLine]:
    """The lines of a sheet in reading order (row after row), regrouped from the words of ``lines``."""
    level = [word for line in lines for word in line.words if word.level]
    arranged = [TextLine(tuple(words)) for words in _chains(level, rules)]
    arranged.extend(_stacks([word for line in lines for word in line.words if not word.level]))
    return by_rows(arranged)


def _chains(words: Sequence[TextWord], rules: Rules) -> list[list[TextWord]]:
    """Words chained from left to right by nearness."""
    chains: list[list[TextWord]] = []
    ends = np.empty((len(words), 4))
    for word in sorted(words, key=lambda word: (word.box.left, word.box.top)):
        box = word.box
        height = max(box.height, 1.0)
        best: int | None = None
        if chains:
            known = ends[: len(chains)]
            overlap = np.minimum(known[:, 3], box.bottom) - np.maximum(known[:, 1], box.top)
            heights = known[:, 3] - known[:, 1]
            gap = box.left - known[:, 2]
            size = np.maximum(heights, height)
            fits = (overlap >= 0.5 * np.minimum(heights, height)) & (gap <= MAX_GAP * size) & (gap >= -0.5 * size)
            fits &= size <= MAX_RATIO * np.minimum(heights, height) + 4
            for index in sorted(fits.nonzero()[0], key=lambda i: (abs(float(gap[i])), -float(overlap[i]))):
                if not _ruled_between(chains[index][-1].box, box, rules):
                    best = int(index)
                    break
        if best is None:
            best = len(chains)
            chains.append([])
        chains[best].append(word)
        ends[best] = (box.left, box.top, box.right, box.bottom)
    return chains


def _ruled_between(left: Box, right: Box, rules: Rules) -> bool:
    """Whether an upright rule stands between two neighbours, over most of their height."""
    top, bottom = max(left.top, right.top), min(left.bottom, right.bottom)
    for rule in rules.upright:
        if left.center_x < rule.center_x < right.center_x and left.right - 3 <= rule.center_x <= right.left + 3:
            covered = min(rule.bottom, bottom) - max(rule.top, top)
            # An "I" or a "|" is as tall as the text; a rule goes on beyond it.
            if covered >= 0.8 * (bottom - top) and rule.height > 1.6 * max(left.height, right.height):
                return True
    return False


def _stacks(words: Sequence[TextWord]) -> list[TextLine]:
    """Words that run up or down, joined where one stands above the other."""
    stacks: list[list[TextWord]] = []
    for word in words:
        for stack in stacks:
            last = stack[-1].box
            near = -last.overlap_y(word.box) <= MAX_GAP * max(last.width, word.box.width)
            if near and last.overlap_x(word.box) >= 0.5 * min(last.width, word.box.width):
                stack.append(word)
                break
        else:
            stacks.append([word])
    return [TextLine(tuple(stack)) for stack in stacks]


def by_rows(lines: Sequence[TextLine]) -> list[TextLine]:
    """Lines row after row; a row is what overlaps its first line by half."""
    remaining = sorted(lines, key=lambda line: (line.box.top, line.box.left))
    ordered: list[TextLine] = []
    while remaining:
        first = remaining[0]
        reach = first.box.top + 0.5 * min(first.box.height, 3 * first.box.width)
        row = [line for line in remaining if line.box.top <= reach and line.box.center_y <= first.box.bottom]
        row = row if first in row else [first, *row]
        ordered.extend(sorted(row, key=lambda line: line.box.left))
        taken = set(map(id, row))
        remaining = [line for line in remaining if id(line) not in taken]
    return ordered
