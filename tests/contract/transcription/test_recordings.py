"""Recordings with known contents through real boto3: words, speakers, channels, subtitles, redaction, examples."""

from __future__ import annotations

import difflib
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.process import Addresses
from nonet import Nonet
from nonet.transcription_streaming.v1 import transcription_streaming_pb2 as pb
from tests.conftest import ROOT
from tests.contract.transcription.conftest import Transcribe, Transcribed

av: Any = pytest.importorskip("av")
pytestmark = pytest.mark.slow

KENNEDY = (
    "and so my fellow americans ask not what your country can do for you ask what you can do for your country"
)


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def heard(text: str, reference: str) -> float:
    """Share of the reference's words that the text has, in order."""
    wanted, found = words(reference), words(text)
    blocks = difflib.SequenceMatcher(None, wanted, found, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / len(wanted)


@pytest.fixture(scope="module")
def kennedy(transcribe: Any, transcribed: Transcribe, speech: Path) -> Transcribed:
    transcribe.ask("create_vocabulary_filter", VocabularyFilterName="k", LanguageCode="en-US", Words=["Country", "YOU"])
    return transcribed(
        speech / "jfk.flac",
        Subtitles={"Formats": ["vtt", "srt"], "OutputStartIndex": 1},
        Settings={
            "ShowAlternatives": True, "MaxAlternatives": 3, "VocabularyFilterName": "k", "VocabularyFilterMethod": "tag",
        },
    )  # fmt: skip


def test_a_speech_is_understood(kennedy: Transcribed) -> None:
    assert heard(kennedy.text, KENNEDY) > 0.6, kennedy.text
    assert kennedy.job["MediaFormat"] == "flac"
    spoken = [item for item in kennedy.results["items"] if item["type"] == "pronunciation"]
    assert 0.0 <= float(spoken[0]["start_time"]) < 1.5 and 9.0 < float(spoken[-1]["end_time"]) <= 11.0


def test_alternatives_begin_with_the_best(kennedy: Transcribed) -> None:
    segments = kennedy.results["segments"]
    assert [one["transcript"] for one in kennedy.results["audio_segments"]] == [
        segment["alternatives"][0]["transcript"] for segment in segments
    ]
    assert all(1 <= len(segment["alternatives"]) <= 3 for segment in segments)


@pytest.mark.parametrize(("number", "container"), [(0, "webvtt"), (1, "srt")])
def test_subtitles_are_read_by_another_reader(kennedy: Transcribed, number: int, container: str) -> None:
    with av.open(io.BytesIO(kennedy.subtitles[number]), format=container) as file:
        packets = [packet for packet in file.demux(file.streams.subtitles[0]) if packet.pts is not None]
    shown = " ".join(bytes(packet).decode() for packet in packets)
    assert words(shown) == words(kennedy.text)
    assert all(float(packet.duration * packet.time_base) <= 7.0 for packet in packets)


def test_what_a_filter_names_is_tagged(kennedy: Transcribed) -> None:
    items = kennedy.results["items"]
    assert all("vocabularyFilterMatch" in item for item in items)
    tagged = {item["alternatives"][0]["content"].lower() for item in items if item["vocabularyFilterMatch"]}
    assert tagged == {"country", "you"}, kennedy.text


def test_two_speakers_come_out_labelled(transcribed: Transcribe, speech: Path) -> None:
    """A call in which a customer asks and an agent answers, on one channel; redacted on the way."""
    settings = {"ShowSpeakerLabels": True, "MaxSpeakerLabels": 2}
    redaction = {"RedactionType": "PII", "RedactionOutput": "redacted"}
    found = transcribed(speech / "google" / "commercial_mono.wav", Settings=settings, ContentRedaction=redaction)
    labels = found.results["speaker_labels"]
    assert labels["speakers"] == 2
    assert len(labels["segments"]) >= 4
    seconds: dict[str, float] = {}
    for item in found.results["items"]:
        if "start_time" in item:
            length = float(item["end_time"]) - float(item["start_time"])
            seconds[item["speaker_label"]] = seconds.get(item["speaker_label"], 0.0) + length
    assert min(seconds.values()) > 0.15 * sum(seconds.values()), seconds
    assert found.file is not None and found.file["isRedacted"] is True
    assert "TranscriptFileUri" not in found.job["Transcript"]


def test_two_channels_come_out_labelled(transcribed: Transcribe) -> None:
    """The call of the examples: an agent on one channel, a customer on the other."""
    found = transcribed(ROOT / "examples" / "chains" / "call" / "call.ogg", Settings={"ChannelIdentification": True})
    labels = found.results["channel_labels"]
    assert labels["number_of_channels"] == 2
    said = {
        label: " ".join(one["transcript"] for one in found.results["audio_segments"] if one["channel_label"] == label)
        for label in ("ch_0", "ch_1")
    }
    assert heard(said["ch_0"], "thank you for calling how can i help you") > 0.7, said
    assert heard(said["ch_1"], "tomorrow is too late it is terribly cold in this house") > 0.6, said
    starts = [float(one["start_time"]) for one in found.results["audio_segments"]]
    assert starts == sorted(starts)


def test_live_sound_gives_partial_and_final_results(hearing: Addresses, speech: Path) -> None:
    with av.open(str(speech / "jfk.flac")) as file:
        resampler = av.AudioResampler("s16", "mono", 16_000)
        sound = b"".join(
            bytes(piece.planes[0])[: 2 * piece.samples] for frame in file.decode(audio=0) for piece in resampler.resample(frame)
        )

    def messages() -> Any:
        yield pb.StartStreamTranscriptionRequest(
            language_code="en-US", media_sample_rate_hertz=16_000, media_encoding="pcm"
        )
        for start in range(0, len(sound), 6_400):
            event = pb.AudioEvent(audio_chunk=sound[start : start + 6_400])
            yield pb.StartStreamTranscriptionRequest(audio_stream=pb.AudioStream(audio_event=event))

    with Nonet(hearing.grpc) as client:
        answers = list(client.transcription_streaming.start_stream_transcription(messages()))
    assert answers[0].session_id
    results = [r for one in answers[1:] for r in one.transcript_result_stream.transcript_event.transcript.results]
    finals = [result for result in results if not result.is_partial]
    assert any(result.is_partial for result in results) and not results[-1].is_partial
    assert {result.result_id for result in results} == {result.result_id for result in finals}
    assert heard(" ".join(result.alternatives[0].transcript for result in finals), KENNEDY) > 0.5
    items = [item for result in finals for item in result.alternatives[0].items if item.type == "pronunciation"]
    assert all(0 <= item.start_time <= item.end_time <= 11.1 and 0 <= item.confidence <= 1 for item in items)


#: Programs of the page that need a recording; tests/contract/test_pages.py runs the others.
ON_PAGE = re.findall(
    r"^```py\n(.*?)^```", (ROOT / "docs" / "services" / "transcription.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
)


def run(addresses: Addresses, *arguments: str) -> str:
    environment = {**os.environ, "AWS_ENDPOINT_URL": addresses.http, "NONET_ADDRESS": addresses.grpc}
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_of_a_job(hearing: Addresses, speech: Path, kennedy: Transcribed) -> None:
    """A recording is heard the same, whatever was heard before it: by now, telephone calls."""
    printed = run(hearing, str(ROOT / "examples" / "transcribe" / "transcription_job.py"), str(speech / "jfk.flac"), "2")
    assert "COMPLETED" in printed and "spk_0" in printed and "-->" in printed
    assert heard(printed, kennedy.text) == 1.0, printed


def test_the_page_hears(hearing: Addresses, speech: Path) -> None:
    assert len(ON_PAGE) == 2
    assert heard(run(hearing, "-c", ON_PAGE[0], str(speech / "jfk.flac")), KENNEDY) > 0.6
    live = run(hearing, "-c", ON_PAGE[1], str(speech / "google" / "audio.raw"))
    assert "..." in live and len(words(live)) >= 3
