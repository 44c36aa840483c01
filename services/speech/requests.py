"""What a request for speech asks for, checked as Polly checks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.speech.encoders import FORMATS, AudioFormat
from services.speech.faults import text_too_long
from services.speech.script import Script, Style, text_script
from services.speech.ssml import ssml_script
from services.speech.voices import Speaker
from shared import errors

MARKS = "json"


@dataclass(frozen=True, slots=True)
class TextLimits:
    """How many characters a text may have: all of them, and those that are not SSML's tags."""

    characters: int
    billed_characters: int


SPEECH_LIMITS, TASK_LIMITS = TextLimits(6_000, 3_000), TextLimits(200_000, 100_000)


class SpeechRequest(Protocol):
    """What the messages of SynthesizeSpeech and StartSpeechSynthesisTask have in common."""

    text: str
    text_type: str
    voice_id: str
    engine: str
    language_code: str
    output_format: str
    sample_rate: str

    @property
    def lexicon_names(self) -> Sequence[str]: ...
    @property
    def speech_mark_types(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """A request as it came; None: not said."""

    text: str
    is_ssml: bool
    voice_id: str
    engine: str | None
    language_code: str | None
    lexicon_names: tuple[str, ...]
    output_format: str
    sample_rate: str | None
    mark_types: tuple[str, ...]

    @classmethod
    def of(cls, request: SpeechRequest) -> Wish:
        return cls(
            text=request.text,
            is_ssml=request.text_type == "ssml",
            voice_id=request.voice_id,
            engine=request.engine or None,
            language_code=request.language_code or None,
            lexicon_names=tuple(request.lexicon_names),
            output_format=request.output_format,
            sample_rate=request.sample_rate or None,
            mark_types=tuple(request.speech_mark_types),
        )


@dataclass(frozen=True, slots=True)
class Output:
    """A format of ``encoders.FORMATS`` with its rate in Hz, or speech marks of some types."""

    format: str
    sample_rate: int = 0
    mark_types: tuple[str, ...] = ()

    @property
    def content_type(self) -> str:
        return "application/x-json-stream" if self.format == MARKS else FORMATS[self.format].content_type


def output(wish: Wish, kind: str) -> Output:
    """The output asked for, of an engine of ``kind``. Raises ``InvalidArgument`` with Polly's codes."""
    if wish.output_format == MARKS:
        if not wish.mark_types:
            raise errors.InvalidArgument("OutputFormat json gives speech marks: name some in SpeechMarkTypes.")
        if "ssml" in wish.mark_types and not wish.is_ssml:
            raise errors.InvalidArgument(
                "Speech marks of the type ssml need TextType ssml.",
                aws_code="SsmlMarksNotSupportedForTextTypeException",
            )
        return Output(MARKS, mark_types=wish.mark_types)
    if wish.mark_types:
        raise errors.InvalidArgument(
            "Speech marks are given in the OutputFormat json alone.", aws_code="MarksNotSupportedForFormatException"
        )
    audio = FORMATS[wish.output_format]
    return Output(wish.output_format, _sample_rate(audio, wish.sample_rate, kind))


def _sample_rate(audio: AudioFormat, asked: str | None, kind: str) -> int:
    if not asked:
        return audio.default_rate if kind == "standard" else audio.default_neural_rate
    if asked not in map(str, audio.sample_rates):
        known = ", ".join(map(str, audio.sample_rates))
        raise errors.InvalidArgument(
            f"The SampleRate of this OutputFormat is one of {known}.", aws_code="InvalidSampleRateException"
        )
    return int(asked)


def language(asked: str | None, speaker: Speaker) -> str:
    """The language to speak: the voice's own, or the second one of a bilingual voice."""
    voice = speaker.voice
    if not asked or asked == voice.language:
        return voice.language
    if asked not in voice.additional_languages:
        raise errors.UnsupportedLanguage(
            f"The voice {voice.id} speaks {', '.join((voice.language, *voice.additional_languages))}.",
            aws_code="LanguageNotSupportedException",
        )
    return asked


def script(wish: Wish, language_code: str, limits: TextLimits) -> Script:
    """The script of the request's text. Raises ``TextSizeLimitExceeded``, ``InvalidArgument`` for SSML."""
    size = len(wish.text)
    if size > limits.characters:
        raise text_too_long(f"The text has {size} characters; {limits.characters} may be sent, tags included.")
    style = Style(language_code)
    found = ssml_script(wish.text, style) if wish.is_ssml else text_script(wish.text, style)
    if found.billed_characters > limits.billed_characters:
        raise text_too_long(f"The text has more than {limits.billed_characters} characters, tags left out.")
    return found
