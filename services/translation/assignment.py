"""One request's work: the way between its languages, its terminologies and its settings."""

from __future__ import annotations

from collections.abc import Sequence

from services.translation import profanity
from services.translation.routes import Leg
from services.translation.terminologies import Terminology
from services.translation.terms import TermIndex
from services.translation.translator import TextTranslator
from shared.rpc.call import Call
from shared.runtime.runtime import Runtime

#: Applied terms that an answer lists, the first in the text.
MAX_TERMS_TOLD = 250


class Assignment:
    """Translates texts for one request, and tells afterwards which terms it used."""

    def __init__(
        self,
        runtime: Runtime,
        source: str,
        target: str,
        way: Sequence[Leg],
        terminologies: Sequence[tuple[str, Terminology]],
        mask: bool,
        call: Call,
    ) -> None:
        """Takes a second with a terminology of ten megabytes: not for the event loop.

        ``way``: empty where source and target are the same. ``terminologies``: by name; of two that have a term the
        first wins. ``mask``: whether profane words are to be masked.
        """
        self.source = source
        self.target = target
        #: "MASK" where that was asked for and can be done for the target language.
        self.profanity = "MASK" if mask and profanity.supported(target) else ""
        self._runtime = runtime
        self._way = way
        self._call = call
        self._indexes = [(name, terminology.index(source, target)) for name, terminology in terminologies]
        if len(self._indexes) == 1:
            self._terms = self._indexes[0][1]
        else:
            merged: dict[str, str] = {}
            for _, index in reversed(self._indexes):
                merged.update(index.terms)
            self._terms = TermIndex(merged)
        self._used: dict[str, str] = {}

    async def translate(self, text: str) -> str:
        """The text in the target language. Raises as leases do."""
        if self._way:
            translator = TextTranslator(self._runtime, self._way, self._terms, self._call.priority)
            translated = await translator.translate(text)
            text = translated.text
            self._used.update((term.source, term.target) for term in translated.terms)
            for leg in self._way:
                self._call.answered_by(leg.model_id)
        return profanity.mask(text, self.target) if self.profanity else text

    def applied(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Each terminology of the request with the terms that were used, source and target."""
        told: list[tuple[str, list[tuple[str, str]]]] = []
        left = dict(self._used)
        for name, index in self._indexes:
            mine = [(source, target) for source, target in left.items() if source in index.terms]
            for source, _ in mine:
                del left[source]
            told.append((name, mine[:MAX_TERMS_TOLD]))
        return told
