"""Admission: a bound for requests that run, another for callers that wait."""

from __future__ import annotations

import asyncio

import pytest

from nonet.language.v1 import language_pb2 as language
from shared import errors
from shared.auth.principals import Principal
from shared.contract.apis import api_for_client
from shared.rpc.call import Call
from shared.rpc.chain import Admission

REQUEST = language.DetectSentimentRequest()


def call(client: str, operation: str, *, inside: bool = False) -> Call:
    principal = Principal(name="test", account="000000000000")
    return Call(api_for_client(client).operations[operation], principal, "us-east-1", inside=inside)


async def test_waiting_workers_leave_room_for_requests() -> None:
    admission, release = Admission(2), asyncio.Event()

    async def until_released(request: object, call: Call) -> object:
        await release.wait()
        return request

    polls = [
        asyncio.create_task(admission(REQUEST, call("stepfunctions", "GetActivityTask"), until_released))
        for _ in range(16)
    ]
    running = [
        asyncio.create_task(admission(REQUEST, call("comprehend", "DetectSentiment"), until_released)) for _ in range(2)
    ]
    await asyncio.sleep(0)
    for operation in (call("comprehend", "DetectSentiment"), call("stepfunctions", "GetActivityTask")):
        with pytest.raises(errors.ResourceExhausted):
            await admission(REQUEST, operation, until_released)
    inside = asyncio.create_task(admission(REQUEST, call("comprehend", "DetectSentiment", inside=True), until_released))
    release.set()
    assert await asyncio.gather(*polls, *running, inside) == [REQUEST] * 19
    assert await admission(REQUEST, call("comprehend", "DetectSentiment"), until_released) is REQUEST
