"""Tesseract on drawn text, where it is installed, and what is said where it is not."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from services.documents.engines import tesseract
from shared import errors
from shared.models.catalog import REPOSITORY_ROOT, Catalog, CatalogEntry
from shared.tasks.reading import Picture
from tests.unit.services.documents.engines.test_ppocr import TEXT, drawn


@pytest.fixture
def entry() -> CatalogEntry:
    found = Catalog.load([REPOSITORY_ROOT / "services" / "documents" / "catalog.toml"]).get("tesseract-en")
    assert found is not None
    return found


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_page_is_read_in_every_quarter_turn(entry: CatalogEntry, turn: int) -> None:
    pytest.importorskip("tesserocr", reason="tesserocr is not installed")
    try:
        engine = tesseract.load(entry, Path(), "cpu")
    except errors.EngineNotInstalled as error:
        pytest.skip(error.message)
    pixels = np.ascontiguousarray(np.rot90(drawn(), -turn // 90))
    (reading,) = engine.run([Picture(pixels)])
    assert reading.rotation == turn
    assert [line.text for line in reading.lines] == TEXT
    along = reading.lines[0].polygon[1] - reading.lines[0].polygon[0]
    assert np.degrees(np.arctan2(along[1], along[0])) % 360 == pytest.approx(turn, abs=1)
    engine.close()


def test_an_absent_package_names_the_remedy(entry: CatalogEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tesserocr", None)
    with pytest.raises(errors.EngineNotInstalled, match="tesserocr"):
        tesseract.load(entry, Path(), "cpu")


def test_absent_language_data_name_the_remedy(
    entry: CatalogEntry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("tesserocr", reason="tesserocr is not installed")
    monkeypatch.setattr(tesseract, "DATA_FOLDERS", (str(tmp_path),))
    monkeypatch.delenv("TESSDATA_PREFIX", raising=False)
    with pytest.raises(errors.EngineNotInstalled, match="tesseract-ocr"):
        tesseract.load(entry, Path(), "cpu")
