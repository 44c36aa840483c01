"""Which retrier or catcher of a state takes an error, and how long a retry waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.orchestration.language.definition import State
from services.orchestration.language.errors import matches

_DEFAULT_INTERVAL_SECONDS = 1
_DEFAULT_MAX_ATTEMPTS = 3
_DEFAULT_BACKOFF_RATE = 2.0
#: A wait that no retrier means: one year.
_LONGEST_SECONDS = 31_622_400.0


@dataclass(frozen=True, slots=True)
class Retry:
    """A retry that is to come."""

    retrier: int
    seconds: float


def plan(state: State, counts: Mapping[int, int], error: str | None, jitter: Callable[[], float]) -> Retry | None:
    """The retry that ``state`` has for ``error``; None when no retrier is meant, or its attempts are used up.

    ``counts``: retries so far by retrier. ``jitter``: a number in [0, 1).
    """
    for number, retrier in enumerate(state.fields.get("Retry", ())):
        if not matches(retrier["ErrorEquals"], error, of_a_task=state.type == "Task"):
            continue
        count = counts.get(number, 0)
        if count >= retrier.get("MaxAttempts", _DEFAULT_MAX_ATTEMPTS):
            return None
        seconds = interval(retrier, count)
        return Retry(number, seconds * jitter() if retrier.get("JitterStrategy") == "FULL" else seconds)
    return None


def interval(retrier: Mapping[str, Any], count: int) -> float:
    """Seconds before retry ``count`` (from 0), without jitter."""
    base = retrier.get("IntervalSeconds", _DEFAULT_INTERVAL_SECONDS)
    rate = retrier.get("BackoffRate", _DEFAULT_BACKOFF_RATE)
    longest = min(retrier.get("MaxDelaySeconds", _LONGEST_SECONDS), _LONGEST_SECONDS)
    try:
        return float(min(base * rate**count, longest))
    except OverflowError:
        return float(longest)


def catcher(state: State, error: str | None) -> Mapping[str, Any] | None:
    """The first catcher of ``state`` that is meant for ``error``."""
    for candidate in state.fields.get("Catch", ()):
        if matches(candidate["ErrorEquals"], error, of_a_task=state.type == "Task"):
            found: Mapping[str, Any] = candidate
            return found
    return None
