"""A decoder of PocketSphinx in a process of its own: the library holds the GIL, and is C code given strange sound.

    python -m services.transcription.engines.pocketsphinx_child      (by shared.runtime.child.Child)

Messages: pocketsphinx_messages.py. One process decodes one utterance after the other, or serves one live session.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from services.transcription.engines.pocketsphinx_decoder import Decoders
from services.transcription.engines.pocketsphinx_live import LiveDecoding
from services.transcription.engines.pocketsphinx_messages import answer_of, unpack, vocabulary_of
from services.transcription.letters_to_sounds import LettersToSounds
from services.transcription.tasks import Readings
from shared.runtime.child_program import answer_questions

#: Folder with the weights of ``letters_to_sounds``.
LETTERS_DIRECTORY = "NONET_LETTERS_TO_SOUNDS"
_ADDRESS_SPACE_BYTES = 2 * 1024**3
#: Longer than any honest question takes, so that a process whose parent has gone ends.
_SECONDS = 900.0


class Program:
    """Answers questions: "recognise" an utterance; "hear" more of a live session; "forget" it."""

    def __init__(self, decoders: Decoders) -> None:
        self._decoders = decoders
        self._live: LiveDecoding | None = None

    def answer(self, question: bytes) -> bytes:
        head, samples = unpack(question)
        return answer_of(self._do(head, samples))

    def _do(self, head: dict[str, Any], samples: bytes) -> Readings:
        if head["do"] == "forget":
            self._live = None
            return ()
        vocabulary, most = vocabulary_of(head["vocabulary"]), int(head["alternatives"])
        if head["do"] == "recognise":
            before = 2 * int(head["before"])
            return self._decoders.get(vocabulary, live=False).recognise(samples[before:], most, samples[:before])
        if self._live is None:
            self._live = LiveDecoding(self._decoders.get(vocabulary, live=True))
        return self._live.hear(samples, bool(head["ends"]), most)


def main() -> None:
    program = Program(Decoders(LettersToSounds.read(Path(os.environ[LETTERS_DIRECTORY]))))
    answer_questions(program.answer, address_space_bytes=_ADDRESS_SPACE_BYTES, seconds=_SECONDS)


if __name__ == "__main__":
    main()
