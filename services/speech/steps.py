"""A script as an engine can take it: phrases of one voice, with rests between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.speech.faults import invalid_ssml
from services.speech.phrases import Phrase, Spoken
from services.speech.script import Mark, Rest, Script, Sentence, Style, Word
from services.speech.voices import Speaker

#: What becomes a speech mark at the time of the word that follows it.
Anchor = Sentence | Mark
#: A phrase has at most so many words: one call of an engine stays short.
MAX_WORDS = 200
_SLOWEST, _FASTEST = 0.2, 2.5
_LOWEST, _HIGHEST = 0.4, 2.5


@dataclass(frozen=True, slots=True)
class Say:
    """A phrase, the words of the script that it says, and the anchors before its words: (index of the word, anchor);
    those with the index past the last word stand after it."""

    phrase: Phrase
    words: tuple[Word, ...]
    anchors: tuple[tuple[int, Anchor], ...]


Step = Say | Rest


def steps_of(script: Script, speaker: Speaker) -> list[Step]:
    """What to do, in order.

    Raises:
        InvalidArgument: InvalidSsmlException; a manner of speaking that the speaker's engine does not have.
    """
    return [step for sentence in script.sentences for step in _sentence_steps(sentence, speaker)]


def _sentence_steps(sentence: Sentence, speaker: Speaker) -> Iterator[Step]:
    words: list[Word] = []
    anchors: list[tuple[int, Anchor]] = []
    # A sentence that has nothing to say is only a place for rests and marks.
    announced = not any(isinstance(part, Word) for part in sentence.parts)
    for part in sentence.parts:
        if isinstance(part, Word):
            if words and (_manner(part.style) != _manner(words[-1].style) or len(words) == MAX_WORDS):
                yield _say(words, anchors, speaker)
                words, anchors = [], []
            if not announced:
                anchors.append((len(words), sentence))
                announced = True
            words.append(part)
        elif isinstance(part, Mark):
            anchors.append((len(words), part))
        else:
            if words or anchors:
                yield _say(words, anchors, speaker)
                words, anchors = [], []
            yield part
    if words or anchors:
        yield _say(words, anchors, speaker)


def _manner(style: Style) -> tuple[str, bool]:
    """What an engine cannot change within a phrase."""
    return style.language, style.whispered


def _refuse_what_lacks(word: Word, speaker: Speaker) -> None:
    if word.style.pitch != 1.0 and "pitch" in speaker.lacks:
        raise invalid_ssml("The voice's engine cannot change its pitch.")
    if word.ipa and "pronunciations" in speaker.lacks:
        raise invalid_ssml("The voice's engine does not take pronunciations.")


def _say(words: list[Word], anchors: list[tuple[int, Anchor]], speaker: Speaker) -> Say:
    for word in words:
        _refuse_what_lacks(word, speaker)
    style = words[0].style if words else Style()
    voice = speaker.engine_voice(style.language or speaker.voice.language, style.whispered)
    spoken = tuple(
        Spoken(
            word.spoken,
            min(max(word.style.rate, _SLOWEST), _FASTEST),
            min(max(word.style.pitch, _LOWEST), _HIGHEST),
            word.ipa,
        )
        for word in words
    )
    return Say(Phrase(spoken, voice), tuple(words), tuple(anchors))
