"""Limits by account, and the audit log, through boto3, gRPC and S3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from botocore.exceptions import ClientError

from gateway.process import Addresses
from nonet.cli.keys import append
from nonet.language.v1 import language_pb2 as pb
from shared.auth.principals import Principal, new_principal
from tests.running import client, nonet

BUSY, OTHER = "000000000001", "000000000002"
SECRET_TEXT = "Nobody may read this sentence in a log."


@pytest.fixture(scope="module")
def principals() -> dict[str, tuple[Principal, str]]:
    return {"busy": new_principal("busy", BUSY), "other": new_principal("other", OTHER)}


@pytest.fixture(scope="module")
def audit_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("audit") / "audit.jsonl"


@pytest.fixture(scope="module")
def addresses(
    tmp_path_factory: pytest.TempPathFactory, principals: dict[str, tuple[Principal, str]], audit_log: Path
) -> Iterator[Addresses]:
    keys = tmp_path_factory.mktemp("keys") / "principals.toml"
    for principal, _ in principals.values():
        append(keys, principal)
    # One request, and the next after hours.
    keys.write_text(keys.read_text() + f'\n[[account]]\nid = "{BUSY}"\nrequests_per_second = 0.0001\n')
    with nonet(
        tmp_path_factory.mktemp("accounts"), principals_file=keys, audit_log=audit_log, services="language"
    ) as running:
        yield running


def of(name: str, principals: dict[str, tuple[Principal, str]], addresses: Addresses, service: str) -> Any:
    principal, _ = principals[name]
    return client(
        service, addresses,
        aws_access_key_id=principal.access_key_id, aws_secret_access_key=principal.secret_access_key,
    )  # fmt: skip


def events(audit_log: Path, name: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in audit_log.read_text().splitlines()]
    return [line for line in lines if line["eventName"] == name]


def test_an_account_that_had_its_share_is_refused_and_others_are_not(
    addresses: Addresses, principals: dict[str, tuple[Principal, str]], audit_log: Path
) -> None:
    busy, other = (of(name, principals, addresses, "comprehend") for name in ("busy", "other"))
    busy.detect_dominant_language(Text=SECRET_TEXT)
    with pytest.raises(ClientError) as refused:
        busy.detect_dominant_language(Text=SECRET_TEXT)
    assert refused.value.response["Error"]["Code"] in ("TooManyRequestsException", "ThrottlingException")
    with pytest.raises(ClientError, match="SlowDown"):
        of("busy", principals, addresses, "s3").list_buckets()
    with grpc.insecure_channel(addresses.grpc) as channel:
        method = channel.unary_unary(
            "/nonet.language.v1.Language/DetectDominantLanguage",
            request_serializer=pb.DetectDominantLanguageRequest.SerializeToString,
            response_deserializer=pb.DetectDominantLanguageResponse.FromString,
        )
        with pytest.raises(grpc.RpcError) as exhausted:
            method(
                pb.DetectDominantLanguageRequest(text=SECRET_TEXT),
                metadata=(("authorization", f"Bearer {principals['busy'][1]}"),),
            )
        assert exhausted.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED  # type: ignore[attr-defined]
    for _ in range(5):
        other.detect_dominant_language(Text=SECRET_TEXT)
    noted = events(audit_log, "DetectDominantLanguage")
    outcomes = {(line["userIdentity"].get("userName"), "errorCode" in line) for line in noted}
    assert outcomes == {("busy", False), ("busy", True), ("other", False)}
    assert all(line["sourceIPAddress"] == "127.0.0.1" and line["requestID"] for line in noted)
    assert {"Boto3", "grpc-python"} <= {line["userAgent"].split("/")[0] for line in noted}


def test_objects_are_noted_too(
    addresses: Addresses, principals: dict[str, tuple[Principal, str]], audit_log: Path
) -> None:
    s3 = of("other", principals, addresses, "s3")
    s3.create_bucket(Bucket="audited")
    s3.put_object(Bucket="audited", Key="secret-name.txt", Body=SECRET_TEXT.encode())
    with pytest.raises(ClientError):
        s3.get_object(Bucket="audited", Key="missing")
    put = events(audit_log, "PutObject")[0]
    assert put["readOnly"] is False and put["userIdentity"]["accountId"] == OTHER
    get = events(audit_log, "GetObject")[0]
    assert get["readOnly"] is True and get["errorCode"] == "NoSuchKey"


def test_who_is_not_let_in_is_noted(
    addresses: Addresses, principals: dict[str, tuple[Principal, str]], audit_log: Path
) -> None:
    stranger = client("comprehend", addresses, aws_access_key_id="NONETNOBODY", aws_secret_access_key="nothing")
    with pytest.raises(ClientError):
        stranger.detect_sentiment(Text=SECRET_TEXT, LanguageCode="en")
    noted = events(audit_log, "DetectSentiment")[0]
    assert noted["userIdentity"] == {"type": "Unknown"} and noted["errorCode"] == "UnrecognizedClientException"


def test_neither_contents_nor_keys_are_in_it(
    addresses: Addresses, principals: dict[str, tuple[Principal, str]], audit_log: Path
) -> None:
    of("other", principals, addresses, "comprehend").detect_dominant_language(Text=SECRET_TEXT)
    of("other", principals, addresses, "s3").create_bucket(Bucket="another")
    text = audit_log.read_text()
    assert text.count("\n") >= 2
    assert SECRET_TEXT not in text and "secret-name" not in text
    for principal, bearer_key in principals.values():
        assert principal.secret_access_key not in text and bearer_key not in text
