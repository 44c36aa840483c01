"""AMAZON.Duration: lengths of time as ISO 8601 ("ten minutes" -> PT10M, "an hour and a half" -> PT1H30M)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal

import regex

from services.conversation.understanding.built_in.match import Match
from services.conversation.understanding.built_in.numbers import NUMBER, value_of, written

_UNITS = {
    "second": "S", "sec": "S", "minute": "M", "min": "M", "hour": "H", "hr": "H", "day": "D", "night": "D", "week": "W",
    "fortnight": "2W", "month": "MO", "year": "Y", "decade": "10Y",
}  # fmt: skip
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_ONE = (
    rf"(?:(?P<half>half\s+(?:an?\s+)?)|(?P<number>{NUMBER})(?P<plushalf>\s+and\s+a\s+half)?[\s-]*|"
    rf"(?P<few>a\s+couple\s+(?:of\s+)?)|(?P<quarter>(?:a\s+)?quarter\s+of\s+an\s+)|an?\s+)"
    rf"(?P<unit>{_UNIT})s?(?P<ahalf>\s+and\s+a\s+half)?"
)
_PART = regex.compile(_ONE, regex.I)
_PLAIN = regex.sub(r"\?P<\w+>", "?:", _ONE)
_WHOLE = regex.compile(rf"(?<![\w.,-])(?:{_PLAIN})(?:,?\s+(?:and\s+)?(?:{_PLAIN}))*(?!\w)", regex.I)
_ISO = regex.compile(r"(?<!\w)P(?=\d|T\d)(?:\d+Y)?(?:\d+M)?(?:\d+W)?(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+S)?)?(?!\w)")
_SMALLER = {"H": ("M", 60), "M": ("S", 60), "D": ("H", 24), "W": ("D", 7), "Y": ("MO", 12)}
_ORDER = ("Y", "MO", "W", "D", "H", "M", "S")


def _parts(phrase: str) -> dict[str, Decimal] | None:
    total: dict[str, Decimal] = {}
    for match in _PART.finditer(phrase):
        if match["half"]:
            number: Decimal | None = Decimal("0.5")
        elif match["quarter"]:
            number = Decimal("0.25")
        elif match["few"]:
            number = Decimal(2)
        elif match["number"]:
            number = value_of(match["number"])
        else:
            number = Decimal(1)
        if number is None:
            return None
        if match["plushalf"] or match["ahalf"]:
            number += Decimal("0.5")
        unit = _UNITS[match["unit"].lower()]
        if unit[0].isdigit():
            factor = regex.match(r"\d+", unit)
            assert factor is not None
            number, unit = number * int(factor[0]), unit[factor.end() :]
        whole = number.to_integral_value(rounding="ROUND_FLOOR")
        if number != whole and unit in _SMALLER:
            smaller, size = _SMALLER[unit]
            total[smaller] = total.get(smaller, Decimal(0)) + (number - whole) * size
            number = whole
        if number:
            total[unit] = total.get(unit, Decimal(0)) + number
    return total


def iso_duration(phrase: str) -> str | None:
    """The ISO 8601 duration that a phrase says, or None."""
    total = _parts(phrase)
    if not total:
        return None
    days = "".join(f"{written(total[u])}{'M' if u == 'MO' else u}" for u in _ORDER[:4] if u in total)
    time = "".join(f"{written(total[u])}{u}" for u in _ORDER[4:] if u in total)
    return f"P{days}{'T' + time if time else ''}"


def find_durations(text: str, now: datetime.datetime) -> Sequence[Match]:
    found = [Match(m.start(), m.end(), (m[0],)) for m in _ISO.finditer(text)]
    for match in _WHOLE.finditer(text):
        value = iso_duration(match[0])
        if value is not None:
            found.append(Match(match.start(), match.end(), (value,)))
    return sorted(found, key=lambda m: m.begin)
