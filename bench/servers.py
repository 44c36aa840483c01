"""Servers under measurement, each in a process of its own on loopback."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Server:
    """A running process and its ports; 0 where it has none."""

    pid: int
    http_port: int
    grpc_port: int
    #: Seconds from starting the process until it announced itself.
    start_seconds: float


@contextlib.contextmanager
def nonet(
    *arguments: str, models: Path | None = None, engines: Path | None = None, upstreams: str = "{}"
) -> Iterator[Server]:
    """``nonet up`` (or ``nonet serve ...``) with a fresh data directory, and ``models`` and ``engines`` of another.

    ``upstreams``: NONET_UPSTREAMS, where other services are.
    """
    command = [sys.executable, "-m", "nonet.cli", *(arguments or ("up",)), "--http-port", "0", "--grpc-port", "0"]
    with tempfile.TemporaryDirectory(prefix="nonet-bench-") as data:
        for name, folder in (("models", models), ("engines", engines)):
            if folder is not None and folder.is_dir():
                (Path(data) / name).symlink_to(folder.resolve(), target_is_directory=True)
        environment = {
            **os.environ, "NONET_DATA_DIRECTORY": data, "NONET_LOG_LEVEL": "ERROR", "NONET_UPSTREAMS": upstreams,
        }  # fmt: skip
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if found := re.search(r"endpoint http://\S+:(\d+)\s+gRPC \S+:(\d+)", line):
                    yield Server(process.pid, int(found[1]), int(found[2]), time.perf_counter() - started)
                    return
            raise RuntimeError("nonet did not start")
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def megabytes(server: Server) -> float:
    """Proportional set size of the process and its children."""
    process, total = psutil.Process(server.pid), 0
    for each in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += each.memory_full_info().pss
    return total / 1e6


@contextlib.contextmanager
def moto(port: int = 5057) -> Iterator[Server]:
    """moto's own server, as its documentation starts it."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while time.perf_counter() - started < START_SECONDS:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=1):
                yield Server(process.pid, port, 0, time.perf_counter() - started)
                return
            time.sleep(0.05)
        raise RuntimeError("moto's server did not start; install it with: ./nonet bench")
    finally:
        process.terminate()
        process.wait(START_SECONDS)
