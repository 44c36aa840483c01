"""The content types of utterances and answers, as RecognizeUtterance spells them."""

from __future__ import annotations

from dataclasses import dataclass

from shared import errors

TEXT_TYPE = "text/plain; charset=utf-8"
#: Seconds of sound that one utterance may have.
LONGEST_SECONDS = 15.0
_RATES = (8000, 16000)
#: What is asked for -> what Polly calls it, and what the answer is called.
_SPOKEN = {
    "audio/mpeg": ("mp3", "audio/mpeg"),
    "audio/*": ("mp3", "audio/mpeg"),
    "audio/ogg": ("ogg_vorbis", "audio/ogg"),
    "audio/pcm": ("pcm", "audio/pcm"),
}


@dataclass(frozen=True, slots=True)
class Sound:
    """PCM of one channel, 16 bits signed. ``rate`` in Hz."""

    rate: int
    big_endian: bool = False


@dataclass(frozen=True, slots=True)
class Spoken:
    """What an answer is spoken as: ``format`` by Polly's name, "" for text alone."""

    format: str
    content_type: str


def read_input_type(text: str) -> Sound | None:
    """What the body of a request is; None for text.

    Raises:
        InvalidArgument: nothing that is taken.
    """
    kind, parameters = _parts(text)
    if kind == "text/plain":
        if parameters.get("charset", "utf-8") != "utf-8":
            raise errors.InvalidArgument("Text must be in UTF-8.")
        return None
    if kind not in ("audio/l16", "audio/x-l16", "audio/lpcm"):
        raise errors.InvalidArgument(
            "Content-Type is one of: text/plain; charset=utf-8, audio/l16; rate=16000; channels=1, audio/x-l16; "
            "sample-rate=16000; channel-count=1, audio/lpcm; sample-rate=8000; sample-size-bits=16; channel-count=1; "
            "is-big-endian=false."
        )
    rate = parameters.get("sample-rate") or parameters.get("rate") or ""
    if rate not in map(str, _RATES):
        raise errors.InvalidArgument("Sound has 16,000 or, from a telephone, 8,000 samples a second.")
    if (parameters.get("channel-count") or parameters.get("channels") or "1") != "1":
        raise errors.InvalidArgument("Sound has one channel.")
    if parameters.get("sample-size-bits", "16") != "16":
        raise errors.InvalidArgument("A sample has 16 bits.")
    return Sound(int(rate), parameters.get("is-big-endian", "false") == "true")


def read_output_type(text: str, default: str) -> Spoken:
    """What an answer is to be; ``default``: where ``text`` is "". Raises ``InvalidArgument`` for what is not given."""
    kind, _ = _parts(text or default)
    if kind == "text/plain":
        return Spoken("", TEXT_TYPE)
    if kind not in _SPOKEN:
        raise errors.InvalidArgument(
            "The answer's content type is one of: text/plain; charset=utf-8, audio/mpeg, audio/ogg, audio/pcm, audio/*."
        )
    return Spoken(*_SPOKEN[kind])


def check_sound(body: bytes, sound: Sound) -> bytes:
    """The body in little-endian order. Raises ``InvalidArgument`` for none, half a sample, or too much."""
    if not body or len(body) % 2:
        raise errors.InvalidArgument("inputStream must be whole samples of 16 bits.")
    if len(body) > LONGEST_SECONDS * sound.rate * 2:
        raise errors.InvalidArgument(f"An utterance has at most {LONGEST_SECONDS:g} seconds of sound.")
    if not sound.big_endian:
        return body
    swapped = bytearray(len(body))
    swapped[::2], swapped[1::2] = body[1::2], body[::2]
    return bytes(swapped)


def _parts(text: str) -> tuple[str, dict[str, str]]:
    kind, *rest = (part.strip().lower() for part in text.split(";"))
    parameters = dict(part.partition("=")[::2] for part in rest if part)
    return kind, {name.strip(): value.strip().strip('"') for name, value in parameters.items()}
