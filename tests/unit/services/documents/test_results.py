"""A result file is read back whole, in portions of any size."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nonet.documents.v1 import documents_pb2 as pb
from nonet.documents.v1.documents_pb2 import Warning as PageWarning
from services.documents import results


class _Jobs:
    """Stands for the queue: gives parts of one result."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def read_result(self, job: Any, start: int = 0, length: int | None = None) -> bytes:
        assert 0 <= start <= len(self._body) and (length is None or length >= 0)
        return self._body[start : None if length is None else start + length]


@given(
    st.lists(st.integers(0, 3000), max_size=40),
    st.integers(1, 50),
    st.integers(0, 3000),
    st.lists(st.integers(1, 3000), max_size=5),
)
def test_portions_put_together_are_the_whole(sizes: list[int], portion: int, pages: int, failed: list[int]) -> None:
    blocks = [pb.Block(id=str(number), text="x" * size) for number, size in enumerate(sizes)]
    warnings = [PageWarning(error_code="BadDocumentException", pages=failed)] if failed else []
    half = len(blocks) // 2
    body = results.header(pages) + results.records(blocks[:half]) + results.records(blocks[half:])
    body += results.trailer(warnings)
    jobs, job = _Jobs(body), SimpleNamespace(result_bytes=len(body))
    read: list[pb.Block] = []
    position: int | None = results.HEADER_BYTES
    while position is not None:
        part = asyncio.run(results.read_portion(jobs, job, position, portion))  # type: ignore[arg-type]
        assert part.pages == pages and list(part.warnings) == warnings
        assert len(part.blocks) <= portion
        assert part.blocks or part.following is None
        read.extend(part.blocks)
        position = part.following
    assert read == blocks
