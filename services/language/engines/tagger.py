"""Syntax, key phrases, entities and personal data from the token classifier (see ``token_classifier.py``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from services.language import rule_precision
from services.language.engines.token_classifier import Probabilities, TokenClassifier
from services.language.entities import merge_entities
from services.language.identifiers import whole_phrases
from services.language.pii import finder
from services.language.spans import unsurpassed
from services.language.tasks import ClinicalReading, Document, TaggedToken, TextSpan
from services.language.tokens import has_word
from services.language.windows import Window, cut, spans_in
from shared.models.catalog import CatalogEntry

#: Universal tags that Comprehend calls otherwise.
_TOLD_AS = {"X": "O"}


class _Tagger:
    """What the four engines share: windows in, one head's probabilities of each window's tokens out."""

    head: str
    line_breaks = False
    #: Whether the spans are names, which neither begin nor end with a word such as "in".
    of_names = True

    def __init__(self, classifier: TokenClassifier) -> None:
        self._classifier: TokenClassifier | None = classifier

    def close(self) -> None:
        self._classifier = None

    @property
    def _classes(self) -> list[str]:
        assert self._classifier is not None
        return self._classifier.heads[self.head]

    def _classify(self, items: Sequence[Document]) -> list[list[tuple[Window, Probabilities]]]:
        """For each document its windows with probabilities (tokens, classes); all windows share batches."""
        assert self._classifier is not None
        cuts = [cut(item.text, item.language or "en", line_breaks=self.line_breaks) for item in items]
        flat = [window for windows in cuts for window in windows]
        answers = iter(self._classifier.classify([w.words for w in flat], self.head))
        return [[(window, next(answers)[window.rows]) for window in windows] for windows in cuts]

    def _spans(self, items: Sequence[Document]) -> list[list[TextSpan]]:
        """The spans of this head in each document."""
        return [
            [
                span
                for window, probabilities in windows
                for span in spans_in(window, probabilities, self._classes, of_names=self.of_names)
            ]
            for windows in self._classify(items)
        ]


class SyntaxEngine(_Tagger):
    """Implements ``SyntaxTagger``."""

    head = "pos"

    def run(self, items: Sequence[Document]) -> list[list[TaggedToken]]:
        answers: list[list[TaggedToken]] = []
        for windows in self._classify(items):
            tagged: list[TaggedToken] = []
            for window, probabilities in windows:
                best = probabilities.argmax(axis=1)
                for token, tag, row in zip(window.tokens, best, probabilities, strict=True):
                    name = self._classes[tag]
                    tagged.append(TaggedToken(token, _TOLD_AS.get(name, name), float(row[tag])))
            answers.append(tagged)
        return answers


class KeyPhraseEngine(_Tagger):
    """Implements ``SpanFinder``: base noun phrases with their determiners, type always ``KEY_PHRASE``."""

    head = "chunk"
    of_names = False

    def run(self, items: Sequence[Document]) -> list[list[TextSpan]]:
        return [
            [
                TextSpan(s.begin, s.end, "KEY_PHRASE", s.score)
                for s in whole_phrases(item.text, spans)
                if has_word(item.text[s.begin : s.end])
            ]
            for item, spans in zip(items, self._spans(items), strict=True)
        ]


class EntityEngine(_Tagger):
    """Implements ``SpanFinder``: names by the model, dates and quantities by rules."""

    head = "entity"

    def run(self, items: Sequence[Document]) -> list[list[TextSpan]]:
        return [
            merge_entities(item.text, [s for s in spans if has_word(item.text[s.begin : s.end])])
            for item, spans in zip(items, self._spans(items), strict=True)
        ]


class PiiEngine(_Tagger):
    """Implements ``SpanFinder``: names and addresses by the model, everything with a shape by rules."""

    head = "pii"
    line_breaks = True

    def run(self, items: Sequence[Document]) -> list[list[TextSpan]]:
        return [finder.combine(item.text, spans) for item, spans in zip(items, self._spans(items), strict=True)]


class MedicalEngine(_Tagger):
    """Implements ``ClinicalReader``; personal data where the model has a head for it. The encoder reads a note once.

    A name or an address that touches a concept of a higher score ("Parkinson" of the disease) is left out.
    """

    head = "concept"

    def run(self, items: Sequence[Document]) -> list[ClinicalReading]:
        assert self._classifier is not None
        heads = [self.head, *(("pii",) if "pii" in self._classifier.heads else ())]
        # Line breaks are told to the model that learnt addresses, where they matter.
        cuts = [cut(item.text, item.language or "en", line_breaks=len(heads) > 1) for item in items]
        answers = self._classifier.classify_heads([w.words for windows in cuts for w in windows], heads)
        # While other threads read.
        matches = [finder.chosen(item.text) if len(heads) > 1 else [] for item in items]
        readings = []
        for item, windows, matched in zip(items, cuts, matches, strict=True):
            by_head: list[list[TextSpan]] = [[] for _ in heads]
            for window in windows:
                for spans, head, rows in zip(by_head, heads, next(answers), strict=True):
                    spans += spans_in(window, rows[window.rows], self._classifier.heads[head])
            concepts = [s for s in by_head[0] if has_word(item.text[s.begin : s.end])]
            people = by_head[1] if len(by_head) > 1 else None
            personal = None if people is None else finder.combine(item.text, unsurpassed(people, concepts), matched)
            readings.append(ClinicalReading(concepts, personal))
        return readings


def load_medical(entry: CatalogEntry, directory: Path, device: str) -> MedicalEngine:
    """The heads of clinical concepts and of names and addresses."""
    rule_precision.table()
    return MedicalEngine(TokenClassifier.shared(directory))


def load_syntax(entry: CatalogEntry, directory: Path, device: str) -> SyntaxEngine:
    """The part-of-speech head."""
    return SyntaxEngine(TokenClassifier.shared(directory))


def load_key_phrases(entry: CatalogEntry, directory: Path, device: str) -> KeyPhraseEngine:
    """The noun phrase head."""
    rule_precision.table()
    return KeyPhraseEngine(TokenClassifier.shared(directory))


def load_entities(entry: CatalogEntry, directory: Path, device: str) -> EntityEngine:
    """The entity head."""
    rule_precision.table()
    return EntityEngine(TokenClassifier.shared(directory))


def load_pii(entry: CatalogEntry, directory: Path, device: str) -> PiiEngine:
    """The head of names and addresses."""
    rule_precision.table()
    return PiiEngine(TokenClassifier.shared(directory))
