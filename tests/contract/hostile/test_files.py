"""Harmful, broken and odd documents, over HTTP and gRPC: the documented code, or what there is to read."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from botocore.exceptions import ClientError
from PIL import Image

from gateway.process import Addresses
from nonet.documents.v1 import documents_pb2 as pb
from nonet.documents.v1 import documents_pb2_grpc
from tests.contract.answers import Recorder
from tests.contract.documents import papers
from tests.contract.documents.graphs import Graph
from tests.contract.hostile.files import EMPTY, READ, REFUSED

Upload = Callable[[bytes], dict[str, dict[str, str]]]


def code_of(recorder: Recorder, operation: str, **parameters: Any) -> str:
    """The error code that an operation answers; it must answer one."""
    with pytest.raises(ClientError) as caught:
        recorder.ask(operation, **parameters)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500, caught.value
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.parametrize("name", REFUSED)
def test_refused(textract: Recorder, suite: Addresses, name: str) -> None:
    make, codes = REFUSED[name]
    document = make()
    assert code_of(textract, "detect_document_text", Document={"Bytes": document}) in codes
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(suite.grpc, options) as channel, pytest.raises(grpc.RpcError) as caught:
        documents_pb2_grpc.DocumentsStub(channel).AnalyzeDocument(
            pb.AnalyzeDocumentRequest(document=pb.Document(bytes=document), feature_types=["FORMS"]), timeout=60
        )
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert dict(caught.value.trailing_metadata())["nonet-error-code"] in codes


@pytest.mark.parametrize("name", READ)
def test_read_all_the_same(textract: Recorder, name: str) -> None:
    answer = textract.ask("detect_document_text", Document={"Bytes": READ[name]()})
    assert Graph(answer["Blocks"]).lines() == ["Hello small world"]


@pytest.mark.parametrize("name", EMPTY)
def test_nothing_to_read(textract: Recorder, name: str) -> None:
    features = ["TABLES", "FORMS", "LAYOUT"]
    answer = textract.ask("analyze_document", Document={"Bytes": EMPTY[name]()}, FeatureTypes=features)
    graph = Graph(answer["Blocks"])
    graph.check()
    assert not graph.of("WORD") and not graph.of("KEY_VALUE_SET")


@pytest.mark.parametrize("name", ["PDF of 10,000 pages", "PDF with a password", "truncated TIFF", "zip", "PNG bomb"])
def test_jobs_fail_in_peace(textract: Recorder, upload: Upload, name: str) -> None:
    """AWS tells a bad document when the job is started or when it has run; nothing in between, and nothing hangs."""
    document = REFUSED[name][0]()
    try:
        job = textract.ask("start_document_text_detection", DocumentLocation=upload(document))["JobId"]
    except ClientError as error:
        assert error.response["Error"]["Code"] in REFUSED[name][1]
        return
    answer = textract.finished("get_document_text_detection", job)
    assert answer["JobStatus"] == "FAILED" and answer["StatusMessage"]


def test_a_job_tells_the_page_that_it_could_not_read(textract: Recorder, upload: Upload) -> None:
    pages = [papers.note(f"This is page {number}") for number in (1, 2, 3)]
    document = papers.encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="tiff_deflate")
    with Image.open(io.BytesIO(document)) as opened:
        opened.seek(1)
        start = opened.tag_v2[273][0]  # where the second page's pixels begin
    damaged = document[:start] + b"\xff" * 100 + document[start + 100 :]
    job = textract.ask("start_document_text_detection", DocumentLocation=upload(damaged))["JobId"]
    answer = textract.finished("get_document_text_detection", job)
    assert (answer["JobStatus"], answer["DocumentMetadata"]) == ("PARTIAL_SUCCESS", {"Pages": 3})
    assert answer["Warnings"] == [{"ErrorCode": "BadDocumentException", "Pages": [2]}]
    graph = Graph(answer["Blocks"])
    graph.check(2, numbered=True, last=3)
    assert graph.lines() == ["This is page 1", "This is page 3"]
