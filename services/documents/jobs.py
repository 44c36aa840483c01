"""Jobs over documents of many pages: read, analysed and written page by page."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

from nonet.documents.v1 import documents_pb2 as pb
from nonet.documents.v1.documents_pb2 import Warning as PageWarning
from services.documents import results
from services.documents.analysis import Feature, Question, analyze
from services.documents.blocks import page_blocks
from services.documents.messages import block_message
from services.documents.page_reader import PageReader
from services.documents.sheets import Sheet
from shared import errors
from shared.jobs.job import JobResult, JobStatus, RunningJob
from shared.media.documents import JOB_LIMITS, Document
from shared.rpc.call import Priority
from shared.runtime.runtime import Runtime
from shared.storage.objects import ObjectStore

TEXT_DETECTION = "documents.text-detection"
ANALYSIS = "documents.analysis"
_CHUNK = 1024 * 1024


class DocumentJobs:
    """The handlers of both kinds of job."""

    def __init__(self, runtime: Runtime, objects: ObjectStore) -> None:
        self._runtime = runtime
        self._objects = objects

    async def detect_text(self, job: RunningJob) -> JobResult:
        """Handler of ``TEXT_DETECTION``."""
        request = pb.StartDocumentTextDetectionRequest.FromString(job.request)
        return await self._run(job, request.document_location, frozenset(), ())

    async def analyze(self, job: RunningJob) -> JobResult:
        """Handler of ``ANALYSIS``."""
        request = pb.StartDocumentAnalysisRequest.FromString(job.request)
        features = frozenset(Feature(name) for name in request.feature_types)
        questions = tuple(
            Question(query.text, query.alias if query.HasField("alias") else None, tuple(query.pages))
            for query in request.queries_config.queries
        )
        return await self._run(job, request.document_location, features, questions)

    async def _run(
        self,
        job: RunningJob,
        location: pb.DocumentLocation,
        features: frozenset[Feature],
        questions: tuple[Question, ...],
    ) -> JobResult:
        # Results go to a file first: whether the job succeeded as a whole is known after the last page only.
        target = tempfile.TemporaryFile(prefix="nonet-documents-")  # noqa: SIM115 - closed by _stream
        try:
            with tempfile.TemporaryDirectory(prefix="nonet-documents-") as folder:
                source = Path(folder, "document")
                await self._fetch(job.account, location, source)
                failed = await self._process(job, source, target, features, questions)
        except BaseException:
            target.close()
            raise
        if failed:
            pages = ", ".join(map(str, failed[:20]))
            message = f"These pages could not be read: {pages}"
            return JobResult(_stream(target), JobStatus.PARTIAL_SUCCESS, message)
        return JobResult(_stream(target))

    async def _fetch(self, account: str, location: pb.DocumentLocation, target: Path) -> None:
        """Copy the object to a file; a document of 500 MB never stands in memory."""
        try:
            reader = await self._objects.open(account, location.s3_object.bucket, location.s3_object.name)
        except (errors.NotFound, errors.PermissionDenied, errors.InvalidArgument) as error:
            raise errors.InvalidObject("The S3 object cannot be read: check its bucket, key and owner.") from error
        if reader.length > JOB_LIMITS.max_bytes:
            raise errors.DocumentTooLarge(f"The document has more than {JOB_LIMITS.max_bytes} bytes.")
        with target.open("wb") as file:
            async for chunk in reader:
                await asyncio.to_thread(file.write, chunk)

    async def _process(
        self,
        job: RunningJob,
        source: Path,
        target: IO[bytes],
        features: frozenset[Feature],
        questions: tuple[Question, ...],
    ) -> list[int]:
        """Write the result file; the numbers of pages that could not be read."""
        failed: dict[str, list[int]] = {}
        document = await asyncio.to_thread(Document, source, JOB_LIMITS)
        try:
            target.write(results.header(document.page_count))
            reader = PageReader(self._runtime, Priority.BATCH)
            async for number, outcome in _sheets(document, reader):
                if isinstance(outcome, errors.InvalidArgument):
                    failed.setdefault(outcome.aws_code, []).append(number)
                else:
                    body = await asyncio.to_thread(_records, outcome, features, questions)
                    await asyncio.to_thread(target.write, body)
                await job.report(number / document.page_count)
            warnings = [PageWarning(error_code=code, pages=pages) for code, pages in failed.items()]
            target.write(results.trailer(warnings))
        finally:
            document.close()
        numbers = sorted(number for pages in failed.values() for number in pages)
        if len(numbers) == document.page_count:
            raise errors.BadDocument("No page of the document could be read.")
        return numbers


async def _stream(file: IO[bytes]) -> AsyncIterator[bytes]:
    """The file's bytes from its beginning, in chunks; closes it."""
    with file:
        file.seek(0)
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk


async def _sheets(document: Document, reader: PageReader) -> AsyncIterator[tuple[int, Sheet | errors.InvalidArgument]]:
    """Page numbers with their sheets, or with what is wrong with the page."""
    for number in range(1, document.page_count + 1):
        try:
            page = await asyncio.to_thread(document.page, number)
            sheet = await reader.read(page)
        except errors.InvalidArgument as error:
            yield number, error
        else:
            yield number, sheet


def _records(sheet: Sheet, features: frozenset[Feature], questions: tuple[Question, ...]) -> bytes:
    analysis = analyze(sheet, features, questions)
    return results.records([block_message(block) for block in page_blocks(sheet, analysis, numbered=True)])
