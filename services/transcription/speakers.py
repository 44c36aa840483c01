"""Who speaks when: speaker vectors over sliding windows, clustered; words are labelled with their cluster."""

from __future__ import annotations

from collections.abc import Sequence

from services.transcription.recognition import Segment, Sound
from shared.rpc.call import Priority
from shared.runtime.runtime import Runtime


class SpeakerLabels:
    """Labels the words of a channel with who said them."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def check(self) -> None:
        """Refuse before a job is accepted.

        Raises:
            ModelNotInstalled: (BadRequestException) no installed model tells speakers apart.
        """
        raise NotImplementedError

    async def label(
        self, sound: Sound, segments: Sequence[Segment], max_speakers: int, priority: Priority = Priority.BATCH
    ) -> list[Segment]:
        """The segments with ``Item.speaker`` set on every item of every alternative.

        Labels are "spk_0", "spk_1", ... in order of appearance, at most ``max_speakers`` (2 to 30) of them; fewer where
        fewer voices are heard. ``sound`` is the sound that the segments were recognised in.
        """
        raise NotImplementedError
