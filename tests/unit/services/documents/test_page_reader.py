"""Which parts of a page the OCR engine gets to see."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from services.documents.page_reader import PageReader
from shared.media.documents import Page
from shared.media.pdf import LayerWord
from shared.tasks.reading import Line, Picture, Reading, Word


class _Runtime:
    """Leases an engine that reads "stamp" in the middle of whatever it gets."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []
        self.model = SimpleNamespace(id="reader-of-stamps")

    async def lease(self, task: str) -> _Runtime:
        assert task == "recognize-text"
        return self

    async def __aenter__(self) -> _Runtime:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def run(self, items: Sequence[Picture], _priority: Any) -> list[Reading]:
        readings = []
        for item in items:
            height, width = item.pixels.shape[:2]
            self.seen.append((width, height))
            x, y = width / 2, height / 2
            polygon = np.array([[x - 20, y - 8], [x + 20, y - 8], [x + 20, y + 8], [x - 20, y + 8]], dtype=np.float32)
            readings.append(Reading((Line((Word("stamp", 0.8, polygon),), polygon),)))
        return readings


def layer_word(text: str, x: float, y: float) -> LayerWord:
    box = [[x, y], [x + 0.1, y], [x + 0.1, y + 0.02], [x, y + 0.02]]
    return LayerWord(text, np.array(box, dtype=np.float32))


WHITE = np.full((1000, 800, 3), 255, np.uint8)


async def test_a_scan_is_read_whole() -> None:
    runtime = _Runtime()
    reader = PageReader(runtime)  # type: ignore[arg-type]
    sheet = await reader.read(Page(1, WHITE))
    assert runtime.seen == [(800, 1000)]
    assert [word.text for word in sheet.words] == ["stamp"]
    assert reader.models == ["reader-of-stamps"] and not sheet.digital


async def test_a_text_layer_needs_no_engine() -> None:
    runtime = _Runtime()
    reader = PageReader(runtime)  # type: ignore[arg-type]
    sheet = await reader.read(Page(1, WHITE, (layer_word("hello", 0.1, 0.1),)))
    assert runtime.seen == [] and reader.models == []
    assert [(word.text, word.confidence) for word in sheet.words] == [("hello", 1.0)]


async def test_pictures_beside_a_text_layer_are_read_where_it_has_nothing() -> None:
    runtime = _Runtime()
    page = Page(
        1,
        WHITE,
        (layer_word("hello", 0.1, 0.1), layer_word("covered", 0.65, 0.69)),
        ((0.5, 0.2, 0.9, 0.4), (0.5, 0.6, 0.9, 0.8)),
    )
    sheet = await PageReader(runtime).read(page)  # type: ignore[arg-type]
    assert sorted(runtime.seen) == [(320, 200), (320, 200)]
    found = {word.text: word for word in sheet.words}
    # The second picture's words are in the layer already.
    assert sorted(found) == ["covered", "hello", "stamp"]
    stamp = found["stamp"].polygon.mean(axis=0)
    assert np.allclose(stamp, (0.7, 0.3), atol=0.01)
    assert found["stamp"].confidence == 0.8
