"""HTTP endpoints on loopback, and what calls them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from shared.rpc.endpoints import Endpoints
from tests.unit.shared.rpc.endpoint_server import EndpointServer


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
