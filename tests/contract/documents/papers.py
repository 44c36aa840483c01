"""Documents with known contents: a drawn form, and PDFs written out by hand."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

SIZE = (900, 1000)
TITLE = "Application for Membership"
FIELDS = {"Name:": "Ada Lovelace", "City:": "London", "Phone:": "555 0147"}
TABLE = (("Item", "Count", "Price"), ("Apples", "12", "3.40"), ("Pears", "7", "2.10"))
CHOICES = {"Student": True, "Teacher": False}
POINTS = ("repair of the northern pier", "two more cranes", "a new harbour light")
SENTENCE = "Please return this form before the end of June."


def form() -> Image.Image:
    """A clean page with a title, three fields, a ruled table, two boxes to tick and a sentence."""
    page = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(page)
    title, text = ImageFont.load_default(size=40), ImageFont.load_default(size=26)
    draw.text((60, 50), TITLE, font=title, fill="black")
    for index, (key, value) in enumerate(FIELDS.items()):
        draw.text((60, 150 + 60 * index), key, font=text, fill="black")
        draw.text((220, 150 + 60 * index), value, font=text, fill="black")
    for index, (name, ticked) in enumerate(CHOICES.items()):
        x, y = 60 + 300 * index, 360
        draw.rectangle((x, y, x + 26, y + 26), outline="black", width=3)
        if ticked:
            draw.line((x + 5, y + 5, x + 21, y + 21), fill="black", width=4)
            draw.line((x + 21, y + 5, x + 5, y + 21), fill="black", width=4)
        draw.text((x + 44, y - 4), name, font=text, fill="black")
    xs, ys = (60, 320, 560, 800), tuple(range(460, 641, 60))
    for y in ys:
        draw.line((xs[0], y, xs[-1], y), fill="black", width=2)
    for x in xs:
        draw.line((x, ys[0], x, ys[-1]), fill="black", width=2)
    for row, cells in enumerate(TABLE):
        for column, cell in enumerate(cells):
            draw.text((xs[column] + 16, ys[row] + 14), cell, font=text, fill="black")
    draw.text((60, 720), SENTENCE, font=text, fill="black")
    return page


def report(*, bullets: bool = False) -> Image.Image:
    """A page with everything that layout analysis names: header, titles, text, list, figure, table, footer, number."""
    page = Image.new("RGB", (1200, 1600), "white")
    draw = ImageDraw.Draw(page)
    small, text, middle, large = (ImageFont.load_default(size=size) for size in (18, 24, 32, 52))
    draw.text((100, 30), "Harbour Trust internal", font=small, fill="black")
    draw.text((100, 110), "Yearly Report of the Harbour", font=large, fill="black")
    draw.text((100, 210), "Author: Maria Garcia", font=text, fill="black")
    draw.text((100, 290), "Ships and cargo", font=middle, fill="black")
    paragraph = (
        "More ships came to the harbour this year than in the year before, and most of",
        "them carried grain. The new quay was opened in spring and has been in use since",
        "then on every day of the week, although the cranes were not ready until July.",
    )
    for index, line in enumerate(paragraph):
        draw.text((100, 350 + 34 * index), line, font=text, fill="black")
    for index, line in enumerate(POINTS):
        if bullets:
            draw.ellipse((104, 510 + 40 * index, 114, 520 + 40 * index), fill="black")
        else:
            draw.text((100, 500 + 40 * index), f"{index + 1}.", font=text, fill="black")
        draw.text((130, 500 + 40 * index), line, font=text, fill="black")
    for index in range(40):  # a picture: bars of many greys
        draw.rectangle((100 + 10 * index, 660, 110 + 10 * index, 900), fill=(40 + 4 * index,) * 3)
    draw.text((100, 960), "Table 1: Cargo by season", font=text, fill="black")
    xs, ys = (100, 340, 580, 820, 1060), tuple(range(1010, 1261, 50))
    for index, y in enumerate(ys):
        draw.line((xs[1] if index == 1 else xs[0], y, xs[-1], y), fill="black", width=2)
    for index, x in enumerate(xs):  # "Grain" spans two columns, "Season" two rows
        draw.line((x, ys[1] if index == 2 else ys[0], x, ys[-1]), fill="black", width=2)
    for row, cells in enumerate(
        (("Season", "Grain", "", "Ore"), ("", "in", "out", "in"), ("Spring", "120", "80", "33"),
         ("Summer", "140", "95", "28"), ("Total", "260", "175", "61"))
    ):  # fmt: skip
        for column, cell in enumerate(cells):
            draw.text((xs[column] + 16, ys[row] + 10), cell, font=text, fill="black")
    draw.text((100, 1275), "Source: harbour office, tons in thousands", font=small, fill="black")
    x, y = 100, 1380
    draw.rectangle((x, y, x + 24, y + 24), outline="black", width=3)
    draw.line((x + 5, y + 5, x + 19, y + 19), fill="black", width=4)
    draw.line((x + 19, y + 5, x + 5, y + 19), fill="black", width=4)
    draw.text((x + 40, y - 3), "Approved", font=text, fill="black")
    draw.text((100, 1540), "Printed in Lisbon", font=small, fill="black")
    draw.text((1080, 1540), "7", font=small, fill="black")
    return page


def note(text: str = "Hello small world", size: tuple[int, int] = (420, 80)) -> Image.Image:
    """One line of text: the smallest picture that a reader has something to do with."""
    page = Image.new("RGB", size, "white")
    ImageDraw.Draw(page).text((20, 20), text, font=ImageFont.load_default(size=32), fill="black")
    return page


def encoded(image: Image.Image, image_format: str = "PNG", **options: object) -> bytes:
    """The file of ``image``."""
    target = io.BytesIO()
    image.save(target, image_format, **options)
    return target.getvalue()


def pdf(pages: Sequence[Sequence[str]], *, content_filter: str = "", contents: bytes | None = None) -> bytes:
    """A PDF with a text layer: the lines of each page in Helvetica, one below the other.

    ``contents`` with ``content_filter`` stands for every page's content stream instead of its lines.
    """
    body = bytearray(b"%PDF-1.4\n")
    offsets: list[int] = []

    def add(content: bytes) -> None:
        offsets.append(len(body))
        body.extend(b"%d 0 obj\n%s\nendobj\n" % (len(offsets), content))

    kids = b" ".join(b"%d 0 R" % (4 + 2 * index) for index in range(len(pages)))
    add(b"<</Type/Catalog/Pages 2 0 R>>")
    add(b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(pages), kids))
    add(b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
    for index, lines in enumerate(pages):
        add(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R>>"
            % (5 + 2 * index)
        )
        drawn = contents
        if drawn is None:
            shown = (
                b"BT /F 14 Tf 72 %d Td (%s) Tj ET" % (700 - 40 * row, line.encode("ascii"))
                for row, line in enumerate(lines)
            )
            drawn = b"\n".join(shown)
        how = content_filter.encode()
        add(b"<</Length %d%s>>stream\n%s\nendstream" % (len(drawn), how, drawn))
    start = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
    body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    body += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, start)
    return bytes(body)
