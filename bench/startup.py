"""Time to the first answer, and memory of an idle suite and of each service alone."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import boto3

from bench.servers import megabytes, nonet
from services.registry import REGISTRY
from shared.rpc.host import service_folder

ROUNDS = 5
SETTLE_SECONDS = 3.0


def first_answer() -> tuple[float, float]:
    started = time.perf_counter()
    with nonet() as server:
        client = boto3.client(
            "comprehend", endpoint_url=f"http://127.0.0.1:{server.http_port}", region_name="us-east-1",
            aws_access_key_id="any", aws_secret_access_key="any",
        )  # fmt: skip
        client.detect_sentiment(Text="It works.", LanguageCode="en")
        return server.start_seconds, time.perf_counter() - started


def idle(*arguments: str) -> float:
    with nonet(*arguments) as server:
        time.sleep(SETTLE_SECONDS)
        return megabytes(server)


def report() -> list[str]:
    starts = [first_answer() for _ in range(ROUNDS)]
    lines = [
        f"`nonet up` listens after {statistics.median(s for s, _ in starts):.2f} s and a new boto3 program has its "
        f"first DetectSentiment after {statistics.median(a for _, a in starts):.2f} s (medians of {ROUNDS}).",
        "",
        "| idle process | memory (PSS) MB |",
        "|---|--:|",
        f"| nonet up | {idle('up'):.0f} |",
    ]
    folders = sorted({service_folder(reference) for reference in REGISTRY.values()})
    lines += [f"| nonet serve {folder} | {idle('serve', folder):.0f} |" for folder in folders]
    return lines


if not Path("/proc").exists():
    raise SystemExit("memory is read from /proc, which this system does not have")
