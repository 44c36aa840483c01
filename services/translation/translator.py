"""A text through the models: taken apart, translated sentence by sentence, checked, and put together again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from services.translation.fragments import Fragment, fragments, numbers_kept
from services.translation.layout import stretches
from services.translation.protection import has_words
from services.translation.routes import Leg
from services.translation.tasks import Parts, Sentence, Translation, endless, placeholders, text_of, without_repeats
from services.translation.terms import Match, TermIndex
from shared.rpc.call import Priority
from shared.runtime.runtime import Runtime

#: Sentences that go to a model at once, so that other callers get their turn in between.
_SENTENCES_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Translated:
    """A text's translation, and the terms that it used, in order of the text."""

    text: str
    terms: tuple[Match, ...]


class TextTranslator:
    """Translates along one way; made for one request."""

    def __init__(self, runtime: Runtime, way: Sequence[Leg], terms: TermIndex, priority: Priority) -> None:
        """``way``: as ``routes.route`` gives it, not empty."""
        self._runtime = runtime
        self._way = way
        self._terms = terms
        self._priority = priority

    async def translate(self, text: str) -> Translated:
        """Raises ``ResourceExhausted`` and ``ModelNotInstalled`` as leases do."""
        pieces = await asyncio.to_thread(_taken_apart, text, self._way[0].source, self._terms)
        found = [piece for piece in pieces if isinstance(piece, Fragment)]
        rendered = iter(await self._rendered(found))
        whole = "".join(next(rendered) if isinstance(piece, Fragment) else piece for piece in pieces)
        return Translated(whole, tuple(term for fragment in found for term in fragment.terms))

    async def _rendered(self, found: Sequence[Fragment]) -> list[str]:
        """The text of each fragment's translation."""
        results = await self._run([fragment.parts for fragment in found])
        texts = [""] * len(found)
        cut, again = [], []
        for index, (fragment, result) in enumerate(zip(found, results, strict=True)):
            if not result.complete or not fragment.fits(result.parts):
                cut.append(index)
            elif not numbers_kept(text_of(fragment.parts), text_of(result.parts)):
                again.append(index)
            else:
                texts[index] = fragment.render(result.parts)
        for index, text in zip(cut, await self._cut([found[index] for index in cut]), strict=True):
            texts[index] = text
        language = self._way[0].source
        kept = [fragments(found[index].sentence, language, self._terms, numbers=True) for index in again]
        rendered = iter(await self._with_numbers([fragment for some in kept for fragment in some]))
        for index, some in zip(again, kept, strict=True):
            texts[index] = "".join(next(rendered) for _ in some)
        return texts

    async def _with_numbers(self, found: Sequence[Fragment]) -> list[str]:
        """Once more with the numbers kept like names; cut at them where the model is not up to that."""
        results = await self._run([fragment.parts for fragment in found])
        texts = [""] * len(found)
        cut = []
        for index, (fragment, result) in enumerate(zip(found, results, strict=True)):
            # Numbers beside those that were kept are made up.
            made_up = any(character.isdigit() for character in text_of(result.parts))
            if made_up or not result.complete or not fragment.fits(result.parts):
                cut.append(index)
            else:
                texts[index] = fragment.render(result.parts)
        for index, text in zip(cut, await self._cut([found[index] for index in cut]), strict=True):
            texts[index] = text
        return texts

    async def _cut(self, found: Sequence[Fragment]) -> list[str]:
        """Sentences cut at their placeholders, so that each is in its place; what repeats itself is cut short."""
        pieces = [part for fragment in found for part in fragment.parts if isinstance(part, str)]
        results = iter(await self._run([(piece.strip(),) for piece in pieces]))
        texts = []
        for fragment in found:
            parts = (part if isinstance(part, int) else _fitted(part, next(results)) for part in fragment.parts)
            texts.append(fragment.render(tuple(parts)))
        return texts

    async def _run(self, sentences: Sequence[Parts]) -> list[Translation]:
        """Each sentence along the whole way; what has no words stays as it is."""
        wordy = list(dict.fromkeys(parts for parts in sentences if has_words(text_of(parts))))
        done = {parts: Translation(parts, True) for parts in sentences}
        current = [Translation(_spoken(parts) if _shouted(parts) else parts, True) for parts in wordy]
        for leg in self._way:
            async with await self._runtime.lease_model(leg.model_id) as lease:
                items = [Sentence(result.parts, leg.source, leg.target) for result in current]
                answers: list[Translation] = []
                for begin in range(0, len(items), _SENTENCES_AT_ONCE):
                    answers += await lease.run(items[begin : begin + _SENTENCES_AT_ONCE], self._priority)
            current = [
                Translation(answer.parts, answer.complete and before.complete)
                for before, answer in zip(current, answers, strict=True)
            ]
        for parts, result in zip(wordy, current, strict=True):
            spoken = bool(text_of(result.parts).strip())
            complete = result.complete and spoken and placeholders(result.parts) == placeholders(parts)
            said = result.parts
            if _shouted(parts):
                said = tuple(part.upper() if isinstance(part, str) else part for part in said)
            done[parts] = Translation(said, complete)
        return [done[parts] for parts in sentences]


def _taken_apart(text: str, language: str, terms: TermIndex) -> list[str | Fragment]:
    """What is kept as it is as text, what is to be translated as fragments."""
    pieces: list[str | Fragment] = []
    for stretch, is_sentence in stretches(text, language):
        pieces += fragments(stretch, language, terms) if is_sentence else [stretch]
    return pieces


def _shouted(parts: Parts) -> bool:
    """Whether a sentence is in capitals; models know their words in small letters better."""
    text = text_of(parts)
    return text.isupper() and len(text.split()) > 1


def _spoken(parts: Parts) -> Parts:
    """The sentence in small letters, its first letter apart."""
    small = tuple(part.lower() if isinstance(part, str) else part for part in parts)
    first = small[0]
    return (first[:1].upper() + first[1:], *small[1:]) if isinstance(first, str) else small


def _fitted(piece: str, result: Translation) -> str:
    """A piece's translation with the spaces that the piece has around it."""
    text = text_of(result.parts)
    if endless(piece, text):
        text = without_repeats(text)
    if not text.strip():
        return piece  # a model that says nothing leaves what there was
    before = piece[: len(piece) - len(piece.lstrip())]
    return before + text.strip() + piece[len(piece.rstrip()) :]
