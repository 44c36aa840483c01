"""ICD-10-CM: the code table out of the package simple_icd_10_cm, and the codes that a phrase may mean.

A code is found by its official title, its inclusion terms and those of the categories above it (``name_index.py``).
Before that ``icd10_words.toml`` turns everyday words into the table's.
"""

from __future__ import annotations

import functools
import importlib.util
import math
import re
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from services.language.medical.lexicon import normal, terms
from services.language.medical.name_index import Code, Name, NameIndex, tokens
from shared import errors

PACKAGE = "simple_icd_10_cm"
_FOLDER = Path(__file__).parent
#: Words of titles for what a note leaves unsaid.
_UNSAID = frozenset((
    "unspecified", "uncomplicated", "without", "complication", "primary", "initial", "encounter", "closed", "side",
    "site", "type", "single", "episode", "mention", "status", "disease", "disorder", "organism", "intractable",
    "migrainosus",
))  # fmt: skip
#: Words for sides and parts, beside those of anatomy.
_SIDES = frozenset((
    "left", "right", "bilateral", "upper", "lower", "lateral", "medial", "anterior", "posterior", "proximal", "distal",
    "both", "great", "little", "side",
))  # fmt: skip
_ONE_SIDE = re.compile(r"\b(?:left|right|bilateral)\b")
#: The end of a title that says what a note would not mention.
_ABSENT = re.compile(r",? (?:without|not intractable).*$")
#: The seventh character of injuries when a note does not say: the first treatment.
_FIRST_ENCOUNTER = ("A", "initial encounter")
#: What makes one of two equally near names the less likely one, when the note does not say it.
_RARER = ((re.compile(r"\bother\b|elsewhere"), 0.03), (re.compile(r"\bwith\b|\bintractable, with\b"), 0.03))
#: Chapters of pregnancy, of the newborn, and of reasons for a visit that are no illness.
_RARER_CHAPTERS, _RARER_CHAPTER = "OPZ", 0.06


def read_names() -> list[Name]:
    """All names of the table.

    Raises:
        FailedPrecondition: the package is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise errors.FailedPrecondition(
            f"The ICD-10-CM table is missing: install the package {PACKAGE} (`pip install -r requirements/core.lock`)."
        )
    # The package's own classes take five seconds and 500 MB to build; its tables are read instead.
    (table,) = Path(next(iter(spec.submodule_search_locations)), "data").glob("*tabular*.xml")
    names: list[Name] = []
    for _, chapter in ElementTree.iterparse(table):
        if chapter.tag == "chapter":
            for category in chapter.iterfind("section/diag"):
                names += _names_below(category, seventh="")
            chapter.clear()
    return names


def _names_below(node: ElementTree.Element, seventh: str) -> list[Name]:
    """The names of a node and of all below it; a category's own names mean its least specific code."""
    code, title = node.findtext("name", ""), node.findtext("desc", "")
    extensions = {e.get("char", ""): e.text or "" for e in node.iterfind("sevenChrDef/extension")}
    if extensions:
        seventh = min(extensions, key=lambda char: _unlikely(char, extensions[char]))
    terms = [title, *(note.text or "" for note in node.iterfind("inclusionTerm/note"))]
    terms += [_shortened(note.text or "") for note in node.iterfind("includes/note")]
    children = node.findall("diag")
    if not children:
        terms += [short for term in terms if (short := _ABSENT.sub("", term)) != term]
        full = code if not seventh else f"{code if '.' in code else code + '.'}".ljust(7, "X") + seventh
        said = f"{title}, {_FIRST_ENCOUNTER[1]}" if seventh == _FIRST_ENCOUNTER[0] else title
        return [Name(Code(full, said), term) for term in terms if term]
    below = [name for child in children for name in _names_below(child, seventh)]
    default = min((name.code for name in below), key=lambda c: _specific(c.title))
    return [*(Name(default, term) for term in terms if term), *below]


def _unlikely(seventh: str, meaning: str) -> tuple[bool, bool, str]:
    """Sorts seventh characters: the first treatment, then what is unspecified, then by character."""
    return seventh != _FIRST_ENCOUNTER[0], "unspecified" not in meaning, seventh


def _shortened(note: str) -> str:
    """An inclusion note without the code list that some end with."""
    return re.sub(r"\s*\([A-Z]\d[^)]*\)$", "", note)


def _specific(title: str) -> tuple[bool, bool, int]:
    """How much a title says, the least first: "unspecified" and "without" before all else, and then no side."""
    words = title.lower()
    plain = "unspecified" in words or "without" in words or "uncomplicated" in words
    return not plain, _ONE_SIDE.search(words) is not None, len(tokens(title))


def build_index() -> NameIndex:
    """The search over the whole table: some three seconds and 100 MB."""
    places = _SIDES.union(*(tokens(part) for part in terms("anatomy")))
    return NameIndex(read_names(), _UNSAID, places, _rarity)


def _rarity(code: Code) -> float:
    """What a code's cosine is discounted by in the order of codes, so that the plain one comes first."""
    title = code.title.lower()
    rarer = sum(discount for pattern, discount in _RARER if pattern.search(title))
    return rarer + (_RARER_CHAPTER if code.code[0] in _RARER_CHAPTERS else 0.0)


@functools.cache
def _table_words() -> tuple[dict[str, str], re.Pattern[str]]:
    table: dict[str, str] = tomllib.loads((_FOLDER / "icd10_words.toml").read_text(encoding="utf-8"))
    longest_first = sorted(map(re.escape, table), key=len, reverse=True)
    return table, re.compile(rf"(?<![\w'-])(?:{'|'.join(longest_first)})(?![\w-])")


def in_table_words(phrase: str) -> str:
    """A phrase with everyday words and abbreviations replaced by those of the table; each part once."""
    table, pattern = _table_words()
    return pattern.sub(lambda match: table[match[0]], normal(phrase))


def probability(cosine: float, rank: int) -> float:
    """How often a code with this cosine and place (0 = first) is right: a curve fitted by bench/quality/medical.py."""
    of_cosine, of_rank, offset = _calibration()
    return 1 / (1 + math.exp(-(of_cosine * cosine + of_rank * rank + offset)))


@functools.cache
def _calibration() -> tuple[float, float, float]:
    table = tomllib.loads((_FOLDER / "icd10_calibration.toml").read_text(encoding="utf-8"))
    return float(table["cosine"]), float(table["rank"]), float(table["offset"])
