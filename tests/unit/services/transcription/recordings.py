"""Recordings that tests hear, and a runtime with the embedded models."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from services.transcription.recognition import SAMPLE_RATE, Samples, Sound
from shared.media.audio import Audio
from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from shared.runtime.devices import Device
from shared.runtime.runtime import Runtime

SHARED = Path(os.environ.get("NONET_SHARED", Path(__file__).resolve().parents[5] / "shared"))
SPEECH = SHARED / "data" / "speech"


def recording(name: str) -> Samples:
    """All of a file at 16 kHz, mono; the test is skipped where it is absent."""
    path = SPEECH / name
    if not path.is_file():
        pytest.skip(f"no recordings at {SPEECH}: set NONET_SHARED")
    with Audio(path) as audio:
        return audio.samples(SAMPLE_RATE)[0]


def sound(samples: Samples, block: int = 4096) -> Sound:
    """The samples as jobs give them: block by block."""

    def opened() -> Iterator[Samples]:
        return (samples[begin : begin + block] for begin in range(0, len(samples), block))

    return opened


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


def embedded_runtime(folder: Path) -> Runtime:
    """A runtime over the catalog; only what the repository and its wheels bring is installed."""
    return Runtime(Catalog.load(), ModelStore(folder), [Device("cpu", 8 << 30)])
