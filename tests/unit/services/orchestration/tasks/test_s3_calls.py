"""S3 as tasks see it."""

from __future__ import annotations

from typing import Any

import pytest

from services.orchestration.tasks.s3_calls import S3Calls
from services.orchestration.tasks.task import TaskFailed
from shared.platform import Platform
from tests.unit.services.orchestration.tasks.conftest import ACCOUNT, make_task


@pytest.fixture
async def s3(platform: Platform) -> S3Calls:
    await platform.objects.create_bucket(ACCOUNT, "papers")
    await platform.objects.create_bucket("111111111111", "theirs")
    return S3Calls(platform)


async def call(s3: S3Calls, action: str, **parameters: Any) -> Any:
    return await s3.invoke(make_task(f"aws-sdk:s3:{action}", {"Bucket": "papers", **parameters}))


async def error_of(s3: S3Calls, action: str, **parameters: Any) -> str:
    with pytest.raises(TaskFailed) as caught:
        await call(s3, action, **parameters)
    return caught.value.error


@pytest.mark.parametrize(
    ("body", "stored"),
    [("grüezi", "grüezi"), ({"a": [1, "ü"]}, '{"a":[1,"ü"]}'), ([], "[]"), (7, "7"), ("", "")],
)
async def test_what_is_put_is_got(s3: S3Calls, body: Any, stored: str) -> None:
    put = await call(s3, "putObject", Key="a", Body=body, ContentType="text/plain", Metadata={"Owner": "ada"})
    got = await call(s3, "getObject", Key="a")
    assert got["Body"] == stored
    assert got["ContentLength"] == len(stored.encode())
    assert (got["ContentType"], got["Metadata"], got["ETag"]) == ("text/plain", {"owner": "ada"}, put["ETag"])
    head = await call(s3, "headObject", Key="a")
    assert {**head, "Body": stored} == got


async def test_copy_delete_and_list(s3: S3Calls) -> None:
    for key in ("a/1", "a/2", "b"):
        await call(s3, "putObject", Key=key, Body=key)
    copied = await call(s3, "copyObject", Key="c c", CopySource="papers/a%2F1")
    assert copied["CopyObjectResult"]["LastModified"].endswith("Z")
    assert (await call(s3, "getObject", Key="c c"))["Body"] == "a/1"
    assert await call(s3, "deleteObject", Key="b") == {}
    listed = await call(s3, "listObjectsV2")
    assert [entry["Key"] for entry in listed["Contents"]] == ["a/1", "a/2", "c c"]
    folded = await call(s3, "listObjectsV2", Delimiter="/")
    assert folded["CommonPrefixes"] == [{"Prefix": "a/"}]
    keys = []
    page: dict[str, Any] = {"NextContinuationToken": ""}
    while "NextContinuationToken" in page:
        page = await call(s3, "listObjectsV2", MaxKeys=1, ContinuationToken=page["NextContinuationToken"])
        keys += [entry["Key"] for entry in page["Contents"]]
    assert keys == ["a/1", "a/2", "c c"]


async def test_buckets(s3: S3Calls) -> None:
    await call(s3, "createBucket", Bucket="more-papers")
    listed = await s3.invoke(make_task("aws-sdk:s3:listBuckets"))
    assert [bucket["Name"] for bucket in listed["Buckets"]] == ["more-papers", "papers"]
    assert await call(s3, "headBucket") == {"BucketRegion": "us-east-1"}


async def test_errors(s3: S3Calls) -> None:
    assert await error_of(s3, "getObject", Key="nothing") == "S3.NoSuchKeyException"
    assert await error_of(s3, "getObject", Key="x", Bucket="nowhere") == "S3.NoSuchBucketException"
    assert await error_of(s3, "getObject", Key="x", Bucket="theirs") == "S3.S3Exception"
    assert await error_of(s3, "createBucket", Bucket="papers") == "S3.BucketAlreadyOwnedByYouException"
    assert await error_of(s3, "getObject") == "States.Runtime"
    assert await error_of(s3, "getObjectTorrent", Key="x") == "States.Runtime"
    assert await error_of(s3, "putObject", Key="x", Metadata=7) == "States.Runtime"


async def test_what_no_state_can_hold(s3: S3Calls, platform: Platform) -> None:
    await platform.objects.put(ACCOUNT, "papers", "scan.png", b"\x89PNG\xff")
    assert await error_of(s3, "getObject", Key="scan.png") == "S3.SdkClientException"
    await platform.objects.put(ACCOUNT, "papers", "long.txt", b"x" * 262_145)
    assert await error_of(s3, "getObject", Key="long.txt") == "States.DataLimitExceeded"
