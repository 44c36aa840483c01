"""A job's result as bytes that can be read from anywhere in the middle.

    4 bytes  number of pages
    records  4 bytes length, then a serialized Block, one after the other
    warnings a serialized GetDocumentAnalysisResponse that has nothing but its warnings
    4 bytes  length of the warnings

Numbers are big-endian. A page of blocks is read without the ones before it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from nonet.documents.v1 import documents_pb2 as pb
from nonet.documents.v1.documents_pb2 import Warning as PageWarning
from shared.jobs.job import Job
from shared.jobs.queue import JobQueue

_NUMBER = struct.Struct(">I")
HEADER_BYTES = _NUMBER.size
_WINDOW = 256 * 1024


def header(pages: int) -> bytes:
    """The first bytes of a result."""
    return _NUMBER.pack(pages)


def records(messages: Sequence[pb.Block]) -> bytes:
    """Blocks as they stand in a result."""
    parts: list[bytes] = []
    for block in messages:
        body = block.SerializeToString()
        parts.extend((_NUMBER.pack(len(body)), body))
    return b"".join(parts)


def trailer(warnings: Sequence[PageWarning]) -> bytes:
    """The last bytes of a result."""
    body = pb.GetDocumentAnalysisResponse(warnings=warnings).SerializeToString()
    return body + _NUMBER.pack(len(body))


def ends(file: IO[bytes]) -> tuple[int, list[PageWarning], int]:
    """Of a whole result: its number of pages, its warnings, and the position at which its blocks end."""
    file.seek(0)
    (pages,) = _NUMBER.unpack(file.read(HEADER_BYTES))
    position = file.seek(-_NUMBER.size, os.SEEK_END)
    (length,) = _NUMBER.unpack(file.read(_NUMBER.size))
    end = file.seek(position - length)
    return pages, list(pb.GetDocumentAnalysisResponse.FromString(file.read(length)).warnings), end  # type: ignore[arg-type]  # its stub says the builtin Warning


def blocks(file: IO[bytes], end: int) -> Iterator[pb.Block]:
    """The blocks of a whole result; it stays open for as long."""
    file.seek(HEADER_BYTES)
    while file.tell() < end:
        (size,) = _NUMBER.unpack(file.read(_NUMBER.size))
        yield pb.Block.FromString(file.read(size))


@dataclass(frozen=True, slots=True)
class Portion:
    """Some blocks of a result, and where the next portion begins (None = these were the last)."""

    pages: int
    blocks: tuple[pb.Block, ...]
    warnings: tuple[PageWarning, ...]
    following: int | None


async def read_portion(jobs: JobQueue, job: Job, position: int, max_blocks: int) -> Portion:
    """Blocks of a finished job from byte ``position`` on (``HEADER_BYTES`` for the first)."""
    (pages,) = _NUMBER.unpack(await jobs.read_result(job, 0, HEADER_BYTES))
    (length,) = _NUMBER.unpack(await jobs.read_result(job, job.result_bytes - _NUMBER.size, _NUMBER.size))
    end = job.result_bytes - _NUMBER.size - length
    body = await jobs.read_result(job, end, length)
    warnings = tuple(pb.GetDocumentAnalysisResponse.FromString(body).warnings)
    found: list[pb.Block] = []
    window, start = b"", position
    while position < end and len(found) < max_blocks:
        offset = position - start
        size = _NUMBER.unpack_from(window, offset)[0] if len(window) >= offset + _NUMBER.size else None
        if size is None or len(window) < offset + _NUMBER.size + size:
            wanted = max(_WINDOW, _NUMBER.size + (size or 0))
            window, start = await jobs.read_result(job, position, min(wanted, end - position)), position
            continue
        body = window[offset + _NUMBER.size : offset + _NUMBER.size + size]
        found.append(pb.Block.FromString(body))
        position += _NUMBER.size + size
    return Portion(pages, tuple(found), warnings, position if position < end else None)  # type: ignore[arg-type]  # as above
