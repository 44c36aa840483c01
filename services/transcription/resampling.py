"""Live samples of any rate as the recognisers' 16 kHz, continuous from chunk to chunk."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.transcription.recognition import SAMPLE_RATE, Samples


class Resampler:
    """One channel's way to ``SAMPLE_RATE`` (FFmpeg's resampler, by PyAV)."""

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._resampler: Any = None
        self._taken = 0

    def feed(self, samples: NDArray[np.int16] | NDArray[np.float32]) -> Samples:
        """The samples that are ready; a few milliseconds stay inside."""
        floats = samples.astype(np.float32) / 32768.0 if samples.dtype == np.int16 else samples.astype(np.float32)
        floats = np.nan_to_num(floats).clip(-1.0, 1.0).reshape(-1)
        if self._rate == SAMPLE_RATE or not len(floats):
            return floats
        import av

        if self._resampler is None:
            self._resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        frame = av.AudioFrame.from_ndarray(floats[None], format="flt", layout="mono")
        frame.sample_rate = self._rate
        frame.pts = self._taken
        self._taken += len(floats)
        return _joined(self._resampler.resample(frame))

    def finish(self) -> Samples:
        """The rest."""
        return _joined(self._resampler.resample(None)) if self._resampler is not None else _joined([])


def _joined(frames: list[Any]) -> Samples:
    parts = [np.asarray(frame.to_ndarray(), np.float32).reshape(-1) for frame in frames]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
