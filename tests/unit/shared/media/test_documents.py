"""Document bytes to pages: PDF, TIFF, JPEG and PNG, and everything that must be refused."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from shared import errors
from shared.media.documents import JOB_LIMITS, Document, DocumentLimits


def make_pdf(
    contents: list[bytes],
    *,
    media_box: str = "0 0 612 792",
    page_extra: str = "",
    repeat: int = 1,
    encrypt: bool = False,
) -> bytes:
    """A PDF with one page for each content stream, all pages repeated ``repeat`` times in the tree."""
    objects: list[bytes] = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    kids = []
    for content in contents:
        number = len(objects) + 1
        kids.append(f"{number} 0 R")
        page = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{media_box}] /Contents {number + 1} 0 R {page_extra}"
            f" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        )
        objects.extend((page.encode(), b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)))
    tree = " ".join(kids * repeat)
    objects[1] = f"<< /Type /Pages /Kids [{tree}] /Count {len(contents) * repeat} >>".encode()
    body = io.BytesIO()
    body.write(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(body.tell())
        body.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    start = body.tell()
    body.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for offset in offsets:
        body.write(b"%010d 00000 n \n" % offset)
    lock = f"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{'11' * 32}> /U <{'22' * 32}> >> /ID [<00><00>]"
    extra = lock if encrypt else ""
    body.write(f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {extra} >>\nstartxref\n{start}\n%%EOF\n".encode())
    return body.getvalue()


HELLO = b"BT /F1 24 Tf 72 700 Td (Hello brave world) Tj ET"


def image_bytes(fmt: str, size: tuple[int, int] = (60, 40), **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "white").save(buffer, fmt, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "TIFF"])
def test_pictures_are_documents_of_one_page(fmt: str) -> None:
    with Document(image_bytes(fmt)) as document:
        assert (document.format, document.page_count) == (fmt, 1)
        page = document.page(1)
        assert page.pixels.shape == (40, 60, 3)
        assert page.words is None


def test_a_text_layer_gives_words_with_boxes() -> None:
    with Document(make_pdf([HELLO])) as document:
        page = document.page(1)
    assert page.words is not None
    assert [word.text for word in page.words] == ["Hello", "brave", "world"]
    first, last = page.words[0].polygon, page.words[-1].polygon
    assert first[0][0] == pytest.approx(72 / 612, abs=0.01)
    assert first[0][1] == pytest.approx((792 - 700 - 18) / 792, abs=0.01)
    assert last[:, 0].min() > first[:, 0].max()
    # The box lies on the ink that PDFium draws.
    height, width = page.pixels.shape[:2]
    left, top = (first.min(axis=0) * (width, height)).astype(int)
    right, bottom = (first.max(axis=0) * (width, height)).astype(int)
    dark = (page.pixels < 128).any(axis=2)
    assert dark[top:bottom, left:right].mean() > 0.15
    assert not dark[: top - 2].any()


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_page_rotation_turns_pixels_and_words_alike(rotate: int) -> None:
    with Document(make_pdf([HELLO], page_extra=f"/Rotate {rotate}")) as document:
        page = document.page(1)
    assert page.words is not None
    dark = np.argwhere((page.pixels < 128).any(axis=2))
    height, width = page.pixels.shape[:2]
    assert (width > height) == (rotate in {90, 270})
    points = np.concatenate([word.polygon for word in page.words]) * (width, height)
    assert points.min(axis=0) == pytest.approx(dark.min(axis=0)[::-1], abs=4)
    assert points.max(axis=0) == pytest.approx(dark.max(axis=0)[::-1], abs=4)
    # Text begins at the polygon's first corner: from there, words follow one another along its first edge.
    along = page.words[0].polygon[1] - page.words[0].polygon[0]
    onward = page.words[1].polygon.mean(axis=0) - page.words[0].polygon.mean(axis=0)
    assert float(along @ onward) > 0


def test_text_turned_on_the_page_begins_at_its_first_corner() -> None:
    turned = b"BT /F1 24 Tf 0 1 -1 0 300 200 Tm (Hello brave world) Tj ET"
    with Document(make_pdf([turned])) as document:
        words = document.page(1).words
    assert words is not None
    along = words[0].polygon[1] - words[0].polygon[0]
    onward = words[1].polygon.mean(axis=0) - words[0].polygon.mean(axis=0)
    assert float(along @ onward) > 0
    assert abs(along[1]) > abs(along[0])


def test_a_page_without_text_has_no_layer() -> None:
    with Document(make_pdf([b"0 0 m 100 100 l S"])) as document:
        assert document.page(1).words is None


def test_a_scan_in_a_pdf_is_not_trusted_for_its_layer() -> None:
    with Document(image_bytes("PDF", (200, 300))) as document:
        page = document.page(1)
    assert page.words is None
    assert page.pixels.shape[0] > page.pixels.shape[1]


def test_several_pages_need_a_job() -> None:
    two = make_pdf([HELLO, HELLO])
    with pytest.raises(errors.UnsupportedDocument, match="job"):
        Document(two)
    with Document(two, JOB_LIMITS) as document:
        assert [page.number for page in document.pages()] == [1, 2]


def test_tiff_pages_come_one_by_one() -> None:
    frames = [Image.new("L", (30 + i, 20), i * 60) for i in range(3)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "TIFF", save_all=True, append_images=frames[1:])
    with Document(buffer.getvalue(), JOB_LIMITS) as document:
        assert [page.pixels.shape[1] for page in document.pages()] == [30, 31, 32]
        assert [page.number for page in document.pages(first=3)] == [3]
    with pytest.raises(errors.UnsupportedDocument):
        Document(buffer.getvalue())


def test_a_document_opens_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(make_pdf([HELLO]))
    with Document(path) as document:
        assert document.page(1).words is not None


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", errors.BadDocument),
        (b"hello", errors.UnsupportedDocument),
        (b"GIF89a" + b"\0" * 30, errors.UnsupportedDocument),
        (b"PK\x03\x04" + b"\0" * 30, errors.UnsupportedDocument),
        (b"%PDF-1.7\n", errors.BadDocument),
        (b"%PDF-1.7\n" + os.urandom(500), errors.BadDocument),
        (b"\xff\xd8\xff" + b"\0" * 100, errors.BadDocument),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, errors.BadDocument),
        (b"II*\x00" + b"\xff" * 100, errors.BadDocument),
    ],
)
def test_what_is_no_document_gets_the_documented_error(data: bytes, error: type[errors.NonetError]) -> None:
    with pytest.raises(error), Document(data) as document:
        document.page(1)


def test_a_pdf_without_pages_is_bad() -> None:
    with pytest.raises(errors.BadDocument):
        Document(make_pdf([]))


def test_a_pdf_with_ten_thousand_pages_is_too_large() -> None:
    with pytest.raises(errors.DocumentTooLarge, match="3000"):
        Document(make_pdf([HELLO], repeat=10_000), JOB_LIMITS)


def test_a_locked_pdf_is_unsupported() -> None:
    with pytest.raises(errors.UnsupportedDocument, match="password"):
        Document(make_pdf([HELLO], encrypt=True))


@pytest.mark.parametrize("box", ["0 0 14400 14400", "0 0 1000000 1000000", "0 0 200000 1", "0 0 1 1"])
def test_odd_page_sizes_stay_within_the_raster_bound(box: str) -> None:
    limits = DocumentLimits()
    try:
        with Document(make_pdf([HELLO], media_box=box), limits) as document:
            pixels = document.page(1).pixels
    except (errors.BadDocument, errors.DocumentTooLarge):
        return
    assert pixels.shape[0] * pixels.shape[1] <= 2 * limits.pdf.max_raster_pixels


def test_a_page_that_takes_too_long_is_given_up() -> None:
    from shared.media.pdf import PdfLimits

    busy = b"".join(b"%d %d m %d %d l S\n" % (i % 600, i % 700, (i * 7) % 600, (i * 3) % 700) for i in range(60_000))
    limits = DocumentLimits(pdf=PdfLimits(max_seconds=0.0))
    with Document(make_pdf([busy]), limits) as document, pytest.raises(errors.BadDocument, match="too long"):
        document.page(1)


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(errors.DocumentTooLarge):
        Document(b"%PDF-" + b"\0" * 100, DocumentLimits(max_bytes=50))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_pdfs_raise_only_documented_errors(data: st.DataObject) -> None:
    body = bytearray(make_pdf([HELLO, HELLO]))
    for _ in range(data.draw(st.integers(1, 20))):
        body[data.draw(st.integers(5, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        with Document(bytes(body), JOB_LIMITS) as document:
            for page in document.pages():
                assert page.pixels.ndim == 3
    except (errors.BadDocument, errors.UnsupportedDocument, errors.DocumentTooLarge):
        pass
