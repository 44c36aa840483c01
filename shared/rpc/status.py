"""Errors on the gRPC wire: the one place that turns an error into a status, and a status back into an error."""

from __future__ import annotations

import json
from typing import Any

import grpc

from shared import errors
from shared.contract.apis import Operation

#: Trailers that carry what a status code cannot: the class of the error tree, the AWS code, further members (JSON).
ERROR_KEY, AWS_CODE_KEY, MEMBERS_KEY = "nonet-error", "nonet-error-code", "nonet-error-members"
#: gRPC puts the message into a header block of 8 KiB; Ray Serve found 4,096 characters to be safe.
MAX_DETAILS = 4096
#: Seconds before a call that changes nothing is made again when its connection broke. Few, since a request may be what
#: killed the process: it kills no more than so many.
PAUSES = (0.2, 0.8, 3.0)
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
)

_BROKEN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
_CLASSES = {cls.__name__: cls for cls in errors.error_classes()}
#: The category that stands for a status whose trailers name no class (a proxy in between, another implementation).
_BY_CODE: dict[grpc.StatusCode, type[errors.NonetError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: errors.InvalidArgument,
    grpc.StatusCode.UNAUTHENTICATED: errors.Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: errors.PermissionDenied,
    grpc.StatusCode.NOT_FOUND: errors.NotFound,
    grpc.StatusCode.ALREADY_EXISTS: errors.AlreadyExists,
    grpc.StatusCode.ABORTED: errors.Aborted,
    grpc.StatusCode.FAILED_PRECONDITION: errors.FailedPrecondition,
    grpc.StatusCode.RESOURCE_EXHAUSTED: errors.ResourceExhausted,
    grpc.StatusCode.CANCELLED: errors.Cancelled,
    grpc.StatusCode.DEADLINE_EXCEEDED: errors.DeadlineExceeded,
    grpc.StatusCode.UNIMPLEMENTED: errors.Unimplemented,
    grpc.StatusCode.UNAVAILABLE: errors.Unavailable,
}


def details(error: errors.NonetError) -> str:
    return error.message[:MAX_DETAILS]


def trailers(error: errors.NonetError, operation: Operation | None) -> tuple[tuple[str, str], ...]:
    documented = operation.documented_errors if operation is not None else {}
    members = ((MEMBERS_KEY, json.dumps(error.members)),) if error.members else ()
    return ((ERROR_KEY, type(error).__name__), (AWS_CODE_KEY, error.aws_code_for(documented)), *members)


def error_of(failure: grpc.aio.AioRpcError | grpc.RpcError) -> errors.NonetError:
    """The error of the tree that a failed rpc stands for."""
    pairs: Any = failure.trailing_metadata() or ()
    metadata = {name: value for name, value in pairs if isinstance(value, str)}
    error_class = _CLASSES.get(metadata.get(ERROR_KEY, ""))
    if error_class is None:
        error_class = _BY_CODE.get(failure.code(), errors.Internal)
    members = json.loads(metadata.get(MEMBERS_KEY, "{}"))
    return error_class(failure.details() or failure.code().name, aws_code=metadata.get(AWS_CODE_KEY), members=members)


def is_lost(failure: grpc.aio.AioRpcError | grpc.RpcError) -> bool:
    """Whether the connection broke, so that nobody knows what became of the call; no process has answered.

    A server that stops cancels calls that reach it while it does.
    """
    pairs: Any = failure.trailing_metadata() or ()
    return failure.code() in _BROKEN and all(name != ERROR_KEY for name, _ in pairs)
