"""Hostile values into every message class: a MalformedRequest or a message, never anything else."""

from __future__ import annotations

import json

import cbor2
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.aws.protocols import _load_cbor
from nonet.conversation.v1 import conversation_pb2 as conversation
from nonet.documents.v1 import documents_pb2 as documents
from nonet.forecast_query.v1 import forecast_query_pb2 as query
from nonet.language.v1 import language_pb2 as language
from shared import errors
from shared.contract.apis import all_apis
from shared.contract.transcode import CBOR, JSON, Transcoder, parse_timestamp

OPERATIONS = sorted((op.path, op) for api in all_apis().values() for op in api.operations.values())
MEMBERS = sorted({field.json_name for _, op in OPERATIONS for field in op.request_class.DESCRIPTOR.fields})

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.binary(max_size=10),
    st.sampled_from(["NaN", "-Infinity", "2026-01-01", "\ud800", "AAAA", "true", "1e400"]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda children: st.one_of(
        st.lists(children, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(MEMBERS), st.text()), children, max_size=5),
    ),
    max_leaves=25,
)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(operation=st.sampled_from(OPERATIONS), value=VALUES, wire_format=st.sampled_from([JSON, CBOR]))
def test_any_value_is_parsed_or_refused(operation, value, wire_format) -> None:
    transcoder = Transcoder(wire_format)
    message = operation[1].request_class()
    try:
        transcoder.parse(message, value)
    except errors.MalformedRequest:
        return
    again = operation[1].request_class()
    shown = transcoder.plain(message)
    transcoder.parse(again, json.loads(json.dumps(shown)) if wire_format is JSON else cbor2.loads(cbor2.dumps(shown)))
    if "nan" not in repr(shown).lower():
        assert transcoder.plain(again) == shown or any(
            "Timestamp" in str(f.message_type) for f, _ in message.ListFields()
        )


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_cbor_or_refused(data: bytes) -> None:
    try:
        value = _load_cbor(data)
        Transcoder(CBOR).parse(language.DetectSentimentRequest(), value)
    except errors.MalformedRequest:
        pass


@pytest.mark.parametrize(
    "data",
    [
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",  # a list that says it is endless
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff" + b"x" * 10,  # bytes that say they are
        b"\xd8\x1c\x81\xd8\x1d\x00",  # a list that holds itself
        b"\xa1\x64Text" + b"\x81" * 100_000 + b"\x00",  # a pit
        b"\xc4\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01",  # a decimal fraction with a vast exponent
    ],
    ids=["long list", "long bytes", "cycle", "deep", "exponent"],
)
def test_cbor_bombs(data: bytes) -> None:
    with pytest.raises(errors.MalformedRequest):
        Transcoder(CBOR).parse(language.DetectSentimentRequest(), _load_cbor(data))


def test_nesting_has_an_end() -> None:
    """Slots may hold slots; a request that digs for ever is refused before Python's own stack ends."""

    def slots(depth: int) -> dict[str, object]:
        slot: dict[str, object] = {"shape": "Scalar"}
        for _ in range(depth):
            slot = {"shape": "Composite", "subSlots": {"inner": slot}}
        return {"sessionState": {"intent": {"name": "Order", "slots": {"outer": slot}}}}

    Transcoder(JSON).parse(conversation.PutSessionRequest(), slots(20))
    with pytest.raises(errors.MalformedRequest, match="deep"):
        Transcoder(JSON).parse(conversation.PutSessionRequest(), slots(200))


def test_lists_of_lists_and_maps_of_lists_have_no_wrapper_on_the_wire() -> None:
    forecast = {"Predictions": {"p50": [{"Timestamp": "2026-01-01", "Value": 1.5}], "mean": []}}
    message = query.Forecast()
    Transcoder(JSON).parse(message, forecast)
    assert Transcoder(JSON).plain(message)["Predictions"]["p50"] == forecast["Predictions"]["p50"]


def test_an_entry_that_holds_nothing_is_null_where_the_contract_says_so() -> None:
    told = {"name": "Book", "slots": {"Room": {"shape": "Scalar", "value": {"interpretedValue": "king"}}, "Nights": None}}
    intent = conversation.Intent()
    Transcoder(JSON).parse(intent, told)
    assert set(intent.slots) == {"Room", "Nights"}
    plain = Transcoder(JSON).plain(intent)
    assert plain["slots"]["Nights"] is None and plain["slots"]["Room"]["shape"] == "Scalar"


def test_blobs_are_base64_in_json_and_bytes_in_cbor() -> None:
    message = documents.Document()
    Transcoder(JSON).parse(message, {"Bytes": "aGVsbG8="})
    assert message.bytes == b"hello"
    assert Transcoder(CBOR).plain(message) == {"Bytes": b"hello"}
    for bad in ("aGVsbG8", "ü", 5, ["aGVsbG8="]):
        with pytest.raises(errors.MalformedRequest):
            Transcoder(JSON).parse(documents.Document(), {"Bytes": bad})


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (0, 0), (1.5, 1), ("1970-01-01T00:00:10Z", 10), ("1970-01-01T01:00:10+01:00", 10),
        ("Thu, 01 Jan 1970 00:00:10 GMT", 10), ("2026-01-01", 1767225600),
    ],
)  # fmt: skip
def test_timestamps(value, seconds) -> None:
    assert parse_timestamp(value, "x").seconds == seconds


@pytest.mark.parametrize("value", [float("nan"), 1e300, "yesterday", "", True, [], "9999999999999-01-01"])
def test_bad_timestamps(value) -> None:
    with pytest.raises(errors.MalformedRequest):
        parse_timestamp(value, "x")


def test_milliseconds_survive() -> None:
    message = Timestamp(seconds=5, nanos=123_000_000)
    from shared.contract.transcode import epoch_seconds

    assert epoch_seconds(message) == 5.123
