"""A job that dies goes on where its last checkpoint was taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nonet.documents.v1 import documents_pb2 as pb
from services.documents import checkpoints
from services.documents.service import DocumentsService
from shared import errors
from shared.auth.principals import Principal
from shared.contract.apis import api_for_client
from shared.media.documents import Document, Page
from shared.platform import Platform
from shared.rpc.call import Call
from shared.settings import Settings
from tests.running import forget_metrics
from tests.unit.shared.media.test_documents import HELLO, make_pdf

ACCOUNT = "000000000000"


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    forget_metrics()
    opened = Platform.open(Settings(data_directory=tmp_path))
    yield opened
    await opened.jobs.drain(5.0)
    await opened.close()


@pytest.mark.parametrize(
    ("lose_parts", "replace_document", "visits"),
    [
        (False, False, [1, 2, 3, 4, 5, 6, 5, 6, 7]),
        (True, False, [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 7]),
        (False, True, [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 7]),
    ],
)
async def test_only_pages_after_the_checkpoint_are_read_again(
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    lose_parts: bool,
    replace_document: bool,
    visits: list[int],
) -> None:
    monkeypatch.setattr(checkpoints, "CHECKPOINT_PAGES", 2)
    monkeypatch.setattr(checkpoints, "CHECKPOINT_SECONDS", 1e9)
    whole = Document.page
    seen: list[int] = []
    died = asyncio.Event()

    def page(self: Document, number: int) -> Page:
        seen.append(number)
        if number == 6 and not died.is_set():
            if lose_parts:
                for part in tmp_path.rglob("pages-*"):
                    part.unlink()
            died.set()
            raise errors.Unavailable("the worker died")
        if number == 3:
            raise errors.BadDocument("page 3 is damaged")
        return whole(self, number)

    fetch = platform.objects.open

    async def open_again(account: str, bucket: str, key: str) -> object:
        if died.is_set() and replace_document:
            await platform.objects.put(account, bucket, key, make_pdf([HELLO] * 6 + [HELLO.replace(b"brave", b"new")]))
        return await fetch(account, bucket, key)

    monkeypatch.setattr(Document, "page", page)
    monkeypatch.setattr(platform.objects, "open", open_again)
    service = DocumentsService(platform)
    await platform.objects.create_bucket(ACCOUNT, "scans")
    await platform.objects.put(ACCOUNT, "scans", "file", make_pdf([HELLO] * 7))
    location = pb.DocumentLocation(s3_object=pb.S3Object(bucket="scans", name="file"))
    operations = api_for_client("textract").operations
    caller = Principal(name="tester", account=ACCOUNT)
    start = Call(operations["StartDocumentTextDetection"], caller, "us-east-1")
    job = await service.start_document_text_detection(
        pb.StartDocumentTextDetectionRequest(document_location=location), start
    )
    await platform.jobs.start()
    ask = Call(operations["GetDocumentTextDetection"], caller, "us-east-1")
    for _ in range(600):
        response = await service.get_document_text_detection(pb.GetDocumentTextDetectionRequest(job_id=job.job_id), ask)
        if response.job_status != "IN_PROGRESS":
            break
        await asyncio.sleep(0.05)
    assert response.job_status == "PARTIAL_SUCCESS"
    assert seen == visits
    assert [block.page for block in response.blocks if block.block_type == "PAGE"] == [1, 2, 4, 5, 6, 7]
    assert [list(warning.pages) for warning in response.warnings] == [[3]]
    # Those of another document stay until the job itself is deleted.
    assert replace_document or not list(tmp_path.rglob("pages-*")), "the records are in the result only"
