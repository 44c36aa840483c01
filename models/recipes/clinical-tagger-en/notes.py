"""Sentences as doctors note them, made from our lists of terms: where tests, procedures and anatomy are learnt from."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

from bench.quality.bc5cdr import Annotated

TERMS = Path(__file__).resolve().parents[3] / "services" / "language" / "medical" / "terms"


#: Slots in braces: a list of terms, "dose", or words that are labelled nothing.
TEMPLATES = """
{age} presents with {symptom} and {symptom} for {days}.
{age} with a history of {dx}, {dx} and {dx} who presents with {symptom}.
{age} with PMH of {dx}, {dx}, s/p {proc} in {year}.
Pt c/o {symptom} x {days}.
pt reports {symptom}, denies {symptom}, {symptom} or {symptom}.
Patient denies any {symptom}, {symptom}, {symptom}.
Denies {symptom}. No {symptom}.
No {sign}, no {sign}.
There is no {sign} or {sign} of the {anat}.
{anat}: no {sign}, {sign} or {sign}.
{anat}: {sign} present.
There is {sign} over the {side} {anat}.
He has {symptom} in his {side} {anat}.
Pain radiates to the {anat} and {anat}.
PMH: {dx}, {dx}, {dx}, {dx}.
Past medical history: {dx}; {dx}; {dx}.
1. {dx} - continue {drug}.
2. {dx}: start {drug} {dose}.
# {dx} - stable on {drug}.
{dx}, well controlled on {drug} {dose}.
Assessment: {dx} with {symptom}.
Impression: likely {dx} versus {dx}.
Assessment and plan: {dx}. Will order {test} and {test}.
{drug} {dose}
- {drug} {dose}
* {drug} {dose} for {dx}
Medications: {drug} {dose}, {drug} {dose}, {drug} {dose}.
Current meds include {drug}, {drug} and {drug} {dose}.
Home meds: {drug}, {drug}, {drug}.
Start {drug} {dose}.
Continue {drug} {dose} and {drug} {dose}.
Increase {drug} to {strength} daily; stop {drug}.
He was started on {drug} {dose} for {dx}.
She takes {drug} as needed for {symptom}.
Discontinued {drug} due to {symptom}.
Allergies: {drug} ({symptom}), {drug}.
Allergic to {drug} which causes {symptom}.
NKDA. No known drug allergies.
Family history: mother with {dx}, father died of {dx} at {number}.
FH: {dx} in sister, {dx} in brother.
His father had {dx}.
Surgical history: {proc}, {proc}.
PSH: {proc} ({year}), {proc}.
She underwent {proc} in {year}.
Status post {side} {proc}.
Scheduled for {proc} next week.
Treated with {treat} and {treat}.
Refer to {treat}.
Continue {treat}; recommend {treat}.
{treat} was ordered for {dx}.
{test} showed {sign}.
{test} was normal.
{test} of the {anat} revealed {sign} and {dx}.
{test} {number}, {test} {number}, {test} {number}.
Labs: {test} {number}, {test} {number}, {test} within normal limits.
Vitals: {test} {number}/{number}, {test} {number}, {test} {number}.
Vital signs: {test} {number}, {test} {number}.
Check {test} and {test} in 3 months.
Will obtain {test} to rule out {dx}.
{test} negative for {dx}.
Repeat {test} tomorrow.
Physical exam: {anat} clear, {anat} soft, no {sign}.
Exam: {anat} with {sign}; {anat} normal.
{anat} are clear to auscultation bilaterally without {sign}.
Regular rate and rhythm, no {sign}.
{side} {anat} {symptom} after a fall.
Fracture of the {side} {anat}.
Laceration to the {anat}, sutured.
Social history: smokes a pack a day, drinks socially, lives with his wife.
Follow up in two weeks with primary care.
The patient was seen and examined. She is in no acute distress.
She was admitted to the hospital on {year} and discharged home in stable condition.
Discussed the plan with the family, who agree.
{dx} diagnosed in {year}, treated with {drug} and {treat}.
Worsening {symptom} despite {drug}.
No evidence of {dx} on {test}.
Concern for {dx} given {sign} and {symptom}.
Unlikely {dx}.
Counseled regarding {dx} and {treat}.
Given {drug} {strength} IV in the ED with improvement of {symptom}.
Received {drug} and {drug} prior to {proc}.
Recent {proc} complicated by {dx}.
{proc} was performed without complications.
Patient tolerated {proc} well.
""".strip().splitlines()

_PLAIN = {
    "age": ["A {n}-year-old man", "{n} yo female", "{n}yo M", "This is a {n} year old woman",
            "Mr. Smith is a {n}-year-old male", "68 y/o F", "{n} year old male", "The patient is a {n}-year-old"],
    "days": ["{n} days", "2 weeks", "the past month", "3d", "several hours", "1 week", "two days"],
    "year": ["2015", "March 2019", "2008", "the 1990s", "last year"],
    "side": ["left", "right", "bilateral", "L", "R"],
    "number": ["{n}", "1{n}", "{n}.4", "7.2", "98.6", "120", "80"],
}  # fmt: skip
_LISTS = {
    "dx": (("diagnoses",), "PROBLEM"),
    "symptom": (("symptoms", "symptoms", "signs"), "PROBLEM"),
    "sign": (("signs", "signs", "symptoms"), "PROBLEM"),
    "drug": (("generic_names", "generic_names", "brand_names"), "DRUG"),
    "test": (("tests",), "TEST"),
    "proc": (("procedures",), "PROCEDURE"),
    "treat": (("treatments",), "TREATMENT"),
    "anat": (("anatomy",), "ANATOMY"),
}
_UNITS = ("mg", "mg", "mg", "mcg", "g", "units", "mL", "mEq", "%", "mg/mL")
_ROUTES = ("PO", "po", "by mouth", "IV", "orally", "SC", "subcutaneously", "IM", "inhaled", "topically", "", "")
_TIMES = ("daily", "BID", "bid", "TID", "qid", "q6h", "q8h prn", "once daily", "twice a day", "at bedtime", "qhs",
          "every 6 hours as needed", "weekly", "QD", "nightly", "every morning", "with meals")  # fmt: skip
_FORMS = ("", "", "", "tablet", "tab", "1 tab", "2 tablets", "capsule", "2 puffs", "cream", "patch", "1 drop")


class Maker:
    """Fills the templates. ``problems`` and ``drugs`` are names from elsewhere, used beside our own lists."""

    def __init__(self, seed: int, problems: Sequence[str] = (), drugs: Sequence[str] = ()) -> None:
        self.random = random.Random(seed)
        self._terms = {path.stem: path.read_text(encoding="utf-8").splitlines() for path in sorted(TERMS.glob("*.txt"))}
        self._problems, self._drugs = problems, drugs

    def make(self) -> Annotated:
        text, spans = "", []
        for part in re.split(r"(\{\w+\})", self.random.choice(TEMPLATES)):
            if not part.startswith("{"):
                text += part
                continue
            words, kind = self._fill(part[1:-1])
            if not text or (kind and text.endswith((". ", "; "))):
                words = words[0].upper() + words[1:] if self.random.random() < 0.9 else words
            if kind:
                spans.append((len(text), len(text) + len(words), kind))
            text += words
        return Annotated(text, tuple(spans)) if self.random.random() > 0.08 else Annotated(text.upper(), tuple(spans))

    def _fill(self, name: str) -> tuple[str, str]:
        choose = self.random.choice
        if name in ("dose", "strength"):
            return self._dose(name == "strength"), ""
        if name in _PLAIN:
            return choose(_PLAIN[name]).replace("{n}", str(self.random.randint(2, 95))), ""
        lists, kind = _LISTS[name]
        if kind == "DRUG" and self._drugs and self.random.random() < 0.15:
            return choose(self._drugs), kind
        if name == "dx" and self._problems and self.random.random() < 0.3:
            return choose(self._problems), kind
        term = choose(self._terms[choose(lists)])
        if len(term) <= 4 and kind != "DRUG" and self.random.random() < 0.7:
            term = term.upper()
        elif kind == "DRUG" and self.random.random() < 0.3:
            term = term[0].upper() + term[1:]
        elif kind == "DRUG" and self.random.random() < 0.2:
            term = term.lower()
        if kind == "PROBLEM" and self.random.random() < 0.12:
            term = choose(("chronic", "acute", "severe", "mild", "worsening", "persistent")) + " " + term
        return term, kind

    def _dose(self, strength_alone: bool) -> str:
        choose = self.random.choice
        amount = choose(("5", "10", "20", "25", "40", "50", "81", "100", "250", "325", "500", "1,000", "0.5", "2.5"))
        strength = f"{amount}{choose(('', ' '))}{choose(_UNITS)}"
        if strength_alone:
            return strength
        parts = [strength, choose(_FORMS), choose(_ROUTES), choose(_TIMES)]
        if self.random.random() < 0.2:
            parts.append(choose(("x 10 days", "for 7 days", "x5d", "#30", "for 2 weeks")))
        return " ".join(p for p in parts if p)
