"""English numbers as they are said: read from words, as far as they can mean one thing only."""

from __future__ import annotations

from collections.abc import Sequence

ONES = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
}  # fmt: skip
TEENS = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "trillion": 1_000_000_000_000}
ORDINAL_ONES = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
}  # fmt: skip
ORDINAL_TEENS = {
    "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16,
    "seventeenth": 17, "eighteenth": 18, "nineteenth": 19,
}  # fmt: skip
ORDINAL_TENS = {f"{word[:-1]}ieth": value for word, value in TENS.items()}

#: A value, and how many words it took.
Found = tuple[int, int]


def below_hundred(words: Sequence[str], at: int) -> Found | None:
    """One to ninety-nine, in one or two words; "zero" is none."""
    if at >= len(words):
        return None
    word = words[at]
    if word in TENS:
        following = words[at + 1] if at + 1 < len(words) else ""
        if ONES.get(following, 0) > 0:
            return TENS[word] + ONES[following], 2
        return TENS[word], 1
    value = TEENS.get(word, ONES.get(word, 0))
    return (value, 1) if value else None


def _below_thousand(words: Sequence[str], at: int) -> Found | None:
    first = below_hundred(words, at)
    if first is None:
        return None
    value, taken = first
    if value < 10 and at + taken < len(words) and words[at + taken] == "hundred":
        value, taken = value * 100, taken + 1
        step = 1 if at + taken < len(words) and words[at + taken] == "and" else 0
        rest = below_hundred(words, at + taken + step)
        if rest is not None:
            value, taken = value + rest[0], taken + step + rest[1]
    return value, taken


def cardinal(words: Sequence[str], at: int) -> Found | None:
    """The longest cardinal that begins here: "two hundred and five thousand three"."""
    if at < len(words) and words[at] == "zero":
        return 0, 1
    total, taken, smallest = 0, 0, 10**18
    while True:
        step = 1 if taken and total % 1000 == 0 and at + taken < len(words) and words[at + taken] == "and" else 0
        group = _below_thousand(words, at + taken + step)
        if group is None:
            break
        value, length = group
        scale = SCALES.get(words[at + taken + step + length] if at + taken + step + length < len(words) else "", 1)
        if scale >= smallest or (step and (scale > 1 or value >= 100)):
            break
        total += value * scale
        taken += step + length + (scale > 1)
        smallest = scale
        if scale == 1:
            break
    return (total, taken) if taken else None


def year(words: Sequence[str], at: int) -> Found | None:
    """1100 to 2099 said in two halves: "nineteen eighty four", "nineteen oh five", "fifteen hundred"."""
    if at + 1 >= len(words) or words[at] not in (*TEENS, "twenty") or words[at] == "ten":
        return None
    century = TEENS.get(words[at], 20)
    if words[at + 1] == "hundred" and century < 20:
        rest = below_hundred(words, at + 2)
        if rest is None or (at + 2 + rest[1] < len(words) and words[at + 2 + rest[1]] in (*SCALES, "hundred")):
            return century * 100, 2
        return century * 100 + rest[0], 2 + rest[1]
    if words[at + 1] in ("oh", "o") and at + 2 < len(words) and ONES.get(words[at + 2], 0) > 0:
        return century * 100 + ONES[words[at + 2]], 3
    decade = below_hundred(words, at + 1)
    if decade is None or decade[0] < 10:
        return None
    end = at + 1 + decade[1]
    if end < len(words) and words[end] in (*SCALES, "hundred"):
        return None  # "nineteen forty thousand" is no year
    return century * 100 + decade[0], 1 + decade[1]


def ordinal(words: Sequence[str], at: int) -> Found | None:
    """ "twenty first", "hundred" and more before it: "one hundred and fifth"."""
    word = words[at]
    last = {**ORDINAL_ONES, **ORDINAL_TEENS, **ORDINAL_TENS}
    if word in last:
        return last[word], 1
    if word in TENS and at + 1 < len(words) and words[at + 1] in ORDINAL_ONES:
        return TENS[word] + ORDINAL_ONES[words[at + 1]], 2
    if ONES.get(word, 0) > 0 and at + 1 < len(words) and words[at + 1] == "hundred":
        step = 1 if at + 2 < len(words) and words[at + 2] == "and" else 0
        rest = ordinal(words, at + 2 + step) if at + 2 + step < len(words) else None
        if rest is not None and rest[0] < 100:
            return ONES[word] * 100 + rest[0], 2 + step + rest[1]
    return None


def digits(words: Sequence[str], at: int) -> tuple[str, int]:
    """Digits said one by one; "oh" is a zero between others."""
    found = ""
    end = at
    while end < len(words):
        if words[end] in ONES:
            found += str(ONES[words[end]])
        elif words[end] in ("oh", "o") and found and (end + 1 < len(words) and words[end + 1] in (*ONES, "oh", "o")):
            found += "0"
        else:
            break
        end += 1
    # The next word may make a number of the last digit: "three five hundred".
    if found and end < len(words) and words[end] in ("hundred", *SCALES):
        return found[:-1], end - at - 1
    return found, end - at


def ordinal_text(value: int) -> str:
    """ "21st"."""
    if value % 100 in (11, 12, 13):
        return f"{value}th"
    return f"{value}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(value % 10, 'th') }"
