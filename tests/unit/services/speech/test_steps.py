"""Scripts in phrases."""

from __future__ import annotations

from services.speech.script import Rest, Style
from services.speech.ssml import ssml_script
from services.speech.steps import MAX_WORDS, Say, Step, steps_of
from services.speech.voices import VOICES, Speaker
from shared.models.catalog import Catalog

SPEAKER = Speaker(VOICES["Joanna"], Catalog.load().get("espeak-ng"))


def steps(inside: str) -> list[Step]:
    return steps_of(ssml_script(f"<speak>{inside}</speak>", Style("en-US")), SPEAKER)


def test_a_rest_parts_phrases_and_the_sentence_is_told_once() -> None:
    first, rest, second = steps('one <break time="1s"/> two.')
    assert isinstance(first, Say) and isinstance(second, Say) and rest == Rest(1000)
    assert len(first.anchors) == 1 and second.anchors == ()


def test_another_language_is_another_voice() -> None:
    voices = [
        step.phrase.voice for step in steps('hello <lang xml:lang="fr-FR">salut</lang> bye') if isinstance(step, Say)
    ]
    assert len(voices) == 3 and voices[0] == voices[2] != voices[1]


def test_manners_stay_within_what_engines_can() -> None:
    (step,) = steps('<prosody rate="20%"><prosody rate="20%">a</prosody></prosody>')
    assert isinstance(step, Say) and step.phrase.words[0].rate == 0.2


def test_a_phrase_is_bounded() -> None:
    found = [step for step in steps("word " * (3 * MAX_WORDS)) if isinstance(step, Say)]
    assert [len(step.words) for step in found] == [MAX_WORDS] * 3


def test_marks_after_the_last_word() -> None:
    (step,) = steps('word <mark name="end"/>')
    assert isinstance(step, Say) and step.anchors[-1][0] == 1
