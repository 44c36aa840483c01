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
        """``way``: empty where source and target are the same. ``terminologies``: by name; of two that have a term the
        first wins. ``mask``: whether profane words are to be masked."""
        self.source = source
        self.target = target
        #: "MASK" where that was asked for and can be done for the target language.
        self.profanity = "MASK" if mask and profanity.supported(target) else ""
        self._runtime = runtime
        self._way = way
        self._call = call
        self._names = [name for name, _ in terminologies]
        self._owners: dict[str, str] = {}
        terms: dict[str, str] = {}
        for name, terminology in terminologies:
            for term, translation in terminology.pairs(source, target).items():
                if term not in terms:
                    terms[term], self._owners[term] = translation, name
        self._terms = TermIndex(terms)
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
        return [
            (name, [term for term in self._used.items() if self._owners[term[0]] == name][:MAX_TERMS_TOLD])
            for name in self._names
        ]
