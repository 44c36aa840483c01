"""What goes over the pipe between the PocketSphinx engines and their decoders' processes: JSON, then 16-bit samples."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.transcription.recognition import Phrase, Samples
from services.transcription.tasks import Reading, Readings, Word

_LENGTH = struct.Struct(">I")
_NONE = np.zeros(0, np.int16)


def pack(head: dict[str, Any], samples: NDArray[np.int16] = _NONE) -> bytes:
    """A message to a decoder."""
    text = json.dumps(head).encode()
    return _LENGTH.pack(len(text)) + text + samples.astype("<i2").tobytes()


def unpack(message: bytes) -> tuple[dict[str, Any], bytes]:
    """Its head, and its samples as bytes."""
    (length,) = _LENGTH.unpack_from(message)
    begin = _LENGTH.size + length
    return json.loads(message[_LENGTH.size : begin]), message[begin:]


def whole_numbers(samples: Samples) -> NDArray[np.int16]:
    """Samples in -1..1 as 16-bit ones."""
    rounded: NDArray[np.int16] = np.rint(np.clip(samples, -1.0, 1.0) * 32767.0).astype(np.int16)
    return rounded


def vocabulary_rows(vocabulary: Sequence[Phrase]) -> list[list[str | None]]:
    return [[phrase.text, phrase.sounds_like, phrase.ipa, phrase.display_as] for phrase in vocabulary]


def vocabulary_of(rows: Sequence[Sequence[str | None]]) -> tuple[Phrase, ...]:
    return tuple(Phrase(text or "", sounds_like, ipa, display_as) for text, sounds_like, ipa, display_as in rows)


def answer_of(readings: Readings) -> bytes:
    """Readings as JSON."""
    return json.dumps(
        [[[word.text, word.start, word.end, word.confidence] for word in one.words] for one in readings]
    ).encode()


def readings_of(answer: bytes) -> Readings:
    """The readings in an answer; the process that wrote it is not trusted to write sense.

    Raises:
        ValueError: it is none.
    """
    try:
        return tuple(
            Reading(tuple(Word(str(t), float(start), float(end), float(c)) for t, start, end, c in words))
            for words in json.loads(answer)
        )
    except (TypeError, ValueError) as failure:
        raise ValueError("a decoder's answer makes no sense") from failure
