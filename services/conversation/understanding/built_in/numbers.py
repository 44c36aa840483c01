"""AMAZON.Number and AMAZON.Percentage: digits and number words ("twenty five", "one point five million")."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal

import regex

from services.conversation.understanding.built_in.match import Match

UNITS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}

_ONE = "|".join(sorted(UNITS, key=len, reverse=True))
_TEN = "|".join(sorted(TENS, key=len, reverse=True))
_SCALE = "|".join(SCALES)
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_WORD = rf"(?:(?:{_TEN})(?:[\s-]+(?:{_ONE}))?|{_ONE})"
#: A number in words or digits. Groups are not captured.
NUMBER = (
    rf"(?:(?:{_DIGITS})(?:\s*(?:{_SCALE}|k)\b)?"
    rf"|(?:(?:an?\s+(?:{_SCALE})|half\s+a\s+dozen|{_WORD})(?:(?:\s+and)?[\s-]+(?:{_WORD}|{_SCALE}))*+(?:\s+point(?:\s+(?:{_ONE}|\d+))+)?))"
)
_FREE = regex.compile(rf"(?<![\w.,$-])(?:(minus|negative)\s+|(-))?({NUMBER})(?![\w])", regex.I)
_PERCENT = regex.compile(
    rf"(?<![\w.,-])(?:(minus|negative)\s+|(-))?({NUMBER})\s*(?:%|percent\b|per\s+cent\b|pct\b)", regex.I
)
_PIECE = regex.compile(rf"{_DIGITS}|[a-z]+", regex.I)


def value_of(phrase: str) -> Decimal | None:
    """The number that a phrase of ``NUMBER`` says; None for words that are no number together ("five twenty six")."""
    if regex.fullmatch(r"half\s+a\s+dozen", phrase.strip(), regex.I):
        return Decimal(6)
    words = [w.lower() for w in _PIECE.findall(phrase)]
    fraction = ""
    if "point" in words:
        at = words.index("point")
        fraction = "".join(w if w.isdigit() else str(UNITS.get(w, "")) for w in words[at + 1 :])
        words = words[:at]
    total, group = Decimal(0), Decimal(0)
    last = "start"  # what stood before: decides what may follow
    for word in words:
        if word == "and":
            continue
        if word in ("a", "an"):
            group, last = Decimal(1), "unit"
        elif word[0].isdigit() or word[0] == ".":
            if last not in ("start", "big"):
                return None
            group, last = Decimal(word.replace(",", "")), "digits"
        elif word in UNITS:
            if last == "unit" or last == "digits" or (last == "ten" and not 0 < UNITS[word] < 10):
                return None
            group, last = group + UNITS[word], "unit"
        elif word in TENS:
            if last not in ("start", "hundred", "big"):
                return _year(words)
            group, last = group + TENS[word], "ten"
        elif word in SCALES or word == "k":
            scale = SCALES.get(word, 1000)
            if last == "start":
                return None
            if scale <= 100:
                group, last = group * scale, "hundred"
            else:
                total, group, last = total + group * scale, Decimal(0), "big"
        else:
            return None
    result = total + group
    return result + Decimal(f"0.{fraction}") if fraction else result


def _year(words: Sequence[str]) -> Decimal | None:
    """ "nineteen ninety nine", "twenty twenty six": two numbers below a hundred, side by side."""
    for cut in (1, 2):
        first, second = _below_hundred(words[:cut]), _below_hundred(words[cut:])
        if first is not None and second is not None and first >= 10 and second >= 10:
            return Decimal(first * 100 + second)
    return None


def _below_hundred(words: Sequence[str]) -> int | None:
    if len(words) == 1:
        return UNITS.get(words[0], TENS.get(words[0]))
    if len(words) == 2 and words[0] in TENS and 0 < UNITS.get(words[1], 0) < 10:
        return TENS[words[0]] + UNITS[words[1]]
    return None


def written(number: Decimal) -> str:
    """Digits without an exponent or needless zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _find(pattern: regex.Pattern[str], text: str) -> list[Match]:
    found = []
    for match in pattern.finditer(text):
        value = value_of(match[3])
        if value is not None:
            sign = "-" if (match[1] or match[2]) and value else ""
            found.append(Match(match.start(), match.end(), (sign + written(value),)))
    return found


def find_numbers(text: str, now: datetime.datetime) -> Sequence[Match]:
    return _find(_FREE, text)


def find_percentages(text: str, now: datetime.datetime) -> Sequence[Match]:
    """ "fifty percent" -> 50; a bare number counts as well, after those with a sign."""
    return _find(_PERCENT, text) or _find(_FREE, text)
