"""How often a series has a value: Forecast's frequencies ("H", "30min", "2W"), their seasons and boundaries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

#: Most of a unit that a frequency may count, as the AWS API has it.
_MOST: Final[Mapping[str, int]] = {"Y": 1, "M": 11, "W": 4, "D": 6, "H": 23, "min": 59}
_PATTERN = re.compile(r"(\d{1,2})?(Y|M|W|D|H|min)")
_INTERVALS: Final[Mapping[str, str]] = {"Y": "y", "M": "mo", "W": "w", "D": "d", "H": "h", "min": "m"}
#: Minutes of a unit; months and years by their usual length, for comparisons only.
_MINUTES: Final[Mapping[str, int]] = {"Y": 525_600, "M": 43_200, "W": 10_080, "D": 1440, "H": 60, "min": 1}
_MONTHS = ("JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER",
           "NOVEMBER", "DECEMBER")  # fmt: skip
_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


@dataclass(frozen=True, slots=True)
class Frequency:
    """``count`` times ``unit`` (Y, M, W, D, H or min) between two values."""

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Frequency:
        """Raises ValueError for what the API does not know."""
        match = _PATTERN.fullmatch(text)
        if match is None or not 1 <= int(match[1] or 1) <= _MOST[match[2]]:
            raise ValueError(f"a frequency is 1Y, 1M-11M, 1W-4W, 1D-6D, 1H-23H or 1min-59min, not {text!r}")
        return cls(int(match[1] or 1), match[2])

    @property
    def interval(self) -> str:
        """The interval as polars writes it: "1mo", "30m"."""
        return f"{self.count}{_INTERVALS[self.unit]}"

    @property
    def minutes(self) -> int:
        """About how many minutes lie between two values."""
        return self.count * _MINUTES[self.unit]

    @property
    def seasons(self) -> tuple[int, ...]:
        """Lengths of the usual seasons in values, the shortest first; (1,) where there is none."""
        if self.unit in ("Y", "D") and self.count > 1:
            return (1,)
        periods = {"Y": (1,), "M": (12,), "W": (52,), "D": (7,), "H": (24, 168), "min": (1440, 10_080)}[self.unit]
        found = tuple(period // self.count for period in periods if period % self.count == 0)
        return tuple(season for season in found if season > 1) or (1,)


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where an interval of a frequency begins (TimeAlignmentBoundary): offsets from its usual beginning."""

    months: int = 0
    days: int = 0
    hours: int = 0

    @classmethod
    def of(cls, frequency: Frequency, month: str, day_of_month: int, day_of_week: str, hour: int | None) -> Boundary:
        """``day_of_month`` 0, "" and None: not given.

        Raises ValueError where the frequency has no such boundary: hours are for days, days of the week for weeks,
        days of the month for months and years, months for years.
        """
        given = {"Month": bool(month), "DayOfMonth": bool(day_of_month), "DayOfWeek": bool(day_of_week),
                 "Hour": hour is not None}  # fmt: skip
        allowed = {"Y": {"Month", "DayOfMonth"}, "M": {"DayOfMonth"}, "W": {"DayOfWeek"}, "D": {"Hour"}}
        wrong = [name for name, there in given.items() if there and name not in allowed.get(frequency.unit, set())]
        if wrong:
            raise ValueError(f"a frequency of {frequency.count}{frequency.unit} has no boundary by {', '.join(wrong)}")
        if day_of_month and frequency.unit == "Y" and not month:
            raise ValueError("a boundary by DayOfMonth needs the Month for yearly forecasts")
        days = _DAYS.index(day_of_week) if day_of_week else max(0, day_of_month - 1)
        return cls(_MONTHS.index(month) if month else 0, days, hour or 0)
