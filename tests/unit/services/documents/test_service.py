"""The service's operations on a real platform: database, objects, jobs; text-layer documents need no model."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from nonet.documents.v1 import documents_pb2 as pb
from services.documents.service import DocumentsService
from shared import errors
from shared.auth.principals import Principal
from shared.contract.apis import api_for_client
from shared.platform import Platform
from shared.rpc.call import Call
from shared.settings import Settings
from tests.running import forget_metrics
from tests.unit.shared.media.test_documents import HELLO, make_pdf

FORM = (
    b"BT /F1 14 Tf 72 700 Td (Name: Ada Lovelace) Tj 0 -30 Td (Town: London) Tj 0 -60 Td (Some words of prose.) Tj ET"
)


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    forget_metrics()
    opened = Platform.open(Settings(data_directory=tmp_path))
    yield opened
    await opened.jobs.drain(5.0)
    await opened.close()


@pytest.fixture
def service(platform: Platform) -> DocumentsService:
    return DocumentsService(platform)


def call(name: str, account: str = "000000000000") -> Call:
    operation = api_for_client("textract").operations[name]
    return Call(operation, Principal(name="tester", account=account), "us-east-1")


async def test_the_text_of_a_pdf(service: DocumentsService) -> None:
    request = pb.DetectDocumentTextRequest(document=pb.Document(bytes=make_pdf([HELLO])))
    response = await service.detect_document_text(request, call("DetectDocumentText"))
    assert response.document_metadata.pages == 1
    kinds = [block.block_type for block in response.blocks]
    assert kinds == ["PAGE", "LINE", "WORD", "WORD", "WORD"]
    assert response.blocks[1].text == "Hello brave world"
    assert not response.blocks[0].HasField("page")


async def test_a_picture_is_read_by_the_embedded_model(service: DocumentsService) -> None:
    image = Image.new("RGB", (700, 200), "white")
    ImageDraw.Draw(image).text((40, 60), "Invoice number 4711", "black", ImageFont.load_default(40))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    asked = call("DetectDocumentText")
    request = pb.DetectDocumentTextRequest(document=pb.Document(bytes=buffer.getvalue()))
    response = await service.detect_document_text(request, asked)
    words = [block for block in response.blocks if block.block_type == "WORD"]
    assert [word.text for word in words] == ["Invoice", "number", "4711"]
    assert all(50 < word.confidence <= 100 and word.text_type == "PRINTED" for word in words)
    assert asked.trailers["nonet-model"] == "ppocr-v6-small"


async def test_every_feature_is_answered(service: DocumentsService) -> None:
    request = pb.AnalyzeDocumentRequest(
        document=pb.Document(bytes=make_pdf([FORM])), feature_types=["FORMS", "TABLES", "LAYOUT", "QUERIES"]
    )
    request.queries_config.queries.add(text="What is the name?", alias="NAME")
    response = await service.analyze_document(request, call("AnalyzeDocument"))
    kinds = {block.block_type for block in response.blocks}
    assert {"KEY_VALUE_SET", "QUERY", "QUERY_RESULT", "LAYOUT_TEXT"} <= kinds
    assert [b.text for b in response.blocks if b.block_type == "QUERY_RESULT"] == ["Ada Lovelace"]


async def test_features_that_were_not_asked_for_are_absent(service: DocumentsService) -> None:
    request = pb.AnalyzeDocumentRequest(document=pb.Document(bytes=make_pdf([FORM])), feature_types=["TABLES"])
    response = await service.analyze_document(request, call("AnalyzeDocument"))
    assert {block.block_type for block in response.blocks} == {"PAGE", "LINE", "WORD"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"feature_types": ["SIGNATURES"]}, errors.Unimplemented),
        ({"feature_types": ["QUERIES"]}, errors.InvalidArgument),
        ({"queries_config": pb.QueriesConfig(queries=[pb.Query(text="a")])}, errors.InvalidArgument),
        (
            {"feature_types": ["QUERIES"], "queries_config": pb.QueriesConfig(queries=[pb.Query(text="a")] * 16)},
            errors.InvalidArgument,
        ),
        (
            {
                "feature_types": ["QUERIES"],
                "queries_config": pb.QueriesConfig(queries=[pb.Query(text="Name?", pages=["2-*"])]),
            },
            errors.InvalidArgument,
        ),
        ({"human_loop_config": pb.HumanLoopConfig()}, errors.Unimplemented),
        ({"adapters_config": pb.AdaptersConfig()}, errors.Unimplemented),
        ({"document": pb.Document()}, errors.InvalidArgument),
        ({"document": pb.Document(bytes=b"x")}, errors.UnsupportedDocument),
        ({"document": pb.Document(bytes=make_pdf([HELLO, HELLO]))}, errors.UnsupportedDocument),
        ({"document": pb.Document(s3_object=pb.S3Object(bucket="none", name="none"))}, errors.InvalidObject),
        ({"document": pb.Document(s3_object=pb.S3Object(bucket="only"))}, errors.InvalidArgument),
    ],
)
async def test_what_cannot_be_done_is_refused(
    service: DocumentsService, change: dict[str, object], error: type[errors.NonetError]
) -> None:
    values: dict[str, object] = {"document": pb.Document(bytes=make_pdf([FORM])), "feature_types": ["FORMS"], **change}
    with pytest.raises(error):
        await service.analyze_document(pb.AnalyzeDocumentRequest(**values), call("AnalyzeDocument"))


async def _put(platform: Platform, body: bytes, account: str = "000000000000") -> pb.DocumentLocation:
    await platform.objects.create_bucket(account, "scans")
    await platform.objects.put(account, "scans", "a/file", body)
    return pb.DocumentLocation(s3_object=pb.S3Object(bucket="scans", name="a/file"))


async def _finished(service: DocumentsService, job_id: str, max_results: int = 0) -> pb.GetDocumentAnalysisResponse:
    request = pb.GetDocumentAnalysisRequest(job_id=job_id)
    if max_results:
        request.max_results = max_results
    for _ in range(600):
        response = await service.get_document_analysis(request, call("GetDocumentAnalysis"))
        if response.job_status != "IN_PROGRESS":
            return response
        await asyncio.sleep(0.05)
    raise AssertionError("the job did not end")


async def test_a_job_gives_every_page_a_portion_at_a_time(platform: Platform, service: DocumentsService) -> None:
    location = await _put(platform, make_pdf([FORM, HELLO, FORM]))
    start = pb.StartDocumentAnalysisRequest(document_location=location, feature_types=["FORMS"])
    job = await service.start_document_analysis(start, call("StartDocumentAnalysis"))
    waiting = pb.GetDocumentAnalysisRequest(job_id=job.job_id)
    assert (await service.get_document_analysis(waiting, call("GetDocumentAnalysis"))).job_status == "IN_PROGRESS"
    await platform.jobs.start()
    whole = await _finished(service, job.job_id)
    assert whole.job_status == "SUCCEEDED" and whole.document_metadata.pages == 3
    assert {block.page for block in whole.blocks} == {1, 2, 3}
    collected, token = [], ""
    while True:
        request = pb.GetDocumentAnalysisRequest(job_id=job.job_id, max_results=7)
        if token:
            request.next_token = token
        part = await service.get_document_analysis(request, call("GetDocumentAnalysis"))
        assert len(part.blocks) <= 7
        collected.extend(block.id for block in part.blocks)
        token = part.next_token
        if not token:
            break
    assert collected == [block.id for block in whole.blocks]


async def test_a_text_detection_job(platform: Platform, service: DocumentsService) -> None:
    location = await _put(platform, make_pdf([HELLO, HELLO]))
    start = pb.StartDocumentTextDetectionRequest(document_location=location, client_request_token="once")
    first = await service.start_document_text_detection(start, call("StartDocumentTextDetection"))
    again = await service.start_document_text_detection(start, call("StartDocumentTextDetection"))
    assert first.job_id == again.job_id
    await platform.jobs.start()
    request = pb.GetDocumentTextDetectionRequest(job_id=first.job_id)
    for _ in range(600):
        response = await service.get_document_text_detection(request, call("GetDocumentTextDetection"))
        if response.job_status != "IN_PROGRESS":
            break
        await asyncio.sleep(0.05)
    assert response.job_status == "SUCCEEDED"
    assert [block.text for block in response.blocks if block.block_type == "LINE"] == ["Hello brave world"] * 2
    # A job of one kind is not found by the other kind's operation, nor by another account.
    with pytest.raises(errors.InvalidJobId):
        await service.get_document_analysis(
            pb.GetDocumentAnalysisRequest(job_id=first.job_id), call("GetDocumentAnalysis")
        )
    with pytest.raises(errors.InvalidJobId):
        await service.get_document_text_detection(request, call("GetDocumentTextDetection", "111111111111"))


async def test_a_job_over_something_else_fails_with_the_reason(platform: Platform, service: DocumentsService) -> None:
    location = await _put(platform, b"no document at all")
    start = pb.StartDocumentAnalysisRequest(document_location=location, feature_types=["FORMS"])
    job = await service.start_document_analysis(start, call("StartDocumentAnalysis"))
    await platform.jobs.start()
    response = await _finished(service, job.job_id)
    assert response.job_status == "FAILED" and "JPEG" in response.status_message
    assert not response.blocks


async def test_a_bad_page_is_a_warning(
    platform: Platform, service: DocumentsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.media.documents import Document, Page

    whole = Document.page

    def page(self: Document, number: int) -> Page:
        if number == 2:
            raise errors.BadDocument("page 2 is damaged")
        return whole(self, number)

    monkeypatch.setattr(Document, "page", page)
    location = await _put(platform, make_pdf([HELLO] * 3))
    start = pb.StartDocumentAnalysisRequest(document_location=location, feature_types=["FORMS"])
    job = await service.start_document_analysis(start, call("StartDocumentAnalysis"))
    await platform.jobs.start()
    response = await _finished(service, job.job_id)
    assert response.job_status == "PARTIAL_SUCCESS"
    assert [(warning.error_code, list(warning.pages)) for warning in response.warnings] == [
        ("BadDocumentException", [2])
    ]
    assert {block.page for block in response.blocks} == {1, 3}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("notification_channel", pb.NotificationChannel(sns_topic_arn="arn", role_arn="arn")),
        ("kms_key_id", "key"),
    ],
)
async def test_options_that_would_be_ignored_are_refused(
    platform: Platform, service: DocumentsService, option: str, value: object
) -> None:
    location = await _put(platform, make_pdf([HELLO]))
    start = pb.StartDocumentTextDetectionRequest(document_location=location, **{option: value})
    with pytest.raises(errors.Unimplemented):
        await service.start_document_text_detection(start, call("StartDocumentTextDetection"))


async def test_a_job_without_its_object_is_refused_at_once(service: DocumentsService) -> None:
    location = pb.DocumentLocation(s3_object=pb.S3Object(bucket="none", name="none"))
    with pytest.raises(errors.InvalidObject):
        await service.start_document_text_detection(
            pb.StartDocumentTextDetectionRequest(document_location=location), call("StartDocumentTextDetection")
        )


async def test_a_result_is_written_where_output_config_says(
    platform: Platform, service: DocumentsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.documents.outputs.FILE_BLOCKS", 7)
    location = await _put(platform, make_pdf([HELLO] * 3))
    start = pb.StartDocumentAnalysisRequest(
        document_location=location,
        feature_types=["FORMS"],
        output_config=pb.OutputConfig(s3_bucket="scans", s3_prefix="results"),
    )
    job = await service.start_document_analysis(start, call("StartDocumentAnalysis"))
    await platform.jobs.start()
    response = await _finished(service, job.job_id)
    assert response.job_status == "SUCCEEDED"
    listing = await platform.objects.list("000000000000", "scans", prefix=f"results/{job.job_id}/")
    names = sorted(info.key for info in listing.objects)
    assert [name.rpartition("/")[2] for name in names] == ["1", "2", "3"]
    files = [json.loads(await platform.objects.read("000000000000", "scans", n, max_bytes=10**6)) for n in names]
    assert [block["Id"] for file in files for block in file["Blocks"]] == [block.id for block in response.blocks]
    assert all(file["JobStatus"] == "SUCCEEDED" and file["DocumentMetadata"] == {"Pages": 3} for file in files)
    assert files[0]["AnalyzeDocumentModelVersion"] == response.analyze_document_model_version


async def test_an_output_bucket_of_nobody_is_refused_at_once(platform: Platform, service: DocumentsService) -> None:
    location = await _put(platform, make_pdf([HELLO]))
    start = pb.StartDocumentTextDetectionRequest(
        document_location=location, output_config=pb.OutputConfig(s3_bucket="nowhere")
    )
    with pytest.raises(errors.InvalidObject):
        await service.start_document_text_detection(start, call("StartDocumentTextDetection"))
