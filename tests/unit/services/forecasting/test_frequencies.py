from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.forecasting.frequencies import Boundary, Frequency


@pytest.mark.parametrize(
    ("text", "interval", "seasons"),
    [
        ("Y", "1y", (1,)), ("M", "1mo", (12,)), ("3M", "3mo", (4,)), ("W", "1w", (52,)), ("D", "1d", (7,)),
        ("2D", "2d", (1,)), ("H", "1h", (24, 168)), ("5H", "5h", (1,)), ("30min", "30m", (48, 336)),
        ("15min", "15m", (96, 672)), ("1min", "1m", (1440, 10080)),
    ],
)  # fmt: skip
def test_frequencies_and_their_seasons(text: str, interval: str, seasons: tuple[int, ...]) -> None:
    frequency = Frequency.parse(text)
    assert frequency.interval == interval
    assert frequency.seasons == seasons


@pytest.mark.parametrize("text", ["", "h", "0D", "7D", "24H", "60min", "12M", "2Y", "5W", "1d", "D1", "H ", "-1H"])
def test_what_is_no_frequency(text: str) -> None:
    with pytest.raises(ValueError, match="1min-59min"):
        Frequency.parse(text)


@given(st.text(max_size=6))
def test_any_text_is_a_frequency_or_refused(text: str) -> None:
    try:
        frequency = Frequency.parse(text)
    except ValueError:
        return
    assert frequency.minutes >= 1


def test_boundaries_shift_where_an_interval_begins() -> None:
    week, month, year, day = (Frequency.parse(one) for one in ("W", "M", "Y", "D"))
    assert Boundary.of(week, "", 0, "SUNDAY", None) == Boundary(days=6)
    assert Boundary.of(month, "", 15, "", None) == Boundary(days=14)
    assert Boundary.of(year, "APRIL", 6, "", None) == Boundary(months=3, days=5)
    assert Boundary.of(day, "", 0, "", 9) == Boundary(hours=9)
    for wrong in ((day, "", 0, "MONDAY", None), (week, "", 0, "", 3), (year, "", 6, "", None), (month, "MAY", 0, "", None)):
        with pytest.raises(ValueError, match="boundary"):
            Boundary.of(*wrong)
