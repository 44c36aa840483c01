"""Files that mean harm or are broken, each made from nothing."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

from PIL import Image

from tests.contract.documents import papers

MEBIBYTE = 1024 * 1024
BAD, UNSUPPORTED, TOO_LARGE = "BadDocumentException", "UnsupportedDocumentException", "DocumentTooLargeException"


def deflated_zeros(size: int) -> bytes:
    """``size`` zero bytes as a zlib stream, without ever having them."""
    packer = zlib.compressobj(9)
    chunk = bytes(MEBIBYTE)
    parts = [packer.compress(chunk) for _ in range(size // MEBIBYTE)]
    return b"".join([*parts, packer.compress(bytes(size % MEBIBYTE)), packer.flush()])


def png(width: int, height: int, data: bytes, *, depth: int = 1, colour: int = 0) -> bytes:
    """A PNG whose header may tell anything."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def png_bomb() -> bytes:
    """30,000 x 30,000 pixels, a good hundred megabytes unpacked, some hundred kilobytes here."""
    return png(30_000, 30_000, deflated_zeros(30_000 * (30_000 // 8 + 1)))


def tiff(width: int, height: int, *, next_directory: int = 0) -> bytes:
    """A TIFF with one strip of eight bytes, whatever its size is said to be."""
    tags = [
        (256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1),
        (273, 4, 8), (277, 3, 1), (278, 4, height), (279, 4, 8),
    ]  # fmt: skip
    directory = struct.pack("<H", len(tags))
    for tag, kind, value in tags:
        directory += struct.pack("<HHI", tag, kind, 1) + struct.pack("<I", value)
    return b"II*\x00" + struct.pack("<I", 16) + bytes(8) + directory + struct.pack("<I", next_directory)


def pdf_nested_flate(size: int = 300 * MEBIBYTE) -> bytes:
    """A content stream that is packed three times, and unpacks to ``size`` bytes."""
    packed = zlib.compress(zlib.compress(deflated_zeros(size), 9), 9)
    return papers.pdf([[]], contents=packed, content_filter="/Filter[/FlateDecode/FlateDecode/FlateDecode]")


def pdf_image_bomb() -> bytes:
    """A page that draws one picture of 30,000 x 30,000 pixels."""
    packed = deflated_zeros(30_000 * 30_000 // 8)
    inline = b"q 600 0 0 780 0 0 cm BI /W 30000 /H 30000 /BPC 1 /CS /G /F /Fl ID " + packed + b" EI Q"
    return papers.pdf([[]], contents=inline)


def pdf_forms_in_forms(*, levels: int, times: int) -> bytes:
    """A page that draws a form ``times`` times, which draws another as often, and so on: a word, times ** levels."""
    forms = b"".join(
        b"%d 0 obj\n<</Type/XObject/Subtype/Form/BBox[0 0 612 792]/Resources<</XObject<</X %d 0 R>>/Font<</F 3 0 R>>>>"
        b"/Length %d>>stream\n%s\nendstream\nendobj\n" % (number, number + 1, len(drawn), drawn)
        for number in range(6, 6 + levels)
        for drawn in [b"/X Do " * times if number < 5 + levels else b"BT /F 9 Tf 10 10 Td (ha) Tj ET"]
    )
    page = papers.pdf([[]], contents=b"/X Do " * times)
    # The table of contents no longer holds; every reader of PDFs then looks for the objects itself.
    page = page.replace(b"/Resources<<", b"/Resources<</XObject<</X 6 0 R>>", 1)
    return page.replace(b"xref\n", forms + b"xref\n", 1).replace(b"startxref\n", b"startxref\n1", 1)


def pdf_loop() -> bytes:
    """A tree of pages that is its own child."""
    return papers.pdf([["x"]]).replace(b"/Kids[4 0 R]", b"/Kids[2 0 R]")


def pdf_encrypted() -> bytes:
    """A PDF that wants a password (nobody knows which)."""
    lock = b"/Encrypt<</Filter/Standard/V 1/R 2/O<%s>/U<%s>/P -4>>/ID[<00><00>]" % (b"ab" * 32, b"cd" * 32)
    return papers.pdf([["secret"]]).replace(b"/Root 1 0 R", b"/Root 1 0 R" + lock)


def zip_file() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("word/document.xml", "<w:document/>")
    return target.getvalue()


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _form(image_format: str, **options: object) -> bytes:
    return papers.encoded(papers.note(size=(700, 300)), image_format, **options)


#: Name -> how to make it, and the codes that a synchronous call may answer.
REFUSED: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "truncated JPEG": (lambda: _half(_form("JPEG")), {BAD}),
    "truncated PNG": (lambda: _half(_form("PNG")), {BAD}),
    "truncated TIFF": (lambda: _half(_form("TIFF")), {BAD}),
    "truncated PDF": (lambda: papers.pdf([["one"]])[:150], {BAD}),
    "JPEG of a header alone": (lambda: b"\xff\xd8\xff\xe0", {BAD}),
    "PNG without pixels": (lambda: png(10, 10, b""), {BAD}),
    "PNG of no size": (lambda: png(0, 0, zlib.compress(b"")), {BAD}),
    "PNG bomb": (png_bomb, {TOO_LARGE}),
    "TIFF of huge sides": (lambda: tiff(1_000_000, 1_000_000), {TOO_LARGE, BAD}),
    "TIFF that is longer than its file": (lambda: tiff(8000, 8000), {BAD}),
    "PDF of 10,000 pages": (lambda: papers.pdf([["page"]] * 10_000), {UNSUPPORTED}),
    "PDF without pages": (lambda: papers.pdf([]), {BAD}),
    "PDF that is its own child": (pdf_loop, {BAD}),
    "PDF with a password": (pdf_encrypted, {UNSUPPORTED}),
    "PDF of 11 MB": (lambda: papers.pdf([["x"]]) + b"%" * (11 * MEBIBYTE), {TOO_LARGE}),
    "zip": (zip_file, {UNSUPPORTED}),
    "exe": (lambda: b"MZ\x90\x00" + bytes(500), {UNSUPPORTED}),
    "HTML": (lambda: b"<!doctype html><html><script>alert(1)</script></html>", {UNSUPPORTED}),
    "GIF": (lambda: _form("GIF"), {UNSUPPORTED}),
    "one byte": (lambda: b"\x00", {UNSUPPORTED}),
}


def turned_by_exif() -> bytes:
    """A camera held upside down says so in its file."""
    exif = Image.Exif()
    exif[0x0112] = 3
    return papers.encoded(papers.note().rotate(180), "JPEG", quality=95, exif=exif)


def sixteen_bits() -> bytes:
    grey = papers.note().convert("L")
    return papers.encoded(Image.frombytes("I;16", grey.size, bytes(b for value in grey.tobytes() for b in (0, value))))


def animated() -> bytes:
    frames = [papers.note("Another picture altogether")]
    return papers.encoded(papers.note(), "PNG", save_all=True, append_images=frames)


def see_through() -> bytes:
    """Black letters on nothing: a reader that drops transparency sees black on black."""
    page = Image.new("RGBA", papers.note().size, (0, 0, 0, 0))
    mask = papers.note().convert("L").point(lambda value: 255 - value)
    page.paste((0, 0, 0, 255), mask=mask)
    return papers.encoded(page)


#: Unusual but honest pictures of the same line.
READ: dict[str, Callable[[], bytes]] = {
    "turned by EXIF": turned_by_exif,
    "CMYK": lambda: papers.encoded(papers.note().convert("CMYK"), "JPEG", quality=95),
    "16 bits": sixteen_bits,
    "animated": animated,
    "transparent": see_through,
    "palette": lambda: papers.encoded(papers.note().convert("P")),
    "one bit": lambda: papers.encoded(papers.note().convert("1")),
    "progressive": lambda: papers.encoded(papers.note(), "JPEG", quality=90, progressive=True),
    "TIFF in JPEG": lambda: papers.encoded(papers.note(), "TIFF", compression="jpeg"),
    "fax": lambda: papers.encoded(papers.note().convert("1"), "TIFF", compression="group4"),
}

#: Pictures with nothing to read; the answer is a page and no more.
EMPTY: dict[str, Callable[[], bytes]] = {
    "1 x 1": lambda: papers.encoded(Image.new("RGB", (1, 1), "white")),
    "20,000 x 10": lambda: papers.encoded(Image.new("L", (20_000, 10), 255)),
    "10 x 20,000": lambda: papers.encoded(Image.new("L", (10, 20_000), 255)),
    "TIFF whose directories go in a circle": lambda: tiff(2, 4, next_directory=16),
    "black": lambda: papers.encoded(Image.new("1", (500, 500), 0)),
    "nested Flate": pdf_nested_flate,
    "PDF with a huge picture": pdf_image_bomb,
}
