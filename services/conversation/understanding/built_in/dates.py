"""AMAZON.Date: days, weeks, weekends, months, seasons and years in Lex's formats.

2026-12-24 a day, 2026-W50 a week, 2026-W50-WE its weekend, 2026-12 a month, 2026-WI a season, 2026 a year, 202X a
decade, PRESENT_REF now. A day that the words leave open is the next one from ``now`` on: Lex, too, reads "June 1" as
the coming one.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence

import regex

from services.conversation.understanding.built_in.match import Match
from services.conversation.understanding.built_in.numbers import NUMBER, value_of

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
    "twentieth", "twenty first", "twenty second", "twenty third", "twenty fourth", "twenty fifth", "twenty sixth",
    "twenty seventh", "twenty eighth", "twenty ninth", "thirtieth", "thirty first",
)  # fmt: skip
_HOLIDAYS: dict[str, tuple[int, int]] = {
    "christmas eve": (12, 24), "christmas day": (12, 25), "christmas": (12, 25), "boxing day": (12, 26),
    "new year's eve": (12, 31), "new years eve": (12, 31), "new year's day": (1, 1), "new year's": (1, 1),
    "valentine's day": (2, 14), "valentines day": (2, 14), "halloween": (10, 31), "independence day": (7, 4),
}  # fmt: skip
_SEASONS = {"spring": "SP", "summer": "SU", "fall": "FA", "autumn": "FA", "winter": "WI"}
#: Month in which a season (of the northern half of the earth) begins.
_SEASON_START = {"SP": 3, "SU": 6, "FA": 9, "WI": 12}

_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_ORDINAL = "|".join(o.replace(" ", r"[\s-]") for o in sorted(_ORDINALS, key=len, reverse=True))
_DAY = rf"(?P<day>(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?(?![\d:])|{_ORDINAL})"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_WEEKDAY = (
    r"(?P<weekday>mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|"
    r"sat(?:urday)?|sun(?:day)?)\b"
)
_LEAD = rf"(?:{_WEEKDAY.replace('weekday', 'lead')},?\s+)?(?:the\s+)?"
_COUNT = rf"(?P<count>an?|a\s+couple\s+of|{NUMBER})"

_Resolve = Callable[["regex.Match[str]", datetime.date], "str | None"]


def _safe(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None


def _shifted(today: datetime.date, days: int) -> str | None:
    try:
        return (today + datetime.timedelta(days=days)).isoformat()
    except OverflowError:
        return None


def _month_of(name: str) -> int:
    return next(i for i, m in enumerate(_MONTHS, 1) if m.startswith(name[:3].lower()))


def _day_of(text: str) -> int:
    if text[0].isdigit():
        return int(regex.sub(r"\D", "", text))
    return _ORDINALS.index(regex.sub(r"[\s-]+", " ", text.lower())) + 1


def _weekday_of(name: str) -> int:
    return next(i for i, d in enumerate(_DAYS) if d.startswith(name[:3].lower()))


def _coming(today: datetime.date, month: int, day: int) -> str | None:
    """The next such day, today included; a 29 February may be years away."""
    for year in range(today.year, today.year + 9):
        found = _safe(year, month, day)
        if found is not None and found >= today:
            return found.isoformat()
    return None


def _month_day(match: regex.Match[str], today: datetime.date) -> str | None:
    month, day = _month_of(match["month"]), _day_of(match["day"])
    if match["year"]:
        found = _safe(int(match["year"]), month, day)
        return None if found is None else found.isoformat()
    return _coming(today, month, day)


def _iso(match: regex.Match[str], today: datetime.date) -> str | None:
    found = _safe(int(match["year"]), int(match["m"]), int(match["d"]))
    return None if found is None else found.isoformat()


def _numeric(match: regex.Match[str], today: datetime.date) -> str | None:
    """12/24 and 12/24/2026: the month first, as in the United States, unless that is no date."""
    first, second = int(match["a"]), int(match["b"])
    month, day = (first, second) if first <= 12 else (second, first)
    if not match["y"]:
        return _coming(today, month, day) if 1 <= month <= 12 else None
    year = int(match["y"])
    found = _safe(year + 2000 if year < 100 else year, month, day)
    return None if found is None else found.isoformat()


def _relative_day(match: regex.Match[str], today: datetime.date) -> str | None:
    words = regex.sub(r"\s+", " ", match[0].lower())
    if "after tomorrow" in words:
        return _shifted(today, 2)
    if "before yesterday" in words:
        return _shifted(today, -2)
    return _shifted(today, 1 if "tomorrow" in words else -1 if "yesterday" in words else 0)


def _weekday(match: regex.Match[str], today: datetime.date) -> str | None:
    """A "friday", "this friday": the coming one; "next friday": the next week's; "last friday": the one before."""
    which = (match["which"] or match["after"] or "").lower()
    ahead = (_weekday_of(match["weekday"]) - today.weekday()) % 7
    if which.startswith("next"):
        return _shifted(today, 7 - today.weekday() + _weekday_of(match["weekday"]))
    if which.startswith(("last", "past")):
        return _shifted(today, ahead - 7)
    if match["onward"]:
        return _shifted(today, ahead + 7)
    return _shifted(today, ahead)


def _which(word: str | None) -> int:
    word = (word or "").lower()
    return 1 if word in ("next", "coming", "following") else -1 if word in ("last", "past", "previous") else 0


def _week(day: datetime.date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def _month_name(year: int, month: int) -> str | None:
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return f"{year:04}-{month:02}" if 1 <= year <= 9999 else None


def _span(match: regex.Match[str], today: datetime.date) -> str | None:
    """Such as "next week", "this weekend", "last month", "next year", "next summer"."""
    steps, unit = _which(match["which"]), match["unit"].lower()
    if unit in ("week", "weekend"):
        shifted = today + datetime.timedelta(weeks=steps)
        return _week(shifted) + ("-WE" if unit == "weekend" else "")
    if unit == "month":
        return _month_name(today.year, today.month + steps)
    if unit == "year":
        return f"{today.year + steps:04}"
    if unit == "decade":
        return f"{today.year // 10 + steps}X"
    season = _SEASONS[unit]
    start = _SEASON_START[season]
    # "next": the first that begins after today; without a word: the one of this year, or the next if it is over.
    year = today.year + (1 if steps >= 0 and today.month >= start + 3 else 0)
    if steps > 0 and year == today.year and today.month >= start:
        year += 1
    return f"{year + min(steps, 0)}-{season}"


def _ahead(match: regex.Match[str], today: datetime.date) -> str | None:
    """Such as "in two weeks", "three days from now", "two weeks ago"."""
    phrase = regex.sub(r"\s+", " ", match["count"].lower())
    value = 1 if phrase in ("a", "an") else 2 if phrase.startswith("a couple") else value_of(phrase)
    if value is None or value != int(value) or value > 100_000:
        return None
    count = -int(value) if match["ago"] else int(value)
    unit = match["unit"].lower()
    if unit in ("day", "week", "fortnight"):
        return _shifted(today, count * {"day": 1, "week": 7, "fortnight": 14}[unit])
    months = today.year * 12 + today.month - 1 + count * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    for day in range(today.day, 27, -1):
        found = _safe(year, month + 1, day)
        if found is not None:
            return found.isoformat()
    found = _safe(year, month + 1, min(today.day, 28))
    return None if found is None else found.isoformat()


def _day_of_month(match: regex.Match[str], today: datetime.date) -> str | None:
    """Such as "the 24th": of this month, or of the first one after it that has such a day and is not over."""
    day = _day_of(match["day"])
    for step in range(13):
        year, month = divmod(today.year * 12 + today.month - 1 + step, 12)
        found = _safe(year, month + 1, day)
        if found is not None and found >= today:
            return found.isoformat()
    return None


def _month_alone(match: regex.Match[str], today: datetime.date) -> str | None:
    month, steps = _month_of(match["month"]), _which(match["which"])
    if match["year"]:
        return f"{match['year']}-{month:02}"
    year = today.year + (1 if month < today.month else 0)
    if steps < 0:
        year = today.year if month < today.month else today.year - 1
    elif steps > 0:
        year = today.year + (1 if month <= today.month else 0)
    return f"{year}-{month:02}"


def _holiday(match: regex.Match[str], today: datetime.date) -> str | None:
    name = regex.sub(r"\s+", " ", match["holiday"].lower().replace("\u2019", "'"))
    month, day = _HOLIDAYS[name]
    if match["year"]:
        return f"{match['year']}-{month:02}-{day:02}"
    return _coming(today, month, day)


def _rule(pattern: str, resolve: _Resolve) -> tuple[regex.Pattern[str], _Resolve]:
    return regex.compile(rf"(?<![\w/.-])(?:{pattern})(?![\w/]|[.-]\d)", regex.I), resolve


_HOLIDAY = "|".join(h.replace(" ", r"\s+").replace("'", "['\u2019]") for h in _HOLIDAYS)
#: A group that a rule shares with others and that never matches here.
_NEVER = r"(?P<{}>(?!))?"
_SPAN = "|".join(["weekend", "week", "month", "year", "decade", *_SEASONS])
#: In order of priority: what an earlier rule has read, a later one does not touch.
_RULES = (
    _rule(r"(?P<year>\d{4})-(?P<m>\d\d?)-(?P<d>\d\d?)", _iso),
    _rule(r"(?P<a>\d\d?)[/.](?P<b>\d\d?)(?:[/.](?P<y>\d{4}|\d\d))?", _numeric),
    _rule(rf"{_LEAD}{_MONTH}\s+(?:the\s+)?{_DAY}(?:,?\s+(?:of\s+)?{_YEAR})?", _month_day),
    _rule(rf"{_LEAD}{_DAY}\s+(?:of\s+)?{_MONTH}(?:,?\s+{_YEAR})?", _month_day),
    _rule(rf"(?P<holiday>{_HOLIDAY})(?:,?\s+{_YEAR})?", _holiday),
    _rule(
        r"(?:the\s+)?day\s+after\s+tomorrow|(?:the\s+)?day\s+before\s+yesterday|today|tonight|tomorrow|yesterday|"
        r"this\s+(?:morning|afternoon|evening)",
        _relative_day,
    ),
    _rule(
        rf"(?:in\s+)?{_COUNT}[\s-]+(?P<unit>day|week|fortnight|month|year)s?\s+(?:from\s+(?:now|today)|(?P<ago>ago))",
        _ahead,
    ),
    _rule(
        rf"in\s+{_COUNT}[\s-]+(?P<unit>day|week|fortnight|month|year)s?(?:['\u2019]s?\s+time)?{_NEVER.format('ago')}",
        _ahead,
    ),
    _rule(
        rf"(?:(?P<which>next|this|last|past|coming)\s+(?:week(?:['\u2019]?s)?\s+)?)?{_WEEKDAY}"
        rf"(?:\s+(?:of\s+)?(?P<after>next\s+week|last\s+week|this\s+week)|(?P<onward>\s+week)(?!\w))?",
        _weekday,
    ),
    _rule(rf"(?:the\s+)?(?P<which>next|this|coming|following|last|past|previous)\s+(?P<unit>{_SPAN})", _span),
    _rule(rf"(?:in\s+)?(?:the\s+)?{_NEVER.format('which')}(?P<unit>weekend|{'|'.join(_SEASONS)})", _span),
    _rule(rf"(?:(?P<which>next|this|last|coming|previous)\s+)?{_MONTH}(?:,?\s+{_YEAR})?", _month_alone),
    _rule(rf"the\s+{_DAY}(?!\s+(?:one|time|of\s+all))", _day_of_month),
    _rule(r"(?P<day>(?:3[01]|[12]\d|[1-9])(?:st|nd|rd|th))", _day_of_month),
    _rule(r"(?:right\s+)?now|immediately", lambda match, today: "PRESENT_REF"),
    _rule(r"(?:in\s+)?(?P<year>(?:19|20)\d\d)", lambda match, today: str(match["year"])),
    _rule(r"(?:the\s+)?(?P<decade>(?:19|20)\d)0['\u2019]?s", lambda match, today: f"{match['decade']}X"),
)
#: Words that are a month or a day of the week only in capitals or after "in", "on" ...: "may I", "sat down".
_AMBIGUOUS = frozenset(["may", "march", "mar", "sat", "sun", "wed", "fall", "spring", "second"])
_PREPOSITION = regex.compile(r"(?:in|on|this|next|last|by|until|till|before|after|for|of|from|during|the)\s+$", regex.I)


def find_dates(text: str, now: datetime.datetime) -> Sequence[Match]:
    today = now.date()
    found: list[Match] = []
    read: list[tuple[int, int]] = []
    for pattern, resolve in _RULES:
        for match in pattern.finditer(text):
            begin, end = match.span()
            if any(b < end and begin < e for b, e in read) or _is_another_word(match, text):
                continue
            read.append((begin, end))  # "February 30th" is no date, nor are its parts
            value = resolve(match, today)
            if value is not None:
                found.append(Match(begin, end, (value,)))
    return sorted(found, key=lambda m: m.begin)


def _is_another_word(match: regex.Match[str], text: str) -> bool:
    if match[0].lower() not in _AMBIGUOUS:
        return False
    alone = match[0] == text.strip(" .,!?")
    return not (alone or _PREPOSITION.search(text[: match.start()]) or (match[0][0].isupper() and match.start() > 0))
