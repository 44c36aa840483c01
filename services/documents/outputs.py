"""A job's result as files in a bucket: what ``OutputConfig`` asks for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from itertools import islice
from typing import IO, Any

from google.protobuf.json_format import MessageToDict

from nonet.documents.v1 import documents_pb2 as pb
from services.documents import results
from shared.storage.object_tables import ObjectAttributes
from shared.storage.objects import ObjectStore

#: Blocks in one file.
FILE_BLOCKS = 1000
DEFAULT_PREFIX = "textract_output"


async def write_output(
    objects: ObjectStore,
    account: str,
    config: pb.OutputConfig,
    job_id: str,
    file: IO[bytes],
    answer: dict[str, Any],
) -> None:
    """Write the blocks of a result ``file`` to s3://bucket/prefix/<job id>/1, 2 ...

    Each object is the JSON of a Get operation's answer: ``answer`` (status, model version) and up to ``FILE_BLOCKS``
    blocks. Raises NotFound or PermissionDenied when the bucket is not there any more.
    """
    prefix = (config.s3_prefix or DEFAULT_PREFIX).strip("/")
    pages, warnings, end = results.ends(file)
    head = {"DocumentMetadata": {"Pages": pages}, **answer}
    if warnings:
        head["Warnings"] = [MessageToDict(warning) for warning in warnings]
    blocks = results.blocks(file, end)
    number = 0
    while body := await asyncio.to_thread(_file, head, blocks):
        number += 1
        attributes = ObjectAttributes(headers={"content-type": "application/json"})
        await objects.put(account, config.s3_bucket, f"{prefix}/{job_id}/{number}", body, attributes=attributes)


def _file(head: dict[str, Any], blocks: Iterator[pb.Block]) -> bytes:
    """The JSON of the next file, empty where there are no more blocks."""
    portion = [MessageToDict(block) for block in islice(blocks, FILE_BLOCKS)]
    return json.dumps({**head, "Blocks": portion}, ensure_ascii=False).encode() if portion else b""
