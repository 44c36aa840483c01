"""The Conversation service: talking with built bots, by text and by voice, of Amazon Lex V2."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol, TypeVar

from google.protobuf.message import Message

from nonet.conversation.v1 import conversation_pb2 as pb
from services.conversation.content_types import (
    TEXT_TYPE,
    Spoken,
    check_sound,
    read_input_type,
    read_output_type,
)
from services.conversation.conversations import SPEECH, TEXT, Conversations, Reply, Said
from services.conversation.live import LiveConversation
from services.conversation.packing import pack, unpack
from services.conversation.sessions import SessionKey
from services.conversation.stream_events import CallerEvents, write_event
from services.conversation.voice import Voice
from shared import errors
from shared.contract.transcode import JSON, Transcoder
from shared.contract.validation import validate
from shared.platform import Platform
from shared.rpc.call import Call

M = TypeVar("M", bound=Message)

LONGEST_TEXT = 1024


class _OfASession(Protocol):
    """A request that names a session."""

    @property
    def bot_id(self) -> str: ...
    @property
    def bot_alias_id(self) -> str: ...
    @property
    def locale_id(self) -> str: ...
    @property
    def session_id(self) -> str: ...


class ConversationService:
    """nonet.conversation.v1.Conversation. Requests have been checked against the contract."""

    def __init__(self, platform: Platform) -> None:
        self._conversations = Conversations(platform)
        self._voice = Voice(platform)
        self._transcoder = Transcoder(JSON)

    async def close(self) -> None:
        """Disconnect from code hooks."""
        await self._conversations.close()

    async def recognize_text(self, request: pb.RecognizeTextRequest, call: Call) -> pb.RecognizeTextResponse:
        """One turn by text."""
        place = await self._conversations.find(_key(request, call))
        state = self._transcoder.plain(request.session_state) if request.HasField("session_state") else None
        said = Said(TEXT, state, dict(request.request_attributes), TEXT_TYPE, call.request_id)
        reply = await self._conversations.hear(place, request.text, said)
        return self._filled(
            pb.RecognizeTextResponse(session_id=request.session_id, request_attributes=reply.request_attributes), reply
        )

    async def recognize_utterance(
        self, request: pb.RecognizeUtteranceRequest, call: Call
    ) -> pb.RecognizeUtteranceResponse:
        """One turn by voice or text; the answer as sound, and in headers what RecognizeText would answer."""
        sound = read_input_type(request.request_content_type)
        spoken = read_output_type(request.response_content_type, "audio/mpeg" if sound else TEXT_TYPE)
        state = self._state(request.session_state) if request.session_state else None
        attributes = _attributes(request.request_attributes) if request.request_attributes else {}
        body = check_sound(request.input_stream, sound) if sound else b""
        text = "" if sound else _text(request.input_stream)
        place = await self._conversations.find(_key(request, call))
        if sound:
            text = await self._voice.hear(body, sound, place.key.locale_id, call.account, call.region)
        # What somebody says in 15 seconds may be more than may be typed at once.
        text = text[:LONGEST_TEXT]
        mode = SPEECH if sound else TEXT
        said = Said(mode, state, attributes, spoken.content_type, call.request_id)
        reply = await self._conversations.hear(place, text, said)
        answer = pb.RecognizeUtteranceResponse(
            input_mode=mode,
            content_type=spoken.content_type,
            session_id=request.session_id,
            session_state=pack(reply.state),
            interpretations=pack(reply.interpretations),
            audio_stream=await self._spoken(reply, spoken, place.built.definition.voice, place.key, call),
        )
        if reply.messages:
            answer.messages = pack(reply.messages)
        if reply.request_attributes:
            answer.request_attributes = pack(reply.request_attributes)
        if text:
            answer.input_transcript = pack(text)
        return answer

    async def put_session(self, request: pb.PutSessionRequest, call: Call) -> pb.PutSessionResponse:
        """Set a session, or begin one."""
        spoken = read_output_type(request.response_content_type, TEXT_TYPE)
        place = await self._conversations.find(_key(request, call))
        state = self._transcoder.plain(request.session_state)
        messages = [self._transcoder.plain(message) for message in request.messages]
        if any(not {"content", "imageResponseCard"} & message.keys() for message in messages):
            raise errors.InvalidArgument("A message has content, or an imageResponseCard.")
        said = Said(TEXT, state, dict(request.request_attributes), spoken.content_type, call.request_id)
        reply = await self._conversations.put(place, messages, said)
        answer = pb.PutSessionResponse(
            content_type=spoken.content_type,
            session_id=request.session_id,
            session_state=pack(reply.state),
            audio_stream=await self._spoken(reply, spoken, place.built.definition.voice, place.key, call),
        )
        if reply.messages:
            answer.messages = pack(reply.messages)
        if reply.request_attributes:
            answer.request_attributes = pack(reply.request_attributes)
        return answer

    async def get_session(self, request: pb.GetSessionRequest, call: Call) -> pb.GetSessionResponse:
        """A session as its last turn left it."""
        reply = await self._conversations.get(await self._conversations.find(_key(request, call)))
        return self._filled(pb.GetSessionResponse(session_id=request.session_id), reply)

    async def delete_session(self, request: pb.DeleteSessionRequest, call: Call) -> pb.DeleteSessionResponse:
        """Forget a session."""
        await self._conversations.delete(_key(request, call))
        return pb.DeleteSessionResponse(
            bot_id=request.bot_id,
            bot_alias_id=request.bot_alias_id,
            locale_id=request.locale_id,
            session_id=request.session_id,
        )

    async def start_conversation(
        self, requests: AsyncIterator[pb.StartConversationRequest], call: Call
    ) -> AsyncIterator[pb.StartConversationResponse]:
        """A conversation as a stream: words, keys and sound in, what the bot says out."""
        events = CallerEvents(requests)
        first, configuration = await events.first()
        by_voice = (first.conversation_mode or "AUDIO") == "AUDIO"
        spoken = read_output_type(configuration.response_content_type, TEXT_TYPE) if by_voice else Spoken("", TEXT_TYPE)
        state = self._transcoder.plain(configuration.session_state) if configuration.HasField("session_state") else None
        said = Said(TEXT, state, dict(configuration.request_attributes), spoken.content_type, call.request_id)
        place = await self._conversations.find(_key(first, call))
        plays = not configuration.disable_playback
        live = LiveConversation(self._conversations, self._voice, place, said, spoken, call.region, plays)
        welcome = [self._transcoder.plain(message) for message in configuration.welcome_messages]
        number = 0
        async for told in live.run(aiter(events), by_voice, welcome):
            number += 1
            yield write_event(told, number, first.session_id, spoken.content_type)

    def _filled(self, answer: M, reply: Reply) -> M:
        told = {
            "messages": list(reply.messages),
            "sessionState": reply.state,
            "interpretations": list(reply.interpretations),
        }
        self._transcoder.parse(answer, told)
        return answer

    def _state(self, packed: str) -> Mapping[str, Any]:
        """The session state in a header, held against the contract as one in a body is."""
        told = unpack(packed, "sessionState")
        message = pb.SessionState()
        self._transcoder.parse(message, told, "sessionState")
        validate(message)
        return self._transcoder.plain(message)

    async def _spoken(
        self, reply: Reply, spoken: Spoken, voice: tuple[str, str], key: SessionKey, call: Call
    ) -> bytes:
        return await self._voice.speak(reply.messages, spoken, voice, key.locale_id, call.account, call.region)


def _key(request: _OfASession, call: Call) -> SessionKey:
    return SessionKey(call.account, request.bot_id, request.bot_alias_id, request.locale_id, request.session_id)


def _text(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise errors.InvalidArgument("inputStream must be text in UTF-8.") from None
    if not 1 <= len(text.strip()) <= len(text) <= LONGEST_TEXT:
        raise errors.InvalidArgument(f"inputStream has 1 to {LONGEST_TEXT} characters of text.")
    return text


def _attributes(packed: str) -> dict[str, str]:
    told = unpack(packed, "requestAttributes")
    if not isinstance(told, dict) or not all(name and isinstance(value, str) for name, value in told.items()):
        raise errors.InvalidArgument("requestAttributes must be a map of text to text.")
    return told
