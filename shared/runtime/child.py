"""Children: programs of ours in a process of their own, because what they are given may drive them out of bounds.

    child = Child("shared.media.pdf_worker", {"OPENBLAS_NUM_THREADS": "1"}, max_answer_bytes=...)
    answer = child.ask(question, seconds)           # bytes for bytes; synchronous, one thread at a time

A hostile file or expression can ask a library for any amount of memory and time, and no library bounds all it does. So
the child has a bound on its address space and each answer a deadline; a child that passes either is killed. The program
itself calls ``answer_questions`` (shared/runtime/child_program.py). Who asks must not trust the answer's contents: a
child that an input has taken over is a stranger.
"""

from __future__ import annotations

import contextlib
import os
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping

from shared.models.catalog import REPOSITORY_ROOT

#: Before each message on the pipe: its length in bytes, and whether the child ends after it.
HEADER = struct.Struct(">Q?")
_PIECE_BYTES = 1 << 20


class ChildLostError(Exception):
    """The child died of the question, or talks nonsense. It is gone."""


class ChildSilentError(ChildLostError):
    """There was no answer in time."""


class ChildGoneError(ChildLostError):
    """The child was gone before it was asked: no fault of this question."""


class Child:
    """One process and its pipes, used by one thread at a time.

    ``quiet``: nothing it prints is shown; for programs whose complaints may quote what they were asked.
    """

    def __init__(
        self, module: str, environment: Mapping[str, str], *, max_answer_bytes: int, quiet: bool = False
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else None,
            cwd=REPOSITORY_ROOT,
            env={**os.environ, **environment},
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._questions, self._answers = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._questions, False)
        os.set_blocking(self._answers, False)
        self._max_answer_bytes = max_answer_bytes
        self.lost = False
        #: Whether it ended by itself after its last answer.
        self.retired = False

    @property
    def process_id(self) -> int:
        return self._process.pid

    def ask(self, question: bytes, seconds: float) -> bytes:
        """The answer, within ``seconds``.

        Raises:
            ChildLostError: there is none, and there will be none any more.
        """
        deadline = time.monotonic() + seconds
        with self._burying():
            try:
                self._write(HEADER.pack(len(question), False) + question, deadline)
            except BrokenPipeError as broken:
                raise ChildGoneError("the child was gone") from broken
            length, self.retired = HEADER.unpack(self._read(HEADER.size, deadline))
            if length > self._max_answer_bytes:
                raise ChildLostError("an answer of no sensible length")
            return self._read(length, deadline)

    def bury(self) -> None:
        """End the process, whatever it is doing."""
        self.lost = True
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was not sent any more is not missed
                    pipe.close()
        self._process.wait()

    @contextlib.contextmanager
    def _burying(self) -> Iterator[None]:
        """Whatever interrupts an exchange leaves the pipes in disorder: the child goes."""
        try:
            yield
        except OSError as failure:
            self.bury()
            raise ChildLostError("the pipe broke") from failure
        except BaseException:
            self.bury()
            raise

    def _write(self, body: bytes, deadline: float) -> None:
        rest = memoryview(body)
        while rest:
            try:
                rest = rest[os.write(self._questions, rest) :]
            except BlockingIOError:
                self._await(self._questions, select.POLLOUT, deadline)

    def _read(self, length: int, deadline: float) -> bytes:
        parts: list[bytes] = []
        while length:
            self._await(self._answers, select.POLLIN, deadline)
            part = os.read(self._answers, min(length, _PIECE_BYTES))
            if not part:
                raise ChildLostError("the child died")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    @staticmethod
    def _await(descriptor: int, event: int, deadline: float) -> None:
        # poll, for select refuses descriptors above 1,023, which a busy server has.
        poll = select.poll()
        poll.register(descriptor, event)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise ChildSilentError("the child is silent")
