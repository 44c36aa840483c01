"""The language service behind a gateway as one process and as two: requests a second, in alternated rounds of one run.

    python -m bench.replicas [--rounds 4] [--seconds 5]

Each replica is bound to a core of its own and gives a model one thread, as a container with one CPU does. Gateway and
client are processes on the same machine and take what they need from the same cores, so the processor time of each is
counted too: a request that costs the replica r, and everybody together t, can at most be served min(2, cores * r / t)
times as often by two replicas as by one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from bench.load import post, run_load
from bench.processes import Processes, gateway
from bench.requests import SUBJECTS, VERDICTS

ROUNDS, SECONDS, CLIENTS, TEXTS_IN_BATCH = 4, 5.0, 16, 25
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/comprehend/aws4_request, "
    f"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={'0' * 64}"
)
OPERATIONS = ("DetectSentiment", "BatchDetectSentiment", "DetectEntities")


def request_bytes(operation: str) -> list[bytes]:
    """Requests with different texts, so that no cache can answer."""
    headers = {
        "X-Amz-Target": f"Comprehend_20171127.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": AUTHORIZATION,
    }
    texts = [f"{s} {v}, as Ada Jones of Leeds wrote on {n} May." for n in range(40) for s in SUBJECTS for v in VERDICTS]
    if operation.startswith("Batch"):
        parts = [texts[at : at + TEXTS_IN_BATCH] for at in range(0, len(texts) - TEXTS_IN_BATCH, TEXTS_IN_BATCH)]
        asked = [{"TextList": part, "LanguageCode": "en"} for part in parts]
    else:
        asked = [{"Text": text, "LanguageCode": "en"} for text in texts]
    return [post("/", headers, json.dumps(each).encode()) for each in asked]


@dataclass(frozen=True, slots=True)
class Round:
    """Requests a second, and milliseconds of processor time a request: each replica's, the gateway's, the client's."""

    rate: float
    replicas: tuple[float, ...]
    gateway: float
    client: float


def seconds_of(pid: int) -> float:
    used = psutil.Process(pid).cpu_times()
    return float(used.user + used.system)


def measure(port: int, gateway_pid: int, replicas: Sequence[int], requests: Sequence[bytes], seconds: float) -> Round:
    """One round of load on one gateway; RuntimeError for any answer but 200."""
    pids = (*replicas, gateway_pid)
    before, own = [seconds_of(pid) for pid in pids], time.process_time()
    load = asyncio.run(run_load("127.0.0.1", port, requests, CLIENTS, seconds))
    own = time.process_time() - own
    if set(load.statuses) != {200}:
        raise RuntimeError(f"answers other than 200: {load.statuses}")
    count = len(load.latencies)
    used = [1000 * (seconds_of(pid) - then) / count for pid, then in zip(pids, before, strict=True)]
    return Round(load.rate, tuple(used[:-1]), used[-1], 1000 * own / count)


def line(operation: str, rounds: Sequence[tuple[Round, Round]], cores: int) -> str:
    def median(which: int, of: str) -> float:
        return float(statistics.median(getattr(pair[which], of) for pair in rounds))

    work = statistics.median(sum(two.replicas) for _, two in rounds)
    rest = median(1, "gateway") + median(1, "client")
    gain = statistics.median(two.rate / one.rate for one, two in rounds)
    share = statistics.median(max(two.replicas) / sum(two.replicas) for _, two in rounds)
    allowed = min(2.0, cores * work / (work + rest))
    return (
        f"| {operation} | {median(0, 'rate'):.0f} | {median(1, 'rate'):.0f} | **{gain:.2f}x** | {allowed:.2f}x | "
        f"{work:.2f} | {median(1, 'gateway'):.2f} | {median(1, 'client'):.2f} | {100 * share:.0f} % |"
    )


def report(count: int = ROUNDS, seconds: float = SECONDS) -> list[str]:
    """The table for docs/benchmarks.md."""
    cores = len(os.sched_getaffinity(0))
    lines = [
        f"{cores} cores, load average before {os.getloadavg()[0]:.1f}; {CLIENTS} clients, {count} alternated rounds of "
        f"{seconds:g} s; {TEXTS_IN_BATCH} texts in a batch. Processor time in ms a request, with two replicas.",
        "",
        "| | requests/s of one | of two | gain | cores allow | replicas, ms | gateway, ms | client, ms | busier |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    with tempfile.TemporaryDirectory(prefix="nonet-bench-") as folder:
        settings = {"data_directory": folder, "log_level": "ERROR", "engine_threads": 1}
        with Processes(["language"], settings, replicas=2) as processes:
            pids = [processes.pid("language", replica) for replica in range(2)]
            for core, pid in zip(sorted(os.sched_getaffinity(0)), pids, strict=False):
                bind(pid, core)
            first = {"language": processes.address("language")}
            with gateway(first, settings) as (port, pid), gateway(processes.upstreams, settings) as (both, both_pid):
                for operation in OPERATIONS:
                    requests = request_bytes(operation)
                    ways = ((port, pid, pids[:1]), (both, both_pid, pids))
                    for way in ways:
                        measure(*way, requests, 2.0)  # models load
                    rounds = []
                    for _ in range(count):
                        one, two = (measure(*way, requests, seconds) for way in ways)
                        rounds.append((one, two))
                    lines.append(line(operation, rounds, cores))
    return lines


def bind(pid: int, core: int) -> None:
    """Every thread that the process has and will have."""
    for thread in psutil.Process(pid).threads():
        os.sched_setaffinity(thread.id, {core})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    chosen = parser.parse_args()
    print("\n".join(report(chosen.rounds, chosen.seconds)))
