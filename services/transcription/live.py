"""Live speech to text: partial results while somebody speaks, a final one when the utterance has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from services.transcription.recognition import Alternative, Options
from shared.runtime.runtime import Runtime

#: How eagerly items of partial results are declared stable; None: no item is before the final result.
Stability = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Result:
    """One utterance as far as it is known; results of the same utterance have the same ``id``.

    ``partial``: more or other words may follow. A final result always ends an utterance that had partial ones.
    """

    id: str
    start: float
    end: float
    partial: bool
    language: str
    alternatives: tuple[Alternative, ...]


class LiveTranscript:
    """One live channel. Not for several tasks at once.

    live = LiveTranscript(runtime, options, 16_000, stabilization=None)
    try:
        await live.open()
        results = await live.accept(samples)   # any number of times
        results = await live.finish()
    finally:
        await live.close()                      # frees the decoder; also when the client has vanished
    """

    def __init__(
        self, runtime: Runtime, options: Options, sample_rate: int, stabilization: Stability | None = None
    ) -> None:
        """``sample_rate``: Hz of what ``accept`` will get, 8,000 to 48,000."""
        self._runtime = runtime

    async def open(self) -> None:
        """Take a decoder.

        Raises:
            LimitExceeded: (LimitExceededException) as many live sessions as this installation serves are open.
            UnsupportedLanguage, ModelNotInstalled, InvalidArgument: (BadRequestException) as ``Recognizer.check``; or
                the options need something that live engines cannot do.
        """
        raise NotImplementedError

    async def accept(self, samples: NDArray[np.int16] | NDArray[np.float32]) -> list[Result]:
        """Hear mono samples (int16, or float32 in -1..1), at most 10 seconds a call; returns what is new, in order.

        It returns once the samples are decoded: whoever waits for it before sending more has back pressure.
        """
        raise NotImplementedError

    async def finish(self) -> list[Result]:
        """No more sound comes: the finals that are left."""
        raise NotImplementedError

    async def close(self) -> None:
        """Free the decoder; may be called at any time, and again."""
        raise NotImplementedError
