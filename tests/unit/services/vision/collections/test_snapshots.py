"""Indexes on disk: whole or not at all."""

from __future__ import annotations

import os
import stat
import time
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.vision.collections.snapshots import Snapshots, Standing

GENERATION = uuid.UUID(int=1).hex
STANDING = Standing(GENERATION, "made-up", 7, 100, 5, "a-face")
INDEX = bytes(range(256)) * 20


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "face-indexes")


def file_of(tmp_path: Path, generation: str = GENERATION) -> Path:
    return tmp_path / "face-indexes" / f"{generation}.index"


def test_what_is_saved_is_loaded(snapshots: Snapshots, tmp_path: Path) -> None:
    assert snapshots.load(GENERATION) is None
    snapshots.delete(GENERATION)
    snapshots.save(STANDING, b"the first")
    snapshots.save(STANDING, INDEX)
    assert snapshots.load(GENERATION) == (STANDING, INDEX)
    assert stat.S_IMODE(file_of(tmp_path).stat().st_mode) == 0o600
    assert stat.S_IMODE(file_of(tmp_path).parent.stat().st_mode) == 0o700
    snapshots.delete(GENERATION)
    assert snapshots.load(GENERATION) is None
    assert list(file_of(tmp_path).parent.iterdir()) == []


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_as_good_as_none(snapshots: Snapshots, tmp_path: Path, data: st.DataObject) -> None:
    snapshots.save(STANDING, INDEX)
    whole = bytearray(file_of(tmp_path).read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans(), "cut"):
        del whole[at:]
    else:
        whole[at] ^= data.draw(st.integers(1, 255))
    file_of(tmp_path).write_bytes(whole)
    assert snapshots.load(GENERATION) is None


def test_a_file_under_another_name_is_not_taken(snapshots: Snapshots, tmp_path: Path) -> None:
    snapshots.save(STANDING, INDEX)
    other = uuid.UUID(int=2).hex
    file_of(tmp_path).rename(file_of(tmp_path, other))
    assert snapshots.load(other) is None


@pytest.mark.parametrize("generation", ["", "../../etc/passwd", "0" * 31, "G" * 32, GENERATION + "\n"])
def test_only_generations_name_files(snapshots: Snapshots, generation: str) -> None:
    for call in (snapshots.load, snapshots.delete):
        with pytest.raises(ValueError):
            call(generation)


def test_a_write_that_fails_leaves_the_old_file(
    snapshots: Snapshots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots.save(STANDING, b"the first")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError):
        snapshots.save(STANDING, INDEX)
    assert snapshots.load(GENERATION) == (STANDING, b"the first")
    assert list(file_of(tmp_path).parent.iterdir()) == [file_of(tmp_path)]


def test_sweeping_removes_what_nobody_has(snapshots: Snapshots, tmp_path: Path) -> None:
    future = time.time() + 10
    assert snapshots.sweep(frozenset(), future) == 0
    gone = uuid.UUID(int=2).hex
    for generation in (GENERATION, gone):
        snapshots.save(Standing(generation, "made-up", 1, 1, 1, "x"), INDEX)
    (file_of(tmp_path).parent / "crashed.part").write_bytes(b"half")
    (file_of(tmp_path).parent / "notes.txt").write_text("somebody's own")
    assert snapshots.sweep(frozenset({GENERATION}), time.time() - 60) == 0, "all are young"
    assert snapshots.sweep(frozenset({GENERATION}), future) == 2
    assert {path.name for path in file_of(tmp_path).parent.iterdir()} == {f"{GENERATION}.index", "notes.txt"}
