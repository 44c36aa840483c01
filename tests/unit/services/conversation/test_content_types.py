"""What utterances and answers are made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.conversation.content_types import Sound, check_sound, read_input_type, read_output_type
from shared import errors


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("text/plain; charset=utf-8", None),
        ("text/plain;charset=UTF-8", None),
        ("audio/l16; rate=16000; channels=1", Sound(16000)),
        ("audio/x-l16; sample-rate=16000; channel-count=1", Sound(16000)),
        ("audio/x-l16; sample-rate=8000", Sound(8000)),
        (
            "audio/lpcm; sample-rate=8000; sample-size-bits=16; channel-count=1; is-big-endian=true",
            Sound(8000, big_endian=True),
        ),
    ],
)
def test_input_types(text: str, sound: Sound | None) -> None:
    assert read_input_type(text) == sound


@pytest.mark.parametrize(
    "text",
    [
        "", "audio/mpeg", "audio/l16", "audio/l16; rate=44100", "audio/l16; rate=16000; channels=2",
        "audio/lpcm; sample-rate=8000; sample-size-bits=8", "text/plain; charset=latin-1", "audio/l16; rate=",
        "audio/x-cbr-opus-with-preamble; preamble-size=0; bit-rate=256000; frame-size-milliseconds=4",
    ],
)  # fmt: skip
def test_wrong_input_types_are_refused(text: str) -> None:
    with pytest.raises(errors.InvalidArgument):
        read_input_type(text)


@given(st.text(max_size=60))
def test_any_text_is_a_type_or_refused(text: str) -> None:
    for read in (read_input_type, lambda value: read_output_type(value, "audio/mpeg")):
        try:
            read(text)
        except errors.InvalidArgument:
            continue


def test_output_types() -> None:
    assert read_output_type("", "audio/mpeg").format == "mp3"
    assert read_output_type("audio/pcm", "").content_type == "audio/pcm"
    assert read_output_type("text/plain;charset=utf-8", "").format == ""
    with pytest.raises(errors.InvalidArgument):
        read_output_type("audio/flac", "")


def test_sound_is_whole_short_and_little_endian() -> None:
    assert check_sound(b"\x01\x02\x03\x04", Sound(8000)) == b"\x01\x02\x03\x04"
    assert check_sound(b"\x01\x02\x03\x04", Sound(8000, big_endian=True)) == b"\x02\x01\x04\x03"
    for body in (b"", b"\x00", b"\x00" * (16000 * 2 * 15 + 2)):
        with pytest.raises(errors.InvalidArgument):
            check_sound(body, Sound(16000))
