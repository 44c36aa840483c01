"""StartConversation's messages: events of the caller read, events of the bot written."""

from __future__ import annotations

from collections.abc import AsyncIterator

from nonet.conversation.v1 import conversation_pb2 as pb
from services.conversation.content_types import Sound, read_input_type
from services.conversation.live import Event, Told
from shared import errors
from shared.contract.transcode import JSON, Transcoder
from shared.contract.validation import validate

#: Bytes of one chunk: a second of sound at 16 kHz.
LARGEST_CHUNK_BYTES = 32_000
_transcoder = Transcoder(JSON)


class CallerEvents:
    """The events of a stream, as they come."""

    def __init__(self, requests: AsyncIterator[pb.StartConversationRequest]) -> None:
        self._requests = requests

    async def first(self) -> tuple[pb.StartConversationRequest, pb.ConfigurationEvent]:
        """The message that names the session, which has the configuration. Raises ``InvalidArgument``."""
        request = await anext(self._requests, None)
        if request is None or not request.request_event_stream.HasField("configuration_event"):
            raise errors.InvalidArgument("The first message names the session and has a ConfigurationEvent.")
        return request, request.request_event_stream.configuration_event

    async def __aiter__(self) -> AsyncIterator[Event]:
        async for request in self._requests:
            event = read_event(request.request_event_stream)
            yield event
            if event.kind == "end":
                return


def read_event(stream: pb.StartConversationRequestEventStream) -> Event:
    """One event. Raises ``InvalidArgument`` for none, a second configuration, or one that breaks the contract."""
    name = next((field.name for field, _ in stream.ListFields()), "")
    if name in ("", "configuration_event"):
        raise errors.InvalidArgument("Every message after the first has one event, and no ConfigurationEvent.")
    event = getattr(stream, name)
    validate(event)
    if name == "text_input_event":
        return Event("text", event.text, id=event.event_id)
    if name == "dtmf_input_event":
        return Event("key", event.input_character, id=event.event_id)
    if name == "audio_input_event":
        sound = read_sound_type(event.content_type)
        if len(event.audio_chunk) > LARGEST_CHUNK_BYTES:
            raise errors.InvalidArgument(f"A chunk of sound has at most {LARGEST_CHUNK_BYTES} bytes.")
        return Event("audio", chunk=event.audio_chunk, sound=sound, id=event.event_id)
    return Event("played" if name == "playback_completion_event" else "end", id=event.event_id)


def read_sound_type(content_type: str) -> Sound:
    """What the sound of a stream is. Raises ``InvalidArgument`` for anything but PCM at 8 or 16 kHz."""
    sound = read_input_type(content_type)
    if sound is None or sound.big_endian:
        raise errors.InvalidArgument("An AudioInputEvent has little-endian PCM: audio/lpcm or audio/l16.")
    return sound


def write_event(told: Told, number: int, session_id: str, content_type: str) -> pb.StartConversationResponse:
    """One event of the bot; ``number``: its place in the stream, from 1."""
    event_id = f"RESPONSE-{number}"
    stream = pb.StartConversationResponseEventStream()
    if told.kind == "interruption":
        stream.playback_interruption_event.event_reason = told.text
        if told.cause:
            stream.playback_interruption_event.caused_by_event_id = told.cause
        stream.playback_interruption_event.event_id = event_id
    elif told.kind == "transcript":
        stream.transcript_event.transcript = told.text
        stream.transcript_event.event_id = event_id
    elif told.kind == "result" and told.reply is not None:
        result = stream.intent_result_event
        parts = {"sessionState": told.reply.state, "interpretations": list(told.reply.interpretations)}
        _transcoder.parse(result, parts)
        result.request_attributes.update(told.reply.request_attributes)
        result.input_mode, result.session_id, result.event_id = told.mode, session_id, event_id
    elif told.kind == "messages":
        _transcoder.parse(stream.text_response_event, {"messages": list(told.messages)})
        stream.text_response_event.event_id = event_id
    elif told.kind == "audio":
        stream.audio_response_event.event_id = event_id
        stream.audio_response_event.content_type = content_type
        if told.chunk:
            stream.audio_response_event.audio_chunk = told.chunk
    else:
        stream.heartbeat_event.event_id = event_id
    return pb.StartConversationResponse(response_event_stream=stream)
