"""The language of doses: amounts, frequencies, routes, forms and durations, by a grammar of regular expressions.

The abbreviations are those of prescriptions ("1 tab PO BID x 10d"), here in small letters, as is what they are matched
with. All patterns are linear: no nested repetition.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.language.medical.lexicon import small_letters

_NUMBER = r"(?:\d{1,6}(?:,\d{3})?(?:\.\d{1,4})?(?:\s?/\s?\d{1,4}(?:\.\d{1,4})?)?)"
_WORD_NUMBER = r"(?:one half|half|one|two|three|four|five|six|seven|eight|nine|ten|an?)"
_COUNT = rf"(?:{_NUMBER}(?:\s?(?:-|to|and)\s?{_NUMBER})?|{_WORD_NUMBER}(?:\s(?:to|or)\s{_WORD_NUMBER})?)"
_MASS = (
    r"(?:mg|mgs|milligrams?|mcg|micrograms?|[\u00b5\u03bc]g|ug|g|gm|gms|grams?|kg|units?|iu|meq|mmol|mm|%|percent)"
    r"(?:\s?/\s?(?:kg|ml|l|dose|actuation|puff|spray|\d{0,3}\s?ml))?"
)
_VOLUME = r"(?:ml|mls|cc|milliliters?|l|liters?|oz|tsp|teaspoons?|teaspoonfuls?|tbsp|tablespoons?|drops?|gtts?)"
_COUNTED = (
    r"(?:tablets?|tabs?|capsules?|caps?|pills?|puffs?|sprays?|patch(?:es)?|suppositor(?:y|ies)|lozenges?|packets?|"
    r"inhalations?|vials?|ampules?|doses?|applications?|applicatorfuls?|nebs?|scoops?)"
)
_FORM_ALONE = (
    r"(?:tablets?|tabs?|capsules?|caps?|pills?|oral solution|solution|suspension|syrup|elixir|cream|ointment|"
    r"lotion|gel|foam|patch(?:es)?|inhaler|nasal spray|spray|eye drops|ear drops|drops|suppositor(?:y|ies)|powder|"
    r"injection|nebulizer solution|lozenges?|shampoo|xr|er|sr|xl|cr|dr|ec|extended[ -]release|delayed[ -]release|"
    r"enteric[ -]coated)"
)
_TIME = r"(?:hours?|hrs?|hr|h|minutes?|mins?|days?|d|weeks?|wks?|wk|months?|mos?|years?)"
_PERIOD = r"(?:day|daily|week|weekly|month|hour|night|year)"
_MEAL = r"(?:meals?|food|breakfast|lunch|dinner|supper|each meal|bedtime|sleep|exercise)"
_DAYS = (
    r"(?:mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?|mon|tue|wed|thu|fri|sat|sun|mwf|tts)"
)
_TIMES = r"(?:once|twice|thrice|one time|two times|three times|four times|five times|\d{1,2}\s?(?:times|x))"
_WHEN = (
    rf"(?:(?:{_TIMES}\s)?(?:daily|nightly|weekly|monthly|hourly)|{_TIMES}\s(?:a|per|each|every)\s{_PERIOD}|"
    rf"(?:every|each)\s(?:other\s)?(?:{_COUNT}\s?{_TIME}|day|night|morning|evening|afternoon|week|month|hour|bedtime|"
    rf"{_DAYS}|meal)|"
    r"b\.i\.d\.|bid|t\.i\.d\.|tid|q\.i\.d\.|qid|q\.h\.s\.|qhs|q\.o\.d\.|qod|q\.d\.|qd|"
    r"q\s?\d{1,2}(?:\s?-\s?\d{1,2})?\s?(?:h|hr|hrs|hours?|d|days|weeks?|wk|min)?|"
    r"q\.?\s?(?:am|pm|day|night|week|month|hour|evening|morning|weekly|daily|ac|pc)|qam|qpm|qweek|qac|hs|"
    rf"at\s(?:bedtime|night|noon|{_MEAL})|(?:in|with)\sthe\s(?:morning|evening|afternoon)|"
    rf"(?:before|after|with)\s(?:each\s)?{_MEAL}|on\s{_DAYS}|{_DAYS}|once|stat|now)"
)
_NEEDED = r"(?:as needed|as required|when needed|if needed|p\.r\.n\.|prn)"
_ROUTE = (
    r"(?:p\.o\.|po|by mouth|orally|oral|(?:i\.v\.|iv)(?:\s?(?:push|drip|bolus|infusion))?|intravenous(?:ly)?|"
    r"i\.m\.|im|intramuscular(?:ly)?|s\.c\.|sc|s\.q\.|sq|sub\s?-?\s?q|subcut|subcutaneous(?:ly)?|s\.l\.|sl|"
    r"sublingual(?:ly)?|"
    r"under the tongue|p\.r\.|pr|per rectum|rectally|vaginally|topical(?:ly)?|transdermal(?:ly)?|inhaled|inh|"
    r"by inhalation|via nebulizer|nebulized|intranasal(?:ly)?|via g-?tube|by injection|ophthalmic|otic|"
    r"o\.[dsu]\.|o[dsu]|"
    r"in(?:to)? (?:each|both|the (?:right|left|affected)) (?:nostrils?|eyes?|ears?)|"
    r"(?:each|both) (?:nostrils?|eyes?|ears?))"
)
_END = r"(?![\w])"
#: Characters between an amount and its form, and between two words of one dose.
_CLOSE, _BESIDE = 12, 3


@dataclass(frozen=True, slots=True)
class DoseWord:
    """A stretch [begin, end) of a text that says how a drug is taken, in Comprehend Medical's types."""

    begin: int
    end: int
    type: str


def _pattern(expression: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.])(?:{expression}){_END}")


_RATE = _pattern(
    rf"{_NUMBER}\s?(?:{_MASS}|{_VOLUME}|l)\s?(?:/|per|an)\s?(?:hours?|hr|h|minutes?|min|kg/min|kg/hr)|{_NUMBER}\s?lpm"
)
_DURATION = _pattern(
    rf"(?:for|x|times)\s?(?:the next |another |a total of )?{_COUNT}\s?(?:more\s)?{_TIME}|{_NUMBER}[ -]day course"
)
_STRENGTH = re.compile(rf"(?<![\w.]){_COUNT}\s?-?\s?{_MASS}(?![\w%])")
_COUNTED_DOSE = _pattern(rf"{_COUNT}\s?-?\s?(?:{_COUNTED}|{_VOLUME})|sliding scale")
_FREQUENCY = _pattern(rf"(?:{_WHEN}(?:\s(?:and|or)\s{_WHEN})?)(?:,?\s{_NEEDED})?|{_NEEDED}")
_ROUTES = _pattern(_ROUTE)
_FORMS = _pattern(_FORM_ALONE)
#: In order: what an earlier one takes, a later one leaves.
_ORDER = (
    ("RATE", _RATE),
    ("DURATION", _DURATION),
    ("AMOUNT", _STRENGTH),
    ("DOSAGE", _COUNTED_DOSE),
    ("ROUTE_OR_MODE", _ROUTES),
    ("FREQUENCY", _FREQUENCY),
    ("FORM", _FORMS),
)
#: Short words that say how a drug is taken only beside other words of a dose.
_NEEDS_COMPANY = re.compile(
    r"(?:an?|once|now|stat|oral|hs|pr|od|os|ou|er|sr|cr|dr|ec|im|solution|powder|gel|foam|\w+days?|"
    r"mon|tue|wed|thu|fri|sat|sun)$"
)


def find(text: str) -> list[DoseWord]:
    """The words of doses in a text, in order, not overlapping.

    An amount of substance is the STRENGTH of a form when a count or a form follows it ("500 mg, 2 tablets"), else it is
    the DOSAGE ("500 mg PO").
    """
    text = small_letters(text)
    taken = bytearray(len(text))
    words: list[DoseWord] = []
    for kind, pattern in _ORDER:
        for match in pattern.finditer(text):
            begin, end = match.span()
            if b"\x01" not in taken[begin:end]:
                taken[begin:end] = b"\x01" * (end - begin)
                words.append(DoseWord(begin, end, kind))
    words.sort(key=lambda word: word.begin)
    return [word for place, word in enumerate(_amounts_named(text, words)) if _in_company(text, place, word, words)]


def _amounts_named(text: str, words: list[DoseWord]) -> Iterator[DoseWord]:
    for word, following in itertools.zip_longest(words, words[1:]):
        if word.type != "AMOUNT":
            yield word
            continue
        of_a_form = (
            following is not None
            and following.type in ("DOSAGE", "FORM")
            and following.begin - word.end <= _CLOSE
            and "\n" not in text[word.end : following.begin]
        )
        yield DoseWord(word.begin, word.end, "STRENGTH" if of_a_form else "DOSAGE")


def _in_company(text: str, place: int, word: DoseWord, words: list[DoseWord]) -> bool:
    """Whether word number ``place`` says by itself or with its neighbours how a drug is taken."""
    if not _NEEDS_COMPANY.match(text[word.begin : word.end]):
        return True
    # They do not overlap: only so many fit into the few characters on either side.
    neighbours = words[max(0, place - _BESIDE - 1) : place + _BESIDE + 2]
    return any(
        other.type != word.type and min(abs(other.begin - word.end), abs(word.begin - other.end)) <= _BESIDE
        for other in neighbours
    )
