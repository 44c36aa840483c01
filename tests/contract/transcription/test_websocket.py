"""Live transcription over a WebSocket, as a browser speaks to AWS: a presigned URL, events both ways."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.eventstream import EventStreamBuffer
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from gateway.aws.event_stream import EventMessage, encode_message
from gateway.process import Addresses
from shared.media.audio import Audio
from tests.conftest import ROOT
from tests.running import nonet

CALL = ROOT / "examples" / "chains" / "call" / "call.ogg"
PATH = "/stream-transcription-websocket"
#: Live decoders of the embedded engine.
MAX_LISTENING = 4
SETTINGS = {"language-code": "en-US", "media-encoding": "pcm", "sample-rate": "16000"}


def url(addresses: Addresses, settings: dict[str, str], keys: tuple[str, str] | None = None) -> str:
    address = f"{addresses.http}{PATH}?{urlencode(settings)}"
    if keys is not None:
        request = AWSRequest("GET", address)
        SigV4QueryAuth(Credentials(*keys), "transcribe", "us-east-1", expires=60).add_auth(request)
        address = str(request.url)
    return f"ws{address.removeprefix('http')}"


def said(seconds: float) -> Iterator[bytes]:
    """The agent's channel of the example's call, in pieces of 100 ms of 16-bit samples."""
    audio = Audio(CALL)
    left = round(seconds * 16_000)
    for block in audio.blocks(16_000, mono=False):
        samples = (block[0, :left] * 32767).astype("<i2").tobytes()
        left -= len(samples) // 2
        for begin in range(0, len(samples), 3200):
            yield samples[begin : begin + 3200]
    audio.close()


def sound(chunk: bytes) -> bytes:
    headers = {":content-type": "application/octet-stream", ":event-type": "AudioEvent", ":message-type": "event"}
    return encode_message(EventMessage(headers, chunk))


def events(connection: ClientConnection) -> Iterator[tuple[str, dict]]:
    """Type and content of what comes, until the server closes."""
    for data in connection:
        buffer = EventStreamBuffer()
        buffer.add_data(data)
        (event,) = list(buffer)
        kind = event.headers.get(":event-type") or event.headers[":exception-type"]
        yield kind, json.loads(event.payload)


def test_a_sentence_becomes_text_while_it_is_spoken(hearing: Addresses) -> None:
    with connect(url(hearing, SETTINGS)) as connection:
        for chunk in said(5.0):
            connection.send(sound(chunk))
        connection.send(sound(b""))
        results = [result for _, event in events(connection) for result in event["Transcript"]["Results"]]
    assert results[0]["IsPartial"] and not results[-1]["IsPartial"]
    final = " ".join(r["Alternatives"][0]["Transcript"] for r in results if not r["IsPartial"]).lower()
    spoken = ["good", "morning", "thank", "you", "for", "calling", "how", "can", "i", "help", "you"]
    understood = sum(word in re.findall(r"[a-z]+", final) for word in spoken)
    assert understood >= 0.6 * len(spoken), final
    words = [
        item for result in results for item in result["Alternatives"][0]["Items"] if item["Type"] == "pronunciation"
    ]
    assert all(0 <= word["StartTime"] <= word["EndTime"] <= 6 for word in words)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({**SETTINGS, "language-code": "tlh-QO"}, "tlh"),
        ({**SETTINGS, "sample-rate": "4000"}, "MediaSampleRateHertz"),
        ({**SETTINGS, "sample-rate": "much"}, "MediaSampleRateHertz"),
        ({**SETTINGS, "media-encoding": "smoke"}, "MediaEncoding"),
        ({"media-encoding": "pcm", "sample-rate": "16000"}, "LanguageCode"),
        ({**SETTINGS, "vocabulary-name": "nobody"}, "nobody"),
    ],
)
def test_settings_that_cannot_be(hearing: Addresses, settings: dict[str, str], told: str) -> None:
    with connect(url(hearing, settings)) as connection:
        ((kind, content),) = list(events(connection))
    assert kind == "BadRequestException" and told in content["Message"]


@pytest.mark.parametrize(
    "message",
    ["text", b"", b"\x00" * 40, sound(b"abc")[:-1], encode_message(EventMessage({":message-type": "event"}, b"x"))],
)
def test_what_is_no_event_ends_the_stream(hearing: Addresses, message: str | bytes) -> None:
    with connect(url(hearing, SETTINGS)) as connection:
        connection.send(message)
        ((kind, _),) = list(events(connection))
    assert kind == "BadRequestException"


def test_a_message_that_is_too_large_ends_the_connection(hearing: Addresses) -> None:
    with connect(url(hearing, SETTINGS)) as connection:
        connection.send(sound(bytes(300_000)))
        with pytest.raises(ConnectionClosedError) as closed:
            list(connection)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009


def test_clients_that_vanish_make_room_for_others(hearing: Addresses) -> None:
    """Four times as many as may listen at once: each is gone without a word, and its place is free soon after."""
    until = time.monotonic() + 60
    served = 0
    while served < 4 * MAX_LISTENING:
        with connect(url(hearing, SETTINGS)) as connection:
            try:
                connection.send(sound(next(said(1.0))))
                connection.recv(timeout=0.1)
            except TimeoutError:  # nothing is wrong, and nothing was said yet
                served += 1
            except ConnectionClosed:
                pass  # no place is free yet
            connection.socket.shutdown(socket.SHUT_RDWR)
        assert time.monotonic() < until


def test_keys_are_checked_where_keys_are_needed(tmp_path: Path) -> None:
    keys = tmp_path / "keys.toml"
    keys.write_text(
        '[[principal]]\nname = "ada"\naccount = "000000000042"\naccess_key_id = "AKADA"\nsecret_access_key = "secret"\n'
    )
    with nonet(tmp_path / "data", services="transcription", principals_file=keys) as addresses:
        for wrong in (None, ("AKADA", "another"), ("AKNOBODY", "secret")):
            with pytest.raises(InvalidStatus) as refused:
                connect(url(addresses, SETTINGS, wrong))
            assert refused.value.response.status_code == 403
        with connect(url(addresses, SETTINGS, ("AKADA", "secret"))) as connection:
            connection.send(sound(b""))
            assert list(events(connection)) == []


def test_no_other_place_takes_a_websocket(hearing: Addresses) -> None:
    parts = urlsplit(hearing.http)
    with pytest.raises(InvalidStatus):
        connect(f"ws://{parts.netloc}/elsewhere")
