"""<say-as>: what a writing stands for, in words that every engine says right."""

from __future__ import annotations

import re
from collections.abc import Callable

from services.speech.faults import invalid_ssml

EXPLETIVE = "expletive"

_SIGNS = {
    "-": "dash", ".": "dot", ",": "comma", "@": "at", "/": "slash", "_": "underscore", "#": "number sign",
    "&": "and", "+": "plus", "*": "star", ":": "colon", "'": "apostrophe", "!": "exclamation mark",
    "?": "question mark", "%": "percent", "$": "dollar", "(": "open paren", ")": "close paren", "=": "equals",
}  # fmt: skip
_UNITS = {
    "ft": "foot", "in": "inch", "mi": "mile", "yd": "yard", "mm": "millimeter", "cm": "centimeter", "m": "meter",
    "km": "kilometer", "mg": "milligram", "g": "gram", "kg": "kilogram", "lb": "pound", "lbs": "pound", "oz": "ounce",
    "ml": "milliliter", "l": "liter", "gal": "gallon", "s": "second", "sec": "second", "min": "minute", "h": "hour",
    "hr": "hour", "hz": "hertz", "khz": "kilohertz", "mhz": "megahertz", "kb": "kilobyte", "mb": "megabyte",
    "gb": "gigabyte", "w": "watt", "kw": "kilowatt", "v": "volt", "mph": "mile per hour", "km/h": "kilometer per hour",
    "°c": "degree Celsius", "°f": "degree Fahrenheit", "%": "percent",
}  # fmt: skip
_PARTS = {
    2: "half", 3: "third", 4: "quarter", 5: "fifth", 6: "sixth", 7: "seventh", 8: "eighth", 9: "ninth", 10: "tenth",
    12: "twelfth", 16: "sixteenth", 20: "twentieth", 100: "hundredth",
}  # fmt: skip
_IRREGULAR = {"foot": "feet", "inch": "inches", "hertz": "hertz", "kilohertz": "kilohertz", "megahertz": "megahertz",
              "percent": "percent", "half": "halves"}  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_STREETS = {
    "st": "Street", "ave": "Avenue", "blvd": "Boulevard", "rd": "Road", "dr": "Drive", "ln": "Lane", "ct": "Court",
    "pl": "Place", "sq": "Square", "hwy": "Highway", "apt": "Apartment", "ste": "Suite", "n": "North", "s": "South",
    "e": "East", "w": "West",
}  # fmt: skip
_DATE_FORMATS = ("mdy", "dmy", "ymd", "md", "dm", "ym", "my", "y", "m", "d")


def spoken_form(text: str, kind: str, format_: str, language: str) -> str:
    """What is said for ``text`` under interpret-as=``kind``.

    Raises:
        InvalidArgument: InvalidSsmlException; ``kind`` is unknown, is not to be had in ``language``, or ``text`` is
            nothing of the kind.
    """
    reading = _READINGS.get(kind)
    if reading is None:
        known = ", ".join(sorted((*_READINGS, EXPLETIVE)))
        raise invalid_ssml(f"The interpret-as of <say-as> is one of {known}.")
    if kind not in _ANY_LANGUAGE and not language.lower().startswith("en"):
        raise invalid_ssml(f"<say-as interpret-as={kind!r}> is available in English only.")
    spoken = reading(text, format_, language)
    if not spoken:
        raise invalid_ssml(f"The text of a <say-as> is not what interpret-as={kind!r} reads.")
    return spoken


def _characters(text: str, format_: str, language: str) -> str:
    named = _SIGNS if language.lower().startswith("en") else {}
    return ", ".join(named.get(character, character.upper()) for character in text if not character.isspace())


def _cardinal(text: str, format_: str, language: str) -> str:
    plain = text.replace(",", "") if language.lower().startswith("en") else text
    return plain if re.fullmatch(r"[+-]?\d{1,30}([.,]\d{1,30})?", plain) else ""


def _digits(text: str, format_: str, language: str) -> str:
    """Digits one by one, and letters among them."""
    return " ".join(filter(str.isalnum, text)) if re.search(r"\d", text) else ""


def _telephone(text: str, format_: str, language: str) -> str:
    """Digits one by one, with a pause where the number is written in groups; a group of letters is a word."""
    extension = re.search(r"(?:ext|x)\.?\s*(\d+)\s*$", text, re.IGNORECASE)
    ending = ""
    if extension and language.lower().startswith("en"):
        text, ending = text[: extension.start()], ", extension " + " ".join(extension[1])
    groups = re.findall(r"\d+|[^\W\d_]+", text)
    if not any(map(str.isdigit, groups)):
        return ""
    return ", ".join(group if group.isalpha() else " ".join(group) for group in groups) + ending


def ordinal(number: int) -> str:
    """ "21st"; engines say these right."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _ordinal(text: str, format_: str, language: str) -> str:
    match = re.fullmatch(r"(\d{1,9})(?:st|nd|rd|th)?", text.replace(",", ""), re.IGNORECASE)
    return ordinal(int(match[1])) if match else ""


def _fraction(text: str, format_: str, language: str) -> str:
    match = re.fullmatch(r"(?:(\d{1,6})(?:\s*\+\s*|\s+))?(\d{1,6})\s*/\s*(\d{1,6})", text)
    if match is None:
        return ""
    above, below = int(match[2]), int(match[3])
    name = _PARTS.get(below)
    part = f"{above} {name if above == 1 else _IRREGULAR.get(name, name + 's')}" if name else f"{above} over {below}"
    return f"{match[1]} and {part}" if match[1] else part


def _unit(text: str, format_: str, language: str) -> str:
    match = re.fullmatch(r"([+-]?[\d.,/]{1,20})\s*-?([^\d\s]{1,6})", text)
    if match is None or match[2].lower() not in _UNITS:
        return ""
    name = _UNITS[match[2].lower()]
    if match[1] == "1":
        return f"1 {name}"
    first, *rest = name.split(" ")
    return " ".join((match[1], _IRREGULAR.get(first, first + "s"), *rest))


def _time(text: str, format_: str, language: str) -> str:
    """A duration (1'21") or a time of day (10:45am)."""
    if match := re.fullmatch(r"(\d{1,4})'(?:(\d{1,2}(?:\.\d+)?)(?:\"|''))?", text):
        parts = [(match[1], "minute"), (match[2], "second")]
        return " ".join(f"{count} {name}{'' if count == '1' else 's'}" for count, name in parts if count)
    if match := re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap])?\.?m?\.?", text, re.IGNORECASE):
        hour, minute, half = int(match[1]), int(match[2]), (match[4] or "").upper()
        if hour > 24 or minute > 59:
            return ""
        said = f"{hour}" if minute == 0 and half else f"{hour} {'hundred' if minute == 0 else _minutes(minute)}"
        return f"{said} {half} M" if half else said
    return ""


def _minutes(minute: int) -> str:
    return f"oh {minute}" if minute < 10 else str(minute)


def _date(text: str, format_: str, language: str) -> str:
    if match := re.fullmatch(r"([\d?]{4})([\d?]{2})([\d?]{2})", text):
        parts = dict(zip("ymd", match.groups(), strict=True))
    else:
        order = format_ or ("ymd" if re.match(r"\d{4}", text) else "mdy")
        if order not in _DATE_FORMATS:
            raise invalid_ssml(f"The format of a date is one of {', '.join(_DATE_FORMATS)}.")
        numbers = re.findall(r"\d{1,4}", text)
        if len(numbers) != len(order):
            return ""
        parts = dict(zip(order, numbers, strict=True))
    numbers_of = {name: int(value) for name, value in parts.items() if "?" not in value}
    month, day, year = (numbers_of.get(name) for name in "mdy")
    if (month is not None and not 1 <= month <= 12) or (day is not None and not 1 <= day <= 31):
        return ""
    said = [_MONTHS[month - 1]] if month is not None else []
    said += [ordinal(day)] if day is not None else []
    return " ".join(said) + (f"{', ' if said else ''}{_year(year)}" if year is not None else "")


def _year(year: int) -> str:
    """ "1984" as pairs of digits, as years are said."""
    if not 1100 <= year <= 1999 or year % 100 == 0:
        return str(year)
    return f"{year // 100} {_minutes(year % 100)}"


def _address(text: str, format_: str, language: str) -> str:
    """Abbreviations of streets in full; house numbers of four digits and more are said one by one or in pairs."""
    words: list[str] = []
    for word in text.split():
        bare = word.strip(".,").lower()
        ending = word[-1] if word[-1:] == "," else ""
        if bare in _STREETS and words:
            words.append(_STREETS[bare] + ending)
        elif bare.isdigit() and len(bare) == 5:
            words.append(" ".join(bare) + ending)
        elif bare.isdigit() and len(bare) == 4 and bare[2:] != "00":
            words.append(f"{int(bare[:2])} {_minutes(int(bare[2:]))}{ending}")
        else:
            words.append(word)
    return " ".join(words)


#: Readings that need no words of the language.
_ANY_LANGUAGE = frozenset({"characters", "spell-out", "cardinal", "number", "digits", "telephone"})
_READINGS: dict[str, Callable[[str, str, str], str]] = {
    "characters": _characters,
    "spell-out": _characters,
    "cardinal": _cardinal,
    "number": _cardinal,
    "ordinal": _ordinal,
    "digits": _digits,
    "fraction": _fraction,
    "unit": _unit,
    "date": _date,
    "time": _time,
    "address": _address,
    "telephone": _telephone,
}
