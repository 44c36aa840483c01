"""Translation by Apertium (Forcada and others, 2011): rules and dictionaries, as a program of its own (GPL-2+).

A pair is a pipeline of small programs that the system's package describes in a mode file. It is started once and fed
sentence by sentence, each ended by a NUL, which every program of it answers with a flush. A pipeline that is silent for
too long is killed and started anew, so that a defect of a rule costs one sentence.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.translation.tasks import Parts, Sentence, Translation, placeholders
from shared import errors
from shared.models.catalog import CatalogEntry

#: Time that one sentence may take; the rules of a pair need some milliseconds.
SECONDS = 5.0
MAX_ANSWER_BYTES = 64 * 1024
#: Characters that the stream format uses itself.
_SPECIAL = re.compile(r"[\\\[\]{}^$/<>@]")
#: Ends each text, so that the last word is not held back in wait of its successor.
_CLOSE = ".[][\n]"
#: A word that no dictionary has and no rule inflects: it goes through as it is.
_PLACEHOLDER = re.compile(r"Qxz(\d)q", re.IGNORECASE)


class Pipeline:
    """One mode's programs. Used by one thread at a time."""

    def __init__(self, mode: Path) -> None:
        """Raises ``FailedPrecondition`` where Apertium cannot read the mode."""
        self._command = _command(mode)
        self._process: subprocess.Popen[bytes] | None = None

    def translate(self, text: str) -> str:
        """The text in the other language.

        Raises:
            Unavailable: there was no answer in time; the programs start again at the next text.
        """
        escaped = _SPECIAL.sub(lambda found: "\\" + found[0], text.replace("\0", " ").replace("\n", " "))
        try:
            answer = self._exchange((escaped + _CLOSE).encode() + b"\0")
        except (OSError, TimeoutError) as failure:
            self.close()
            raise errors.Unavailable("Apertium did not answer in time; it starts again.") from failure
        translated = answer.decode("utf-8", "replace").split(".[]")[0]
        return re.sub(r"\\(.)", r"\1", translated)

    def close(self) -> None:
        """End the programs, whatever they are doing."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the shell and all programs of the pipe
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        process.wait()

    def _exchange(self, question: bytes) -> bytes:
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        deadline = time.monotonic() + SECONDS
        # A sentence is smaller than a pipe's buffer, so writing it cannot block once it is ready.
        _await(process.stdin.fileno(), select.POLLOUT, deadline)
        os.write(process.stdin.fileno(), question)
        answer = bytearray()
        while not answer.endswith(b"\0"):
            _await(process.stdout.fileno(), select.POLLIN, deadline)
            piece = os.read(process.stdout.fileno(), 65536)
            if not piece or len(answer) > MAX_ANSWER_BYTES:
                raise OSError("the pipeline ended, or does not end")
            answer += piece
        return bytes(answer[:-1])

    def _start(self) -> subprocess.Popen[bytes]:
        # The mode file of the installed package is a pipeline for a shell. Texts go through standard input alone.
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", self._command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            bufsize=0,
        )
        return self._process


class ApertiumEngine:
    """Implements ``Translator``; one pipeline a pair, started when it is first needed."""

    def __init__(self, modes: Mapping[str, Path]) -> None:
        """``modes``: "en-es" -> the mode file."""
        self._modes = modes
        self._pipelines: dict[str, Pipeline] = {}

    def run(self, items: Sequence[Sentence]) -> list[Translation]:
        """One translation a sentence; one that Apertium is silent about is as it was, and not complete."""
        return [self._translated(item) for item in items]

    def close(self) -> None:
        for pipeline in self._pipelines.values():
            pipeline.close()

    def _translated(self, item: Sentence) -> Translation:
        pair = f"{item.source}-{item.target}"
        if pair not in self._modes:
            raise errors.FailedPrecondition(f"Apertium's entry of the catalog has no mode for {pair}.")
        pipeline = self._pipelines.setdefault(pair, Pipeline(self._modes[pair]))
        text = "".join(part if isinstance(part, str) else f"Qxz{part}q" for part in item.parts)
        try:
            parts = _parts(pipeline.translate(text))
        except errors.Unavailable:
            return Translation(item.parts, False)
        return Translation(parts, placeholders(parts) == placeholders(item.parts))


def _parts(text: str) -> Parts:
    parts: list[str | int] = []
    position = 0
    text = re.sub(r" {2,}", " ", text.strip())
    for found in _PLACEHOLDER.finditer(text):
        if found.start() > position:
            parts.append(text[position : found.start()])
        parts.append(int(found[1]))
        position = found.end()
    if position < len(text):
        parts.append(text[position:])
    return tuple(parts)


def _await(descriptor: int, event: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(descriptor, event)
    if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise TimeoutError("the pipeline is silent")


def _command(mode: Path) -> str:
    """The mode's pipeline for a shell, with flushing after each NUL and no marks on unknown words."""
    try:
        done = subprocess.run(
            ["apertium-wblank-mode", "-z", str(mode)], capture_output=True, text=True, timeout=SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as failure:
        raise errors.FailedPrecondition("Apertium cannot read its mode. Run: apt-get install apertium") from failure
    return done.stdout.strip().replace("$1", "-n").replace("$2", "")


def load(entry: CatalogEntry, directory: Path, device: str) -> ApertiumEngine:
    """The pairs of the entry's option ``pair_files`` whose mode is installed. Raises ``EngineNotInstalled``."""
    rows = entry.options.get("pair_files", [])
    assert isinstance(rows, list)
    modes = {pair: Path(path) for pair, _, path in (row.partition(" ") for row in rows)}
    installed = {pair: path for pair, path in modes.items() if path.is_file()}
    if not installed:
        raise errors.EngineNotInstalled(f"No language pair of Apertium is installed. Run: {entry.remedy}")
    return ApertiumEngine(installed)
