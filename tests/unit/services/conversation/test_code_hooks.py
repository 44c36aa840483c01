"""Code hooks over real sockets: those that answer, hang, lie, break or are not there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.conversation.code_hooks import LARGEST_ANSWER_BYTES, CodeHooks
from services.conversation.dialog.hooks import HookAnswer, HookFailure
from tests.unit.services.conversation.dialog.bots import NOW, hotel

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hotel:PROD"
GOOD = {"sessionState": {"dialogAction": {"type": "Close"}, "intent": {"name": "BookRoom", "state": "Fulfilled"}}}


@asynccontextmanager
async def endpoint(answer: bytes | None, status: str = "200 OK", headers: str = "") -> AsyncIterator[str]:
    """An HTTP server that answers every request so; None: it never does."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer is None:
            await asyncio.sleep(3600)
        else:
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(answer)}\r\n{headers}\r\n".encode() + answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


async def asked(functions: dict[str, str], seconds: float = 30.0) -> HookAnswer | HookFailure:
    hooks = CodeHooks(functions, seconds)
    try:
        return await hooks.ask(ARN, {"messageVersion": "1.0"}, hotel(), NOW)
    finally:
        await hooks.close()


@pytest.mark.parametrize("key", ["hotel", "hotel:PROD", ARN, ARN.removesuffix(":PROD")])
async def test_a_function_is_found_by_name_qualifier_and_arn(key: str) -> None:
    async with endpoint(json.dumps(GOOD).encode()) as url:
        answer = await asked({"other": "http://127.0.0.1:1/", key: url})
    assert isinstance(answer, HookAnswer)
    assert answer.action == "Close" and answer.intent is not None and answer.intent.slots == {"Room": None, "Nights": None}


@pytest.mark.parametrize(
    ("answer", "status", "headers", "reason", "gateway"),
    [
        (b"not json", "200 OK", "", "not JSON", False),
        (b"[]", "200 OK", "", "cannot be followed", False),
        (b"\xff\xfe", "200 OK", "", "not JSON", False),
        (b"{}", "200 OK", "X-Amz-Function-Error: Unhandled\r\n", "error of its own", False),
        (b'{"errorType": "KeyError"}', "500 Oops", "", "error of its own", False),
        (b"", "503 Busy", "", "HTTP status 503", True),
        (b"", "404 Gone", "", "HTTP status 404", False),
        (b"x" * (LARGEST_ANSWER_BYTES + 1), "200 OK", "", "more than", False),
    ],
)
async def test_a_bad_answer_is_a_failure_with_its_reason(
    answer: bytes, status: str, headers: str, reason: str, gateway: bool
) -> None:
    async with endpoint(answer, status, headers) as url:
        failure = await asked({"hotel": url})
    assert isinstance(failure, HookFailure)
    assert (reason in failure.reason, failure.timed_out, failure.gateway) == (True, False, gateway)


async def test_a_hook_that_hangs_has_timed_out() -> None:
    async with endpoint(None) as url:
        failure = await asked({"hotel": url}, seconds=0.2)
    assert isinstance(failure, HookFailure) and failure.timed_out


async def test_a_hook_that_nobody_has_or_reaches() -> None:
    nobody: Any = await asked({})
    assert "NONET_FUNCTIONS" in nobody.reason and not nobody.gateway
    closed: Any = await asked({"hotel": "http://127.0.0.1:1/"})
    assert closed.gateway and not closed.timed_out
