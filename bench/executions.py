"""State machines: states a second beside moto's interpreter, thousands of parked executions, a map of 10,000 items."""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import psutil
from botocore.config import Config

from bench.load import post
from bench.servers import Server, moto, nonet

AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/states/aws4_request, "
    f"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={'0' * 64}"
)
ROLE = "arn:aws:iam::000000000000:role/bench"
STATES = 10
EXECUTIONS = 1_000
#: moto is given fewer, so that the bench ends; its rate does not depend on their number.
MOTO_EXECUTIONS = 100
CALLERS = (1, 16)
STARTERS = 4
PARKED = 10_000
IDLE_SECONDS = 20.0
ITEMS = 10_000
CHAIN = {
    "StartAt": "S0",
    "States": {
        f"S{number}": {
            "Type": "Pass",
            "Result": {"number": number},
            **({"Next": f"S{number + 1}"} if number < STATES - 1 else {"End": True}),
        }
        for number in range(STATES)
    },
}
WAIT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 36_000, "End": True}}}
ITEM = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Parameters": {"n.$": "$.n", "s.$": "$.s"}, "End": True}}}
MAP = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSONL"},
                "Parameters": {"Bucket": "bench", "Key": "items.jsonl"},
            },
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **ITEM},
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {"Bucket": "bench", "Prefix": "results"},
            },
            "End": True,
        }
    },
}


def client(server: Server, name: str = "stepfunctions") -> Any:
    config = Config(retries={"max_attempts": 0}, read_timeout=60, s3={"addressing_style": "path"})
    return boto3.client(
        name, endpoint_url=f"http://127.0.0.1:{server.http_port}", region_name="us-east-1", config=config,
        aws_access_key_id="any", aws_secret_access_key="any",
    )  # fmt: skip


def make(states: Any, definition: dict[str, Any]) -> str:
    name = f"bench-{uuid.uuid4().hex[:16]}"
    return str(
        states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]
    )


def start_requests(machine: str, executions: int) -> list[bytes]:
    """Requests to start executions, written ahead, so that a rate is the server's and not boto3's."""
    headers = {
        "X-Amz-Target": "AWSStepFunctions.StartExecution",
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": AUTHORIZATION,
    }
    return [post("/", headers, json.dumps({"stateMachineArn": machine, "input": "{}"}).encode())] * executions


def chain_rate(server: Server, executions: int, callers: int) -> float:
    """Executions a second from the first start to the last end, ``callers`` of them being started at a time."""
    states = client(server)
    requests = start_requests(make(states, CHAIN), executions)
    began = time.time()
    arns = asyncio.run(send_all(server.http_port, requests, callers))
    return executions / (max(end_of(states, arn) for arn in arns) - began)


def moto_rate(server: Server, executions: int) -> float:
    """The same of moto, one after the other: 5.2.1 hangs when a machine runs while another one that ran exists."""
    states = client(server)
    seconds = 0.0
    for _ in range(executions):
        machine = make(states, CHAIN)
        began = time.time()
        (arn,) = asyncio.run(send_all(server.http_port, start_requests(machine, 1), 1))
        seconds += end_of(states, arn) - began
        states.delete_state_machine(stateMachineArn=machine)
    return executions / seconds


def end_of(states: Any, arn: str) -> float:
    """When the execution ended, by the server's clock, which is ours; its answer must be right."""
    while (described := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(0.01)
    if described["status"] != "SUCCEEDED" or json.loads(described["output"]) != {"number": STATES - 1}:
        raise RuntimeError(f"a wrong answer: {described}")
    return float(described["stopDate"].timestamp())


async def send_all(port: int, requests: list[bytes], callers: int) -> list[str]:
    """Send every request, ``callers`` at a time, and give the ARNs that were answered."""
    waiting = iter(requests)
    arns: list[str] = []

    async def caller() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
            arns.append(json.loads(await reader.readexactly(length))["executionArn"])
        writer.close()

    await asyncio.gather(*(caller() for _ in range(callers)))
    return arns


def chains() -> list[str]:
    with nonet() as ours, moto(5059) as theirs:
        body = json.dumps({"stepfunctions": {"execute_state_machine": True}}).encode()
        address = f"http://127.0.0.1:{theirs.http_port}/moto-api/config"
        urllib.request.urlopen(urllib.request.Request(address, body, {"Content-Type": "application/json"})).close()
        chain_rate(ours, 50, 1)
        moto_rate(theirs, 5)
        their = moto_rate(theirs, MOTO_EXECUTIONS)
        rows = []
        for callers in CALLERS:
            own = chain_rate(ours, EXECUTIONS, callers)
            rows.append(f"| {callers} | {own * STATES:.0f} | {their * STATES:.0f} | **{own / their:.1f}x** |")
    return [
        f"{EXECUTIONS:,} executions of a chain of {STATES} Pass states, from the first start to the last end. They are "
        "STANDARD, so each of Nonet's is on disk with its history; moto keeps all in memory and ran "
        f"{MOTO_EXECUTIONS}, one by one:",
        "",
        "| callers | Nonet states/s | moto 5.2.1 states/s | |",
        "|--:|--:|--:|--:|",
        *rows,
    ]


def parked() -> list[str]:
    with nonet() as server:
        machine = make(client(server), WAIT)
        local = threading.local()

        def start(_: int) -> None:
            local.states = getattr(local, "states", None) or client(server)
            local.states.start_execution(stateMachineArn=machine, input="{}")

        process = psutil.Process(server.pid)
        before = process.memory_info().rss
        with ThreadPoolExecutor(STARTERS) as pool:
            list(pool.map(start, range(PARKED)))
        time.sleep(3)
        used = busy(process, lambda: time.sleep(IDLE_SECONDS))
        grown = process.memory_info().rss - before
    return [
        f"{PARKED:,} executions parked in a Wait state: **{100 * used / IDLE_SECONDS:.2f} % of a core** over "
        f"{IDLE_SECONDS:.0f} s, {grown / 1e6:.0f} MB more memory than before the first.",
    ]


def big_map() -> list[str]:
    with nonet() as server:
        states, s3 = client(server), client(server, "s3")
        s3.create_bucket(Bucket="bench")
        lines = "".join(json.dumps({"n": number, "s": "x" * 1_000}) + "\n" for number in range(ITEMS))
        s3.put_object(Bucket="bench", Key="items.jsonl", Body=lines.encode())
        machine = make(states, MAP)
        process = psutil.Process(server.pid)
        before, most = process.memory_info().rss, [0]
        started = time.perf_counter()
        arn = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
        while (described := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            most[0] = max(most[0], process.memory_info().rss)
            time.sleep(0.2)
        seconds = time.perf_counter() - started
        if described["status"] != "SUCCEEDED":
            raise RuntimeError(f"the map failed: {described}")
    return [
        f"A distributed Map over {ITEMS:,} items of 1 KB (JSON lines in S3, results to S3): {seconds:.0f} s, "
        f"{ITEMS / seconds:.0f} child executions/s, memory at most {(most[0] - before) / 1e6:.0f} MB above the start.",
    ]


def busy(process: psutil.Process, work: Callable[[], None]) -> float:
    """CPU seconds that ``process`` and its children use during ``work``."""

    def used() -> float:
        every = (process, *process.children(recursive=True))
        return statistics.fsum(sum(one.cpu_times()[:2]) for one in every)

    before = used()
    work()
    return used() - before


def report() -> list[str]:
    return [*chains(), "", *parked(), "", *big_map()]
