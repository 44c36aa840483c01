"""Converters for the tests of adoption."""

from __future__ import annotations

from pathlib import Path


def reverse(source: Path, target: Path) -> None:
    (target / "reversed.bin").write_bytes((source / "model.bin").read_bytes()[::-1])


def fail(source: Path, target: Path) -> None:
    (target / "half.bin").write_bytes(b"half")
    raise SystemExit("these are no weights")
