"""The interceptors that every unary call passes, whichever face it came in by, and how they are joined."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence

from google.protobuf.message import Message

from shared import errors
from shared.contract.validation import validate
from shared.observability.metrics import CallMetrics
from shared.observability.tracing import Tracer
from shared.rpc.call import Call

Handler = Callable[[Message, Call], Awaitable[Message]]
#: Long polls that are let in for each request that may run.
_WAITING_FOR_ONE_RUNNING = 8
Interceptor = Callable[[Message, Call, Handler], Awaitable[Message]]


def join(interceptors: Sequence[Interceptor], handler: Handler) -> Handler:
    """One handler that passes ``interceptors`` in order, the first outermost, and ends in ``handler``."""
    for interceptor in reversed(interceptors):
        handler = functools.partial(_step, interceptor, handler)
    return handler


def _step(interceptor: Interceptor, proceed: Handler, request: Message, call: Call) -> Awaitable[Message]:
    return interceptor(request, call, proceed)


class Metering:
    """Counts and times calls, and logs those that fail. Contents of requests are never looked at."""

    def __init__(self, metrics: CallMetrics) -> None:
        self._metrics = metrics

    async def __call__(self, request: Message, call: Call, proceed: Handler) -> Message:
        with self._metrics.measure(call):
            return await proceed(request, call)


class Tracing:
    """Opens a span for each call, as a child of the caller's."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    async def __call__(self, request: Message, call: Call, proceed: Handler) -> Message:
        with self._tracer.span(call):
            return await proceed(request, call)


class Admission:
    """Refuses at the door what the process cannot hold: an unbounded queue would fail all callers instead of one."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._running = 0
        # Workers that wait for tasks cost little, but there may be many: they have places of their own.
        self._waiting = 0

    async def __call__(self, request: Message, call: Call, proceed: Handler) -> Message:
        if call.inside:
            return await proceed(request, call)
        if call.operation.long_poll:
            return await self._wait(request, call, proceed)
        if self._running >= self._limit:
            raise errors.ResourceExhausted(f"{self._limit} requests are running already: try again, a little slower.")
        self._running += 1
        try:
            return await proceed(request, call)
        finally:
            self._running -= 1

    async def _wait(self, request: Message, call: Call, proceed: Handler) -> Message:
        most = self._limit * _WAITING_FOR_ONE_RUNNING
        if self._waiting >= most:
            raise errors.ResourceExhausted(f"{most} callers are waiting already: try again, a little slower.")
        self._waiting += 1
        try:
            return await proceed(request, call)
        finally:
            self._waiting -= 1


class Deadline:
    """Ends a call when the caller's patience or the server's own limit is over, whichever is first."""

    def __init__(self, limit_seconds: float) -> None:
        self._limit = limit_seconds

    async def __call__(self, request: Message, call: Call, proceed: Handler) -> Message:
        remaining = call.time_remaining()
        limit = self._limit if remaining is None else min(self._limit, remaining)
        try:
            async with asyncio.timeout(limit):
                return await proceed(request, call)
        except TimeoutError:
            raise errors.DeadlineExceeded(f"The request took longer than {limit:.1f} seconds.") from None


async def validation(request: Message, call: Call, proceed: Handler) -> Message:
    """Holds the request against the contract."""
    validate(request)
    return await proceed(request, call)
