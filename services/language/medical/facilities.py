"""Named hospitals, clinics and the like: where they are told, they say who a note is about, as addresses do."""

from __future__ import annotations

import re

from services.language.medical.lexicon import medical_words
from services.language.spans import Stretches

_KIND = (
    r"(?:(?:Regional |Memorial |General |Community |University |County |Children's )*(?:Hospital|Medical Cent(?:er|re)|"
    r"Health Cent(?:er|re)|Surgery Center|Rehabilitation(?: Center| Hospital)?|Rehab|Infirmary|Nursing Home|"
    r"Family Practice|Family Medicine|Medical Group|Urgent Care|Clinic)|clinic|hospital|campus|office)"
)
#: Words that name a hospital only behind a place or a saint, and only where somebody is or goes: "at Dover ER".
_SHORT_KIND = r"(?:ER|ED|ICU|Emergency (?:Room|Department)|General)(?! [A-Z])"
_CAPITALISED = r"[A-Z][a-z'\u2019-]+"
#: "Dr. Lee's office" is named by the doctor.
_NAMED = re.compile(
    rf"(?<![\w.-])(?!(?:The|This|An?|Our|At|In|From|To)\s)"
    rf"(?P<name>(?:St\.|University of|{_CAPITALISED})(?: {_CAPITALISED}){{0,3}}?) {_KIND}(?!\w)"
    r"(?<!'s office)(?<!'s clinic)"
)
_NAMED_BRIEFLY = re.compile(
    r"(?<!\w)(?i:at|in|to|from|of|via) (?:the )?"
    rf"(?P<v>(?P<name>(?:St\. )?{_CAPITALISED}(?: {_CAPITALISED})?) {_SHORT_KIND})(?!\w)"
)
_WORD = re.compile(r"[A-Za-z]+")
#: What a branch of medicine ends with.
_BRANCH = re.compile(r"(?:logy|logic|iatry|iatric|iatrics|surgery|surgical|medicine|care|therapy|health|ics?|al)$")
#: Words before a hospital or a clinic that are nobody's name.
_COMMON = frozenset(
    """
    a an the this that our your his her their my any each another same other outside local nearby area home day
    night weekend acute chronic general community memorial university county state federal public private free
    mobile walk in new old first second next last prior previous current family primary urgent emergency outpatient
    inpatient ambulatory pain wound sleep women men children child infant veterans travel student employee eye ear
    foot hand hip spine heart cancer diabetes asthma stroke infusion dialysis anticoagulation vaccine vaccination
    injury post pre call see seen return follow visit follow-up admit admitted refer referred transfer transferred
    discharge discharged from to at doctor dr mr mrs ms nurse head main back front
    vascular allergy memory fracture fertility pregnancy prenatal transplant teaching specialty
    """.split()  # noqa: SIM905 (a list of words reads better so)
)


def facilities(text: str) -> list[tuple[int, int]]:
    """Where a named facility stands ("Dover General Hospital"), in order; "Cardiology Clinic" names none."""
    found = [(*match.span(), match["name"]) for match in _NAMED.finditer(text)]
    found += [(*match.span("v"), match["name"]) for match in _NAMED_BRIEFLY.finditer(text)]
    named = Stretches()
    for begin, end, name in found:
        if any(map(_is_name, _WORD.findall(name))):
            named.add(begin, end)
    return list(named)


def _is_name(word: str) -> bool:
    small = word.lower()
    return len(word) > 1 and not (small in _COMMON or _BRANCH.search(small) or small in medical_words())
