"""Made-up clinical sentences with names and addresses of people in them, and names of illnesses that are nobody's.

The names and addresses are tagger-en's (``synthetic.py``, Faker's lists), the clinical terms those of ``notes.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import notes
import synthetic

from bench.quality.bc5cdr import Annotated

#: Slots in braces are those of synthetic.py (person, first, last, city, address ...) and of notes.py (dx, drug ...).
TEMPLATES = r"""
Mr. {last} is a {age}-year-old man with {dx} who presents with {symptom}.
Mrs. {last} is seen for {dx}. She takes {drug} {dose}.
Ms. {last} denies {symptom} and {symptom}.
Mr. {person} was admitted on {date} with {symptom}.
{person}, {age}, comes in with {symptom} for {days}.
Patient: {person}\nDOB: {date}\nMRN: {number}
PATIENT NAME: {person}\nDATE OF BIRTH: {date}
Name: {last}, {first}\nAge: {age}
Name: {person}\nAddress: {address}\nPhone: {phone}
{person}\n{block}
The patient lives with {first} in {city}.
Lives at {address} with a daughter.
Lives in {city}; no {symptom} since the last visit.
Moved here from {city} in {year}.
He was transferred from {city} for {proc}.
Traveled to {country} last month, then {symptom}.
Her daughter {first} is at the bedside.
His wife, {person}, reports {symptom}.
Discussed with Dr. {last}, who agrees to {proc}.
Dr. {person} of {city} performed the {proc}.
Referred by Dr. {last} for {dx}.
Follow up with Dr. {last} in two weeks.
Seen and examined with Dr. {last}; {dx} improving on {drug}.
PCP: {person}, MD
PCP: Dr. {last}
Attending: {person}, M.D.
Consultant: Dr. {last}
Dictated by: {person}, MD
Electronically signed by {person}, NP on {date}
Signed: {first} {last}, RN
cc: {person}
Dear Dr. {last},\nthank you for referring {person}, who has {dx}.
Contact: {person} (son), {phone}
Emergency contact: {first} {last} {phone}
Call {first} with results of {test}.
{first} will pick up {drug} tomorrow.
{last} was started on {drug} {dose} for {dx}.
{first} has {symptom} and {symptom}.
{first} tolerated {proc} well.
pt {first} c/o {symptom} x {days}
Interpreter {first} was present.
{test} showed {sign}; {last} was told by phone.
{eponym} was ruled out.
History of {eponym}, on {drug}.
{dx}; {eponym}; {dx}.
{device} was placed without complications.
{device} removed; no {sign}.
{sign} on {test}; {device} in place.
Positive {eponymsign}, negative {eponymsign}.
{drug} {dose}, {drug} {dose}.
Start {drug} {dose}. Stop {drug}.
Allergies: {drug}, {drug}.
Plan: {test}, {test}, {proc}.
Labs: {test} {number}, {test} {number}.
Assessment: {dx} and {dx}, likely {eponym}.
Exam: {anat} normal, {anat} with {sign}.
""".strip().splitlines()

#: Names that are no person's: illnesses, then things and signs that are labelled nothing here.
_EPONYMS = (
    "Parkinson's disease", "Crohn's disease", "Alzheimer's disease", "Hodgkin lymphoma", "Graves disease",
    "Hashimoto's thyroiditis", "Cushing's syndrome", "Addison's disease", "Raynaud's phenomenon", "Sjogren's syndrome",
    "Bell's palsy", "Huntington's disease", "Tourette syndrome", "Marfan syndrome", "Barrett's esophagus",
    "Guillain-Barre syndrome", "Wilson's disease", "Kawasaki disease", "Paget's disease", "Lyme disease",
    "Meniere's disease", "Down syndrome", "Kaposi's sarcoma", "Wegener's granulomatosis", "Stevens-Johnson syndrome",
    "Wernicke's encephalopathy", "Turner syndrome", "Peyronie's disease", "Ewing sarcoma", "Burkitt lymphoma",
)  # fmt: skip
_DEVICES = (
    "A Foley catheter", "The Foley", "A Swan-Ganz catheter", "A Hickman line", "A Jackson-Pratt drain", "The JP drain",
    "A Holter monitor", "A Dobhoff tube", "A Penrose drain", "A Groshong catheter", "A Blakemore tube",
)  # fmt: skip
_EPONYM_SIGNS = (
    "Murphy's sign", "Babinski", "Homan's sign", "Tinel's sign", "Phalen's test", "Romberg", "Kernig's sign",
    "Brudzinski's sign", "Lachman test", "McMurray test", "Hoffman's sign", "Chvostek sign", "Apgar score",
)  # fmt: skip
_NUMBERS = ("age", "number", "year", "date", "phone")


class PhiMaker:
    """Fills the templates; spans are NAME and ADDRESS beside the types of concepts."""

    def __init__(self, seed: int, problems: Sequence[str] = (), drugs: Sequence[str] = ()) -> None:
        self._clinical = notes.Maker(seed, problems, drugs)
        self._people = synthetic.Maker(seed)
        self.random = self._clinical.random

    def make(self) -> Annotated:
        choose = self.random.choice
        locale = choose(("en_US", "en_US", "en_US", choose(synthetic.LOCALES)))
        faker = self._people.fakers[locale]
        text, spans = "", []
        for part in re.split(r"(\{\w+\})", choose(TEMPLATES).replace("\\n", "\n")):
            if not part.startswith("{"):
                text += part
                continue
            slot = part[1:-1]
            kind = synthetic.KINDS.get(slot, "")
            if slot == "eponym":
                words, kind = choose(_EPONYMS), "PROBLEM"
            elif slot in ("device", "eponymsign"):
                words = choose(_DEVICES if slot == "device" else _EPONYM_SIGNS)
            elif kind or slot in _NUMBERS:
                words = self._people._value(slot, faker)
            else:
                words, kind = self._clinical._fill(slot)
            if kind:
                spans.append((len(text), len(text) + len(words), kind))
            text += words
        luck = self.random.random()
        changed = text.lower() if luck < 0.06 else text.upper() if luck < 0.14 else text
        return Annotated(changed if len(changed) == len(text) else text, tuple(spans))
