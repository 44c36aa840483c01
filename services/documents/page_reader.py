"""Pages to sheets: the text layer where it can be trusted, an OCR engine for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np

from services.documents.sheets import Sheet, crop, layer_reading, lift
from shared.media.documents import Page
from shared.rpc.call import Priority
from shared.runtime.runtime import Runtime
from shared.tasks.reading import Line, Picture, Reading, Word

#: Pictures on a digital page that are read, at most; the largest first.
MAX_PICTURES = 12


class PageReader:
    """Reads pages, with an OCR engine for those that need one."""

    def __init__(self, runtime: Runtime, priority: Priority = Priority.INTERACTIVE) -> None:
        self._runtime = runtime
        self._priority = priority
        #: Ids of the models that read something, in order of use.
        self.models: list[str] = []

    async def read(self, page: Page) -> Sheet:
        """The sheet of ``page``. Raises what leasing and running the engine raise."""
        if page.words is None:
            (reading,) = await self._recognize([Picture(page.pixels)])
        else:
            reading = layer_reading(page)
            if page.pictures:
                reading = Reading((*reading.lines, *await self._read_pictures(page)), reading.rotation)
        return await asyncio.to_thread(lift, page, reading)

    async def _recognize(self, pictures: Sequence[Picture]) -> list[Reading]:
        if not pictures:
            return []
        lease = await self._runtime.lease("recognize-text")
        async with lease:
            readings = await lease.run(pictures, self._priority)
        if lease.model.id not in self.models:
            self.models.append(lease.model.id)
        return readings

    async def _read_pictures(self, page: Page) -> list[Line]:
        """Lines inside the pictures of a page with a text layer, where the layer has nothing."""
        assert page.words is not None
        largest = sorted(page.pictures, key=lambda box: -(box[2] - box[0]) * (box[3] - box[1]))[:MAX_PICTURES]
        parts = [crop(page.pixels, box) for box in largest]
        parts = [(pixels, offset) for pixels, offset in parts if min(pixels.shape[:2]) >= 16]
        readings = await self._recognize([Picture(pixels) for pixels, _ in parts])
        height, width = page.pixels.shape[:2]
        known = np.array([word.polygon.mean(axis=0) * (width, height) for word in page.words])
        lines: list[Line] = []
        for (_, offset), reading in zip(parts, readings, strict=True):
            shift = np.array(offset, dtype=np.float32)
            for line in reading.lines:
                words = tuple(Word(word.text, word.confidence, word.polygon + shift) for word in line.words)
                moved = Line(words, line.polygon + shift)
                low, high = moved.polygon.min(axis=0), moved.polygon.max(axis=0)
                if not ((known >= low) & (known <= high)).all(axis=1).any():
                    lines.append(moved)
        return lines
