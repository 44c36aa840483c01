"""Recorded speech to segments of words: speech found, cut, recognised by the best installed engine, and written."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AsyncExitStack, aclosing

import numpy as np

from services.transcription.language_identification import LanguageIdentifier
from services.transcription.model_choice import chosen_model, languages_of, refuse_unless_known
from services.transcription.recognition import (
    DETECT_SPEECH,
    RECOGNIZE_SPEECH,
    SAMPLE_RATE,
    LanguageScore,
    Options,
    Samples,
    Segment,
    Sound,
)
from services.transcription.segmentation import Segmenter, Stretch
from services.transcription.tasks import FRAME, Frames, ListenerMemory, Readings, Utterance
from services.transcription.writing import Writer
from shared.rpc.call import Priority
from shared.runtime.runtime import Lease, Runtime

#: Told how many seconds of the sound are done; called on the event loop, must not block.
Progress = Callable[[float], None]

#: Frames that the speech detector hears at once: 8 s.
_FRAMES_AT_ONCE = 250
#: Speech that is kept from before a stretch: 10 s.
_SAMPLES_BEFORE = 10 * SAMPLE_RATE


class Recognizer:
    """Recognises what is spoken in a channel. One object serves any number of jobs at once."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._identifier = LanguageIdentifier(runtime)

    def languages(self) -> frozenset[str]:
        """Codes ("en-US") of the languages that installed engines recognise."""
        return languages_of(self._runtime, RECOGNIZE_SPEECH)

    def check(self, options: Options) -> None:
        """Refuse, before a job is accepted, what no installed engine can honour.

        Raises:
            UnsupportedLanguage: (BadRequestException) no engine knows a language; says which are known.
            InvalidArgument: (BadRequestException) the engines of a language have no vocabulary, or not so many
                alternatives.
            ModelNotInstalled: (BadRequestException) the catalog has an engine that could, and this command installs it:
                for a language, or for identifying the language spoken.
        """
        refuse_unless_known(self._runtime, RECOGNIZE_SPEECH, options.languages)
        self._identifier.check(options)
        for language in options.languages or sorted(self.languages()):
            chosen_model(self._runtime, RECOGNIZE_SPEECH, options.spoken(language))

    def model_id(self, options: Options) -> str:
        """Which model of the catalog answers for these options (they have passed ``check``)."""
        language = (options.languages or tuple(sorted(self.languages())))[0]
        return chosen_model(self._runtime, RECOGNIZE_SPEECH, options.spoken(language)).id

    async def identify(
        self, sound: Sound, options: Options, priority: Priority = Priority.BATCH
    ) -> tuple[LanguageScore, ...]:
        """Which of ``options.languages`` is spoken, most probable first; a single candidate has the score 1.0."""
        if len(options.languages) == 1:
            return (LanguageScore(options.languages[0], 1.0),)
        async with AsyncExitStack() as stack:
            listener = await stack.enter_async_context(await self._runtime.lease(DETECT_SPEECH))
            stretches = await stack.enter_async_context(aclosing(_stretches(sound, listener, priority)))
            return await self._identifier.of_sound(stretches, self._candidates(options), priority)

    async def segments(
        self, sound: Sound, options: Options, progress: Progress | None = None, priority: Priority = Priority.BATCH
    ) -> AsyncGenerator[Segment, None]:
        """Segments in order, as they are recognised; memory does not grow with the length of the sound.

        Sound without speech gives none. With ``identify`` "one" the language is identified first, and with "multiple"
        for each segment. Use ``contextlib.aclosing`` where you may stop early, so that the sound is closed.

        Raises:
            NonetError: as ``check``; whatever ``sound`` raises (damaged audio); an engine that fails.
        """
        self.check(options)
        if options.identify == "one" or len(options.languages) == 1:
            scores = await self.identify(sound, options, priority)
            if not scores:  # nobody speaks
                return
            options = options.spoken(scores[0].language)
        async with AsyncExitStack() as stack:
            listener = await stack.enter_async_context(await self._runtime.lease(DETECT_SPEECH))
            stretches = await stack.enter_async_context(aclosing(_stretches(sound, listener, priority, progress)))
            engines = _Engines(self._runtime, stack)
            writer = await Writer.open(self._runtime, stack)
            recognised = await stack.enter_async_context(
                aclosing(self._recognised(stretches, options, engines, priority))
            )
            async for stretch, language, readings, writes in recognised:
                segment = await writer.segment(stretch.start, stretch.end, language, readings, writes, priority)
                if segment is not None:
                    yield segment

    async def _recognised(
        self, stretches: AsyncGenerator[Stretch, None], options: Options, engines: _Engines, priority: Priority
    ) -> AsyncGenerator[tuple[Stretch, str, Readings, str], None]:
        """What engines read in each stretch, in order; several are at work at once."""
        under_way: deque[asyncio.Task[tuple[Stretch, str, Readings, str]]] = deque()
        before = np.zeros(0, np.float32)
        try:
            async for stretch in stretches:
                under_way.append(asyncio.ensure_future(self._read(stretch, before, options, engines, priority)))
                before = np.concatenate((before, stretch.samples))[-_SAMPLES_BEFORE:]
                if len(under_way) > engines.at_once:
                    yield await under_way.popleft()
            while under_way:
                yield await under_way.popleft()
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _read(
        self, stretch: Stretch, before: Samples, options: Options, engines: _Engines, priority: Priority
    ) -> tuple[Stretch, str, Readings, str]:
        if options.identify == "none":
            language = options.languages[0]
        else:
            candidates = self._candidates(options)
            language = (await self._identifier.of_stretch(stretch, candidates, priority))[0].language
        wishes = options.spoken(language)
        lease = await engines.lease(wishes)
        item = Utterance(stretch.samples, language, before, wishes.vocabulary, wishes.max_alternatives)
        (readings,) = await lease.run([item], priority)
        return stretch, language, readings, str(lease.model.options.get("writes", "spoken"))

    def _candidates(self, options: Options) -> tuple[str, ...]:
        return options.languages or tuple(sorted(self.languages()))


class _Engines:
    """The leases of one job, one a language: taken when they are first needed, released with the job."""

    def __init__(self, runtime: Runtime, stack: AsyncExitStack) -> None:
        self._runtime = runtime
        self._stack = stack
        self._leases: dict[str, Lease] = {}
        self._turn = asyncio.Lock()

    @property
    def at_once(self) -> int:
        """Stretches worth having under way: enough to keep every engine busy, few enough for memory."""
        models = [lease.model for lease in self._leases.values()]
        return max((max(model.instances, model.max_batch_size) for model in models), default=1)

    async def lease(self, options: Options) -> Lease:
        model = chosen_model(self._runtime, RECOGNIZE_SPEECH, options)
        async with self._turn:
            if model.id not in self._leases:
                lease = await self._runtime.lease_model(model.id)
                self._leases[model.id] = await self._stack.enter_async_context(lease)
            return self._leases[model.id]


async def _stretches(
    sound: Sound, listener: Lease, priority: Priority, progress: Progress | None = None
) -> AsyncGenerator[Stretch, None]:
    """Stretches of speech in a sound."""
    segmenter = Segmenter()
    memory: ListenerMemory | None = None
    heard = 0
    blocks = await asyncio.to_thread(sound)
    try:
        frames = _in_frames(blocks)
        while (samples := await asyncio.to_thread(next, frames, None)) is not None:
            whole = len(samples) // FRAME * FRAME
            if whole:
                (chances,) = await listener.run([Frames(samples[:whole], memory)], priority)
                memory = chances.memory
                for stretch in segmenter.push(samples[:whole], chances.probabilities):
                    yield stretch
            heard += len(samples)
            if progress is not None:
                progress(heard / SAMPLE_RATE)
            if whole < len(samples):  # only at the end of the sound
                for stretch in segmenter.finish(samples[whole:]):
                    yield stretch
        for stretch in segmenter.finish():
            yield stretch
    finally:
        close = getattr(blocks, "close", None)
        if close is not None:
            await asyncio.to_thread(close)


def _in_frames(blocks: Iterator[Samples]) -> Iterator[Samples]:
    """The same samples in pieces of ``_FRAMES_AT_ONCE`` frames; the last piece may be of any length."""
    wanted = _FRAMES_AT_ONCE * FRAME
    parts: list[Samples] = []
    have = 0
    for block in blocks:
        parts.append(np.asarray(block, np.float32).reshape(-1))
        have += len(parts[-1])
        if have >= wanted:
            joined = np.concatenate(parts)
            for begin in range(0, have - wanted + 1, wanted):
                yield joined[begin : begin + wanted]
            rest = joined[have // wanted * wanted :]
            parts, have = [rest], len(rest)
    if have:
        yield np.concatenate(parts)
