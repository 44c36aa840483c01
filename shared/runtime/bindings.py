"""Where an engine runs: threads of this process, or a worker process of its own."""

from __future__ import annotations

import asyncio
import importlib
import logging
import pickle
import struct
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from shared import errors
from shared.models.catalog import REPOSITORY_ROOT, CatalogEntry
from shared.runtime.engine import Engine, EngineLoader

logger = logging.getLogger("nonet.runtime")

#: Length of a message on the pipe: 8 bytes, big-endian.
HEADER = struct.Struct(">Q")


class Binding(Protocol):
    """A loaded engine, wherever it runs."""

    async def run(self, items: Sequence[Any]) -> Sequence[Any]: ...

    async def close(self) -> None: ...


def load_engine(entry: CatalogEntry, directory: Path, device: str) -> Engine[Any, Any]:
    """Import the engine's module and load the model; slow, so never on the event loop."""
    module_name, _, function_name = entry.engine.partition(":")
    loader: EngineLoader = getattr(importlib.import_module(module_name), function_name)
    return loader(entry, directory, device)


class InprocBinding:
    """Threads of this process: for libraries that release the GIL (ONNX Runtime, torch, CTranslate2, numpy)."""

    def __init__(self, engine: Engine[Any, Any], executor: ThreadPoolExecutor) -> None:
        self._engine = engine
        self._executor = executor

    @classmethod
    async def load(cls, entry: CatalogEntry, directory: Path, device: str) -> InprocBinding:
        executor = ThreadPoolExecutor(max_workers=entry.instances, thread_name_prefix=f"engine-{entry.id}")
        try:
            engine = await asyncio.get_running_loop().run_in_executor(executor, load_engine, entry, directory, device)
        except BaseException:
            executor.shutdown(wait=False)
            raise
        return cls(engine, executor)

    async def run(self, items: Sequence[Any]) -> Sequence[Any]:
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._engine.run, items)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._executor, self._engine.close)
        self._executor.shutdown(wait=False)


class WorkerBinding:
    """A process of its own, over a pipe: for libraries that hold the GIL, may crash, or live in an engine environment.

    A worker that died is started again at the next call, so a crash costs the items in flight and nothing else.
    """

    def __init__(self, entry: CatalogEntry, directory: Path, device: str, python: str) -> None:
        self._entry = entry
        self._directory = directory
        self._device = device
        self._python = python
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    @classmethod
    async def load(
        cls, entry: CatalogEntry, directory: Path, device: str, python: str = sys.executable
    ) -> WorkerBinding:
        binding = cls(entry, directory, device, python)
        await binding._start()
        return binding

    async def run(self, items: Sequence[Any]) -> Sequence[Any]:
        async with self._turn:
            if self._process is None:
                await self._start()
            try:
                results: Sequence[Any] = await self._exchange(list(items))
            except (asyncio.CancelledError, errors.Unavailable):
                # An answer that nobody reads would be taken for the next one's.
                await self._kill()
                raise
            return results

    async def close(self) -> None:
        await self._kill()

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            self._python, "-m", "shared.runtime.worker",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=REPOSITORY_ROOT,
        )  # fmt: skip
        try:
            await self._exchange((self._entry.model_dump_json(), str(self._directory), self._device))
        except BaseException:
            await self._kill()
            raise

    async def _exchange(self, message: Any) -> Any:
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        try:
            process.stdin.write(HEADER.pack(len(data)) + data)
            await process.stdin.drain()
            (length,) = HEADER.unpack(await process.stdout.readexactly(HEADER.size))
            # Pickle is safe here: the other end is our own child, started by us, on a pipe nobody else holds.
            answer, value = pickle.loads(await process.stdout.readexactly(length))
        except (BrokenPipeError, ConnectionResetError, asyncio.IncompleteReadError):
            logger.error("the worker of %s died", self._entry.id)
            raise errors.Unavailable(
                f"The engine of {self._entry.id} stopped in the middle of the request; it starts again."
            ) from None
        if answer == "error":
            raise value
        return value

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.wait()
