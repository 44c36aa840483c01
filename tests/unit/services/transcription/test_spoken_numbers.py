"""Numbers read from words: what a number is called is read back as that number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transcription.spoken_numbers import (
    ONES,
    ORDINAL_ONES,
    ORDINAL_TEENS,
    TEENS,
    TENS,
    cardinal,
    digits,
    ordinal,
    ordinal_text,
    year,
)

NAMES = {value: word for word, value in {**ONES, **TEENS, **TENS}.items()}


def said(value: int, joiner: bool = False) -> list[str]:
    """A number's name, written independently of what is tested."""
    if value in NAMES:
        return [NAMES[value]]
    if value < 100:
        return [NAMES[value // 10 * 10], NAMES[value % 10]]
    if value < 1000:
        rest = said(value % 100, joiner) if value % 100 else []
        return [NAMES[value // 100], "hundred", *(["and"] if joiner and rest else []), *rest]
    for scale, word in ((10**9, "billion"), (10**6, "million"), (1000, "thousand")):
        if value >= scale:
            rest = said(value % scale, joiner) if value % scale else []
            return [*said(value // scale, joiner), word, *rest]
    raise AssertionError


@given(st.integers(0, 10**12 - 1), st.booleans())
def test_cardinals_are_read_back(value: int, joiner: bool) -> None:
    words = said(value, joiner)
    assert cardinal(words, 0) == (value, len(words))


@given(
    st.lists(st.sampled_from([*ONES, *TEENS, *TENS, "hundred", "thousand", "and", "point", "oh", "cats"]), max_size=8)
)
def test_no_words_break_it(words: list[str]) -> None:
    for at in range(len(words)):
        for found in (cardinal(words, at), year(words, at), ordinal(words, at)):
            assert found is None or (found[0] >= 0 and 1 <= found[1] <= len(words) - at)
        text, taken = digits(words, at)
        assert len(text) == taken <= len(words) - at


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("nineteen eighty four", 1984),
        ("fourteen sixty five", 1465),
        ("nineteen oh five", 1905),
        ("twenty twenty six", 2026),
        ("fifteen hundred", 1500),
        ("eighteen hundred twelve", 1812),
    ],
)
def test_years(text: str, value: int) -> None:
    assert year(text.split(), 0) == (value, len(text.split()))


@pytest.mark.parametrize("text", ["ten twenty", "nineteen", "thirty forty", "nineteen forty thousand", "twenty five"])
def test_no_years(text: str) -> None:
    assert year(text.split(), 0) is None


@given(st.integers(1, 99))
def test_ordinals(value: int) -> None:
    small = {number: word for word, number in {**ORDINAL_ONES, **ORDINAL_TEENS}.items()}
    if value in small:
        words = [small[value]]
    elif value % 10 == 0:
        words = [NAMES[value][:-1] + "ieth"]
    else:
        words = [NAMES[value // 10 * 10], small[value % 10]]
    assert ordinal(words, 0) == (value, len(words))


def test_ordinal_endings() -> None:
    assert [ordinal_text(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "101st", "111th",
    ]  # fmt: skip


def test_digits() -> None:
    assert digits(["four", "one", "oh", "five", "cats"], 0) == ("4105", 4)
    assert digits(["three", "five", "hundred"], 0) == ("3", 1)
