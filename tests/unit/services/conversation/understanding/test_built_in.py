"""The built-in slot types: what is found, and what it resolves to in Lex's formats."""

from __future__ import annotations

import datetime
import itertools
import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.conversation.understanding.built_in.durations import iso_duration
from services.conversation.understanding.built_in.numbers import UNITS, find_numbers, value_of
from services.conversation.understanding.built_in.types import BUILT_IN

#: A Monday.
NOW = datetime.datetime(2026, 11, 30, 10, 0)

FOUND = [
    ("Number", "twenty five", "25"),
    ("Number", "one hundred and five", "105"),
    ("Number", "two thousand twenty six", "2026"),
    ("Number", "nineteen ninety nine", "1999"),
    ("Number", "a dozen", "12"),
    ("Number", "three point one four", "3.14"),
    ("Number", "1,250.50", "1250.5"),
    ("Number", "2.5 million", "2500000"),
    ("Number", "minus two", "-2"),
    ("Percentage", "fifty percent", "50"),
    ("Percentage", "12.5 %", "12.5"),
    ("Date", "tomorrow", "2026-12-01"),
    ("Date", "the day after tomorrow", "2026-12-02"),
    ("Date", "friday", "2026-12-04"),
    ("Date", "next friday", "2026-12-11"),
    ("Date", "friday next week", "2026-12-11"),
    ("Date", "last friday", "2026-11-27"),
    ("Date", "December 24th", "2026-12-24"),
    ("Date", "the 24th of december", "2026-12-24"),
    ("Date", "June 1", "2027-06-01"),
    ("Date", "may the fifth, 2028", "2028-05-05"),
    ("Date", "12/24/2026", "2026-12-24"),
    ("Date", "2026-12-24", "2026-12-24"),
    ("Date", "the 24th", "2026-12-24"),
    ("Date", "in two weeks", "2026-12-14"),
    ("Date", "three days ago", "2026-11-27"),
    ("Date", "this weekend", "2026-W49-WE"),
    ("Date", "next week", "2026-W50"),
    ("Date", "next month", "2026-12"),
    ("Date", "next year", "2027"),
    ("Date", "next summer", "2027-SU"),
    ("Date", "christmas", "2026-12-25"),
    ("Date", "now", "PRESENT_REF"),
    ("Time", "5 pm", "17:00"),
    ("Time", "5:30 a.m.", "05:30"),
    ("Time", "13:30", "13:30"),
    ("Time", "half past three", "15:30"),
    ("Time", "quarter to nine", "20:45"),
    ("Time", "seven thirty in the evening", "19:30"),
    ("Time", "12 am", "00:00"),
    ("Time", "noon", "12:00"),
    ("Time", "in the evening", "EV"),
    ("Time", "in the morning", "MO"),
    ("Duration", "ten minutes", "PT10M"),
    ("Duration", "an hour and a half", "PT1H30M"),
    ("Duration", "two and a half hours", "PT2H30M"),
    ("Duration", "half an hour", "PT30M"),
    ("Duration", "3 days", "P3D"),
    ("Duration", "two weeks", "P2W"),
    ("Duration", "a year and two months", "P1Y2M"),
    ("Duration", "1 hour, 20 minutes and 5 seconds", "PT1H20M5S"),
    ("PhoneNumber", "(206) 555-0199", "2065550199"),
    ("PhoneNumber", "five five five oh one double nine", "5550199"),
    ("EmailAddress", "ada.lovelace@example.org", "ada.lovelace@example.org"),
    ("EmailAddress", "ada dot lovelace at example dot org", "ada.lovelace@example.org"),
    ("City", "San Francisco", "San Francisco"),
    ("Country", "the USA", "United States"),
    ("State", "washington", "Washington"),
    ("FirstName", "Jennifer", "Jennifer"),
    ("LastName", "Johnson", "Johnson"),
    ("StreetName", "221 Baker Street", "Baker Street"),
    ("AlphaNumeric", "AB-1234", "AB-1234"),
    ("AlphaNumeric", "x y 7", "xy7"),
    ("Confirmation", "yes please", "Yes"),
    ("Confirmation", "not really", "No"),
    ("Confirmation", "maybe", "Maybe"),
    ("Confirmation", "I'm not sure", "Don't know"),
]


@pytest.mark.parametrize(("name", "said", "resolved"), FOUND)
def test_what_is_said_resolves(name: str, said: str, resolved: str) -> None:
    find = BUILT_IN[f"AMAZON.{name}"].find
    assert find is not None
    for text in (said, f"uh, {said} please"):
        assert [m.resolved[0] for m in find(text, NOW)][:1] == [resolved], text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Number", "nothing here"),
        ("Date", "may I sit down"),
        ("Date", "march on"),
        ("Date", "2026-13-45"),
        ("Date", "february 30th"),
        ("Time", "I need two of them"),
        ("Time", "25:99"),
        ("PhoneNumber", "12345"),
        ("EmailAddress", "meet me at noon"),
        ("Confirmation", "a red one"),
        ("AlphaNumeric", "no digits in here"),
    ],
)
def test_what_is_no_value_is_not_found(name: str, said: str) -> None:
    find = BUILT_IN[f"AMAZON.{name}"].find
    assert find is not None
    assert list(find(said, NOW)) == []


def test_both_readings_of_an_hour_are_candidates() -> None:
    find = BUILT_IN["AMAZON.Time"].find
    assert find is not None
    assert find("at 3", NOW)[0].resolved == ("15:00", "03:00")
    assert find("at 11", NOW)[0].resolved == ("11:00", "23:00")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.datetimes(datetime.datetime(1901, 1, 1), datetime.datetime(2199, 12, 31)))
def test_matches_lie_in_the_text_and_do_not_overlap(text: str, now: datetime.datetime) -> None:
    for name, built_in in BUILT_IN.items():
        if built_in.find is None:
            continue
        found = sorted(built_in.find(text, now), key=lambda m: m.begin)
        assert all(0 <= m.begin < m.end <= len(text) and m.resolved and all(m.resolved) for m in found), name
        assert all(a.end <= b.begin for a, b in itertools.pairwise(found)), name


_WORDS = list(UNITS)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def _spelled(number: int) -> str:
    if number < 20:
        return _WORDS[number]
    if number < 100:
        return _TENS[number // 10] + (f"-{_WORDS[number % 10]}" if number % 10 else "")
    for size, name in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = number % size
            return f"{_spelled(number // size)} {name}" + (f" and {_spelled(rest)}" if rest else "")
    raise AssertionError


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9 - 1))
def test_spelled_numbers_come_back(number: int) -> None:
    spelled = _spelled(number)
    assert value_of(spelled) == Decimal(number)
    assert [m.resolved[0] for m in find_numbers(f"I said {spelled}.", NOW)] == [str(number)]


@settings(max_examples=80, deadline=None)
@given(st.dates(datetime.date(2026, 11, 30), datetime.date(2027, 11, 29)))
def test_a_day_said_in_any_way_is_that_day(day: datetime.date) -> None:
    find = BUILT_IN["AMAZON.Date"].find
    assert find is not None
    for said in (
        day.isoformat(),
        f"{day:%B} {day.day}",
        f"the {day.day} of {day:%B}",
        f"{day:%b} {day.day}, {day.year}",
        f"{day.month}/{day.day}/{day.year}",
    ):
        assert [m.resolved[0] for m in find(f"on {said} please", NOW)] == [day.isoformat()], said


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 500), st.sampled_from([("second", "T{}S"), ("minute", "T{}M"), ("hour", "T{}H"), ("day", "{}D")]))
def test_durations_are_iso(count: int, unit: tuple[str, str]) -> None:
    assert iso_duration(f"{count} {unit[0]}s") == "P" + unit[1].format(count)


def test_every_type_has_samples_that_it_finds() -> None:
    for name, built_in in BUILT_IN.items():
        for sample in built_in.samples()[:40]:
            assert sample.strip()
            if built_in.find is not None and not built_in.open:
                assert built_in.find(sample, NOW), (name, sample)
    assert all(re.fullmatch(r"AMAZON\.[A-Za-z]+", name) for name in BUILT_IN)
