"""What a caller's words mean: intents with scores, slots with values."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Iterable, Mapping

import numpy as np

from services.conversation.understanding.built_in.match import Match
from services.conversation.understanding.intent_classifier import blended, join
from services.conversation.understanding.lessons import Matrix, Tell
from services.conversation.understanding.meanings import Interpretation, LocaleDefinition, SlotMatch
from services.conversation.understanding.model_file import TrainedLocale
from services.conversation.understanding.slot_tagger import SlotTagger, looked_for
from services.conversation.understanding.slot_types import ALWAYS_LOOKED_FOR, Findings, SlotType, types_of
from services.conversation.understanding.training import Vectors
from services.conversation.understanding.words import compared
from shared import errors

MOST_INTERPRETATIONS = 5
_LONGEST_TEXT = 4096  # code points; the rest is not read
#: Words that the field gives a slot with less probability than this are looked for by the lists instead.
_LEAST_SLOT_SCORE = 0.2
#: Of the alternatives, only those that are not far behind get their slots read: it costs time.
_LEAST_SCORE_FOR_SLOTS = 0.02


async def no_encoder(encoder: str, text: str) -> Matrix:
    """Of an interpreter that was given none. Raises FailedPrecondition."""
    raise errors.FailedPrecondition("The bot locale was built with an encoder, and there is none to ask.")


class Interpreter:
    """A built locale. ``threshold``: interpretations whose score is lower are not what the caller meant."""

    def __init__(self, definition: LocaleDefinition, trained: TrainedLocale, tell: Tell) -> None:
        self._definition = definition
        self._tell = tell
        self._trained = trained
        self.threshold = trained.threshold
        names = [name for intent in definition.intents.values() for name in intent.slots.values()]
        self._types = types_of([*names, *definition.slot_types, *ALWAYS_LOOKED_FOR], definition.slot_types)
        for slot_type in self._types.values():
            slot_type.find("", datetime.datetime.min)  # lists are read now, not while a caller waits
        self._taggers = {
            intent: SlotTagger(field, looked_for(definition.intents[intent]))
            for intent, field in trained.fields.items()
        }

    @classmethod
    def load(cls, definition: LocaleDefinition, model: bytes, tell: Tell = no_encoder) -> Interpreter:
        """The locale that ``train`` has learnt from ``definition``. Some ten milliseconds, the first time more.

        ``tell``: asks the encoder that was fine-tuned for it, if one was.
        """
        return cls(definition, TrainedLocale.from_bytes(model), tell)

    async def interpret(self, text: str, vectors: Vectors, now: datetime.datetime) -> list[Interpretation]:
        """The likeliest intents of ``text``, best first, at most five; ``now`` resolves "tomorrow".

        Words that are a sample utterance of one intent and of no other have its score 1.
        """
        text = text[:_LONGEST_TEXT]
        key = compared(text)
        if not key:
            return []
        rows = join(await vectors([text]), self._trained.ngrams.rows([text]))
        probabilities = self._trained.head.probabilities(rows)
        if self._trained.encoder:
            probabilities = blended(probabilities, (await self._tell(self._trained.encoder, text))[None])
        scores = probabilities[0, :-1].astype(float)
        sample = self._trained.samples.get(key)
        if sample is not None:
            scores *= 0.0
            scores[self._trained.intents.index(sample)] = 1.0
        best = np.argsort(-scores, kind="stable")[:MOST_INTERPRETATIONS]
        findings = Findings(text, self._types, now)
        found = []
        for place, index in enumerate(best.tolist()):
            intent, score = self._trained.intents[index], float(scores[index])
            slots: Mapping[str, SlotMatch] = {}
            if place == 0 or score >= _LEAST_SCORE_FOR_SLOTS:
                slots = self._slots(text, intent, findings, now)
                await asyncio.sleep(0)  # others get their turn between two intents
            found.append(Interpretation(intent, score, slots))
        return found

    def _slots(self, text: str, intent: str, findings: Findings, now: datetime.datetime) -> dict[str, SlotMatch]:
        """The slots of ``intent`` that ``text`` fills: by the trained field first, then what is certain anywhere."""
        types = self._definition.intents[intent].slots
        filled: dict[str, SlotMatch] = {}
        tagger = self._taggers.get(intent)
        for tagged in tagger.tag(text, findings) if tagger is not None else ():
            if tagged.score < _LEAST_SLOT_SCORE or tagged.slot not in types:
                continue
            match = self._types[types[tagged.slot]].resolve(text, tagged.begin, tagged.end, now, tagged.score)
            before = filled.get(tagged.slot)
            if match is not None and (before is None or (before.score or 0) < tagged.score):
                filled[tagged.slot] = match
        self._fill_certain(text, types, filled, findings)
        return {slot: filled[slot] for slot in types if slot in filled}

    def read_slot(self, text: str, slot_type: str, now: datetime.datetime) -> SlotMatch | None:
        """The answer to a question for a slot of ``slot_type``: the whole text is looked at. None = no value in it."""
        known = self._types.get(slot_type)
        if known is None:
            known = self._types[slot_type] = SlotType.make(slot_type, self._definition.slot_types)
        return known.read(text[:_LONGEST_TEXT], now)

    def _fill_certain(
        self, text: str, types: Mapping[str, str], filled: dict[str, SlotMatch], findings: Findings
    ) -> None:
        """Fill a slot whose type nobody else of the empty ones has with the only value of it left in the text."""
        empty: dict[str, list[str]] = {}
        for slot, name in types.items():
            if slot not in filled and self._types[name].certain:
                empty.setdefault(name, []).append(slot)
        candidates: list[tuple[Match, str]] = []
        for name, slots in empty.items():
            if len(slots) != 1:
                continue
            free = [m for m in findings.of(name) if _is_free(m, filled.values())]
            if len({m.resolved for m in free}) == 1:
                candidates.append((free[0], slots[0]))
        # The longer phrase first: "in two weeks" is a date and "two weeks" no duration beside it.
        for match, slot in sorted(candidates, key=lambda c: c[0].begin - c[0].end):
            if _is_free(match, filled.values()):
                said = text[match.begin : match.end]
                filled[slot] = SlotMatch(match.begin, match.end, said, match.resolved[0], match.resolved)


def _is_free(match: Match, taken: Iterable[SlotMatch]) -> bool:
    return not any(t.begin < match.end and match.begin < t.end for t in taken)
