"""A conversation as a stream: words, keys and sound come in, what the bot says goes out, and either may break in.

A ``LiveConversation`` takes the caller's events one after the other. Words end with a text event, with the last key
(DTMF), or where the recogniser hears their end. While the bot's answer is played (until the client says that it has
ended), whatever the caller begins interrupts it: the rest of its sound is dropped and the client is told to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.conversation.content_types import Sound, Spoken
from services.conversation.conversations import SPEECH, TEXT, Conversations, Place, Reply, Said
from services.conversation.voice import Voice
from shared import errors

DTMF = "DTMF"
#: Seconds after which the client hears that the stream is alive.
HEARTBEAT_SECONDS = 5.0
#: Seconds without a chunk of sound after which nobody listens any more, until the next one comes.
QUIET_SECONDS = 10.0
#: Lex's defaults: the key that ends an input, the key that takes everything back, and seconds without a key.
END_KEY, DELETION_KEY, KEY_SECONDS = "#", "*", 5.0
LONGEST_KEYS = 1024
_CHUNK_BYTES = 16 * 1024
_VOICE, _KEYS, _WORDS = "VOICE_START_DETECTED", "DTMF_START_DETECTED", "TEXT_DETECTED"


@dataclass(frozen=True, slots=True)
class Event:
    """What the caller sent: ``kind`` "text", "key", "audio", "played", "end" (hangs up) or "over" (sends no more, and
    waits for what was sent to be answered). What the recogniser says: "partial", "heard" or "deaf" (it has ended)."""

    kind: str
    text: str = ""
    chunk: bytes = b""
    sound: Sound | None = None
    id: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What goes out: ``kind`` "interruption", "transcript", "result", "messages", "audio" or "heartbeat".

    ``playback``: of sound, the number of the answer that it belongs to.
    """

    kind: str
    text: str = ""
    cause: str = ""
    mode: str = ""
    reply: Reply | None = None
    messages: Sequence[Mapping[str, Any]] = ()
    chunk: bytes = b""
    playback: int = 0


@dataclass(slots=True)
class LiveConversation:
    """One stream. ``plays``: whether the client says when it has played an answer."""

    conversations: Conversations
    voice: Voice
    place: Place
    said: Said
    spoken: Spoken
    region: str
    plays: bool
    _inbox: asyncio.Queue[Event | errors.NonetError] = field(default_factory=asyncio.Queue)
    _outbox: asyncio.Queue[Told | None] = field(default_factory=asyncio.Queue)
    _sound: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    _kind: Sound | None = None
    _listening: asyncio.Task[None] | None = None
    _over: bool = False
    _playback: int = 0
    _playing: bool = False
    _interrupted: int = 0
    _keys: str = ""

    async def run(
        self, events: AsyncIterator[Event], by_voice: bool, welcome: Sequence[Mapping[str, Any]]
    ) -> AsyncIterator[Told]:
        """What goes out, until the caller ends or is gone. ``by_voice``: whether there may be sound.

        Raises:
            NonetError: what a turn raises ends the stream.
        """
        reading = asyncio.create_task(self._read(events))
        working = asyncio.create_task(self._work(by_voice, welcome))
        try:
            while True:
                try:
                    told = await asyncio.wait_for(self._outbox.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield Told("heartbeat")
                    continue
                if told is None:
                    break
                if told.kind != "audio" or told.playback > self._interrupted:
                    yield told
            await working
        finally:
            for task in (reading, working, self._listening):
                if task is not None:
                    task.cancel()

    async def _read(self, events: AsyncIterator[Event]) -> None:
        try:
            async for event in events:
                await self._inbox.put(event)
        except errors.NonetError as error:
            await self._inbox.put(error)
            return
        await self._inbox.put(Event("over"))

    async def _work(self, by_voice: bool, welcome: Sequence[Mapping[str, Any]]) -> None:
        try:
            if welcome:
                await self._tell(welcome)
            while True:
                try:
                    event = await asyncio.wait_for(self._inbox.get(), KEY_SECONDS if self._keys else None)
                except TimeoutError:
                    await self._keys_end()
                    continue
                if isinstance(event, errors.NonetError):
                    raise event
                if event.kind == "end":
                    return
                await self._take(event, by_voice)
                if self._over and self._listening is None:
                    return
        finally:
            await self._outbox.put(None)

    async def _take(self, event: Event, by_voice: bool) -> None:
        if event.kind == "played":
            self._playing = False
        elif event.kind == "text":
            await self._interrupt(_WORDS, event.id)
            await self._turn(event.text, TEXT)
        elif event.kind == "key":
            await self._interrupt(_KEYS, event.id)
            await self._key(event.text)
        elif event.kind == "partial":
            await self._interrupt(_VOICE, "")
        elif event.kind == "heard":
            await self._interrupt(_VOICE, "")
            await self._turn(event.text, SPEECH)
        elif event.kind == "audio":
            if not by_voice or event.sound is None:
                raise errors.InvalidArgument("A conversation in mode TEXT takes no sound.")
            if self._kind not in (None, event.sound):
                raise errors.InvalidArgument("The sound of a conversation has one contentType.")
            self._kind = event.sound
            if event.chunk:
                self._sound.put_nowait(event.chunk)
            if self._listening is None:
                self._listening = asyncio.create_task(self._listen(event.sound))
        elif event.kind == "deaf":
            self._listening = None
            if self._kind is not None and not self._sound.empty():
                self._listening = asyncio.create_task(self._listen(self._kind))
        elif event.kind == "over":
            await self._keys_end()
            self._over = True
            self._sound.put_nowait(None)

    async def _key(self, key: str) -> None:
        if key == DELETION_KEY:
            self._keys = ""
        elif key == END_KEY:
            await self._keys_end()
        else:
            self._keys += key
            if len(self._keys) >= LONGEST_KEYS:
                await self._keys_end()

    async def _keys_end(self) -> None:
        keys, self._keys = self._keys, ""
        if keys:
            await self._turn(keys, DTMF)

    async def _listen(self, sound: Sound) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            with contextlib.suppress(TimeoutError):
                while (chunk := await asyncio.wait_for(self._sound.get(), QUIET_SECONDS)) is not None:
                    yield chunk

        key = self.place.key
        try:
            async for text, final in self.voice.listen(chunks(), sound, key.locale_id, key.account, self.region):
                await self._inbox.put(Event("heard" if final else "partial", text))
            await self._inbox.put(Event("deaf"))
        except errors.NonetError as error:
            await self._inbox.put(error)

    async def _turn(self, text: str, mode: str) -> None:
        if mode != TEXT:
            await self._outbox.put(Told("transcript", text))
        reply = await self.conversations.hear(self.place, text, replace(self.said, mode=mode))
        # What the application has set, it has set once.
        self.said = replace(self.said, state=None)
        await self._outbox.put(Told("result", mode=mode, reply=reply))
        await self._tell(reply.messages)

    async def _tell(self, messages: Sequence[Mapping[str, Any]]) -> None:
        if not messages:
            return
        self._playback += 1
        await self._outbox.put(Told("messages", messages=messages))
        if not self.spoken.format:
            return
        key, voice = self.place.key, self.place.built.definition.voice
        data = await self.voice.speak(messages, self.spoken, voice, key.locale_id, key.account, self.region)
        if not data:
            return
        self._playing = self.plays
        for begin in range(0, len(data), _CHUNK_BYTES):
            chunk = data[begin : begin + _CHUNK_BYTES]
            await self._outbox.put(Told("audio", chunk=chunk, playback=self._playback))
        # An empty chunk: the answer has ended.
        await self._outbox.put(Told("audio", playback=self._playback))

    async def _interrupt(self, reason: str, cause: str) -> None:
        if self._playing:
            self._playing = False
            self._interrupted = self._playback
            await self._outbox.put(Told("interruption", reason, cause))
