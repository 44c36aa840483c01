"""AMAZON.Time: times of day as HH:MM, parts of the day as MO, AF, EV, NI.

An hour that may be before or after noon ("half past three") has both as candidates: first the one that comes next.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import regex

from services.conversation.understanding.built_in.match import Match
from services.conversation.understanding.built_in.numbers import NUMBER, value_of

_HOUR_WORDS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_HOUR = rf"(?:2[0-4]|1\d|0?\d|{_HOUR_WORDS})"
_DIGIT = "one|two|three|four|five|six|seven|eight|nine"
_MINUTE_WORDS = (
    rf"(?:oh|o)\s+(?:{_DIGIT})|(?:twenty|thirty|forty|fifty)(?:[\s-]+(?:{_DIGIT}))?|"
    r"ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
)
_HALF = (
    r"(?:\s*(?P<half>a\.?\s?m\b\.?|p\.?\s?m\b\.?|"
    r"(?:o'?\s?clock\s+)?(?:in\s+the\s+(?:morning|afternoon|evening)|at\s+night)))"
)
_CLOCK = regex.compile(
    rf"(?<![\w:.,-])(?:"
    rf"(?P<to>(?P<amount>quarter|a\s+quarter|half|{NUMBER})(?:\s+minutes?)?\s+(?P<which>past|after|to|before|till|until)\s+(?P<hour1>{_HOUR}))"
    rf"|(?P<hour2>{_HOUR})[:.h](?P<minute2>[0-5]\d)(?::[0-5]\d)?"
    rf"|(?P<hour3>{_HOUR})\s+(?P<minute3>{_MINUTE_WORDS}|[0-5]\d)(?=\s*(?:[ap]\.?\s?m\b|in\s+the|at\s+night|\W*$))"
    rf"|(?P<hour4>{_HOUR})(?:\s*(?P<oclock>o'?\s?clock))?"
    rf"){_HALF}?(?![\w:]|[.,]\d)",
    regex.I,
)
_PARTS = regex.compile(
    r"(?<!\w)(?P<noon>noon|midday)(?!\w)|(?<!\w)(?P<midnight>midnight)(?!\w)|(?<!\w)(?P<now>(?:right\s+)?now|immediately)(?!\w)"
    r"|(?<!\w)(?:in\s+the\s+|this\s+|the\s+|at\s+)?(?P<part>morning|afternoon|evening|night|tonight)(?!\w)",
    regex.I,
)
_NAMES = {"morning": "MO", "afternoon": "AF", "evening": "EV", "night": "NI", "tonight": "NI"}
_AT = regex.compile(r"(?:at|by|around|about|from|till|until|for)\s+$|^\W*$|^\W*(?:uh|um|er|maybe)\W+$", regex.I)


def _number(phrase: str) -> int | None:
    value = value_of(regex.sub(r"^(?:oh|o)\s+", "", phrase, flags=regex.I))
    return None if value is None or value != int(value) else int(value)


def _candidates(hour: int, minute: int, half: str, now: datetime.datetime) -> tuple[str, ...]:
    """The readings of a clock time, the likeliest first."""
    if not 0 <= hour <= 24 or not 0 <= minute < 60:
        return ()
    half = half.lower().replace(".", "").replace(" ", "")
    if half:
        late = half.startswith("p") or "afternoon" in half or "evening" in half or ("night" in half and 5 <= hour < 12)
        if 1 <= hour <= 12:
            hour = hour % 12 + (12 if late else 0)
        return (f"{hour % 24:02}:{minute:02}",)
    if hour == 0 or hour > 12:
        return (f"{hour % 24:02}:{minute:02}",)
    early, late_hour = hour % 12, hour % 12 + 12
    readings = [datetime.time(early, minute), datetime.time(late_hour, minute)]
    readings.sort(key=lambda t: (t <= now.time(), t))
    return tuple(t.strftime("%H:%M") for t in readings)


def find_times(text: str, now: datetime.datetime) -> Sequence[Match]:
    found = []
    for match in _CLOCK.finditer(text):
        hour_words = match["hour1"] or match["hour2"] or match["hour3"] or match["hour4"]
        hour = _number(hour_words)
        minute: int | None = 0
        if match["to"]:
            amount = match["amount"].lower()
            minute = 15 if "quarter" in amount else 30 if amount == "half" else _number(amount)
            if minute is not None and hour is not None and match["which"].lower() in ("to", "before", "till", "until"):
                minute, hour = 60 - minute, (hour - 1) % 24 or (12 if hour <= 13 else 0)
        elif match["minute2"] or match["minute3"]:
            minute = _number(match["minute2"] or match["minute3"])
        elif not (match["half"] or match["oclock"] or _AT.search(text[: match.start()])):
            continue  # a bare number is a time only where a time is expected
        if hour is None or minute is None:
            continue
        padded = hour_words[0] == "0" and hour_words.isdigit()
        readings = (
            (f"{hour:02}:{minute:02}",)
            if padded and not match["half"] and minute < 60
            else _candidates(hour, minute, match["half"] or "", now)
        )
        if readings:
            found.append(Match(match.start(), match.end(), readings))
    for match in _PARTS.finditer(text):
        if any(f.begin < match.end() and match.start() < f.end for f in found):
            continue
        if match["noon"]:
            value = "12:00"
        elif match["midnight"]:
            value = "00:00"
        elif match["now"]:
            value = now.strftime("%H:%M")
        else:
            value = _NAMES[match["part"].lower()]
        found.append(Match(match.start(), match.end(), (value,)))
    # A clock time says more than a part of the day.
    return sorted(found, key=lambda m: (":" not in m.resolved[0], m.begin))
