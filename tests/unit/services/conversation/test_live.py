"""A conversation as a stream: whose turn it is, keys, and who breaks in. Understanding and voices are stood in for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from services.conversation.content_types import Sound, Spoken
from services.conversation.conversations import Reply, Said
from services.conversation.live import Event, LiveConversation, Told
from shared import errors

MP3 = Spoken("mp3", "audio/mpeg")
PLACE: Any = SimpleNamespace(
    key=SimpleNamespace(locale_id="en_US", account="000000000000"),
    built=SimpleNamespace(definition=SimpleNamespace(voice=("", ""))),
)


class Echo:
    """A bot that says what it heard; "fail" is an error. Its voice is as many bytes as asked for."""

    def __init__(self, sound: bytes = b"", heard: Sequence[tuple[str, bool]] = ()) -> None:
        self.turns: list[tuple[str, str, Any]] = []
        self._sound, self._heard = sound, heard

    async def hear(self, place: Any, text: str, said: Said) -> Reply:
        if text == "fail":
            raise errors.InvalidArgument("no")
        self.turns.append((text, said.mode, said.state))
        return Reply([{"contentType": "PlainText", "content": f"you said {text}"}], {}, [], {})

    async def speak(self, *_: Any) -> bytes:
        return self._sound

    async def listen(self, chunks: AsyncIterator[bytes], *_: Any) -> AsyncIterator[tuple[str, bool]]:
        if await anext(chunks, None) is None:
            return
        for text, final in self._heard:
            yield text, final
        async for _ in chunks:
            pass


def conversation(echo: Echo, plays: bool = True, spoken: Spoken = MP3) -> LiveConversation:
    bot: Any = echo
    return LiveConversation(bot, bot, PLACE, Said(state={"a": 1}), spoken, "us-east-1", plays)


async def out_of(
    live: LiveConversation, script: Sequence[Event | Callable[[list[Told]], bool]], by_voice: bool = True
) -> list[Told]:
    """What goes out when the caller sends the events of ``script``, waiting where it says for what must come first."""
    found: list[Told] = []
    arrived = asyncio.Condition()

    async def events() -> AsyncIterator[Event]:
        for step in script:
            if isinstance(step, Event):
                yield step
                continue
            async with arrived:
                while not step(found):
                    await arrived.wait()

    async for told in live.run(events(), by_voice, []):
        async with arrived:
            found.append(told)
            arrived.notify_all()
    return [told for told in found if told.kind != "heartbeat"]


def count(kind: str, number: int) -> Callable[[list[Told]], bool]:
    return lambda found: sum(told.kind == kind for told in found) >= number


async def test_words_are_answered_one_after_the_other() -> None:
    echo = Echo()
    found = await out_of(conversation(echo), [Event("text", "one"), Event("text", "two"), count("messages", 2)])
    assert [told.kind for told in found] == ["result", "messages"] * 2
    # What the application set counts for the first turn alone.
    assert echo.turns == [("one", "Text", {"a": 1}), ("two", "Text", None)]


async def test_keys_are_one_input() -> None:
    echo = Echo()
    keys = [Event("key", key) for key in "12*34#"]
    found = await out_of(conversation(echo), [*keys, count("messages", 1)])
    assert echo.turns[0][:2] == ("34", "DTMF")
    assert [told.text for told in found if told.kind == "transcript"] == ["34"]


async def test_keys_end_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.conversation.live.KEY_SECONDS", 0.05)
    echo = Echo()
    await out_of(conversation(echo), [Event("key", "7"), count("messages", 1)])
    assert echo.turns[0][:2] == ("7", "DTMF")


@pytest.mark.parametrize(
    ("event", "reason"),
    [(Event("text", "stop", id="EVENT-9"), "TEXT_DETECTED"), (Event("key", "1", id="EVENT-9"), "DTMF_START_DETECTED")],
)
async def test_who_begins_while_the_bot_speaks_breaks_in(event: Event, reason: str) -> None:
    ended = [Event("key", "#")] if event.kind == "key" else []
    script = [Event("text", "talk"), count("audio", 1), event, *ended, count("messages", 2)]
    found = await out_of(conversation(Echo(b"x" * 100)), script)
    (interruption,) = (told for told in found if told.kind == "interruption")
    assert (interruption.text, interruption.cause) == (reason, "EVENT-9")


async def test_nobody_breaks_into_silence() -> None:
    played = [Event("text", "talk"), count("audio", 2), Event("played"), Event("text", "more"), count("audio", 4)]
    found = await out_of(conversation(Echo(b"x" * 100)), played)
    assert not [told for told in found if told.kind == "interruption"]
    # The last chunk of an answer is empty.
    assert [len(told.chunk) for told in found if told.kind == "audio"] == [100, 0, 100, 0]
    found = await out_of(
        conversation(Echo(b"x"), plays=False), [Event("text", "a"), count("audio", 2), Event("text", "b"), count("audio", 4)]
    )
    assert not [told for told in found if told.kind == "interruption"]


async def test_a_voice_is_heard_and_breaks_in() -> None:
    echo = Echo(b"x" * 100, heard=[("hel", False), ("hello there", True)])
    sound = Event("audio", chunk=b"\0" * 100, sound=Sound(16000))
    found = await out_of(conversation(echo), [Event("text", "talk"), count("audio", 2), sound, count("messages", 2)])
    assert [told.text for told in found if told.kind == "interruption"] == ["VOICE_START_DETECTED"]
    assert echo.turns[1][:2] == ("hello there", "Speech")


async def test_who_sends_no_more_is_still_answered() -> None:
    sound = Event("audio", chunk=b"\0\0", sound=Sound(16000))
    echo = Echo(heard=[("book a", False), ("book a room", True)])
    await out_of(conversation(echo), [sound, Event("key", "7")])
    assert sorted(turn[:2] for turn in echo.turns) == [("7", "DTMF"), ("book a room", "Speech")]
    hung_up = Echo(heard=[("book a room", True)])
    await out_of(conversation(hung_up), [sound, Event("key", "7"), Event("end")])
    assert hung_up.turns == []


async def test_after_a_long_quiet_somebody_listens_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.conversation.live.QUIET_SECONDS", 0.01)
    monkeypatch.setattr("services.conversation.live.HEARTBEAT_SECONDS", 0.01)
    sound = Event("audio", chunk=b"\0\0", sound=Sound(16000))
    echo = Echo(heard=[("hello", True)])
    live = conversation(echo)
    script = [sound, lambda found: bool(echo.turns) and live._listening is None, sound, count("messages", 2)]
    await out_of(live, script)
    assert [turn[0] for turn in echo.turns] == ["hello", "hello"]


async def test_sound_does_not_change_its_kind() -> None:
    script = [Event("audio", chunk=b"\0\0", sound=Sound(rate)) for rate in (16000, 8000)]
    with pytest.raises(errors.InvalidArgument, match="one contentType"):
        await out_of(conversation(Echo()), script)


async def test_errors_end_the_stream() -> None:
    with pytest.raises(errors.InvalidArgument):
        await out_of(conversation(Echo()), [Event("text", "fail"), lambda found: False])
    sound = Event("audio", chunk=b"\0", sound=Sound(8000))
    with pytest.raises(errors.InvalidArgument, match="TEXT"):
        await out_of(conversation(Echo()), [sound, lambda found: False], by_voice=False)


async def test_a_quiet_stream_says_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.conversation.live.HEARTBEAT_SECONDS", 0.02)
    live = conversation(Echo())
    found: list[str] = []

    async def nothing() -> AsyncIterator[Event]:
        while len(found) < 3:
            await asyncio.sleep(0.01)
        yield Event("end")

    async for told in live.run(nothing(), True, []):
        found.append(told.kind)
    assert set(found) == {"heartbeat"}
