"""Our lists of clinical terms: what kind of drug or condition a name is."""

from __future__ import annotations

import functools
import re
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


def normal(text: str) -> str:
    """A term as the lists have it: lower case, one space."""
    return " ".join(text.lower().split())


def drug_type(name: str) -> str:
    """GENERIC_NAME or BRAND_NAME."""
    return "BRAND_NAME" if normal(name) in terms("brand_names") else "GENERIC_NAME"


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
