"""What one account may ask of one process, so that it cannot starve the others: requests a second and at once."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from google.protobuf.message import Message

from shared import errors
from shared.auth.principals import AccountLimit
from shared.rpc.call import Call
from shared.rpc.chain import Handler


@dataclass(slots=True)
class _Bucket:
    """A token bucket: it fills by ``limit.requests_per_second`` and holds what a second brings."""

    limit: AccountLimit
    tokens: float
    filled_at: float
    running: int = 0


class AccountLimits:
    """Counts by account. Calls that a gateway has let in, and calls from inside, were counted there."""

    def __init__(
        self,
        default: AccountLimit,
        accounts: Mapping[str, AccountLimit],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``default``: of accounts that ``accounts`` does not name."""
        self._default = default
        self._accounts = accounts
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
        bucket = self._bucket(account)
        limit = bucket.limit
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

    def _bucket(self, account: str) -> _Bucket:
        bucket = self._buckets.get(account)
        if bucket is None:
            limit = self._accounts.get(account, self._default)
            bucket = _Bucket(limit, max(1.0, limit.requests_per_second), self._clock())
            self._buckets[account] = bucket
        return bucket


NO_LIMITS = AccountLimits(AccountLimit(), {})
