"""One Nonet with its real services for all contract tests that ask models, and clients that record the wire."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateway.process import Addresses
from tests.contract.answers import Recorder
from tests.running import client, nonet


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """A running Nonet that anybody may call, with the services of the registry."""
    with nonet(tmp_path_factory.mktemp("suite"), services="language,documents,transcription,translation") as addresses:
        yield addresses


@pytest.fixture(scope="session")
def comprehend(suite: Addresses) -> Recorder:
    return Recorder(client("comprehend", suite))


@pytest.fixture(scope="session")
def textract(suite: Addresses) -> Recorder:
    return Recorder(client("textract", suite, config={"read_timeout": 300}))


@pytest.fixture(scope="session")
def s3(suite: Addresses) -> Any:
    return client("s3", suite, config={"s3": {"addressing_style": "path"}})


@pytest.fixture(scope="session")
def bucket(s3: Any) -> str:
    """A bucket whose name no other run used: with PostgreSQL a database sees many runs."""
    name = f"contract-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="session")
def upload(s3: Any, bucket: str) -> Callable[[bytes], dict[str, dict[str, str]]]:
    """Puts bytes into the bucket and tells where they are, in the words of a DocumentLocation."""

    def put(data: bytes) -> dict[str, dict[str, str]]:
        key = f"documents/{uuid.uuid4().hex}"
        s3.put_object(Bucket=bucket, Key=key, Body=data)
        return {"S3Object": {"Bucket": bucket, "Name": key}}

    return put
