"""Recognised words as items: marks of their own, times within the segment, sentences that go on."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from services.transcription.recognition import Item, transcript
from services.transcription.tasks import Reading, Word
from services.transcription.writing import Writer
from shared.rpc.call import Priority
from tests.unit.services.transcription.recordings import embedded_runtime


def reading(text: str, start: float = 0.2, step: float = 0.3) -> Reading:
    words = [
        Word(word, start + number * step, start + number * step + 0.25, 0.9) for number, word in enumerate(text.split())
    ]
    return Reading(tuple(words))


async def test_an_engine_that_writes_marks_itself() -> None:
    segment = await Writer({}).segment(10.0, 12.0, "en-US", (reading("Well, I said: no!"),), "written", Priority.BATCH)
    assert segment is not None
    assert [(item.kind, item.content) for item in segment.items] == [
        ("pronunciation", "Well"), ("punctuation", ","), ("pronunciation", "I"), ("pronunciation", "said"),
        ("punctuation", ":"), ("pronunciation", "no"), ("punctuation", "!"),
    ]  # fmt: skip
    assert segment.alternatives[0].transcript == "Well, I said: no!"
    assert segment.items[0].start == 10.2
    assert segment.items[1] == Item.mark(",")


async def test_times_never_leave_the_segment() -> None:
    stray = Reading((Word("a", -1.0, 0.1, 2.0), Word("b", 0.5, 9.0, -1.0), Word("c", 0.4, 0.45, 0.5)))
    segment = await Writer({}).segment(1.0, 3.0, "de-DE", (stray,), "written", Priority.BATCH)
    assert segment is not None
    moments = [(item.start, item.end) for item in segment.items]
    assert moments == [(1.0, 1.1), (1.5, 3.0), (1.5, 1.5)]
    assert all(0.0 <= item.confidence <= 1.0 for item in segment.items)


async def test_nothing_said_is_no_segment() -> None:
    assert await Writer({}).segment(0.0, 1.0, "en-US", (), "spoken", Priority.BATCH) is None
    assert await Writer({}).segment(0.0, 1.0, "en-US", (Reading(()),), "spoken", Priority.BATCH) is None


async def test_spoken_words_get_marks_capitals_and_numbers(tmp_path: Path) -> None:
    runtime = embedded_runtime(tmp_path)
    async with AsyncExitStack() as stack:
        writer = await Writer.open(runtime, stack)
        first = await writer.segment(
            0.0, 9.0, "en-US", (reading("do you have twenty five dollars"),), "spoken", Priority.BATCH
        )
        assert first is not None
        assert transcript(first.items) == "Do you have $25?"
        dollars = first.items[3]
        assert (dollars.start, dollars.end) == (1.1, 1.95), "a number spans its words"
        partial = await writer.segment(9.0, 12.0, "en-US", (reading("yes i do"),), "spoken", Priority.BATCH, ends=False)
        assert partial is not None
        assert partial.items[-1].kind == "pronunciation", "nobody knows yet how it goes on"
    await runtime.close()


async def test_a_language_without_a_model_stays_as_it_is_said() -> None:
    segment = await Writer({}).segment(0.0, 3.0, "de-DE", (reading("zwei katzen"),), "spoken", Priority.BATCH)
    assert segment is not None
    assert transcript(segment.items) == "zwei katzen"
