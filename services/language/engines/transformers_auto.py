"""Checkpoints of the transformers library for the same tasks: any sequence or token classifier with readable labels.

This is the heavy engine: it needs torch and transformers, so its catalog entries name the engine environment
``transformers``. A checkpoint is a folder with ``config.json``, weights as safetensors, and a tokenizer; nothing is
fetched, and no code of a checkpoint is run. ``options.labels`` renames its classes in order (a list, or names with
commas between them), where those in ``config.json`` are not the task's (``LABEL_0`` and the like).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from services.language.engines.sentiment_convolution import combine
from services.language.medical.label_names import CONCEPTS, PERSONAL, bio_class
from services.language.pii import finder
from services.language.tasks import (
    ENTITY_TYPES,
    SYNTAX_TAGS,
    ClinicalReading,
    Document,
    RankedLanguage,
    Sentiment,
    TaggedToken,
    TextSpan,
)
from services.language.tokens import has_word
from services.language.windows import Window, cut, spans_in
from shared import errors
from shared.models.catalog import CatalogEntry

logger = logging.getLogger("nonet.language")

_WINDOW_PIECES = 256
_SENTIMENTS = ("NEGATIVE", "NEUTRAL", "POSITIVE", "MIXED")
#: Names of entity types in well-known corpora (CoNLL-2003, OntoNotes 5, WNUT17) and what Comprehend calls them.
_ENTITY_NAMES = {
    "PER": "PERSON", "LOC": "LOCATION", "ORG": "ORGANIZATION", "MISC": "OTHER", "GPE": "LOCATION", "FAC": "LOCATION",
    "NORP": "OTHER", "PRODUCT": "COMMERCIAL_ITEM", "WORK_OF_ART": "TITLE", "LAW": "TITLE", "TIME": "DATE",
    "MONEY": "QUANTITY", "PERCENT": "QUANTITY", "CARDINAL": "QUANTITY", "ORDINAL": "QUANTITY", "LANGUAGE": "OTHER",
    "GROUP": "ORGANIZATION", "CORPORATION": "ORGANIZATION", "CREATIVE-WORK": "TITLE",
}  # fmt: skip

Probabilities = npt.NDArray[np.float32]


class _Checkpoint:
    """A model and its tokenizer on a device."""

    def __init__(self, entry: CatalogEntry, directory: Path, device: str, kind: str) -> None:
        import torch
        import transformers

        self._torch = torch
        self._device = device
        options = {"local_files_only": True, "trust_remote_code": False}
        self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(directory, use_fast=True, **options)
        loader = getattr(transformers, kind)
        self.model: Any = loader.from_pretrained(directory, use_safetensors=True, **options).to(device).eval()
        names = entry.options.get("labels")
        known = self.model.config.id2label
        if isinstance(names, str):  # as `nonet models add --option` has it
            names = names.split(",")
        self.labels = list(names) if isinstance(names, list) else [str(known[i]) for i in range(len(known))]
        if len(self.labels) != len(known):
            raise errors.FailedPrecondition(
                f"{entry.id}: options.labels has {len(self.labels)} names for {len(known)} classes."
            )

    def probabilities(self, encoding: Any) -> Probabilities:
        """Softmax of the model's logits over the last axis."""
        with self._torch.inference_mode():
            inputs = {name: value for name, value in encoding.items() if name in self.tokenizer.model_input_names}
            logits = self.model(**{name: value.to(self._device) for name, value in inputs.items()}).logits.float()
            result: Probabilities = logits.softmax(-1).cpu().numpy()
            return result

    def close(self) -> None:
        self.model = None


class _TextClassifier:
    """Whole texts, in windows where they are long."""

    def __init__(self, checkpoint: _Checkpoint) -> None:
        self._checkpoint = checkpoint

    def close(self) -> None:
        self._checkpoint.close()

    def _classify(self, text: str) -> tuple[Probabilities, list[int]]:
        """Probabilities of each window and the windows' lengths."""
        encoding = self._checkpoint.tokenizer(
            text, truncation=True, max_length=_WINDOW_PIECES, stride=0, return_overflowing_tokens=True, padding=True,
            return_tensors="pt",
        )  # fmt: skip
        lengths = [int(n) for n in encoding["attention_mask"].sum(1)]
        return self._checkpoint.probabilities(encoding), lengths


class TransformersSentimentEngine(_TextClassifier):
    """Implements ``SentimentClassifier``; classes that the checkpoint does not know get probability 0."""

    def run(self, items: Sequence[Document]) -> list[Sentiment]:
        columns = [_sentiment_name(label) for label in self._checkpoint.labels]
        answers = []
        for item in items:
            windows, lengths = self._classify(item.text)
            rows = np.zeros((len(windows), len(_SENTIMENTS)))
            for column, name in enumerate(columns):
                rows[:, _SENTIMENTS.index(name)] += windows[:, column]
            negative, neutral, positive, mixed = (float(p) for p in combine(rows, lengths))
            answers.append(Sentiment(positive=positive, negative=negative, neutral=neutral, mixed=mixed))
        return answers


class TransformersLanguageEngine(_TextClassifier):
    """Implements ``LanguageIdentifier``; the checkpoint's labels are language codes."""

    def run(self, items: Sequence[Document]) -> list[list[RankedLanguage]]:
        answers = []
        for item in items:
            windows, lengths = self._classify(item.text[:20_000])
            mean = np.asarray(lengths) / sum(lengths) @ windows
            ranked = sorted(zip(mean, self._checkpoint.labels, strict=True), reverse=True)
            answers.append([RankedLanguage(code, float(p)) for p, code in ranked if p >= 0.01])
        return answers


class _WordClassifier:
    """Words in windows; a word's class is that of its first piece."""

    def __init__(self, checkpoint: _Checkpoint) -> None:
        self._checkpoint = checkpoint

    def close(self) -> None:
        self._checkpoint.close()

    def _classify(self, item: Document) -> list[tuple[Window, Probabilities]]:
        answers = []
        for window in cut(item.text, item.language or "en"):
            encoding = self._checkpoint.tokenizer(
                window.words, is_split_into_words=True, truncation=True, max_length=512, return_tensors="pt"
            )
            probabilities = self._checkpoint.probabilities(encoding)[0]
            starts: dict[int, int] = {}
            for row, word in enumerate(encoding.word_ids(0)):
                if word is not None:
                    starts.setdefault(word, row)
            # A word without a piece (cut off, or nothing but control characters) takes its neighbour's class.
            rows = [starts.get(i, max(starts.values(), default=0)) for i in range(len(window.words))]
            answers.append((window, probabilities[rows]))
        return answers


class TransformersSyntaxEngine(_WordClassifier):
    """Implements ``SyntaxTagger``; the checkpoint's labels are universal parts of speech."""

    def run(self, items: Sequence[Document]) -> list[list[TaggedToken]]:
        tags = [label if label in SYNTAX_TAGS else "O" for label in self._checkpoint.labels]
        return [
            [
                TaggedToken(token, tags[int(row.argmax())], float(row.max()))
                for window, probabilities in self._classify(item)
                for token, row in zip(window.tokens, probabilities, strict=True)
            ]
            for item in items
        ]


class _SpanClassifier(_WordClassifier):
    """Spans of words; ``names`` are the BIO classes that the checkpoint's labels mean, in order; some may be equal."""

    def __init__(self, checkpoint: _Checkpoint, names: Sequence[str]) -> None:
        super().__init__(checkpoint)
        kinds = dict.fromkeys(name[2:] for name in names if name != "O")
        self._classes = ["O", *(f"{prefix}-{kind}" for kind in kinds for prefix in "BI")]
        self._columns = [self._classes.index(name) for name in names]

    def _spans(self, item: Document, *, of_names: bool) -> list[TextSpan]:
        spans = []
        for window, probabilities in self._classify(item):
            merged = np.zeros((len(probabilities), len(self._classes)), np.float32)
            for label, column in enumerate(self._columns):
                merged[:, column] += probabilities[:, label]
            spans += spans_in(window, merged, self._classes, of_names=of_names)
        return spans


class TransformersEntityEngine(_SpanClassifier):
    """Implements ``SpanFinder``; the checkpoint's labels are BIO classes of entity types."""

    def run(self, items: Sequence[Document]) -> list[list[TextSpan]]:
        return [self._spans(item, of_names=False) for item in items]


class TransformersMedicalEngine(_SpanClassifier):
    """Implements ``ClinicalReader``; personal data where the checkpoint knows both names and addresses."""

    def __init__(self, checkpoint: _Checkpoint, names: Sequence[str]) -> None:
        super().__init__(checkpoint, names)
        self._knows_people = {name[2:] for name in names}.issuperset(PERSONAL)

    def run(self, items: Sequence[Document]) -> list[ClinicalReading]:
        readings = []
        for item in items:
            spans = self._spans(item, of_names=True)
            concepts = [s for s in spans if s.type in CONCEPTS and has_word(item.text[s.begin : s.end])]
            personal = None
            if self._knows_people:
                personal = finder.combine(item.text, [s for s in spans if s.type in PERSONAL])
            readings.append(ClinicalReading(concepts, personal))
        return readings


def _sentiment_name(label: str) -> str:
    name = label.upper()
    for known in _SENTIMENTS:
        if name in (known, known[:3]):
            return known
    raise errors.FailedPrecondition(
        f"The checkpoint's class {label!r} is no sentiment: name its classes in options.labels."
    )


def _entity_name(label: str) -> str:
    """A BIO label with Comprehend's type name (``B-PER`` -> ``B-PERSON``)."""
    if label == "O":
        return label
    prefix, _, kind = label.partition("-")
    kind = _ENTITY_NAMES.get(kind.upper(), kind.upper())
    if prefix not in ("B", "I") or kind not in ENTITY_TYPES:
        raise errors.FailedPrecondition(
            f"The checkpoint's class {label!r} is no entity: name its classes in options.labels."
        )
    return f"{prefix}-{kind}"


def load_sentiment(entry: CatalogEntry, directory: Path, device: str) -> TransformersSentimentEngine:
    """An ``AutoModelForSequenceClassification`` with sentiments as labels."""
    engine = TransformersSentimentEngine(_Checkpoint(entry, directory, device, "AutoModelForSequenceClassification"))
    for label in engine._checkpoint.labels:
        _sentiment_name(label)
    return engine


def load_language(entry: CatalogEntry, directory: Path, device: str) -> TransformersLanguageEngine:
    """An ``AutoModelForSequenceClassification`` with language codes as labels."""
    return TransformersLanguageEngine(_Checkpoint(entry, directory, device, "AutoModelForSequenceClassification"))


def load_syntax(entry: CatalogEntry, directory: Path, device: str) -> TransformersSyntaxEngine:
    """An ``AutoModelForTokenClassification`` with universal parts of speech as labels."""
    return TransformersSyntaxEngine(_Checkpoint(entry, directory, device, "AutoModelForTokenClassification"))


def load_entities(entry: CatalogEntry, directory: Path, device: str) -> TransformersEntityEngine:
    """An ``AutoModelForTokenClassification`` with BIO classes of entity types as labels."""
    checkpoint = _Checkpoint(entry, directory, device, "AutoModelForTokenClassification")
    return TransformersEntityEngine(checkpoint, [_entity_name(label) for label in checkpoint.labels])


def load_medical(entry: CatalogEntry, directory: Path, device: str) -> TransformersMedicalEngine:
    """An ``AutoModelForTokenClassification`` with classes of clinical concepts as labels (``medical/label_names.py``).

    Labels that mean nothing here are left out, and the log names them.

    Raises:
        FailedPrecondition: no label is a clinical concept.
    """
    checkpoint = _Checkpoint(entry, directory, device, "AutoModelForTokenClassification")
    names = [bio_class(label) for label in checkpoint.labels]
    left_out = [label for label, name in zip(checkpoint.labels, names, strict=True) if name == "O" and label != "O"]
    if left_out:
        logger.warning("%s: classes that are left out: %s", entry.id, ", ".join(left_out))
    if not any(name[2:] in CONCEPTS for name in names):
        raise errors.FailedPrecondition(
            f"{entry.id}: no class of the checkpoint is a clinical concept: name its classes in options.labels."
        )
    return TransformersMedicalEngine(checkpoint, names)
