"""The embedded reader on drawn text: every quarter turn, tilt, and nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from services.documents.engines import ppocr
from shared import errors
from shared.models.catalog import REPOSITORY_ROOT, Catalog
from shared.tasks.reading import Picture

TEXT = ["Invoice number 4711", "Date of birth 10 December", "Grand total $62.10"]
MODEL = "ppocr-v6-small"


@pytest.fixture(scope="module")
def engine() -> Iterator[ppocr.PpocrEngine]:
    pytest.importorskip("rapidocr", reason="the wheel that brings the networks is not installed")
    entry = Catalog.load([REPOSITORY_ROOT / "services" / "documents" / "catalog.toml"]).get(MODEL)
    assert entry is not None
    loaded = ppocr.load(entry, Path(), "cpu")
    yield loaded
    loaded.close()


def drawn(tilt: float = 0.0) -> np.ndarray:
    image = Image.new("RGB", (800, 500), "white")
    draw = ImageDraw.Draw(image)
    for row, text in enumerate(TEXT):
        draw.text((120, 100 + 90 * row), text, "black", ImageFont.load_default(36))
    return np.asarray(image.rotate(tilt, fillcolor="white", resample=Image.Resampling.BICUBIC)).copy()


def lines_of(engine: ppocr.PpocrEngine, pixels: np.ndarray) -> list[str]:
    (reading,) = engine.run([Picture(pixels)])
    return [line.text for line in sorted(reading.lines, key=lambda line: float(line.polygon[0, 1]))]


def test_words_lie_on_their_ink(engine: ppocr.PpocrEngine) -> None:
    pixels = drawn()
    (reading,) = engine.run([Picture(pixels)])
    assert sorted(line.text for line in reading.lines) == sorted(TEXT)
    ink = (pixels < 128).any(axis=2)
    covered = np.zeros_like(ink)
    for word in (word for line in reading.lines for word in line.words):
        left, top = np.floor(word.polygon.min(axis=0)).astype(int)
        right, bottom = np.ceil(word.polygon.max(axis=0)).astype(int)
        rows, columns = np.nonzero(ink[top:bottom, left:right])
        # Tight: the ink reaches to within a fifth of a line of every side.
        assert columns.min() < 10 and (right - left) - columns.max() < 10 and rows.min() < 14
        covered[top:bottom, left:right] = True
        assert 0.5 < word.confidence <= 1
    assert (ink & ~covered).sum() < 0.01 * ink.sum()


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_page_is_read_and_placed(engine: ppocr.PpocrEngine, turn: int) -> None:
    pixels = np.ascontiguousarray(np.rot90(drawn(), -turn // 90))
    (reading,) = engine.run([Picture(pixels)])
    assert reading.rotation == turn
    assert sorted(line.text for line in reading.lines) == sorted(TEXT)
    along = reading.lines[0].polygon[1] - reading.lines[0].polygon[0]
    direction = np.degrees(np.arctan2(along[1], along[0])) % 360
    assert direction == pytest.approx(turn, abs=2)


def test_a_tilted_page_has_tilted_polygons(engine: ppocr.PpocrEngine) -> None:
    (reading,) = engine.run([Picture(drawn(-8.0))])
    assert sorted(line.text for line in reading.lines) == sorted(TEXT)
    along = reading.lines[0].polygon[1] - reading.lines[0].polygon[0]
    assert np.degrees(np.arctan2(along[1], along[0])) == pytest.approx(8, abs=1.5)


def test_a_batch_gives_a_reading_for_each_picture(engine: ppocr.PpocrEngine) -> None:
    empty = Picture(np.full((300, 300, 3), 255, np.uint8))
    readings = engine.run([empty, Picture(drawn()), empty])
    assert [len(reading.lines) for reading in readings] == [0, 3, 0]


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (2000, 1), (8, 8)])
def test_odd_pictures_are_read_as_nothing(engine: ppocr.PpocrEngine, shape: tuple[int, int]) -> None:
    (reading,) = engine.run([Picture(np.zeros((*shape, 3), np.uint8))])
    assert reading.lines == ()


def test_a_missing_wheel_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Catalog.load([REPOSITORY_ROOT / "services" / "documents" / "catalog.toml"]).get(MODEL)
    assert entry is not None
    monkeypatch.setattr(ppocr.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(errors.EngineNotInstalled, match="pip install"):
        ppocr.load(entry, Path(), "cpu")
