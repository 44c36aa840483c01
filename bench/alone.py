"""Each service as a process by itself: seconds to ready, memory before the first model and with all of its models.

    python -m bench.alone [SERVICE ...] [--rounds 3]

Ready is what `/_nonet/ready` says; the median of three starts. Memory is the proportional set size of the process and
its children (engines in processes of their own). Idle is three seconds after the start. Then the programs of examples/
for the service run once each, one after the other; "used" is what it holds after the last, "at most" the most that was
seen, ten times a second. Models and engines are those of the usual data directory.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.conversations import make_bot, run
from bench.executions import CHAIN, client, end_of, make
from bench.processes import FOLDERS, ROOT
from bench.servers import Server, megabytes, nonet
from shared.settings import settings

ROUNDS = 3
SETTLE_SECONDS = 3.0
EXAMPLES = ROOT / "examples"
EXECUTIONS = 50
#: Folders of examples/ by service. What is not here is done by ``_talk`` and ``_execute``.
PROGRAMS = {
    "documents": ("textract",),
    "forecasting": ("forecast",),
    "language": ("comprehend", "comprehendmedical"),
    "personalization": ("personalize",),
    "speech": ("polly",),
    "transcription": ("transcribe",),
    "translation": ("translate",),
    "vision": ("rekognition",),
}
#: Whom a service asks: that one runs in a process beside it, and is not measured.
ASKED = {"translation": "language"}
#: Photographs of `nonet demo` that a program takes; one portrait where a program is not here.
PICTURES = {
    "compare_faces.py": ("portrait.jpg", "two_people.jpg"),
    "detect_labels.py": ("puppies.jpg",),
    "face_collection.py": ("portrait.jpg", "two_people.jpg"),
}


@dataclass(frozen=True, slots=True)
class Memory:
    """MB of one process and its children: after the start, after all programs, and the most that was seen."""

    idle: float
    used: float
    most: float


@contextlib.contextmanager
def serving(service: str) -> Iterator[tuple[Server, float]]:
    """The process, and the seconds that it took to be ready."""
    usual = settings().data_directory
    with contextlib.ExitStack() as stack:
        upstreams = {}
        if asked := ASKED.get(service):
            upstreams[asked] = f"127.0.0.1:{stack.enter_context(nonet('serve', asked)).grpc_port}"
        began = time.perf_counter()
        started = nonet(
            "serve", service, models=usual / "models", engines=usual / "engines", upstreams=json.dumps(upstreams)
        )
        server = stack.enter_context(started)
        while not _is_ready(server.http_port):
            time.sleep(0.01)
        yield server, time.perf_counter() - began


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_nonet/ready", timeout=10) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError:
        return False


def work(service: str, server: Server) -> list[str]:
    """Every program of the service once; the last line of what each that failed said."""
    port = server.http_port
    if service == "conversation":
        asyncio.run(run(port, make_bot(port), "alone", 1, 0.0))
        return []
    if service == "orchestration":
        states = client(server)
        machine = make(states, CHAIN)
        for arn in [states.start_execution(stateMachineArn=machine)["executionArn"] for _ in range(EXECUTIONS)]:
            end_of(states, arn)
        return []
    pictures = settings().data_directory / "models" / "demo-photographs"
    environment = {
        **os.environ, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any",
    }  # fmt: skip
    failed = []
    with tempfile.TemporaryDirectory(prefix="nonet-bench-") as folder:
        for path in (path for name in PROGRAMS.get(service, ()) for path in sorted((EXAMPLES / name).glob("*.py"))):
            taken = PICTURES.get(path.name, ("portrait.jpg",)) if service == "vision" else ()
            command = [sys.executable, str(path), *(str(pictures / name) for name in taken)]
            done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
            if done.returncode:
                failed.append(f"{path.name}: {done.stderr.strip().splitlines()[-1]}")
    return failed


def memory(service: str) -> tuple[Memory, list[str]]:
    """Measured while the programs run, and which of them failed."""
    with serving(service) as (server, _):
        time.sleep(SETTLE_SECONDS)
        idle = megabytes(server)
        seen, over = [idle], threading.Event()

        def watch() -> None:
            while not over.wait(0.1):
                seen.append(megabytes(server))

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            failed = work(service, server)
        finally:
            over.set()
            watching.join()
        used = megabytes(server)
        return Memory(idle, used, max(*seen, used)), failed


def seconds_to_ready(service: str, rounds: int) -> float:
    def once() -> float:
        with serving(service) as (_, seconds):
            return seconds

    return statistics.median(once() for _ in range(rounds))


def report(services: Sequence[str] = ("gateway", *FOLDERS), rounds: int = ROUNDS) -> Iterator[str]:
    """The table for docs/benchmarks.md, line by line as it is measured, and which programs failed."""
    yield "| service alone | ready after, s | idle, MB (PSS) | used | at most |"
    yield "|---|--:|--:|--:|--:|"
    failures = []
    for service in services:
        seconds = seconds_to_ready(service, rounds)
        held, failed = memory(service)
        yield f"| {service} | {seconds:.2f} | {held.idle:.0f} | {held.used:.0f} | {held.most:.0f} |"
        failures += [f"- {service}: {text}" for text in failed]
    if failures:
        yield from ("", "Programs that failed:", *failures)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("services", nargs="*", default=["gateway", *FOLDERS])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args()
    for line in report(chosen.services, chosen.rounds):
        print(line, flush=True)
