"""Code hooks over HTTP and gRPC: the events they get and the answers they give, as Lex V2 has them with Lambda.

An alias names the ARN of a Lambda function for each locale; the setting ``functions`` says where that function is:
{"my-function": "http://127.0.0.1:9000/"}. It gets the event as a POST of JSON and answers with JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from services.conversation.dialog.definition import Definition
from services.conversation.dialog.hooks import HookAnswer, HookFailure, HookFault, read_answer
from shared.rpc.endpoints import AnswerTooLarge, Endpoints, NoAnswer, TimedOut
from shared.rpc.functions import EMULATOR_PATH, function_url, split_function_name
from shared.rpc.grpc_functions import GrpcFunctions

#: How long Lex waits for a Lambda function.
HOOK_SECONDS = 30.0
LARGEST_ANSWER_BYTES = 256 * 1024


class CodeHooks:
    """Asks the functions that aliases name. ``functions``: as ``Settings.functions``."""

    def __init__(self, functions: Mapping[str, str], seconds: float = HOOK_SECONDS) -> None:
        self._functions = functions
        self._seconds = seconds
        self._endpoints = Endpoints()
        self._grpc = GrpcFunctions()

    async def ask(
        self, arn: str, event: Mapping[str, Any], definition: Definition, now: float
    ) -> HookAnswer | HookFailure:
        """What the function says to the event; a failure says why there is no answer, for the caller to read."""
        parts = split_function_name(arn)
        url = function_url(self._functions, *parts) if parts is not None else None
        if url is None:
            return HookFailure(False, "Nobody has the code hook's function: NONET_FUNCTIONS says where functions are.")
        try:
            status, error, body = await self._call(url, orjson.dumps(event))
        except TimedOut:
            return HookFailure(True, f"The code hook did not answer within {self._seconds:g} seconds.")
        except AnswerTooLarge:
            return HookFailure(False, f"The code hook's answer has more than {LARGEST_ANSWER_BYTES} bytes.")
        except NoAnswer:
            return HookFailure(False, "The code hook could not be reached.", gateway=True)
        try:
            told = orjson.loads(body)
        except orjson.JSONDecodeError:
            told = None
        failed = isinstance(told, dict) and ("errorType" in told or "errorMessage" in told)
        if error or (failed and (status >= 400 or url.endswith(EMULATOR_PATH))):
            return HookFailure(False, "The code hook failed with an error of its own.")
        if not 200 <= status < 300:
            return HookFailure(False, f"The code hook answered with HTTP status {status}.", gateway=status >= 500)
        if told is None:
            return HookFailure(False, "The code hook's answer is not JSON.")
        try:
            return read_answer(told, definition, now)
        except HookFault as fault:
            return HookFailure(False, f"The code hook's answer cannot be followed: {fault}.")

    async def close(self) -> None:
        """Disconnect."""
        await self._endpoints.close()
        await self._grpc.close()

    async def _call(self, url: str, payload: bytes) -> tuple[int, str, bytes]:
        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "X-Amz-Invocation-Type": "RequestResponse",
        }
        if url.startswith(("grpc://", "grpcs://")):
            body, error = await self._grpc.call(url, headers, payload, self._seconds)
            return 200, error, body
        answer = await self._endpoints.send(
            "POST", url, headers, payload, seconds=self._seconds, max_answer_bytes=LARGEST_ANSWER_BYTES
        )
        return answer.status, answer.header("X-Amz-Function-Error"), answer.body
