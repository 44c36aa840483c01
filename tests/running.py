"""A whole Nonet in a thread of the test process: real sockets, real HTTP/1.1 and HTTP/2."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from prometheus_client import REGISTRY as PROMETHEUS

from gateway.process import Addresses, running
from nonet.cli.keys import append
from shared.auth.principals import new_principal
from shared.settings import Settings
from tests.postgres import create_database
from tests.separate import FOLDERS, Processes

#: Whether ``nonet`` runs its services as processes of their own.
SEPARATE = os.environ.get("NONET_TEST_TOPOLOGY") == "separate"


@contextlib.contextmanager
def nonet(data_directory: Path, **settings: Any) -> Iterator[Addresses]:
    """Run until the context is left, which drains.

    With NONET_TEST_TOPOLOGY=separate the services run as processes of their own, and only the gateway in this one.
    """
    if os.environ.get("NONET_TEST_DATABASE") == "postgresql":
        # One database each, as each has a data directory of its own.
        settings.setdefault("database_url", create_database())
    settings = {"data_directory": data_directory, "drain_seconds": 5, **settings}
    with contextlib.ExitStack() as stack:
        if SEPARATE:
            settings = stack.enter_context(apart(settings))
        yield stack.enter_context(in_a_thread(settings))


@contextlib.contextmanager
def apart(settings: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Start the services that the settings name, all where they name none, as processes; gives the settings of a
    gateway before them.
    """
    named = settings.get("services")
    services = [name for name in named.split(",") if name in FOLDERS] if named else FOLDERS
    front = {**settings, "services": "gateway", "job_workers": 0}
    if not services:
        yield settings
        return
    if "principals_file" in settings:
        principal, key = new_principal("front", "000000000000")
        path = Path(settings["data_directory"]) / "principals-of-processes.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(settings["principals_file"], path)
        append(path, principal.model_copy(update={"gateway": True}))
        settings = {**settings, "principals_file": path, "upstream_bearer_key": key}
        front |= {"principals_file": path, "upstream_bearer_key": key}
    with Processes(services, settings) as processes:
        yield {**front, "upstreams": {**processes.upstreams, **settings.get("upstreams", {})}}


@contextlib.contextmanager
def in_a_thread(settings: dict[str, Any]) -> Iterator[Addresses]:
    """``nonet`` with nothing beside it."""
    forget_metrics()
    configured = Settings(http_port=0, grpc_port=0, **settings)
    started: Any = []
    ready, stop = threading.Event(), threading.Event()

    async def main() -> None:
        async with running(configured) as addresses:
            started.append(addresses)
            ready.set()
            await asyncio.to_thread(stop.wait)

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as failure:
            started.append(failure)
            ready.set()

    thread = threading.Thread(target=run, name="nonet")
    thread.start()
    try:
        ready.wait(60)
        if isinstance(started[0], BaseException):
            raise started[0]
        yield started[0]
    finally:
        stop.set()
        thread.join(60)


def forget_metrics() -> None:
    """Prometheus's registry is one a process; each Nonet of the tests registers its metrics anew."""
    for collector in list(PROMETHEUS._collector_to_names):
        if any(name.startswith("nonet_") for name in PROMETHEUS._collector_to_names[collector]):
            PROMETHEUS.unregister(collector)


def client(name: str, addresses: Addresses, **options: Any) -> Any:
    """A boto3 client that differs from one for AWS in its endpoint alone."""
    config = Config(retries={"max_attempts": 1}, **options.pop("config", {}))
    return boto3.client(name, endpoint_url=addresses.http, region_name="us-east-1", config=config, **options)
