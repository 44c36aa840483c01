"""Regular expressions on input from outside, which some patterns backtrack on for ever."""

from __future__ import annotations

import time

import regex


def fullmatch(pattern: regex.Pattern[str], value: str, seconds: float) -> bool:
    """Whether the whole ``value`` matches; gives up once this thread has spent ``seconds`` of CPU time on it.

    Raises:
        TimeoutError: it was still open then.
    """
    began, timeout = time.thread_time(), seconds
    while True:
        try:
            return pattern.fullmatch(value, timeout=timeout) is not None
        except TimeoutError:
            # regex reads the clock of the whole process: models that run beside us use up its timeout, so what this
            # thread has spent itself decides.
            if time.thread_time() - began >= seconds:
                raise
            timeout *= 2
