"""A program for ``Child`` that does what it is asked, for the tests of both sides."""

from __future__ import annotations

import os
import sys
import time

from shared.runtime.child_program import answer_questions


def answer(question: bytes) -> bytes:
    order, _, rest = question.partition(b" ")
    if order == b"die":
        os._exit(3)
    if order == b"sleep":
        time.sleep(float(rest))
    if order == b"allocate":
        try:
            return b"%d" % len(bytearray(int(rest)))
        except MemoryError:
            return b"no"
    if order == b"print":
        print("this is no answer")
        sys.stdout.flush()
    return question


if __name__ == "__main__":
    answer_questions(answer, address_space_bytes=512 * 1024**2, seconds=5.0)
