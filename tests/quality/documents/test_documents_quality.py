"""The bars of the documents service, on a part of the public data (the whole: bench/quality/documents.py --full)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("rapidocr", reason="the wheel that brings the networks is not installed")
pytest.importorskip("scipy", reason="scipy assigns boxes to one another")

from bench.quality import documents as bench

SHARED = Path(os.environ.get("NONET_SHARED", Path(__file__).resolve().parents[4] / "shared"))
DATA = SHARED / "data" / "documents"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason="NONET_SHARED has no documents"),
]


@pytest.fixture(scope="module")
def reader() -> bench.Reader:
    return bench.Reader()


def measured(suite: str, reader: bench.Reader) -> dict[tuple[str, str], float]:
    return {(what, data): value for what, data, value, _ in bench.SUITES[suite](DATA, reader, False)}


def test_words_of_scanned_forms(reader: bench.Reader) -> None:
    rows = measured("funsd", reader)
    assert rows["words recall, exact", "FUNSD, all"] >= 70
    assert rows["words precision, exact", "FUNSD, all"] >= 75
    # These seven forms are harder than most: 27 here, where all 149 give 37.
    assert rows["key-value pairs F1", "FUNSD, all"] >= 24


def test_agreement_with_real_answers(reader: bench.Reader) -> None:
    rows = measured("textract", reader)
    assert rows["words with boxes F1", "real Textract answers"] >= 88
    assert rows["lines F1, exact text", "real Textract answers"] >= 75


def test_tables_of_scans_and_of_layers_agree(reader: bench.Reader) -> None:
    rows = measured("tables", reader)
    assert rows["table cells F1, scan against layer", "camelot"] >= 85


def test_memory_stays_flat(reader: bench.Reader) -> None:
    rows = measured("memory", reader)
    assert rows["memory growth, MB", "15 pages"] < 60
