"""200 sessions of ten turns each with one bot over Amazon's wire: none crosses into another, and how long a turn takes.

    python -m bench.conversations [--sessions 200] [--pace 5.0]

Every session gives its own numbers to the slots of one intent, and each answer is held against what that very session
has said. A caller waits ``pace`` seconds between two turns, as one who reads and types does; sessions begin spread over
one pace. Then the same as fast as they go, where every turn waits for 199 others, and one session alone. Client and
server share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import orjson

SESSIONS, TURNS, PACE = 200, 10, 5.0
SLOTS = TURNS - 1
_ROLE = "arn:aws:iam::000000000000:role/nonet"


@contextmanager
def server(folder: str) -> Iterator[int]:
    """A suite of its own; its HTTP port."""
    environment = {**os.environ, "NONET_DATA_DIRECTORY": folder, "NONET_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "nonet.cli", "up", "--http-port", "0", "--grpc-port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        yield next(int(found[1]) for line in process.stdout if (found := re.search(r"http://\S+:(\d+)\s+gRPC", line)))
    finally:
        process.terminate()
        process.wait()


def make_bot(port: int) -> str:
    """A bot whose one intent asks for nine numbers; its id."""
    lex: Any = boto3.client(
        "lexv2-models",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",
    )
    bot_id = str(
        lex.create_bot(
            botName="Numbers", roleArn=_ROLE, dataPrivacy={"childDirected": False}, idleSessionTTLInSeconds=3600
        )["botId"]
    )
    place = {"botId": bot_id, "botVersion": "DRAFT", "localeId": "en_US"}
    lex.create_bot_locale(nluIntentConfidenceThreshold=0.4, **place)
    utterances = [{"utterance": text} for text in ("take some numbers", "note my numbers", "write down numbers for me")]
    intent = {"intentName": "Note", "sampleUtterances": utterances}
    intent_id = lex.create_intent(**intent, **place)["intentId"]
    priorities = []
    for number in range(1, SLOTS + 1):
        prompt = {"messageGroups": [{"message": {"plainTextMessage": {"value": f"Number {number}?"}}}], "maxRetries": 1}
        slot = lex.create_slot(
            slotName=f"N{number}",
            slotTypeId="AMAZON.Number",
            valueElicitationSetting={"slotConstraint": "Required", "promptSpecification": prompt},
            intentId=intent_id,
            **place,
        )
        priorities.append({"priority": number, "slotId": slot["slotId"]})
    lex.update_intent(intentId=intent_id, slotPriorities=priorities, **intent, **place)
    lex.build_bot_locale(**place)
    while (locale := lex.describe_bot_locale(**place))["botLocaleStatus"] == "Building":
        time.sleep(0.1)
    if locale["botLocaleStatus"] != "Built":
        raise RuntimeError(f"the bot is not built: {locale.get('failureReasons')}")
    return bot_id


class Caller:
    """One session over a connection of its own."""

    def __init__(self, port: int, bot_id: str, name: str, first: int) -> None:
        self._port = port
        self._path = f"/bots/{bot_id}/botAliases/TSTALIASID/botLocales/en_US/sessions/{name}/text"
        self._first = first
        self.seconds: list[float] = []

    async def talk(self, pace: float, delay: float) -> None:
        """All turns. Raises AssertionError for an answer that is not this session's."""
        await asyncio.sleep(delay)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        for turn in range(TURNS):
            began = time.perf_counter()
            if turn and pace:
                # The server closes connections that were idle for as long as a caller thinks.
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            text = str(self._first + turn) if turn else "take some numbers"
            answer = await self._ask(reader, writer, text)
            self.seconds.append(time.perf_counter() - began)
            slots = answer["sessionState"]["intent"]["slots"]
            filled = {name: slot["value"]["interpretedValue"] for name, slot in slots.items() if slot}
            if filled != {f"N{number}": str(self._first + number) for number in range(1, turn + 1)}:
                raise AssertionError("a session has crossed into another")
            await asyncio.sleep(max(0.0, pace - (time.perf_counter() - began)))
        writer.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: str) -> Any:
        body = orjson.dumps({"text": text})
        head = f"POST {self._path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n"
        head += "Content-Type: application/json\r\n\r\n"
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        found = re.search(rb"content-length: (\d+)", answer, re.IGNORECASE)
        assert found is not None and b" 200 " in answer.partition(b"\r\n")[0], answer
        return orjson.loads(await reader.readexactly(int(found[1])))


async def run(port: int, bot_id: str, name: str, sessions: int, pace: float) -> tuple[list[float], float]:
    """Seconds of all turns, and turns a second."""
    callers = [Caller(port, bot_id, f"{name}-{number}", 100 * number) for number in range(sessions)]
    began = time.perf_counter()
    await asyncio.gather(*(one.talk(pace, pace * number / sessions) for number, one in enumerate(callers)))
    taken = time.perf_counter() - began
    seconds = [second for one in callers for second in one.seconds]
    return seconds, len(seconds) / taken


def line(label: str, seconds: list[float], rate: float) -> str:
    cuts = statistics.quantiles(seconds, n=100)
    milliseconds = [1000 * value for value in (cuts[49], cuts[94], cuts[98], max(seconds))]
    return f"| {label} | {rate:.0f} | " + " | ".join(f"{value:.1f}" for value in milliseconds) + " |"


def report(sessions: int = SESSIONS, pace: float = PACE) -> list[str]:
    """The table for docs/benchmarks.md."""
    with tempfile.TemporaryDirectory() as folder, server(folder) as port:
        bot_id = make_bot(port)
        asyncio.run(run(port, bot_id, "warm", 4, 0.0))
        alone = asyncio.run(run(port, bot_id, "alone", 1, 0.0))
        paced = asyncio.run(run(port, bot_id, "paced", sessions, pace))
        fast = asyncio.run(run(port, bot_id, "fast", sessions, 0.0))
    return [
        "| RecognizeText | turns a second | p50, ms | p95 | p99 | longest |",
        "|---|---|---|---|---|---|",
        line("one session alone", *alone),
        line(f"{sessions} sessions of {TURNS} turns, a turn every {pace:g} s each", *paced),
        line(f"{sessions} sessions of {TURNS} turns as fast as they go", *fast),
        "",
        "Every answer had the slots of its own session and no others.",
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--pace", type=float, default=PACE)
    chosen = parser.parse_args()
    print("\n".join(report(chosen.sessions, chosen.pace)))
