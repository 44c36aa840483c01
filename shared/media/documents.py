"""Document bytes to pages: JPEG, PNG, TIFF and PDF, one page at a time, within limits.

Only the page at hand is in memory; a document of 3,000 pages needs as much as one of one page, plus its file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from shared import errors
from shared.media.images import ImageLimits, decoding, frame_pixels, open_image
from shared.media.pdf import LayerWord, PdfLimits
from shared.media.pdf_reader import PdfReader

PDF_MAGIC = b"%PDF-"
TIFF_MAGICS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
JPEG_MAGIC = b"\xff\xd8\xff"
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """What a document may be. The defaults are those of a synchronous call."""

    max_bytes: int = 10 * 1024 * 1024
    max_pages: int = 1
    image: ImageLimits = field(
        default_factory=lambda: ImageLimits(
            max_pixels=100_000_000, max_side=20_000, formats=("JPEG", "PNG", "TIFF"), reduce_to=12_000_000
        )
    )
    pdf: PdfLimits = field(default_factory=PdfLimits)


#: What a job may read.
JOB_LIMITS = DocumentLimits(max_bytes=500 * 1024 * 1024, max_pages=3000)


@dataclass(frozen=True, slots=True)
class Page:
    """One page: ``number`` from 1, ``pixels`` uint8 (height, width, 3) RGB."""

    number: int
    pixels: npt.NDArray[np.uint8]
    #: Words of a trustworthy text layer, or None.
    words: tuple[LayerWord, ...] | None = None
    #: Pictures on a page that has a text layer: (left, top, right, bottom) as shares of the page.
    pictures: tuple[tuple[float, float, float, float], ...] = ()


class Document:
    """An open document. ``page_count`` is known; ``pages()`` yields one page after the other.

    Raises ``UnsupportedDocument`` (format, password), ``BadDocument`` (damaged, empty) and ``DocumentTooLarge``
    (bytes, pages, pixels), when opened or when the page in question is reached.
    """

    def __init__(self, source: bytes | Path, limits: DocumentLimits | None = None) -> None:
        self._limits = limits or DocumentLimits()
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if size > self._limits.max_bytes:
            raise errors.DocumentTooLarge(f"The document has more than {self._limits.max_bytes} bytes.")
        if size == 0:
            raise errors.BadDocument("The document is empty.")
        head = source[:1024] if isinstance(source, bytes) else _head(source)
        self._pdf: PdfReader | None = None
        self._image: Image.Image | None = None
        if PDF_MAGIC in head:
            self.format = "PDF"
            self._pdf = PdfReader(source, self._limits.pdf)
            self.page_count = self._pdf.page_count
        elif head.startswith((JPEG_MAGIC, PNG_MAGIC, *TIFF_MAGICS)):
            with _as_document():
                data = source if isinstance(source, bytes) else source.read_bytes()
                self._image = open_image(data, self._limits.image.formats)
                self.format = str(self._image.format)
                # Only a TIFF has pages; the frames of an animated PNG and of a multi-picture JPEG are one picture.
                self.page_count = self._count_frames() if self.format == "TIFF" else 1
        else:
            raise errors.UnsupportedDocument("The document is none of JPEG, PNG, TIFF and PDF.")
        if self.page_count < 1:
            self.close()
            raise errors.BadDocument("The document has no pages.")
        if self.page_count > self._limits.max_pages:
            self.close()
            if self._limits.max_pages == 1:
                raise errors.UnsupportedDocument(
                    f"The document has {self.page_count} pages. A synchronous call reads one page: start a job."
                )
            raise errors.DocumentTooLarge(
                f"The document has {self.page_count} pages; the limit is {self._limits.max_pages}."
            )

    def __enter__(self) -> Document:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the document's memory back."""
        if self._pdf is not None:
            self._pdf.close()
        if self._image is not None:
            self._image.close()

    def pages(self, first: int = 1) -> Iterator[Page]:
        """Pages from number ``first`` on."""
        for number in range(first, self.page_count + 1):
            yield self.page(number)

    def page(self, number: int) -> Page:
        """Page ``number``, from 1."""
        if self._pdf is not None:
            page = self._pdf.page(number - 1)
            return Page(number, page.pixels, page.words, page.pictures)
        assert self._image is not None
        with _as_document():
            if self.format == "TIFF":
                self._image.seek(number - 1)
            return Page(number, frame_pixels(self._image, self._limits.image))

    def _count_frames(self) -> int:
        """Pages of a TIFF, counted no further than the limit allows: the chain of directories may be endless."""
        assert self._image is not None
        count = 0
        with contextlib.suppress(EOFError):
            while count <= self._limits.max_pages:
                self._image.seek(count)
                count += 1
        self._image.seek(0)
        return count


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1024)


@contextlib.contextmanager
def _as_document() -> Iterator[None]:
    """Tells the image errors in a document's words."""
    try:
        with decoding():
            yield
    except errors.ImageTooLarge as error:
        raise errors.DocumentTooLarge(error.message) from error
    except errors.InvalidImageFormat as error:
        raise errors.BadDocument(error.message) from error
