"""The Documents service: text, forms, tables, answers and layout of scans and PDFs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from nonet.documents.v1 import documents_pb2 as pb
from services.documents import results
from services.documents.analysis import Feature, PageAnalysis, Question, analyze
from services.documents.blocks import page_blocks
from services.documents.jobs import ANALYSIS, MODEL_VERSION, TEXT_DETECTION, DocumentJobs
from services.documents.messages import block_message
from services.documents.page_reader import PageReader
from services.documents.sheets import Sheet
from shared import errors
from shared.jobs.job import Job, JobStatus
from shared.media.documents import Document, DocumentLimits
from shared.platform import Platform
from shared.rpc.call import Call
from shared.storage.pages import PageTokens

SYNC_LIMITS = DocumentLimits()
MAX_QUERIES, MAX_JOB_QUERIES = 15, 30
MAX_RESULTS = 1000

_STATUS = {
    JobStatus.SUCCEEDED: "SUCCEEDED",
    JobStatus.PARTIAL_SUCCESS: "PARTIAL_SUCCESS",
    JobStatus.FAILED: "FAILED",
    JobStatus.STOPPED: "FAILED",
}


class DocumentsService:
    """nonet.documents.v1.Documents"""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        jobs = DocumentJobs(platform.runtime, platform.objects)
        concurrency = max(1, platform.settings.job_workers)
        platform.jobs.register(TEXT_DETECTION, jobs.detect_text, concurrency=concurrency)
        platform.jobs.register(ANALYSIS, jobs.analyze, concurrency=concurrency)

    async def detect_document_text(
        self, request: pb.DetectDocumentTextRequest, call: Call
    ) -> pb.DetectDocumentTextResponse:
        """Words and lines of one page."""
        sheet = await self._read(request.document, call)
        blocks = page_blocks(sheet, PageAnalysis(), numbered=False)
        return pb.DetectDocumentTextResponse(
            document_metadata=pb.DocumentMetadata(pages=1),
            blocks=[block_message(block) for block in blocks],
            detect_document_text_model_version=MODEL_VERSION,
        )

    async def analyze_document(self, request: pb.AnalyzeDocumentRequest, call: Call) -> pb.AnalyzeDocumentResponse:
        """Forms, tables, answers and layout of one page."""
        if request.HasField("human_loop_config"):
            raise errors.Unimplemented("HumanLoopConfig is not available: there is no human review here.")
        features = _features(request)
        questions = _questions(request, features, MAX_QUERIES)
        if not all(question.concerns(1) for question in questions):
            raise errors.InvalidArgument("A synchronous call reads one page: leave the other pages of its queries out.")
        sheet = await self._read(request.document, call)
        analysis = await asyncio.to_thread(analyze, sheet, features, questions)
        blocks = page_blocks(sheet, analysis, numbered=False)
        return pb.AnalyzeDocumentResponse(
            document_metadata=pb.DocumentMetadata(pages=1),
            blocks=[block_message(block) for block in blocks],
            analyze_document_model_version=MODEL_VERSION,
        )

    async def start_document_text_detection(
        self, request: pb.StartDocumentTextDetectionRequest, call: Call
    ) -> pb.StartDocumentTextDetectionResponse:
        """Start a job that reads the words and lines of a document of many pages."""
        job = await self._start(TEXT_DETECTION, request, call)
        return pb.StartDocumentTextDetectionResponse(job_id=job.id)

    async def start_document_analysis(
        self, request: pb.StartDocumentAnalysisRequest, call: Call
    ) -> pb.StartDocumentAnalysisResponse:
        """Start a job that analyses a document of many pages."""
        _questions(request, _features(request), MAX_JOB_QUERIES)
        job = await self._start(ANALYSIS, request, call)
        return pb.StartDocumentAnalysisResponse(job_id=job.id)

    async def get_document_text_detection(
        self, request: pb.GetDocumentTextDetectionRequest, call: Call
    ) -> pb.GetDocumentTextDetectionResponse:
        """Status and, a portion at a time, the blocks of a text detection job."""
        response = pb.GetDocumentTextDetectionResponse(detect_document_text_model_version=MODEL_VERSION)
        await self._answer(TEXT_DETECTION, request, response, call)
        return response

    async def get_document_analysis(
        self, request: pb.GetDocumentAnalysisRequest, call: Call
    ) -> pb.GetDocumentAnalysisResponse:
        """Status and, a portion at a time, the blocks of an analysis job."""
        response = pb.GetDocumentAnalysisResponse(analyze_document_model_version=MODEL_VERSION)
        await self._answer(ANALYSIS, request, response, call)
        return response

    async def _read(self, document: pb.Document, call: Call) -> Sheet:
        """The one page of a synchronous call's document, read."""
        data = await self._bytes(document, call)
        opened = await asyncio.to_thread(Document, data, SYNC_LIMITS)
        try:
            page = await asyncio.to_thread(opened.page, 1)
        finally:
            opened.close()
        reader = PageReader(self._platform.runtime, call.priority)
        sheet = await reader.read(page)
        for model in reader.models:
            call.answered_by(model)
        return sheet

    async def _bytes(self, document: pb.Document, call: Call) -> bytes:
        if document.HasField("bytes") == document.HasField("s3_object"):
            raise errors.InvalidArgument("A document is given by Bytes or by S3Object, and by one of them only.")
        if document.HasField("bytes"):
            return bytes(document.bytes)
        place = _object(document.s3_object)
        return await self._platform.objects.read(
            call.account, place.bucket, place.name, max_bytes=SYNC_LIMITS.max_bytes
        )

    async def _start(
        self, kind: str, request: pb.StartDocumentTextDetectionRequest | pb.StartDocumentAnalysisRequest, call: Call
    ) -> Job:
        place = _object(request.document_location.s3_object)
        for option in ("notification_channel", "kms_key_id"):
            if request.HasField(option):
                name = request.DESCRIPTOR.fields_by_name[option].json_name
                raise errors.Unimplemented(f"{name} is not available: ask for the result by the job's id.")
        try:
            await self._platform.objects.head(call.account, place.bucket, place.name)
        except (errors.NotFound, errors.PermissionDenied, errors.InvalidArgument) as error:
            raise errors.InvalidObject("The S3 object cannot be read: check its bucket, key and owner.") from error
        if request.HasField("output_config"):
            bucket = request.output_config.s3_bucket
            try:
                await self._platform.objects.head_bucket(call.account, bucket)
            except (errors.NotFound, errors.PermissionDenied, errors.InvalidArgument) as error:
                raise errors.InvalidObject("The bucket of OutputConfig cannot be written to.") from error
        token = request.client_request_token if request.HasField("client_request_token") else None
        body = request.SerializeToString(deterministic=True)
        return await self._platform.jobs.submit(call.account, kind, body, client_token=token, name=request.job_tag)

    async def _answer(
        self,
        kind: str,
        request: pb.GetDocumentTextDetectionRequest | pb.GetDocumentAnalysisRequest,
        response: pb.GetDocumentTextDetectionResponse | pb.GetDocumentAnalysisResponse,
        call: Call,
    ) -> None:
        """Fill ``response`` with what there is of the job."""
        job = await self._platform.jobs.get(call.account, request.job_id, kind=kind)
        response.job_status = _STATUS.get(job.status, "IN_PROGRESS")
        if not job.status.ended:
            return
        if job.message:
            response.status_message = job.message
        if response.job_status == "FAILED":
            return
        tokens = await PageTokens.of(self._platform.database)
        listing = (kind, job.account, job.id)
        position = int(tokens.open(listing, request.next_token)) if request.next_token else results.HEADER_BYTES
        count = min(request.max_results or MAX_RESULTS, MAX_RESULTS)
        portion = await results.read_portion(self._platform.jobs, job, position, count)
        response.document_metadata.pages = portion.pages
        response.blocks.extend(portion.blocks)
        response.warnings.extend(portion.warnings)  # type: ignore[arg-type]  # its stub says the builtin Warning
        if portion.following is not None:
            response.next_token = tokens.seal(listing, portion.following)


def _object(place: pb.S3Object) -> pb.S3Object:
    if not place.bucket or not place.name:
        raise errors.InvalidArgument("An S3Object needs its Bucket and its Name.")
    if place.HasField("version"):
        raise errors.Unimplemented("S3Object.Version is not available: objects here have one version.")
    return place


def _features(request: pb.AnalyzeDocumentRequest | pb.StartDocumentAnalysisRequest) -> frozenset[Feature]:
    if request.HasField("adapters_config"):
        raise errors.Unimplemented("AdaptersConfig is not available: adapters cannot be trained here.")
    if "SIGNATURES" in request.feature_types:
        raise errors.Unimplemented("The feature SIGNATURES is not available: no model here finds signatures.")
    return frozenset(Feature(name) for name in request.feature_types)


def _questions(
    request: pb.AnalyzeDocumentRequest | pb.StartDocumentAnalysisRequest, features: frozenset[Feature], limit: int
) -> Sequence[Question]:
    queries = request.queries_config.queries
    if (Feature.QUERIES in features) != bool(queries):
        raise errors.InvalidArgument("The feature QUERIES and QueriesConfig go together: give both or none.")
    if len(queries) > limit:
        raise errors.InvalidArgument(f"A request takes {limit} queries at most.")
    return [
        Question(query.text, query.alias if query.HasField("alias") else None, tuple(query.pages)) for query in queries
    ]
