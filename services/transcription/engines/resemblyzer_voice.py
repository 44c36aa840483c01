"""Resemblyzer's voice encoder (Resemble AI; Apache-2.0): three LSTM layers over mel spectra, trained with GE2E loss.

Wan, Wang, Papir and Lopez Moreno, "Generalized end-to-end loss for speaker verification" (2018). The network runs on
ONNX Runtime; its spectra are computed here as its training data's were (25 ms windows every 10 ms, Slaney's mel scale).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.transcription.recognition import SAMPLE_RATE, Samples
from services.transcription.tasks import Voice
from shared import errors
from shared.models.catalog import CatalogEntry

_WINDOW, _HOP, _MELS = 400, 160, 40
#: The longest and the shortest window, frames: the network was trained with the former.
_FRAMES, _SHORTEST = 160, 50
#: Quieter sound is raised to this level, dB of full scale, as in training.
_LEVEL = -30.0


class ResemblyzerVoice:
    """Implements ``SpeakerEmbedder``."""

    def __init__(self, model: Path) -> None:
        import onnxruntime  # type: ignore[import-untyped]

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._filters = mel_filters()

    def run(self, items: Sequence[Voice]) -> list[NDArray[np.float32]]:
        spectra = [mel_spectrum(_raised(item.samples), self._filters)[:_FRAMES] for item in items]
        vectors: list[NDArray[np.float32]] = []
        # The network takes windows of one length at a time; those of one caller have one.
        for length, group in groupby(spectra, key=len):
            if length < _SHORTEST:
                raise errors.InvalidArgument("A voice is told by half a second of speech at least.")
            vectors.extend(self._session.run(["vectors"], {"mels": np.stack(list(group))})[0])
        return vectors

    def close(self) -> None:
        del self._session


def mel_spectrum(samples: Samples, filters: NDArray[np.float32]) -> NDArray[np.float32]:
    """Power in mel bands, shape (frames, 40); not its logarithm. Frames are centred, the ends padded with zeros."""
    padded = np.pad(samples, _WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    # The periodic form of Hann's window.
    window = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(frames * window, axis=1)).astype(np.float32) ** 2
    result: NDArray[np.float32] = (power @ filters.T).astype(np.float32)
    return result


def mel_filters() -> NDArray[np.float32]:
    """Triangles of equal area on Slaney's mel scale (Auditory Toolbox, 1998), shape (40, 201)."""
    bins = np.linspace(0.0, SAMPLE_RATE / 2, _WINDOW // 2 + 1)
    edges = _hertz(np.linspace(0.0, _mel_of(SAMPLE_RATE / 2), _MELS + 2))
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    result: NDArray[np.float32] = (triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)
    return result


#: Linear below 1 kHz, logarithmic above.
_LINEAR_HERTZ, _BREAK, _STEP = 200.0 / 3, 1000.0, np.log(6.4) / 27.0


def _mel_of(hertz: float) -> float:
    if hertz < _BREAK:
        return hertz / _LINEAR_HERTZ
    return float(_BREAK / _LINEAR_HERTZ + np.log(hertz / _BREAK) / _STEP)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = mels * _LINEAR_HERTZ
    curved = _BREAK * np.exp(_STEP * (mels - _BREAK / _LINEAR_HERTZ))
    return np.where(linear < _BREAK, linear, curved)


def _raised(samples: Samples) -> Samples:
    power = float(np.mean(np.square(samples), dtype=np.float64)) if len(samples) else 0.0
    if power <= 0.0:
        return samples
    change = _LEVEL - 10.0 * np.log10(power)
    if change <= 0.0:
        return samples
    raised: Samples = (samples * np.float32(10.0 ** (change / 20.0))).astype(np.float32)
    return raised


def load(entry: CatalogEntry, directory: Path, device: str) -> ResemblyzerVoice:
    """Read ``model.onnx``."""
    return ResemblyzerVoice(directory / "model.onnx")
