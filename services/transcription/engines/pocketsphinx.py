"""PocketSphinx (Carnegie Mellon University; BSD) as an engine: its decoders run in processes of their own.

The library holds the GIL for as long as it decodes, so a thread of this process would stop the event loop. Threads here
only wait for the decoders' answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.transcription.engines.pocketsphinx_messages import pack, readings_of, vocabulary_rows, whole_numbers
from services.transcription.recognition import SAMPLE_RATE
from services.transcription.tasks import LiveSound, Readings, Utterance
from shared import errors
from shared.models.catalog import CatalogEntry
from shared.runtime.child import Child, ChildGoneError, ChildLostError

_PROGRAM = "services.transcription.engines.pocketsphinx_child"
#: An answer has some hundred words, a few of them in ten readings.
_MAX_ANSWER_BYTES = 4 << 20
#: Seconds for an answer: a start of the process, and many times what decoding takes.
_SECONDS, _SECONDS_A_SECOND = 30.0, 20.0
#: A live session of which nothing was heard for so long has lost its client.
_IDLE_SECONDS = 60.0
_MAX_SECONDS = 60.0


class _Decoder:
    """A process that decodes, started when it is first needed and again after it died."""

    def __init__(self, start: Callable[[], Child]) -> None:
        self._start = start
        self._child: Child | None = None

    def ask(self, head: dict[str, Any], samples: np.ndarray[Any, np.dtype[np.float32]]) -> Readings:
        """
        Raises:
            Unavailable: the decoder died or fell silent; the next question gets a new one.
        """
        question = pack(head, whole_numbers(samples))
        seconds = _SECONDS + _SECONDS_A_SECOND * len(samples) / SAMPLE_RATE
        for attempt in (1, 2):
            if self._child is None:
                self._child = self._start()
            try:
                return readings_of(self._child.ask(question, seconds))
            except ChildGoneError as gone:
                # It had died before, of something else: this question may be asked of a new one.
                self.end()
                if attempt == 2:
                    raise errors.Unavailable("The speech decoder could not be started.") from gone
            except (ChildLostError, ValueError) as lost:
                self.end()
                raise errors.Unavailable("The speech decoder stopped in the middle of the sound.") from lost
        raise AssertionError("unreachable")

    def end(self) -> None:
        child, self._child = self._child, None
        if child is not None and not child.lost:
            child.bury()


def _starter(letters: Path) -> Callable[[], Child]:
    """Starts a decoder's process. Quiet: the library's complaints may quote what was said."""

    def start() -> Child:
        environment = {"NONET_LETTERS_TO_SOUNDS": str(letters), "OMP_NUM_THREADS": "1"}
        return Child(_PROGRAM, environment, max_answer_bytes=_MAX_ANSWER_BYTES, quiet=True)

    return start


class PocketSphinx:
    """Implements ``SpeechRecognizer``. Called from as many threads at once as the catalog says; each has a decoder."""

    def __init__(self, letters: Path, decoders: int) -> None:
        start = _starter(letters)
        self._idle = [_Decoder(start) for _ in range(decoders)]
        self._all = list(self._idle)
        self._lock = threading.Lock()

    def run(self, items: Sequence[Utterance]) -> list[Readings]:
        with self._lock:
            decoder = self._idle.pop()
        try:
            return [self._recognise(decoder, item) for item in items]
        finally:
            with self._lock:
                self._idle.append(decoder)

    def close(self) -> None:
        for decoder in self._all:
            decoder.end()

    def _recognise(self, decoder: _Decoder, item: Utterance) -> Readings:
        if max(len(item.samples), len(item.before)) > _MAX_SECONDS * SAMPLE_RATE:
            raise errors.InvalidArgument(f"An utterance has at most {_MAX_SECONDS:.0f} seconds.")
        head = {
            "do": "recognise",
            "before": len(item.before),
            "vocabulary": vocabulary_rows(item.vocabulary),
            "alternatives": item.max_alternatives,
        }
        return decoder.ask(head, np.concatenate((item.before, item.samples)))


class _Session:
    def __init__(self, decoder: _Decoder) -> None:
        self.decoder = decoder
        self.used = time.monotonic()
        self.busy = threading.Lock()


class LivePocketSphinx:
    """Implements ``LiveSpeechRecognizer``: a decoder a session, and no more sessions than the catalog says."""

    def __init__(self, letters: Path, sessions: int) -> None:
        self._start = _starter(letters)
        self._most = sessions
        self._sessions: dict[str, _Session] = {}
        self._idle: list[_Decoder] = []
        self._lock = threading.Lock()

    def run(self, items: Sequence[LiveSound]) -> list[Readings]:
        return [self._hear(item) for item in items]

    def close(self) -> None:
        with self._lock:
            for session in self._sessions.values():
                session.decoder.end()
            for decoder in self._idle:
                decoder.end()
            self._sessions.clear()
            self._idle.clear()

    def _hear(self, item: LiveSound) -> Readings:
        if item.close:
            self._forget(item.session)
            return ()
        session = self._session(item.session)
        head = {
            "do": "hear",
            "ends": item.ends,
            "vocabulary": vocabulary_rows(item.vocabulary),
            "alternatives": item.max_alternatives,
        }
        with session.busy:
            try:
                return session.decoder.ask(head, item.samples)
            finally:
                session.used = time.monotonic()

    def _session(self, name: str) -> _Session:
        """The session of that name, or a new one.

        Raises:
            LimitExceeded: there is no room for a new one.
        """
        with self._lock:
            found = self._sessions.get(name)
            if found is None:
                self._evict()
                if len(self._sessions) >= self._most:
                    raise errors.LimitExceeded(f"At most {self._most} live transcriptions run at once here.")
                found = self._sessions[name] = _Session(self._idle.pop() if self._idle else _Decoder(self._start))
            found.used = time.monotonic()
            return found

    def _evict(self) -> None:
        """Free the sessions whose clients have vanished. The lock is held."""
        before = time.monotonic() - _IDLE_SECONDS
        for name in [name for name, session in self._sessions.items() if session.used < before]:
            self._free(self._sessions.pop(name))

    def _forget(self, name: str) -> None:
        with self._lock:
            session = self._sessions.pop(name, None)
            if session is not None:
                self._free(session)

    def _free(self, session: _Session) -> None:
        if session.busy.locked():
            # Its thread still waits for an answer that nobody wants: the process goes, and with it the wait.
            session.decoder.end()
            return
        try:
            session.decoder.ask({"do": "forget", "vocabulary": [], "alternatives": 1}, np.zeros(0, np.float32))
        except errors.Unavailable:
            return
        self._idle.append(session.decoder)


def load(entry: CatalogEntry, directory: Path, device: str) -> PocketSphinx:
    """``directory`` holds the weights of ``letters_to_sounds``; the wheel brings the acoustic and language models."""
    return PocketSphinx(directory, entry.instances)


def load_live(entry: CatalogEntry, directory: Path, device: str) -> LivePocketSphinx:
    """As ``load``, for live sound; a session an instance."""
    return LivePocketSphinx(directory, entry.instances)
