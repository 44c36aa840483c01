"""Resemblyzer's voice encoder (Resemble AI; Apache-2.0): three LSTM layers over mel spectra, trained with GE2E loss.

Wan, Wang, Papir and Lopez Moreno, "Generalized end-to-end loss for speaker verification" (2018). Its weights lie in the
package's wheel, none of whose code runs: the network is computed here by NumPy, without torch, and its spectra as its
training data's were (25 ms windows every 10 ms, Slaney's mel scale).
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.transcription.engines.torch_checkpoint import read_tensors
from services.transcription.recognition import SAMPLE_RATE, Samples
from services.transcription.tasks import Voice
from shared import errors
from shared.models.catalog import CatalogEntry

_PACKAGE, _LAYERS = "resemblyzer", 3
_SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"
_WINDOW, _HOP, _MELS = 400, 160, 40
#: The longest and the shortest window, frames: the network was trained with the former.
_FRAMES, _SHORTEST = 160, 50
#: Quieter sound is raised to this level, dB of full scale, as in training.
_LEVEL = -30.0


class ResemblyzerVoice:
    """Implements ``SpeakerEmbedder``."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        self._layers = [_Layer.of(weights, number) for number in range(_LAYERS)]
        self._linear, self._bias = weights["linear.weight"].T.copy(), weights["linear.bias"]
        self._filters = mel_filters()

    def run(self, items: Sequence[Voice]) -> list[NDArray[np.float32]]:
        spectra = [mel_spectrum(_raised(item.samples), self._filters)[:_FRAMES] for item in items]
        vectors: list[NDArray[np.float32]] = []
        # The network takes windows of one length at a time; those of one caller have one.
        for length, group in groupby(spectra, key=len):
            if length < _SHORTEST:
                raise errors.InvalidArgument("A voice is told by half a second of speech at least.")
            vectors.extend(self._vectors(np.stack(list(group), axis=1)))
        return vectors

    def close(self) -> None:
        """Nothing but memory was taken."""

    def _vectors(self, mels: NDArray[np.float32]) -> NDArray[np.float32]:
        """mels (frames, windows, 40) -> vectors (windows, 256) of length 1."""
        outputs = mels
        for layer in self._layers:
            outputs = layer.run(outputs)
        raw = np.maximum(outputs[-1] @ self._linear + self._bias, 0.0)
        vectors: NDArray[np.float32] = raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-12)
        return vectors


@dataclass(frozen=True, slots=True)
class _Layer:
    """An LSTM layer (Hochreiter and Schmidhuber, 1997): its four gates side by side in each matrix, in the order
    input, forget, output, cell."""

    from_input: NDArray[np.float32]
    from_state: NDArray[np.float32]
    bias: NDArray[np.float32]

    @classmethod
    def of(cls, weights: Mapping[str, NDArray[np.float32]], number: int) -> _Layer:
        def gates(name: str) -> NDArray[np.float32]:
            entry, forget, cell, output = np.split(weights[f"lstm.{name}_l{number}"], 4)  # torch's order
            return np.concatenate((entry, forget, output, cell))

        return cls(gates("weight_ih").T.copy(), gates("weight_hh").T.copy(), gates("bias_ih") + gates("bias_hh"))

    def run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """inputs (frames, windows, n) -> states (frames, windows, 256)."""
        given = inputs @ self.from_input + self.bias
        size = given.shape[2] // 4
        state = np.zeros((given.shape[1], size), np.float32)
        cell = np.zeros_like(state)
        states = np.empty((len(given), *state.shape), np.float32)
        for frame, gates in enumerate(given):
            gates += state @ self.from_state
            # The logistic function by tanh, which does not overflow.
            entry, forget, output = np.split(0.5 + 0.5 * np.tanh(0.5 * gates[:, : 3 * size]), 3, axis=1)
            cell = forget * cell + entry * np.tanh(gates[:, 3 * size :])
            state = output * np.tanh(cell)
            states[frame] = state
        return states


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
    """Read the weights that the wheel brings. Raises ``FailedPrecondition`` when they are not those we measured."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.submodule_search_locations is None:
        raise errors.FailedPrecondition(f"The package {_PACKAGE} is missing: pip install -r requirements/core.lock")
    checkpoint = Path(found.submodule_search_locations[0]) / "pretrained.pt"
    with checkpoint.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != _SHA256:
            raise errors.FailedPrecondition(f"{checkpoint.name} of {_PACKAGE} is not the file that was measured.")
    return ResemblyzerVoice(read_tensors(checkpoint, "model_state"))
