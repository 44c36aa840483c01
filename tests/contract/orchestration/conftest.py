"""A Nonet with the Orchestration service, and an ordinary boto3 client of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateway.process import Addresses
from tests.contract.answers import Recorder
from tests.running import client, nonet

ROLE = "arn:aws:iam::000000000000:role/states"


@pytest.fixture(scope="session")
def orchestration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    with nonet(tmp_path_factory.mktemp("orchestration"), services="orchestration,language") as addresses:
        yield addresses


@pytest.fixture(scope="session")
def stepfunctions(orchestration: Addresses) -> Recorder:
    return Recorder(client("stepfunctions", orchestration, config={"inject_host_prefix": False}))


@pytest.fixture(scope="session")
def refused(stepfunctions: Recorder) -> Callable[..., str]:
    """Asks for something that is refused, and gives the error's code."""

    def ask(operation: str, **parameters: Any) -> str:
        with pytest.raises(stepfunctions.client.exceptions.ClientError) as raised:
            stepfunctions.ask(operation, **parameters)
        code: str = raised.value.response["Error"]["Code"]
        return code

    return ask


def definition(comment: str = "") -> str:
    """A state machine of one state."""
    return json.dumps({"Comment": comment, "StartAt": "a", "States": {"a": {"Type": "Succeed"}}})


@pytest.fixture
def machine(stepfunctions: Recorder) -> str:
    """The ARN of a state machine that nobody else has."""
    made = stepfunctions.ask(
        "create_state_machine", name=f"m-{uuid.uuid4().hex}", definition=definition(), roleArn=ROLE
    )
    arn: str = made["stateMachineArn"]
    return arn
