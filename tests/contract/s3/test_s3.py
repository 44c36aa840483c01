"""S3 as boto3 knows it: the high-level transfers, listings, conditions, copies, presigned URLs and errors."""

from __future__ import annotations

import base64
import datetime
import hashlib
import io
import os
import threading
import urllib.error
import urllib.request
import zlib
from pathlib import Path

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.auth import S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from gateway.aws.authentication import Authenticator
from gateway.aws.s3.app import s3_app
from gateway.aws.s3.callers import signed_callers
from shared.auth.principals import PrincipalTable
from shared.settings import Settings
from shared.storage.blobs import FolderBlobs
from shared.storage.database import Database
from shared.storage.objects import ObjectStore
from tests.contract.s3.conftest import PRINCIPALS, serve

MEBIBYTE = 1024**2
#: urllib adds a form's content type to what it sends, which nobody signed.
NO_TYPE = {"Content-Type": ""}


def code_of(call, **arguments):  # type: ignore[no-untyped-def]
    """(AWS code, HTTP status) of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_buckets(s3, make_client) -> None:  # type: ignore[no-untyped-def]
    assert code_of(s3.create_bucket, Bucket="scans") == ("BucketAlreadyOwnedByYou", 409)
    other = make_client(PRINCIPALS[1])
    assert code_of(other.create_bucket, Bucket="scans") == ("BucketAlreadyExists", 409)
    s3.create_bucket(Bucket="a.second-one", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["a.second-one", "scans"]
    assert other.list_buckets()["Buckets"] == []
    s3.head_bucket(Bucket="scans")
    assert code_of(s3.head_bucket, Bucket="nothing-here") == ("404", 404)
    assert code_of(other.head_bucket, Bucket="scans") == ("403", 403)
    assert s3.get_bucket_location(Bucket="scans")["LocationConstraint"] is None
    s3.put_object(Bucket="scans", Key="x", Body=b"x")
    assert code_of(s3.delete_bucket, Bucket="scans") == ("BucketNotEmpty", 409)
    s3.delete_object(Bucket="scans", Key="x")
    s3.create_multipart_upload(Bucket="scans", Key="never finished")
    s3.delete_bucket(Bucket="scans")
    assert code_of(s3.list_objects_v2, Bucket="scans") == ("NoSuchBucket", 404)
    for name in ("192.168.0.1", "two..dots", "x" * 64):
        with pytest.raises(Exception, match=r"InvalidBucketName|Parameter validation"):
            s3.create_bucket(Bucket=name)


def test_put_and_get(s3) -> None:  # type: ignore[no-untyped-def]
    body = os.urandom(300_000)
    put = s3.put_object(
        Bucket="scans", Key="page.png", Body=body, ContentType="image/png", CacheControl="no-cache",
        Metadata={"author": "me", "Pages": "3"},
    )  # fmt: skip
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert put["ChecksumCRC32"] == base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    got = s3.get_object(Bucket="scans", Key="page.png")
    assert got["Body"].read() == body
    assert (got["ContentType"], got["CacheControl"]) == ("image/png", "no-cache")
    assert got["Metadata"] == {"author": "me", "pages": "3"}
    assert got["ContentLength"] == len(body) and got["ETag"] == put["ETag"] and "ContentRange" not in got
    assert abs((datetime.datetime.now(datetime.UTC) - got["LastModified"]).total_seconds()) < 60
    head = s3.head_object(Bucket="scans", Key="page.png")
    assert (head["ContentLength"], head["ContentType"]) == (len(body), "image/png")
    assert code_of(s3.get_object, Bucket="scans", Key="page") == ("NoSuchKey", 404)
    assert code_of(s3.head_object, Bucket="scans", Key="page") == ("404", 404)
    empty = s3.put_object(Bucket="scans", Key="empty", Body=b"")
    assert empty["ETag"] == '"d41d8cd98f00b204e9800998ecf8427e"'
    assert s3.get_object(Bucket="scans", Key="empty")["Body"].read() == b""
    assert s3.get_object(Bucket="scans", Key="empty")["ContentType"] == "binary/octet-stream"


def test_ranges(s3) -> None:  # type: ignore[no-untyped-def]
    s3.put_object(Bucket="scans", Key="k", Body=b"0123456789")
    for wanted, body, content_range in [
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=8-100", b"89", "bytes 8-9/10"),
        ("bytes=-100", b"0123456789", "bytes 0-9/10"),
    ]:
        got = s3.get_object(Bucket="scans", Key="k", Range=wanted)
        assert (got["Body"].read(), got["ContentRange"]) == (body, content_range)
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    for ignored in ("bytes=4-2", "lines=1-2", "bytes=1-2,4-5", "bytes=-"):
        assert s3.get_object(Bucket="scans", Key="k", Range=ignored)["Body"].read() == b"0123456789"
    for outside in ("bytes=10-", "bytes=-0", "bytes=99-100"):
        assert code_of(s3.get_object, Bucket="scans", Key="k", Range=outside) == ("InvalidRange", 416)


def test_conditions(s3) -> None:  # type: ignore[no-untyped-def]
    etag = s3.put_object(Bucket="scans", Key="k", Body=b"x")["ETag"]
    where = {"Bucket": "scans", "Key": "k"}
    assert s3.get_object(**where, IfMatch=etag)["Body"].read() == b"x"
    assert code_of(s3.get_object, **where, IfMatch='"other"') == ("PreconditionFailed", 412)
    assert code_of(s3.get_object, **where, IfNoneMatch=etag) == ("304", 304)
    assert code_of(s3.head_object, **where, IfNoneMatch=etag) == ("304", 304)
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    assert code_of(s3.get_object, **where, IfModifiedSince=soon) == ("304", 304)
    assert code_of(s3.get_object, **where, IfUnmodifiedSince=before) == ("PreconditionFailed", 412)
    s3.get_object(**where, IfModifiedSince=before, IfUnmodifiedSince=soon)
    assert code_of(s3.put_object, **where, Body=b"y", IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert code_of(s3.put_object, **where, Body=b"y", IfMatch='"other"') == ("PreconditionFailed", 412)
    assert code_of(s3.put_object, Bucket="scans", Key="new", Body=b"y", IfMatch=etag) == ("NoSuchKey", 404)
    s3.put_object(**where, Body=b"y", IfMatch=etag)
    s3.put_object(Bucket="scans", Key="new", Body=b"y", IfNoneMatch="*")
    assert s3.get_object(**where)["Body"].read() == b"y"


@pytest.mark.parametrize("size", [40 * MEBIBYTE + 17])
def test_high_level_transfers_use_multipart(s3, server, tmp_path: Path, size: int) -> None:  # type: ignore[no-untyped-def]
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(size))
    config = TransferConfig(multipart_threshold=8 * MEBIBYTE, multipart_chunksize=8 * MEBIBYTE, max_concurrency=4)
    s3.upload_file(str(source), "scans", "big", Config=config, ExtraArgs={"ContentType": "video/mp4"})
    head = s3.head_object(Bucket="scans", Key="big")
    assert head["ContentLength"] == size and head["ETag"].endswith('-6"') and head["ContentType"] == "video/mp4"
    s3.download_file("scans", "big", str(target), Config=config)
    assert target.read_bytes() == source.read_bytes()
    # A copy of that size is made of parts as well; and a range may span several.
    s3.copy({"Bucket": "scans", "Key": "big"}, "scans", "copied", Config=config)
    span = f"bytes={8 * MEBIBYTE - 5}-{16 * MEBIBYTE + 4}"
    got = s3.get_object(Bucket="scans", Key="copied", Range=span)["Body"].read()
    assert got == source.read_bytes()[8 * MEBIBYTE - 5 : 16 * MEBIBYTE + 5]
    s3.upload_fileobj(io.BytesIO(b"small"), "scans", "big")
    assert s3.get_object(Bucket="scans", Key="big")["Body"].read() == b"small"
    # The replaced parts go when nobody can be reading them any more.
    server.collect_garbage()
    assert sum(path.stat().st_size for path in server.files()) == size + 5


def test_multipart_step_by_step(s3, server) -> None:  # type: ignore[no-untyped-def]
    where = {"Bucket": "scans", "Key": "ä/b"}
    upload = s3.create_multipart_upload(**where, Metadata={"a": "b"})["UploadId"]
    parts = []
    bodies = {1: b"a" * 5 * MEBIBYTE, 3: b"b" * 5 * MEBIBYTE, 7: b"c"}
    for number in (7, 3, 1):
        s3.upload_part(**where, UploadId=upload, PartNumber=number, Body=b"replaced")
        answer = s3.upload_part(**where, UploadId=upload, PartNumber=number, Body=bodies[number])
        parts.insert(0, {"PartNumber": number, "ETag": answer["ETag"]})
    first = s3.list_parts(**where, UploadId=upload, MaxParts=2)
    assert [part["PartNumber"] for part in first["Parts"]] == [1, 3] and first["IsTruncated"]
    rest = s3.list_parts(**where, UploadId=upload, PartNumberMarker=first["NextPartNumberMarker"])
    assert [(part["PartNumber"], part["Size"]) for part in rest["Parts"]] == [(7, 1)] and not rest["IsTruncated"]
    under_way = s3.list_multipart_uploads(Bucket="scans", Prefix="ä/")["Uploads"]
    assert [(item["Key"], item["UploadId"]) for item in under_way] == [("ä/b", upload)]

    def complete(chosen):  # type: ignore[no-untyped-def]
        return code_of(s3.complete_multipart_upload, **where, UploadId=upload, MultipartUpload={"Parts": chosen})

    assert complete(parts[::-1]) == ("InvalidPartOrder", 400)
    assert complete([{**parts[0], "ETag": '"00"'}]) == ("InvalidPart", 400)
    assert complete([{"PartNumber": 2, "ETag": parts[0]["ETag"]}]) == ("InvalidPart", 400)
    assert complete([]) == ("MalformedXML", 400)
    assert code_of(s3.upload_part, **where, UploadId=upload, PartNumber=10001, Body=b"") == ("InvalidArgument", 400)
    assert code_of(s3.upload_part, **where, UploadId="0" * 32, PartNumber=1, Body=b"") == ("NoSuchUpload", 404)
    assert code_of(s3.get_object, **where) == ("NoSuchKey", 404)
    done = s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": [parts[0], parts[2]]})
    digests = b"".join(hashlib.md5(bodies[number]).digest() for number in (1, 7))
    assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-2"'
    got = s3.get_object(**where)
    assert got["Body"].read() == bodies[1] + bodies[7] and got["Metadata"] == {"a": "b"}
    assert code_of(s3.abort_multipart_upload, **where, UploadId=upload) == ("NoSuchUpload", 404)
    # The part that was not chosen and those that were replaced are gone at once.
    assert sum(path.stat().st_size for path in server.files()) == 5 * MEBIBYTE + 1


def test_parts_that_are_too_small_are_refused(s3) -> None:  # type: ignore[no-untyped-def]
    where = {"Bucket": "scans", "Key": "k"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    parts = [
        {"PartNumber": number, "ETag": s3.upload_part(**where, UploadId=upload, PartNumber=number, Body=b"x")["ETag"]}
        for number in (1, 2)
    ]
    refused = code_of(s3.complete_multipart_upload, **where, UploadId=upload, MultipartUpload={"Parts": parts})
    assert refused == ("EntityTooSmall", 400)


def test_an_aborted_upload_leaves_nothing(s3, server) -> None:  # type: ignore[no-untyped-def]
    where = {"Bucket": "scans", "Key": "k"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"x" * 100_000)
    assert len(server.files()) == 1
    s3.abort_multipart_upload(**where, UploadId=upload)
    assert server.files() == []
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="scans")


KEYS = [
    "a", "a/b", "a/b/c", "a//b", "/a", "a/", "../../etc/passwd", "a/../b", "./x", "%2e%2e/x", "a%20b", "a b", "a+b",
    "ü/日本/🎉", "<&>\"'", "q?x=1&y=#frag", "back\\slash", "x" * 1024, "con", "~home", "tab\there", "line\nbreak",
    "*", "C:\\x",
]  # fmt: skip


def test_keys_of_every_kind(s3, server) -> None:  # type: ignore[no-untyped-def]
    for key in KEYS:
        s3.put_object(Bucket="scans", Key=key, Body=key.encode())
    for key in KEYS:
        assert s3.get_object(Bucket="scans", Key=key)["Body"].read() == key.encode(), key
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket="scans")["Contents"]]
    assert listed == sorted(KEYS, key=str.encode)
    for key in KEYS:
        s3.copy_object(Bucket="scans", Key="copy", CopySource={"Bucket": "scans", "Key": key})
        assert s3.get_object(Bucket="scans", Key="copy")["Body"].read() == key.encode(), key
    answer = s3.delete_objects(Bucket="scans", Delete={"Objects": [{"Key": key} for key in [*KEYS, "never there"]]})
    assert {item["Key"] for item in answer["Deleted"]} == {*KEYS, "never there"} and "Errors" not in answer
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="scans")["Contents"]] == ["copy"]
    # Whatever the keys say, files lie in the store's folder only.
    outside = [path for path in server.folder.parent.rglob("*") if path.is_file() and server.folder not in path.parents]
    assert {path.name.partition(".db")[0] for path in outside} <= {"nonet"}
    assert code_of(s3.put_object, Bucket="scans", Key="x" * 1025, Body=b"") == ("KeyTooLongError", 400)


@pytest.mark.parametrize("operation", ["list_objects_v2", "list_objects"])
def test_listing_by_pages_prefix_and_delimiter(s3, operation: str) -> None:  # type: ignore[no-untyped-def]
    keys = [f"{folder}/{index}" for folder in ("a", "b", "b-", "c") for index in range(5)] + ["top", "a"]
    for key in keys:
        s3.put_object(Bucket="scans", Key=key, Body=b"x")
    paginator = s3.get_paginator(operation)

    def everything(**arguments):  # type: ignore[no-untyped-def]
        found, folders = [], []
        for page in paginator.paginate(Bucket="scans", PaginationConfig={"PageSize": 2}, **arguments):
            assert len(page.get("Contents", [])) + len(page.get("CommonPrefixes", [])) <= 2
            found += [item["Key"] for item in page.get("Contents", [])]
            folders += [item["Prefix"] for item in page.get("CommonPrefixes", [])]
        return found, folders

    assert everything() == (sorted(keys), [])
    assert everything(Prefix="b") == (sorted(key for key in keys if key.startswith("b")), [])
    assert everything(Delimiter="/") == (["a", "top"], ["a/", "b-/", "b/", "c/"])
    assert everything(Prefix="b/", Delimiter="/") == ([f"b/{index}" for index in range(5)], [])
    assert everything(Prefix="nothing") == ([], [])


def test_listing_details(s3) -> None:  # type: ignore[no-untyped-def]
    for key in ("a", "b", "c"):
        s3.put_object(Bucket="scans", Key=key, Body=b"xy")
    page = s3.list_objects_v2(Bucket="scans", StartAfter="a", FetchOwner=True)
    assert [item["Key"] for item in page["Contents"]] == ["b", "c"] and page["KeyCount"] == 2
    assert page["Contents"][0]["Size"] == 2 and page["Contents"][0]["Owner"]["ID"] == "111111111111"
    assert page["Contents"][0]["ETag"] == f'"{hashlib.md5(b"xy").hexdigest()}"'
    nothing = s3.list_objects_v2(Bucket="scans", MaxKeys=0)
    assert nothing["KeyCount"] == 0 and not nothing["IsTruncated"]
    refused = code_of(s3.list_objects_v2, Bucket="scans", ContinuationToken="nonsense!")
    assert refused == ("InvalidArgument", 400)


def test_copies(s3, make_client) -> None:  # type: ignore[no-untyped-def]
    etag = s3.put_object(Bucket="scans", Key="from", Body=b"x", ContentType="text/plain", Metadata={"a": "1"})["ETag"]
    source = {"Bucket": "scans", "Key": "from"}
    assert s3.copy_object(Bucket="scans", Key="to", CopySource=source)["CopyObjectResult"]["ETag"] == etag
    assert s3.head_object(Bucket="scans", Key="to")["Metadata"] == {"a": "1"}
    s3.copy_object(Bucket="scans", Key="from", CopySource=source, MetadataDirective="REPLACE", Metadata={"b": "2"})
    assert s3.head_object(Bucket="scans", Key="from")["Metadata"] == {"b": "2"}
    assert code_of(s3.copy_object, Bucket="scans", Key="from", CopySource=source) == ("InvalidRequest", 400)
    conditions = {"Bucket": "scans", "Key": "to", "CopySource": source}
    assert code_of(s3.copy_object, **conditions, CopySourceIfMatch='"no"') == ("PreconditionFailed", 412)
    assert code_of(s3.copy_object, **conditions, CopySourceIfNoneMatch=etag) == ("PreconditionFailed", 412)
    missing = {"Bucket": "scans", "Key": "missing"}
    assert code_of(s3.copy_object, Bucket="scans", Key="to", CopySource=missing) == ("NoSuchKey", 404)
    other = make_client(PRINCIPALS[1])
    other.create_bucket(Bucket="others")
    assert code_of(other.copy_object, Bucket="others", Key="to", CopySource=source) == ("AccessDenied", 403)


def test_accounts_are_isolated(s3, make_client) -> None:  # type: ignore[no-untyped-def]
    s3.put_object(Bucket="scans", Key="k", Body=b"x")
    other = make_client(PRINCIPALS[1])
    for call, arguments in [
        (other.get_object, {"Key": "k"}), (other.put_object, {"Key": "k", "Body": b"y"}),
        (other.delete_object, {"Key": "k"}), (other.list_objects_v2, {}), (other.delete_bucket, {}),
        (other.create_multipart_upload, {"Key": "k"}), (other.list_multipart_uploads, {}),
    ]:  # fmt: skip
        assert code_of(call, Bucket="scans", **arguments) == ("AccessDenied", 403)
    assert s3.get_object(Bucket="scans", Key="k")["Body"].read() == b"x"


def test_signatures(make_client, s3) -> None:  # type: ignore[no-untyped-def]
    wrong = make_client(secret="not the secret")
    assert code_of(wrong.list_buckets) == ("SignatureDoesNotMatch", 403)
    unknown = make_client(PRINCIPALS[0].model_copy(update={"access_key_id": "AKIANOBODY"}))
    assert code_of(unknown.list_buckets) == ("InvalidAccessKeyId", 403)


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_urls(s3, make_client, server, version: str) -> None:  # type: ignore[no-untyped-def]
    client = make_client(signature_version=version)
    where = {"Bucket": "scans", "Key": "ü b+c/../d"}
    put_url = client.generate_presigned_url("put_object", Params=where, ExpiresIn=60)
    with urllib.request.urlopen(
        urllib.request.Request(put_url, data=b"by URL", method="PUT", headers=NO_TYPE)
    ) as answer:
        assert answer.status == 200
    get_url = client.generate_presigned_url(
        "get_object", Params={**where, "ResponseContentType": "text/plain"}, ExpiresIn=60
    )
    with urllib.request.urlopen(get_url) as answer:
        assert answer.read() == b"by URL" and answer.headers["Content-Type"] == "text/plain"
    expired = client.generate_presigned_url("get_object", Params=where, ExpiresIn=1)
    refused = [
        get_url.replace("ResponseContentType=text", "ResponseContentType=evil").replace("text%2Fplain", "text%2Fhtml"),
        get_url.replace("/../d", "/../e"),
        get_url.replace("AKIAONE", "AKIATWO"),
        f"{server.url}/scans/x",
    ]
    for url in refused:
        assert _refusal(url) in ("SignatureDoesNotMatch", "AccessDenied"), url
    assert _refusal(urllib.request.Request(get_url, method="DELETE")) == "SignatureDoesNotMatch"
    threading.Event().wait(2.1)
    assert _refusal(expired) == "AccessDenied"


def test_what_a_presigned_put_promises_is_kept(make_client, s3) -> None:  # type: ignore[no-untyped-def]
    """Version 2 moves headers into the URL: they count as if they had been sent."""
    client = make_client(signature_version="s3")
    where = {"Bucket": "scans", "Key": "k"}
    url = client.generate_presigned_url("put_object", Params={**where, "Metadata": {"a": "b"}, "ContentType": "a/b"})
    with urllib.request.urlopen(urllib.request.Request(url, data=b"x", method="PUT", headers={"Content-Type": "a/b"})):
        pass
    head = s3.head_object(**where)
    assert (head["Metadata"], head["ContentType"]) == ({"a": "b"}, "a/b")


def _refusal(request: str | urllib.request.Request) -> str:
    """The code of a request that is refused with 403."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 403
    return caught.value.read().decode().partition("<Code>")[2].partition("</Code>")[0]


@pytest.mark.parametrize("form", ["{}.localhost", "{}.s3.localhost"])
def test_virtual_host_style(s3, server, form: str) -> None:  # type: ignore[no-untyped-def]
    s3.put_object(Bucket="scans", Key="a/k", Body=b"x")
    host = form.format("scans") + ":" + server.url.rpartition(":")[2]
    request = AWSRequest("GET", f"http://{host}/a/k", headers={"host": host})
    S3SigV4QueryAuth(Credentials("AKIAONE", "secret-one"), "s3", "us-east-1", expires=60).add_auth(request)
    path = request.url.partition(host)[2]
    with urllib.request.urlopen(urllib.request.Request(server.url + path, headers={"Host": host})) as answer:
        assert answer.read() == b"x"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_come_back(s3, algorithm: str) -> None:  # type: ignore[no-untyped-def]
    put = s3.put_object(Bucket="scans", Key="k", Body=b"checked" * 1000, ChecksumAlgorithm=algorithm)
    got = s3.get_object(Bucket="scans", Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"checked" * 1000
    name = f"Checksum{algorithm}"
    assert got[name] == put[name]
    assert name not in s3.head_object(Bucket="scans", Key="k")


def test_bodies_that_do_not_match_are_refused(s3, server) -> None:  # type: ignore[no-untyped-def]
    where = {"Bucket": "scans", "Key": "k", "Body": b"hello"}
    other = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    assert code_of(s3.put_object, **where, ContentMD5=other) == ("BadDigest", 400)
    assert code_of(s3.put_object, **where, ContentMD5="not base64") == ("InvalidDigest", 400)
    assert code_of(s3.put_object, **where, ChecksumSHA256="A" * 43 + "=") == ("BadDigest", 400)
    assert code_of(s3.put_object, **where, ChecksumCRC32C="AAAAAA==") == ("BadDigest", 400)
    good = base64.b64encode((0x9A71BB4C).to_bytes(4, "big")).decode()  # CRC-32C of b"hello"
    s3.put_object(**where, ChecksumCRC32C=good)
    s3.delete_object(Bucket="scans", Key="k")
    server.collect_garbage()
    assert server.files() == []


def test_what_is_not_here_says_so(s3) -> None:  # type: ignore[no-untyped-def]
    s3.put_object(Bucket="scans", Key="k", Body=b"x")
    for call, arguments in [
        (s3.get_bucket_versioning, {}), (s3.get_bucket_acl, {}), (s3.get_bucket_policy, {}),
        (s3.get_object_tagging, {"Key": "k"}), (s3.put_object, {"Key": "k", "ServerSideEncryption": "AES256"}),
        (s3.put_object, {"Key": "k", "Tagging": "a=b"}), (s3.get_object, {"Key": "k", "VersionId": "1"}),
        (s3.put_object, {"Key": "k", "ACL": "public-read"}), (s3.get_object, {"Key": "k", "PartNumber": 1}),
        (s3.restore_object, {"Key": "k"}), (s3.get_object_attributes, {"Key": "k", "ObjectAttributes": ["ETag"]}),
    ]:  # fmt: skip
        assert code_of(call, Bucket="scans", **arguments) == ("NotImplemented", 501), call
    assert s3.get_object(Bucket="scans", Key="k")["Body"].read() == b"x"


def test_other_s3_clients_see_the_same_errors_in_xml(s3, server) -> None:  # type: ignore[no-untyped-def]
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "scans", "Key": "<missing>"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url)
    answer = caught.value
    assert answer.code == 404 and answer.headers["Content-Type"] == "application/xml"
    body = answer.read().decode()
    assert "<Code>NoSuchKey</Code>" in body and "&lt;missing&gt;" in body
    assert answer.headers["x-amz-request-id"] in body


def test_a_signature_must_cover_the_body(server) -> None:  # type: ignore[no-untyped-def]
    request = AWSRequest("GET", f"{server.url}/")
    SigV4Auth(Credentials("AKIAONE", "secret-one"), "s3", "us-east-1").add_auth(request)
    assert "x-amz-content-sha256" not in {name.lower() for name in request.headers}
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(request.url, headers=dict(request.headers)))
    assert (caught.value.code, b"<Code>InvalidRequest</Code>" in caught.value.read()) == (400, True)


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_without_principals_everybody_is_the_default_account(tmp_path: Path, version: str) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/nonet.db")
    store = ObjectStore(database, FolderBlobs(tmp_path / "blobs"))
    nobody = PrincipalTable((), "000000000000")
    callers = signed_callers(Authenticator(nobody, Settings(data_directory=tmp_path)), nobody)
    for url, _ in serve(s3_app(store, callers)):
        client = boto3.client(
            "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="any", aws_secret_access_key="thing",
            config=Config(signature_version=version, s3={"addressing_style": "path"}),
        )  # fmt: skip
        if version == "s3v4":
            client.create_bucket(Bucket="scans")
            client.put_object(Bucket="scans", Key="k", Body=b"x")
        else:
            for path, body in (("scans", b""), ("scans/k", b"x")):  # unsigned
                urllib.request.urlopen(urllib.request.Request(f"{url}/{path}", data=body, method="PUT")).close()
        presigned = client.generate_presigned_url("get_object", Params={"Bucket": "scans", "Key": "k"})
        with urllib.request.urlopen(presigned) as answer:
            assert answer.read() == b"x"
        with urllib.request.urlopen(f"{url}/") as answer:
            assert b"<ID>000000000000</ID>" in answer.read()
    database.close()
