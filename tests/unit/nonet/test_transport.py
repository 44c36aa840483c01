"""What the SDK does when the connection breaks: it asks again where that changes nothing, and only there."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent import futures

import grpc
import pytest

from nonet import transport
from nonet.language.v1 import language_pb2 as pb
from nonet.orchestration.v1 import orchestration_pb2
from nonet.transport import AsyncTransport, Connection, Transport
from shared import errors

READ, WRITE = "/nonet.language.v1.Language/DetectSentiment", "/nonet.orchestration.v1.Orchestration/StartExecution"


class Failing(grpc.GenericRpcHandler):
    """Fails the first ``failures`` calls as a broken connection looks to a caller."""

    def __init__(self) -> None:
        self.calls, self.failures = 0, 0
        self.code = grpc.StatusCode.UNAVAILABLE

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(self._answer)

    def _answer(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        self.calls += 1
        if self.calls <= self.failures:
            context.abort(self.code, "Socket closed")
        return b""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Failing, str]]:
    monkeypatch.setattr(transport, "PAUSES", (0.0, 0.0, 0.0))
    handler = Failing()
    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[handler])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield handler, f"127.0.0.1:{port}"
    server.stop(None)


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED])
def test_reads_are_asked_again(server: tuple[Failing, str], code: grpc.StatusCode) -> None:
    handler, address = server
    handler.failures, handler.code = 2, code
    channel = Transport(Connection(address))
    assert channel.unary(READ, pb.DetectSentimentRequest(), pb.DetectSentimentResponse, None).sentiment == ""
    assert handler.calls == 3
    handler.calls, handler.failures = 0, 9
    with pytest.raises((errors.Unavailable, errors.Cancelled)):
        channel.unary(READ, pb.DetectSentimentRequest(), pb.DetectSentimentResponse, None)
    assert handler.calls == 4
    channel.close()


def test_what_may_have_happened_is_not(server: tuple[Failing, str]) -> None:
    handler, address = server
    handler.failures = 1
    channel = Transport(Connection(address))
    with pytest.raises(errors.Unavailable):
        channel.unary(WRITE, orchestration_pb2.StartExecutionInput(), orchestration_pb2.StartExecutionOutput, None)
    assert handler.calls == 1
    channel.close()


async def test_the_same_on_an_event_loop(server: tuple[Failing, str]) -> None:
    handler, address = server
    handler.failures = 1
    channel = AsyncTransport(Connection(address))
    await channel.unary(READ, pb.DetectSentimentRequest(), pb.DetectSentimentResponse, None)
    assert handler.calls == 2
    await channel.close()
