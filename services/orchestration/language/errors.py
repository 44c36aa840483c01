"""The errors of the States Language: names that Retry and Catch match, each with a cause for people."""

from __future__ import annotations

from collections.abc import Sequence

ALL = "States.ALL"
BRANCH_FAILED = "States.BranchFailed"
DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"
EXCEED_TOLERATED_FAILURE_THRESHOLD = "States.ExceedToleratedFailureThreshold"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
HTTP_SOCKET = "States.Http.Socket"
INTRINSIC_FAILURE = "States.IntrinsicFailure"
ITEM_READER_FAILED = "States.ItemReaderFailed"
NO_CHOICE_MATCHED = "States.NoChoiceMatched"
PARAMETER_PATH_FAILURE = "States.ParameterPathFailure"
PERMISSIONS = "States.Permissions"
QUERY_EVALUATION_ERROR = "States.QueryEvaluationError"
RESULT_PATH_MATCH_FAILURE = "States.ResultPathMatchFailure"
RESULT_WRITER_FAILED = "States.ResultWriterFailed"
RUNTIME = "States.Runtime"
TASK_FAILED = "States.TaskFailed"
TIMEOUT = "States.Timeout"

#: Errors that States.ALL does not stand for; they always end the execution, unless named.
_TERMINAL = frozenset({RUNTIME, DATA_LIMIT_EXCEEDED})
#: Errors that States.TaskFailed does not stand for.
_NOT_OF_A_TASK = frozenset({TIMEOUT})


class StateError(Exception):
    """A state cannot go on: what Retry and Catch look at."""

    def __init__(self, error: str | None, cause: str | None) -> None:
        super().__init__(error, cause)
        #: None where a Fail state names none.
        self.error = error
        self.cause = cause


class QueryError(StateError):
    """An expression or path gave no answer. ``location`` is the field, as "Output/FunctionResult"."""

    def __init__(self, error: str, cause: str, location: str = "") -> None:
        super().__init__(error, cause)
        self.location = location


def matches(error_equals: Sequence[str], error: str | None, *, of_a_task: bool) -> bool:
    """Whether a retrier or catcher with these names is meant for ``error`` (states-language.net, "Errors").

    ``of_a_task``: a Task state reported it, so States.TaskFailed stands for it too.
    """
    for name in error_equals:
        if name == error:
            return True
        if name == ALL and error not in _TERMINAL:
            return True
        if name == TASK_FAILED and of_a_task and error not in _TERMINAL | _NOT_OF_A_TASK:
            return True
        if name == TIMEOUT and error == HEARTBEAT_TIMEOUT:
            return True
    return False
