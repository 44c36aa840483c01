"""A platform whose services answer calls from inside, and tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.orchestration.tasks.task import Task
from services.registry import REGISTRY
from shared.platform import Platform
from shared.rpc.chain import validation
from shared.rpc.host import ServiceHost
from shared.settings import Settings
from tests.running import forget_metrics
from tests.unit.shared.rpc.conftest import allowing, endpoints, server  # noqa: F401 (fixtures)

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
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    forget_metrics()
    platform = Platform.open(Settings(data_directory=tmp_path))
    host = ServiceHost(platform, REGISTRY, [validation])
    yield platform
    await host.close()
    await platform.close()
