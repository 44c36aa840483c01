"""What DetectToxicContent says of utterances, as a transcript file has it; the text service is a stand-in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from services.transcription.toxicity import CATEGORIES, ToxicityDetector
from services.transcription.transcript import Channel, utterances
from shared import errors
from tests.unit.services.transcription.hearing import segment


class Comprehend:
    def __init__(self, failure: errors.NonetError | None = None) -> None:
        self.failure, self.asked = failure, []

    def find(self, client: str, name: str) -> str:
        assert (client, name) == ("comprehend", "DetectToxicContent")
        if self.failure is not None:
            raise self.failure
        return name

    async def call(self, operation: str, parameters: dict[str, Any], **_: Any) -> dict[str, Any]:
        texts = [one["Text"] for one in parameters["TextSegments"]]
        assert len(texts) <= 10 and all(len(text.encode()) <= 1_000 for text in texts)
        self.asked += texts
        return {
            "ResultList": [
                {"Toxicity": len(text) / 10_000, "Labels": [{"Name": name, "Score": 0.25} for name in CATEGORIES]}
                for text in texts
            ]
        }


def detector(comprehend: Comprehend) -> ToxicityDetector:
    return ToxicityDetector(SimpleNamespace(operations=comprehend), "123456789012", "us-east-1", "en-US")  # type: ignore[arg-type]


async def test_each_utterance_is_rated() -> None:
    segments = [segment(f"Utterance {'x' * n}", 2.0 * n, 2.0 * n + 1) for n in range(23)]
    comprehend = Comprehend()
    rated = await detector(comprehend).rate(utterances([Channel(None, segments)]))
    assert [entry["start_time"] for entry in rated] == [2.0 * n for n in range(23)]
    assert rated[3] == {
        "text": "Utterance xxx", "toxicity": 0.0013, "categories": dict.fromkeys(CATEGORIES.values(), 0.25),
        "start_time": 6.0, "end_time": 7.0,
    }  # fmt: skip
    assert len(comprehend.asked) == 23


async def test_long_utterances_are_shortened_for_the_question_alone() -> None:
    text = "ä" * 800
    (entry,) = await detector(Comprehend()).rate(utterances([Channel(None, [segment(text, 0.0, 1.0)])]))
    assert entry["text"] == text


async def test_it_is_refused_where_nothing_rates_text() -> None:
    with pytest.raises(errors.InvalidArgument, match="not yet") as refused:
        await detector(Comprehend(errors.Unimplemented("not yet"))).check()
    assert refused.value.explicit_aws_code == "BadRequestException"
