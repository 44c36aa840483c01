"""How far a job over many pages has come, kept so that another process can go on from there.

The records of finished pages lie in blobs beside the job's result, and are deleted with it; the job's checkpoint says
which ones they are and which page comes next.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from typing import IO

from shared import errors
from shared.jobs.job import RunningJob
from shared.jobs.runner import result_folder
from shared.storage.blobs import BlobStore, blob_name

#: A job that dies has lost at most this many pages ...
CHECKPOINT_PAGES = 50
#: ... and little more than this many seconds of work.
CHECKPOINT_SECONDS = 15.0
_CHUNK = 1024 * 1024


@dataclass(slots=True)
class Progress:
    """``pages`` are done, ``failed`` (error code -> numbers) of them without records; the rest's are in ``parts``."""

    #: ETag of the document that these pages are of.
    etag: str
    pages: int = 0
    failed: dict[str, list[int]] = field(default_factory=dict)
    #: Names of blobs, in the order of their pages.
    parts: list[str] = field(default_factory=list)

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def of(cls, job: RunningJob, etag: str) -> Progress:
        """Where the last attempt stood; the beginning where there was none, or the document is another one now."""
        if job.last_checkpoint is None:
            return cls(etag)
        progress = cls(**json.loads(job.last_checkpoint))
        return progress if progress.etag == etag else cls(etag)


class PageLog:
    """Writes the records of pages to ``target``, and now and then a checkpoint."""

    def __init__(self, job: RunningJob, blobs: BlobStore, target: IO[bytes], etag: str) -> None:
        self._job = job
        self._blobs = blobs
        self._target = target
        self.progress = Progress.of(job, etag)
        self._saved_pages = self.progress.pages
        self._saved_at = time.monotonic()
        self._unsaved = 0

    async def restore(self) -> None:
        """Write what earlier attempts finished; all is to be done again where any of it is gone."""
        start = self._target.tell()
        try:
            for part in self.progress.parts:
                async for chunk in self._blobs.read(part):
                    await asyncio.to_thread(self._target.write, chunk)
        except errors.NotFound:
            self._target.seek(start)
            self._target.truncate()
            self.progress = Progress(self.progress.etag)
            self._saved_pages = 0

    async def add(self, number: int, records: bytes, page_count: int) -> None:
        """Page ``number``, the next one, is done."""
        await asyncio.to_thread(self._target.write, records)
        self._unsaved += len(records)
        await self._advance(number, page_count)

    async def skip(self, number: int, code: str, page_count: int) -> None:
        """Page ``number``, the next one, cannot be read; ``code`` says why."""
        self.progress.failed.setdefault(code, []).append(number)
        await self._advance(number, page_count)

    async def forget(self) -> None:
        """Delete the records in blobs: the result has them now."""
        for part in self.progress.parts:
            await self._blobs.delete(part)

    async def _advance(self, number: int, page_count: int) -> None:
        self.progress.pages = number
        share = number / page_count
        due = number - self._saved_pages >= CHECKPOINT_PAGES or time.monotonic() - self._saved_at >= CHECKPOINT_SECONDS
        if not due or number == page_count:
            await self._job.report(share)
            return
        if self._unsaved:
            name = f"pages-{self._job.job.attempt}-{self._saved_pages + 1}"
            part = blob_name(*result_folder(self._job.id), name)
            await self._blobs.write(part, self._tail())
            self.progress.parts.append(part)
        await self._job.checkpoint(self.progress.to_bytes(), share)
        self._saved_pages, self._saved_at, self._unsaved = number, time.monotonic(), 0

    async def _tail(self) -> AsyncIterator[bytes]:
        """What was written since the last checkpoint."""
        end = self._target.tell()
        self._target.seek(end - self._unsaved)
        while self._target.tell() < end:
            yield await asyncio.to_thread(self._target.read, min(_CHUNK, end - self._target.tell()))
