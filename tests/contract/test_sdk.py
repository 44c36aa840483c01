"""The SDK and the command line against a running server."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.process import Addresses
from nonet import AsyncNonet, Nonet, errors
from nonet.cli.__main__ import main
from nonet.client import document, job_status
from nonet.documents.v1 import documents_pb2 as pb
from tests.running import nonet


class PagesService:
    """Textract's face: it tells sizes and pages, so that the client's side can be tested without a model."""

    def __init__(self, platform: object) -> None:
        self._asked = 0

    async def detect_document_text(self, request, call):
        return pb.DetectDocumentTextResponse(document_metadata={"pages": len(request.document.bytes)})

    async def get_document_analysis(self, request, call):
        page = int(request.next_token or 0)
        blocks = [pb.Block(id=f"{page}-{i}", block_type="LINE", text="x" * 70, confidence=99.5) for i in range(2)]
        token = str(page + 1) if page < 2 else None
        return pb.GetDocumentAnalysisResponse(job_status="SUCCEEDED", blocks=blocks, next_token=token)

    async def get_document_text_detection(self, request, call):
        self._asked += 1
        return pb.GetDocumentTextDetectionResponse(job_status="SUCCEEDED" if self._asked > 2 else "IN_PROGRESS")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    import sys

    patch = pytest.MonkeyPatch()
    patch.setitem(sys.modules, "services.sheets.service", sys.modules[__name__])
    patch.setattr("gateway.process.REGISTRY", {"nonet.documents.v1.Documents": "services.sheets.service:PagesService"})
    with nonet(tmp_path_factory.mktemp("data")) as addresses:
        yield addresses
    patch.undo()


@pytest.fixture
def client(server: Addresses) -> Iterator[Nonet]:
    with Nonet(server.grpc) as opened:
        yield opened


@pytest.fixture
async def async_client(server: Addresses) -> AsyncIterator[AsyncNonet]:
    async with AsyncNonet(server.grpc) as opened:
        yield opened


def test_a_call_takes_keywords_and_gives_a_message(client: Nonet, tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(b"12345")
    answer = client.documents.detect_document_text(document=document(tmp_path / "scan.png"))
    assert answer.document_metadata.pages == 5


def test_pages_follow_the_token(client: Nonet) -> None:
    pages = list(client.pages(client.documents.get_document_analysis, job_id="a" * 64))
    assert [page.blocks[0].id for page in pages] == ["0-0", "1-0", "2-0"]


def test_waiting_ends_with_the_job(client: Nonet) -> None:
    answer = client.wait(client.documents.get_document_text_detection, poll_seconds=0.01, job_id="a" * 64)
    assert job_status(answer) == "SUCCEEDED"


def test_errors_are_exceptions_of_the_tree(client: Nonet) -> None:
    with pytest.raises(errors.Unimplemented):
        client.documents.analyze_id(document_pages=[{"bytes": b"x"}])
    with pytest.raises(errors.InvalidArgument, match="FeatureTypes"):
        client.documents.analyze_document(document={"bytes": b"x"})
    with pytest.raises(AttributeError):
        _ = client.astrology


def test_nobody_there_is_unavailable() -> None:
    with Nonet("127.0.0.1:9") as client, pytest.raises(errors.Unavailable):
        client.documents.detect_document_text(document={"bytes": b"x"})


async def test_the_same_on_an_event_loop(async_client: AsyncNonet) -> None:
    answer = await async_client.documents.detect_document_text(document={"bytes": b"123"})
    assert answer.document_metadata.pages == 3
    pages = [page async for page in async_client.pages(async_client.documents.get_document_analysis, job_id="a" * 64)]
    assert len(pages) == 3
    with pytest.raises(errors.Unimplemented):
        await async_client.documents.analyze_id(document_pages=[{"bytes": b"x"}])


def test_the_command_line_calls_any_operation(server, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setenv("NONET_ADDRESS", server.grpc)
    (tmp_path / "scan.png").write_bytes(b"1234567")
    assert main(["textract", "detect-document-text", "--document", f"@{tmp_path / 'scan.png'}"]) == 0
    assert json.loads(capsys.readouterr().out) == {"DocumentMetadata": {"Pages": 7}}
    value = json.dumps({"Bytes": f"@{tmp_path / 'scan.png'}"})
    assert main(["documents", "detect-document-text", "--document", value, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"DocumentMetadata": {"Pages": 7}}


def test_the_command_line_shows_tables_to_people(server, capsys, monkeypatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert main(["textract", "get-document-analysis", "--job-id", "a" * 64, "--address", server.grpc]) == 0
    shown = capsys.readouterr().out
    assert "Blocks (2):" in shown and "99.5" in shown


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["astrology"], "no command or service"),
        (["textract", "guess"], "no operation 'guess'"),
        (["transcribe-streaming", "start-stream-transcription"], "is a stream"),
        (["textract", "detect-document-text", "--document", "@/nowhere"], "cannot be read"),
        (["textract", "detect-document-text", "--document", "{"], "not JSON"),
        (["textract", "get-document-analysis", "--job-id", f"@{sys.executable}"], "no text in UTF-8"),
        (["textract", "get-document-analysis", "--job-id", "x", "--max-results", "many"], "--max-results"),
        (["textract", "analyze-id", "--document-pages", "[]", "--address", "127.0.0.1:9"], "nonet up"),
    ],
)
def test_mistakes_are_explained(arguments, told, capsys) -> None:
    assert main(arguments) == 1
    assert told in capsys.readouterr().err
