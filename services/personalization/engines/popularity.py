"""Popularity: how many interactions each item has, and how fast they grow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.personalization.interactions import Floats, Ints

Vectors = npt.NDArray[np.float64]

#: The longer of the two windows is so many times the shorter one.
_BASELINE = 8.0


def counts(items: Ints, item_count: int) -> Vectors:
    """Interactions of each item [items]."""
    return np.bincount(items, minlength=item_count).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Rates:
    """Interactions an hour, as exponentially weighted means over a short and a long window, at ``moment``.

    An interaction t seconds ago counts exp(-t / window) / window (Roberts: Control Chart Tests Based on Geometric
    Moving Averages, 1959, in continuous time). ``short`` and ``long`` [items].
    """

    window_s: float
    moment: float
    short: Vectors
    long: Vectors

    @property
    def growth(self) -> Vectors:
        """How far the short mean is above the long one: what trends [items]."""
        return self.short - self.long

    def later(self, moment: float, items: Ints, times: Floats) -> Rates:
        """The rates at a later moment, with what happened since. ``items`` are numbers, ``times`` Unix seconds."""
        moment = max(moment, self.moment)
        passed = moment - self.moment
        long_s = self.window_s * _BASELINE
        short = self.short * np.exp(-passed / self.window_s)
        long = self.long * np.exp(-passed / long_s)
        ages = np.maximum(0.0, moment - times)
        np.add.at(short, items, 3600 * np.exp(-ages / self.window_s) / self.window_s)
        np.add.at(long, items, 3600 * np.exp(-ages / long_s) / long_s)
        return Rates(self.window_s, moment, short, long)


def rates(items: Ints, times: Floats, item_count: int, window_s: float) -> Rates:
    """The rates at the newest interaction."""
    moment = float(times.max()) if len(times) else 0.0
    nothing = np.zeros(item_count)
    return Rates(window_s, moment, nothing, nothing).later(moment, items, times)
