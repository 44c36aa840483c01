"""What one account may ask of one process, so that it cannot starve the others: requests a second and at once."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from google.protobuf.message import Message

from shared import errors
from shared.auth.principals import AccountLimit
from shared.rpc.call import Call
from shared.rpc.chain import Handler


@dataclass(slots=True)
class _Bucket:
    """A token bucket: it fills by ``requests_per_second`` and holds what a second brings; and the requests that run."""

    tokens: float
    filled_at: float
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
        self._buckets: dict[str, _Bucket] = {}

    async def __call__(self, request: Message, call: Call, proceed: Handler) -> Message:
        if call.inside or call.passed_on:
            return await proceed(request, call)
        with self.admit(call.account, waits=call.operation.long_poll):
            return await proceed(request, call)

    @contextlib.contextmanager
    def admit(self, account: str, *, waits: bool = False) -> Iterator[None]:
        """Let one request in. ``waits``: it mostly waits, and does not count among those at once.

        Raises:
            ResourceExhausted: the account has had its share.
        """
        limit = self._limit_of(account) or self._default
        bucket = self._bucket(account, limit)
        if limit.requests_per_second:
            now = self._clock()
            most = max(1.0, limit.requests_per_second)
            bucket.tokens = min(most, bucket.tokens + (now - bucket.filled_at) * limit.requests_per_second)
            bucket.filled_at = now
            if bucket.tokens < 1:
                raise errors.ResourceExhausted(
                    f"Rate exceeded: account {account} may make {limit.requests_per_second:g} requests a second."
                )
        if waits:
            bucket.tokens -= 1
            yield
            return
        if limit.concurrent_requests and bucket.running >= limit.concurrent_requests:
            raise errors.ResourceExhausted(
                f"Account {account} has {bucket.running} requests running, which is its limit: try again in a moment."
            )
        bucket.tokens -= 1
        bucket.running += 1
        try:
            yield
        finally:
            bucket.running -= 1

    def _bucket(self, account: str, limit: AccountLimit) -> _Bucket:
        bucket = self._buckets.get(account)
        if bucket is None:
            bucket = _Bucket(max(1.0, limit.requests_per_second), self._clock())
            self._buckets[account] = bucket
        return bucket


NO_LIMITS = AccountLimits(AccountLimit())
