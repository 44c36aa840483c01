"""What EasyOCR's answers become, and what is said where it or its files are absent."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from services.documents.engines import easyocr
from shared import errors
from shared.models.catalog import REPOSITORY_ROOT, Catalog, CatalogEntry
from shared.tasks.reading import Picture


@pytest.fixture
def entry() -> CatalogEntry:
    found = Catalog.load([REPOSITORY_ROOT / "services" / "documents" / "catalog.toml"]).get("easyocr-en")
    assert found is not None
    return found


class _Reader:
    """Stands for easyocr.Reader: keeps how it was opened, answers one line."""

    opened: dict[str, Any]

    def __init__(self, languages: list[str], **options: Any) -> None:
        type(self).opened = {"languages": languages, **options}

    def readtext(self, pixels: np.ndarray) -> list[tuple[list[list[int]], str, float]]:
        return [([[10, 10], [120, 10], [120, 30], [10, 30]], "ab cd efghi", 0.75), ([[0, 0]] * 4, "  ", 0.9)]


def test_a_line_becomes_words_in_their_places(
    entry: CatalogEntry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "easyocr", SimpleNamespace(Reader=_Reader))
    engine = easyocr.load(entry, tmp_path, "cpu")
    assert _Reader.opened["languages"] == ["en"]
    assert _Reader.opened["download_enabled"] is False and _Reader.opened["gpu"] is False
    assert _Reader.opened["model_storage_directory"] == str(tmp_path)
    (reading,) = engine.run([Picture(np.zeros((40, 140, 3), np.uint8))])
    (line,) = reading.lines
    assert [word.text for word in line.words] == ["ab", "cd", "efghi"]
    assert [word.polygon[:, 0].min() for word in line.words] == pytest.approx([10, 40, 70])
    assert [word.polygon[:, 0].max() for word in line.words] == pytest.approx([30, 60, 120])
    assert {word.confidence for word in line.words} == {0.75}
    engine.close()


def test_absent_package_and_absent_files_name_the_remedy(
    entry: CatalogEntry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "easyocr", None)
    with pytest.raises(errors.EngineNotInstalled, match="nonet engines install easyocr"):
        easyocr.load(entry, tmp_path, "cpu")

    def missing(*_: Any, **__: Any) -> None:
        raise FileNotFoundError("craft")

    monkeypatch.setitem(sys.modules, "easyocr", SimpleNamespace(Reader=missing))
    with pytest.raises(errors.ModelNotInstalled):
        easyocr.load(entry, tmp_path, "cpu")
