"""PDFs in a process of their own: what a hostile file does to PDFium, it does to a child that can be killed.

A PDF of a few kilobytes can ask for any amount of memory and time: streams that unpack to gigabytes, forms that draw
one another. PDFium has no bound for that, so the child has one on its address space and each answer has a deadline; a
child that passes either is gone, and the document is refused. Children are kept for the next document, for starting one
takes a fifth of a second. What they answer is read by a codec that makes nothing but our own dataclasses, because a
child that a file has taken over is a stranger.
"""

from __future__ import annotations

import atexit
import threading
from pathlib import Path
from typing import Any

from shared import errors
from shared.media.pdf import PdfLimits, PdfPage
from shared.runtime.child import Child, ChildLostError
from shared.runtime.codec import decode, encode

#: The longest answer that is taken: a page of the largest raster with its words is far below it.
MAX_ANSWER_BYTES = 256 * 1024 * 1024
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
        self._worker: _Worker | None = _workers.take()
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
        """Give the worker back, or bury it."""
        worker, self._worker = self._worker, None
        if worker is not None:
            _workers.give_back(worker)

    def _ask(self, operation: str, *arguments: Any) -> Any:
        if self._worker is None:
            raise errors.BadDocument(TOO_MUCH)
        try:
            return self._worker.ask((operation, *arguments), self._seconds)
        except ChildLostError as lost:
            self.close()
            raise errors.BadDocument(TOO_MUCH) from lost


class _Worker:
    """A child and the number of documents it has read."""

    def __init__(self) -> None:
        # A thread of OpenBLAS takes address space that the document should have.
        environment = {"OPENBLAS_NUM_THREADS": "1"}
        self.child = Child("shared.media.pdf_worker", environment, max_answer_bytes=MAX_ANSWER_BYTES)
        self.documents = 0

    def ask(self, question: tuple[Any, ...], seconds: float) -> Any:
        """The answer to one question.

        Raises:
            ChildLostError: there is none, and there will be none any more.
            NonetError: what the child says of the document.
        """
        try:
            answer = decode(self.child.ask(encode(question), seconds))
        except errors.MalformedRequest as nonsense:
            self.child.bury()
            raise ChildLostError("the child talks nonsense") from nonsense
        if isinstance(answer, errors.NonetError):
            raise answer
        return answer


class _Workers:
    """Workers that wait for a document, and how many there may be."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(MAX_READERS)

    def take(self) -> _Worker:
        if not self._places.acquire(timeout=PATIENCE_SECONDS):
            raise errors.ResourceExhausted(f"{MAX_READERS} PDFs are being read already: try again, a little slower.")
        try:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            worker = worker or _Worker()
        except BaseException:
            self._places.release()
            raise
        worker.documents += 1
        return worker

    def give_back(self, worker: _Worker) -> None:
        try:
            if not worker.child.lost:
                self._retire_or_keep(worker)
        finally:
            self._places.release()

    def _retire_or_keep(self, worker: _Worker) -> None:
        if worker.documents < DOCUMENTS_A_CHILD:
            try:
                worker.ask(("close",), GRACE_SECONDS)
            except (ChildLostError, errors.NonetError):
                pass
            else:
                with self._lock:
                    self._idle.append(worker)
                return
        worker.child.bury()

    def bury_all(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.child.bury()


_workers = _Workers()
atexit.register(_workers.bury_all)
