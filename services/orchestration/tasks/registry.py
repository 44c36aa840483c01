"""Finds the integration that a Task state's Resource names."""

from __future__ import annotations

from services.orchestration.language.errors import RUNTIME, TASK_FAILED
from services.orchestration.tasks import resources
from services.orchestration.tasks.functions import Functions, SdkFunctions
from services.orchestration.tasks.http_calls import HttpCalls
from services.orchestration.tasks.notifications import Events, Queues, Topics
from services.orchestration.tasks.resources import TaskResource, not_recognized
from services.orchestration.tasks.s3_calls import S3Calls
from services.orchestration.tasks.sdk_calls import SdkCalls
from services.orchestration.tasks.sdk_names import SERVICES
from services.orchestration.tasks.sts_calls import StsCalls
from services.orchestration.tasks.sync_jobs import find_job
from services.orchestration.tasks.task import Integration, TaskFailed
from shared.platform import Platform
from shared.rpc.endpoints import Endpoints

supports = resources.supports


class TaskRegistry:
    """The integrations of one process. Making it opens nothing; connections are made by the first call."""

    def __init__(self, platform: Platform) -> None:
        settings = platform.settings
        self._endpoints = Endpoints(settings.http_allowed_hosts)
        functions = Functions(settings.functions, self._endpoints)
        topics = Topics(settings.topics, self._endpoints)
        queues = Queues(settings.queues, self._endpoints)
        events = Events(settings.topics, self._endpoints)
        self._functions = functions
        self._sdk = SdkCalls(platform)
        #: Optimised integrations by their whole name. Executions of state machines are the engine's own.
        self._by_name: dict[str, Integration] = {
            "lambda:invoke": functions,
            "http:invoke": HttpCalls(settings.http_connections, self._endpoints),
            "sns:publish": topics,
            "sqs:sendMessage": queues,
            "events:putEvents": events,
            "aws-sdk:lambda:invoke": SdkFunctions(functions),
            "aws-sdk:sns:publish": topics,
            "aws-sdk:sqs:sendMessage": queues,
            "aws-sdk:eventbridge:putEvents": events,
        }
        #: SDK services with an integration of their own, because no gRPC service stands for them.
        self._by_service: dict[str, Integration] = {"s3": S3Calls(platform), "sts": StsCalls()}

    def find(self, resource: str) -> tuple[Integration, str, str]:
        """The integration of a Resource ARN, the resource without its pattern, and the pattern.

        Raises:
            TaskFailed: States.Runtime where AWS knows no such resource, States.TaskFailed where only Nonet does not.
        """
        parsed = resources.parse(resource)
        if parsed is None or supports(resource, "STANDARD") is not None:
            raise TaskFailed(RUNTIME, not_recognized(resource))
        integration = self._find(parsed)
        if integration is None:
            raise TaskFailed(
                TASK_FAILED,
                f"Nonet cannot call {parsed.name}: of AWS's services it has those of its contract, S3, and functions, "
                "topics, queues and HTTP endpoints that its settings name.",
            )
        return integration, parsed.name, parsed.pattern

    async def close(self) -> None:
        """Let go of connections; calls under way fail."""
        await self._functions.close()
        await self._endpoints.close()

    def _find(self, parsed: TaskResource) -> Integration | None:
        if parsed.is_function:
            return self._functions
        if parsed.name in self._by_name:
            return self._by_name[parsed.name]
        if parsed.is_sdk_call:
            return self._sdk if parsed.service in SERVICES else self._by_service.get(parsed.service)
        return self._sdk if find_job(parsed.service, parsed.action) is not None else None
