"""Resource ARNs of Task states: what is called, and by which pattern."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.orchestration.tasks.sdk_names import SERVICES, find_operation
from services.orchestration.tasks.sync_jobs import find_job

REQUEST_RESPONSE = ""
SYNC = "sync"
SYNC_JSON = "sync:2"
WAIT_FOR_TASK_TOKEN = "waitForTaskToken"

_PATTERNS = (SYNC_JSON, SYNC, WAIT_FOR_TASK_TOKEN)
_INTEGRATION = re.compile(
    r"arn:[a-z0-9-]+:states:[a-z0-9-]*:\d*:((?:aws-sdk:)?(?!aws-sdk:)[A-Za-z0-9-]+:[A-Za-z0-9]+)((?:\..+)?)"
)
_FUNCTION = re.compile(
    r"arn:[a-z0-9-]+:lambda:[a-z0-9-]+:[A-Za-z0-9-]+:function:([A-Za-z0-9-_]{1,140})(?::([$A-Za-z0-9-_]{1,129}))?"
)
_ACTIVITY = re.compile(r"arn:[a-z0-9-]+:states:[a-z0-9-]+:[0-9]*:activity:.{1,80}")

_WITH_TOKEN = frozenset({REQUEST_RESPONSE, WAIT_FOR_TASK_TOKEN})
_JOBS = frozenset({REQUEST_RESPONSE, SYNC})
#: The optimised integrations that Nonet has itself, and the patterns each takes.
OWN = {
    "lambda:invoke": _WITH_TOKEN,
    "http:invoke": frozenset({REQUEST_RESPONSE}),
    "sns:publish": _WITH_TOKEN,
    "sqs:sendMessage": _WITH_TOKEN,
    "events:putEvents": _WITH_TOKEN,
    "states:startExecution": frozenset({REQUEST_RESPONSE, SYNC, SYNC_JSON, WAIT_FOR_TASK_TOKEN}),
}
#: Services of AWS's optimised integrations that are none of the suite's: a definition may name them (TestState answers
#: for them with mocks), an execution cannot call them. Each with the patterns that AWS has for it.
_ELSEWHERE = {
    "apigateway": _WITH_TOKEN,
    "athena": _JOBS,
    "batch": _JOBS,
    "bedrock": frozenset({REQUEST_RESPONSE, SYNC, WAIT_FOR_TASK_TOKEN}),
    "codebuild": _JOBS,
    "databrew": _JOBS,
    "dynamodb": frozenset({REQUEST_RESPONSE}),
    "ecs": frozenset({REQUEST_RESPONSE, SYNC, WAIT_FOR_TASK_TOKEN}),
    "eks": frozenset({REQUEST_RESPONSE, SYNC, WAIT_FOR_TASK_TOKEN}),
    "elasticmapreduce": _JOBS,
    "emr-containers": _JOBS,
    "emr-serverless": _JOBS,
    "events": _WITH_TOKEN,
    "glue": _JOBS,
    "mediaconvert": _JOBS,
    "sagemaker": _JOBS,
    "s3": frozenset({REQUEST_RESPONSE}),
}


@dataclass(frozen=True, slots=True)
class TaskResource:
    """A Resource ARN, taken apart. ``name`` is "aws-sdk:comprehend:detectSentiment", "lambda:invoke" or a whole ARN."""

    name: str
    pattern: str

    @property
    def is_sdk_call(self) -> bool:
        return self.name.startswith("aws-sdk:")

    @property
    def is_function(self) -> bool:
        return _FUNCTION.fullmatch(self.name) is not None

    @property
    def service(self) -> str:
        """ "comprehend" of "aws-sdk:comprehend:detectSentiment"; "lambda" of "lambda:invoke"."""
        return self.name.split(":")[-2]

    @property
    def action(self) -> str:
        """ "detectSentiment" of "aws-sdk:comprehend:detectSentiment"."""
        return self.name.rpartition(":")[2]


def parse(resource: str) -> TaskResource | None:
    """Take a Resource ARN apart; None when it has none of the forms that a Task state takes."""
    if _FUNCTION.fullmatch(resource) or _ACTIVITY.fullmatch(resource):
        return TaskResource(resource, REQUEST_RESPONSE)
    match = _INTEGRATION.fullmatch(resource)
    if match is None:
        return None
    name, suffix = match[1], match[2][1:]
    if suffix and suffix not in _PATTERNS:
        return None
    return TaskResource(name, suffix)


def not_recognized(resource: str) -> str:
    """What AWS says of a Resource that it does not know."""
    return (
        f"The resource provided {resource} is not recognized. The value is not a valid resource ARN, "
        "or the resource is not available in this region."
    )


def supports(resource: str, machine_type: str) -> str | None:
    """Why a machine of ``machine_type`` (STANDARD, EXPRESS) cannot have a Task state with this Resource, or None.

    Only what the ARN tells: whether a function or topic of that name is configured shows when it is called.
    """
    parsed = parse(resource)
    if parsed is None or parsed.pattern not in _patterns(parsed):
        return not_recognized(resource)
    if machine_type == "EXPRESS":
        if _ACTIVITY.fullmatch(parsed.name):
            return "Activities are not supported in Express state machines."
        if parsed.pattern:
            return f"Express state machine does not support '.{parsed.pattern}' service integration"
    return None


def _patterns(parsed: TaskResource) -> frozenset[str]:
    """The patterns that the resource takes; none when there is no such resource."""
    if parsed.name.startswith("arn:"):
        return frozenset({REQUEST_RESPONSE})
    if parsed.is_sdk_call:
        if parsed.service in SERVICES and find_operation(parsed.service, parsed.action) is None:
            return frozenset()
        return _WITH_TOKEN
    if parsed.name in OWN:
        return OWN[parsed.name]
    if find_job(parsed.service, parsed.action) is not None:
        return _JOBS
    return _ELSEWHERE.get(parsed.service, frozenset())
