"""Layout: what role each part of a page plays, in reading order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from services.documents.bullets import find_dotted
from services.documents.columns import ENUMERATOR
from services.documents.forms import KeyValue
from services.documents.lines import TextLine
from services.documents.regions import reading_order
from services.documents.sheets import Sheet
from services.documents.tables import Table
from shared.media.boxes import Box, union

PAGE_NUMBER = re.compile(
    r"^\W*(page|seite|página|pagina|p\.)?\s*\d{1,4}(\s*(of|/|von|de|di|sur)\s*\d{1,4})?\W*$", re.IGNORECASE
)
NUMBERED = re.compile(r"^(\d+(\.\d+)*\.?|[IVX]+\.|[A-Z]\.|§+ ?\d+)\s+\S")
BULLET = re.compile(r"^([•●○■▪◦‣]\s*|[·–—*-]\s+|\(?[\da-z]{1,2}[.)]\s+)\S")
#: Shares of the page's height in which headers and footers stand.
MARGIN = 0.08
#: Figures take at least this share of the page.
MIN_FIGURE = 0.01


@dataclass(frozen=True, eq=False, slots=True)
class Region:
    """One part of a page: ``kind`` is the block type without ``LAYOUT_``. ``confidence`` 0..1."""

    kind: str
    box: Box
    confidence: float
    lines: tuple[TextLine, ...] = ()
    #: The entries of a list.
    children: tuple[Region, ...] = field(default=())


def find_layout(sheet: Sheet, tables: Sequence[Table], pairs: Sequence[KeyValue]) -> list[Region]:
    """The regions of a sheet in reading order."""
    height = sheet.text_height
    fixed: list[Region] = []
    free = list(sheet.lines)
    for table in tables:
        inside = [line for line in free if table.box.holds(line.box, 0.5)]
        if inside:
            fixed.append(Region("TABLE", table.box, table.confidence, tuple(inside)))
            free = [line for line in free if line not in inside]
    fixed.extend(_figures(sheet, tables))
    margins, free = _margins(sheet, free)
    dotted = find_dotted(sheet, free)
    body = _paragraphs(free, height, dotted)
    keyed = {id(word) for pair in pairs for word in (*pair.key, *pair.value)}
    title = _title(sheet, body, height)
    regions: list[Region] = []
    for paragraph in body:
        regions.append(_region(paragraph, paragraph is title, keyed, sheet))
    regions = _lists(_joined_key_values(regions), dotted)
    headers = [region for region in margins if region.box.center_y < sheet.height / 2]
    footers = [region for region in margins if region.box.center_y >= sheet.height / 2]
    return [*headers, *_inserted(regions, fixed), *footers]


def _margins(sheet: Sheet, lines: Sequence[TextLine]) -> tuple[list[Region], list[TextLine]]:
    """Headers, footers and page numbers, and the lines that are none of these."""
    height = sheet.text_height
    regions: list[Region] = []
    rest: list[TextLine] = []
    for line in lines:
        top = line.box.bottom < MARGIN * sheet.height
        bottom = line.box.top > (1 - MARGIN) * sheet.height
        if not (top or bottom):
            rest.append(line)
            continue
        if PAGE_NUMBER.match(line.text):
            regions.append(Region("PAGE_NUMBER", line.box, 0.9 * line.confidence, (line,)))
            continue
        # A margin is set off: the next line towards the body is further away than a line of text.
        others = [other for other in lines if other is not line and other.box.overlap_x(line.box) > 0]
        gaps = [
            (other.box.top - line.box.bottom) if top else (line.box.top - other.box.bottom)
            for other in others
            if (other.box.top > line.box.bottom - 2 if top else other.box.bottom < line.box.top + 2)
        ]
        if not gaps or min(gaps) > 0.9 * height:
            regions.append(Region("HEADER" if top else "FOOTER", line.box, 0.7 * line.confidence, (line,)))
        else:
            rest.append(line)
    return regions, rest


def _paragraphs(lines: Sequence[TextLine], height: float, dotted: frozenset[int]) -> list[list[TextLine]]:
    """Lines of one column joined where the gap is small and the size the same."""
    paragraphs: list[list[TextLine]] = []
    for column in reading_order(lines, height):
        current: list[TextLine] = []
        for line in column:
            if current and (id(line) in dotted or not _continues(current, line, height)):
                paragraphs.append(current)
                current = []
            current.append(line)
        if current:
            paragraphs.append(current)
    return paragraphs


def _continues(paragraph: Sequence[TextLine], line: TextLine, height: float) -> bool:
    last = paragraph[-1]
    same_row = last.box.overlap_y(line.box) > 0.5 * min(last.box.height, line.box.height)
    if same_row:
        return True
    gap = line.box.top - last.box.bottom
    sizes = sorted((last.box.height, line.box.height))
    near = gap < 0.75 * max(height, sizes[0])
    entry = BULLET.match(line.text) or ENUMERATOR.match(line.text)
    return near and sizes[1] < 1.45 * sizes[0] + 2 and not entry


def _title(sheet: Sheet, body: Sequence[Sequence[TextLine]], height: float) -> Sequence[TextLine] | None:
    """The paragraph in the largest letters of the upper part, where it stands out."""
    best: Sequence[TextLine] | None = None
    size = 1.35 * height
    for paragraph in body:
        box = union(line.box for line in paragraph)
        letters = float(np.median([line.box.height for line in paragraph]))
        if box.top < 0.4 * sheet.height and len(paragraph) <= 3 and letters > size and paragraph[0].level:
            best, size = paragraph, letters
    return best


def _region(paragraph: Sequence[TextLine], is_title: bool, keyed: set[int], sheet: Sheet) -> Region:
    box = union(line.box for line in paragraph)
    mean = sum(line.confidence for line in paragraph) / len(paragraph)
    words = [word for line in paragraph for word in line.words]
    if is_title:
        return Region("TITLE", box, 0.8 * mean, tuple(paragraph))
    share = sum(id(word) in keyed for word in words) / len(words)
    if share > 0.6:
        return Region("KEY_VALUE", box, min(1.0, share) * 0.8 * mean, tuple(paragraph))
    text = " ".join(line.text for line in paragraph)
    letters = float(np.median([line.box.height for line in paragraph]))
    short = len(paragraph) <= 2 and len(words) <= 14 and not text.endswith((".", ",", ";"))
    prominent = letters > 1.2 * sheet.text_height or (text.isupper() and len(text) > 3) or bool(NUMBERED.match(text))
    if short and prominent and any(c.isalpha() for c in text):
        return Region("SECTION_HEADER", box, 0.65 * mean, tuple(paragraph))
    return Region("TEXT", box, 0.8 * mean, tuple(paragraph))


def _joined_key_values(regions: Sequence[Region]) -> list[Region]:
    """Neighbouring key-value regions as one."""
    joined: list[Region] = []
    for region in regions:
        last = joined[-1] if joined else None
        near = last is not None and region.box.top - last.box.bottom < 2 * (region.box.height + 1) / len(region.lines)
        if last is not None and last.kind == region.kind == "KEY_VALUE" and near:
            confidence = min(last.confidence, region.confidence)
            joined[-1] = Region("KEY_VALUE", union([last.box, region.box]), confidence, (*last.lines, *region.lines))
        else:
            joined.append(region)
    return joined


def _lists(regions: Sequence[Region], dotted: frozenset[int]) -> list[Region]:
    """Two and more entries with bullets (read or drawn) or numerals in a row become a list."""
    result: list[Region] = []
    run: list[Region] = []

    def close() -> None:
        if len(run) >= 2:
            box = union(region.box for region in run)
            result.append(Region("LIST", box, min(region.confidence for region in run), (), tuple(run)))
        else:
            result.extend(run)
        run.clear()

    for region in regions:
        first = region.lines[0]
        enumerated = len(region.lines) > 1 and bool(ENUMERATOR.match(first.text))
        bulleted = id(first) in dotted or enumerated or bool(BULLET.match(first.text))
        if region.kind in {"TEXT", "SECTION_HEADER"} and bulleted:
            run.append(Region("TEXT", region.box, region.confidence, region.lines))
        else:
            close()
            result.append(region)
    close()
    return result


def _inserted(regions: Sequence[Region], fixed: Sequence[Region]) -> list[Region]:
    """Tables and figures put before the first region of their column that begins below them."""
    result = list(regions)
    for region in sorted(fixed, key=lambda region: region.box.top):
        position = len(result)
        for index, other in enumerate(result):
            overlap = other.box.overlap_x(region.box) > 0.2 * min(other.box.width, region.box.width)
            if overlap and other.box.center_y > region.box.center_y:
                position = index
                break
        result.insert(position, region)
    return result


def _figures(sheet: Sheet, tables: Sequence[Table]) -> list[Region]:
    """Pictures of a digital page; on a scan, large patches of ink that hold next to no text."""
    area = sheet.width * sheet.height
    regions = [Region("FIGURE", box, 0.9) for box in sheet.pictures if box.area >= MIN_FIGURE * area]
    if sheet.digital:
        return regions
    scale = min(1.0, 800 / max(sheet.width, sheet.height))
    # A strip of 20,000 x 10 pixels would be less than a pixel high.
    size = (max(1, round(sheet.width * scale)), max(1, round(sheet.height * scale)))
    small = cv2.resize(sheet.grey, size, interpolation=cv2.INTER_AREA)
    _, ink = cv2.threshold(small, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    for word in sheet.words:
        box = word.box
        ink[int(box.top * scale) : int(box.bottom * scale) + 1, int(box.left * scale) : int(box.right * scale) + 1] = 0
    for rule in (*sheet.rules.level, *sheet.rules.upright):
        grown = rule.grown(2 / scale)
        top, left = max(0, int(grown.top * scale)), max(0, int(grown.left * scale))
        ink[top : int(grown.bottom * scale) + 1, left : int(grown.right * scale) + 1] = 0
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined.astype(np.uint8), connectivity=8)
    for left, top, wide, tall, filled in stats[1:]:
        box = Box(left / scale, top / scale, (left + wide) / scale, (top + tall) / scale)
        dense = filled / (wide * tall)
        if box.area < MIN_FIGURE * area or box.area > 0.9 * area or dense < 0.25 or min(wide, tall) < 20:
            continue
        text = sum(box.intersection(line.box) for line in sheet.lines)
        if text < 0.2 * box.area and not any(table.box.holds(box, 0.3) for table in tables):
            regions.append(Region("FIGURE", box, min(1.0, 0.4 + 0.5 * float(dense))))
    return regions
