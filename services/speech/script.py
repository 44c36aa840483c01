"""What is to be said, in the order of saying: sentences of words, rests and marks, each knowing where it came from.

Plain text and SSML both become a ``Script``; engines see only phrases of it (``phrases.py``). Offsets are bytes of the
request's text in UTF-8, as speech marks need them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import regex

from services.speech.sentences import sentence_ends


@dataclass(frozen=True, slots=True)
class Style:
    """How words are said. ``rate`` and ``pitch`` are factors of the voice's own, ``gain_db`` is added to its level."""

    language: str = ""
    rate: float = 1.0
    pitch: float = 1.0
    gain_db: float = 0.0
    whispered: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """A word: what to say (with the punctuation around it), and which bytes [start, end) of the text it stands for.

    ``value`` is the word as written, empty for punctuation alone, which has no speech mark. ``ipa`` is a pronunciation
    that wins over the spelling. A fixed word is the author's own wording, which no lexicon changes.
    """

    spoken: str
    value: str
    start: int
    end: int
    style: Style
    ipa: str = ""
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Rest:
    """Milliseconds without speech; with ``tone`` the beep that stands for an expletive."""

    milliseconds: int
    tone: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A <mark>: its name and the bytes of its tag."""

    name: str
    start: int
    end: int


Part = Word | Rest | Mark


@dataclass(frozen=True, slots=True)
class Sentence:
    """Parts in order, and the bytes [start, end) of the text that the sentence is written in."""

    parts: tuple[Part, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Script:
    """Sentences in order, and how many characters of the request are billed (tags are not)."""

    sentences: tuple[Sentence, ...]
    billed_characters: int


#: Stands for a word that is not spelt in the text: <sub>, <phoneme>, <say-as>.
_PLACEHOLDER = "\ufffc"
#: What words are made of at their ends; anything else there is punctuation around them.
CORE = regex.compile(r"[\p{L}\p{M}\p{N}\p{Sc}%°#@+&](?:.*[\p{L}\p{M}\p{N}\p{Sc}%°#+])?", regex.DOTALL)


@dataclass(slots=True)
class ScriptBuilder:
    """Takes text and what stands between it, in order; ``build`` finds the sentences and the words."""

    _characters: list[str] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    _ends: list[int] = field(default_factory=list)
    _styles: list[Style] = field(default_factory=list)
    _fixed: dict[int, Word] = field(default_factory=dict)
    _between: dict[int, list[Rest | Mark]] = field(default_factory=dict)
    #: Positions where a word must not go on, and where a sentence must not.
    _cuts: set[int] = field(default_factory=set)
    _boundaries: set[int] = field(default_factory=set)
    _billed: int = 0

    def text(self, text: str, offsets: Sequence[int], style: Style) -> None:
        """Characters with the byte where each begins; ``offsets`` has one more, the end."""
        self._cuts.add(len(self._characters))
        self._characters.extend(text)
        self._starts.extend(offsets[:-1])
        self._ends.extend(offsets[1:])
        self._styles.extend([style] * len(text))
        self._billed += len(text)

    def word(self, word: Word, start: int, end: int, billed: int) -> None:
        """A word that is said otherwise than it is written; [start, end) is its whole element."""
        position = len(self._characters)
        self._cuts.update((position, position + 1))
        self._fixed[position] = word
        self._characters.append(_PLACEHOLDER)
        self._starts.append(start)
        self._ends.append(end)
        self._styles.append(word.style)
        self._billed += billed

    def between(self, part: Rest | Mark, billed: int = 0) -> None:
        """A rest or a mark, before whatever comes next."""
        self._cuts.add(len(self._characters))
        self._between.setdefault(len(self._characters), []).append(part)
        self._billed += billed

    def boundary(self) -> None:
        """A sentence ends here."""
        self._cuts.add(len(self._characters))
        self._boundaries.add(len(self._characters))

    def build(self) -> Script:
        whole = "".join(self._characters)
        ends = {*sentence_ends(whole), *self._boundaries, len(whole)} - {0}
        sentences, begin = [], 0
        waiting: list[Part] = []
        for end in sorted(ends):
            parts = waiting + self._parts(begin, end)
            spelt = [position for position in range(begin, end) if not whole[position].isspace()]
            begin = end
            if not any(isinstance(part, Word) for part in parts):
                waiting = parts
                continue
            waiting = []
            sentences.append(Sentence(tuple(parts), self._starts[spelt[0]], self._ends[spelt[-1]]))
        waiting += self._between.get(len(whole), [])
        if waiting and sentences:
            sentences[-1] = replace(sentences[-1], parts=(*sentences[-1].parts, *waiting))
        elif waiting:
            sentences.append(Sentence(tuple(waiting), 0, 0))
        return Script(tuple(sentences), self._billed)

    def _parts(self, begin: int, end: int) -> list[Part]:
        parts: list[Part] = []
        position = begin
        while position < end:
            parts.extend(self._between.get(position, ()))
            if position in self._fixed:
                parts.append(self._fixed[position])
                position += 1
                continue
            if self._characters[position].isspace():
                position += 1
                continue
            stop = position + 1
            while stop < end and stop not in self._cuts and not self._characters[stop].isspace():
                stop += 1
            parts.append(self._word(position, stop))
            position = stop
        return parts

    def _word(self, begin: int, end: int) -> Word:
        spoken = "".join(self._characters[begin:end])
        core = CORE.search(spoken)
        first, last = (begin, end) if core is None else (begin + core.start(), begin + core.end())
        value = "" if core is None else core.group()
        return Word(spoken, value, self._starts[first], self._ends[last - 1], self._styles[begin])


def text_script(text: str, style: Style) -> Script:
    """The script of plain text."""
    offsets = [0]
    for character in text:
        offsets.append(offsets[-1] + len(character.encode()))
    builder = ScriptBuilder()
    builder.text(text, offsets, style)
    return builder.build()
