"""An answer's payload: whole, or its first piece where the wire takes the rest as it comes."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from shared import errors
from shared.auth.principals import Principal
from shared.contract.apis import api_for_client
from shared.rpc.call import Call


def call(takes_pieces: bool) -> Call:
    operation = api_for_client("polly").operations["SynthesizeSpeech"]
    return Call(operation, Principal(name="me", account="000000000000"), "us-east-1", takes_pieces=takes_pieces)


async def pieces(*made: bytes) -> AsyncGenerator[bytes]:
    for piece in made:
        if piece == b"fail":
            raise errors.Unavailable("the engine stopped")
        yield piece


async def test_a_wire_without_pieces_gets_all_of_them() -> None:
    whole = call(takes_pieces=False)
    assert await whole.payload(pieces(b"", b"a", b"b")) == b"ab"
    assert whole.rest_of_payload is None


async def test_a_wire_with_pieces_gets_the_first_and_then_the_rest() -> None:
    begun = call(takes_pieces=True)
    assert await begun.payload(pieces(b"", b"a", b"b", b"c")) == b"a"
    assert begun.rest_of_payload is not None
    assert [piece async for piece in begun.rest_of_payload] == [b"b", b"c"]


async def test_an_empty_payload_is_whole() -> None:
    empty = call(takes_pieces=True)
    assert await empty.payload(pieces()) == b""
    assert empty.rest_of_payload is None


async def test_what_fails_before_the_first_piece_is_an_ordinary_error() -> None:
    with pytest.raises(errors.Unavailable):
        await call(takes_pieces=True).payload(pieces(b"", b"fail"))
