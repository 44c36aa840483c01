"""A process under more load than it can carry: it answers or refuses, and its memory stays where it was."""

from __future__ import annotations

import random
import re
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from bench.servers import Server, nonet
from tests.contract.documents import papers

pytestmark = pytest.mark.slow

CLIENTS = 64
SECONDS = 24
#: The allocators of 64 requests at once breathe; what leaks at hundreds of requests a second is far more.
BREATHING = 48 * 1024 * 1024


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with nonet() as running:
        yield running


def client(server: Server, name: str) -> Any:
    config = Config(retries={"max_attempts": 1}, max_pool_connections=CLIENTS, read_timeout=120)
    return boto3.client(
        name, endpoint_url=f"http://127.0.0.1:{server.http_port}", region_name="us-east-1", config=config
    )


def loads(server: Server) -> dict[str, float]:
    """Model -> how often it was loaded."""
    page = urllib.request.urlopen(f"http://127.0.0.1:{server.http_port}/_nonet/metrics", timeout=20).read().decode()
    return {
        model: float(count)
        for model, count in re.findall(r'^nonet_model_load_seconds_count\{model="([^"]+)"\} (\S+)', page, re.MULTILINE)
    }


def test_ten_first_calls_load_a_model_once(server: Server) -> None:
    comprehend, textract = client(server, "comprehend"), client(server, "textract")
    picture = papers.encoded(papers.note())
    firsts: list[Callable[[], Any]] = [
        lambda: comprehend.detect_sentiment(Text="I love it.", LanguageCode="en")["Sentiment"],
        lambda: comprehend.detect_syntax(Text="I love it.", LanguageCode="en")["SyntaxTokens"][1]["Text"],
        lambda: comprehend.detect_dominant_language(Text="This is plain English.")["Languages"][0]["LanguageCode"],
        lambda: len(textract.detect_document_text(Document={"Bytes": picture})["Blocks"]),
    ]
    assert loads(server) == {}
    for first in firsts:
        before = loads(server)
        barrier = threading.Barrier(10)

        def call(first: Callable[[], Any] = first, barrier: threading.Barrier = barrier) -> Any:
            barrier.wait()
            return first()

        with ThreadPoolExecutor(10) as pool:
            answers = [future.result() for future in [pool.submit(call) for _ in range(10)]]
        assert answers == [answers[0]] * 10
        loaded = {model: count for model, count in loads(server).items() if model not in before}
        assert loaded and set(loaded.values()) == {1.0}, loaded


def test_sixty_four_clients(server: Server) -> None:
    comprehend, textract = client(server, "comprehend"), client(server, "textract")
    picture = papers.encoded(papers.note())
    text = "Ada Lovelace wrote to Charles Babbage from London. I love this wonderful letter! " * 10
    languages = {"LanguageCode": "en"}
    mix: list[Callable[[], Any]] = [
        *[lambda: comprehend.detect_sentiment(Text=text, **languages)] * 20,
        *[lambda: comprehend.detect_entities(Text=text, **languages)] * 8,
        *[lambda: comprehend.detect_key_phrases(Text=text, **languages)] * 8,
        *[lambda: comprehend.detect_dominant_language(Text=text)] * 8,
        *[lambda: comprehend.detect_pii_entities(Text=text, **languages)] * 4,
        *[lambda: comprehend.batch_detect_sentiment(TextList=[text[:400]] * 25, **languages)] * 4,
        lambda: comprehend.detect_entities(Text=text * 100, **languages),
        lambda: textract.detect_document_text(Document={"Bytes": picture}),
    ]
    outcomes: Counter[str] = Counter()
    lock = threading.Lock()
    process = psutil.Process(server.pid)
    samples: list[tuple[float, int]] = []
    started = time.monotonic()

    def work(seed: int) -> None:
        rng = random.Random(seed)
        while time.monotonic() - started < SECONDS:
            try:
                rng.choice(mix)()
                outcome = "OK"
            except ClientError as error:
                outcome = str(error.response["Error"]["Code"])
            with lock:
                outcomes[outcome] += 1

    with ThreadPoolExecutor(CLIENTS) as pool:
        futures = [pool.submit(work, seed) for seed in range(CLIENTS)]
        while not all(future.done() for future in futures):
            samples.append((time.monotonic() - started, process.memory_info().rss))
            time.sleep(0.25)
        for future in futures:
            future.result()
    print(dict(outcomes), f"{samples[0][1]:,} -> {max(rss for _, rss in samples):,} bytes")
    assert set(outcomes) <= {"OK", "ThrottlingException"}, outcomes
    assert outcomes["OK"] >= CLIENTS
    # The first quarter warms the allocators up; after that the highest level of the second half is that of the first.
    first = [rss for at, rss in samples if SECONDS * 0.25 <= at < SECONDS * 0.625]
    second = [rss for at, rss in samples if SECONDS * 0.625 <= at < SECONDS]
    assert max(second) <= max(first) + BREATHING, f"{max(first):,} -> {max(second):,} bytes"
    assert set(loads(server).values()) == {1.0}, "no model was loaded twice"
    assert comprehend.detect_sentiment(Text="I love it.", **languages)["Sentiment"] == "POSITIVE"
