"""Who a note is about: the gender, and the race or ethnicity that it gives.

Comprehend Medical's documentation names both types and does not say which words it tells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.language.medical.findings import BEHAVIOUR, Entity
from services.language.medical.lexicon import small_letters
from services.language.medical.precision import score
from services.language.spans import Stretches

GENDER, RACE_ETHNICITY = "GENDER", "RACE_ETHNICITY"
#: Behind "male" and "female" where that tells nobody's gender.
_OTHER_THINGS = (
    r"(?! (?:nurse|doctor|physician|provider|catheter|condom|pattern|partner|chaperone|infertility|genitalia|sex|"
    r"breast))"
)
_GENDER = re.compile(
    rf"(?<![\w-])(?P<v>(?:female|male)(?:{_OTHER_THINGS})|woman|man|girl|boy|gentleman|lady|non-?binary)(?![\w-]|'s)"
)
_SEX = re.compile(r"(?<!\w)(?:sex|gender)\s?:\s?(?P<v>[mf]|male|female|non-?binary)(?!\w)")
#: A bare age and a gender where a sentence begins: "34F presents", "71 WM with" (and not "102F").
AGE_ALONE = (
    r"(?:^|(?<=[.!?]\s)|(?<=(?-i:[A-Z]{2}):\s))(?P<v>\d{1,3})(?=\s?(?-i:[WBHA]?[MF]),?\s"
    r"(?:with|w/|who|presents?|presented|presenting|p/w|c/o|s/p|admitted|here|seen|complains?|found)(?!\w))"
)
#: As clinicians write it behind an age: "72 yo WM", "45 y/o F".
_AS_NOTED = re.compile(
    rf"(?:(?<![\w.])\d{{1,3}}[ -]?(?i:yo|y\.?o\.?|y/o|years?[ -]old)|{AGE_ALONE})"
    r"\s?(?P<people>[WBHA])?(?P<gender>[MF])(?!\w)",
    re.MULTILINE,
)
#: Words that mean a people wherever they stand.
_ALWAYS = (
    r"(?:african|asian|native|mexican|cuban)[ -]americans?|american indians?|alaska natives?|pacific islanders?|"
    r"afro-caribbeans?|caucasians?|hispanics?|latin[oax]s?|latinx|biracial"
)
#: Words that mean many things, and a people before a person or behind "race".
_THERE = (
    r"(?:(?:south|east|southeast) )?asian|white|black|aa|middle eastern|native hawaiian|(?:ashkenazi )?jewish|"
    r"arab(?:ic)?|multiracial|mixed[ -]race|(?:north |west )?african|indian|pakistani|bangladeshi|chinese|japanese|"
    r"korean|vietnamese|filipin[oa]|thai|cambodian|hmong|mexican|puerto rican|cuban|dominican|haitian|jamaican|somali|"
    r"ethiopian|nigerian|iranian|turkish|european|inuit|maori|aboriginal|roma"
)
_PEOPLE = re.compile(
    rf"(?<![\w-])(?:no[nt][ -])?(?:{_ALWAYS}|{_THERE})(?:(?: or |/| and |, | )(?:{_ALWAYS}|{_THERE}))*(?![\w-])"
)
_SURE = re.compile(rf"(?:no[nt][ -])?(?:{_ALWAYS})(?!\w)")
#: Behind sure words: then they are about no person.
_THING = re.compile(r"\s(?:food|diet|community|center|clinic)")
_PERSON = (
    r"(?:wo)?m[ae]n|(?:fe)?males?|gentlem[ae]n|lady|ladies|girls?|boys?|patient|infant|newborn|neonate|baby|toddler|child|"
    r"teenager|adolescent|adult|individual|person|mother|father|nurse|teacher|student|worker"
)
#: What may stand between the people and the person.
_QUALITY = (
    r",?\s(?:\d{1,3}[ -](?:year|month|week|day)[ -]old|(?:right|left)[ -]handed|obese|elderly|young|pleasant|adult)"
)
_PERSON_BEHIND = re.compile(
    rf"(?:{_QUALITY}){{0,2}},?\s(?:{_PERSON})(?![\w-]|'s)|\s(?:descent|origin|ancestry|ethnicity|heritage|background)(?!\w)"
)
_HEADING = re.compile(
    r"(?<!\w)(?:race(?:\s?/\s?ethnicity)?|ethnicity|ethnic (?:group|background|origin))"
    r"(?:\s?:\s?|\s(?:is |of )?(?:listed |recorded |given )?(?:as )?)$"
)
_SOMEBODY_IS = re.compile(r"(?<!\w)(?:he|she|patient|pt|who)\s(?:is|(?:self-)?identifies as)\s$")
_STATED = re.compile(r"[.,;\n]|$|\sand\s")
#: Characters before the people that are read.
_REACH = 50


def genders(text: str, others: Sequence[Entity]) -> list[Entity]:
    """The words of a text that give a gender, in order, none of them in one of ``others`` ("red man syndrome")."""
    small = small_letters(text)
    named = [match.span("v") for match in (*_GENDER.finditer(small), *_SEX.finditer(small))]
    noted = [match.span("gender") for match in _AS_NOTED.finditer(text)]
    return _told(GENDER, sorted([*named, *noted]), others)


def ethnicities(text: str, others: Sequence[Entity]) -> list[Entity]:
    """The words that give a race or an ethnicity ("white count" is none), in order, none in one of ``others``."""
    small = small_letters(text)
    named = [span for match in _PEOPLE.finditer(small) if _is_somebodys(small, *(span := match.span()))]
    noted = [match.span("people") for match in _AS_NOTED.finditer(text) if match["people"]]
    return _told(RACE_ETHNICITY, sorted([*named, *noted]), others)


def _is_somebodys(text: str, begin: int, end: int) -> bool:
    """Whether the words of a people at [begin, end) are about a person."""
    reach = max(0, begin - _REACH)
    return bool(
        _PERSON_BEHIND.match(text, end)
        or _HEADING.search(text, reach, begin)
        or (_SOMEBODY_IS.search(text, reach, begin) and _STATED.match(text, end))
        or (_SURE.match(text, begin, end) and not _THING.match(text, end))
    )


def _told(kind: str, spans: Sequence[tuple[int, int]], others: Sequence[Entity]) -> list[Entity]:
    """Entities of a kind at ``spans``, none of them in one of ``others`` or in another."""
    taken = Stretches((entity.begin, entity.end) for entity in others)
    return [Entity(*span, BEHAVIOUR, kind, score(kind.lower())) for span in spans if taken.add(*span)]
