"""Translating through the runtime beside bare CTranslate2: the same model, the same sentences, in alternated rounds."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.translation.engines.subwords import open_subwords
from services.translation.routes import legs, route
from services.translation.tasks import TRANSLATE, Sentence
from services.translation.terms import TermIndex
from services.translation.translator import TextTranslator
from shared.models.catalog import REPOSITORY_ROOT, Catalog
from shared.platform import Platform
from shared.rpc.call import Priority
from shared.settings import Settings

MODEL = "translation-from-english"
ROUNDS = 5
SENTENCES = 128
#: Twenty words.
LONG = "When the old man came back to the house in the evening, his dog was waiting for him at the door."
SUBJECTS = ("My father", "The teacher", "Nobody", "The woman in the garden", "Our old neighbour", "Every child")
REST = (
    "has bought a new car this week.",
    "wants to know where the train station is.",
    "did not answer when I asked about the money.",
    "thinks that the weather will be better tomorrow morning.",
)


def sentences() -> list[str]:
    """Different sentences of some ten words."""
    found = [f"{subject} {rest}" for subject in SUBJECTS for rest in REST]
    return [f"{found[number % len(found)][:-1]} {number}." for number in range(SENTENCES)]


def bare(translator: Any, subwords: Any, texts: Sequence[str]) -> float:
    """Seconds of CTranslate2 for the sentences, the pieces made beforehand."""
    sources = [subwords.encode(Sentence((text,), "en", "de")) for text in texts]
    started = time.perf_counter()
    translator.translate_batch(sources, beam_size=4, max_batch_size=2048, batch_type="tokens")
    return time.perf_counter() - started


async def ours(translator: TextTranslator, texts: Sequence[str]) -> float:
    """Seconds from the text to its translation."""
    started = time.perf_counter()
    await translator.translate("\n".join(texts))
    return time.perf_counter() - started


async def measure() -> tuple[float, float, float, float]:
    """Sentences a second, ours and bare; milliseconds of one sentence of twenty words, ours and bare."""
    import ctranslate2  # type: ignore[import-untyped, unused-ignore]

    entry = Catalog.load().get(MODEL)
    assert entry is not None
    folder = REPOSITORY_ROOT / (entry.embedded_path or "")
    library = ctranslate2.Translator(str(folder), compute_type="int8", inter_threads=1)
    subwords = open_subwords(entry, folder)
    texts = sentences()
    with tempfile.TemporaryDirectory() as data:
        platform = Platform.open(Settings(data_directory=Path(data)))
        way = route(legs([entry]), "en", "de")
        assert platform.runtime.candidates(TRANSLATE)
        translator = TextTranslator(platform.runtime, way, TermIndex({}), Priority.INTERACTIVE)
        await ours(translator, texts)
        bare(library, subwords, texts)
        many = [(await ours(translator, texts), bare(library, subwords, texts)) for _ in range(ROUNDS)]
        one = [(await ours(translator, [LONG]), bare(library, subwords, [LONG])) for _ in range(4 * ROUNDS)]
        await platform.close()
    middle = [statistics.median(row[side] for row in rows) for rows in (many, one) for side in (0, 1)]
    return SENTENCES / middle[0], SENTENCES / middle[1], middle[2] * 1000, middle[3] * 1000


def report() -> list[str]:
    many, many_bare, one, one_bare = asyncio.run(measure())
    return [
        f"English to German, {MODEL}, beam 4, {SENTENCES} sentences in one text, {ROUNDS} alternated rounds:",
        "",
        "| | Nonet | bare CTranslate2 | ratio |",
        "|---|--:|--:|--:|",
        f"| sentences/s | {many:.0f} | {many_bare:.0f} | {many / many_bare:.2f} |",
        f"| one sentence of 20 words, ms | {one:.1f} | {one_bare:.1f} | {one / one_bare:.2f} |",
    ]
