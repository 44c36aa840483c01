"""What the gateway costs: a 1 KB gRPC call of DetectSentiment against the servicer on a bare grpc.aio server."""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import grpc

from bench.servers import nonet
from nonet.language.v1 import language_pb2 as pb
from nonet.language.v1 import language_pb2_grpc
from services.language.service import LanguageService
from shared.contract.apis import api_for_client
from shared.platform import Platform
from shared.rpc.call import Call
from shared.settings import Settings

CALLS = 1500
ROUNDS = 5
TEXT = ("The rooms were clean and the staff was friendly, but breakfast was late. " * 14)[:1000]


class BareServicer(language_pb2_grpc.LanguageServicer):
    """The product's servicer class behind nothing but grpc's generated code."""

    def __init__(self, platform: Platform) -> None:
        self._service = LanguageService(platform)
        self._principal = platform.principals.anonymous
        self._operation = api_for_client("comprehend").operations["DetectSentiment"]

    async def DetectSentiment(self, request, context):
        return await self._service.detect_sentiment(request, Call(self._operation, self._principal, "us-east-1"))


async def serve_bare(announce: Connection) -> None:
    with tempfile.TemporaryDirectory() as data:
        platform = Platform.open(Settings(data_directory=Path(data)))
        server = grpc.aio.server()
        language_pb2_grpc.add_LanguageServicer_to_server(BareServicer(platform), server)
        announce.send(server.add_insecure_port("127.0.0.1:0"))
        await server.start()
        await server.wait_for_termination()


def bare_process(announce: Connection) -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve_bare(announce))


def latencies(port: int, calls: int) -> list[float]:
    request = pb.DetectSentimentRequest(text=TEXT, language_code="en")
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = language_pb2_grpc.LanguageStub(channel)
        times: list[float] = []
        for _ in range(calls):
            started = time.perf_counter()
            stub.DetectSentiment(request)
            times.append(time.perf_counter() - started)
    return times


def report() -> list[str]:
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    bare = context.Process(target=bare_process, args=(send,), daemon=True)
    bare.start()
    try:
        bare_port = receive.recv()
        with nonet() as server:
            for port in (bare_port, server.grpc_port):
                latencies(port, 200)
            rounds = [
                (statistics.median(latencies(server.grpc_port, CALLS)), statistics.median(latencies(bare_port, CALLS)))
                for _ in range(ROUNDS)
            ]
    finally:
        bare.terminate()
        bare.join()
    through, direct = (statistics.median(pair[index] for pair in rounds) * 1000 for index in (0, 1))
    cost = statistics.median(a - b for a, b in rounds) * 1000
    return [
        f"DetectSentiment of 1,000 bytes over gRPC, one client, {ROUNDS} alternated rounds of {CALLS} calls:",
        f"through Nonet p50 {through:.2f} ms, servicer on a bare grpc.aio server p50 {direct:.2f} ms: "
        f"the chain (identity, admission, deadline, validation, metrics) costs **{cost:.2f} ms**.",
    ]
