"""How long, and how many, calls wait for a process that is not there."""

from __future__ import annotations

import asyncio

import pytest

from shared import errors
from shared.rpc import upstream
from shared.rpc.upstream import Upstream


@pytest.fixture
async def nobody(unused_tcp_port: int):
    """An address where nothing answers."""
    way = Upstream(f"127.0.0.1:{unused_tcp_port}")
    yield way
    await way.close()


async def test_a_call_waits_no_longer_than_it_may(nobody: Upstream) -> None:
    with pytest.raises(errors.Unavailable, match="is that process running"):
        await nobody.connected(0.05)


async def test_only_so_many_wait_at_once(nobody: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "MAX_WAITING", 2)
    waiting = [asyncio.create_task(nobody.connected(60)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(errors.Unavailable, match="2 calls wait"):
        await nobody.connected(60)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    with pytest.raises(errors.Unavailable, match="is that process running"):
        await nobody.connected(0.05)
