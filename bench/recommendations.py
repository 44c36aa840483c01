"""GetRecommendations in a catalogue of 100,000 items: time to import and train, latency, and how soon an event counts.

    python -m bench.recommendations [--items 100000] [--users 20000] [--data FOLDER]

The shop is made up: users have one of 200 tastes, items are drawn by Zipf's law within a taste, 50 interactions a user.
Training runs the library implicit in its environment, which is installed into the data folder first; a folder that has
been used before has all that already. Latency is measured with 16 callers whose connections are there, over gRPC and
over Amazon's wire: ten requests a second each, once spread evenly and once at random times (a Poisson process), and
as fast as they can, where every caller waits for all others (latency is then 16 divided by the rate). Client and server
share the machine, so the server's own time from admission to answer and the processor time of both are told beside.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import itertools
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import grpc
import numpy as np
import psutil
from botocore.config import Config

from bench.load import post, run_load
from nonet.personalization_runtime.v1 import personalization_runtime_pb2 as pb

ITEMS, USERS, TASTES, LENGTH = 100_000, 20_000, 200, 50
CLIENTS, SECONDS, PACE = 16, 8.0, 10.0
EVENTS = 50
_METHOD = "/nonet.personalization_runtime.v1.PersonalizationRuntime/GetRecommendations"
_SCHEMA = {
    "type": "record",
    "name": "Interactions",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
}


@dataclass(frozen=True, slots=True)
class Shop:
    """A running Nonet with a campaign of the large catalogue."""

    pid: int
    http_port: int
    grpc_port: int
    campaign: str
    tracking_id: str
    #: None = it was there already.
    import_s: float | None
    training_s: float | None


def interactions(items: int, users: int) -> bytes:
    """The CSV file."""
    draw = np.random.default_rng(1)
    within = items // TASTES
    tastes = draw.integers(0, TASTES, users).repeat(LENGTH)
    drawn = np.minimum(draw.zipf(1.3, users * LENGTH) - 1, within - 1)
    # One in five is of no taste, so that every item is somebody's.
    codes = np.where(draw.random(len(drawn)) < 0.2, draw.integers(0, items, len(drawn)), tastes * within + drawn)
    text = io.StringIO()
    text.write("USER_ID,ITEM_ID,TIMESTAMP\n")
    for row, code in enumerate(codes.tolist()):
        text.write(f"u{row // LENGTH},i{code},{1_700_000_000 + row}\n")
    return text.getvalue().encode()


def client(name: str, port: int) -> Any:
    """A boto3 client."""
    return boto3.client(
        name,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",
        config=Config(s3={"addressing_style": "path"}),
    )


def ended(ask: Any, member: str, **arguments: str) -> None:
    """Wait until a resource is there."""
    while (found := ask(**arguments)[member])["status"] != "ACTIVE":
        if found["status"] == "CREATE FAILED":
            raise RuntimeError(found.get("failureReason"))
        time.sleep(0.1)


@contextmanager
def shop(folder: str, items: int, users: int) -> Iterator[Shop]:
    """Install, start, import, train and deploy."""
    environment = {**os.environ, "NONET_DATA_DIRECTORY": folder, "NONET_LOG_LEVEL": "ERROR"}
    nonet = [sys.executable, "-m", "nonet.cli"]
    subprocess.run([*nonet, "engines", "install", "recommenders"], env=environment, check=True, stdout=sys.stderr)
    command = [*nonet, "up", "--http-port", "0", "--grpc-port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        ports = next(
            found for line in process.stdout if (found := re.search(r"http://\S+:(\d+)\s+gRPC \S+:(\d+)", line))
        )
        http_port, grpc_port = int(ports[1]), int(ports[2])
        personalize, s3 = client("personalize", http_port), client("s3", http_port)
        if campaigns := personalize.list_campaigns()["campaigns"]:
            trackers = personalize.list_event_trackers()["eventTrackers"]
            tracker = personalize.describe_event_tracker(eventTrackerArn=trackers[0]["eventTrackerArn"])
            tracking_id = tracker["eventTracker"]["trackingId"]
            yield Shop(process.pid, http_port, grpc_port, campaigns[0]["campaignArn"], tracking_id, None, None)
            return
        s3.create_bucket(Bucket="bench")
        s3.put_object(Bucket="bench", Key="interactions.csv", Body=interactions(items, users))
        schema = personalize.create_schema(name="bench", schema=json.dumps(_SCHEMA))["schemaArn"]
        group = personalize.create_dataset_group(name="bench")["datasetGroupArn"]
        dataset = personalize.create_dataset(
            name="bench", schemaArn=schema, datasetGroupArn=group, datasetType="Interactions"
        )["datasetArn"]
        began = time.perf_counter()
        job = personalize.create_dataset_import_job(
            jobName="bench",
            datasetArn=dataset,
            dataSource={"dataLocation": "s3://bench/interactions.csv"},
            roleArn="arn:aws:iam::000000000000:role/bench",
        )["datasetImportJobArn"]
        ended(personalize.describe_dataset_import_job, "datasetImportJob", datasetImportJobArn=job)
        imported = time.perf_counter()
        tracking_id = personalize.create_event_tracker(name="bench", datasetGroupArn=group)["trackingId"]
        solution = personalize.create_solution(
            name="bench",
            datasetGroupArn=group,
            recipeArn="arn:aws:personalize:::recipe/aws-user-personalization-v2",
        )["solutionArn"]
        version = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
        ended(personalize.describe_solution_version, "solutionVersion", solutionVersionArn=version)
        trained = time.perf_counter()
        campaign = personalize.create_campaign(name="bench", solutionVersionArn=version)["campaignArn"]
        ended(personalize.describe_campaign, "campaign", campaignArn=campaign)
        yield Shop(process.pid, http_port, grpc_port, campaign, tracking_id, imported - began, trained - imported)
    finally:
        process.terminate()
        process.wait(60)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When each caller asks: ``pace`` times a second, evenly or at random; None = as soon as it has its answer."""

    name: str
    pace: float | None
    random: bool = False

    def pauses(self, caller: int) -> Iterator[float]:
        """Seconds from one request of a caller to its next; the first from the beginning."""
        if self.pace is None:
            yield from itertools.repeat(0.0)
        elif self.random:
            draw = random.Random(caller)
            while True:
                yield draw.expovariate(self.pace)
        else:
            yield caller / CLIENTS / self.pace
            yield from itertools.repeat(1 / self.pace)


async def over_grpc(found: Shop, users: int, arrivals: Arrivals) -> tuple[list[float], float]:
    """Latencies in seconds of 16 callers on one channel each, and requests a second.

    A caller whose answer came after its next request was due sends that at once, and its wait counts from then on.
    """
    latencies: list[float] = []
    began = 0.0

    async def caller(number: int, channel: grpc.aio.Channel) -> None:
        call = channel.unary_unary(_METHOD)
        due = began
        for turn, pause in enumerate(arrivals.pauses(number)):
            due += pause
            await asyncio.sleep(due - time.perf_counter())
            if (now := time.perf_counter()) >= began + SECONDS:
                return
            request = pb.GetRecommendationsRequest(
                campaign_arn=found.campaign, user_id=f"u{(number * 997 + turn * 31) % users}"
            )
            await call(request.SerializeToString())
            latencies.append(time.perf_counter() - now)

    async with contextlib.AsyncExitStack() as stack:
        # Pools of their own: channels to one address would share a connection otherwise.
        options = [("grpc.use_local_subchannel_pool", 1)]
        address = f"127.0.0.1:{found.grpc_port}"
        channels = [
            await stack.enter_async_context(grpc.aio.insecure_channel(address, options=options)) for _ in range(CLIENTS)
        ]
        await asyncio.gather(*(channel.channel_ready() for channel in channels))
        began = time.perf_counter()
        await asyncio.gather(*(caller(number, channel) for number, channel in enumerate(channels)))
        return latencies, len(latencies) / (time.perf_counter() - began)


@dataclass(frozen=True, slots=True)
class Spent:
    """What the server has counted so far. ``buckets``: calls that took at most so many seconds, from the histogram."""

    processor_s: float
    own_processor_s: float
    buckets: Mapping[float, float]

    @classmethod
    def read(cls, found: Shop) -> Spent:
        """As it is now."""
        with urllib.request.urlopen(f"http://127.0.0.1:{found.http_port}/_nonet/metrics") as answer:
            text = answer.read().decode()
        lines = re.findall(r'nonet_call_seconds_bucket\{le="(\S+)",operation="GetRecommendations".*\} (\S+)', text)
        used = psutil.Process(found.pid).cpu_times()
        return cls(used.user + used.system, time.process_time(), {float(le): float(count) for le, count in lines})

    def until(self, later: Spent, requests: int, seconds: float) -> str:
        """What happened between two readings, in words."""
        counts = [(bound, later.buckets[bound] - self.buckets.get(bound, 0.0)) for bound in sorted(later.buckets)]
        shares = ", ".join(f"{count / requests:.1%} within {bound * 1e3:g} ms" for bound, count in counts[1:6])
        server, callers = later.processor_s - self.processor_s, later.own_processor_s - self.own_processor_s
        return (
            f"The server's own part: {shares}. Processor time a request: server {server / requests * 1e3:.1f} ms "
            f"({server / seconds:.0%} of one core), callers {callers / requests * 1e3:.1f} ms."
        )


def over_http(found: Shop, users: int) -> tuple[list[float], float]:
    """The same over Amazon's wire, as fast as it goes."""
    headers = {
        "Content-Type": "application/json",
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/personalize/aws4_request, "
        f"SignedHeaders=content-type;host;x-amz-date, Signature={'0' * 64}",
    }
    requests = [
        post(
            "/recommendations",
            headers,
            json.dumps({"campaignArn": found.campaign, "userId": f"u{number * 31 % users}"}).encode(),
        )
        for number in range(512)
    ]
    load = asyncio.run(run_load("127.0.0.1", found.http_port, requests, CLIENTS, SECONDS))
    if set(load.statuses) != {200}:
        raise RuntimeError(f"answers: {load.statuses}")
    return load.latencies, load.rate


def by_boto3(found: Shop, users: int) -> list[float]:
    """One boto3 client, one request after the other, each timed in the program."""
    runtime = client("personalize-runtime", found.http_port)
    latencies = []
    for number in range(300):
        began = time.perf_counter()
        runtime.get_recommendations(campaignArn=found.campaign, userId=f"u{number * 31 % users}")
        latencies.append(time.perf_counter() - began)
    return latencies[20:]


def events(found: Shop, items: int) -> tuple[list[float], int]:
    """Seconds from sending an event to the end of the answer after it, and how many answers it had not changed."""
    put, runtime = client("personalize-events", found.http_port), client("personalize-runtime", found.http_port)
    latencies, same, began_at = [], 0, time.time_ns()
    for number in range(EVENTS):
        user = f"fresh-{began_at}-{number}"

        def recommended(user: str = user) -> list[str]:
            answer = runtime.get_recommendations(campaignArn=found.campaign, userId=user, numResults=25)
            return [item["itemId"] for item in answer["itemList"]]

        before = recommended()
        began = time.perf_counter()
        put.put_events(
            trackingId=found.tracking_id,
            userId=user,
            sessionId=user,
            eventList=[{"eventType": "view", "itemId": f"i{number * (items // EVENTS)}", "sentAt": time.time()}],
        )
        after = recommended()
        latencies.append(time.perf_counter() - began)
        same += before == after
    return latencies, same


def row(name: str, latencies: Sequence[float], rate: float | None = None) -> str:
    """A line of the table, in milliseconds."""
    cuts = statistics.quantiles(latencies, n=100)
    speed = "" if rate is None else f"{rate:,.0f}"
    return f"| {name} | {cuts[49] * 1e3:.1f} | {cuts[98] * 1e3:.1f} | {speed} |"


def made(found: Shop) -> str:
    """How long import and training took."""
    if found.import_s is None or found.training_s is None:
        return "; the model was there already."
    return (
        f": imported in {found.import_s:.0f} s, trained in {found.training_s:.0f} s "
        "(matrix factorization, chosen, measured and fitted again)."
    )


ARRIVALS = (
    Arrivals(f"gRPC, {PACE:.0f} a second each, evenly", PACE),
    Arrivals(f"gRPC, {PACE:.0f} a second each, at random", PACE, random=True),
    Arrivals("gRPC, as fast as they can", None),
)


def report(items: int = ITEMS, users: int = USERS, data: str | None = None) -> list[str]:
    """The measurements as a table."""
    with tempfile.TemporaryDirectory(prefix="nonet-bench-") as folder, shop(data or folder, items, users) as found:
        by_boto3(found, users)  # loads the model
        lines = [
            f"{items:,} items, {users:,} users, {users * LENGTH:,} interactions" + made(found),
            "",
            f"| GetRecommendations, 25 items, {CLIENTS} callers | p50, ms | p99, ms | requests/s |",
            "|---|---|---|---|",
        ]
        notes = []
        for arrivals in ARRIVALS:
            before = Spent.read(found)
            latencies, rate = asyncio.run(over_grpc(found, users, arrivals))
            notes.append(f"- {arrivals.name}: " + before.until(Spent.read(found), len(latencies), SECONDS))
            lines.append(row(arrivals.name, latencies, rate))
        lines.append(row("Amazon's wire, as fast as they can", *over_http(found, users)))
        lines.append(row("boto3, one caller", by_boto3(found, users)))
        waits, same = events(found, items)
        lines.append(row(f"boto3, PutEvents and the answer after it ({same} of {EVENTS} unchanged)", waits))
        lines += ["", *notes, "", f"Load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"]
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=ITEMS)
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--data", help="data folder to use and to keep; one that was used before is measured as it is")
    chosen = parser.parse_args()
    print("\n".join(report(chosen.items, chosen.users, chosen.data)))
