"""Silero VAD 6 (Silero Team; MIT): is somebody speaking, every 32 ms. Run by ONNX Runtime, a block of frames a call.

The network lies in the package's wheel, none of whose code runs: that would bring torch.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from services.transcription.tasks import FRAME, Frames, ListenerMemory, SpeechChances
from shared import errors
from shared.models.catalog import CatalogEntry

_PACKAGE = "silero_vad"
#: Samples of the frame before that each frame is heard with.
_CONTEXT = 64
_STATE_SHAPE = (1, 1, 128)


class SileroVad:
    """Implements ``SpeechDetector``; holds no state of any sound, so one serves all."""

    def __init__(self, model: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # The network is tiny: more threads cost more than they give.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def run(self, items: Sequence[Frames]) -> list[SpeechChances]:
        return [self._listen(item) for item in items]

    def close(self) -> None:
        del self._session

    def _listen(self, item: Frames) -> SpeechChances:
        if not len(item.samples) or len(item.samples) % FRAME:
            raise errors.InvalidArgument(f"Speech is detected in whole frames of {FRAME} samples.")
        memory = item.memory or ListenerMemory(
            np.zeros(_STATE_SHAPE, np.float32), np.zeros(_STATE_SHAPE, np.float32), np.zeros(_CONTEXT, np.float32)
        )
        frames = np.ascontiguousarray(item.samples, np.float32).reshape(-1, FRAME)
        before = np.concatenate((memory.context[None], frames[:-1, -_CONTEXT:]))
        probabilities, hidden, cell = self._session.run(
            ["speech_probs", "hn", "cn"],
            {"input": np.concatenate((before, frames), axis=1), "h": memory.hidden, "c": memory.cell},
        )
        # A copy, or the memory would keep the whole block alive.
        return SpeechChances(probabilities.reshape(-1), ListenerMemory(hidden, cell, frames[-1, -_CONTEXT:].copy()))


def load(entry: CatalogEntry, directory: Path, device: str) -> SileroVad:
    """Read the network that the wheel brings. Raises ``FailedPrecondition`` when it is not there."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.submodule_search_locations is None:
        raise errors.FailedPrecondition(f"The package {_PACKAGE} is missing: pip install -r requirements/core.lock")
    return SileroVad(Path(found.submodule_search_locations[0]) / "data" / "silero_vad_16k_sequence.onnx")
