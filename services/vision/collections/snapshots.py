"""Indexes on disk, so that a restart need not build them again. They hold codes and numbers, no images.

One file a collection, named by its generation, which is random: a file of a collection that was deleted and made again
is never taken for the new one's. Everything in a file is under one checksum; a file that does not fit its own is as
good as none. It is written beside its place, brought to disk, then renamed, so a crash leaves the old one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

_LOG = logging.getLogger(__name__)

_MAGIC = b"nonet face index 1\n"
_DIGEST_BYTES = 32
_GENERATION = re.compile(r"[0-9a-f]{32}")
_SUFFIX = ".index"
_TEMPORARY = ".part"


@dataclass(frozen=True, slots=True)
class Standing:
    """What an index is of: a collection's generation and model, up to a change; ``trained_for`` so many faces.

    ``last_number`` and ``last_face_id`` are of the newest face in it. They tell a database that was set back to an
    older copy, and counted on from there, from the one that the index followed.
    """

    generation: str
    model: str
    position: int
    trained_for: int
    last_number: int
    last_face_id: str


class Snapshots:
    """The files of a folder. All methods block."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def save(self, standing: Standing, index: bytes) -> None:
        """Write or replace a collection's file. Raises OSError where the disk does not take it."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        head = json.dumps(asdict(standing)).encode()
        digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
        descriptor, temporary = tempfile.mkstemp(dir=self._directory, suffix=_TEMPORARY)
        try:
            with open(descriptor, "wb") as file:
                for part in (_MAGIC, len(head).to_bytes(4, "big"), head, index):
                    digest.update(part)
                    file.write(part)
                file.write(digest.digest())
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._path(standing.generation))
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        self._sync()

    def load(self, generation: str) -> tuple[Standing, bytes] | None:
        """A collection's index as it was saved, or None where there is none that is whole."""
        try:
            data = self._path(generation).read_bytes()
        except OSError:
            return None
        body = memoryview(data)[:-_DIGEST_BYTES]
        digest = hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest()
        if not data.startswith(_MAGIC) or digest != data[-_DIGEST_BYTES:]:
            _LOG.warning("the face index %s on disk is damaged; it is built again", generation)
            return None
        begin = len(_MAGIC) + 4
        end = begin + int.from_bytes(body[len(_MAGIC) : begin], "big")
        standing = Standing(**json.loads(bytes(body[begin:end])))
        if standing.generation != generation:
            return None
        return standing, bytes(body[end:])

    def delete(self, generation: str) -> None:
        """Remove a collection's file, if there is one."""
        with contextlib.suppress(FileNotFoundError):
            self._path(generation).unlink()

    def sweep(self, generations: frozenset[str], older_than: float) -> int:
        """Remove files of other collections than these, and what crashes left, if last written before a Unix time.

        Gives how many.
        """
        removed = 0
        for path in self._directory.glob("*") if self._directory.is_dir() else ():
            if path.suffix not in (_SUFFIX, _TEMPORARY) or (path.suffix == _SUFFIX and path.stem in generations):
                continue
            with contextlib.suppress(FileNotFoundError):  # another process may sweep the same folder
                if path.stat().st_mtime < older_than:
                    path.unlink()
                    removed += 1
        return removed

    def _path(self, generation: str) -> Path:
        if not _GENERATION.fullmatch(generation):
            raise ValueError("that is no generation of a collection")
        return self._directory / f"{generation}{_SUFFIX}"

    def _sync(self) -> None:
        """The new name is on disk, too."""
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
