"""Protected health information: what names, dates and numbers tell who a note is about."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (
            "AGE",
            r"(?<![\w./])(?P<v>\d{1,3}(?:\s?-?\s?(?:year|yr|month|week|day)s?\s?-?\s?old|\s?(?:yo|y\.o\.|y/o|mo|m/o)))"
            r"(?![\w/])",
        ),
        ("AGE", r"(?<!\w)(?:aged?|at (?:the )?age(?: of)?|age:)\s(?P<v>\d{1,3})(?![\w/.%])"),
        ("DATE", rf"(?<![\w/.])(?P<v>(?:0?[1-9]|1[0-2])[/-]{_DAY}[/-](?:(?:19|20)\d\d|\d\d))(?![\w/])"),
        ("DATE", r"(?<![\w/.-])(?P<v>(?:19|20)\d\d-\d\d-\d\d)(?![\w/-])"),
        ("DATE", rf"(?<!\w)(?P<v>{_MONTH}\s{_DAY}(?:st|nd|rd|th)?(?:,?\s(?:19|20)\d\d)?)(?!\w)"),
        ("DATE", rf"(?<!\w)(?P<v>{_DAY}\s{_MONTH}(?:\s(?:19|20)\d\d)?)(?!\w)"),
        ("DATE", rf"(?<!\w)(?P<v>{_MONTH}\s(?:of\s)?(?:19|20)\d\d)(?!\w)"),
        ("DATE", r"(?<!\w)(?:in|since|from|until|of)\s(?P<v>(?:19[3-9]|20[0-4])\d)(?![\w/-])"),
        ("ID", rf"(?<!\w){_NUMBER_OF}\s?[:#]?\s?#?(?P<v>[A-Z]{{0,3}}-?\d[\d-]{{3,14}})(?!\w)"),
        ("PHONE_OR_FAX", r"(?<![\w.-])(?P<v>(?:\+?1[ .-])?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})(?![\w-])"),
        ("PROFESSION", rf"(?<!\w){_WORKS_AS}\s(?:an?\s|the\s)?(?P<v>(?:{_KINDS_OF_WORK}\s)?{_WORK})(?!\w)"),
    )
)


def protected(text: str, personal: Sequence[TextSpan]) -> list[Entity]:
    """Protected health information in order, not overlapping; ``personal`` are the spans of detect-pii-entities."""
    taken = Stretches()
    found: list[Entity] = []
    for kind, pattern in _RULES:
        for match in pattern.finditer(text):
            begin, end = match.span("v")
            if taken.add(begin, end):
                found.append(Entity(begin, end, PHI, kind, score(f"phi-{kind}")))
    for span in personal:
        kind = _TYPES.get(span.type) or ("ID" if span.type in _NUMBERS else "")
        if kind and taken.add(span.begin, span.end):
            found.append(Entity(span.begin, span.end, PHI, kind, span.score))
    return sorted(found, key=lambda entity: entity.begin)
