"""The bots of examples/bots by voice: spoken by Flite, heard by the embedded recogniser, answered aloud."""

from __future__ import annotations

import array
import contextlib
import datetime
import queue
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from gateway.process import Addresses
from nonet import Nonet
from nonet.conversation.v1 import conversation_pb2 as pb
from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from tests.contract.conversation.bots import run_builder
from tests.contract.conversation.test_talking import TEXT, unpacked
from tests.running import client, nonet

pytestmark = pytest.mark.slow

WIDE = "audio/l16; rate=16000; channels=1"
TELEPHONE = "audio/x-l16; sample-rate=8000; channel-count=1"
DAYS = {21: "on the twenty first of december", 23: "on the twenty third of december"}


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory, functions: dict[str, str]) -> Iterator[Addresses]:
    data: Path = tmp_path_factory.mktemp("voice")
    if not ModelStore(data).installed(Catalog.load().get("flite")):  # type: ignore[arg-type]
        pytest.skip("libflite1 is not on this system")
    services = "conversation,speech,transcription"
    with nonet(data, services=services, functions=functions, job_workers=2) as addresses:
        yield addresses


@pytest.fixture(scope="module")
def reset_bot(speaking: Addresses) -> dict[str, str]:
    """What names the password bot."""
    bot_id, alias_id = run_builder(speaking, "password_reset")
    return {"botId": bot_id, "botAliasId": alias_id, "localeId": "en_US"}


class Telephone:
    """Speaks to a bot and listens to it."""

    def __init__(self, addresses: Addresses, place: dict[str, str], content_type: str) -> None:
        self._polly = client("polly", addresses)
        self.runtime = client("lexv2-runtime", addresses)
        self._content_type = content_type
        self.place = place
        self.answer: dict[str, Any] = {}
        self.sound = b""

    def say(self, *texts: str, until: str | tuple[str, ...]) -> str:
        """What the bot says; asked again, a caller says it in other words."""
        heard = []
        for text in texts:
            said = self._say(text)
            if said.startswith(until):
                return said
            heard.append((text, self.heard, said))
        raise AssertionError(heard)

    def _say(self, text: str) -> str:
        rate = "8000" if self._content_type == TELEPHONE else "16000"
        spoken = self._polly.synthesize_speech(Text=text, OutputFormat="pcm", SampleRate=rate, VoiceId="Joey")
        return self.send(spoken["AudioStream"].read())

    def send(self, pcm: bytes, response_type: str = "audio/pcm") -> str:
        self.answer = self.runtime.recognize_utterance(
            requestContentType=self._content_type, responseContentType=response_type, inputStream=pcm, **self.place
        )
        self.sound = self.answer["audioStream"].read()
        return " ".join(message["content"] for message in unpacked(self.answer["messages"]))

    @property
    def heard(self) -> str:
        return str(unpacked(self.answer["inputTranscript"])) if "inputTranscript" in self.answer else ""


def test_an_appointment_by_voice(speaking: Addresses, rows: Any) -> None:
    bot_id, alias_id = run_builder(speaking, "appointments")
    place = {"botId": bot_id, "botAliasId": alias_id, "localeId": "en_US", "sessionId": "caller"}
    telephone = Telephone(speaking, place, WIDE)
    today = datetime.date.today()
    coming = [
        day if day >= today else day.replace(year=today.year + 1)
        for day in (datetime.date(today.year, 12, number) for number in DAYS)
    ]
    day = next(day for day in coming if day.weekday() < 5)
    telephone.say("I want to make an appointment", "make an appointment please", until="What is it for")
    assert (telephone.answer["inputMode"], telephone.answer["contentType"]) == ("Speech", "audio/pcm")
    assert "make an appointment" in telephone.heard.lower()
    samples = array.array("h", telephone.sound)
    assert len(samples) > 16_000 and max(samples) > 1_000  # more than a second, and not of silence
    telephone.say("I need a tooth cleaning", "a cleaning", until="Which day suits you?")
    telephone.say(DAYS[day.day], DAYS[day.day], until="At what time?")
    booked = f"A cleaning on {day.isoformat()} at 10:00. Shall I book it?"
    telephone.say("at ten in the morning", "ten o'clock in the morning", "ten in the morning", until=booked)
    telephone.say("yes please", "yes please do", until="Done. Your appointment has number")
    assert rows("SELECT kind FROM appointments WHERE day = ? AND time = '10:00'", day.isoformat()) == [("cleaning",)]
    # Silence is asked about like anything that is not understood; the session stays.
    telephone.say("I want to make an appointment", "make an appointment please", until="What is it for")
    assert telephone.send(b"\x00\x00" * 16_000, "audio/mpeg").startswith("What is it for")
    assert "inputTranscript" not in telephone.answer and telephone.sound[:1] in (b"\xff", b"I")
    begun = telephone.runtime.put_session(
        sessionState={"dialogAction": {"type": "Delegate"}, "intent": {"name": "CancelAppointment"}},
        responseContentType="audio/ogg",
        **place,
    )
    assert begun["contentType"] == "audio/ogg" and begun["audioStream"].read()[:4] == b"OggS"
    with pytest.raises(ClientError) as caught:
        telephone.send(b"\x00\x00" * 16_000 * 16, TEXT)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    telephone.say("it is number one", "number one", until=("Appointment 1 is", "There is no appointment with number 1"))


def test_a_password_by_telephone(speaking: Addresses, reset_bot: dict[str, str], employees_database: Path) -> None:
    with contextlib.closing(sqlite3.connect(employees_database)) as connection, connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS employees (number TEXT PRIMARY KEY, name TEXT NOT NULL, "
            "birthplace TEXT NOT NULL, password TEXT, locked INTEGER NOT NULL)"
        )
        connection.execute("INSERT OR REPLACE INTO employees VALUES ('4711', 'Ada', 'London', 'spoken', 1)")
    telephone = Telephone(speaking, {**reset_bot, "sessionId": "caller"}, TELEPHONE)
    telephone.say("I forgot my password", "reset my password", until="What is your employee number?")
    number = "my number is four seven one one"
    telephone.say(number, number, "four seven one one", until="In which city were you born?")
    telephone.say("in London", "I was born in London", until="Thank you, Ada. Shall I reset your password?")
    telephone.say("yes please", "yes please do", until="Done.")
    with contextlib.closing(sqlite3.connect(employees_database)) as connection:
        ((password,),) = connection.execute("SELECT password FROM employees WHERE number = '4711'").fetchall()
    assert password != "spoken"


def test_a_streamed_voice_breaks_in(speaking: Addresses, reset_bot: dict[str, str]) -> None:
    first = pb.StartConversationRequest(
        bot_id=reset_bot["botId"],
        bot_alias_id=reset_bot["botAliasId"],
        locale_id="en_US",
        session_id="streamed",
        conversation_mode="AUDIO",
    )
    configuration = first.request_event_stream.configuration_event
    configuration.response_content_type = "audio/pcm"
    configuration.welcome_messages.add(content="Welcome to the service desk.", content_type="PlainText")
    spoken = client("polly", speaking).synthesize_speech(
        Text="what is the weather in Chicago", OutputFormat="pcm", SampleRate="16000", VoiceId="Joey"
    )["AudioStream"].read()
    sent: queue.Queue[pb.StartConversationRequest | None] = queue.Queue()
    sent.put(first)

    def send(**event: Any) -> None:
        sent.put(pb.StartConversationRequest(request_event_stream=pb.StartConversationRequestEventStream(**event)))

    told: list[str] = []
    with Nonet(speaking.grpc) as stub:
        for answer in stub.conversation.start_conversation(iter(sent.get, None)):
            event = answer.response_event_stream
            (kind,) = (field.name for field, _ in event.ListFields())
            if not told or told[-1] != kind:
                told.append(kind)
            if kind == "audio_response_event" and not event.audio_response_event.audio_chunk and len(told) == 2:
                # The welcome is being played; the caller speaks into it, then is silent.
                for begin in range(0, len(spoken) + 48_000, 3_200):
                    chunk = (spoken + bytes(48_000))[begin : begin + 3_200]
                    send(audio_input_event={"audio_chunk": chunk, "content_type": WIDE})
            if kind == "transcript_event":
                assert "weather" in event.transcript_event.transcript.lower()
            if kind == "text_response_event" and len(told) > 2:
                assert event.text_response_event.messages[0].content.startswith("Sorry, I can only")
                send(disconnection_event={})
        sent.put(None)
    told = [kind for kind in told if kind != "heartbeat_event"]
    assert told[:6] == [
        "text_response_event", "audio_response_event", "playback_interruption_event", "transcript_event",
        "intent_result_event", "text_response_event",
    ]  # fmt: skip
