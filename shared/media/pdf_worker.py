"""The child of ``PdfReader``: opens one PDF at a time, on its standard input, until that closes."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

from shared import errors
from shared.media.pdf import PdfFile
from shared.media.pdf_reader import HEADER, TOO_MUCH
from shared.runtime.codec import decode, encode

#: Address space of the child in bytes. Ordinary documents were seen to need 175 MB, Python and NumPy included.
ADDRESS_SPACE = 768 * 1024**2


def main() -> None:
    with contextlib.suppress(ImportError):  # Windows has no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    questions = sys.stdin.buffer
    # Nothing that a library prints may get onto the pipe.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    document: PdfFile | None = None
    while (question := read(questions)) is not None:
        operation, *arguments = question
        try:
            if operation == "open":
                place, limits = arguments
                document = PdfFile(place if isinstance(place, bytes) else Path(place), limits)
                answer: Any = document.page_count
            elif operation == "page" and document is not None:
                answer = document.page(*arguments)
            else:
                if document is not None:
                    document.close()
                document, answer = None, None
        except errors.NonetError as error:
            answer = error
        except MemoryError:
            answer = errors.BadDocument(TOO_MUCH)
        body = encode(answer)
        answers.write(HEADER.pack(len(body)) + body)
        answers.flush()


def read(pipe: BinaryIO) -> Any:
    """The next question; None when the parent has gone."""
    header = pipe.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (length,) = HEADER.unpack(header)
    return decode(pipe.read(length))


if __name__ == "__main__":
    main()
