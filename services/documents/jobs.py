"""Jobs over documents of many pages: read, analysed and written page by page."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from nonet.documents.v1 import documents_pb2 as pb
from nonet.documents.v1.documents_pb2 import Warning as PageWarning
from services.documents import results
from services.documents.analysis import Feature, Question, analyze
from services.documents.blocks import page_blocks
from services.documents.checkpoints import PageLog
from services.documents.messages import block_message
from services.documents.outputs import write_output
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
#: Version of the analysis, raised when answers change.
MODEL_VERSION = "1.0"
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Work:
    """What a job does with each page, and the member of its answer that tells the version."""

    version_member: str
    features: frozenset[Feature]
    questions: tuple[Question, ...]


class DocumentJobs:
    """The handlers of both kinds of job."""

    def __init__(self, runtime: Runtime, objects: ObjectStore) -> None:
        self._runtime = runtime
        self._objects = objects

    async def detect_text(self, job: RunningJob) -> JobResult:
        """Handler of ``TEXT_DETECTION``."""
        request = pb.StartDocumentTextDetectionRequest.FromString(job.request)
        version = "DetectDocumentTextModelVersion"
        return await self._run(job, request, _Work(version, frozenset(), ()))

    async def analyze(self, job: RunningJob) -> JobResult:
        """Handler of ``ANALYSIS``."""
        request = pb.StartDocumentAnalysisRequest.FromString(job.request)
        features = frozenset(Feature(name) for name in request.feature_types)
        questions = tuple(
            Question(query.text, query.alias if query.HasField("alias") else None, tuple(query.pages))
            for query in request.queries_config.queries
        )
        return await self._run(job, request, _Work("AnalyzeDocumentModelVersion", features, questions))

    async def _run(
        self,
        job: RunningJob,
        request: pb.StartDocumentTextDetectionRequest | pb.StartDocumentAnalysisRequest,
        work: _Work,
    ) -> JobResult:
        # Results go to a file first: whether the job succeeded as a whole is known after the last page only.
        target = tempfile.TemporaryFile(prefix="nonet-documents-")  # noqa: SIM115 - closed by _stream
        try:
            with tempfile.TemporaryDirectory(prefix="nonet-documents-") as folder:
                source = Path(folder, "document")
                etag = await self._fetch(job.account, request.document_location, source)
                log = PageLog(job, self._objects.blobs, target, etag)
                failed = await self._process(source, target, log, work)
            status = JobStatus.PARTIAL_SUCCESS if failed else JobStatus.SUCCEEDED
            if request.HasField("output_config"):
                answer = {"JobStatus": str(status), work.version_member: MODEL_VERSION}
                await write_output(self._objects, job.account, request.output_config, job.id, target, answer)
        except BaseException:
            target.close()
            raise
        message = f"These pages could not be read: {', '.join(map(str, failed[:20]))}" if failed else ""
        return JobResult(_stream(target, log), status, message)

    async def _fetch(self, account: str, location: pb.DocumentLocation, target: Path) -> str:
        """Copy the object to a file and give its ETag; a document of 500 MB never stands in memory."""
        try:
            reader = await self._objects.open(account, location.s3_object.bucket, location.s3_object.name)
        except (errors.NotFound, errors.PermissionDenied, errors.InvalidArgument) as error:
            raise errors.InvalidObject("The S3 object cannot be read: check its bucket, key and owner.") from error
        if reader.length > JOB_LIMITS.max_bytes:
            raise errors.DocumentTooLarge(f"The document has more than {JOB_LIMITS.max_bytes} bytes.")
        with target.open("wb") as file:
            async for chunk in reader:
                await asyncio.to_thread(file.write, chunk)
        return reader.info.etag

    async def _process(self, source: Path, target: IO[bytes], log: PageLog, work: _Work) -> list[int]:
        """Write the result file, from the page after the last checkpoint on; the pages that could not be read."""
        document = await asyncio.to_thread(Document, source, JOB_LIMITS)
        try:
            target.write(results.header(document.page_count))
            await log.restore()
            reader = PageReader(self._runtime, Priority.BATCH)
            async for number, outcome in _sheets(document, reader, log.progress.pages + 1):
                if isinstance(outcome, errors.InvalidArgument):
                    await log.skip(number, outcome.aws_code, document.page_count)
                else:
                    body = await asyncio.to_thread(_records, outcome, work.features, work.questions)
                    await log.add(number, body, document.page_count)
            failed = log.progress.failed
            warnings = [PageWarning(error_code=code, pages=pages) for code, pages in failed.items()]
            target.write(results.trailer(warnings))
        finally:
            document.close()
        numbers = sorted(number for pages in failed.values() for number in pages)
        if len(numbers) == document.page_count:
            raise errors.BadDocument("No page of the document could be read.")
        return numbers


async def _stream(file: IO[bytes], log: PageLog) -> AsyncIterator[bytes]:
    """The file's bytes from its beginning, in chunks; closes it, and drops what the log kept for another attempt."""
    with file:
        file.seek(0)
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk
    await log.forget()


async def _sheets(
    document: Document, reader: PageReader, first: int
) -> AsyncIterator[tuple[int, Sheet | errors.InvalidArgument]]:
    """Page numbers from ``first`` on with their sheets, or with what is wrong with the page."""
    for number in range(first, document.page_count + 1):
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
