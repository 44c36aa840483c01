"""A streaming call whose requests end in an error: the caller gets that error and not gRPC's."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import pytest

from nonet.transcription_streaming.v1 import transcription_streaming_pb2 as pb
from nonet.transcription_streaming.v1 import transcription_streaming_pb2_grpc
from shared import errors
from shared.auth.principals import Principal
from shared.contract.apis import api_for_client
from shared.rpc.call import Call
from shared.rpc.remote import RemoteService
from shared.rpc.upstream import Upstream

OPERATION = api_for_client("transcribe-streaming").operations["StartStreamTranscription"]
HEARD = pb.StartStreamTranscriptionResponse(session_id="heard")


class Listener(transcription_streaming_pb2_grpc.TranscriptionStreamingServicer):
    """Answers every message with the same one."""

    async def StartStreamTranscription(self, requests, context):
        async for _ in requests:
            yield HEARD


@pytest.fixture
async def listener() -> AsyncIterator[RemoteService]:
    server = grpc.aio.server()
    transcription_streaming_pb2_grpc.add_TranscriptionStreamingServicer_to_server(Listener(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    remote = RemoteService(Upstream(f"127.0.0.1:{port}"))
    yield remote
    await remote.close()
    await server.stop(0)


def call() -> Call:
    return Call(OPERATION, Principal(name="somebody", account="000000000000"), "us-east-1")


async def said(end: Exception | None) -> AsyncIterator[pb.StartStreamTranscriptionRequest]:
    yield pb.StartStreamTranscriptionRequest(language_code="en-US")
    yield pb.StartStreamTranscriptionRequest()
    if end is not None:
        raise end


async def test_all_that_is_said_is_answered(listener: RemoteService) -> None:
    assert [answer async for answer in listener.stream(said(None), call())] == [HEARD, HEARD]


@pytest.mark.parametrize("error", [errors.MalformedRequest("This is text."), errors.Cancelled("The client left.")])
async def test_an_error_of_the_requests_is_told(listener: RemoteService, error: errors.NonetError) -> None:
    with pytest.raises(type(error)) as told:
        async for answer in listener.stream(said(error), call()):
            assert answer == HEARD
    assert told.value is error
