"""Entities found in text and taken out of items; the text service is a stand-in, its answers are spelt out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from services.transcription.recognition import Alternative, Item, Segment
from services.transcription.redaction import RedactedItem, Redactor
from shared import errors
from tests.unit.services.transcription.hearing import segment, words


class Comprehend:
    """Says that each of ``names`` is a NAME wherever it stands."""

    def __init__(self, *names: str, type: str = "NAME") -> None:
        self.names, self.type, self.asked = names, type, []
        self.failure: errors.NonetError | None = None

    def find(self, client: str, name: str) -> str:
        assert (client, name) == ("comprehend", "DetectPiiEntities")
        return name

    async def call(self, operation: str, parameters: dict[str, Any], **_: Any) -> dict[str, Any]:
        if self.failure is not None:
            raise self.failure
        text = parameters["Text"]
        self.asked.append((parameters["LanguageCode"], text))
        return {
            "Entities": [
                {"Type": self.type, "Score": 0.9, "BeginOffset": start, "EndOffset": start + len(name)}
                for name in self.names
                for start in range(len(text))
                if text.startswith(name, start)
            ]
        }


def redactor(comprehend: Comprehend, *types: str) -> Redactor:
    return Redactor(SimpleNamespace(operations=comprehend), "123456789012", "us-east-1", "en-US", types)  # type: ignore[arg-type]


async def test_an_entity_becomes_one_item() -> None:
    comprehend = Comprehend("Ada Lovelace", "555-1234")
    segments = [segment("I am Ada Lovelace, dial", 0.0, 5.0), segment("555-1234.", 6.0, 7.0)]
    found = await redactor(comprehend).redact(segments)
    assert [one.alternatives[0].transcript for one in found] == ["I am [PII], dial", "[PII]."]
    item = found[0].items[2]
    assert isinstance(item, RedactedItem) and (item.start, item.end, item.confidence) == (2.0, 4.0, 0.9)
    assert comprehend.asked == [("en", "I am Ada Lovelace, dial 555-1234.")]


async def test_an_entity_across_a_pause_is_taken_out_of_both_sides() -> None:
    found = await redactor(Comprehend("Ada Lovelace")).redact(
        [segment("I am Ada", 0.0, 3.0), segment("Lovelace here", 5.0, 6.0)]
    )
    assert [one.alternatives[0].transcript for one in found] == ["I am [PII]", "[PII] here"]


async def test_marks_within_an_entity_go_with_it() -> None:
    found = await redactor(Comprehend("12, Main Street")).redact([segment("At 12, Main Street, now.", 0.0, 5.0)])
    assert found[0].alternatives[0].transcript == "At [PII], now."


async def test_only_the_types_asked_for() -> None:
    segments = [segment("I am Ada", 0.0, 3.0)]
    assert (await redactor(Comprehend("Ada"), "SSN").redact(segments)) == segments
    assert (await redactor(Comprehend("Ada"), "SSN", "NAME").redact(segments))[0].alternatives[
        0
    ].transcript == "I am [PII]"
    assert (await redactor(Comprehend("Ada"), "ALL").redact(segments))[0].alternatives[0].transcript == "I am [PII]"
    assert (await redactor(Comprehend("Ada", type="DATE_TIME")).redact(segments)) == segments


async def test_other_readings_tell_nothing_either() -> None:
    """The second reading hears a name that is none to the text service; the third is found by itself."""
    readings = (words("I am Ada now", 0.0, 4.0), words("I am Aida now", 0.0, 4.0), words("Ada am a now", 0.0, 4.0))
    one = Segment(0.0, 4.0, "en-US", tuple(Alternative.of(items) for items in readings))
    (found,) = await redactor(Comprehend("Ada")).redact([one])
    assert [reading.transcript for reading in found.alternatives] == [
        "I am [PII] now",
        "I am [PII] now",
        "[PII] am [PII] now",
    ]


async def test_long_speech_is_asked_about_in_parts() -> None:
    comprehend = Comprehend("Ada")
    segments = [segment("blah " * 900 + "Ada", 10.0 * n, 10.0 * n + 9) for n in range(12)]
    found = await redactor(comprehend).redact(segments)
    assert all(one.alternatives[0].transcript.endswith("blah [PII]") for one in found)
    assert len(comprehend.asked) > 1 and all(len(text) <= 20_000 for _, text in comprehend.asked)


async def test_no_text_is_not_asked_about() -> None:
    comprehend = Comprehend()
    assert await redactor(comprehend).redact([]) == [] and await redactor(comprehend).spans([Item.mark(" ")]) == []
    assert comprehend.asked == []


async def test_a_language_that_cannot_be_read_is_refused() -> None:
    comprehend = Comprehend()
    comprehend.failure = errors.UnsupportedLanguage("not this one")
    with pytest.raises(errors.InvalidArgument, match="not this one") as refused:
        await redactor(comprehend).check()
    assert refused.value.explicit_aws_code == "BadRequestException"
