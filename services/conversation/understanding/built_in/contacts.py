"""AMAZON.PhoneNumber, AMAZON.EmailAddress and AMAZON.AlphaNumeric."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import regex

from services.conversation.understanding.built_in.match import Match

_DIGIT_WORDS = {
    "zero": "0", "oh": "0", "o": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
    "seven": "7", "eight": "8", "nine": "9",
}  # fmt: skip
_SPOKEN = "|".join(sorted(_DIGIT_WORDS, key=len, reverse=True))
_SAID_DIGIT = rf"(?:\d|\b(?:(?:double|triple)\s+)?(?:{_SPOKEN})\b)"
_PHONE = regex.compile(
    rf"(?<![\w.])(?:\+|plus\s+)?\(?{_SAID_DIGIT}(?:[\s().-]{{0,3}}{_SAID_DIGIT}){{4,14}}(?!\w)", regex.I
)
_PHONE_PIECE = regex.compile(rf"\d|double|triple|{_SPOKEN}", regex.I)
_EMAIL = regex.compile(
    r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}]{2,24}(?!\w)"
)
_SPOKEN_EMAIL = regex.compile(
    r"(?<!\w)((?:[\w+-]+(?:\s+(?:dot|underscore|dash|hyphen)\s+|\.))*[\w+-]+)\s+at\s+((?:[\w-]+(?:\s+dot\s+|\.))+[a-z]{2,24})(?!\w)",
    regex.I,
)
_MARKS = {"dot": ".", "underscore": "_", "dash": "-", "hyphen": "-"}
_CODE = regex.compile(r"(?<![\w-])(?=[\w-]*\d)[\p{L}\p{N}]+(?:-[\p{L}\p{N}]+)*(?![\w-])")
_SPELLED = regex.compile(r"(?<!\w)(?:[\p{L}\p{N}]\s+){2,}[\p{L}\p{N}](?!\w)")


def find_phone_numbers(text: str, now: datetime.datetime) -> Sequence[Match]:
    """Seven to fifteen digits, written or spoken one by one, resolved to the digits."""
    found = []
    for match in _PHONE.finditer(text):
        digits, times = "", 1
        for piece in _PHONE_PIECE.findall(match[0]):
            word = piece.lower()
            if word in ("double", "triple"):
                times = 2 if word == "double" else 3
                continue
            digits += _DIGIT_WORDS.get(word, word) * times
            times = 1
        if 7 <= len(digits) <= 15:
            found.append(Match(match.start(), match.end(), (digits,)))
    return found


def find_email_addresses(text: str, now: datetime.datetime) -> Sequence[Match]:
    """Addresses as written, and as spoken: "ada dot lovelace at example dot org"."""
    found = [Match(m.start(), m.end(), (m[0],)) for m in _EMAIL.finditer(text)]
    if not found:
        for match in _SPOKEN_EMAIL.finditer(text):
            name, host = (_joined(part) for part in match.groups())
            found.append(Match(match.start(), match.end(), (f"{name}@{host}".lower(),)))
    return found


def _joined(part: str) -> str:
    return "".join(_MARKS.get(word.lower(), word) for word in part.split())


def find_codes(text: str, now: datetime.datetime) -> Sequence[Match]:
    """AMAZON.AlphaNumeric: words with a digit ("AB-1234"), letters spelled one by one ("x y z 1"), else nothing."""
    found = [Match(m.start(), m.end(), (regex.sub(r"\s+", "", m[0]),)) for m in _SPELLED.finditer(text)]
    for match in _CODE.finditer(text):
        if not any(f.begin < match.end() and match.start() < f.end for f in found):
            found.append(Match(match.start(), match.end(), (match[0],)))
    return sorted(found, key=lambda m: m.begin)
