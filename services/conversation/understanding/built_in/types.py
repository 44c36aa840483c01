"""The built-in types by name: how each is found, what it reads where it finds nothing, and what callers say for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from services.conversation.understanding.built_in import lists
from services.conversation.understanding.built_in.confirmations import find_confirmations
from services.conversation.understanding.built_in.contacts import (
    find_codes,
    find_email_addresses,
    find_phone_numbers,
)
from services.conversation.understanding.built_in.dates import find_dates
from services.conversation.understanding.built_in.durations import find_durations
from services.conversation.understanding.built_in.match import Finder
from services.conversation.understanding.built_in.numbers import find_numbers, find_percentages
from services.conversation.understanding.built_in.times import find_times


@dataclass(frozen=True, slots=True)
class BuiltInType:
    """``find``: None = the whole text. ``open``: words that it does not find still are a value, as callers say them.

    ``certain``: what it finds is hardly anything else, so that a slot is filled wherever in the text it stands.
    ``whole``: an open type whose list lacks little: inside a sentence only what is listed counts.
    ``samples``: what utterances are filled with to learn from.
    """

    find: Finder | None
    samples: Callable[[], Sequence[str]]
    open: bool = False
    certain: bool = False
    whole: bool = False


def _said(*values: str) -> Callable[[], Sequence[str]]:
    return lambda: values


def _listed(name: str, count: int = 150) -> Callable[[], Sequence[str]]:
    return lambda: lists.entries(name)[:count]


BUILT_IN: Mapping[str, BuiltInType] = {
    "AMAZON.AlphaNumeric": BuiltInType(
        find_codes, _said("AB1234", "x7", "B-204", "77291", "QX 12", "R2D2", "a19c", "4711"), open=True
    ),
    "AMAZON.City": BuiltInType(lists.find_cities, _listed("cities"), open=True),
    "AMAZON.Confirmation": BuiltInType(find_confirmations, _said("yes", "no", "maybe", "sure", "nope", "I don't know")),
    "AMAZON.Country": BuiltInType(lists.find_countries, _listed("countries", 300), open=True, whole=True),
    "AMAZON.Date": BuiltInType(
        find_dates,
        _said(
            "tomorrow", "next friday", "December 24th", "the 3rd of May", "today", "this weekend", "in two weeks",
            "monday", "next week", "12/24/2026", "the 15th", "July", "next month", "2026-03-04", "saturday", "tonight",
        ),
        certain=True,
    ),
    "AMAZON.Duration": BuiltInType(
        find_durations,
        _said(
            "ten minutes", "two hours", "three days", "an hour and a half", "a week", "2 nights", "45 minutes",
            "half an hour", "six months", "one night", "5 days", "an hour",
        ),
        certain=True,
    ),
    "AMAZON.EmailAddress": BuiltInType(
        find_email_addresses,
        _said("ada@example.org", "grace.hopper@example.com", "me@mail.example", "alan_t at example dot org"),
        certain=True,
    ),
    "AMAZON.FirstName": BuiltInType(lists.find_first_names, _listed("first_names", 300), open=True),
    "AMAZON.FreeFormInput": BuiltInType(None, _said("what I have to say"), open=True),
    "AMAZON.LastName": BuiltInType(lists.find_last_names, _listed("last_names", 300), open=True),
    "AMAZON.Number": BuiltInType(
        find_numbers,
        _said("two", "3", "five", "12", "twenty five", "one", "100", "seven", "4", "ten", "250", "six", "2"),
    ),
    "AMAZON.Percentage": BuiltInType(find_percentages, _said("ten percent", "50%", "25 percent", "five percent")),
    "AMAZON.PhoneNumber": BuiltInType(
        find_phone_numbers, _said("555-0123-456", "(206) 555-0199", "2065550143", "+44 20 7946 0958"), certain=True
    ),
    "AMAZON.State": BuiltInType(lists.find_states, _listed("states"), open=True, whole=True),
    "AMAZON.StreetName": BuiltInType(
        lists.find_streets,
        _said("Baker Street", "Main Street", "Fifth Avenue", "Oak Lane", "Sunset Boulevard", "Church Road"),
        open=True,
    ),
    "AMAZON.Time": BuiltInType(
        find_times,
        _said(
            "5 pm", "half past three", "noon", "10:30", "eight o'clock", "quarter to nine", "3:15 pm", "in the evening",
            "11 am", "seven thirty pm", "18:00", "9 in the morning",
        ),
        certain=True,
    ),
}  # fmt: skip
