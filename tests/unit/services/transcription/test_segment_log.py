"""What one attempt saved, the next one finds; and where it begins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from services.transcription import segment_log
from services.transcription.recognition import LanguageScore, Segment
from services.transcription.segment_log import STEP_SECONDS, SegmentLog, shifted
from shared.jobs.job import Job, JobStatus, RunningJob
from shared.storage.blobs import FolderBlobs
from tests.unit.services.transcription.hearing import segment


class Writer:
    """Keeps the newest checkpoint."""

    checkpoint: bytes | None = None

    async def save_progress(self, job_id: str, attempt: int, progress: float, checkpoint: bytes | None) -> None:
        self.checkpoint = checkpoint


JOB = Job(
    1, "abc", "000000000000", "kind", "name", None, b"", JobStatus.RUNNING, "", "", 0.0, 1, 0, 0.0, 0.0, None, None, 0
)
#: Five seconds of speech each, pauses of two seconds, but none between the third and the fourth.
STARTS = [0.0, 7.0, 14.0, 19.0, 26.0, 33.0]
SPEECH = [segment(f"Line number {n}.", start, start + 5.0, f"other {n}") for n, start in enumerate(STARTS)]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_log, "CHECKPOINT_SECONDS", 0.0)


def log_of(attempt: int, checkpoint: bytes | None, writer: Writer, folder: Path, etag: str = "e") -> SegmentLog:
    job = RunningJob(replace(JOB, attempt=attempt), checkpoint, writer)
    return SegmentLog(job, FolderBlobs(folder), etag, channels=2)


async def first_attempt(writer: Writer, folder: Path, count: int) -> SegmentLog:
    log = log_of(1, None, writer, folder)
    for one in SPEECH[:count]:
        await log.add(0, one, 0.1)
    return log


@pytest.mark.parametrize(
    ("count", "begin"),
    # Twelve seconds of speech are three segments; a beginning is in a pause, on a whole step.
    [(1, 0.0), (3, 0.0), (4, 6.08), (5, 13.12), (6, 13.12)],
)
async def test_the_next_attempt_hears_some_speech_again(tmp_path: Path, count: int, begin: float) -> None:
    writer = Writer()
    first = await first_attempt(writer, tmp_path, count)
    assert first.channels[0] == SPEECH[:count]
    again = log_of(2, writer.checkpoint, writer, tmp_path)
    await again.restore()
    assert again.channels == [SPEECH[:count], []]
    assert again.resume_at(0) == pytest.approx(begin) and again.resume_at(1) == 0.0
    for one in SPEECH[sum(start < begin for start in STARTS) if begin else 0 :]:  # what is heard from there on
        await again.add(0, one, 0.2)
    assert again.channels[0] == SPEECH


async def test_a_third_attempt_has_it_all(tmp_path: Path) -> None:
    writer = Writer()
    await first_attempt(writer, tmp_path, 4)
    second = log_of(2, writer.checkpoint, writer, tmp_path)
    await second.restore()
    second.identified((LanguageScore("en-US", 0.75),))
    for one in SPEECH[3:]:
        await second.add(0, one, 0.5)
    await second.finished(0, 0.5)
    await second.add(1, SPEECH[0], 0.6)
    third = log_of(3, writer.checkpoint, writer, tmp_path)
    await third.restore()
    assert third.channels == [SPEECH, SPEECH[:1]]
    assert third.languages == (LanguageScore("en-US", 0.75),)
    assert third.resume_at(0) is None and third.resume_at(1) == 0.0
    await third.add(1, SPEECH[0], 0.6)  # heard again, known already
    await third.add(1, SPEECH[1], 0.7)
    assert third.channels[1] == SPEECH[:2]
    await third.forget()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


async def test_other_media_or_lost_blobs_begin_anew(tmp_path: Path) -> None:
    writer = Writer()
    log = await first_attempt(writer, tmp_path, 3)
    other = log_of(2, writer.checkpoint, writer, tmp_path, etag="another")
    await other.restore()
    assert other.channels == [[], []] and other.resume_at(0) == 0.0
    await log.forget()
    lost = log_of(2, writer.checkpoint, writer, tmp_path)
    await lost.restore()
    assert lost.channels == [[], []] and lost.resume_at(0) == 0.0


def test_shifting_moves_all_times() -> None:
    one = segment("Yes, no", 1.0, 2.0, "other")
    moved = shifted(one, 10 * STEP_SECONDS)
    assert moved.start == 2.6 and moved.items[0].start == 2.6 and moved.items[1].start is None
    assert moved.alternatives[1].items[0].end == one.alternatives[1].items[0].end + 1.6
    assert shifted(one, 0.0) is one and isinstance(moved, Segment)
