"""Numbers, addresses and links that name one thing: what other tasks must not cut into pieces.

``4111 1111 1111 1111`` is a card number, not four quantities; ``5 May 2020`` is one date, not a phrase ``May``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.language import quantities, rule_precision
from services.language.pii import finder
from services.language.spans import Stretches
from services.language.tasks import TextSpan

_TYPE_NAMES = """
EMAIL URL PHONE IP_ADDRESS MAC_ADDRESS CREDIT_DEBIT_NUMBER INTERNATIONAL_BANK_ACCOUNT_NUMBER BANK_ROUTING
BANK_ACCOUNT_NUMBER SSN US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER CA_SOCIAL_INSURANCE_NUMBER CA_HEALTH_NUMBER
UK_NATIONAL_INSURANCE_NUMBER UK_NATIONAL_HEALTH_SERVICE_NUMBER UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER IN_AADHAAR
IN_PERMANENT_ACCOUNT_NUMBER IN_VOTER_NUMBER IN_NREGA VEHICLE_IDENTIFICATION_NUMBER AWS_ACCESS_KEY AWS_SECRET_KEY
PASSPORT_NUMBER DRIVER_ID
"""
_TYPES = frozenset(_TYPE_NAMES.split())
_EDGES = " \t\r\n,;:.-#("


def identifiers(text: str) -> list[TextSpan]:
    """Identifiers of a text in order, not overlapping; the type is that of the personal data."""
    return [
        TextSpan(m.begin, m.end, m.type, rule_precision.score(m.rule, announced=m.announced))
        for m in finder.chosen(text)
        if m.type in _TYPES
    ]


def _without_edges(text: str, begin: int, end: int) -> tuple[int, int]:
    """[begin, end) without the marks at the ends that a cut leaves."""
    while begin < end and text[begin] in _EDGES:
        begin += 1
    while begin < end and text[end - 1] in _EDGES:
        end -= 1
    return begin, end


#: Words that hyphens join ("state-of-the-art").
_COMPOUND = re.compile(r"(?<![\w-])[^\W\d_]+(?:-[^\W\d_]+)+(?![\w-])")


def whole_phrases(text: str, phrases: Sequence[TextSpan]) -> list[TextSpan]:
    """Noun phrases in order, none of which holds only a part of an identifier, a calendar date or a joined word.

    A phrase that holds a part of a date or of a joined word grows to the whole; of an identifier it keeps what stands
    beside it.
    """
    whole = Stretches((i.begin, i.end) for i in identifiers(text))
    calendar = [(m.begin, m.end) for m in quantities.find(text) if m.rule in quantities.CALENDAR]
    compounds = [m.span() for m in _COMPOUND.finditer(text)]
    grown_to = Stretches(s for s in (*calendar, *compounds) if not whole.touching(*s))
    kept: list[TextSpan] = []
    for phrase in phrases:
        begin, end = phrase.begin, phrase.end
        for left, right in whole.touching(begin, end):
            if not (begin <= left and right <= end):
                begin, end = (begin, left) if begin < left else (right, max(end, right))
        for left, right in grown_to.touching(begin, end):
            begin, end = min(begin, left), max(end, right)
        if (begin, end) != (phrase.begin, phrase.end):
            begin, end = _without_edges(text, begin, end)
        if begin >= end:
            continue
        if kept and begin < kept[-1].end:
            last = kept.pop()
            begin, end = min(begin, last.begin), max(end, last.end)
            phrase = TextSpan(begin, end, phrase.type, min(phrase.score, last.score))
        kept.append(TextSpan(begin, end, phrase.type, phrase.score))
    return kept
