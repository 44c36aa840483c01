"""How often a rule of this package is right: the scores of doses, relations, traits and the like.

``precision.toml`` holds counts on notes and sentences of our own; ``bench/quality/medical.py`` says what counts as
right and writes it. A rule's score is (right + 1) / (matches + 2), Laplace's rule of succession.
"""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path

FILE = Path(__file__).with_name("precision.toml")


def score(rule: str) -> float:
    """The precision of ``rule`` ("dose-FREQUENCY"), 0..1; 1/2 for one that never matched where it was counted."""
    right, matches = counts().get(rule, (0, 0))
    return (right + 1) / (matches + 2)


@functools.cache
def counts() -> dict[str, tuple[int, int]]:
    """Rule -> (right, matches)."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    return {rule: (int(numbers[0]), int(numbers[1])) for rule, numbers in table.items()}
