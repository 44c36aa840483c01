"""PDFs in a process of their own: what a hostile file does to PDFium, it does to a child that can be killed.

A PDF of a few kilobytes can ask for any amount of memory and time: streams that unpack to gigabytes, forms that draw
one another. PDFium has no bound for that, so the child has one on its address space and each answer has a deadline; a
child that passes either is gone, and the document is refused. Children are kept for the next document, for starting one
takes a fifth of a second. What they answer is read by a codec that makes nothing but our own dataclasses, because a
child that a file has taken over is a stranger.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared import errors
from shared.media.pdf import PdfLimits, PdfPage
from shared.models.catalog import REPOSITORY_ROOT
from shared.runtime.codec import decode, encode

#: Length of a message on the pipe: 8 bytes, big-endian.
HEADER = struct.Struct(">Q")
#: The longest message that is taken: a page of the largest raster with its words is far below it.
MAX_MESSAGE_BYTES = 256 * 1024 * 1024
#: Documents that are open at once in this process; further ones wait so long, in seconds.
MAX_READERS, PATIENCE_SECONDS = 4, 120.0
#: Documents that one child reads before it is replaced: whatever PDFium leaks goes with it.
DOCUMENTS_A_CHILD = 50
#: Seconds that a child gets on top of the page's own time: to start, to find the text, to send the pixels.
GRACE_SECONDS = 15.0
TOO_MUCH = "The PDF needs more memory or time than one may take."


class PdfReader:
    """An open PDF, like ``PdfFile``. Close it, or use it as a context manager.

    Raises ``BadDocument`` for damaged, empty or too demanding files and ``UnsupportedDocument`` for protected ones,
    from the constructor or when a page is asked for.
    """

    def __init__(self, source: bytes | Path, limits: PdfLimits) -> None:
        self._seconds = limits.max_seconds + GRACE_SECONDS
        self._child: _Child | None = _children.take()
        place = source if isinstance(source, bytes) else str(source)
        try:
            self.page_count: int = self._ask("open", place, limits)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> PdfReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def page(self, index: int) -> PdfPage:
        """Page ``index`` from 0."""
        page = self._ask("page", index)
        if not isinstance(page, PdfPage):
            raise errors.BadDocument(TOO_MUCH)
        return page

    def close(self) -> None:
        """Give the child back, or bury it."""
        child, self._child = self._child, None
        if child is not None:
            _children.give_back(child)

    def _ask(self, operation: str, *arguments: Any) -> Any:
        if self._child is None:
            raise errors.BadDocument(TOO_MUCH)
        try:
            return self._child.ask((operation, *arguments), self._seconds)
        except _ChildLostError as lost:
            self.close()
            raise errors.BadDocument(TOO_MUCH) from lost


class _ChildLostError(Exception):
    """The child died, fell silent, or talks nonsense."""


class _Child:
    """One process and its pipe; used by one document at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "shared.media.pdf_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=REPOSITORY_ROOT,
            # A thread of OpenBLAS takes address space that the document should have.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        self.lost = False
        self.documents = 0

    def ask(self, question: tuple[Any, ...], seconds: float) -> Any:
        """The answer to one question.

        Raises:
            _ChildLostError: there is none, and there will be none any more.
            NonetError: what the child says of the document.
        """
        deadline = time.monotonic() + seconds
        try:
            with self._burying():
                self._send(encode(question))
                answer = decode(self._receive(deadline))
        except errors.MalformedRequest as nonsense:
            self.bury()
            raise _ChildLostError from nonsense
        if isinstance(answer, errors.NonetError):
            raise answer
        return answer

    def bury(self) -> None:
        self.lost = True
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was not sent any more is not missed
                    pipe.close()
        self._process.wait()

    @contextlib.contextmanager
    def _burying(self) -> Iterator[None]:
        """Whatever interrupts an exchange leaves a pipe in disorder: the child goes."""
        try:
            yield
        except OSError as failure:
            self.bury()
            raise _ChildLostError from failure
        except BaseException:
            self.bury()
            raise

    def _send(self, body: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(HEADER.pack(len(body)) + body)
        self._process.stdin.flush()

    def _receive(self, deadline: float) -> bytes:
        (length,) = HEADER.unpack(self._read(HEADER.size, deadline))
        if length > MAX_MESSAGE_BYTES:
            raise OSError("an answer of no sensible length")
        return self._read(length, deadline)

    def _read(self, length: int, deadline: float) -> bytes:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        parts: list[bytes] = []
        while length:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise OSError("the child is silent")
            part = os.read(descriptor, min(length, 1 << 20))
            if not part:
                raise OSError("the child died")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)


class _Children:
    """Children that wait for a document, and how many there may be."""

    def __init__(self) -> None:
        self._idle: list[_Child] = []
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(MAX_READERS)

    def take(self) -> _Child:
        if not self._places.acquire(timeout=PATIENCE_SECONDS):
            raise errors.ResourceExhausted(f"{MAX_READERS} PDFs are being read already: try again, a little slower.")
        try:
            with self._lock:
                child = self._idle.pop() if self._idle else None
            child = child or _Child()
        except BaseException:
            self._places.release()
            raise
        child.documents += 1
        return child

    def give_back(self, child: _Child) -> None:
        try:
            if not child.lost:
                self._retire_or_keep(child)
        finally:
            self._places.release()

    def _retire_or_keep(self, child: _Child) -> None:
        if child.documents < DOCUMENTS_A_CHILD:
            try:
                child.ask(("close",), GRACE_SECONDS)
            except (_ChildLostError, errors.NonetError):
                pass
            else:
                with self._lock:
                    self._idle.append(child)
                return
        if not child.lost:
            child.bury()

    def bury_all(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.bury()


_children = _Children()
atexit.register(_children.bury_all)
