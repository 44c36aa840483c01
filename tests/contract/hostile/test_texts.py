"""Texts at and beyond the limits, and texts that nobody expects."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.error import HTTPError

import grpc
import pytest

from gateway.process import Addresses
from nonet.language.v1 import language_pb2_grpc
from tests.contract.answers import Recorder
from tests.contract.hostile.test_files import code_of
from tests.contract.language.test_comprehend import located

#: Operation -> most bytes of a text.
LIMITS = {
    "detect_sentiment": 5_000,
    "detect_syntax": 5_000,
    "detect_entities": 100_000,
    "detect_key_phrases": 100_000,
    "detect_dominant_language": 100_000,
    "detect_pii_entities": 100_000,
    "contains_pii_entities": 100_000,
}
LISTS = {"detect_entities": "Entities", "detect_key_phrases": "KeyPhrases", "detect_syntax": "SyntaxTokens",
         "detect_pii_entities": "Entities"}  # fmt: skip
ODD = {
    "NUL": "before\x00after",
    "only emoji": "😀👩‍👩‍👧‍👦🏳️‍🌈🇩🇪",
    "right to left": "שלום עולם, هذا نص من اليمين إلى اليسار",
    "blanks": " \t\n\u00a0\u2003 ",
    "controls": "\x01\x02\x1b[31mred\x7f\u202eevil\u2066",
    "byte order mark": "\ufeffHello World",
    "combining": "Z̴̡̛͍̖͖a̸̧̻̐l̶̢̛̙̀g̸̛̰̊o̷͇̍" * 20,
    "one long word": "a" * 4_900,
    "astral": "𝓗𝓮𝓵𝓵𝓸 𝕎𝕠𝕣𝕝𝕕 😀 in Paris",
    "private use": "\ue000\uf8ff\U0010fffd",
    "markup": "<script>alert('x')</script> & \"quotes\" {{7*7}} ${jndi:ldap://x} %s%n",
    "patterns": "((((((((((a+)+)+)+)+)+)+" + "1-" * 2000,
}


def parameters(operation: str) -> dict[str, str]:
    return {} if "dominant" in operation else {"LanguageCode": "en"}


def post(suite: Addresses, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """A request that boto3 would refuse to send."""
    headers = {"X-Amz-Target": f"Comprehend_20171127.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    request = urllib.request.Request(suite.http, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.parametrize("operation", LIMITS)
def test_limits_are_bytes(comprehend: Recorder, operation: str) -> None:
    limit = LIMITS[operation]
    assert comprehend.ask(operation, Text="ü" * 20 + " " + "word " * 100, **parameters(operation))
    for text in ("a" * (limit + 1), "ü" * (limit // 2 + 1), "😀" * (limit // 4 + 1)):
        code = code_of(comprehend, operation, Text=text, **parameters(operation))
        assert code == "TextSizeLimitExceededException"


@pytest.mark.parametrize("operation", LIMITS)
def test_the_largest_text_is_answered(comprehend: Recorder, operation: str) -> None:
    """One character as often as it goes: no blank, no sentence, nothing to cut it at."""
    text = "ü" * (LIMITS[operation] // 2)
    answer = comprehend.ask(operation, Text=text, **parameters(operation))
    if operation in LISTS:
        located(text, answer[LISTS[operation]])


@pytest.mark.parametrize("name", ODD)
def test_odd_texts(comprehend: Recorder, name: str) -> None:
    for operation in LIMITS:
        answer = comprehend.ask(operation, Text=ODD[name], **parameters(operation))
        if operation in LISTS:
            located(ODD[name], answer[LISTS[operation]])
        elif operation == "detect_sentiment":
            assert sum(answer["SentimentScore"].values()) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("operation", ["DetectSentiment", "DetectEntities", "DetectPiiEntities"])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"Text": "", "LanguageCode": "en"}', "InvalidRequestException"),
        (b'{"LanguageCode": "en"}', "InvalidRequestException"),
        (b'{"Text": null, "LanguageCode": "en"}', "InvalidRequestException"),
        (b'{"Text": "\xc3\x28", "LanguageCode": "en"}', "SerializationException"),
        (b'{"Text": "\\udfff", "LanguageCode": "en"}', "SerializationException"),
        (b'{"Text": ["a"], "LanguageCode": "en"}', "SerializationException"),
        (b'{"Text": "a", "LanguageCode": 1}', "SerializationException"),
        (b'{"Text": NaN}', "SerializationException"),
        (b"", "InvalidRequestException"),
    ],
)
def test_bodies_that_no_client_sends(suite: Addresses, operation: str, body: bytes, code: str) -> None:
    status, document = post(suite, operation, body)
    assert (status, document["__type"]) == (400, code)


@pytest.mark.parametrize("operation", ["entities", "key_phrases", "sentiment", "syntax", "dominant_language"])
def test_batches(comprehend: Recorder, suite: Addresses, operation: str) -> None:
    name = f"batch_detect_{operation}"
    answer = comprehend.ask(name, TextList=["Paris is nice."] * 25, **parameters(operation))
    assert [item["Index"] for item in answer["ResultList"]] == list(range(25))
    assert answer["ErrorList"] == []
    code = code_of(comprehend, name, TextList=["a"] * 26, **parameters(operation))
    assert code == "BatchSizeLimitExceededException"
    # One document of each odd kind, one too long: all but that one are answered.
    texts = ["x" * 5_001, *ODD.values()]
    answer = comprehend.ask(name, TextList=texts, **parameters(operation))
    assert [failure["Index"] for failure in answer["ErrorList"]] == [0]
    assert [item["Index"] for item in answer["ResultList"]] == list(range(1, len(texts)))
    wire_name = comprehend.client.meta.method_to_api_mapping[name]
    for body in ({"TextList": []}, {"TextList": ["good", ""]}, {}):
        status, document = post(suite, wire_name, json.dumps({**body, **parameters(operation)}).encode())
        assert (status, document["__type"]) == (400, "InvalidRequestException"), body


@pytest.mark.parametrize("operation", [name for name in LIMITS if "dominant" not in name])
@pytest.mark.parametrize("language", ["xx", "ko", "EN", "en-US", "../en", ""])
def test_unknown_languages(comprehend: Recorder, operation: str, language: str) -> None:
    """Codes that do not exist, and codes that the contract knows but no model here."""
    code = code_of(comprehend, operation, Text="word", LanguageCode=language)
    assert code in {"UnsupportedLanguageException", "InvalidRequestException"}
    if language in ("xx", "ko"):
        assert code == "UnsupportedLanguageException"


def test_grpc_takes_no_bytes_for_text(suite: Addresses) -> None:
    """A protobuf string of bytes that are no UTF-8, which no protobuf library writes."""
    with grpc.insecure_channel(suite.grpc) as channel:
        assert language_pb2_grpc.LanguageStub(channel)
        call = channel.unary_unary("/nonet.language.v1.Language/DetectSentiment")
        for body in (b"\x0a\x02\xc3\x28", b"\x0a\x03\xed\xa0\x80", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a"):
            with pytest.raises(grpc.RpcError) as caught:
                call(body, timeout=20)
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
