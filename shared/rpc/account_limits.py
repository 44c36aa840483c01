"""What one account may ask of one process, so that it cannot starve the others: requests a second and at once."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from google.protobuf.message import Message

from shared import errors
from shared.auth.principals import AccountLimit
from shared.rpc.call import Call
from shared.rpc.chain import Handler


@dataclass(slots=True)
class _Usage:
    """Of one account: a token bucket, which holds what a second brings, full at first; and the requests that run."""

    tokens: float = math.inf
    filled_at: float = 0.0
    running: int = 0


class AccountLimits:
    """Counts by account. Calls that a gateway has let in, and calls from inside, were counted there."""

    def __init__(
        self,
        default: AccountLimit,
        limit_of: Callable[[str], AccountLimit | None] = lambda account: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``limit_of`` an account; ``default`` where that is None. It is asked anew for each request."""
        self._default = default
        self._limit_of = limit_of
        self._clock = clock
        self._usage: dict[str, _Usage] = {}

    async def __call__(self, request: Message, call: Call, proceed: Handler) -> Message:
        with self.admit_call(call):
            return await proceed(request, call)

    def admit_call(self, call: Call) -> AbstractContextManager[None]:
        """``admit`` for an operation of the contract."""
        if call.inside or call.passed_on:
            return contextlib.nullcontext()
        return self.admit(call.account, waits=call.operation.long_poll)

    @contextlib.contextmanager
    def admit(self, account: str, *, waits: bool = False) -> Iterator[None]:
        """Let one request in. ``waits``: it mostly waits, and does not count among those at once.

        Raises:
            ResourceExhausted: the account has had its share.
        """
        limit = self._limit_of(account) or self._default
        usage = self._usage.setdefault(account, _Usage())
        if not waits and limit.concurrent_requests and usage.running >= limit.concurrent_requests:
            raise errors.ResourceExhausted(
                f"Account {account} has {usage.running} requests running, which is its limit: try again in a moment."
            )
        if limit.requests_per_second:
            self._take_token(account, usage, limit.requests_per_second)
        usage.running += not waits
        try:
            yield
        finally:
            usage.running -= not waits

    def _take_token(self, account: str, usage: _Usage, rate: float) -> None:
        now = self._clock()
        usage.tokens = min(max(1.0, rate), usage.tokens + (now - usage.filled_at) * rate)
        usage.filled_at = now
        if usage.tokens < 1:
            raise errors.ResourceExhausted(f"Rate exceeded: account {account} may make {rate:g} requests a second.")
        usage.tokens -= 1


NO_LIMITS = AccountLimits(AccountLimit())
