"""Dates and quantities in English text, by rules.

A date is anything that places something in time: calendar dates, weekdays, years, times of day, spans like ``two weeks
ago``. A quantity is a number with what it counts or measures. A score is the rule's precision (``rule_precision.py``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.language import rule_precision
from services.language.tasks import TextSpan

_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December|"
    r"Jan\.?|Feb\.?|Mar\.?|Apr\.?|Jun\.?|Jul\.?|Aug\.?|Sept?\.?|Oct\.?|Nov\.?|Dec\.?)"
)
_WEEKDAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_YEAR = r"(?:1[5-9]\d\d|20\d\d|2100)"
_UNIT_OF_TIME = (
    r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centuries|century|"
    r"weekends?|nights?|mornings?|quarters?)"
)
_SMALL = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|"
    r"fifteen|sixteen|seventeen|eighteen|nineteen)"
)
_TENS = r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
_WORDS = rf"(?:{_TENS}(?:[- ]{_SMALL})?|{_SMALL}|a hundred|a thousand|a million|dozens|hundreds|thousands|millions)"
_SCALE = r"(?: (?:hundred|thousand|million|billion|trillion|dozen))"
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_NUMBER = rf"(?:(?:{_DIGITS})(?:{_SCALE})?|{_WORDS}(?:{_SCALE}){{0,2}})"
_START = r"(?<![\w.,/:-])"
_STOP = r"(?![\w/]|[.,:]\d)"

_DATES: tuple[re.Pattern[str], ...] = tuple(
    re.compile(rf"{_START}(?:{pattern})(?!\w)", flags)
    for pattern, flags in (
        (rf"(?:{_WEEKDAY},? )?(?:the )?{_DAY}(?: of)? {_MONTH}(?:,? {_YEAR})?", 0),
        (rf"(?:{_WEEKDAY},? )?{_MONTH} {_DAY}(?!:?\d)(?:,? {_YEAR})?", 0),
        (rf"{_MONTH},? {_YEAR}", 0),
        (r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:[T ]\d\d:\d\d(?::\d\d)?)?", 0),
        (r"(?:0?[1-9]|[12]\d|3[01])[./-](?:0?[1-9]|[12]\d|3[01])[./-](?:(?:19|20)\d\d|\d\d)", 0),
        (rf"(?:(?i:next|last|this|every|early|late) )?{_WEEKDAY}(?: (?:morning|afternoon|evening|night))?", 0),
        (
            (
                r"(?:next|last|this|past|previous|coming) (?:week|month|year|summer|winter|spring|fall|"
                r"autumn|weekend|night|century|decade|quarter)"
            ),
            re.I,
        ),
        (r"(?:early |late )?(?:yesterday|today|tomorrow|tonight)(?: (?:morning|afternoon|evening|night))?", re.I),
        (r"(?:the (?:early |late |mid-?)?|mid-?)?(?:1[5-9]|20)\d0['\u2019]?s", re.I),
        (
            (
                rf"(?:early |late |the year )?{_YEAR}(?= ?[,;.)\]]|\s|$)(?! (?:people|dollars|times|"
                rf"percent|miles|km|points|votes|men|women))"
            ),
            0,
        ),
        (rf"(?:{_NUMBER}|a|an|a few|several|many) {_UNIT_OF_TIME} (?:ago|later|earlier|before|from now)", re.I),
        (r"(?:0?\d|1\d|2[0-3])(?::[0-5]\d){1,2}(?: ?[ap]\.?m\.?)?|(?:0?[1-9]|1[0-2]) ?(?:[ap]\.m\.|[ap]m)", re.I),
        (_MONTH.replace("|May|", "|").replace("|March|", "|"), 0),
        (r"the (?:1\d|2[01]|\d)(?:st|nd|rd|th) century", re.I),
        (
            (
                r"(?:Christmas(?: Eve| Day)?|Easter(?: Sunday| Monday)?|Thanksgiving|Halloween|"
                r"New Year's(?: Eve| Day)?|Labor Day|Memorial Day|Ramadan)"
            ),
            0,
        ),
    )
)

_UNIT = (
    r"(?:percent|per cent|%|dollars?|cents?|euros?|pounds?|yen|rupees?|bucks|USD|EUR|GBP|miles?|kilomet(?:er|re)s?|"
    r"met(?:er|re)s?|cm|mm|km|feet|foot|ft|inch(?:es)?|"
    r"yards?|acres?|hectares?|square [a-z]+|degrees?|kg|kilograms?|kilos?|grams?|g|mg|"
    r"tons?|tonnes?|lbs?|ounces?|oz|lit(?:er|re)s?|gallons?|ml|mph|km/h|kph|hz|khz|mhz|ghz|kb|mb|gb|tb|bytes?|watts?|kw|mw|volts?|"
    r"times|people|men|women|children|copies|votes|points|pages|goals|seats|students|employees|members|"
    + _UNIT_OF_TIME[3:]
)
_QUANTITIES: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"(?<![\w.,])[$\u20ac\u00a3\u00a5\u20b9] ?(?:{_DIGITS})(?:{_SCALE}|[kmb](?!\w))?{_STOP}",
        rf"(?<![\w.,-])(?:{_DIGITS}) ?(?:%|\u00b0 ?[CF]?|[$\u20ac\u00a3])(?!\w)",
        (
            rf"{_START}(?:(?:about|around|over|nearly|almost|at least|more than|less than|up to|"
            rf"approximately|some) )?{_NUMBER}[ -]{_UNIT}(?:[ -]old)?(?!\w)"
        ),
        (
            rf"{_START}(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|\d+(?:st|nd|"
            rf"rd|th))(?![\w-])"
        ),
        rf"{_START}{_NUMBER}{_STOP}",
    )
)


#: Every rule: its kind, its name, its pattern.
RULES: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (kind, f"{kind}-{number}", pattern)
    for kind, patterns in (("DATE", _DATES), ("QUANTITY", _QUANTITIES))
    for number, pattern in enumerate(patterns, 1)
)
#: The rules of dates that a calendar shows (day, month, year in any order), by name.
CALENDAR = frozenset(f"DATE-{number}" for number in range(1, 6))


@dataclass(frozen=True, slots=True)
class Match:
    """A stretch [begin, end) of the text, its kind (DATE or QUANTITY), and the rule that found it."""

    begin: int
    end: int
    kind: str
    rule: str


def find(text: str) -> list[Match]:
    """Dates and quantities in order, not overlapping; a date wins over the quantity that it contains."""
    found = [Match(*m.span(), kind, rule) for kind, rule, pattern in RULES for m in pattern.finditer(text)]
    # Longest first among those that begin together; a date before a quantity of the same stretch.
    found.sort(key=lambda m: (m.begin, -m.end, m.kind))
    kept: list[Match] = []
    for match in found:
        if not kept or match.begin >= kept[-1].end:
            kept.append(match)
    return kept


def dates_and_quantities(text: str) -> list[TextSpan]:
    """What ``find`` finds, with the precision of each rule as its score."""
    return [TextSpan(m.begin, m.end, m.kind, rule_precision.score(m.rule)) for m in find(text)]
