"""What the engines of this service take and give: one item and one result type a task, and a Protocol each.

An engine of a task is anything with ``run(items)`` and ``close()``; offsets are code points of the item's text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.language.tokens import Token

#: Names of the tasks in the catalog.
DOMINANT_LANGUAGE = "detect-dominant-language"
SENTIMENT = "detect-sentiment"
SYNTAX = "detect-syntax"
KEY_PHRASES = "detect-key-phrases"
ENTITIES = "detect-entities"
PII = "detect-pii-entities"
MEDICAL_CONCEPTS = "detect-medical-concepts"
ICD10CM = "link-icd10cm"
RXNORM = "link-rxnorm"

#: Comprehend's types of entities and its tags of words.
ENTITY_TYPES = ("PERSON", "LOCATION", "ORGANIZATION", "COMMERCIAL_ITEM", "EVENT", "DATE", "QUANTITY", "TITLE", "OTHER")
SYNTAX_TAGS = (
    "ADJ", "ADP", "ADV", "AUX", "CONJ", "CCONJ", "DET", "INTJ", "NOUN",
    "NUM", "O", "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """A text and the language its caller says it is in (BCP 47; empty where the task finds it out)."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class RankedLanguage:
    """A language (RFC 5646 code) and how probable it is, 0..1."""

    code: str
    score: float


@dataclass(frozen=True, slots=True)
class Sentiment:
    """Probabilities of the four sentiments; they sum to 1."""

    positive: float
    negative: float
    neutral: float
    mixed: float

    @property
    def label(self) -> str:
        """The most probable sentiment, in Comprehend's words."""
        scores = {
            "POSITIVE": self.positive,
            "NEGATIVE": self.negative,
            "NEUTRAL": self.neutral,
            "MIXED": self.mixed,
        }
        return max(scores, key=lambda name: scores[name])


@dataclass(frozen=True, slots=True)
class TaggedToken:
    """A word, its part of speech (one of ``SYNTAX_TAGS``), and the probability of that tag."""

    token: Token
    tag: str
    score: float


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A stretch [begin, end) of a text, what it is, and how sure the engine is, 0..1."""

    begin: int
    end: int
    type: str
    score: float


@dataclass(frozen=True, slots=True)
class ClinicalReading:
    """What a model finds in a clinical note, each list in order of ``begin`` and not overlapping.

    ``concepts`` are spans of DRUG, PROBLEM, TEST, PROCEDURE, TREATMENT and ANATOMY, ``personal`` those that the task
    detect-pii-entities has; None from a model that knows nothing of names and addresses.
    """

    concepts: Sequence[TextSpan]
    personal: Sequence[TextSpan] | None


@dataclass(frozen=True, slots=True)
class RankedCode:
    """A code of a table that a phrase may mean, its title, and how sure the engine is, 0..1."""

    code: str
    title: str
    score: float


class LanguageIdentifier(Protocol):
    """Languages of each document, most probable first."""

    def run(self, items: Sequence[Document]) -> Sequence[Sequence[RankedLanguage]]: ...
    def close(self) -> None: ...


class SentimentClassifier(Protocol):
    """The sentiment of each document."""

    def run(self, items: Sequence[Document]) -> Sequence[Sentiment]: ...
    def close(self) -> None: ...


class SyntaxTagger(Protocol):
    """The words of each document with their parts of speech, in order."""

    def run(self, items: Sequence[Document]) -> Sequence[Sequence[TaggedToken]]: ...
    def close(self) -> None: ...


class SpanFinder(Protocol):
    """Entities, key phrases or personal data of each document, in order of ``begin``, not overlapping."""

    def run(self, items: Sequence[Document]) -> Sequence[Sequence[TextSpan]]: ...
    def close(self) -> None: ...


class ClinicalReader(Protocol):
    """Clinical concepts and personal data of each document."""

    def run(self, items: Sequence[Document]) -> Sequence[ClinicalReading]: ...
    def close(self) -> None: ...


class CodeFinder(Protocol):
    """Codes of a table that each phrase may mean, at most five, the likeliest first."""

    def run(self, items: Sequence[Document]) -> Sequence[Sequence[RankedCode]]: ...
    def close(self) -> None: ...
