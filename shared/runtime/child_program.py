"""The inside of a ``Child``: bounds itself, then answers what comes on its standard input, until that closes."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO

from shared.runtime.child import HEADER


def answer_questions(
    answer: Callable[[bytes], bytes],
    *,
    address_space_bytes: int,
    seconds: float | None = None,
    retires: Callable[[], bool] = lambda: False,
) -> None:
    """Answer questions until the parent closes the pipe.

    ``seconds``: an answer that takes longer ends the process; the parent kills a late child itself, this ends one whose
    parent has gone. ``retires``: asked after each answer; if true, it was the last.
    """
    with contextlib.suppress(ImportError):  # Windows has no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (address_space_bytes, address_space_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    questions = sys.stdin.buffer
    # Nothing that a library prints may get onto the pipe.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while (question := _read(questions)) is not None:
        if seconds is not None:
            signal.setitimer(signal.ITIMER_REAL, seconds)
        body = answer(question)
        if seconds is not None:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        last = retires()
        answers.write(HEADER.pack(len(body), last) + body)
        answers.flush()
        if last:
            return


def _read(pipe: BinaryIO) -> bytes | None:
    """The next question; None when the parent has gone."""
    header = pipe.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    length, _ = HEADER.unpack(header)
    return pipe.read(length)
