"""Quality of the documents service on public data, one table.

    NONET_SHARED=<shared folder> python bench/quality/documents.py [--full] [--only words pairs ...] [--json FILE]

Every figure comes from the code and the embedded engine that the service uses. Quick by default: every 24th form of
FUNSD, some of the PDFs. ``--full`` takes everything (FUNSD alone: twelve minutes of processor time). Needs scipy.

The words of FUNSD are scored as docTR's OCRMetric does it: boxes are assigned one to one by intersection over union
(Hungarian method), a word counts when that is at least 0.5 and the text is the same character by character.
Thresholds and margins were chosen on every third of the sorted 149 forms; "held out" are the others.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "sdk")]

from services.documents.analysis import Feature, PageAnalysis, analyze  # noqa: E402
from services.documents.sheets import Sheet, layer_reading, lift  # noqa: E402
from shared.media.documents import JOB_LIMITS, Document, Page  # noqa: E402
from shared.models.catalog import Catalog  # noqa: E402
from shared.tasks.reading import Picture  # noqa: E402

Row = tuple[str, str, float, str]  # what, data, value, remark
Boxes = npt.NDArray[np.float64]
ALL = frozenset({Feature.TABLES, Feature.FORMS})

#: Pictures in the shared data and the real Textract answers to them.
REAL = {
    "paystub.jpg": "paystub-response.json",
    "financial-document.png": "financial-document-response.json",
    "multicol-test-document.png": "test-multicol-response.json",
    "multicol-test-document-2.png": "test-multicol-response-2.json",
    "default_document_4.png": "test-response.json",
}


class Reader:
    """The embedded engine, and how long it took."""

    def __init__(self) -> None:
        entry = Catalog.load([ROOT / "services/documents/catalog.toml"]).for_task("recognize-text")[0]
        module, _, function = entry.engine.partition(":")
        loader = getattr(__import__(module, fromlist=[function]), function)
        self._engine = loader(entry, ROOT, "cpu")
        self.seconds: list[float] = []

    def sheet(self, page: Page, *, layer: bool = True) -> Sheet:
        """``layer``: whether the text layer may be used."""
        if page.words is not None and layer:
            return lift(page, layer_reading(page))
        started = time.perf_counter()
        (reading,) = self._engine.run([Picture(page.pixels)])
        self.seconds.append(time.perf_counter() - started)
        return lift(Page(page.number, page.pixels), reading)


def pages(path: Path) -> Iterator[Page]:
    with Document(path.read_bytes(), JOB_LIMITS) as document:
        yield from document.pages()


def f1(hits: float, found: float, expected: float) -> tuple[float, str]:
    """Percent, with precision and recall as a remark."""
    precision, recall = hits / max(1, found), hits / max(1, expected)
    return 200 * precision * recall / max(1e-9, precision + recall), f"P {100 * precision:.1f} R {100 * recall:.1f}"


def overlaps(a: Boxes, b: Boxes) -> Boxes:
    """Intersection over union of boxes (n, 4) and (m, 4), shape (n, m)."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.prod((high - low).clip(0), axis=2)
    area_a, area_b = np.prod(a[:, 2:] - a[:, :2], axis=1), np.prod(b[:, 2:] - b[:, :2], axis=1)
    return np.asarray(shared / np.maximum(area_a[:, None] + area_b[None] - shared, 1e-12))


def matched(a: Boxes, b: Boxes) -> list[tuple[int, int]]:
    """Pairs of the best one-to-one assignment that overlap by half at least."""
    from scipy.optimize import linear_sum_assignment

    if not len(a) or not len(b):
        return []
    matrix = overlaps(a, b)
    return [(int(i), int(j)) for i, j in zip(*linear_sum_assignment(-matrix), strict=True) if matrix[i, j] >= 0.5]


def found_words(sheet: Sheet) -> tuple[list[str], Boxes]:
    """Texts, and upright boxes around the words as shares of the page."""
    words = sheet.words
    boxes = [[*word.polygon.min(axis=0), *word.polygon.max(axis=0)] for word in words]
    return [word.text for word in words], np.array(boxes, dtype=np.float64).reshape(-1, 4)


# --- FUNSD -----------------------------------------------------------------------------------------------------------


def funsd_forms(data: Path, full: bool) -> list[tuple[int, Path, list[dict[str, Any]]]]:
    folder = data / "funsd" / "training_data"
    images = sorted((folder / "images").iterdir())
    chosen = list(enumerate(images)) if full else list(enumerate(images))[1::24]
    return [
        (number, image, json.loads((folder / "annotations" / f"{image.stem}.json").read_text("utf-8"))["form"])
        for number, image in chosen
    ]


def words_and_pairs(data: Path, reader: Reader, full: bool) -> Iterator[Row]:
    counts: dict[str, Counter[str]] = {"all": Counter(), "held out": Counter()}
    reader.seconds.clear()
    for number, path, form in funsd_forms(data, full):
        (page,) = pages(path)
        sheet = reader.sheet(page)
        tally = Counter(_score_words(sheet, page, form)) + Counter(_score_pairs(sheet, form))
        counts["all"] += tally
        if number % 3:
            counts["held out"] += tally
    for name, c in counts.items():
        for kind, remark in (("raw", "exact"), ("caseless", "case ignored"), ("boxes", "boxes alone")):
            yield f"words recall, {remark}", f"FUNSD, {name}", 100 * c[kind] / c["expected"], ""
            yield f"words precision, {remark}", f"FUNSD, {name}", 100 * c[kind] / c["found"], ""
        value, remark = f1(c["pairs"], c["pairs found"], c["pairs expected"])
        yield "key-value pairs F1", f"FUNSD, {name}", value, remark
    yield "seconds a page", "FUNSD", float(np.mean(reader.seconds)), f"{len(reader.seconds)} pages, OCR only"


def _score_words(sheet: Sheet, page: Page, form: list[dict[str, Any]]) -> dict[str, int]:
    truth = [(word["text"], word["box"]) for block in form for word in block["words"] if word["text"]]
    height, width = page.pixels.shape[:2]
    expected = np.array([box for _, box in truth], dtype=np.float64) / (width, height, width, height)
    texts, boxes = found_words(sheet)
    pairs = matched(expected, boxes)
    return {
        "expected": len(truth),
        "found": len(texts),
        "boxes": len(pairs),
        "raw": sum(truth[i][0] == texts[j] for i, j in pairs),
        "caseless": sum(truth[i][0].lower() == texts[j].lower() for i, j in pairs),
    }


def _score_pairs(sheet: Sheet, form: list[dict[str, Any]]) -> dict[str, int]:
    """A pair is right when key and value are each at least 0.8 alike (letters and digits, case ignored)."""
    by_id = {block["id"]: block for block in form}
    links = {(a, b) for block in form for a, b in block["linking"]}
    expected = [
        (by_id[a]["text"], by_id[b]["text"])
        for a, b in sorted(links)
        if by_id[a]["label"] == "question" and by_id[b]["label"] == "answer"
    ]
    found = [(p.key_text, p.value_text) for p in analyze(sheet, ALL).key_values if p.value]
    left = list(expected)
    for key, value in found:
        for pair in left:
            if alike(key, pair[0]) >= 0.8 and alike(value, pair[1]) >= 0.8:
                left.remove(pair)
                break
    return {"pairs": len(expected) - len(left), "pairs found": len(found), "pairs expected": len(expected)}


def alike(a: str, b: str) -> float:
    """Likeness of letters and digits, 0..1."""
    a, b = (re.sub(r"[\W_]", "", text.lower()) for text in (a, b))
    return 1.0 if a == b else difflib.SequenceMatcher(None, a, b, autojunk=False).ratio() if a and b else 0.0


# --- receipts, real answers, tables ----------------------------------------------------------------------------------


def receipts(data: Path, reader: Reader, full: bool) -> Iterator[Row]:
    hits = found = expected = 0
    for path in sorted((data / "sroie" / "img").iterdir())[:: 1 if full else 5]:
        (page,) = pages(path)
        ours = Counter(word.upper() for word in found_words(reader.sheet(page))[0])
        lines = (data / "sroie" / "box" / f"{path.stem}.csv").read_text("utf-8", errors="replace").splitlines()
        truth = Counter(word.upper() for line in lines for word in line.split(",", 8)[-1].split())
        hits, found, expected = hits + (ours & truth).total(), found + ours.total(), expected + truth.total()
    value, remark = f1(hits, found, expected)
    yield "words F1, as a bag", "SROIE receipts", value, remark


def real_answers(data: Path, reader: Reader, full: bool) -> Iterator[Row]:
    totals: dict[str, Counter[str]] = {kind: Counter() for kind in ("placed", "bag", "lines", "cells", "pairs")}
    for picture, answer in REAL.items():
        (page,) = pages(data / "textract_response_parser" / picture)
        sheet = reader.sheet(page)
        analysis = analyze(sheet, ALL)
        blocks = json.loads((data / "textract_response_parser" / answer).read_text("utf-8"))["Blocks"]
        words = [block for block in blocks if block["BlockType"] == "WORD"]
        texts, boxes = found_words(sheet)
        pairs = matched(np.array([_box(word) for word in words]), boxes)
        placed = sum(words[i]["Text"] == texts[j] for i, j in pairs)
        totals["placed"].update(hits=placed, found=len(texts), expected=len(words))
        _add_bag(totals["bag"], texts, [word["Text"] for word in words])
        lines = [block["Text"] for block in blocks if block["BlockType"] == "LINE"]
        _add_bag(totals["lines"], [line.text for line in sheet.lines], lines)
        _add_bag(totals["cells"], _cell_texts(analysis), _texts_of(blocks, "CELL"))
        keys = _texts_of([b for b in blocks if "KEY" in (b.get("EntityTypes") or ())], "KEY_VALUE_SET", blocks)
        _add_bag(totals["pairs"], [p.key_text for p in analysis.key_values], keys)
    names = {
        "placed": "words with boxes F1",
        "bag": "words F1, as a bag",
        "lines": "lines F1, exact text",
        "cells": "table cells F1, exact text",
        "pairs": "keys F1, exact text",
    }
    for kind, c in totals.items():
        value, remark = f1(c["hits"], c["found"], c["expected"])
        yield names[kind], "real Textract answers", value, remark


def _add_bag(total: Counter[str], found: Sequence[str], expected: Sequence[str]) -> None:
    ours, theirs = Counter(found), Counter(expected)
    total.update(hits=(ours & theirs).total(), found=ours.total(), expected=theirs.total())


def _box(block: dict[str, Any]) -> list[float]:
    box = block["Geometry"]["BoundingBox"]
    return [box["Left"], box["Top"], box["Left"] + box["Width"], box["Top"] + box["Height"]]


def _texts_of(
    blocks: Sequence[dict[str, Any]], kind: str, everything: Sequence[dict[str, Any]] | None = None
) -> list[str]:
    """The words below each block of ``kind``, as text; blocks without words are left out."""
    words = {block["Id"]: block["Text"] for block in everything or blocks if block["BlockType"] == "WORD"}
    texts = []
    for block in blocks:
        if block["BlockType"] == kind:
            ids = [i for r in block.get("Relationships") or () if r["Type"] == "CHILD" for i in r["Ids"]]
            texts.append(" ".join(words[i] for i in ids if i in words))
    return [text for text in texts if text]


def _cell_texts(analysis: PageAnalysis) -> list[str]:
    return [cell.text for table in analysis.tables for cell in table.cells if cell.words]


def tables(data: Path, reader: Reader, full: bool) -> Iterator[Row]:
    """The same page twice: its tables by the text layer, and by OCR of its picture."""
    exact: Counter[str] = Counter()
    placed: Counter[str] = Counter()
    for path in sorted((data / "camelot").glob("*.pdf"))[:: 1 if full else 10]:
        if path.name == "health_protected.pdf":
            continue
        page = next(pages(path))
        if page.words is None:
            continue
        digital = analyze(reader.sheet(page), ALL)
        scanned = analyze(reader.sheet(page, layer=False), ALL)
        _add_bag(exact, _cell_texts(scanned), _cell_texts(digital))
        _add_bag(placed, _placed_cells(scanned), _placed_cells(digital))
    value, remark = f1(exact["hits"], exact["found"], exact["expected"])
    yield "table cells F1, scan against layer", "camelot", value, remark
    value, remark = f1(placed["hits"], placed["found"], placed["expected"])
    yield "same, at the same row and column", "camelot", value, remark


def _placed_cells(analysis: PageAnalysis) -> list[str]:
    """Cells with table, row, column and text without blanks: OCR and layer part words differently."""
    return [
        f"{number}/{cell.row}/{cell.column}/{cell.text.replace(' ', '')}"
        for number, table in enumerate(analysis.tables)
        for cell in table.cells
        if cell.words
    ]


def memory(data: Path, reader: Reader, full: bool) -> Iterator[Row]:
    """Growth of the resident memory over many pages of one document."""
    path = data / "camelot" / "foo.pdf"
    count = 200 if full else 15
    page = next(pages(path))
    small = Page(page.number, np.ascontiguousarray(page.pixels[200:500, 200:900]))
    levels = []
    for number in range(count):
        analyze(reader.sheet(next(pages(path))), ALL)
        reader.sheet(small)
        if number in {count // 5, count - 1}:
            levels.append(_resident())
    yield "memory growth, MB", f"{count} pages", (levels[-1] - levels[0]) / 1e6, f"at {levels[-1] / 1e6:.0f} MB"


def _resident() -> int:
    """Bytes of memory this process holds; the highest so far where /proc is absent."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


SUITES: dict[str, Callable[[Path, Reader, bool], Iterator[Row]]] = {
    "funsd": words_and_pairs,
    "receipts": receipts,
    "textract": real_answers,
    "tables": tables,
    "memory": memory,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", nargs="+", choices=sorted(SUITES), default=list(SUITES))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    shared = Path(os.environ.get("NONET_SHARED", ROOT.parent / "shared"))
    if not (shared / "data" / "documents").is_dir():
        raise SystemExit(f"no data under {shared}: set NONET_SHARED")
    reader = Reader()
    rows: list[Row] = []
    for name in options.only:
        for row in SUITES[name](shared / "data" / "documents", reader, options.full):
            rows.append(row)
            print(f"{row[0]:38} {row[1]:24} {row[2]:8.2f}  {row[3]}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
