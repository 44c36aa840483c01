"""An invoice as a scanner would deliver it: drawn, tilted and speckled, so that reading it takes real recognition."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE = (1240, 1640)
TILT_DEGREES = 1.2
FIELDS = (
    ("Invoice number:", "2026-0519"),
    ("Date:", "3 May 2026"),
    ("Customer:", "Acme Robotics"),
    ("Due date:", "2 June 2026"),
)
TABLE = (
    ("Item", "Quantity", "Unit price", "Amount"),
    ("Gripper arm", "4", "1,250.00", "5,000.00"),
    ("Controller", "2", "890.00", "1,780.00"),
    ("Installation", "1", "640.00", "640.00"),
)
COLUMNS = (100, 480, 700, 920, 1140)
TOTAL = ("Total due:", "7,420.00 EUR")


def invoice_scan() -> bytes:
    """The page as PNG bytes; the same on every call."""
    page = Image.new("L", SIZE, 255)
    draw = ImageDraw.Draw(page)
    large, normal = ImageFont.load_default(size=44), ImageFont.load_default(size=28)
    draw.text((100, 90), "Lindqvist Machines Ltd", font=large, fill=20)
    draw.text((100, 150), "12 Harbour Street, Lisbon", font=normal, fill=40)
    for index, (key, value) in enumerate(FIELDS):
        draw.text((100, 260 + 56 * index), key, font=normal, fill=30)
        draw.text((400, 260 + 56 * index), value, font=normal, fill=30)
    top, height = 560, 64
    for index in range(len(TABLE) + 1):
        draw.line((COLUMNS[0], top + height * index, COLUMNS[-1], top + height * index), fill=60, width=2)
    for x in COLUMNS:
        draw.line((x, top, x, top + height * len(TABLE)), fill=60, width=2)
    for row, cells in enumerate(TABLE):
        for column, cell in enumerate(cells):
            draw.text((COLUMNS[column] + 16, top + height * row + 16), cell, font=normal, fill=30)
    draw.text((700, 880), TOTAL[0], font=normal, fill=20)
    draw.text((920, 880), TOTAL[1], font=normal, fill=20)
    draw.text((100, 1000), "Please pay within thirty days. Thank you for your order.", font=normal, fill=40)
    tilted = page.rotate(TILT_DEGREES, resample=Image.Resampling.BICUBIC, fillcolor=255)
    noise = np.random.default_rng(1).normal(0, 9, SIZE[::-1])
    speckled = np.clip(np.asarray(tilted, dtype=np.float32) + noise, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(speckled).save(buffer, "PNG")
    return buffer.getvalue()
