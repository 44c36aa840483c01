"""Numbers, money, times and addresses as they are written (inverse text normalisation), where speech is unambiguous.

"fourteen sixty five" is 1465, "five thirty p m" 5:30 PM, "info at example dot com" info@example.com. What may mean two
things stays in words: "one" to "nine" on their own, "second", "a hundred", pounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from services.transcription.spoken_numbers import (
    ONES,
    ORDINAL_ONES,
    SCALES,
    TENS,
    below_hundred,
    cardinal,
    digits,
    ordinal,
    ordinal_text,
    year,
)
from services.transcription.tasks import Word

#: What is written, and how many words it stands for.
Written = tuple[str, int]
Rule = Callable[[Sequence[str], int], Written | None]

_DOMAINS = frozenset({"com", "org", "net", "edu", "gov", "io"})
_MONTHS = frozenset(
    {"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
     "december"}
)  # fmt: skip
#: Months that are words as well: "may first" may be a verb.
_AMBIGUOUS_MONTHS = frozenset({"may", "march"})
_AFTERNOON = {"pm": "PM", "p.m.": "PM", "am": "AM", "a.m.": "AM"}


def written_form(
    words: Sequence[Word], marks: Sequence[str], texts: Sequence[str], language: str
) -> Iterator[tuple[Word, str]]:
    """Words as written, each with the mark after it.

    ``marks`` and ``texts`` are as many as the words: the mark after each, and how it is written if no rule applies.
    A written item spans its words; its confidence is the smallest of theirs. No rule goes across a mark.
    """
    said = [word.text for word in words]
    at = 0
    while at < len(words):
        end = at
        while end < len(words) - 1 and not marks[end]:
            end += 1
        # A rule sees the words up to the next mark only, and one word before as "said[at - 1]" by its position.
        match = _first_match(said[: end + 1], at) if language == "en" else None
        text, taken = match or (texts[at], 1)
        group = words[at : at + taken]
        confidence = min(word.confidence for word in group)
        yield Word(text, group[0].start, group[-1].end, confidence), marks[at + taken - 1]
        at += taken


def _first_match(words: Sequence[str], at: int) -> Written | None:
    for rule in _RULES:
        found = rule(words, at)
        if found is not None:
            return found
    return None


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if 0 <= at < len(words) else ""


def _address(words: Sequence[str], at: int) -> Written | None:
    """E-mail addresses and host names: "jane dot doe at example dot com", "example dot org"."""
    name, end = _dotted(words, at)
    if name is None:
        return None
    if _word(words, end) == "at":
        host, last = _dotted(words, end + 1)
        if host is not None and host.rsplit(".", 1)[-1] in _DOMAINS and "." in host:
            return f"{name}@{host}", last - at
    if "." in name and name.rsplit(".", 1)[-1] in _DOMAINS:
        return name, end - at
    return None


def _dotted(words: Sequence[str], at: int) -> tuple[str | None, int]:
    """Words joined by "dot"; the parts are words of letters, or spelt digits."""
    parts: list[str] = []
    while _word(words, at).isalnum() and _word(words, at) not in ("at", "dot"):
        parts.append(words[at])
        at += 1
        if _word(words, at) != "dot" or not _word(words, at + 1).isalnum():
            break
        if parts[-1] in _DOMAINS:  # "example dot com dot", a sentence that goes on
            break
        at += 1
    return (".".join(parts) if parts else None), at


def _time(words: Sequence[str], at: int) -> Written | None:
    """ "five thirty p m", "ten oh five am", "five o'clock"."""
    hour = below_hundred(words, at)
    if hour is None or not 1 <= hour[0] <= 12 or hour[1] != 1:
        return None
    after = at + 1
    if _word(words, after) == "o'clock":
        return f"{hour[0]} o'clock", 2
    minutes = ""
    if _word(words, after) in ("oh", "o") and ONES.get(_word(words, after + 1), 0) > 0:
        minutes, after = f":0{ONES[words[after + 1]]}", after + 2
    elif (found := below_hundred(words, after)) is not None and 10 <= found[0] <= 59:
        minutes, after = f":{found[0]}", after + found[1]
    half = _AFTERNOON.get(_word(words, after))
    if half is not None:
        return f"{hour[0]}{minutes} {half}", after + 1 - at
    if _word(words, after) in ("a", "p") and _word(words, after + 1) == "m":
        return f"{hour[0]}{minutes} {words[after].upper()}M", after + 2 - at
    return None


def _number(words: Sequence[str], at: int) -> tuple[str, int] | None:
    """A cardinal with its decimals: "three point one four"; large round ones keep their last word: "5 million"."""
    found = cardinal(words, at)
    if found is None:
        return None
    value, taken = found
    if _word(words, at + taken) == "point":
        decimals, length = "", 0
        while (said := _word(words, at + taken + 1 + length)) in ONES:
            decimals, length = decimals + str(ONES[said]), length + 1
        if decimals:
            scale = _word(words, at + taken + 1 + length)
            end = f" {scale}" if scale in SCALES else ""
            return f"{value}.{decimals}{end}", taken + 1 + length + bool(end)
    for scale in ("trillion", "billion", "million"):
        if value % SCALES[scale] == 0 and 0 < value // SCALES[scale] < 1000:
            return f"{value // SCALES[scale]} {scale}", taken
    return (f"{value:,}" if value >= 10_000 else str(value)), taken


def _money(words: Sequence[str], at: int) -> Written | None:
    """ "twenty five dollars and fifty cents", "three point five million euros"."""
    found = _number(words, at)
    if found is None:
        return None
    text, taken = found
    unit = _word(words, at + taken)
    sign = {"dollar": "$", "dollars": "$", "euro": "€", "euros": "€"}.get(unit)
    if sign is None:
        return None
    taken += 1
    step = 1 if _word(words, at + taken) == "and" else 0
    cents = below_hundred(words, at + taken + step)
    if cents is not None and _word(words, at + taken + step + cents[1]) in ("cent", "cents") and text.isdigit():
        return f"{sign}{text}.{cents[0]:02d}", taken + step + cents[1] + 1
    return f"{sign}{text}", taken


def _percent(words: Sequence[str], at: int) -> Written | None:
    found = _number(words, at)
    if found is None or "million" in found[0]:
        return None
    text, taken = found
    if _word(words, at + taken) == "percent":
        return f"{text}%", taken + 1
    if _word(words, at + taken) == "per" and _word(words, at + taken + 1) == "cent":
        return f"{text}%", taken + 2
    return None


def _digits(words: Sequence[str], at: int) -> Written | None:
    """Three digits and more said one by one; telephone numbers of North America with their hyphens."""
    found, taken = digits(words, at)
    if len(found) < 3:
        return None
    if len(found) == 7:
        return f"{found[:3]}-{found[3:]}", taken
    if len(found) == 10:
        return f"{found[:3]}-{found[3:6]}-{found[6:]}", taken
    if len(found) == 11 and found[0] == "1":
        return f"1-{found[1:4]}-{found[4:7]}-{found[7:]}", taken
    return found, taken


def _year(words: Sequence[str], at: int) -> Written | None:
    found = year(words, at)
    return None if found is None else (str(found[0]), found[1])


def _ordinal(words: Sequence[str], at: int) -> Written | None:
    """From "tenth" on; smaller ones in dates only: "july fourth"."""
    found = ordinal(words, at)
    if found is None:
        return None
    value, taken = found
    month = _word(words, at - 1)
    in_date = month in _MONTHS and value <= 31 and (month not in _AMBIGUOUS_MONTHS or value > 2)
    if value < 10 and not in_date:
        return None
    # "twenty second delay": a second may be a length of time.
    if taken == 2 and words[at] in TENS and words[at + 1] == "second" and not in_date:
        return None
    return ordinal_text(value), taken


def _cardinal(words: Sequence[str], at: int) -> Written | None:
    """Ten and more. A number that an ordinal goes on with is left to the ordinal."""
    found = _number(words, at)
    if found is None:
        return None
    text, taken = found
    if len(text) == 1:
        return None
    # "twenty three five" is a list of numbers, or a price; nobody knows.
    after = _word(words, at + taken)
    if after in (*ONES, *TENS, *ORDINAL_ONES) and after not in ("first", "second", "third"):
        return None
    return text, taken


_RULES: tuple[Rule, ...] = (_address, _time, _money, _percent, _digits, _year, _ordinal, _cardinal)
