"""The transcript file: JSON that applications parse, so its shape is a contract. Times and confidences are strings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.transcription.recognition import Alternative, Identify, Item, LanguageScore, Segment, transcript
from services.transcription.redaction import RedactedItem
from services.transcription.vocabulary_filters import VocabularyFilter

Json = dict[str, Any]

#: Label of the only channel, where speakers are told apart.
FIRST_CHANNEL = "ch_0"


@dataclass(frozen=True, slots=True)
class Channel:
    """What was said in a channel; ``label`` ("ch_0") is None where channels are mixed into one."""

    label: str | None
    segments: Sequence[Segment]


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one speaker says without a long pause. ``first``: number of its first item in the file."""

    start: float
    end: float
    items: Sequence[Item]
    first: int
    language: str
    channel: str | None
    speaker: str | None

    @property
    def numbers(self) -> list[int]:
        """Numbers of its items in the file."""
        return list(range(self.first, self.first + len(self.items)))


@dataclass(frozen=True, slots=True)
class Contents:
    """What a transcript file tells beside the words."""

    identify: Identify = "none"
    #: The languages that were candidates, most probable first; of ``identify`` "one".
    scores: Sequence[LanguageScore] = ()
    speakers: bool = False
    alternatives: bool = False
    #: A filter whose words are tagged.
    tagged: VocabularyFilter | None = None
    #: Whether personal information was taken out; None where nobody asked for that.
    redacted: bool | None = None
    toxicity: Sequence[Json] | None = None


def utterances(channels: Sequence[Channel]) -> list[Utterance]:
    """All channels in order of time; a segment ends where the speaker changes."""
    ordered = sorted(
        ((segment.start, number, segment) for number, channel in enumerate(channels) for segment in channel.segments),
        key=lambda entry: entry[:2],
    )
    found: list[Utterance] = []
    first = 0
    for _, number, segment in ordered:
        for start, end, items in _turns(segment):
            found.append(
                Utterance(start, end, items, first, segment.language, channels[number].label, items[0].speaker)
            )
            first += len(items)
    return found


def transcript_file(
    job_name: str, account: str, language: str, channels: Sequence[Channel], contents: Contents
) -> Json:
    """The whole file. ``language``: the one spoken, "" where it changes."""
    said = utterances(channels)
    file: Json = {"jobName": job_name, "accountId": account}
    if contents.redacted is not None:
        file["isRedacted"] = contents.redacted
    results: Json = {"transcripts": [{"transcript": " ".join(transcript(list(one.items)) for one in said)}]}
    if language:
        results["language_code"] = language
    if contents.identify == "one":
        results["language_identification"] = [
            {"score": decimal(score.score, 4), "code": score.language} for score in contents.scores
        ]
    if contents.identify == "multiple":
        results["language_codes"] = [
            {"language_code": code, "duration_in_seconds": seconds} for code, seconds in language_seconds(channels)
        ]
    if contents.speakers:
        results["speaker_labels"] = _speaker_labels(said)
    items = [
        _item(item, utterance.first + offset, utterance, contents)
        for utterance in said
        for offset, item in enumerate(utterance.items)
    ]
    results["items"] = items
    results["audio_segments"] = [_audio_segment(number, one, contents) for number, one in enumerate(said)]
    if any(channel.label is not None for channel in channels):
        results["channel_labels"] = {
            "channels": [
                {
                    "channel_label": channel.label,
                    "items": [item for item in items if item["channel_label"] == channel.label],
                }
                for channel in channels
            ],
            "number_of_channels": len(channels),
        }
    if contents.alternatives:
        results["segments"] = _segments(channels)
    if contents.toxicity is not None:
        results["toxicity_detection"] = list(contents.toxicity)
    return {**file, "results": results, "status": "COMPLETED"}


def language_seconds(channels: Sequence[Channel]) -> list[tuple[str, float]]:
    """Languages with the seconds each is spoken, in order of appearance."""
    spoken: dict[str, float] = {}
    for utterance in utterances(channels):
        spoken[utterance.language] = spoken.get(utterance.language, 0.0) + utterance.end - utterance.start
    return [(code, round(seconds, 3)) for code, seconds in spoken.items()]


def decimal(value: float, places: int = 3) -> str:
    """A number as the file writes it: up to ``places`` decimals, at least one ("4.87", "0.0")."""
    text = f"{value:.{places}f}".rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def _turns(segment: Segment) -> list[tuple[float, float, Sequence[Item]]]:
    """The best reading's items, in runs of one speaker, with start and end."""
    runs: list[list[Item]] = []
    for item in segment.items:
        if runs and (item.kind == "punctuation" or item.speaker == runs[-1][-1].speaker):
            runs[-1].append(item)
        else:
            runs.append([item])
    if len(runs) == 1:
        return [(segment.start, segment.end, runs[0])]
    return [(*_extent(run, segment), run) for run in runs]


def _extent(items: Sequence[Item], segment: Segment) -> tuple[float, float]:
    starts = [item.start for item in items if item.start is not None]
    ends = [item.end for item in items if item.end is not None]
    return min(starts, default=segment.start), max(ends, default=segment.end)


def _item(item: Item, number: int, utterance: Utterance, contents: Contents) -> Json:
    written: Json = {"id": number, "type": item.kind, "alternatives": [_reading(item)]}
    if item.start is not None and item.end is not None:
        written |= {"start_time": decimal(item.start), "end_time": decimal(item.end)}
    if contents.speakers and item.speaker is not None:
        written["speaker_label"] = item.speaker
    if utterance.channel is not None:
        written["channel_label"] = utterance.channel
    if contents.identify == "multiple":
        written["language_code"] = utterance.language
    if contents.tagged is not None:
        written["vocabularyFilterMatch"] = contents.tagged.matches(item)
    return written


def _reading(item: Item) -> Json:
    if isinstance(item, RedactedItem):
        return {"content": item.content, "redactions": [{"confidence": decimal(item.confidence, 4)}]}
    return {"confidence": decimal(item.confidence), "content": item.content}


def _audio_segment(number: int, utterance: Utterance, contents: Contents) -> Json:
    written: Json = {
        "id": number,
        "transcript": transcript(list(utterance.items)),
        "start_time": decimal(utterance.start),
        "end_time": decimal(utterance.end),
        "items": utterance.numbers,
    }
    if contents.speakers and utterance.speaker is not None:
        written["speaker_label"] = utterance.speaker
    if utterance.channel is not None:
        written["channel_label"] = utterance.channel
    if contents.identify == "multiple":
        written["language_code"] = utterance.language
    return written


def _speaker_labels(said: Sequence[Utterance]) -> Json:
    turns = [
        {
            "start_time": decimal(one.start),
            "end_time": decimal(one.end),
            "speaker_label": one.speaker,
            "items": [
                {"speaker_label": one.speaker, "start_time": decimal(item.start), "end_time": decimal(item.end)}
                for item in one.items
                if item.start is not None and item.end is not None
            ],
        }
        for one in said
    ]
    return {"channel_label": FIRST_CHANNEL, "speakers": len({one.speaker for one in said}), "segments": turns}


def _segments(channels: Sequence[Channel]) -> list[Json]:
    """Each stretch of speech in all its readings, the best first."""
    written: list[tuple[float, int, Json]] = []
    for number, channel in enumerate(channels):
        for segment in channel.segments:
            one: Json = {
                "start_time": decimal(segment.start),
                "end_time": decimal(segment.end),
                "alternatives": [_alternative(reading) for reading in segment.alternatives],
            }
            if channel.label is not None:
                one["channel_label"] = channel.label
            written.append((segment.start, number, one))
    return [one for _, _, one in sorted(written, key=lambda entry: entry[:2])]


def _alternative(reading: Alternative) -> Json:
    items: list[Json] = []
    for item in reading.items:
        written: Json = {"type": item.kind, **_reading(item)}
        if item.start is not None and item.end is not None:
            written |= {"start_time": decimal(item.start), "end_time": decimal(item.end)}
        items.append(written)
    return {"transcript": reading.transcript, "items": items}
