"""A boto3 client of a Nonet with functions, and what tests of executions ask of it again and again."""

from __future__ import annotations

import json
import os
import time
import uuid
from typing import Any

from tests.contract.orchestration.function_server import FunctionServer
from tests.postgres import create_database
from tests.running import client

ROLE = "arn:aws:iam::000000000000:role/states"
PATIENCE_SECONDS = 240
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:{}"


class StateMachineClient:
    """``boto`` is the client itself; ``functions`` are those that its Nonet can call."""

    def __init__(self, addresses: Any, functions: FunctionServer) -> None:
        self.functions = functions
        self.boto = client(
            "stepfunctions",
            addresses,
            config={"inject_host_prefix": False, "read_timeout": 90, "max_pool_connections": 50},
        )
        self.s3 = client(
            "s3",
            addresses,
            config={"s3": {"addressing_style": "path"}},
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )
        if hasattr(self.boto, "exceptions"):
            self.error = self.boto.exceptions.ClientError

    def make(self, *states: tuple[str, dict[str, Any]], type: str = "STANDARD", **fields: Any) -> str:
        """The ARN of a new state machine of these states, each of which leads to the next unless it says otherwise."""
        definition = json.dumps({**level(*states), **fields})
        made = self.boto.create_state_machine(
            name=f"m-{uuid.uuid4().hex}", definition=definition, roleArn=ROLE, type=type
        )
        return str(made["stateMachineArn"])

    def start(self, machine: str, value: Any = None, **options: Any) -> str:
        text = json.dumps({} if value is None else value)
        return str(self.boto.start_execution(stateMachineArn=machine, input=text, **options)["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        """The description of an execution once it has ended."""
        found: dict[str, Any] = self.wait(
            lambda: (one := self.boto.describe_execution(executionArn=execution))["status"] != "RUNNING" and one
        )
        return found

    def run(self, machine: str, value: Any = None) -> dict[str, Any]:
        return self.ended(self.start(machine, value))

    def wait(self, question: Any) -> Any:
        """The first answer that is true."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (answer := question()):
            assert time.monotonic() < deadline, "it did not come about"
            time.sleep(0.02)
        return answer

    def history(self, execution: str, **options: Any) -> list[dict[str, Any]]:
        pages = self.boto.get_paginator("get_execution_history").paginate(executionArn=execution, **options)
        return [event for page in pages for event in page["events"]]

    def types(self, execution: str) -> list[str]:
        return [event["type"] for event in self.history(execution)]

    def reaches(self, execution: str, event_type: str, count: int = 1) -> None:
        self.wait(lambda: self.types(execution).count(event_type) >= count)

    def code(self, operation: str, **parameters: Any) -> str:
        """The error code of a call that is refused."""
        try:
            getattr(self.boto, operation)(**parameters)
        except self.error as refused:
            return str(refused.response["Error"]["Code"])
        raise AssertionError(f"{operation} was not refused")


def one_database() -> dict[str, Any]:
    """Settings for several Nonets one after the other that keep their database, whichever product it is."""
    if os.environ.get("NONET_TEST_DATABASE") == "postgresql":
        return {"database_url": create_database()}
    return {}


def level(*states: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    written = {}
    for number, (name, fields) in enumerate(states):
        fields = dict(fields)
        if fields["Type"] not in ("Choice", "Succeed", "Fail") and not fields.keys() & {"Next", "End"}:
            fields |= {"Next": states[number + 1][0]} if number + 1 < len(states) else {"End": True}
        written[name] = fields
    return {"StartAt": states[0][0], "States": written}


def call(function: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": FUNCTION.format(function), **fields}


def wait(seconds: int) -> dict[str, Any]:
    return {"Type": "Wait", "Seconds": seconds}


def distributed(*states: tuple[str, dict[str, Any]], execution_type: str = "STANDARD", **fields: Any) -> dict[str, Any]:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": execution_type}
    return {"Type": "Map", "ItemProcessor": {**level(*states), "ProcessorConfig": config}, **fields}
