"""Where the demo plays: a suite on free ports, clients of it, and the report of what they were answered."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nonet.demo.report import Report

START_SECONDS = 120
ROOT = Path(__file__).resolve().parents[3]
#: Parts of the statuses that all the services have for what is not done yet.
UNDER_WAY = ("PENDING", "PROGRESS", "QUEUED", "RUNNING", "Creating", "Building", "Versioning")
#: boto3's default session makes one client at a time.
_MAKING = threading.Lock()


class Stage:
    """A running suite and the report of a show on it."""

    def __init__(self, http: str, grpc: str, report: Report) -> None:
        self.http = http
        self.grpc = grpc
        self.report = report

    def client(self, name: str) -> Any:
        """A boto3 client that differs from one for AWS in its endpoint alone. Any thread may ask."""
        import boto3

        with _MAKING:
            return boto3.client(
                name,
                endpoint_url=self.http,
                region_name="us-east-1",
                aws_access_key_id="any",
                aws_secret_access_key="any",
            )


@contextlib.contextmanager
def suite(data: Path, report: Report) -> Iterator[Stage]:
    """``nonet up`` in a process of its own, as a user would have it."""
    environment = {**os.environ, "NONET_DATA_DIRECTORY": str(data), "NONET_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "nonet.cli", "up", "--http-port", "0", "--grpc-port", "0"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            found = re.search(r"endpoint (\S+)\s+gRPC (\S+)", line)
            if found:
                yield Stage(found[1], found[2], report)
                return
        raise SystemExit("nonet: the suite did not start; `./nonet doctor` looks for the reason")
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def timed(call: Any) -> tuple[Any, float]:
    """What a call answers, and its seconds."""
    started = time.perf_counter()
    answer = call()
    return answer, time.perf_counter() - started


def settled(what: str, status: Callable[[], str]) -> str:
    """Ask for a status until it is a last one.

    Raises:
        RuntimeError: it failed.
    """
    found = status()
    while any(part in found for part in UNDER_WAY):
        time.sleep(0.2)
        found = status()
    if "FAIL" in found.upper():
        raise RuntimeError(f"{what}: {found}")
    return found
