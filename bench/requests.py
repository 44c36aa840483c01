"""DetectSentiment at 16 clients: Nonet's real answer against moto's canned one, in alternated rounds of one run."""

from __future__ import annotations

import asyncio
import json
import statistics

from bench.load import Load, post, run_load
from bench.servers import Server, moto, nonet

CLIENTS = 16
ROUNDS = 3
SECONDS = 5.0
SUBJECTS = ("The hotel", "This phone", "The support team", "Her new novel", "The delivery", "Our flight", "The update")
VERDICTS = (
    "was wonderful and I would come back at once",
    "is a disappointment from beginning to end",
    "arrived on Tuesday in a brown box",
    "is fast and cheap but breaks after a week",
    "made my day, thank you so much",
    "is the worst thing that I have paid for this year",
)


def request_bytes() -> list[bytes]:
    """Different texts of some fifteen words, so that no cache can answer."""
    headers = {
        "X-Amz-Target": "Comprehend_20171127.DetectSentiment",
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/comprehend/aws4_request, "
        f"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={'0' * 64}",
    }
    texts = [f"{s} {v}, as visitor number {n} wrote." for n in range(40) for s in SUBJECTS for v in VERDICTS]
    return [post("/", headers, json.dumps({"Text": text, "LanguageCode": "en"}).encode()) for text in texts]


def measure(server: Server, clients: int = CLIENTS, seconds: float = SECONDS) -> Load:
    load = asyncio.run(run_load("127.0.0.1", server.http_port, request_bytes(), clients, seconds))
    if set(load.statuses) != {200}:
        raise RuntimeError(f"answers other than 200: {load.statuses}")
    return load


def report() -> list[str]:
    with nonet() as ours, moto() as theirs:
        for server in (ours, theirs):
            measure(server, seconds=1.0)  # models load, caches fill
        rounds = [(measure(ours), measure(theirs)) for _ in range(ROUNDS)]
    ratio = statistics.median(a.rate / b.rate for a, b in rounds)
    own_p99 = statistics.median(a.percentile(0.99) for a, _ in rounds)
    their_p50 = statistics.median(b.percentile(0.5) for _, b in rounds)
    lines = [
        f"DetectSentiment, {CLIENTS} clients, {ROUNDS} alternated rounds of {SECONDS:.0f} s, all on this machine:",
        "",
        "| | requests/s | p50 ms | p99 ms | answer |",
        "|---|--:|--:|--:|---|",
    ]
    for name, index, answer in (("Nonet", 0, "from its model"), ("moto 5.2.1", 1, "canned")):
        loads = [pair[index] for pair in rounds]
        cells = (
            f"{statistics.median(load.rate for load in loads):.0f}",
            f"{statistics.median(load.percentile(0.5) for load in loads) * 1000:.1f}",
            f"{statistics.median(load.percentile(0.99) for load in loads) * 1000:.1f}",
        )
        lines.append(f"| {name} | {' | '.join(cells)} | {answer} |")
    lines += [
        "",
        f"Nonet / moto: **{ratio:.1f}x** the requests; Nonet's p99 is {own_p99 / their_p50:.2f} of moto's p50.",
    ]
    return lines
