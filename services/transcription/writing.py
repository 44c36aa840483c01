"""Recognised words as a reader wants them: punctuation, capitals, numbers, and marks as items of their own."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import pairwise

from services.transcription.language_identification import base
from services.transcription.recognition import PUNCTUATE_TEXT, Alternative, Item, Segment
from services.transcription.tasks import Reading, Readings, SpokenWords, Style, Word
from services.transcription.written_form import written_form
from shared.rpc.call import Priority
from shared.runtime.runtime import Lease, Runtime

#: Marks that engines write at the ends of words; each becomes an item.
_MARKS = frozenset(",.?!;:。，？！、؟،।")
_ENDS = frozenset(".?!。？！؟।")


class Writer:
    """Writes the segments of one channel, in order: where a sentence ended is remembered from one to the next."""

    def __init__(self, leases: dict[str, Lease]) -> None:
        self._leases = leases
        self._begins = True

    @classmethod
    async def open(cls, runtime: Runtime, stack: AsyncExitStack) -> Writer:
        """With the models that put in punctuation; languages that have none stay as they are said."""
        leases = {}
        for model in runtime.candidates(PUNCTUATE_TEXT):
            lease = await stack.enter_async_context(await runtime.lease_model(model.id))
            leases.update({base(language): lease for language in model.languages})
        return cls(leases)

    async def segment(
        self,
        start: float,
        end: float,
        language: str,
        readings: Readings,
        writes: str,
        priority: Priority,
        *,
        ends: bool = True,
    ) -> Segment | None:
        """A stretch of speech (``start``, ``end`` in the channel) with its readings written; None if it has no words.

        ``writes``: "spoken" or "written", as the catalog says of the engine. ``ends``: the stretch is complete; else
        more words follow, and nobody knows yet which mark comes after the last.
        """
        found = [reading for reading in readings if reading.words]
        if not found:
            return None
        if writes == "written":
            items = [_split_marks(_placed(reading, start, end)) for reading in found]
        else:
            items = [await self._items(_placed(reading, start, end), language, priority) for reading in found]
            if not ends:
                items = [_without_last_mark(one) for one in items]
            elif base(language) in self._leases:
                self._begins = items[0][-1].kind == "punctuation" and items[0][-1].content in _ENDS
        pairs = zip(items, found, strict=True)
        return Segment(start, end, language, tuple(Alternative.of(one, reading.confidence) for one, reading in pairs))

    async def _items(self, words: Sequence[Word], language: str, priority: Priority) -> tuple[Item, ...]:
        lease = self._leases.get(base(language))
        if lease is None:
            return tuple(Item.word(word.text, word.start, word.end, word.confidence) for word in words)
        pauses = [following.start - word.end for word, following in pairwise(words)]
        asked = SpokenWords(tuple(word.text for word in words), (*pauses, 1.0), self._begins)
        (styles,) = await lease.run([asked], priority)
        items: list[Item] = []
        for word, mark in written_form(words, [style.mark for style in styles], _texts(words, styles), base(language)):
            items.append(Item.word(word.text, word.start, word.end, word.confidence))
            if mark:
                items.append(Item.mark(mark))
        return tuple(items)


def _without_last_mark(items: tuple[Item, ...]) -> tuple[Item, ...]:
    return items[:-1] if items[-1].kind == "punctuation" else items


def _texts(words: Sequence[Word], styles: Sequence[Style]) -> list[str]:
    return [_cased(word.text, style.casing) for word, style in zip(words, styles, strict=True)]


def _cased(text: str, casing: str) -> str:
    if casing == "upper":
        return text.upper()
    return text[:1].upper() + text[1:] if casing == "capital" else text


def _placed(reading: Reading, start: float, end: float) -> list[Word]:
    """Words at their times in the channel; an engine's times may stray a little, and must not leave the segment."""
    words: list[Word] = []
    last = start
    for word in reading.words:
        begin = min(max(start + word.start, last), end)
        until = min(max(start + word.end, begin), end)
        words.append(Word(word.text, round(begin, 3), round(until, 3), min(max(word.confidence, 0.0), 1.0)))
        last = begin
    return words


def _split_marks(words: Sequence[Word]) -> tuple[Item, ...]:
    """Words of an engine that writes "Hello," as one: marks become items; marks alone join the word before."""
    items: list[Item] = []
    for word in words:
        text = word.text.strip()
        marks = ""
        while text and text[-1] in _MARKS:
            text, marks = text[:-1], text[-1] + marks
        if text:
            items.append(Item.word(text, word.start, word.end, word.confidence))
        if marks and items and items[-1].kind == "pronunciation":
            items.append(Item.mark(marks[0]))
    return tuple(items)
