"""AMAZON.City, Country, State, FirstName, LastName by lists (models/gazetteers-en), StreetName by its last word.

A list is never whole: a name that it lacks is still read where the caller was asked for it.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Sequence

import regex

from services.conversation.understanding.built_in.match import Match
from services.conversation.understanding.phrases import Phrases
from services.conversation.understanding.words import words_of
from shared.models.catalog import REPOSITORY_ROOT

_FOLDER = REPOSITORY_ROOT / "models" / "gazetteers-en" / "1"
_SAID = {
    "countries": {
        "usa": "United States", "us": "United States", "united states of america": "United States",
        "america": "United States", "uk": "United Kingdom", "great britain": "United Kingdom",
        "britain": "United Kingdom", "england": "United Kingdom", "holland": "Netherlands",
        "the netherlands": "Netherlands", "czech republic": "Czechia", "turkey": "Turkey", "korea": "South Korea",
    },
    "cities": {
        "new york": "New York City", "nyc": "New York City", "la": "Los Angeles", "sf": "San Francisco",
        "washington dc": "Washington", "vegas": "Las Vegas",
    },
}  # fmt: skip
_STREET = regex.compile(
    r"(?<!\w)(?:\d+[a-z]?\s+)?(?P<street>(?:(?:[\p{L}][\p{L}.'\u2019-]*|\d+(?:st|nd|rd|th))\s+){1,3}"
    r"(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|way|court|ct|place|pl|square|terrace|highway|parkway)\b\.?)",
    regex.I,
)
_LEADING = regex.compile(
    r"^(?:(?:i|live|on|at|in|my|address|is|it's|it|to|near|the|by|street|go|please|from|for)\s+)+(?=\S+\s+\S)", regex.I
)


@functools.cache
def entries(name: str) -> tuple[str, ...]:
    """The lines of a list: cities, countries, states, first_names, last_names; the cities by size."""
    return tuple((_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines())


@functools.cache
def phrases(name: str) -> Phrases:
    said = [(short, value) for short, value in _SAID.get(name, {}).items()]
    # "Nice", "Reading": in a sentence mostly another word.
    never = frozenset(entries("cities_like_words")) if name == "cities" else frozenset()
    listed = [(e, e) for e in entries(name) if e.lower() not in never]
    short = [line.split("\t") for line in entries("state_codes")] if name == "states" else []
    return Phrases([*said, *listed, *((code, state) for code, state in short)])


def _find(name: str, text: str) -> Sequence[Match]:
    return phrases(name).find(words_of(text))


def find_cities(text: str, now: datetime.datetime) -> Sequence[Match]:
    return _find("cities", text)


def find_countries(text: str, now: datetime.datetime) -> Sequence[Match]:
    return _find("countries", text)


def find_states(text: str, now: datetime.datetime) -> Sequence[Match]:
    return _find("states", text)


def find_first_names(text: str, now: datetime.datetime) -> Sequence[Match]:
    return _find("first_names", text)


def find_last_names(text: str, now: datetime.datetime) -> Sequence[Match]:
    return _find("last_names", text)


def find_streets(text: str, now: datetime.datetime) -> Sequence[Match]:
    """ "221 Baker Street" -> Baker Street."""
    found = []
    for match in _STREET.finditer(text):
        street = match["street"]
        begin = match.start("street")
        lead = _LEADING.match(street)
        if lead:
            begin, street = begin + lead.end(), street[lead.end() :]
        found.append(Match(begin, begin + len(street), (street,)))
    return found
