"""Live transcription over a WebSocket, as AWS's SDKs for browsers and its documentation speak it.

    GET /stream-transcription-websocket?language-code=en-US&media-encoding=pcm&sample-rate=16000 (and a signature)

The query has the settings; then each binary message is an event: AudioEvent from the client, TranscriptEvent to it, or
an exception, after which the connection is closed. Everything behind it is the operation that gRPC has as well.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from gateway.aws.authentication import Authenticator, Identity
from gateway.aws.event_stream import EventMessage, decode_message, encode_message
from gateway.aws.protocols import parse_settings
from gateway.http import Request
from nonet.transcription_streaming.v1 import transcription_streaming_pb2 as pb
from shared import errors
from shared.contract.apis import api_for_client
from shared.contract.transcode import JSON, Transcoder
from shared.rpc.call import Call
from shared.rpc.host import ServiceHost

logger = logging.getLogger("nonet.gateway")

PATH = "/stream-transcription-websocket"
#: The largest message that is taken: a second of two channels at 48 kHz, and its headers.
MAX_MESSAGE_BYTES = 256 * 1024
_HEADER_PREFIX = "x-amzn-transcribe-"
_json = Transcoder(JSON)


class LiveTranscription:
    """Answers the WebSocket connections of one process."""

    def __init__(self, host: ServiceHost, authenticator: Authenticator) -> None:
        self._host = host
        self._authenticator = authenticator
        self._operation = api_for_client("transcribe-streaming").operations["StartStreamTranscription"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until either side ends it."""
        request = Request({**scope, "method": "GET"}, receive)
        await receive()  # websocket.connect
        try:
            identity = self._authenticator.check(request, self._authenticator.read(request), b"", self._operation.name)
        except errors.NonetError as refused:
            logger.info("a live transcription was refused: %s", refused.message)
            await send({"type": "websocket.close"})  # before it is accepted: HTTP 403
            return
        await send({"type": "websocket.accept"})
        try:
            await self._transcribe(request, identity, receive, send)
        except errors.Cancelled:
            return
        except errors.NonetError as error:
            await send({"type": "websocket.send", "bytes": self._exception(error)})
        await send({"type": "websocket.close"})

    async def _transcribe(self, request: Request, identity: Identity, receive: Receive, send: Send) -> None:
        agent = {"user-agent": request.headers.get("user-agent", "")}
        call = Call(
            self._operation, identity.principal, identity.region, request.request_id, agent, address=request.address
        )
        settings = pb.StartStreamTranscriptionRequest()
        parse_settings(settings, request, _HEADER_PREFIX)
        answers: AsyncIterator[Any] = self._host.stream(_requests(settings, receive), call)
        async for answer in answers:
            if answer.HasField("transcript_result_stream"):
                event = answer.transcript_result_stream.transcript_event
                await send({"type": "websocket.send", "bytes": _event("TranscriptEvent", _json.plain(event))})

    def _exception(self, error: errors.NonetError) -> bytes:
        code = error.aws_code_for(self._operation.documented_errors)
        if isinstance(error, errors.MalformedRequest):  # whose code is one of HTTP's protocols
            code = "BadRequestException"
        headers = {":exception-type": code, ":content-type": "application/json", ":message-type": "exception"}
        return encode_message(EventMessage(headers, orjson.dumps({"Message": error.message})))


async def _requests(
    settings: pb.StartStreamTranscriptionRequest, receive: Receive
) -> AsyncIterator[pb.StartStreamTranscriptionRequest]:
    """The settings, then the client's sound.

    Raises:
        Cancelled: the client closed the connection.
        MalformedRequest: it sent something else.
    """
    yield settings
    while True:
        received = await receive()
        if received["type"] == "websocket.disconnect":
            raise errors.Cancelled("The client closed the connection.")
        data = received.get("bytes")
        if data is None:
            raise errors.MalformedRequest("Events are binary messages; this one is text.")
        message = decode_message(data)
        kind = message.headers.get(":event-type")
        if message.headers.get(":message-type") != "event" or kind != "AudioEvent":
            raise errors.MalformedRequest("Only messages of the type event, of the event type AudioEvent, are taken.")
        sound = pb.AudioStream(audio_event=pb.AudioEvent(audio_chunk=message.payload))
        yield pb.StartStreamTranscriptionRequest(audio_stream=sound)


def _event(kind: str, content: dict[str, Any]) -> bytes:
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return encode_message(EventMessage(headers, orjson.dumps(content)))
