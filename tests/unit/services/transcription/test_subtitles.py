"""Subtitles: an independent reader (FFmpeg's) reads them, and lines and times are as a viewer needs them."""

from __future__ import annotations

import io
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.transcription.subtitles import (
    LINE_CHARACTERS,
    LINES,
    MAX_SECONDS,
    PAUSE_SECONDS,
    Cue,
    cues,
    subrip,
    webvtt,
)
from services.transcription.transcript import Channel, utterances
from tests.unit.services.transcription.hearing import segment

av: Any = pytest.importorskip("av")

PROSE = (
    "When the morning came, the keeper of the lighthouse had already gone down to the harbour. Nobody saw him leave. "
    "The boats were still tied up, the nets were dry, and the only sound was that of the bell. It rang twice."
)


def read(container: str, data: bytes) -> list[tuple[float, float, str]]:
    """Cues as FFmpeg reads them."""
    with av.open(io.BytesIO(data), format=container) as file:
        stream = file.streams.subtitles[0]
        return [
            (float(packet.pts * packet.time_base), float(packet.duration * packet.time_base), bytes(packet).decode())
            for packet in file.demux(stream)
            if packet.pts is not None
        ]


def prose_cues(*texts: str, seconds: float = 14.0) -> list[Cue]:
    segments = [segment(text, 20.0 * n, 20.0 * n + seconds) for n, text in enumerate(texts)]
    return cues(utterances([Channel(None, segments)]))


def test_lines_are_short_and_end_with_sentences() -> None:
    found = prose_cues(PROSE)
    assert " ".join(" ".join(cue.lines) for cue in found) == PROSE
    assert all(len(line) <= LINE_CHARACTERS for cue in found for line in cue.lines)
    assert all(len(cue.lines) <= LINES and cue.end - cue.start <= MAX_SECONDS for cue in found)
    assert all(cue.end <= following.start for cue, following in itertools.pairwise(found))
    # Full after "the", the end of a sentence, of a clause, and of two sentences; "harbour." alone would be too short.
    assert [cue.lines[-1].split()[-1] for cue in found] == ["the", "leave.", "dry,", "bell.", "twice."]


@pytest.mark.parametrize(("container", "writer", "point"), [("webvtt", webvtt, "."), ("srt", subrip, ",")])
@pytest.mark.parametrize("first", [0, 1])
def test_another_reader_reads_them(container: str, writer: Any, point: str, first: int) -> None:
    found = prose_cues(PROSE, "Fish & chips <b>twice</b> --> please.")
    data = writer(found, first)
    assert f"\n{first}\n" in "\n" + data.decode() and f"{point}000 --> " in data.decode()
    parsed = read(container, data)
    assert len(parsed) == len(found)
    for (start, duration, text), cue in zip(parsed, found, strict=True):
        assert start == pytest.approx(cue.start, abs=0.001) and duration == pytest.approx(
            cue.end - cue.start, abs=0.002
        )
        plain = text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">").strip()
        assert plain.splitlines() == [line.replace("-->", "--") if container == "srt" else line for line in cue.lines]


def test_a_long_pause_ends_a_subtitle() -> None:
    spoken = segment("one two", 0.0, 1.0)
    later = segment("three four", 1.0 + PAUSE_SECONDS, 3.5)
    joined = spoken.with_items(lambda items: (*items, *later.items))
    assert [cue.lines for cue in cues(utterances([Channel(None, [joined])]))] == [("one two",), ("three four",)]


def test_a_short_word_stays_a_second_if_there_is_time() -> None:
    found = cues(utterances([Channel(None, [segment("No.", 1.0, 1.2), segment("Yes.", 1.5, 1.7)])]))
    assert [(cue.start, cue.end) for cue in found] == [(1.0, 1.5), (1.5, 2.5)]


def test_nothing_said() -> None:
    assert webvtt([]) == b"WEBVTT\n" and subrip([]) == b""


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.text("abcdefgh.,?äß&<", min_size=1, max_size=50), min_size=1, max_size=40), max_size=5),
    st.floats(0.5, 60.0),
)
def test_any_speech_is_all_there_and_readable(texts: list[list[str]], seconds: float) -> None:
    lines = [" ".join(f"a{word}" for word in words) for words in texts]
    found = prose_cues(*lines, seconds=min(seconds, 19.0))
    shown = "".join("".join(cue.lines) for cue in found).replace(" ", "")
    assert shown == "".join(lines).replace(" ", "")
    assert len(read("srt", subrip(found))) == len(found) if found else not subrip(found)
