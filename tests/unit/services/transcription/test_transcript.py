"""The transcript file: its shape in every combination, and what stands where."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transcription.recognition import Item, LanguageScore, Segment
from services.transcription.redaction import PiiSpan, redacted
from services.transcription.transcript import Channel, Contents, decimal, language_seconds, transcript_file, utterances
from services.transcription.vocabulary_filters import VocabularyFilter
from tests.unit.services.transcription.hearing import segment
from tests.unit.services.transcription.shape import check_transcript_file

ACCOUNT = "123456789012"


def spoken(one: Segment, *labels: str) -> Segment:
    """The segment with its words given to speakers in turn; marks go with their word."""

    def label(items: tuple[Item, ...]) -> tuple[Item, ...]:
        following, current, found = iter(labels), "", []
        for item in items:
            current = next(following) if item.kind == "pronunciation" else current
            found.append(replace(item, speaker=current))
        return tuple(found)

    return one.with_items(label)


def test_times_and_confidences_are_strings() -> None:
    file = transcript_file("job", ACCOUNT, "en-US", [Channel(None, [segment("Hi, you.", 1.0, 2.0)])], Contents())
    assert file == {
        "jobName": "job",
        "accountId": ACCOUNT,
        "results": {
            "transcripts": [{"transcript": "Hi, you."}],
            "language_code": "en-US",
            "items": [
                {"id": 0, "type": "pronunciation", "alternatives": [{"confidence": "0.75", "content": "Hi"}], "start_time": "1.0", "end_time": "1.5"},
                {"id": 1, "type": "punctuation", "alternatives": [{"confidence": "0.0", "content": ","}]},
                {"id": 2, "type": "pronunciation", "alternatives": [{"confidence": "0.75", "content": "you"}], "start_time": "1.5", "end_time": "2.0"},
                {"id": 3, "type": "punctuation", "alternatives": [{"confidence": "0.0", "content": "."}]},
            ],
            "audio_segments": [
                {"id": 0, "transcript": "Hi, you.", "start_time": "1.0", "end_time": "2.0", "items": [0, 1, 2, 3]}
            ],
        },
        "status": "COMPLETED",
    }  # fmt: skip
    check_transcript_file(file)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.0"), (4.87, "4.87"), (12.0004, "12.0"), (3599.9996, "3600.0"), (0.1005, "0.101"), (1, "1.0")],
)
def test_decimals(value: float, text: str) -> None:
    assert decimal(value) == text


def test_a_segment_is_cut_where_the_speaker_changes() -> None:
    one = spoken(segment("Yes, no. Maybe not", 1.0, 5.0), "spk_0", "spk_1", "spk_1", "spk_0")
    file = transcript_file("job", ACCOUNT, "en-US", [Channel(None, [one])], Contents(speakers=True))
    results = check_transcript_file(file)
    assert [(s["speaker_label"], s["start_time"], s["end_time"]) for s in results["speaker_labels"]["segments"]] == [
        ("spk_0", "1.0", "2.0"), ("spk_1", "2.0", "4.0"), ("spk_0", "4.0", "5.0"),
    ]  # fmt: skip
    assert [segment["transcript"] for segment in results["audio_segments"]] == ["Yes,", "no. Maybe", "not"]
    assert results["items"][1]["speaker_label"] == "spk_0" and results["speaker_labels"]["speakers"] == 2


def test_channels_alternate_by_time() -> None:
    channels = [
        Channel("ch_0", [segment("How are you?", 0.5, 1.5), segment("Good.", 4.0, 4.5)]),
        Channel("ch_1", [segment("Fine.", 1.2, 2.0)]),
    ]
    results = check_transcript_file(transcript_file("job", ACCOUNT, "en-US", channels, Contents(alternatives=True)))
    assert results["transcripts"][0]["transcript"] == "How are you? Fine. Good."
    assert [one["channel_label"] for one in results["segments"]] == ["ch_0", "ch_1", "ch_0"]
    assert [item["id"] for item in results["channel_labels"]["channels"][0]["items"]] == [0, 1, 2, 3, 6, 7]


def test_languages() -> None:
    segments = [
        segment("Hello.", 0.0, 1.0), segment("Hallo.", 2.0, 4.5, language="de-DE"), segment("Bye.", 5.0, 5.25),
    ]  # fmt: skip
    channels = [Channel(None, segments)]
    results = check_transcript_file(transcript_file("job", ACCOUNT, "", channels, Contents("multiple")))
    assert "language_code" not in results
    assert results["language_codes"] == [
        {"language_code": "en-US", "duration_in_seconds": 1.25}, {"language_code": "de-DE", "duration_in_seconds": 2.5},
    ]  # fmt: skip
    assert language_seconds(channels) == [("en-US", 1.25), ("de-DE", 2.5)]
    scores = [LanguageScore("en-US", 0.98832), LanguageScore("de-DE", 0.01168)]
    results = check_transcript_file(transcript_file("job", ACCOUNT, "en-US", channels, Contents("one", scores)))
    assert results["language_identification"] == [
        {"score": "0.9883", "code": "en-US"},
        {"score": "0.0117", "code": "de-DE"},
    ]


def test_redacted_items_say_how_sure_that_is() -> None:
    one = segment("I am Ada Lovelace.", 0.0, 4.0).with_items(
        lambda items: redacted(items, [PiiSpan(2, 3, "NAME", 0.9999)])
    )
    contents = Contents(redacted=True, alternatives=True)
    file = transcript_file("job", ACCOUNT, "en-US", [Channel(None, [one])], contents)
    results = check_transcript_file(file)
    assert file["isRedacted"] is True
    assert results["items"][2] == {
        "id": 2, "type": "pronunciation", "start_time": "2.0", "end_time": "4.0",
        "alternatives": [{"content": "[PII]", "redactions": [{"confidence": "0.9999"}]}],
    }  # fmt: skip


def test_tags_and_toxicity() -> None:
    contents = Contents(tagged=VocabularyFilter(frozenset({"damn"}), "tag"), toxicity=[{"text": "Damn it"}])
    results = transcript_file("job", ACCOUNT, "en-US", [Channel(None, [segment("Damn it", 0.0, 1.0)])], contents)[
        "results"
    ]
    assert [item["vocabularyFilterMatch"] for item in results["items"]] == [True, False]
    assert results["toxicity_detection"] == [{"text": "Damn it"}]


def test_nothing_said() -> None:
    results = check_transcript_file(
        transcript_file("job", ACCOUNT, "en-US", [Channel(None, [])], Contents(speakers=True))
    )
    assert results["items"] == [] and results["speaker_labels"]["speakers"] == 0 and utterances([]) == []


TEXTS = st.lists(
    st.lists(st.text("abc.,?é東", min_size=1, max_size=8), min_size=1, max_size=6).map(
        lambda w: " ".join(f"a{x}" for x in w)
    ),
    max_size=5,
)


@given(TEXTS, TEXTS, st.booleans(), st.booleans())
def test_the_shape_holds_for_any_speech(
    first: list[str], second: list[str], labelled: bool, alternatives: bool
) -> None:
    channels = [
        Channel(
            f"ch_{number}" if labelled else None,
            [segment(text, 3.0 * n + number, 3.0 * n + number + 2.5) for n, text in enumerate(texts)],
        )
        for number, texts in enumerate((first, second) if labelled else (first,))
    ]
    file = transcript_file("job", ACCOUNT, "en-US", channels, Contents(alternatives=alternatives))
    check_transcript_file(json.loads(json.dumps(file)))
