"""Functions: ``lambda:invoke``, ``aws-sdk:lambda:invoke`` and bare function ARNs, run by HTTP or gRPC endpoints.

The setting ``functions`` says where each function is: {"name": URL}, the key being a name, a name with a qualifier
("name:PROD") or an ARN. An endpoint takes the payload as a POST of JSON and answers with JSON:

* any 2xx status is the result; the URL may be that of the Lambda Runtime Interface Emulator;
* the header X-Amz-Function-Error, or a 4xx/5xx status with {"errorType": ..., "errorMessage": ...}, is the function's
  own error: errorType is what Retry and Catch match.

X-Nonet-Idempotency-Key is the same for every run of an attempt, so that a function can tell that it has done the work.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from services.orchestration.language import json_text
from services.orchestration.language.errors import TIMEOUT
from services.orchestration.tasks.parameters import check_members, text_member, to_json, unusable
from services.orchestration.tasks.sdk_names import error_cause
from services.orchestration.tasks.task import Task, TaskFailed
from shared.rpc.call import new_request_id
from shared.rpc.endpoints import AnswerTooLarge, Endpoints, NoAnswer, TimedOut, sdk_metadata
from shared.rpc.functions import EMULATOR_PATH, function_url, split_function_name
from shared.rpc.grpc_functions import GrpcFunctions

logger = logging.getLogger("nonet.orchestration")

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
#: The longest that a Lambda function may run.
FUNCTION_SECONDS = 900.0
EVENT_ATTEMPTS = 3
EVENT_WAIT_SECONDS = 1.0
MAX_EVENTS = 1000
LATEST = "$LATEST"

_CODES = {404: "ResourceNotFoundException", 413: "RequestTooLargeException", 429: "TooManyRequestsException"}


@dataclass(frozen=True, slots=True)
class Invocation:
    """What a caller asks of a function. ``payload`` is JSON text."""

    name: str
    qualifier: str
    payload: bytes
    type: str = "RequestResponse"
    client_context: str = ""


@dataclass(frozen=True, slots=True)
class FunctionAnswer:
    """What a function said. ``error``: "", or the kind of error whose document is the payload ("Unhandled")."""

    status: int
    headers: Mapping[str, Sequence[str]]
    payload: bytes
    version: str
    error: str = ""


class Functions:
    """``lambda:invoke`` and bare function ARNs. ``functions``: their URLs, as ``Settings.functions``."""

    def __init__(self, functions: Mapping[str, str], endpoints: Endpoints) -> None:
        self._functions = functions
        self._endpoints = endpoints
        self._grpc = GrpcFunctions()
        self._events: set[asyncio.Task[None]] = set()

    async def invoke(self, task: Task) -> Any:
        """The function's result: bare under a function ARN, with its metadata under "lambda:invoke"."""
        if task.resource.startswith("arn:"):
            name, qualifier = _split_name(task.resource)
            answer = await self.run(Invocation(name, qualifier, _payload(task.parameters)), task)
            return _result(answer)
        answer = await self.run(invocation(task.parameters), task)
        return {
            "ExecutedVersion": answer.version,
            "Payload": _result(answer),
            **sdk_metadata(answer.status, answer.headers),
            "StatusCode": answer.status,
        }

    async def completion(self, task: Task, submitted: Any) -> Any:
        """Functions have no ".sync"; their result is all there is."""
        return submitted

    async def run(self, invocation: Invocation, task: Task) -> FunctionAnswer:
        """Run a function.

        Raises:
            TaskFailed: nobody has it (Lambda.ResourceNotFoundException), it cannot be reached, or it takes too long.
        """
        if len(invocation.payload) > MAX_PAYLOAD_BYTES:
            message = f"The payload has more than {MAX_PAYLOAD_BYTES} bytes."
            raise _service_error("RequestTooLargeException", message, 413)
        url = self._url(invocation)
        if invocation.type == "DryRun":
            return _empty_answer(invocation, 204)
        if invocation.type == "Event":
            self._deliver_later(url, invocation, task)
            return _empty_answer(invocation, 202)
        return await self._call(url, invocation, task)

    async def close(self) -> None:
        """End deliveries of events that are under way, and disconnect."""
        for event in self._events:
            event.cancel()
        await asyncio.gather(*self._events, return_exceptions=True)
        await self._grpc.close()

    def _url(self, invocation: Invocation) -> str:
        url = function_url(self._functions, invocation.name, invocation.qualifier)
        if url is not None:
            return url
        raise _service_error(
            "ResourceNotFoundException",
            f"Function not found: {invocation.name}. NONET_FUNCTIONS says where functions are.",
            404,
        )

    async def _call(self, url: str, invocation: Invocation, task: Task) -> FunctionAnswer:
        headers = _headers(invocation, task)
        try:
            if url.startswith(("grpc://", "grpcs://")):
                payload, error = await self._grpc.call(url, headers, invocation.payload, FUNCTION_SECONDS)
                return FunctionAnswer(200, {}, payload, invocation.qualifier or LATEST, error)
            answer = await self._endpoints.send(
                "POST",
                url,
                headers,
                invocation.payload,
                seconds=FUNCTION_SECONDS,
                max_answer_bytes=MAX_PAYLOAD_BYTES,
            )
        except TimedOut as failure:
            raise TaskFailed(TIMEOUT, f"The function {invocation.name} timed out: {failure}.") from failure
        except AnswerTooLarge as failure:
            raise TaskFailed("Function.ResponseSizeTooLarge", f"{invocation.name}: {failure}.") from failure
        except NoAnswer as failure:
            raise TaskFailed("Lambda.SdkClientException", f"{invocation.name}: {failure}.") from failure
        error = answer.header("X-Amz-Function-Error")
        document = _error_document(answer.body)
        if not error and document is not None and (not answer.succeeded or url.endswith(EMULATOR_PATH)):
            error = "Unhandled"
        if not error and not answer.succeeded:
            raise _status_error(invocation, answer.status)
        version = answer.header("X-Amz-Executed-Version") or invocation.qualifier or LATEST
        return FunctionAnswer(200, answer.headers, answer.body, version, error)

    def _deliver_later(self, url: str, invocation: Invocation, task: Task) -> None:
        if len(self._events) >= MAX_EVENTS:
            raise _service_error("TooManyRequestsException", f"{MAX_EVENTS} events wait for delivery already.", 429)
        event = asyncio.create_task(self._deliver(url, invocation, task))
        self._events.add(event)
        event.add_done_callback(self._events.discard)

    async def _deliver(self, url: str, invocation: Invocation, task: Task) -> None:
        for attempt in range(EVENT_ATTEMPTS):
            await asyncio.sleep(EVENT_WAIT_SECONDS * attempt)
            try:
                if not (await self._call(url, invocation, task)).error:
                    return
            except TaskFailed as failure:
                logger.warning("event for function %s: %s", invocation.name, failure.error)
        logger.error("event for function %s was given up after %d attempts", invocation.name, EVENT_ATTEMPTS)


class SdkFunctions:
    """``aws-sdk:lambda:invoke``: the payload is text, and an error of the function is a member of the answer."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    async def invoke(self, task: Task) -> Any:
        answer = await self._functions.run(invocation(task.parameters), task)
        result = {"ExecutedVersion": answer.version, "Payload": _text(answer.payload), "StatusCode": answer.status}
        return {**result, "FunctionError": answer.error} if answer.error else result

    async def completion(self, task: Task, submitted: Any) -> Any:
        """The SDK's invoke has no ".sync"."""
        return submitted


def invocation(parameters: Any) -> Invocation:
    """Read the parameters of Lambda's Invoke. Raises TaskFailed (States.Runtime) for others."""
    parameters = check_members(
        parameters,
        required=("FunctionName",),
        optional=("Payload", "ClientContext", "InvocationType", "LogType", "Qualifier"),
    )
    kind = text_member(parameters, "InvocationType", "RequestResponse")
    if kind not in ("RequestResponse", "Event", "DryRun"):
        raise unusable(parameters, ["The value of the field 'InvocationType' is not RequestResponse, Event or DryRun"])
    name, qualifier = _split_name(text_member(parameters, "FunctionName"))
    return Invocation(
        name=name,
        qualifier=text_member(parameters, "Qualifier", qualifier),
        payload=_payload(parameters.get("Payload", {})),
        type=kind,
        client_context=text_member(parameters, "ClientContext"),
    )


def _split_name(name: str) -> tuple[str, str]:
    parts = split_function_name(name)
    if parts is None:
        raise _service_error("InvalidParameterValueException", "The function's name is malformed.", 400)
    return parts


def _headers(invocation: Invocation, task: Task) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "X-Amz-Invocation-Type": invocation.type,
        "X-Nonet-Idempotency-Key": quote(task.idempotency_key),
        "X-Nonet-Execution-Arn": quote(task.execution_arn, safe=":/"),
        "X-Nonet-State-Name": quote(task.state_name),
    }
    if invocation.client_context:
        headers["X-Amz-Client-Context"] = quote(invocation.client_context, safe="=+/")
    return headers


def _empty_answer(invocation: Invocation, status: int) -> FunctionAnswer:
    return FunctionAnswer(status, {}, b"", invocation.qualifier or LATEST)


def _result(answer: FunctionAnswer) -> Any:
    """The result of a function. Raises TaskFailed with the function's own error."""
    text = _text(answer.payload)
    if answer.error:
        document = _error_document(answer.payload)
        kind = document.get("errorType") if document is not None else None
        if isinstance(kind, str) and kind:
            raise TaskFailed(kind, text)
        raise TaskFailed(
            "Lambda.Unknown",
            f"The cause could not be determined because Lambda did not return an error type. Returned payload: {text}",
        )
    if not text:
        return "" if answer.status != 200 else None
    try:
        return json_text.loads(text)
    except ValueError:
        raise TaskFailed("Lambda.Unknown", "The function's answer is not JSON.") from None


def _error_document(payload: bytes) -> Mapping[str, Any] | None:
    """The payload, if it is the error document of a function."""
    try:
        document = json_text.loads(payload.decode())
    except ValueError:
        return None
    told = isinstance(document, dict) and ("errorType" in document or "errorMessage" in document)
    return document if told else None


def _status_error(invocation: Invocation, status: int) -> TaskFailed:
    code = _CODES.get(status) or ("ServiceException" if status >= 500 else "AWSLambdaException")
    return _service_error(code, f"The endpoint of function {invocation.name} answered with status {status}.", status)


def _service_error(code: str, message: str, status: int) -> TaskFailed:
    return TaskFailed(f"Lambda.{code}", error_cause(message, "Lambda", status, new_request_id()))


def _payload(value: Any) -> bytes:
    # JSON can spell half a surrogate pair, UTF-8 cannot.
    return to_json(value).encode("utf-8", "replace")


def _text(payload: bytes) -> str:
    return payload.decode("utf-8", "replace")
