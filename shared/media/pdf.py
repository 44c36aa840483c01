"""Pages of a PDF: pixels, and the text layer when the file has one that can be trusted.

PDFium is not thread-safe, so every call into it happens under one lock of this module.
"""

from __future__ import annotations

import ctypes
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pypdfium2
import pypdfium2.raw as pdfium

from shared import errors

_LOCK = threading.RLock()
#: Device units of one page side when PDFium maps points to the page: fine enough for any raster.
_DEVICE = 1_000_000


@dataclass(frozen=True, slots=True)
class LayerWord:
    """A word of a text layer. ``polygon``: (4, 2), shares of the page's width and height, clockwise from where the
    text begins."""

    text: str
    polygon: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PdfPage:
    """One page. ``words`` is None where there is no text layer or none to trust."""

    pixels: npt.NDArray[np.uint8]
    words: tuple[LayerWord, ...] | None
    #: Pictures on the page as (left, top, right, bottom), shares of the page: text in them is in no layer.
    pictures: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class PdfLimits:
    """Bounds of one page's work."""

    #: Dots an inch of the raster, where the pixel bound allows.
    resolution: float = 200.0
    max_raster_pixels: int = 6_000_000
    #: Seconds that one page may take to draw.
    max_seconds: float = 30.0
    max_characters: int = 100_000
    max_objects: int = 200_000


class PdfFile:
    """An open PDF. Close it, or use it as a context manager.

    Raises ``BadDocument`` for damaged, encrypted or empty files, from the constructor or when a page is asked for.
    """

    def __init__(self, source: bytes | Path, limits: PdfLimits) -> None:
        self._limits = limits
        with _LOCK:
            try:
                self._document = pypdfium2.PdfDocument(source)
            except pypdfium2.PdfiumError as error:
                if getattr(error, "err_code", None) in {pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY}:
                    raise errors.UnsupportedDocument("The PDF is protected by a password.") from error
                raise errors.BadDocument("The PDF is damaged and cannot be opened.") from error
            if self._document.get_formtype() != pdfium.FORMTYPE_NONE:
                try:
                    self._document.init_forms()
                except pypdfium2.PdfiumError:
                    self._document.formenv = None
            self.page_count = len(self._document)

    def __enter__(self) -> PdfFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the file's memory back."""
        with _LOCK:
            self._document.close()

    def page(self, index: int) -> PdfPage:
        """Page ``index`` from 0."""
        with _LOCK:
            try:
                page = self._document[index]
            except (pypdfium2.PdfiumError, IndexError) as error:
                raise errors.BadDocument(f"Page {index + 1} of the PDF is damaged.") from error
            try:
                pixels = self._draw(page)
                pictures = self._pictures(page)
                words = None if _area(pictures) > 0.6 else self._words(page)
                return PdfPage(pixels=pixels, words=words, pictures=tuple(pictures))
            except pypdfium2.PdfiumError as error:
                raise errors.BadDocument(f"Page {index + 1} of the PDF is damaged.") from error
            finally:
                page.close()

    def _draw(self, page: pypdfium2.PdfPage) -> npt.NDArray[np.uint8]:
        width, height = page.get_size()
        if not (0 < width < 1e7 and 0 < height < 1e7):
            raise errors.BadDocument("A page of the PDF has no usable size.")
        scale = self._limits.resolution / 72
        # A strip of a page keeps at least a few pixels on its short side, whatever the bound does to the long one.
        scale = min(scale, (self._limits.max_raster_pixels / (width * height)) ** 0.5)
        columns, rows = max(8, round(width * scale)), max(8, round(height * scale))
        if columns * rows > 2 * self._limits.max_raster_pixels:
            raise errors.DocumentTooLarge("A page of the PDF has a side that is too long to be drawn.")
        bitmap = pypdfium2.PdfBitmap.new_native(columns, rows, pdfium.FPDFBitmap_BGR)
        try:
            bitmap.fill_rect((255, 255, 255, 255), 0, 0, columns, rows)
            deadline = time.monotonic() + self._limits.max_seconds
            pause = pdfium.IFSDK_PAUSE(version=1)
            callback = type(pause.NeedToPauseNow)(lambda _: int(time.monotonic() > deadline))
            pause.NeedToPauseNow = callback
            flags = pdfium.FPDF_ANNOT | pdfium.FPDF_REVERSE_BYTE_ORDER | pdfium.FPDF_RENDER_LIMITEDIMAGECACHE
            status = pdfium.FPDF_RenderPageBitmap_Start(
                bitmap.raw, page.raw, 0, 0, columns, rows, 0, flags, ctypes.byref(pause)
            )
            pdfium.FPDF_RenderPage_Close(page.raw)
            if status == pdfium.FPDF_RENDER_TOBECONTINUED:
                raise errors.BadDocument("A page of the PDF takes too long to draw.")
            if status != pdfium.FPDF_RENDER_DONE:
                raise errors.BadDocument("A page of the PDF cannot be drawn.")
            if self._document.formenv is not None:
                pdfium.FPDF_FFLDraw(self._document.formenv.raw, bitmap.raw, page.raw, 0, 0, columns, rows, 0, flags)
            pixels: npt.NDArray[np.uint8] = bitmap.to_numpy()[:, :, :3].copy()
            return pixels
        finally:
            bitmap.close()

    def _pictures(self, page: pypdfium2.PdfPage) -> list[tuple[float, float, float, float]]:
        boxes = []
        for count, item in enumerate(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3)):
            if count > 500:
                break
            left, bottom, right, top = item.get_bounds()
            a, b = self._map(page, left, top), self._map(page, right, bottom)
            box = (min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))
            box = (max(0.0, box[0]), max(0.0, box[1]), min(1.0, box[2]), min(1.0, box[3]))
            # Hairlines and bullets drawn as images hold no text.
            if box[2] - box[0] > 0.02 and box[3] - box[1] > 0.01:
                boxes.append(box)
        return boxes

    @staticmethod
    def _map(page: pypdfium2.PdfPage, x: float, y: float) -> tuple[float, float]:
        """A point of the page's own space as shares of the visible, rotated page."""
        device_x, device_y = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(page.raw, 0, 0, _DEVICE, _DEVICE, 0, x, y, device_x, device_y)
        return device_x.value / _DEVICE, device_y.value / _DEVICE

    def _words(self, page: pypdfium2.PdfPage) -> tuple[LayerWord, ...] | None:
        text_page = page.get_textpage()
        try:
            count = text_page.count_chars()
            if count <= 0 or count > self._limits.max_characters:
                return None
            return _LayerReader(page, text_page).words(count)
        finally:
            text_page.close()


class _LayerReader:
    """Puts the characters of a text layer together to words."""

    def __init__(self, page: pypdfium2.PdfPage, text_page: pypdfium2.PdfTextPage) -> None:
        self._page = page
        self._text = text_page
        self._words: list[LayerWord] = []
        self._pending: list[tuple[str, tuple[float, float, float, float]]] = []
        self._angle = 0
        self._unreadable = 0
        self._readable = 0

    def words(self, count: int) -> tuple[LayerWord, ...] | None:
        """The words, or None when too many characters have no meaning (fonts without a Unicode map)."""
        index = 0
        while index < count:
            code = pdfium.FPDFText_GetUnicode(self._text.raw, index)
            position = index
            index += 1
            if 0xD800 <= code < 0xDC00 and index < count:
                low = pdfium.FPDFText_GetUnicode(self._text.raw, index)
                if 0xDC00 <= low < 0xE000:
                    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                    index += 1
            character = chr(code) if code and not 0xD800 <= code < 0xE000 else "\ufffd"
            if character in "\r\n\t \u00a0" or character.isspace():
                self._finish()
            elif character in "\u0002\u00ad":
                # PDFium's mark for a hyphen at a line's end.
                self._add("-", position)
            elif pdfium.FPDFText_IsGenerated(self._text.raw, position) == 1:
                continue
            elif character == "\ufffd" or 0xE000 <= code < 0xF900 or code < 32:
                self._unreadable += 1
            else:
                self._add(character, position)
        self._finish()
        if not self._words or self._unreadable > 0.05 * (self._readable + self._unreadable):
            return None
        return tuple(self._words)

    def _add(self, character: str, position: int) -> None:
        left, bottom, right, top = self._text.get_charbox(position, loose=False)
        if right <= left and top <= bottom:
            return
        angle = round(np.degrees(pdfium.FPDFText_GetCharAngle(self._text.raw, position)) / 90) * 90 % 360
        if self._pending and (angle != self._angle or self._apart((left, bottom, right, top))):
            self._finish()
        self._angle = angle
        self._readable += 1
        self._pending.append((character, (left, bottom, right, top)))

    def _apart(self, box: tuple[float, float, float, float]) -> bool:
        """Whether ``box`` cannot belong to the pending word: another line, or far away along this one."""
        boxes = [other for _, other in self._pending]
        upright = self._angle in {0, 180}
        low, high = (1, 3) if upright else (0, 2)
        near, far = (0, 2) if upright else (1, 3)
        size = max(max(b[high] - b[low] for b in boxes), box[high] - box[low], 1e-6)
        last = boxes[-1]
        across = max(last[low], box[low]) - min(last[high], box[high])
        gap = max(last[near], box[near]) - min(last[far], box[far])
        return across > 0.6 * size or gap > 1.0 * size

    def _finish(self) -> None:
        if not self._pending:
            return
        text = "".join(character for character, _ in self._pending)
        boxes = np.array([box for _, box in self._pending])
        left, bottom = boxes[:, :2].min(axis=0)
        right, top = boxes[:, 2:].max(axis=0)
        self._pending = []
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        # The angle is clockwise: text turned by 90 degrees begins at the upper right corner, the next one of the four.
        shift = self._angle // 90
        corners = corners[shift:] + corners[:shift]
        polygon = np.array([PdfFile._map(self._page, x, y) for x, y in corners], dtype=np.float32)
        if (polygon.max(axis=0) < 0).any() or (polygon.min(axis=0) > 1).any():
            return
        self._words.append(LayerWord(text, polygon.clip(0, 1)))


def _area(boxes: list[tuple[float, float, float, float]]) -> float:
    """Share of the page that ``boxes`` cover, overlaps counted once (on a 100 x 100 grid)."""
    grid = np.zeros((100, 100), dtype=bool)
    for left, top, right, bottom in boxes:
        grid[int(top * 100) : int(np.ceil(bottom * 100)), int(left * 100) : int(np.ceil(right * 100))] = True
    return float(grid.mean())
