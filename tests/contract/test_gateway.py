"""The gateway as programs see it: boto3, raw HTTP and gRPC, without any service behind it."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

import cbor2
import grpc
import pytest
from botocore.exceptions import ClientError
from google.protobuf.descriptor_pool import Default
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from gateway.process import Addresses
from nonet.language.v1 import language_pb2 as pb
from nonet.language.v1 import language_pb2_grpc
from tests.running import client, nonet


class EchoService:
    """Comprehend's face with no model behind it: it tells what it was asked, so that the way there can be tested."""

    def __init__(self, platform: object) -> None:
        pass

    async def detect_sentiment(self, request, call):
        call.answered_by("echo")
        positive = len(request.text) / 10_000
        return pb.DetectSentimentResponse(sentiment=call.account, sentiment_score=pb.SentimentScore(positive=positive))

    async def detect_entities(self, request, call):
        return pb.DetectEntitiesResponse()

    async def detect_key_phrases(self, request, call):
        raise RuntimeError("a defect that quotes " + request.text)

    async def detect_syntax(self, request, call):
        import asyncio

        CALLS.append("began")
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            CALLS.append("cancelled")
            raise
        return pb.DetectSyntaxResponse()


CALLS: list[str] = []
REGISTRY = {"nonet.language.v1.Language": "services.echo.service:EchoService"}


@pytest.fixture(scope="module", autouse=True)
def echo() -> Iterator[None]:
    import sys

    patch = pytest.MonkeyPatch()
    patch.setitem(sys.modules, "services.echo.service", sys.modules[__name__])
    patch.setattr("gateway.process.REGISTRY", REGISTRY)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    with nonet(tmp_path_factory.mktemp("data"), max_request_bytes=200_000) as addresses:
        yield addresses


def post(
    addresses: Addresses, body: bytes, headers: dict[str, str], path: str = "/"
) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(addresses.http + path, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except HTTPError as error:
        return error.code, dict(error.headers), error.read()


JSON_HEADERS = {"X-Amz-Target": "Comprehend_20171127.DetectSentiment", "Content-Type": "application/x-amz-json-1.1"}


def test_boto3_gets_an_answer(server: Addresses) -> None:
    answer = client("comprehend", server).detect_sentiment(Text="x" * 100, LanguageCode="en")
    assert answer["SentimentScore"]["Positive"] == pytest.approx(0.01)
    assert answer["ResponseMetadata"]["HTTPHeaders"]["nonet-model"] == "echo"
    assert answer["ResponseMetadata"]["RequestId"]


def test_empty_lists_are_there_but_optional_ones_are_not(server: Addresses) -> None:
    answer = client("comprehend", server).detect_entities(Text="nothing", LanguageCode="en")
    assert answer["Entities"] == []
    assert not {"Blocks", "Errors", "DocumentType"} & set(answer)


def test_the_exception_class_is_the_documented_one(server: Addresses) -> None:
    comprehend = client("comprehend", server)
    with pytest.raises(comprehend.exceptions.TextSizeLimitExceededException):
        comprehend.detect_sentiment(Text="x" * 5001, LanguageCode="en")
    with pytest.raises(comprehend.exceptions.UnsupportedLanguageException):
        comprehend.detect_sentiment(Text="x", LanguageCode="xx")


def test_what_is_not_built_is_501(server: Addresses) -> None:
    for name, operation, arguments in (
        ("comprehend", "detect_pii_entities", {"Text": "x", "LanguageCode": "en"}),
        ("rekognition", "list_collections", {}),
        ("polly", "describe_voices", {}),
        ("lexv2-models", "list_bots", {}),
    ):
        with pytest.raises(ClientError) as caught:
            getattr(client(name, server), operation)(**arguments)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_a_defect_is_500_and_quotes_nothing(server: Addresses, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ClientError) as caught:
        client("comprehend", server).detect_key_phrases(Text="my secret", LanguageCode="en")
    assert caught.value.response["Error"]["Code"] == "InternalServerException"
    assert "secret" not in caught.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", JSON_HEADERS, 400, "SerializationException"),
        (b'{"Text": "\xff"}', JSON_HEADERS, 400, "SerializationException"),
        (b'{"Text": "\\ud800", "LanguageCode": "en"}', JSON_HEADERS, 400, "SerializationException"),
        (b'{"Text": 5, "LanguageCode": "en"}', JSON_HEADERS, 400, "SerializationException"),
        (b"[]", JSON_HEADERS, 400, "SerializationException"),
        (b"[" * 100_000, JSON_HEADERS, 400, "SerializationException"),
        (b"{}", JSON_HEADERS, 400, "InvalidRequestException"),
        (b"{}", {**JSON_HEADERS, "X-Amz-Target": "Comprehend_20171127.Guess"}, 404, "UnknownOperationException"),
        (b"{}", {**JSON_HEADERS, "X-Amz-Target": "Nobody.DetectSentiment"}, 404, "UnknownOperationException"),
        (b"{}", {**JSON_HEADERS, "X-Amz-Target": ""}, 404, "UnknownOperationException"),
        (b" " * 200_001, JSON_HEADERS, 400, "RequestEntityTooLargeException"),
    ],
)  # fmt: skip
def test_bad_requests(server: Addresses, body: bytes, headers: dict[str, str], status: int, code: str) -> None:
    seen_status, seen_headers, seen_body = post(server, body, headers)
    document = json.loads(seen_body)
    assert (seen_status, document["__type"]) == (status, code)
    assert seen_headers["x-amzn-errortype"] == code


def test_cbor(server: Addresses) -> None:
    headers = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
    path = "/service/Comprehend_20171127/operation/DetectSentiment"
    status, seen, body = post(server, cbor2.dumps({"Text": "hello", "LanguageCode": "en"}), headers, path)
    assert (status, seen["smithy-protocol"]) == (200, "rpc-v2-cbor")
    assert cbor2.loads(body)["Sentiment"] == "000000000000"
    status, _, body = post(server, b"\x9f" * 5000, headers, path)
    assert (status, cbor2.loads(body)["__type"]) == (400, "SerializationException")


def test_sts_tells_who_you_are(server: Addresses) -> None:
    assert client("sts", server).get_caller_identity()["Account"] == "000000000000"


def test_sync_host_names_reach_the_gateway(server: Addresses) -> None:
    """boto3 puts "sync-" before the host of two operations: on a bare IP it must be told not to."""
    states = client("stepfunctions", server, config={"inject_host_prefix": False})
    with pytest.raises(ClientError) as caught:
        states.start_sync_execution(stateMachineArn="arn:aws:states:us-east-1:000000000000:stateMachine:x")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    status, _, _ = post(server, b'{"Text": "a", "LanguageCode": "en"}', {**JSON_HEADERS, "Host": "sync-localhost"})
    assert status == 200


@pytest.mark.parametrize(
    ("page", "has"),
    [("", b"Try an operation"), ("see", b"Photograph"), ("voice", b"Listen"), ("microphone.js", b"Microphone")],
)
def test_the_console_has_pages_without_outside_parts(server: Addresses, page: str, has: bytes) -> None:
    with urllib.request.urlopen(f"{server.http}/_nonet/{page}") as answer:
        body = answer.read()
        assert has in body and b"https://" not in body and b"http://" not in body
        assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_health_and_metrics(server: Addresses) -> None:
    client("comprehend", server).detect_sentiment(Text="x", LanguageCode="en")
    for page in ("live", "ready", "status"):
        assert urllib.request.urlopen(f"{server.http}/_nonet/{page}").status == 200
    metrics = urllib.request.urlopen(f"{server.http}/_nonet/metrics").read().decode()
    assert 'nonet_calls_total{code="OK",operation="DetectSentiment",service="language"}' in metrics


def test_grpc_answers_with_trailers(server: Addresses) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        stub = language_pb2_grpc.LanguageStub(channel)
        answer, call = stub.DetectSentiment.with_call(pb.DetectSentimentRequest(text="hello", language_code="en"))
        assert answer.sentiment == "000000000000"
        assert dict(call.trailing_metadata())["nonet-model"] == "echo"
        with pytest.raises(grpc.RpcError) as caught:
            stub.DetectSentiment(pb.DetectSentimentRequest(text="x" * 5001, language_code="en"))
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert dict(caught.value.trailing_metadata())["nonet-error-code"] == "TextSizeLimitExceededException"
        with pytest.raises(grpc.RpcError) as caught:
            stub.DetectPiiEntities(pb.DetectPiiEntitiesRequest(text="x", language_code="en"))
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_grpc_garbage_is_the_callers_error(server: Addresses) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        call = channel.unary_unary("/nonet.language.v1.Language/DetectSentiment")
        with pytest.raises(grpc.RpcError) as caught:
            call(b"\xff\xff\xff")
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_grpc_deadline_and_cancel_reach_the_servicer(server: Addresses) -> None:
    CALLS.clear()
    with grpc.insecure_channel(server.grpc) as channel:
        stub = language_pb2_grpc.LanguageStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.DetectSyntax(pb.DetectSyntaxRequest(text="x", language_code="en"), timeout=0.3)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        pending = stub.DetectSyntax.future(pb.DetectSyntaxRequest(text="x", language_code="en"))
        wait_for(lambda: CALLS.count("began") == 2)
        pending.cancel()
        wait_for(lambda: CALLS.count("cancelled") == 2)


def test_an_http_client_that_leaves_is_noticed(server: Addresses) -> None:
    CALLS.clear()
    address = urlsplit(server.http)
    body = b'{"Text": "x", "LanguageCode": "en"}'
    with socket.create_connection((address.hostname, address.port)) as connection:
        head = f"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: Comprehend_20171127.DetectSyntax\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        wait_for(lambda: CALLS == ["began"])
    wait_for(lambda: CALLS == ["began", "cancelled"])


def test_grpc_health_and_reflection(server: Addresses) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", "nonet.language.v1.Language"):
            answer = health.Check(health_pb2.HealthCheckRequest(service=name))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        services = ProtoReflectionDescriptorDatabase(channel).get_services()
    assert "nonet.documents.v1.Documents" in services
    assert Default().FindServiceByName("nonet.documents.v1.Documents")


def wait_for(condition) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within 10 seconds")


# -- identity


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Addresses, dict[str, str]]]:
    from nonet.cli.keys import append
    from shared.auth.principals import new_principal

    keys = tmp_path_factory.mktemp("keys") / "principals.toml"
    principal, bearer = new_principal("alice", "000000000042")
    append(keys, principal)
    gateway, gateway_bearer = new_principal("front", "000000000001")
    append(keys, gateway.model_copy(update={"gateway": True}))
    with nonet(tmp_path_factory.mktemp("guarded"), principals_file=keys) as addresses:
        yield addresses, {
            "id": principal.access_key_id, "secret": principal.secret_access_key, "bearer": bearer, "gateway": gateway_bearer,
        }  # fmt: skip


def test_keys_are_checked_over_http(guarded) -> None:
    addresses, keys = guarded
    good = client("comprehend", addresses, aws_access_key_id=keys["id"], aws_secret_access_key=keys["secret"])
    assert good.detect_sentiment(Text="x", LanguageCode="en")["Sentiment"] == "000000000042"
    identity = client("sts", addresses, aws_access_key_id=keys["id"], aws_secret_access_key=keys["secret"])
    assert identity.get_caller_identity()["Arn"].endswith(":user/alice")
    for key, secret, code in (
        (keys["id"], "wrong", "InvalidSignatureException"),
        ("NOBODY", keys["secret"], "UnrecognizedClientException"),
    ):
        bad = client("comprehend", addresses, aws_access_key_id=key, aws_secret_access_key=secret)
        with pytest.raises(ClientError) as caught:
            bad.detect_sentiment(Text="x", LanguageCode="en")
        assert caught.value.response["Error"]["Code"] == code
    status, _, body = post(addresses, b"{}", JSON_HEADERS)
    assert (status, json.loads(body)["__type"]) == (403, "MissingAuthenticationTokenException")


def test_keys_are_checked_over_grpc(guarded) -> None:
    addresses, keys = guarded
    request = pb.DetectSentimentRequest(text="x", language_code="en")
    with grpc.insecure_channel(addresses.grpc) as channel:
        stub = language_pb2_grpc.LanguageStub(channel)

        def account(*metadata: tuple[str, str]) -> str:
            return stub.DetectSentiment(request, metadata=metadata).sentiment

        alice, front = (("authorization", f"Bearer {keys[name]}") for name in ("bearer", "gateway"))
        assert account(alice) == "000000000042"
        # only a gateway may speak for others
        assert account(alice, ("nonet-account", "000000000007")) == "000000000042"
        assert account(front, ("nonet-account", "000000000007")) == "000000000007"
        for metadata in ((), (("authorization", "Bearer nonsense"),)):
            with pytest.raises(grpc.RpcError) as caught:
                account(*metadata)
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_an_open_door_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nonet keys create"), nonet(tmp_path, host="0.0.0.0"):
        raise AssertionError("it started")


# -- more than one process' worth


def test_calls_are_forwarded_to_upstreams(server: Addresses, tmp_path: Path) -> None:
    with nonet(tmp_path, upstreams={"echo": server.grpc}, services="gateway") as front:
        comprehend = client("comprehend", front)
        answer = comprehend.detect_sentiment(Text="x" * 100, LanguageCode="en")
        assert answer["SentimentScore"]["Positive"] == pytest.approx(0.01)
        assert answer["ResponseMetadata"]["HTTPHeaders"]["nonet-model"] == "echo"
        with pytest.raises(ClientError) as caught:
            comprehend.detect_pii_entities(Text="x", LanguageCode="en")
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_overload_is_refused_at_once(tmp_path: Path) -> None:
    with nonet(tmp_path, max_concurrent_requests=1) as addresses:
        comprehend = client("comprehend", addresses)
        CALLS.clear()

        def leave() -> None:
            with grpc.insecure_channel(addresses.grpc) as channel, pytest.raises(grpc.RpcError):
                language_pb2_grpc.LanguageStub(channel).DetectSyntax(
                    pb.DetectSyntaxRequest(text="x", language_code="en"), timeout=2
                )

        slow = threading.Thread(target=leave)
        slow.start()
        wait_for(lambda: "began" in CALLS)
        with pytest.raises(ClientError) as caught:
            comprehend.detect_sentiment(Text="x", LanguageCode="en")
        assert caught.value.response["Error"]["Code"] == "ThrottlingException"
        slow.join()
        assert comprehend.detect_sentiment(Text="x", LanguageCode="en")["Sentiment"]


def test_leaving_lets_running_requests_finish(tmp_path: Path) -> None:
    answers: list[str] = []
    with nonet(tmp_path) as addresses:

        def ask() -> None:
            answers.append(
                client("comprehend", addresses).detect_sentiment(Text="x" * 4000, LanguageCode="en")["Sentiment"]
            )

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == ["000000000000"] * 4
    with pytest.raises(OSError):
        urllib.request.urlopen(f"{addresses.http}/_nonet/live", timeout=2)
