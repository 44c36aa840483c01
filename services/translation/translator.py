"""A text through the models: taken apart, translated sentence by sentence, checked, and put together again."""

from __future__ import annotations

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
        language = self._way[0].source
        # What is kept as it is stands there as text, what is translated as fragments.
        pieces: list[str | Fragment] = []
        for stretch, is_sentence in stretches(text, language):
            pieces += fragments(stretch, language, self._terms) if is_sentence else [stretch]
        found = [piece for piece in pieces if isinstance(piece, Fragment)]
        rendered = iter(await self._rendered(found))
        whole = "".join(next(rendered) if isinstance(piece, Fragment) else piece for piece in pieces)
        return Translated(whole, tuple(term for fragment in found for term in fragment.terms))

    async def _rendered(self, found: Sequence[Fragment]) -> list[str]:
        """The text of each fragment's translation."""
        results = await self._run([fragment.parts for fragment in found])
        texts = []
        for fragment, result in zip(found, results, strict=True):
            if not result.complete or not fragment.fits(result.parts):
                texts.append(await self._piecewise(fragment))
            elif not numbers_kept(text_of(fragment.parts), text_of(result.parts)):
                texts.append(await self._with_numbers(fragment))
            else:
                texts.append(fragment.render(result.parts))
        return texts

    async def _with_numbers(self, fragment: Fragment) -> str:
        """Once more with the numbers kept like names; cut at them where the model is not up to that."""
        again = fragments(fragment.sentence, self._way[0].source, self._terms, numbers=True)
        texts = []
        for one, result in zip(again, await self._run([one.parts for one in again]), strict=True):
            made_up = any(character.isdigit() for character in text_of(result.parts))
            if result.complete and one.fits(result.parts) and not made_up:
                texts.append(one.render(result.parts))
            else:
                texts.append(await self._piecewise(one))
        return "".join(texts)

    async def _piecewise(self, fragment: Fragment) -> str:
        """The sentence cut at its placeholders, so that each is in its place; what repeats itself is cut short."""
        texts = [part for part in fragment.parts if isinstance(part, str)]
        results = iter(await self._run([(text.strip(),) for text in texts]))
        parts: list[str | int] = []
        for part in fragment.parts:
            if isinstance(part, int):
                parts.append(part)
                continue
            result = next(results)
            text = text_of(result.parts)
            if endless(part, text):
                text = without_repeats(text)
            text = text if text.strip() else part  # a model that says nothing leaves what there was
            before = part[: len(part) - len(part.lstrip())]
            after = part[len(part.rstrip()) :] if part.strip() else ""
            parts.append(before + text.strip() + after)
        return fragment.render(tuple(parts))

    async def _run(self, sentences: Sequence[Parts]) -> list[Translation]:
        """Each sentence along the whole way; what has no words stays as it is."""
        wordy = list(dict.fromkeys(parts for parts in sentences if has_words(text_of(parts))))
        done = {parts: Translation(parts, True) for parts in sentences}
        current = [Translation(parts, True) for parts in wordy]
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
            done[parts] = Translation(result.parts, complete)
        return [done[parts] for parts in sentences]
