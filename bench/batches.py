"""What batches bring: the same items one by one and through the batcher, on the models that the suite ships."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from services.language.tasks import Document
from shared.platform import Platform
from shared.runtime.runtime import Lease
from shared.settings import Settings

ITEMS = 3200
ROUNDS = 5
CALLERS = 16


async def one_by_one(lease: Lease, items: list[object]) -> float:
    started = time.perf_counter()
    for item in items:
        await lease.run([item])
    return len(items) / (time.perf_counter() - started)


async def together(lease: Lease, items: list[object]) -> float:
    async def caller(share: list[object]) -> None:
        for item in share:
            await lease.run([item])

    started = time.perf_counter()
    await asyncio.gather(*(caller(items[index::CALLERS]) for index in range(CALLERS)))
    return len(items) / (time.perf_counter() - started)


async def measure() -> tuple[str, float, float]:
    texts = [
        f"Guest {n} said that the room was {'lovely' if n % 3 else 'awful'} and the price fair." for n in range(ITEMS)
    ]
    items: list[object] = [Document(text) for text in texts]
    with tempfile.TemporaryDirectory() as data:
        platform = Platform.open(Settings(data_directory=Path(data)))
        lease = await platform.runtime.lease("detect-sentiment", language="en")
        async with lease:
            await together(lease, items[:500])
            rounds = [(await together(lease, items), await one_by_one(lease, items)) for _ in range(ROUNDS)]
        await platform.close()
    return lease.model.id, *(statistics.median(pair[index] for pair in rounds) for index in (0, 1))


def report() -> list[str]:
    model, batched, single = asyncio.run(measure())
    return [
        f"{model}, {CALLERS} callers through the batcher: {batched:.0f} texts/s; one caller, one by one: "
        f"{single:.0f} texts/s; **{batched / single:.1f}x**.",
    ]
