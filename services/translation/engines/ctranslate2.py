"""Translation by CTranslate2: our own small models, and converted Marian and NLLB checkpoints.

Sentences of like length are decoded together with a beam. A translation that has lost or doubled a placeholder, or has
got caught in a loop, is looked for again among the alternatives of a wider beam, and with repetitions forbidden.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.translation.engines.subwords import Subwords, open_subwords
from services.translation.tasks import Parts, Sentence, Translation, endless, placeholders, text_of
from shared.models.catalog import CatalogEntry

BEAM, WIDE_BEAM = 4, 8
#: Pieces that are decoded together at most, padding counted.
BATCH_PIECES = 2_048
#: Longest input; the models have seen none longer.
MAX_PIECES = 220
#: Longest output: Marian models have places for 512.
MAX_OUTPUT_PIECES = 500
_THREADS = 4


class CTranslate2Engine:
    """Implements ``Translator``."""

    def __init__(self, translator: Any, subwords: Subwords) -> None:
        """``translator``: a ``ctranslate2.Translator``."""
        self._translator = translator
        self._subwords = subwords

    def run(self, items: Sequence[Sentence]) -> list[Translation]:
        """One translation a sentence. What is too long for the model is translated in parts."""
        owners, short = [], []
        for owner, item in enumerate(items):
            for part in self._short(item):
                owners.append(owner)
                short.append(part)
        results: list[Translation | None] = [None] * len(items)
        for owner, result in zip(owners, self._run(short), strict=True):
            results[owner] = _joined(results[owner], result)
        return [result for result in results if result is not None]

    def _short(self, item: Sentence) -> list[Sentence]:
        """The sentence, or its parts that a model can take."""
        if len(self._subwords.encode(item)) <= MAX_PIECES:
            return [item]
        return [part for half in _halves(item) for part in self._short(half)]

    def _run(self, items: Sequence[Sentence]) -> list[Translation]:
        sources = [self._subwords.encode(item) for item in items]
        results: list[Translation | None] = [None] * len(items)
        again = []
        for batch in _batches(sources):
            found = self._decoded([items[i] for i in batch], [sources[i] for i in batch], 1, False)
            for index, (best, *_) in zip(batch, found, strict=True):
                results[index] = best
                if not best.complete:
                    again.append(index)
        for batch in _batches([sources[i] for i in again]):
            self._retry([again[i] for i in batch], items, sources, results)
        return [result for result in results if result is not None]

    def _retry(
        self,
        indices: Sequence[int],
        items: Sequence[Sentence],
        sources: Sequence[list[str]],
        results: list[Translation | None],
    ) -> None:
        """Look for complete translations among the alternatives, then with repetitions forbidden."""
        left = list(indices)
        for no_repeats in (False, True):
            found = self._decoded([items[i] for i in left], [sources[i] for i in left], WIDE_BEAM, no_repeats)
            for index, alternatives in zip(left, found, strict=True):
                complete = next((alternative for alternative in alternatives if alternative.complete), None)
                if complete is not None:
                    results[index] = complete
                elif no_repeats and _caught(items[index], results[index]):
                    results[index] = alternatives[0]
            left = [index for index in left if not _is_complete(results[index])]
            if not left:
                return

    def close(self) -> None:
        self._translator = None

    def _decoded(
        self, items: Sequence[Sentence], sources: Sequence[list[str]], alternatives: int, no_repeats: bool
    ) -> list[list[Translation]]:
        prefixes = [self._subwords.prefix(item) for item in items]
        answers = self._translator.translate_batch(
            sources,
            target_prefix=prefixes if any(prefixes) else None,
            beam_size=max(BEAM, alternatives),
            num_hypotheses=alternatives,
            max_input_length=0,  # never cut: run() has seen to it
            max_decoding_length=min(2 * _length_class(sources[0]) + 12, MAX_OUTPUT_PIECES),
            repetition_penalty=1.2 if no_repeats else 1.0,
            no_repeat_ngram_size=4 if no_repeats else 0,
        )
        return [
            [
                _checked(item, self._subwords.decode(tokens[len(prefix) :], item))
                for tokens in answer.hypotheses
            ]
            for item, prefix, answer in zip(items, prefixes, answers, strict=True)
        ]  # fmt: skip


def _halves(item: Sentence) -> tuple[Sentence, Sentence]:
    """The sentence in two, between words if it can be."""
    parts = list(item.parts)
    if len(parts) == 1 and isinstance(parts[0], str):
        text = parts[0]
        middle = text.find(" ", len(text) // 2) + 1 or len(text) // 2
        left, right = [text[:middle]], [text[middle:]]
    else:
        left, right = parts[: len(parts) // 2], parts[len(parts) // 2 :]  # type: ignore[assignment]
    return replace(item, parts=tuple(left)), replace(item, parts=tuple(right))


def _joined(first: Translation | None, second: Translation) -> Translation:
    """Two halves as one."""
    if first is None:
        return second
    return Translation((*first.parts, " ", *second.parts), first.complete and second.complete)


def _checked(item: Sentence, parts: Parts) -> Translation:
    text = text_of(parts)
    whole = placeholders(parts) == placeholders(item.parts) and bool(text.strip() or not text_of(item.parts).strip())
    return Translation(parts, whole and not endless(text_of(item.parts), text))


def _is_complete(result: Translation | None) -> bool:
    return result is not None and result.complete


def _caught(item: Sentence, result: Translation | None) -> bool:
    return result is None or endless(text_of(item.parts), text_of(result.parts))


def _length_class(source: Sequence[str]) -> int:
    """The least power of two that the length does not exceed, 8 at least."""
    return max(8, 1 << (len(source) - 1).bit_length())


def _batches(sources: Sequence[list[str]]) -> Iterator[list[int]]:
    """Indices of sources of one length class, so that a sentence's company has no say in its translation."""
    batch: list[int] = []
    for index in sorted(range(len(sources)), key=lambda index: len(sources[index])):
        size = _length_class(sources[index])
        if batch and ((len(batch) + 1) * size > BATCH_PIECES or size != _length_class(sources[batch[0]])):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def load(entry: CatalogEntry, directory: Path, device: str) -> CTranslate2Engine:
    """Open the converted model in ``directory``. Raises ``FailedPrecondition`` where a file is missing."""
    import ctranslate2  # type: ignore[import-untyped, unused-ignore]

    kind, _, index = device.partition(":")
    translator = ctranslate2.Translator(
        str(directory),
        device=kind,
        device_index=int(index or 0),
        inter_threads=1,
        intra_threads=min(_THREADS, os.cpu_count() or 1),
        compute_type="int8" if kind == "cpu" else "default",
    )
    return CTranslate2Engine(translator, open_subwords(entry, directory))
