"""Where the demo plays: a suite on free ports, clients of it, and how results are printed."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_SECONDS = 120
ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Endpoints:
    http: str
    grpc: str


@contextlib.contextmanager
def server(data: Path) -> Iterator[Endpoints]:
    """``nonet up`` in a process of its own, as a user would have it."""
    environment = {**os.environ, "NONET_DATA_DIRECTORY": str(data), "NONET_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "nonet.cli", "up", "--http-port", "0", "--grpc-port", "0"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            found = re.search(r"endpoint (\S+)\s+gRPC (\S+)", line)
            if found:
                yield Endpoints(found[1], found[2])
                return
        raise SystemExit("nonet: the suite did not start; `./nonet doctor` looks for the reason")
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def boto3_client(name: str, endpoints: Endpoints) -> Any:
    """A client that differs from one for AWS in its endpoint alone."""
    import boto3

    return boto3.client(
        name,
        endpoint_url=endpoints.http,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )


def timed(call: Any) -> tuple[Any, float]:
    """What a call answers, and its seconds."""
    started = time.perf_counter()
    answer = call()
    return answer, time.perf_counter() - started


def title(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}")
    print("-" * min(len(text), 100))


def row(operation: str, text: str, seconds: float, answer: Any) -> None:
    """One operation: what it answered, and the model that did."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    model = headers.get("nonet-model", "")
    print(f"{operation:<24} {seconds * 1000:7.1f} ms  {text}{f'   [{model}]' if model else ''}")
