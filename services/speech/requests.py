"""What a SynthesizeSpeech request asks for, checked as Polly checks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.speech.encoders import FORMATS, AudioFormat
from services.speech.faults import text_too_long
from services.speech.script import Script, Style, text_script
from services.speech.ssml import ssml_script
from services.speech.voices import Speaker
from shared import errors

MAX_CHARACTERS, MAX_BILLED_CHARACTERS = 6_000, 3_000
MARKS = "json"


@dataclass(frozen=True, slots=True)
class Output:
    """A format of ``encoders.FORMATS`` with its rate in Hz, or speech marks of some types."""

    format: str
    sample_rate: int = 0
    mark_types: tuple[str, ...] = ()

    @property
    def content_type(self) -> str:
        return "application/x-json-stream" if self.format == MARKS else FORMATS[self.format].content_type


def output(format_: str, sample_rate: str | None, mark_types: Sequence[str], kind: str, is_ssml: bool) -> Output:
    """The output asked for, of an engine of ``kind``. Raises ``InvalidArgument`` with Polly's codes."""
    if format_ == MARKS:
        if not mark_types:
            raise errors.InvalidArgument("OutputFormat json gives speech marks: name some in SpeechMarkTypes.")
        if "ssml" in mark_types and not is_ssml:
            raise errors.InvalidArgument(
                "Speech marks of the type ssml need TextType ssml.",
                aws_code="SsmlMarksNotSupportedForTextTypeException",
            )
        return Output(MARKS, mark_types=tuple(mark_types))
    if mark_types:
        raise errors.InvalidArgument(
            "Speech marks are given in the OutputFormat json alone.", aws_code="MarksNotSupportedForFormatException"
        )
    return Output(format_, _sample_rate(FORMATS[format_], sample_rate, kind))


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


def script(text: str, is_ssml: bool, language_code: str) -> Script:
    """The script of the request's text. Raises ``TextSizeLimitExceeded``, ``InvalidArgument`` for SSML."""
    if len(text) > MAX_CHARACTERS:
        raise text_too_long(f"The text has {len(text)} characters; {MAX_CHARACTERS} may be sent, tags included.")
    style = Style(language_code)
    found = ssml_script(text, style) if is_ssml else text_script(text, style)
    if found.billed_characters > MAX_BILLED_CHARACTERS:
        raise text_too_long(f"The text has more than {MAX_BILLED_CHARACTERS} characters, tags left out.")
    return found
