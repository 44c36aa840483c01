"""The child of ``PdfReader``: opens one PDF at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shared import errors
from shared.media.pdf import PdfFile
from shared.media.pdf_reader import TOO_MUCH
from shared.runtime.child_program import answer_questions
from shared.runtime.codec import decode, encode

#: Address space of the child in bytes. Ordinary documents were seen to need 175 MB, Python and NumPy included.
ADDRESS_SPACE = 768 * 1024**2


class Desk:
    """The document that is open, if one is."""

    def __init__(self) -> None:
        self._document: PdfFile | None = None

    def answer(self, question: bytes) -> bytes:
        """What ``PdfReader`` asks: ("open", file, limits), ("page", index) or ("close",)."""
        operation, *arguments = decode(question)
        try:
            return encode(self._do(operation, arguments))
        except errors.NonetError as error:
            return encode(error)
        except MemoryError:
            return encode(errors.BadDocument(TOO_MUCH))

    def _do(self, operation: str, arguments: list[Any]) -> Any:
        if operation == "open":
            place, limits = arguments
            self._document = PdfFile(place if isinstance(place, bytes) else Path(place), limits)
            return self._document.page_count
        if operation == "page" and self._document is not None:
            return self._document.page(*arguments)
        document, self._document = self._document, None
        if document is not None:
            document.close()
        return None


if __name__ == "__main__":
    answer_questions(Desk().answer, address_space_bytes=ADDRESS_SPACE)
