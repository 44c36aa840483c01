"""How far a job has come, kept so that another process can go on from there.

Recognised segments lie in blobs beside the job's result, and are deleted with it; the job's checkpoint names them. A
channel that was broken off is taken up in the middle of a pause, some speech before the first segment that is missing:
engines listen to that to get used to the channel, so they recognise what follows as if they had heard all of it.
"""

from __future__ import annotations

import json
import math
import time
import zlib
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from services.transcription.recognition import Alternative, Item, LanguageScore, Segment
from shared import errors
from shared.jobs.job import RunningJob
from shared.jobs.runner import result_folder
from shared.storage.blobs import BlobStore, blob_name

#: A job that dies has lost little more than this many seconds of work.
CHECKPOINT_SECONDS = 15.0
#: A pause that is long enough to begin in.
PAUSE_SECONDS = 1.0
#: Speech that is heard again before what is missing; a little more than recognisers keep of it (recognizer.py).
CONTEXT_SECONDS = 12.0
#: Recognition begins on a multiple of this: whole windows of the speech detector (32 ms) and frames of engines (10 ms).
STEP_SECONDS = 0.16


@dataclass(slots=True)
class _State:
    """What a checkpoint holds. ``parts``: names of blobs, in order."""

    etag: str
    channel: int = 0
    #: Where to listen to ``channel`` from, seconds.
    resume_at: float = 0.0
    parts: list[str] = field(default_factory=list)
    #: (code, score), most probable first, once the language has been identified.
    languages: list[tuple[str, float]] = field(default_factory=list)


class SegmentLog:
    """Segments of a job's channels as they come; restored from earlier attempts of the job."""

    def __init__(self, job: RunningJob, blobs: BlobStore, etag: str, channels: int) -> None:
        self._job = job
        self._blobs = blobs
        self._state = _State(etag)
        #: Segments of each channel so far.
        self.channels: list[list[Segment]] = [[] for _ in range(channels)]
        self._unsaved: list[tuple[int, Segment]] = []
        #: Pauses of the channel under way: a moment in each, and the number of the segment that follows.
        self._pauses: list[tuple[float, int]] = []
        #: End of what an earlier attempt knew of the channel under way.
        self._known_until = 0.0
        self._saved_at = time.monotonic()

    async def restore(self) -> None:
        """Read what earlier attempts saved; nothing where any of it is gone, or the media is another one now."""
        if self._job.last_checkpoint is None:
            return
        state = _State(**json.loads(self._job.last_checkpoint))
        if state.etag != self._state.etag:
            return
        found: list[list[Segment]] = [[] for _ in self.channels]
        try:
            for part in state.parts:
                body = b"".join([chunk async for chunk in self._blobs.read(part)])
                for channel, values in json.loads(zlib.decompress(body)):
                    found[channel].append(_segment(values))
        except errors.NotFound:
            return
        self.channels, self._state = found, state
        if state.channel < len(found) and found[state.channel]:
            self._known_until = found[state.channel][-1].end

    @property
    def languages(self) -> tuple[LanguageScore, ...]:
        """Scores of the identified language, () before that."""
        return tuple(LanguageScore(code, score) for code, score in self._state.languages)

    def identified(self, scores: tuple[LanguageScore, ...]) -> None:
        """Keep what identification said."""
        self._state.languages = [(score.language, score.score) for score in scores]

    def resume_at(self, channel: int) -> float | None:
        """Where to listen to a channel from, seconds; None when it is done."""
        if channel < self._state.channel:
            return None
        return self._state.resume_at if channel == self._state.channel else 0.0

    async def add(self, channel: int, segment: Segment, progress: float) -> None:
        """The channel's next segment; nothing happens to one that an earlier attempt knew.

        Raises ``Cancelled``, ``Aborted`` like the job's own checkpoints.
        """
        if (segment.start + segment.end) / 2 <= self._known_until:
            return
        known = self.channels[channel]
        if known and (begin := _beginning(known[-1].end, segment.start)) is not None:
            self._pauses.append((begin, len(known)))
        known.append(segment)
        self._unsaved.append((channel, segment))
        if time.monotonic() - self._saved_at >= CHECKPOINT_SECONDS:
            await self._save(progress)
        else:
            await self._job.report(progress)

    async def finished(self, channel: int, progress: float) -> None:
        """The channel has no more segments."""
        self._state.channel, self._state.resume_at = channel + 1, 0.0
        self._pauses, self._known_until = [], 0.0
        if time.monotonic() - self._saved_at >= CHECKPOINT_SECONDS:
            await self._save(progress)

    async def forget(self) -> None:
        """Delete the blobs: the result has it all now."""
        for part in self._state.parts:
            await self._blobs.delete(part)

    async def _save(self, progress: float) -> None:
        """Write segments that no part has yet, and where to go on after them."""
        if self._unsaved:
            values = [(channel, asdict(segment)) for channel, segment in self._unsaved]
            body = zlib.compress(json.dumps(values).encode())
            number = len(self._state.parts) + 1
            part = blob_name(*result_folder(self._job.id), f"segments-{self._job.job.attempt}-{number}")
            await self._blobs.write(part, _chunks(body))
            self._state.parts.append(part)
            self._unsaved = []
        self._set_beginning()
        self._saved_at = time.monotonic()
        await self._job.checkpoint(json.dumps(asdict(self._state)).encode(), progress)

    def _set_beginning(self) -> None:
        """Set ``resume_at`` to the last pause that enough speech follows."""
        if not self._pauses:
            return
        segments = self.channels[self._state.channel]
        speech, number = 0.0, len(segments)
        while self._pauses and number:
            number -= 1
            speech += segments[number].end - segments[number].start
            if speech >= CONTEXT_SECONDS:
                fitting = [(begin, count) for begin, count in self._pauses if count <= number]
                if fitting:
                    self._state.resume_at = fitting[-1][0]
                    self._pauses = [pause for pause in self._pauses if pause[1] >= fitting[-1][1]]
                return


def shifted(segment: Segment, seconds: float) -> Segment:
    """The segment ``seconds`` later: recognition that begins within the sound counts from there."""
    if not seconds:
        return segment

    def later(items: tuple[Item, ...]) -> tuple[Item, ...]:
        return tuple(
            replace(item, start=item.start + seconds, end=item.end + seconds)
            if item.start is not None and item.end is not None
            else item
            for item in items
        )

    moved = segment.with_items(later)
    return replace(moved, start=segment.start + seconds, end=segment.end + seconds)


def _beginning(end: float, start: float) -> float | None:
    """A moment about the middle of the pause between ``end`` and ``start``; None where there is none long enough."""
    if start - end < PAUSE_SECONDS:
        return None
    return math.ceil((end + start) / 2 / STEP_SECONDS) * STEP_SECONDS


def _segment(values: dict[str, Any]) -> Segment:
    alternatives = tuple(
        Alternative(one["transcript"], tuple(Item(**item) for item in one["items"]), one["confidence"])
        for one in values["alternatives"]
    )
    return Segment(values["start"], values["end"], values["language"], alternatives)


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    yield body
