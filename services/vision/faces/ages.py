"""The range that an estimated age stands for."""

from __future__ import annotations

import math
from dataclasses import dataclass

#: Mean absolute error of the estimator in years, as its authors state it over all ages.
MEAN_ERROR = 4.54
#: Half the width of a range that holds four of five errors, in mean errors: 1.61 if errors are normally distributed
#: (1.2816 * sqrt(pi / 2)) and 1.61 if they are Laplacian (ln 5).
FOUR_OF_FIVE = 1.61
OLDEST = 100


@dataclass(frozen=True, slots=True)
class AgeRange:
    """Years, whole ones, 0..100."""

    low: int
    high: int


def age_range(age: float) -> AgeRange:
    """The years within which about four of five people lie who are estimated at ``age``, as far as the error that the
    authors measured holds for the picture. Errors of small children are less, of old people more."""
    half = FOUR_OF_FIVE * MEAN_ERROR
    low = min(OLDEST, max(0, math.floor(age - half)))
    return AgeRange(low, min(OLDEST, max(low, math.ceil(age + half))))
