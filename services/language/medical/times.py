"""When something was: expressions of time by a grammar, and the finding that each belongs to.

Comprehend Medical tells an expression of time only where it belongs to a finding, and names it after that
(``TIME_TO_DX_NAME``). All patterns are linear: no nested repetition.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from services.language.medical.findings import CONDITION, MEDICATION, PROCEDURE, TIME, Attribute, Entity
from services.language.medical.lexicon import small_letters
from services.language.medical.precision import score
from services.language.spans import Stretches

_NUMBER = (
    r"(?:\d{1,3}(?:\s?(?:-|to|or)\s?\d{1,3})?|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|"
    r"several|few|couple(?: of)?|many)"
)
_UNIT = r"(?:minutes?|mins?|hours?|hrs?|days?|nights?|weeks?|wks?|months?|mos?|years?|yrs?|decades?)"
_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"
)
_DAY = r"(?:mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?)"
_SEASON = r"(?:spring|summer|fall|autumn|winter)"
_YEAR = r"(?:19[3-9]\d|20[0-4]\d)"
_DATE = (
    rf"(?:(?:0?[1-9]|1[0-2])[/-](?:0?[1-9]|[12]\d|3[01])[/-](?:{_YEAR}|\d\d)|{_YEAR}-\d\d-\d\d|"
    # A month and a day alone may be a share ("pain 3/10").
    rf"(?:(?<=on\s)|(?<=since\s)|(?<=until\s)|(?<=by\s))(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])|"
    rf"{_MONTH}\.?\s\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s{_YEAR})?|\d{{1,2}}\s{_MONTH}(?:\s{_YEAR})?|"
    rf"{_MONTH}(?:\sof)?,?\s{_YEAR}|{_YEAR})"
)
_POINT = (
    rf"(?:yesterday(?:\s(?:morning|afternoon|evening|night))?|today|tonight|tomorrow|overnight|"
    rf"(?:this|last|next|yesterday)\s(?:morning|afternoon|evening|night|week|weekend|month|year|{_SEASON}|{_DAY}|{_MONTH})|"
    rf"(?:earlier|later)\s(?:today|this\s(?:morning|week|month|year))|the\s(?:day|night|week|month|year)\sbefore)"
)
_ALTERNATIVES = (
    # 3 days ago, two weeks prior to admission, about six months earlier
    rf"(?:(?:about|approximately|around|over|~)\s?)?(?:a\s)?{_NUMBER}\s?{_UNIT}\s(?:ago|earlier|prior(?:\sto\s(?:admission|"
    rf"presentation|arrival))?|previously|later|before\s(?:admission|presentation|arrival)|back)",
    # for the past two weeks, over the last month, x 3 days, in the last 24 hours
    rf"(?:for|over|in|during|within|x|times)\s?(?:about\s|approximately\s|at\sleast\s|almost\s|nearly\s|over\s)?"
    rf"(?:the\s(?:past|last|previous|next|coming)\s(?:{_NUMBER}\s)?|(?:past|last|next)\s{_NUMBER}\s){_UNIT}",
    rf"(?:the\s)?(?:past|last)\s{_NUMBER}\s{_UNIT}",
    rf"(?:for|x|times)\s?(?:about\s|approximately\s|at\sleast\s|almost\s|nearly\s|over\s)?(?:a\s)?{_NUMBER}\s?(?:{_UNIT}|d|w|wk|h)",
    # in 3 months, after two days, every other day is a frequency and none of these
    rf"(?:in|after|within)\s(?:about\s)?{_NUMBER}\s(?:to\s{_NUMBER}\s)?{_UNIT}(?:'\stime)?",
    # since March, since yesterday, since 2015, since last week, since childhood
    rf"since\s(?:{_POINT}|{_DATE}|{_MONTH}|{_DAY}|{_SEASON}|childhood|birth|admission|discharge|surgery|"
    rf"adolescence|early\schildhood|her\steens|his\steens)",
    # POD 2 (in small letters, as the text is then), post-op day 3, hospital day 4, HD 2
    r"(?:pod|hd)\s?#?\d{1,3}|(?:post-?\s?op(?:erative)?|hospital|icu)\sday\s#?(?:\d{1,3}|one|two|three|four|five|six|seven)",
    # on admission
    r"(?:on|at|upon)\s(?:admission|discharge|presentation|arrival)",
    # points and dates: a preposition is no part of them
    _POINT,
    rf"(?:(?<=on\s)|(?<=until\s)|(?<=by\s)){_DAY}",
    _DATE,
    rf"(?:(?<=in\s)|(?<=in\searly\s)|(?<=in\slate\s)){_MONTH}",
    r"(?<=in\s)the\s(?:19|20)\d0s",
    rf"{_NUMBER}[ -]{_UNIT}(?=\s(?:history|hx|course)\sof)",
)
_EXPRESSION = re.compile(rf"(?<![\w./-])(?:{'|'.join(_ALTERNATIVES)})(?![\w/-])")
#: An expression further than this from a finding, in characters, belongs to nothing.
_REACH = 90
_BREAK = re.compile(r"\n\s*(?:\n|[-*#\u2022]|\d{1,2}[.)])|[.;!?](?:\s|$)|\n(?=[A-Z])")
_PREPOSITION = re.compile(r"(?<!\w)(?:in|on|since)\s$", re.IGNORECASE)
#: Between findings of one list, to which one expression belongs.
_LISTED = re.compile(r"\s*(?:,|and|or|,\s?and|,\s?or|with|/|&)\s*", re.IGNORECASE)
#: A verb or a joint between a finding and an expression that starts another statement.
_ELSEWHERE = re.compile(
    r"(?<!\w)(?:but|who|then|and (?:then|was|is|had|has|he|she)|which|when|while)(?!\w)", re.IGNORECASE
)


def type_of(entity: Entity) -> str:
    """The type that an expression of time has beside a finding; "" beside what has no time."""
    if entity.category == MEDICATION:
        return "TIME_TO_MEDICATION_NAME"
    return f"TIME_TO_{entity.type}" if entity.category in (CONDITION, PROCEDURE) else ""


def expressions(text: str) -> list[tuple[int, int]]:
    """All expressions of time in a text, in order, not overlapping."""
    return [match.span() for match in _EXPRESSION.finditer(small_letters(text))]


def timed(text: str, entities: Sequence[Entity]) -> list[Entity]:
    """An entity for each expression of time that belongs to one of ``entities`` (in order), with that as attribute.

    Stretches that are attributes of an entity already ("for 7 days" of a drug) are left out.
    """
    taken = Stretches()
    for entity in entities:
        taken.add(entity.begin, entity.end)
        for attribute in entity.attributes:
            taken.add(attribute.begin, attribute.end)
    findings = [entity for entity in entities if type_of(entity)]
    begins, ends = [entity.begin for entity in findings], [entity.end for entity in findings]
    found: list[Entity] = []
    for begin, end in expressions(text):
        if taken.touching(begin, end):
            continue
        owners = _owners(text, begin, end, findings, bisect_right(ends, begin) - 1, bisect_left(begins, end))
        if owners:
            kind = type_of(owners[0])
            certain = score("time-relation")
            attributes = [
                Attribute(o.begin, o.end, o.category, o.type, o.score, certain, "OVERLAP")
                for o in sorted(owners, key=lambda o: o.begin)
            ]
            found.append(Entity(begin, end, TIME, kind, score("time-expression"), [], attributes))
    return found


def times_of(entities: Sequence[Entity]) -> dict[tuple[int, int], list[Attribute]]:
    """The other way round: for each finding at [begin, end) its expressions of time, as attributes."""
    found: dict[tuple[int, int], list[Attribute]] = {}
    for time in entities:
        if time.category == TIME:
            for owner in time.attributes:
                told = Attribute(time.begin, time.end, TIME, time.type, time.score, owner.relation, owner.relationship)
                found.setdefault((owner.begin, owner.end), []).append(told)
    return found


def _owners(text: str, begin: int, end: int, findings: Sequence[Entity], before: int, behind: int) -> list[Entity]:
    """The findings whose time [begin, end) tells: the list of findings right before it, else the one behind."""
    earlier = findings[before] if before >= 0 and _together(text, findings[before].end, begin) else None
    later = findings[behind] if behind < len(findings) and _together(text, end, findings[behind].begin) else None
    parted = earlier is not None and (_opens(text, begin) or _ELSEWHERE.search(text, earlier.end, begin) is not None)
    if earlier is not None and not (parted and later is not None):
        return _listed_before(text, findings, before)
    return [later] if later is not None else []


def _opens(text: str, begin: int) -> bool:
    """Whether an expression begins its sentence: "Yesterday he had ..."."""
    lead = _PREPOSITION.sub("", text[max(0, begin - 8) : begin]).rstrip(" ")
    return not lead or lead[-1] in ".;:!?\n"


def _listed_before(text: str, findings: Sequence[Entity], last: int) -> list[Entity]:
    owners = [findings[last]]
    for index in range(last - 1, -1, -1):
        entity = findings[index]
        if type_of(entity) != type_of(owners[0]) or not _LISTED.fullmatch(text, entity.end, owners[-1].begin):
            break
        owners.append(entity)
    return owners


def _together(text: str, begin: int, end: int) -> bool:
    return end - begin <= _REACH and _BREAK.search(text, begin, end) is None
