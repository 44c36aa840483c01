"""The shape of a transcript file, written down: what an application that was made for Transcribe relies on."""

from __future__ import annotations

import re
from typing import Any

DECIMAL = re.compile(r"\d+\.\d{1,4}")
SPEAKER = re.compile(r"spk_\d+")
CHANNEL = re.compile(r"ch_\d")
LANGUAGE = re.compile(r"[a-z]{2,3}-[A-Z]{2}")


def check_transcript_file(file: dict[str, Any]) -> dict[str, Any]:
    """Hold a whole file against the shape, and its parts against one another; gives its results."""
    assert set(file) - {"isRedacted"} == {"jobName", "accountId", "results", "status"}
    assert re.fullmatch(r"\d{12}", file["accountId"]) and file["status"] == "COMPLETED"
    results = file["results"]
    assert set(results) <= {
        "transcripts", "items", "audio_segments", "language_code", "language_identification", "language_codes",
        "speaker_labels", "channel_labels", "segments", "toxicity_detection",
    }  # fmt: skip
    assert [set(one) for one in results["transcripts"]] == [{"transcript"}]
    _check_items(results)
    _check_audio_segments(results)
    if "language_code" in results:
        assert LANGUAGE.fullmatch(results["language_code"])
    for one in results.get("language_identification", ()):
        assert set(one) == {"score", "code"} and DECIMAL.fullmatch(one["score"])
    for one in results.get("language_codes", ()):
        assert set(one) == {"language_code", "duration_in_seconds"} and isinstance(one["duration_in_seconds"], float)
    if "speaker_labels" in results:
        _check_speakers(results)
    if "channel_labels" in results:
        _check_channels(results)
    for segment in results.get("segments", ()):
        _check_readings(segment)
    return results


def _check_items(results: dict[str, Any]) -> None:
    assert [item["id"] for item in results["items"]] == list(range(len(results["items"])))
    for item in results["items"]:
        assert set(item) <= {
            "id", "type", "alternatives", "start_time", "end_time", "speaker_label", "channel_label", "language_code",
            "vocabularyFilterMatch",
        }  # fmt: skip
        (reading,) = item["alternatives"]
        _check_times(item)
        if item["type"] == "punctuation":
            assert reading["confidence"] == "0.0" and "start_time" not in item
        elif "redactions" in reading:
            assert reading["content"] == "[PII]" and "confidence" not in reading
            assert all(DECIMAL.fullmatch(one["confidence"]) for one in reading["redactions"])
        else:
            assert item["type"] == "pronunciation" and "start_time" in item
            assert DECIMAL.fullmatch(reading["confidence"]) and 0 <= float(reading["confidence"]) <= 1
        assert reading["content"]


def _check_times(entry: dict[str, Any]) -> None:
    assert ("start_time" in entry) == ("end_time" in entry)
    if "start_time" in entry:
        assert DECIMAL.fullmatch(entry["start_time"]) and DECIMAL.fullmatch(entry["end_time"])
        assert float(entry["start_time"]) <= float(entry["end_time"])


def _check_audio_segments(results: dict[str, Any]) -> None:
    items = results["items"]
    covered = [number for segment in results["audio_segments"] for number in segment["items"]]
    assert covered == list(range(len(items)))
    texts = []
    for number, segment in enumerate(results["audio_segments"]):
        assert segment["id"] == number
        _check_times(segment)
        text = ""
        for item in (items[n] for n in segment["items"]):
            space = " " if text and item["type"] == "pronunciation" else ""
            text += space + item["alternatives"][0]["content"]
        assert segment["transcript"] == text
        texts.append(text)
    assert results["transcripts"][0]["transcript"] == " ".join(texts)


def _check_speakers(results: dict[str, Any]) -> None:
    labels = results["speaker_labels"]
    assert set(labels) == {"channel_label", "speakers", "segments"} and isinstance(labels["speakers"], int)
    times = []
    for segment in labels["segments"]:
        assert set(segment) == {"start_time", "end_time", "speaker_label", "items"}
        assert SPEAKER.fullmatch(segment["speaker_label"])
        _check_times(segment)
        for item in segment["items"]:
            assert item["speaker_label"] == segment["speaker_label"]
            times.append((item["start_time"], item["end_time"], item["speaker_label"]))
    spoken = [item for item in results["items"] if "start_time" in item]
    assert times == [(item["start_time"], item["end_time"], item["speaker_label"]) for item in spoken]
    assert labels["speakers"] == len({label for _, _, label in times})


def _check_channels(results: dict[str, Any]) -> None:
    labels = results["channel_labels"]
    assert set(labels) == {"channels", "number_of_channels"} and labels["number_of_channels"] == len(labels["channels"])
    found = []
    for channel in labels["channels"]:
        assert set(channel) == {"channel_label", "items"} and CHANNEL.fullmatch(channel["channel_label"])
        assert all(item["channel_label"] == channel["channel_label"] for item in channel["items"])
        found += channel["items"]
    assert sorted(found, key=lambda item: item["id"]) == results["items"]


def _check_readings(segment: dict[str, Any]) -> None:
    assert set(segment) <= {"start_time", "end_time", "alternatives", "channel_label"}
    _check_times(segment)
    assert segment["alternatives"]
    for reading in segment["alternatives"]:
        assert set(reading) == {"transcript", "items"} and reading["items"]
        for item in reading["items"]:
            assert set(item) <= {"type", "content", "confidence", "redactions", "start_time", "end_time"}
            _check_times(item)
