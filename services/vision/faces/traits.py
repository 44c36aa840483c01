"""Yes or no of a face, and how sure."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trait:
    """``confidence``: probability of ``value`` in percent, so never under 50."""

    value: bool
    confidence: float


def trait(probability: float) -> Trait:
    """What a probability (0..1) of yes says."""
    return Trait(probability >= 0.5, 100 * max(probability, 1 - probability))


def logistic(x: float) -> float:
    """1 / (1 + exp(-x)), for any ``x``."""
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, x))))
