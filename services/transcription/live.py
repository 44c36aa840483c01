"""Live speech to text: partial results while somebody speaks, a final one when the utterance has ended."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import AsyncExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.transcription.endpoints import AT_ONCE, Endpointer, Piece, whole_frames
from services.transcription.model_choice import REFUSED, chosen_model
from services.transcription.recognition import (
    DETECT_SPEECH,
    RECOGNIZE_LIVE_SPEECH,
    Alternative,
    Options,
    Samples,
)
from services.transcription.resampling import Resampler
from services.transcription.stability import Stability, Stabilizer
from services.transcription.tasks import FRAME, Frames, ListenerMemory, LiveSound, Readings
from services.transcription.writing import Writer
from shared import errors
from shared.rpc.call import Priority
from shared.runtime.runtime import Lease, Runtime

__all__ = ["LiveTranscript", "Result", "Stability"]


@dataclass(frozen=True, slots=True)
class Result:
    """One utterance as far as it is known; results of the same utterance have the same ``id``.

    ``partial``: more or other words may follow. An utterance that had partial results always gets a final one, which
    has no alternatives in the rare case that nothing was left of them.
    """

    id: str
    start: float
    end: float
    partial: bool
    language: str
    alternatives: tuple[Alternative, ...]


@dataclass(slots=True)
class _Utterance:
    id: str
    transcript: str = ""


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
        self._options = options
        self._resampler = Resampler(sample_rate)
        self._stabilizer = Stabilizer(stabilization)
        self._stack = AsyncExitStack()
        self._session = uuid.uuid4().hex
        self._listener: Lease | None = None
        self._decoder: Lease | None = None
        self._writer: Writer | None = None
        self._writes = "spoken"
        self._endpointer = Endpointer()
        self._memory: ListenerMemory | None = None
        self._waiting: Samples = np.zeros(0, np.float32)
        self._utterance: _Utterance | None = None

    async def open(self) -> None:
        """Take a decoder.

        Raises:
            LimitExceeded: (LimitExceededException) as many live sessions as this installation serves are open.
            UnsupportedLanguage, ModelNotInstalled, InvalidArgument: (BadRequestException) as ``Recognizer.check``; or
                the options need something that live engines cannot do.
        """
        if self._options.identify != "none" and len(self._options.languages) != 1:
            raise errors.InvalidArgument(
                "No live engine here identifies the language that is spoken: name it in LanguageCode.",
                aws_code=REFUSED,
            )
        self._options = self._options.spoken(self._options.languages[0])
        model = chosen_model(self._runtime, RECOGNIZE_LIVE_SPEECH, self._options)
        self._writes = str(model.options.get("writes", "spoken"))
        try:
            self._listener = await self._stack.enter_async_context(await self._runtime.lease(DETECT_SPEECH))
            self._writer = await Writer.open(self._runtime, self._stack)
            self._decoder = await self._stack.enter_async_context(await self._runtime.lease_model(model.id))
            await self._decode(np.zeros(0, np.float32), ends=False)
        except BaseException:
            await self.close()
            raise

    async def accept(self, samples: NDArray[np.int16] | NDArray[np.float32]) -> list[Result]:
        """Hear mono samples, int16, or float32 in -1..1; returns what is new, in order.

        It returns once the samples are decoded: whoever waits for it before sending more has back pressure.
        """
        more = await asyncio.to_thread(self._resampler.feed, samples)
        return await self._hear(more)

    async def finish(self) -> list[Result]:
        """No more sound comes: the finals that are left."""
        rest = await asyncio.to_thread(self._resampler.finish)
        # Silence makes the last frame whole.
        padding = np.zeros(-(len(rest) + len(self._waiting)) % FRAME, np.float32)
        results = await self._hear(np.concatenate((rest, padding)))
        for piece in self._endpointer.finish():
            results.extend(await self._result(piece))
        return results

    async def close(self) -> None:
        """Free the decoder; may be called at any time, and again."""
        decoder, self._decoder = self._decoder, None
        try:
            if decoder is not None:
                # Shielded: a client that has vanished cancels its call, and its decoder must come free all the same.
                await asyncio.shield(
                    decoder.run([LiveSound(self._session, np.zeros(0, np.float32), close=True)], Priority.INTERACTIVE)
                )
        finally:
            await self._stack.aclose()

    # -- hearing

    async def _hear(self, more: Samples) -> list[Result]:
        assert self._listener is not None, "open() comes first"
        frames, self._waiting = whole_frames(self._waiting, more)
        results: list[Result] = []
        for begin in range(0, len(frames), AT_ONCE):
            samples = frames[begin : begin + AT_ONCE]
            (chances,) = await self._listener.run([Frames(samples, self._memory)])
            self._memory = chances.memory
            for piece in self._endpointer.push(samples, chances.probabilities):
                results.extend(await self._result(piece))
        return results

    async def _result(self, piece: Piece) -> list[Result]:
        readings = await self._decode(piece.samples, ends=piece.ends)
        if self._utterance is None:
            self._utterance = _Utterance(uuid.uuid4().hex)
        utterance = self._utterance
        assert self._writer is not None
        segment = await self._writer.segment(
            piece.start, piece.end, self._options.languages[0], readings, self._writes, Priority.INTERACTIVE,
            ends=piece.ends,
        )  # fmt: skip
        if piece.ends:
            self._utterance = None
            self._stabilizer.ended()
            if segment is None and not utterance.transcript:
                return []
            alternatives = segment.alternatives if segment is not None else ()
        else:
            if segment is None:
                return []
            items = self._stabilizer.partial(segment.items)
            alternatives = (Alternative.of(items),)
            if alternatives[0].transcript == utterance.transcript:
                return []
            utterance.transcript = alternatives[0].transcript
        language = self._options.languages[0]
        return [Result(utterance.id, piece.start, piece.end, not piece.ends, language, alternatives)]

    async def _decode(self, samples: Samples, *, ends: bool) -> Readings:
        assert self._decoder is not None, "open() comes first"
        item = LiveSound(
            self._session, samples, ends, False, self._options.languages[0], self._options.vocabulary,
            self._options.max_alternatives if ends else 1,
        )  # fmt: skip
        (readings,) = await self._decoder.run([item], Priority.INTERACTIVE)
        return tuple(readings)
