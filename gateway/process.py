"""One running Nonet: opens the platform, serves HTTP and gRPC, and leaves in order when told to."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import uvicorn

from gateway.app import Gateway
from gateway.aws.live_transcription import MAX_MESSAGE_BYTES
from gateway.console.pages import console_app
from services.registry import REGISTRY
from shared.auth.principals import AccountLimit
from shared.observability.metrics import CallMetrics
from shared.observability.tracing import Tracer
from shared.platform import Platform
from shared.rpc.account_limits import AccountLimits
from shared.rpc.certificates import Certificates
from shared.rpc.chain import Admission, Deadline, Interceptor, Metering, Tracing, validation
from shared.rpc.host import ServiceHost
from shared.rpc.server import GrpcServer
from shared.rpc.upstream import STAMP_SECONDS
from shared.settings import Settings

logger = logging.getLogger("nonet.process")

SWITCH_SECONDS = 0.0005
#: Clients keep connections for their next call. The server that closes one early may do so just as that call is sent,
#: and boto3 cannot tell then whether it happened.
KEEP_ALIVE_SECONDS = 75


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a running process can be reached."""

    http: str
    grpc: str


def interceptors(settings: Settings, account_limits: AccountLimits) -> list[Interceptor]:
    """What every unary call passes on its way to a servicer, the first outermost."""
    chain: list[Interceptor] = [
        Metering(CallMetrics()),
        account_limits,
        Admission(settings.max_concurrent_requests),
        Deadline(settings.request_timeout_seconds),
        validation,
    ]
    tracer = Tracer(settings.otlp_endpoint)
    if tracer.enabled:
        chain.insert(0, Tracing(tracer))
    return chain


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the process decides when to stop, for HTTP and gRPC together."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


@contextlib.asynccontextmanager
async def running(settings: Settings, prepared: Callable[[], None] | None = None) -> AsyncIterator[Addresses]:
    """Serve while the context is open; leaving it drains: no new work, running requests and jobs get their time.

    ``prepared`` is called once all services are made, which the first answers need not wait for.

    Raises:
        OSError: a port is taken; the message says which and what to set instead.
        ValueError: settings that cannot work.
    """
    platform = Platform.open(settings)
    limit = AccountLimit(
        requests_per_second=settings.account_requests_per_second,
        concurrent_requests=settings.account_concurrent_requests,
    )
    account_limits = AccountLimits(limit, platform.principals.limit_of)
    host = ServiceHost(platform, REGISTRY, interceptors(settings, account_limits), account_limits)
    draining = {"now": False}
    http_socket = _bind(settings.host, settings.http_port)
    grpc_server = GrpcServer(host, platform)
    gateway = Gateway(platform, host, console_app(platform, host, draining), account_limits)
    certificates = platform.certificates
    config = uvicorn.Config(
        gateway,
        ssl_certfile=certificates.certificate,
        ssl_keyfile=certificates.key,
        proxy_headers=False,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="websockets-sansio",
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(settings.drain_seconds) or 1,
        h11_max_incomplete_event_size=64 * 1024,
    )
    http_server = _Server(config)
    try:
        grpc_port = await grpc_server.start(settings.host, settings.grpc_port)
        serving = asyncio.create_task(http_server.serve([http_socket]))
        # Services register their kinds of job when they are made; the first answer need not wait for that.
        preparing = asyncio.create_task(_prepare(platform, host, prepared))
        renewing = asyncio.create_task(_renew(config, certificates))
        if settings.job_workers:
            await platform.jobs.start()
        while not http_server.started and not serving.done():
            await asyncio.sleep(0.01)
        http_port = http_socket.getsockname()[1]
        shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        scheme = "http" if certificates.certificate is None else "https"
        yield Addresses(f"{scheme}://{shown}:{http_port}", f"{shown}:{grpc_port}")
        draining["now"] = True
        preparing.cancel()
        renewing.cancel()
        logger.info("draining: running requests and jobs get %.0f seconds", settings.drain_seconds)
        http_server.should_exit = True
        await asyncio.gather(
            grpc_server.stop(settings.drain_seconds), serving, platform.jobs.drain(settings.drain_seconds)
        )
    finally:
        http_socket.close()
        await host.close()
        await platform.close()


async def _prepare(platform: Platform, host: ServiceHost, prepared: Callable[[], None] | None) -> None:
    await host.start()
    if prepared is not None:
        prepared()
    await platform.objects.collect_garbage()


async def _renew(config: uvicorn.Config, certificates: Certificates) -> None:
    """Have HTTPS show a new certificate once its files have been replaced; gRPC looks at each connection."""
    if certificates.certificate is None:
        return
    stamp = certificates.stamp()
    while True:
        await asyncio.sleep(STAMP_SECONDS)
        with contextlib.suppress(OSError):  # in the middle of being replaced: looked at again in a moment
            if (now := certificates.stamp()) != stamp and config.ssl is not None:
                config.ssl.load_cert_chain(certificates.certificate, certificates.key)
                stamp = now


def run(settings: Settings, announce: Callable[[Addresses], None] | None = None) -> None:
    """``serve`` on the fastest event loop that the platform has.

    Raises:
        OSError, ValueError: as ``running``.
    """
    # Engines compute in threads; with Python's 5 ms the event loop would wait that long for its turn.
    sys.setswitchinterval(SWITCH_SECONDS)
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with contextlib.suppress(ImportError):  # Windows has no uvloop
        import uvloop

        loop_factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(serve(settings, announce))


async def serve(settings: Settings, announce: Callable[[Addresses], None] | None = None) -> None:
    """Run until SIGTERM or SIGINT. ``announce`` is called with the addresses once they answer."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    # What is there by then stays to the end. Looking through it for garbage again and again would stop everybody for a
    # tenth of a second each time.
    async with running(settings, prepared=gc.freeze) as addresses:
        if announce is not None:
            announce(addresses)
        await stop.wait()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol spelt out asyncio sets TCP_NODELAY on what it accepts; without, every answer waits 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as failure:
        bound.close()
        raise OSError(
            f"port {port} of {host} is taken ({failure.strerror}); set NONET_HTTP_PORT to another, or 0 for a free one"
        ) from failure
    return bound
