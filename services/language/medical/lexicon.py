"""Our lists of clinical terms: what kind of drug or condition a name is."""

from __future__ import annotations

import functools
import re
import string
from pathlib import Path

_FOLDER = Path(__file__).with_name("terms")
#: What diagnoses end with (Greek and Latin suffixes, and the general words of disease).
_DIAGNOSIS = re.compile(
    r"(?:itis|osis|oma|omas|emia|opathy|pathy|ism|iasis|penia|plegia|sclerosis|carcinoma|cancer|disease|syndrome|"
    r"disorder|infection|failure|fracture|diabetes|hypertension|insufficiency|stenosis|injury|deficiency|ulcer|stroke|"
    r"palsy|hernia|tumor|tumour|dystrophy|arrest|anemia)s?$"
)
_SYMPTOM = re.compile(r"(?:pain|pains|ache|aches|ness|algia|algias|uria|discomfort|itching|cramps|cramping)$")


@functools.cache
def terms(name: str) -> frozenset[str]:
    """The terms of one list ("symptoms"), in lower case."""
    return frozenset((_FOLDER / f"{name}.txt").read_text(encoding="utf-8").lower().split("\n")) - {""}


#: The tagger's types and the lists whose names are of that type.
_LISTS = {
    "DRUG": ("generic_names", "brand_names"),
    "PROBLEM": ("diagnoses", "signs", "symptoms"),
    "TEST": ("laboratory", "tests"),
    "PROCEDURE": ("procedures",),
    "TREATMENT": ("treatments",),
    "ANATOMY": ("anatomy",),
}


@functools.cache
def _types() -> dict[str, str]:
    """Term -> the tagger's type, of the terms whose lists agree."""
    types: dict[str, set[str]] = {}
    for kind, lists in _LISTS.items():
        for term in frozenset().union(*map(terms, lists)):
            types.setdefault(term, set()).add(kind)
    return {term: kinds.pop() for term, kinds in types.items() if len(kinds) == 1}


def listed_type(name: str) -> str:
    """The tagger's type of a name that our lists have; "" for others, and for short words not in capitals ("Ms")."""
    return "" if len(name) <= _ABBREVIATED and not name.isupper() else _types().get(normal(name), "")


_SEPARATOR = re.compile(r"[,;:.()\n]|\s[-\u2013]\s|$")


def listed_names(text: str) -> list[tuple[int, int, str]]:
    """Names of our lists that stand alone between marks or lines, in order: begin, end, the tagger's type.

    What a colon follows is a heading ("PE: lungs clear") and none.
    """
    found = []
    place = 0
    for separator in _SEPARATOR.finditer(text):
        item, begin, place = text[place : separator.start()], place, separator.end()
        name = item.strip()
        if separator[0] != ":" and (kind := listed_type(name)):
            begin += item.index(name)
            found.append((begin, begin + len(name), kind))
    return found


def is_listed_condition(text: str, begin: int, end: int) -> bool:
    """Whether only our lists of conditions have the name at [begin, end), and it is not given ("MS 2 mg": morphine)."""
    return listed_type(text[begin:end]) == "PROBLEM" and _GIVEN.match(text, end) is None


@functools.cache
def medical_words() -> frozenset[str]:
    """The words of all our lists, in lower case."""
    lists = (terms(path.stem) for path in _FOLDER.glob("*.txt"))
    return frozenset(word for names in lists for name in names for word in re.findall(r"[a-z]+", name))


def normal(text: str) -> str:
    """A term as the lists have it: lower case, one space."""
    return " ".join(text.lower().split())


#: Not ``str.lower``: that makes two characters of some, and offsets would move.
_SMALL = {ord(letter): letter.lower() for letter in string.ascii_uppercase}


def small_letters(text: str) -> str:
    """The text with A-Z as small letters and every offset kept: patterns match it twice as fast as in any case."""
    return text.translate(_SMALL)


def is_drug(name: str) -> bool:
    """Whether our lists of drugs have the name."""
    return normal(name) in terms("generic_names") or normal(name) in terms("brand_names")


def drug_type(name: str) -> str:
    """GENERIC_NAME or BRAND_NAME."""
    return "BRAND_NAME" if normal(name) in terms("brand_names") else "GENERIC_NAME"


#: Laboratory names that a doctor may give as a drug, too: there the words around decide.
_ALSO_GIVEN = frozenset((
    "albumin", "bicarbonate", "calcium", "chloride", "cortisol", "calcitonin", "fibrinogen", "glucose", "magnesium",
    "phosphate", "phosphorus", "platelets", "potassium", "prolactin", "sodium", "t3", "t4",
))  # fmt: skip
_GIVEN = re.compile(
    r"\s*(?:(?:chloride|sulfate|oxide|carbonate|gluconate|citrate|phosphate|acetate|bicarbonate|infusion|transfusion|"
    r"repletion|replacement|supplement(?:s|ation)?|tablets?|tabs?|capsules?|daily|bid|tid|qhs|po|iv)(?!\w)|"
    r"\d[\d.,]*\s?(?:mg|mcg|g|gm|grams?|meq|mmol|units?|ml|tabs?|tablets?)(?![\w/]))",
    re.IGNORECASE,
)
_GIVING = re.compile(
    r"(?:takes?|taking|given|gave|received?|receives|start(?:ed)?|continue[ds]?|on|with|replete[ds]?|supplement(?:ed)?)\s+"
    r"(?:oral |iv |po |\d[\d.,]*\s?(?:mg|g|meq|units?)\s(?:of\s)?)?$",
    re.IGNORECASE,
)
#: Names of so many letters are abbreviations, and words of another meaning in small letters.
_ABBREVIATED = 3
#: A value behind a name: "potassium 3.4", "sodium of 128", "calcium is low".
_MEASURED = re.compile(
    r"\s*(?:levels?\s*)?(?:is|was|of|at|:|=)?\s*(?:[<>]?\s?\d{1,4}(?:\.\d{1,3})?(?![\w.]|\s?(?:mg|mcg|g|tab))|levels?|normal|"
    r"low|high|elevated|pending|stable|(?:is|was) (?:normal|low|high|elevated))",
    re.IGNORECASE,
)


def laboratory_names(text: str) -> list[tuple[int, int]]:
    """Where a note names laboratory values, in order; a name that is a drug's, too, only where the words say so."""
    named = _laboratory().finditer(small_letters(text))
    return [match.span() for match in named if _is_test(text, *match.span())]


def is_given(text: str, begin: int, end: int) -> bool:
    """Whether the laboratory name at [begin, end) is that of a drug there, by the dose or the form behind it."""
    return normal(text[begin:end]) in _ALSO_GIVEN and _GIVEN.match(text, end) is not None


@functools.cache
def _laboratory() -> re.Pattern[str]:
    longest_first = sorted(terms("laboratory"), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])")


def _is_test(text: str, begin: int, end: int) -> bool:
    if end - begin <= _ABBREVIATED and text[begin:end].islower():
        return False
    if normal(text[begin:end]) not in _ALSO_GIVEN:
        return True
    if _GIVEN.match(text, end):
        return False
    return bool(_MEASURED.match(text, end)) or not _GIVING.search(text, max(0, begin - 30), begin)


def condition_trait(name: str) -> str:
    """DIAGNOSIS, SIGN or SYMPTOM, by our lists and then by the ending; "" when neither tells."""
    words = normal(name).split()
    # The shorter, the more general: "severe chest pain" is what "chest pain" is.
    for first in range(len(words)):
        term = " ".join(words[first:])
        for kind, trait in (("signs", "SIGN"), ("symptoms", "SYMPTOM"), ("diagnoses", "DIAGNOSIS")):
            if term in terms(kind):
                return trait
    last = words[-1] if words else ""
    if _DIAGNOSIS.search(last):
        return "DIAGNOSIS"
    return "SYMPTOM" if _SYMPTOM.search(last) else ""
