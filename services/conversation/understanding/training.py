"""From a locale's definition to what ``Interpreter`` loads. The same definition gives the same bytes."""

from __future__ import annotations

import asyncio
import datetime
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from services.conversation.understanding import everyday
from services.conversation.understanding.intent_classifier import (
    Labels,
    blended,
    far_enough,
    fit,
    folds_of,
    join,
    threshold_of,
)
from services.conversation.understanding.lessons import Chosen, FineTune, FineTuned
from services.conversation.understanding.meanings import LocaleDefinition
from services.conversation.understanding.model_file import TrainedLocale
from services.conversation.understanding.ngrams import Ngrams, hashes
from services.conversation.understanding.slot_tagger import learn
from services.conversation.understanding.slot_types import ALWAYS_LOOKED_FOR, SlotType, types_of
from services.conversation.understanding.utterances import Example, Slot, fill, parse_utterance
from services.conversation.understanding.words import compared
from shared import errors

#: Sentences in, unit rows out.
Vectors = Callable[[Sequence[str]], Awaitable[npt.NDArray[np.float32]]]

#: Variants of an utterance with slots, for the intent and for the slots; an intent's examples for its slots at most.
_INTENT_VARIANTS, _SLOT_VARIANTS, _SLOT_EXAMPLES = 3, 24, 420
#: All everyday sentences together weigh as much as this share of the bot's own utterances.
_EVERYDAY_SHARE = 0.2
#: Up to so many examples the threshold is cross-validated in full; above, one part of ten is held out once.
_SMALL = 2000
_FOLDS, _LARGE_FOLDS = 5, 10
#: "Now", while learning: what is learnt must not depend on the day.
_NOW = datetime.datetime(2026, 1, 5, 12, 0)

#: The limit of threads is one of the process: two locales that took turns at setting it back would leave it set.
_FITTING = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Corpus:
    """Texts with the index of their intent and of the utterance that they are a variant of."""

    texts: list[str]
    labels: Labels
    utterances: list[int]

    @property
    def parts(self) -> int:
        """Into how many folds it falls."""
        return _FOLDS if len(self.texts) <= _SMALL else _LARGE_FOLDS

    @property
    def held_out(self) -> Sequence[int]:
        """The folds that are held out, one after the other."""
        return range(_FOLDS) if len(self.texts) <= _SMALL else (_LARGE_FOLDS - 1,)

    def folds(self) -> Labels:
        return folds_of(self.labels, self.utterances, self.parts)

    def aside(self) -> Chosen:
        """The first fold that is held out, but for the texts of intents that would have no others."""
        aside = self.folds() == self.held_out[0]
        result: Chosen = aside & np.isin(self.labels, self.labels[~aside])
        return result


async def train(definition: LocaleDefinition, vectors: Vectors, fine_tune: FineTune | None = None) -> bytes:
    """Learn intents and slots; the model for ``Interpreter.load``.

    ``fine_tune``: fine-tunes an encoder on the utterances, whose word then counts as much as the linear head's.

    Raises:
        InvalidArgument: what is wrong with the definition.
    """
    types, parsed = await asyncio.to_thread(_read, definition)
    corpus = _corpus(definition, types, parsed)
    # What needs no vectors is done while the encoder makes them: it leaves Python to others.
    fields_learnt = asyncio.create_task(asyncio.to_thread(_learn_fields, definition, types, parsed))
    ngrams_learnt = asyncio.create_task(asyncio.to_thread(_learn_ngrams, corpus.texts))
    samples_found = asyncio.create_task(asyncio.to_thread(_samples, corpus, tuple(definition.intents)))
    try:
        rows = await vectors(corpus.texts)
        background = await everyday.sentence_vectors(vectors)
        (ngrams, of_texts), samples, fields = await ngrams_learnt, await samples_found, await fields_learnt
    except BaseException:
        for task in (fields_learnt, ngrams_learnt, samples_found):
            task.cancel()
        raise
    fine_tuned = None
    if fine_tune is not None:
        fine_tuned = await fine_tune(corpus.texts, corpus.labels, len(definition.intents), corpus.aside())
    arguments = (corpus, ngrams, rows, of_texts, background, samples, fields, fine_tuned)
    return await asyncio.to_thread(_finish_alone, tuple(definition.intents), *arguments)


_Parsed = Mapping[str, Sequence[Sequence[str | Slot]]]


def _read(definition: LocaleDefinition) -> tuple[dict[str, SlotType], _Parsed]:
    """Slot types made and utterances parsed; everything that can be wrong is found here."""
    if not definition.intents:
        raise errors.InvalidArgument("the bot locale has no intent to learn")
    names = [name for intent in definition.intents.values() for name in intent.slots.values()]
    types = types_of([*names, *ALWAYS_LOOKED_FOR], definition.slot_types)
    for name in definition.slot_types:
        SlotType.make(name, definition.slot_types)
    parsed: dict[str, Sequence[Sequence[str | Slot]]] = {}
    for name, intent in definition.intents.items():
        parsed[name] = [p for u in intent.utterances if (p := parse_utterance(u, intent.slots, name))]
    if not any(parsed.values()):
        raise errors.InvalidArgument("no intent of the bot locale has a sample utterance")
    return types, parsed


def _values(definition: LocaleDefinition, types: Mapping[str, SlotType], intent: str) -> dict[str, list[str]]:
    return {slot: types[name].samples() for slot, name in definition.intents[intent].slots.items()}


def _corpus(definition: LocaleDefinition, types: Mapping[str, SlotType], parsed: _Parsed) -> _Corpus:
    texts: list[str] = []
    labels: list[int] = []
    utterances: list[int] = []
    number = 0
    for label, (name, parts_of_all) in enumerate(parsed.items()):
        values = _values(definition, types, name)
        for parts in parts_of_all:
            number += 1
            for example in fill(parts, values, _INTENT_VARIANTS, f"{name} {number}"):
                texts.append(example.text)
                labels.append(label)
                utterances.append(number)
    return _Corpus(texts, np.array(labels, np.int64), utterances)


def _learn_fields(definition: LocaleDefinition, types: Mapping[str, SlotType], parsed: _Parsed) -> dict[str, bytes]:
    fields: dict[str, bytes] = {}
    for name, parts_of_all in parsed.items():
        if not any(isinstance(part, Slot) for parts in parts_of_all for part in parts):
            continue
        values = _values(definition, types, name)
        variants = max(4, min(_SLOT_VARIANTS, _SLOT_EXAMPLES // len(parts_of_all)))
        examples: list[Example] = []
        for number, parts in enumerate(parts_of_all):
            examples += fill(parts, values, variants, f"{name} {number} slots")
        field = learn(examples, definition.intents[name], types, _NOW)
        if field is not None:
            fields[name] = field
    return fields


def _learn_ngrams(texts: Sequence[str]) -> tuple[Ngrams, npt.NDArray[np.float32]]:
    """Which n-grams the texts have, and the row of each text."""
    hashed = [hashes(text) for text in texts]
    ngrams = Ngrams.learn(hashed)
    return ngrams, ngrams.rows_of(hashed)


def _finish_alone(*arguments: Any) -> bytes:
    """``_finish``, one locale at a time: the matrices are small, and BLAS would lose more by sharing them out than it
    saves.
    """
    with _FITTING, threadpool_limits(limits=1, user_api="blas"):
        return _finish(*arguments)


def _finish(
    intents: tuple[str, ...],
    corpus: _Corpus,
    ngrams: Ngrams,
    vectors: npt.NDArray[np.float32],
    of_texts: npt.NDArray[np.float32],
    background: npt.NDArray[np.float32],
    samples: Mapping[str, str],
    fields: Mapping[str, bytes],
    fine_tuned: FineTuned | None,
) -> bytes:
    count, nothing = len(corpus.texts), len(intents)
    far = far_enough(background, vectors)
    sentences = [s for s, kept in zip(everyday.hashed(), far, strict=True) if kept]
    rows = np.vstack([join(vectors, of_texts), join(background[far], ngrams.rows_of(sentences))])
    labels = np.concatenate([corpus.labels, np.full(len(sentences), nothing, np.int64)])
    share = min(1.0, _EVERYDAY_SHARE * count / max(1, len(sentences)))
    weights = np.concatenate([np.ones(count), np.full(len(sentences), share)]).astype(np.float32)
    folds = np.concatenate([corpus.folds(), np.arange(len(sentences)) % corpus.parts])
    held, seen = np.zeros((count, nothing + 1), np.float32), np.zeros(count, bool)
    start = None
    for fold in corpus.held_out:
        aside = folds[:count] == fold
        if not aside.any():
            continue
        head = fit(rows, labels, weights, nothing + 1, np.flatnonzero(folds != fold))
        held[aside] = head.probabilities(rows[:count][aside])
        seen |= aside
        start = head if len(corpus.held_out) == 1 else None
    head = fit(rows, labels, weights, nothing + 1, start=start)
    if fine_tuned is not None:
        seen = corpus.aside()
        held[seen] = blended(held[seen], fine_tuned.learnt.told)
    return TrainedLocale(
        intents=intents,
        head=head,
        ngrams=ngrams,
        threshold=threshold_of(held[seen], corpus.labels[seen]),
        samples=samples,
        fields=fields,
        encoder=fine_tuned.model if fine_tuned is not None else "",
    ).to_bytes(fine_tuned.learnt.weights if fine_tuned is not None else b"")


def _samples(corpus: _Corpus, intents: Sequence[str]) -> dict[str, str]:
    """Compared texts that are an example of one intent only."""
    found: dict[str, str] = {}
    several: set[str] = set()
    for text, label in zip(corpus.texts, corpus.labels.tolist(), strict=True):
        key = compared(text)
        if found.setdefault(key, intents[label]) != intents[label]:
            several.add(key)
    return {key: intent for key, intent in found.items() if key and key not in several}
