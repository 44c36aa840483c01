"""Protected health information: what names, dates and numbers tell who a note is about."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.language.medical.demographics import AGE_ALONE
from services.language.medical.facilities import facilities
from services.language.medical.findings import PHI, Entity
from services.language.medical.precision import score
from services.language.spans import Stretches
from services.language.tasks import TextSpan

#: Types of the task detect-pii-entities -> Comprehend Medical's.
_TYPES = {
    "NAME": "NAME",
    "ADDRESS": "ADDRESS",
    "AGE": "AGE",
    "DATE_TIME": "DATE",
    "PHONE": "PHONE_OR_FAX",
    "EMAIL": "EMAIL",
    "URL": "URL",
}
#: Numbers that belong to somebody, all told as ID.
_NUMBERS = frozenset((
    "SSN", "CREDIT_DEBIT_NUMBER", "PASSPORT_NUMBER", "DRIVER_ID", "BANK_ACCOUNT_NUMBER", "LICENSE_PLATE",
    "VEHICLE_IDENTIFICATION_NUMBER", "UK_NATIONAL_HEALTH_SERVICE_NUMBER", "CA_HEALTH_NUMBER",
    "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", "IP_ADDRESS", "MAC_ADDRESS",
))  # fmt: skip
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_KINDS_OF_WORK = (
    r"(?:high school|middle school|elementary school|retired|registered|construction|truck|bus|taxi|police|fire|"
    r"software|civil|factory|office|postal|sales|social|farm|bank|real estate|music|math|science)"
)
_WORK = (
    r"(?:teacher|nurse|engineer|driver|officer|lawyer|attorney|accountant|electrician|plumber|carpenter|mechanic|"
    r"farmer|worker|firefighter|professor|student|secretary|cashier|waitress|waiter|chef|cook|pilot|dentist|pharmacist|"
    r"programmer|developer|manager|consultant|architect|librarian|painter|welder|hairdresser|barber|baker|soldier|veteran|clerk|"
    r"salesman|salesperson|journalist|musician|artist|agent|technician|janitor|custodian|landscaper|roofer|machinist|"
    r"paralegal|receptionist|bartender|butcher|tailor|photographer|principal|coach|miner|fisherman|analyst)"
)
_WORKS_AS = r"(?:works? as|worked as|working as|employed as|is|was|retired|job as|occupation:|profession:|a|an|,)"
_NUMBER_OF = r"(?:mrn|medical record (?:number|no\.?)|record number|account(?: number)?|acct|patient id|case number|id)"
#: Type and pattern; group ``v`` is what is protected.
_RULES = tuple(
    (kind, re.compile(pattern, re.IGNORECASE | re.MULTILINE))
    for kind, pattern in (
        (
            "AGE",
            r"(?<![\w./])(?P<v>\d{1,3}(?:\s?-?\s?(?:year|yr|month|week|day)s?\s?-?\s?old|\s?(?:yo|y\.o\.|y/o|mo|m/o)))"
            r"(?![\w/])",
        ),
        ("AGE", AGE_ALONE),
        ("AGE", r"(?<!\w)(?:aged?|at (?:the )?age(?: of)?|age:)\s(?P<v>\d{1,3})(?![\w/.%])"),
        ("DATE", rf"(?<![\w/.])(?P<v>(?:0?[1-9]|1[0-2])[/-]{_DAY}[/-](?:(?:19|20)\d\d|\d\d))(?![\w/])"),
        ("DATE", r"(?<![\w/.-])(?P<v>(?:19|20)\d\d-\d\d-\d\d)(?![\w/-])"),
        ("DATE", rf"(?<!\w)(?P<v>{_MONTH}\s{_DAY}(?:st|nd|rd|th)?(?:,?\s(?:19|20)\d\d)?)(?!\w)"),
        ("DATE", rf"(?<!\w)(?P<v>{_DAY}\s{_MONTH}(?:\s(?:19|20)\d\d)?)(?!\w)"),
        ("DATE", rf"(?<!\w)(?P<v>{_MONTH}\s(?:of\s)?(?:19|20)\d\d)(?!\w)"),
        ("DATE", r"(?<!\w)(?:in|since|from|until|of)\s(?P<v>(?:19[3-9]|20[0-4])\d)(?![\w/-])"),
        ("ID", rf"(?<!\w){_NUMBER_OF}\s?[:#]?\s?#?(?P<v>[A-Z]{{0,3}}-?\d[\d-]{{3,14}})(?!\w)"),
        # As headings of notes have them, the family name first, which no model of sentences knows.
        ("NAME", r"(?<!\w)name\s?:\s{0,3}(?P<v>(?-i:[A-Z][\w'-]{1,30},\s[A-Z][\w'-]{1,30}(?:\s[A-Z](?!\w))?))"),
        ("NAME", r"(?<!\w)(?:patient|pt)\s?:\s{0,3}(?P<v>(?-i:[A-Z'-]{2,30},\s[A-Z'-]{2,30}(?:\s[A-Z])?(?!\w)))"),
        ("PHONE_OR_FAX", r"(?<![\w.-])(?P<v>(?:\+?1[ .-])?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})(?![\w-])"),
        ("PROFESSION", rf"(?<!\w){_WORKS_AS}\s(?:an?\s|the\s)?(?P<v>(?:{_KINDS_OF_WORK}\s)?{_WORK})(?!\w)"),
    )
)


_TITLE = re.compile(r"(?:dr|mr|mrs|ms|miss|prof)\.?\s$", re.IGNORECASE)
#: Behind a name: what is called after somebody is nobody's name.
_CALLED = re.compile(
    r"(?:['\u2019]s?)?\s(?:signs?|tests?|maneuvers?|manoeuvres?|reflex(?:es)?|phenomenon|catheters?|drains?|scores?|scale|"
    r"position|incision|criteria|classification)(?!\w)",
    re.IGNORECASE,
)
#: Signs and tests that notes call by their finder alone. No name that many people have is among them.
_SIGNS = frozenset((
    "babinski", "babinskis", "romberg", "kernig", "brudzinski", "phalen", "tinel", "homans", "lachman", "chvostek",
    "trousseau", "lasegue", "las\u00e8gue", "mcburney", "rovsing", "trendelenburg", "rinne", "dix-hallpike",
))  # fmt: skip
#: Behind a name: what somebody is by examination. PA and MD are states, too, but those stand behind a town.
_CREDENTIAL = re.compile(
    r"(?:PA|NP|RN|MD|DO|LPN|CNA|FNP|DNP|APRN|CRNA|PhD|PharmD|RPh|DDS|DMD|DPM|OD|PT|OT|LCSW|MSW)(?:-[A-Z]{1,3})?"
)
_COMMA = re.compile(r",?\s?")
#: A bare age behind a name: "Ellen Park, 71, was", "Park, 71 F", "Park 71M".
_AGE_BEHIND = re.compile(
    r"(?P<comma>,)?\s(?P<v>1[01]\d|[1-9]?\d)"
    r"(?(comma)(?=,\s[a-z]|\s(?:was|is|presents?|presented|has|had|who|comes?|came|reports?|complains?)\s|\s?[MF](?!\w))|"
    r"(?=\s?[MF](?!\w)))"
)


def about_somebody(text: str, personal: Sequence[TextSpan]) -> list[TextSpan]:
    """``personal`` without names of signs and tests, and without what somebody is by examination ("PA")."""
    ends = [span.end for span in personal if span.type == "NAME"]
    return [s for s in personal if not (_is_sign(text, s) or _is_credential(text, s, ends))]


def _is_sign(text: str, span: TextSpan) -> bool:
    if span.type != "NAME" or _TITLE.search(text, max(0, span.begin - 6), span.begin):
        return False
    name = text[span.begin : span.end].lower().removesuffix("'s").removesuffix("\u2019s")
    return name in _SIGNS or (" " not in name and _CALLED.match(text, span.end) is not None)


def _is_credential(text: str, span: TextSpan, names_end: Sequence[int]) -> bool:
    return (
        span.type in ("NAME", "ADDRESS")
        and _CREDENTIAL.fullmatch(text, span.begin, span.end) is not None
        and any(_COMMA.fullmatch(text, end, span.begin) for end in names_end if 0 < span.begin - end <= 2)
    )


def protected(text: str, personal: Sequence[TextSpan]) -> list[Entity]:
    """Protected health information in order, not overlapping; ``personal`` are the spans of detect-pii-entities."""
    taken = Stretches()
    found: list[Entity] = []
    # Rules of personal data are counted on corpora: where both tell the same, theirs is the score.
    counted = {(s.begin, s.end, _TYPES.get(s.type)): s.score for s in personal}
    for kind, pattern in _RULES:
        for match in pattern.finditer(text):
            begin, end = match.span("v")
            if taken.add(begin, end):
                certain = counted.get((begin, end, kind), score(f"phi-{kind}"))
                found.append(Entity(begin, end, PHI, kind, certain))
    for span in personal:
        if span.type == "NAME" and (age := _AGE_BEHIND.match(text, span.end)) and taken.add(*age.span("v")):
            found.append(Entity(*age.span("v"), PHI, "AGE", score("phi-AGE")))
    named = Stretches(facilities(text))
    for span in personal:
        if any(first <= span.begin and span.end <= last for first, last in named.touching(span.begin, span.end)):
            continue  # "Dover" of Dover Hospital
        kind = _TYPES.get(span.type) or ("ID" if span.type in _NUMBERS else "")
        if kind and taken.add(span.begin, span.end):
            found.append(Entity(span.begin, span.end, PHI, kind, span.score))
    for begin, end in named:
        if taken.add(begin, end):
            found.append(Entity(begin, end, PHI, "ADDRESS", score("phi-facility")))
    return sorted(found, key=lambda entity: entity.begin)
