"""The child that reads PDFs: it may die, hang or go mad, and only its document is lost."""

from __future__ import annotations

import io
import os
import signal
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from shared import errors
from shared.media import pdf_reader
from shared.media.pdf import PdfLimits
from shared.media.pdf_reader import PdfReader
from shared.runtime import child


@pytest.fixture
def pdf() -> bytes:
    buffer = io.BytesIO()
    pages = [Image.new("RGB", (200, 100), colour) for colour in ("white", "black")]
    pages[0].save(buffer, "PDF", save_all=True, append_images=pages[1:])
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def children():
    pdf_reader._workers.bury_all()
    yield
    pdf_reader._workers.bury_all()


def pid(reader: PdfReader) -> int:
    return reader._worker.child.process_id


def test_pages_come_through_the_pipe(pdf: bytes, tmp_path: Path) -> None:
    (tmp_path / "two.pdf").write_bytes(pdf)
    for source in (pdf, tmp_path / "two.pdf"):
        with PdfReader(source, PdfLimits()) as reader:
            assert reader.page_count == 2
            assert [round(float(reader.page(i).pixels.mean())) for i in range(2)] == [255, 0]


def test_a_child_serves_one_document_after_the_other(pdf: bytes) -> None:
    with PdfReader(pdf, PdfLimits()) as first:
        used = pid(first)
    with PdfReader(pdf, PdfLimits()) as second:
        assert pid(second) == used
        with PdfReader(pdf, PdfLimits()) as third:
            assert pid(third) != used


def test_a_bad_document_does_not_cost_the_child(pdf: bytes) -> None:
    with PdfReader(pdf, PdfLimits()) as reader:
        used = pid(reader)
        with pytest.raises(errors.BadDocument):
            reader.page(7)
    with pytest.raises(errors.BadDocument):
        PdfReader(b"%PDF-1.4 nothing", PdfLimits())
    with PdfReader(pdf, PdfLimits()) as reader:
        assert pid(reader) == used


def test_a_child_that_dies_takes_its_document_alone(pdf: bytes) -> None:
    with PdfReader(pdf, PdfLimits()) as doomed, PdfReader(pdf, PdfLimits()) as other:
        os.kill(pid(doomed), signal.SIGKILL)
        with pytest.raises(errors.BadDocument):
            doomed.page(0)
        with pytest.raises(errors.BadDocument):
            doomed.page(0)
        assert other.page(0).pixels.size


def test_a_child_that_hangs_is_given_up(pdf: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_reader, "GRACE_SECONDS", 0.5)
    with PdfReader(pdf, PdfLimits()) as warm:
        used = pid(warm)
    with PdfReader(pdf, PdfLimits(max_seconds=0.5)) as reader:
        assert pid(reader) == used
        os.kill(used, signal.SIGSTOP)
        with pytest.raises(errors.BadDocument):
            reader.page(0)
    assert not Path(f"/proc/{used}").exists()


def test_a_child_that_a_file_took_over_cannot_talk_us_into_anything(
    pdf: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes up the pipe is data of known kinds, or the end of that child."""
    real = subprocess.Popen

    def imposter(command, **options):
        return real(["sh", "-c", "cat >/dev/null & printf '\\0\\0\\0\\0\\0\\0\\0\\5\\0hello'; wait"], **options)

    monkeypatch.setattr(child.subprocess, "Popen", imposter)
    with pytest.raises(errors.BadDocument):
        PdfReader(pdf, PdfLimits()).page(0)


def test_no_child_outlives_its_use(pdf: bytes) -> None:
    with PdfReader(pdf, PdfLimits()) as reader:
        used = pid(reader)
    pdf_reader._workers.bury_all()
    assert not Path(f"/proc/{used}").exists()
