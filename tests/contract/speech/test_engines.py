"""Two engines for one voice: the better one speaks, and the other where the better one cannot."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from gateway.process import Addresses
from tests.running import SEPARATE, client


@pytest.fixture(scope="module")
def polly(softly_speaking: Addresses) -> Any:
    return client("polly", softly_speaking)


def model(answer: dict[str, Any]) -> str:
    return answer["ResponseMetadata"]["HTTPHeaders"]["nonet-model"]


def speak(polly: Any, text: str, **options: Any) -> dict[str, Any]:
    kind = "ssml" if text.startswith("<") else "text"
    return polly.synthesize_speech(
        **{"Text": text, "TextType": kind, "OutputFormat": "pcm", "VoiceId": "Joanna", **options}
    )


def test_the_better_engine_speaks(polly: Any) -> None:
    answer = speak(polly, "Good morning.")
    assert model(answer) == "flite"
    assert len(answer["AudioStream"].read()) > 16000


@pytest.mark.parametrize(
    "text",
    [
        '<speak>Say <lang xml:lang="fr-FR">bonjour</lang>.</speak>',
        '<speak><amazon:effect name="whispered">quiet</amazon:effect></speak>',
    ],
)
def test_the_other_one_does_what_it_cannot(polly: Any, text: str) -> None:
    answer = speak(polly, text)
    assert model(answer) == "espeak-ng"
    assert answer["AudioStream"].read()


def test_marks_have_words_and_mouths(polly: Any) -> None:
    answer = speak(polly, "One pear.", OutputFormat="json", SpeechMarkTypes=["word", "viseme"])
    marks = [json.loads(line) for line in answer["AudioStream"].read().splitlines()]
    assert [mark["value"] for mark in marks if mark["type"] == "word"] == ["One", "pear"]
    assert [mark["value"] for mark in marks if mark["type"] == "viseme"][:3] == ["u", "E", "t"]


def test_sound_comes_before_all_of_it_is_made(softly_speaking: Addresses) -> None:
    """The body has no announced length and comes in many pieces; a short text would fit into one.

    Not where a gateway stands before the service: gRPC brings it the answer whole.
    """
    address = urlsplit(softly_speaking.http)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    text = "The birch canoe slid on the smooth planks. " * 60
    body = json.dumps({"Text": text, "OutputFormat": "mp3", "VoiceId": "Joanna"})
    connection.request("POST", "/v1/speech", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200
    in_pieces = answer.headers["Transfer-Encoding"] == "chunked" and "Content-Length" not in answer.headers
    assert in_pieces is not SEPARATE
    assert len(answer.read()) > 100_000
    # What is wrong with a request is still told in the ordinary way.
    connection.request("POST", "/v1/speech", json.dumps({"Text": "a", "OutputFormat": "mp3", "VoiceId": "Nobody"}))
    refused = connection.getresponse()
    assert refused.status == 400 and json.loads(refused.read())["message"]
    connection.close()
