"""A platform whose services answer calls from inside, tasks, and HTTP endpoints on loopback."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.orchestration.tasks.task import Task
from services.registry import REGISTRY
from shared.platform import Platform
from shared.rpc.chain import validation
from shared.rpc.endpoints import Endpoints
from shared.rpc.host import ServiceHost
from shared.settings import Settings
from tests.running import forget_metrics
from tests.unit.services.orchestration.tasks.endpoint_server import EndpointServer

ACCOUNT = "000000000000"
EXECUTION = f"arn:aws:states:us-east-1:{ACCOUNT}:execution:machine:run"


def make_task(resource: str, parameters: Any = None, pattern: str = "", key: str = "attempt-1") -> Task:
    return Task(
        resource=resource,
        pattern=pattern,
        parameters={} if parameters is None else parameters,
        idempotency_key=key,
        account=ACCOUNT,
        region="us-east-1",
        execution_arn=EXECUTION,
        state_name="State",
    )


@pytest.fixture
def server() -> Iterator[EndpointServer]:
    with EndpointServer() as running:
        yield running


@pytest.fixture
async def endpoints() -> AsyncIterator[Endpoints]:
    """Endpoints that no guard lets to loopback."""
    endpoints = Endpoints()
    yield endpoints
    await endpoints.close()


@pytest.fixture
async def allowing() -> AsyncIterator[Callable[..., Endpoints]]:
    """Makes endpoints with hosts that the settings allow."""
    async with contextlib.AsyncExitStack() as stack:

        def make(*hosts: str) -> Endpoints:
            endpoints = Endpoints(hosts)
            stack.push_async_callback(endpoints.close)
            return endpoints

        yield make


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    forget_metrics()
    platform = Platform.open(Settings(data_directory=tmp_path))
    host = ServiceHost(platform, REGISTRY, [validation])
    yield platform
    await host.close()
    await platform.close()
