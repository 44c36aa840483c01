"""The slot types of a bot: what in a text is a value of a type, and what it resolves to."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import regex

from services.conversation.understanding.built_in.match import Match
from services.conversation.understanding.built_in.types import BUILT_IN, BuiltInType
from services.conversation.understanding.meanings import SlotMatch, SlotTypeDefinition
from services.conversation.understanding.phrases import Phrases, spoken_values
from services.conversation.understanding.words import words_of
from shared import errors, patterns

ALPHANUMERIC = "AMAZON.AlphaNumeric"
#: Types that a slot tagger always looks for: a bot's own type may mean places or times, too.
ALWAYS_LOOKED_FOR = (
    "AMAZON.City", "AMAZON.Country", "AMAZON.Date", "AMAZON.Duration", "AMAZON.Number", "AMAZON.State", "AMAZON.Time",
)  # fmt: skip
#: CPU time of a caller's text against a bot's pattern; a pattern that takes longer matches nothing.
_PATTERN_SECONDS = 0.05
#: What callers say around an answer.
_BEFORE = regex.compile(
    r"^(?:\W*(?:uh+m?|um+|er+m?|hm+|well|oh|ok(?:ay)?|so|please|just|maybe|let\s+me\s+see|i\s+think|i\s+guess|"
    r"(?:i(?:'d|\u2019d|\s+would)\s+(?:like|prefer)(?:\s+to\s+have)?|i(?:'ll|\u2019ll|\s+will)\s+(?:have|take)|i\s+want|give\s+me|make\s+it|"
    r"it(?:'s|\u2019s|\s+is)|that(?:'s|\u2019s|\s+is)|this\s+is|my\s+(?:[\p{L}]+\s+){1,3}is|i(?:'m|\u2019m|\s+am)(?:\s+called)?|they\s+call\s+me|"
    r"call\s+me|in|on|at|from|to|for|the|an?)(?=\s))\b[,.\s]*)+",
    regex.I,
)
_AFTER = regex.compile(
    r"(?:[\s,.!?]*(?:please|thanks|thank\s+you|would\s+be\s+(?:nice|great|good)|i\s+think|i\s+guess)?[\s.!?,]*)+$",
    regex.I,
)

#: What stands before a place or a name at the end of an answer: "I want to go to Paris".
_LED_UP_TO = regex.compile(r"(?<!\w)(?:at|for|from|in|is|near|of|to)\s+$", regex.I)


@dataclass(frozen=True, slots=True)
class SlotType:
    """A type of a bot: its own, a built-in one, or one that extends a built-in one."""

    name: str
    definition: SlotTypeDefinition
    phrases: Phrases
    built_in: BuiltInType | None
    pattern: regex.Pattern[str] | None

    @classmethod
    def make(cls, name: str, definitions: Mapping[str, SlotTypeDefinition]) -> SlotType:
        """The type called ``name``.

        Raises:
            InvalidArgument: nobody knows the type, or its pattern is no regular expression.
        """
        definition = definitions.get(name)
        parent = name if definition is None else definition.parent
        built_in = BUILT_IN.get(parent)
        if built_in is None and (definition is None or parent):
            raise errors.InvalidArgument(f"the slot type {parent or name!r} is not known")
        definition = definition or SlotTypeDefinition()
        if built_in is None and not definition.values:
            raise errors.InvalidArgument(f"the slot type {name!r} has no values")
        pattern = None
        if definition.pattern:
            try:
                pattern = regex.compile(definition.pattern, regex.I)
            except regex.error:
                raise errors.InvalidArgument(
                    f"the pattern of the slot type {name!r} is no regular expression"
                ) from None
        said = Phrases(spoken_values({v.value: v.synonyms for v in definition.values}))
        return cls(name, definition, said, built_in, pattern)

    @property
    def certain(self) -> bool:
        """Whether a value counts wherever in the text it stands."""
        return self.built_in.certain if self.built_in is not None else True

    @property
    def closed(self) -> bool:
        """Whether, inside a sentence, only what ``find`` finds is a value."""
        if self.built_in is None or self.definition.restricted:
            return self.definition.restricted
        return self.built_in.whole or not self.built_in.open

    def samples(self) -> list[str]:
        """What utterances are filled with to learn from: never empty."""
        own = [said for v in self.definition.values for said in (v.value, *v.synonyms)]
        if self.built_in is not None and self.pattern is None:
            own += self.built_in.samples()
        elif self.built_in is not None and not own:
            own += [s for s in self.built_in.samples() if self._fits(s)] or list(self.built_in.samples())
        return list(dict.fromkeys(s for s in own if s.strip()))

    def find(self, text: str, now: datetime.datetime) -> list[Match]:
        """Values in the text, those of the type's own list first; not overlapping."""
        found = self.phrases.find(words_of(text))
        if self.built_in is not None and self.built_in.find is not None:
            for match in self.built_in.find(text, now):
                if self.pattern is not None and not self._fits(match.resolved[0]):
                    continue
                if not any(f.begin < match.end and match.begin < f.end for f in found):
                    found.append(match)
        return found

    def resolve(self, text: str, begin: int, end: int, now: datetime.datetime, score: float | None) -> SlotMatch | None:
        """What the words between ``begin`` and ``end``, said to be of this type, resolve to; None = no value."""
        said = text[begin:end]
        value = self.phrases.value(said)
        if value is not None:
            return SlotMatch(begin, end, said, value, (value,), score)
        if self.built_in is None:
            inside = self.phrases.find(words_of(said))
            if len(inside) == 1 and (self.definition.restricted or len(said) - (inside[0].end - inside[0].begin) <= 4):
                match = inside[0]
                return _slot_match(text, Match(begin + match.begin, begin + match.end, match.resolved), score)
            return None if self.definition.restricted else SlotMatch(begin, end, said, said, (), score)
        if self.built_in.find is None:
            return SlotMatch(begin, end, said, said, (), score)
        overlapping = [m for m in self.find(text, now) if m.begin < end and begin < m.end]
        if overlapping:
            best = max(overlapping, key=lambda m: min(m.end, end) - max(m.begin, begin))
            if not self.closed and not (best.begin <= begin and end <= best.end):
                return self._as_said(text, begin, end, score)
            return _slot_match(text, best, score)
        return None if self.closed else self._as_said(text, begin, end, score)

    def read(self, text: str, now: datetime.datetime) -> SlotMatch | None:
        """The answer to a question for this type: the whole text is looked at."""
        if self.built_in is not None and self.built_in.find is None:
            said = text.strip()
            begin = text.find(said)
            return SlotMatch(begin, begin + len(said), said, said) if said else None
        begin, end = _answer(text)
        said = text[begin:end]
        whole = self.phrases.value(said) if said else None
        if whole is not None:
            return SlotMatch(begin, end, said, whole, (whole,))
        if self.pattern is not None:
            joined = regex.sub(r"\s+", "", said)
            if said and self._fits(joined):
                return SlotMatch(begin, end, said, joined, (joined,))
        found = self.find(text, now)
        if found:
            longest = max(found, key=lambda m: (m.end - m.begin, -m.begin)) if self._open_ended else found[0]
            most = longest.end - longest.begin >= (end - begin) / 2
            led = self.built_in is not None and longest.end == end and _LED_UP_TO.search(text, begin, longest.begin)
            if not self._open_ended or self.definition.restricted or most or led:
                return _slot_match(text, longest, None)
        return self._as_said(text, begin, end, None) if said and self._open_ended else None

    @property
    def _open_ended(self) -> bool:
        if self.pattern is not None:
            return False
        if self.built_in is not None:
            return self.built_in.open and not self.definition.restricted
        return not self.definition.restricted

    def _as_said(self, text: str, begin: int, end: int, score: float | None) -> SlotMatch | None:
        said = text[begin:end]
        if self.definition.restricted or not any(c.isalnum() for c in said):
            return None
        if self.definition.parent == ALPHANUMERIC or self.name == ALPHANUMERIC:
            joined = regex.sub(r"\s+", "", said)
            if not self._fits(joined) or len(said.split()) > 8 or (" " in said and not any(c.isdigit() for c in said)):
                return None
            return SlotMatch(begin, end, said, joined, (joined,), score)
        return SlotMatch(begin, end, said, said, (), score)

    def _fits(self, value: str) -> bool:
        if self.pattern is None:
            return True
        try:
            return patterns.fullmatch(self.pattern, value, _PATTERN_SECONDS)
        except TimeoutError:
            return False


class Findings:
    """What each type finds in one text, looked for once."""

    def __init__(self, text: str, types: Mapping[str, SlotType], now: datetime.datetime) -> None:
        self._text, self._types, self._now = text, types, now
        self._found: dict[str, list[Match]] = {}

    def of(self, name: str) -> list[Match]:
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._types[name].find(self._text, self._now)
        return found


def _slot_match(text: str, match: Match, score: float | None) -> SlotMatch:
    return SlotMatch(match.begin, match.end, text[match.begin : match.end], match.resolved[0], match.resolved, score)


def _answer(text: str) -> tuple[int, int]:
    """Where the answer itself stands, without "uh, I'd like ... please"."""
    before = _BEFORE.match(text)
    begin = before.end() if before else 0
    after = _AFTER.search(text, begin)
    end = after.start() if after else len(text)
    if not any(c.isalnum() for c in text[begin:end]):
        stripped = text.strip()
        begin = text.find(stripped)
        return begin, begin + len(stripped)
    while begin < end and not text[begin].isalnum() and text[begin] not in "+#(":
        begin += 1
    return begin, end


def types_of(slots: Sequence[str], definitions: Mapping[str, SlotTypeDefinition]) -> dict[str, SlotType]:
    """The types named, each made once."""
    return {name: SlotType.make(name, definitions) for name in dict.fromkeys(slots)}
