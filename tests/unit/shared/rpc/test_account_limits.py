"""Requests a second and at once, by account."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nonet.language.v1 import language_pb2 as language
from shared import errors
from shared.auth.principals import AccountLimit
from shared.rpc.account_limits import NO_LIMITS, AccountLimits
from tests.unit.shared.rpc.test_chain import call

FIRST, SECOND = "000000000001", "000000000002"
REQUEST = language.DetectSentimentRequest()


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_rate_is_one_account_s_own() -> None:
    clock = Clock()
    limits = AccountLimits(AccountLimit(requests_per_second=2), {SECOND: AccountLimit(requests_per_second=5)}.get, clock)

    def burst(account: str) -> int:
        for number in range(100):
            try:
                with limits.admit(account):
                    pass
            except errors.ResourceExhausted as refused:
                assert account in refused.message
                return number
        raise AssertionError("nothing was refused")

    assert (burst(FIRST), burst(SECOND)) == (2, 5)
    clock.now += 0.5
    assert (burst(FIRST), burst(SECOND)) == (1, 2)
    clock.now += 3600
    assert (burst(FIRST), burst(SECOND)) == (2, 5)


@given(st.lists(st.floats(min_value=0, max_value=2), max_size=60), st.floats(min_value=0.1, max_value=20))
def test_no_more_pass_than_time_and_a_second_s_worth_allow(pauses: list[float], rate: float) -> None:
    clock = Clock()
    limits = AccountLimits(AccountLimit(requests_per_second=rate), clock=clock)
    passed = 0
    for pause in pauses:
        clock.now += pause
        try:
            with limits.admit(FIRST):
                passed += 1
        except errors.ResourceExhausted:
            pass
    assert passed <= max(1.0, rate) + rate * sum(pauses) + 1e-6


def test_a_limit_that_comes_later_does_not_count_what_was_before() -> None:
    clock = Clock()
    found: dict[str, AccountLimit] = {}
    limits = AccountLimits(AccountLimit(), found.get, clock)
    for _ in range(1000):
        with limits.admit(FIRST):
            pass
    found[FIRST] = AccountLimit(requests_per_second=2)
    for _ in range(2):
        with limits.admit(FIRST):
            pass
    with pytest.raises(errors.ResourceExhausted), limits.admit(FIRST):
        pass


def test_requests_at_once_count_until_they_end_however_they_do() -> None:
    limits = AccountLimits(AccountLimit(concurrent_requests=2))
    with limits.admit(FIRST), limits.admit(FIRST):
        with pytest.raises(errors.ResourceExhausted, match="2 requests running"), limits.admit(FIRST):
            pass
        with limits.admit(SECOND), limits.admit(FIRST, waits=True):
            pass
    with pytest.raises(ZeroDivisionError), limits.admit(FIRST):
        raise ZeroDivisionError
    with limits.admit(FIRST), limits.admit(FIRST):
        pass


async def test_what_a_gateway_or_we_ourselves_let_in_is_not_counted_again() -> None:
    limits = AccountLimits(AccountLimit(concurrent_requests=1, requests_per_second=1), clock=Clock())

    async def proceed(request: object, _: object) -> object:
        return request

    outside = call("comprehend", "DetectSentiment")
    assert await limits(REQUEST, outside, proceed) is REQUEST
    with pytest.raises(errors.ResourceExhausted):
        await limits(REQUEST, outside, proceed)
    assert await limits(REQUEST, call("comprehend", "DetectSentiment", inside=True), proceed) is REQUEST
    outside.passed_on = True
    assert await limits(REQUEST, outside, proceed) is REQUEST


def test_without_limits_everything_passes() -> None:
    for _ in range(1000):
        with NO_LIMITS.admit(FIRST):
            pass
