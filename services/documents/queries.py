"""Answers to questions, taken from the page: the value of the key, the cell of the header, or the rest of the line
that the question's words name. Nothing is made up: no match, no answer."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from services.documents.forms import KeyValue
from services.documents.lines import TextWord
from services.documents.sheets import Sheet
from services.documents.tables import Table
from shared.media.boxes import Box, union

#: Words that say that something is asked, not what.
STOP_WORDS = frozenset(
    [
        "what",
        "is",
        "the",
        "a",
        "an",
        "of",
        "in",
        "on",
        "for",
        "to",
        "whats",
        "who",
        "whom",
        "whose",
        "when",
        "where",
        "which",
        "how",
        "much",
        "many",
        "does",
        "do",
        "did",
        "was",
        "were",
        "are",
        "be",
        "please",
        "tell",
        "me",
        "give",
        "find",
        "show",
        "s",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "by",
        "at",
        "from",
        "with",
        "and",
        "or",
        "there",
        "any",
    ]
)
SYNONYMS = {
    "amount": "total",
    "employer": "company",
    "ssn": "social security number",
    "dob": "date birth",
    "phone": "telephone",
    "tel": "telephone",
    "zip": "zip code",
    "no": "number",
    "num": "number",
    "nr": "number",
    "addr": "address",
    "qty": "quantity",
    "born": "date birth",
    "#": "number",
}
WANTS_DATE = re.compile(r"\b(when|date|day|birthday)\b")
WANTS_NUMBER = re.compile(r"\b(how (much|many)|amount|total|number|sum|price|cost|quantity|rate)\b")
DATE = re.compile(
    r"\d{1,4}[./-]\d{1,2}|\b(jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)"
    r"(uary|ruary|ch|il|e|y|ust|ember|tember|ober)?\b",
    re.IGNORECASE,
)
#: Words that name the kind of answer; they count half, as the answer itself shows its kind.
KINDS = frozenset({"dat", "number", "amount", "total", "nam", "cod", "addres"})
#: Words that name the document: "the invoice date" may stand there as "Date", which is less sure by this factor.
DOCUMENTS = frozenset({"invoic", "receipt", "statement", "document", "form", "letter", "contract", "report", "pag"})
UNNAMED = 0.7
#: Least match between question and key for an answer, and least share of the question that the key names (0..1).
MIN_MATCH = 0.5
MIN_RECALL = 0.6


_IN_BRACKETS = re.compile(r"\([^()]*\)")


@dataclass(frozen=True, eq=False, slots=True)
class Answer:
    """``words`` as read from the page; ``confidence`` 0..1: the match of the question times that of the reading."""

    words: tuple[TextWord, ...]
    confidence: float

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def box(self) -> Box:
        return union(word.box for word in self.words)


@dataclass(frozen=True, eq=False, slots=True)
class _Candidate:
    label: Counter[str]
    words: tuple[TextWord, ...]
    prior: float


def answer(question: str, sheet: Sheet, pairs: Sequence[KeyValue], tables: Sequence[Table]) -> Answer | None:
    """The best answer on a sheet, or None."""
    wanted = Counter(_terms(question, drop=STOP_WORDS))
    if not wanted:
        return None
    # What is asked of this document, without its name, where the question names it.
    here = Counter({term: count for term, count in wanted.items() if term not in DOCUMENTS})
    if here == wanted:
        here.clear()
    candidates = _candidates(sheet, pairs, tables)
    weights = _weights([candidate.label for candidate in candidates])
    lowered = question.lower()
    best: Answer | None = None
    for candidate in candidates:
        match = _match(wanted, candidate.label, weights)
        if here:
            match = max(match, UNNAMED * _match(here, candidate.label, weights))
        text = " ".join(word.text for word in candidate.words)
        if WANTS_DATE.search(lowered):
            match *= 1.0 if DATE.search(text) else 0.6
        elif WANTS_NUMBER.search(lowered):
            match *= 1.0 if any(c.isdigit() for c in text) else 0.5
        if match < MIN_MATCH:
            continue
        confidence = match * candidate.prior * _mean(candidate.words)
        if best is None or confidence > best.confidence:
            best = Answer(candidate.words, confidence)
    return best


def _candidates(sheet: Sheet, pairs: Sequence[KeyValue], tables: Sequence[Table]) -> list[_Candidate]:
    candidates = [_Candidate(Counter(_terms(pair.key_text)), pair.value, 0.95) for pair in pairs if pair.value]
    labels: set[int] = set()
    for table in tables:
        headers = {cell.column: cell for cell in table.cells if cell.row == 1 and cell.header}
        filled = sorted((cell for cell in table.cells if cell.words), key=lambda cell: (cell.row, cell.column))
        for _, row in itertools.groupby(filled, key=lambda cell: cell.row):
            # The first cell with words names the row: that of a sum stands where others have their price.
            side, *others = row
            for cell in (side, *others):
                if cell.column < 2 or cell.header:
                    continue
                head = headers.get(cell.column)
                named = (side.text if side is not cell else "") + " " + (head.text if head else "")
                candidates.append(_Candidate(Counter(_terms(_IN_BRACKETS.sub("", named))), cell.words, 0.8))
            if others:
                labels.update(map(id, side.words))
    for line in sheet.lines:
        named_by_colon = any(word.text.endswith(":") for word in line.words)
        # "Invoice number 123": what follows the last word that could be a label.
        for cut in range(1, min(6, len(line.words))):
            # Neither the name of a row nor what a colon ends has its value within.
            if id(line.words[cut]) in labels or (named_by_colon and not line.words[cut - 1].text.endswith(":")):
                continue
            label = Counter(_terms(" ".join(word.text for word in line.words[:cut])))
            candidates.append(_Candidate(label, line.words[cut:], 0.6))
        neighbour = _beside(sheet, line.box)
        if neighbour:
            candidates.append(_Candidate(Counter(_terms(line.text)), neighbour, 0.7))
    return candidates


def _beside(sheet: Sheet, box: Box) -> tuple[TextWord, ...]:
    """The words of the next line on the same row."""
    row = [
        line
        for line in sheet.lines
        if line.box.left >= box.right - 2 and line.box.overlap_y(box) > 0.5 * min(line.box.height, box.height)
    ]
    nearest = min(row, key=lambda line: line.box.left, default=None)
    return nearest.words if nearest is not None else ()


def _terms(text: str, drop: frozenset[str] = frozenset()) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.lower().replace("'s", ""))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    terms: list[str] = []
    for term in re.findall(r"#|[a-z]+|\d+", plain):
        if term in drop:
            continue
        for word in SYNONYMS.get(term, term).split():
            terms.append(_stem(word))
    return terms


def _stem(word: str) -> str:
    """Plurals and the commonest endings off; enough to match "dates" to "date"."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


def _weights(labels: Sequence[Counter[str]]) -> dict[str, float]:
    """Rare words of the page's labels weigh more (inverse document frequency, Spärck Jones 1972)."""
    counts = Counter(term for label in labels for term in label)
    total = len(labels) + 1
    return {term: math.log(1 + total / count) for term, count in counts.items()}


def _match(wanted: Counter[str], label: Counter[str], weights: dict[str, float]) -> float:
    """Weighted overlap, 0..1: harmonic mean of how much of the question and how much of the label is covered."""
    if not label:
        return 0.0
    special = any(term not in KINDS for term in wanted)

    def weight(term: str) -> float:
        return 0.4 if special and term in KINDS else 1.0

    common = sum(weight(term) * weights.get(term, 1.0) for term in wanted if term in label)
    if common == 0:
        return 0.0
    unknown = math.log(1 + len(weights) + 1) if weights else 1.0
    asked = sum(weight(term) * weights.get(term, unknown) for term in wanted)
    labelled = sum(weight(term) * weights.get(term, 1.0) for term in label)
    recall, precision = common / asked, common / labelled
    if recall < MIN_RECALL:
        return 0.0
    return 2 * recall * precision / (recall + precision)


def _mean(words: Sequence[TextWord]) -> float:
    return sum(word.confidence for word in words) / len(words)
