"""``http:invoke``: an HTTP task, which calls an API outside.

The URL is the author's, so it is guarded: https and public addresses only, but for hosts in ``http_allowed_hosts``.
Redirects are not followed: the answer's status is the task's. An answer has at most 256 KiB and 60 seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from services.orchestration.language import json_text
from services.orchestration.language.errors import DATA_LIMIT_EXCEEDED, HTTP_SOCKET, RUNTIME
from services.orchestration.tasks.form_encoding import ARRAY_FORMATS, encode_form, form_text
from services.orchestration.tasks.http_connections import Credentials, HttpConnections
from services.orchestration.tasks.parameters import check_members, to_json, unusable
from services.orchestration.tasks.task import Task, TaskFailed
from shared.rpc.endpoints import Answer, AnswerTooLarge, Endpoints, NoAnswer, Refused, split_url

MAX_BODY_BYTES = 262_144
REQUEST_SECONDS = 60.0
LONGEST_CAUSE = 32_768
_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"})
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"

#: Headers that belong to the connection between the two programs, or to a signature; a state machine sets none of them.
_RESERVED_HEADERS = frozenset(
    (
        "a-im", "accept-charset", "accept-datetime", "accept-encoding", "authorization", "cache-control", "connection",
        "content-encoding", "content-length", "content-md5", "date", "expect", "forwarded", "from", "host",
        "http2-settings", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since",
        "max-forwards", "origin", "pragma", "proxy-authorization", "referer", "server", "te", "trailer",
        "transfer-encoding", "upgrade", "via", "warning",
    )
)  # fmt: skip
_RESERVED_PREFIXES = ("x-amz-", "x-amzn-", "x-forwarded-")
#: Content types whose answers no state can hold.
_BINARY = ("application/octet-stream", "image/", "video/", "audio/")


class HttpCalls:
    """HTTP tasks. ``connections``: as ``Settings.http_connections``."""

    def __init__(self, connections: Mapping[str, Mapping[str, Any]], endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._connections = HttpConnections(connections, endpoints)

    async def invoke(self, task: Task) -> Any:
        """Status, headers and body of the answer.

        Raises:
            TaskFailed: States.Http.StatusCode.404 and its like for every status but 2xx, States.Http.Socket without an
                answer, States.Runtime for a request that may not be sent or an answer that no state can hold.
        """
        parameters = check_members(
            task.parameters,
            required=("ApiEndpoint", "Method"),
            optional=("Authentication", "Headers", "InvocationConfig", "QueryParameters", "RequestBody", "Transform"),
        )
        arn = _connection_arn(parameters)
        credentials = Credentials()
        if arn:
            credentials = await self._connections.credentials(arn, task.account, _host(parameters))
        headers = _headers(parameters, credentials)
        body = _body(parameters, headers, credentials)
        try:
            answer = await self._endpoints.send(
                _method(parameters),
                _url(parameters, credentials),
                headers,
                body,
                seconds=REQUEST_SECONDS,
                max_answer_bytes=MAX_BODY_BYTES,
                guarded=True,
            )
        except Refused as failure:
            raise TaskFailed(RUNTIME, f"The HTTP task was not sent: {failure}.") from failure
        except AnswerTooLarge as failure:
            raise TaskFailed(DATA_LIMIT_EXCEEDED, f"The HTTP task's answer is too large: {failure}.") from failure
        except NoAnswer as failure:
            raise TaskFailed(HTTP_SOCKET, f"{failure}.") from failure
        if not answer.succeeded:
            told = answer.body[:LONGEST_CAUSE].decode("utf-8", "replace") or answer.reason
            raise TaskFailed(f"States.Http.StatusCode.{answer.status}", told)
        return {
            "Headers": {name.lower(): list(values) for name, values in answer.headers.items()},
            "ResponseBody": _content(answer),
            "StatusCode": answer.status,
            "StatusText": answer.reason,
        }

    async def completion(self, task: Task, submitted: Any) -> Any:
        """HTTP tasks have no ".sync"."""
        return submitted


def _connection_arn(parameters: Mapping[str, Any]) -> str:
    for member in ("InvocationConfig", "Authentication"):
        config = parameters.get(member)
        if isinstance(config, Mapping) and isinstance(config.get("ConnectionArn"), str):
            return str(config["ConnectionArn"])
        if config is not None:
            raise unusable(parameters, [f"The field '{member}' has no ConnectionArn"])
    return ""


def _host(parameters: Mapping[str, Any]) -> str:
    """The host that is called; "" in a URL that will be refused anyway."""
    try:
        return str(split_url(str(parameters["ApiEndpoint"])).hostname)
    except Refused:
        return ""


def _method(parameters: Mapping[str, Any]) -> str:
    method = parameters["Method"]
    if method not in _METHODS:
        raise unusable(parameters, ["The value of the field 'Method' is not one of " + ", ".join(sorted(_METHODS))])
    return str(method)


def _url(parameters: Mapping[str, Any], credentials: Credentials) -> str:
    query = parameters.get("QueryParameters", {})
    if not isinstance(query, Mapping):
        raise unusable(parameters, ["The value of the field 'QueryParameters' is not an object"])
    pairs = []
    for name, value in {**query, **credentials.query}.items():
        values = value if isinstance(value, list) else [value]
        pairs += [(name, form_text(item)) for item in values]
    url = str(parameters["ApiEndpoint"]).partition("#")[0]
    if not pairs:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(pairs)}"


def _headers(parameters: Mapping[str, Any], credentials: Credentials) -> dict[str, str]:
    given = parameters.get("Headers", {})
    if not isinstance(given, Mapping):
        raise unusable(parameters, ["The value of the field 'Headers' is not an object"])
    headers = {"Accept-Encoding": "identity", "User-Agent": "Nonet|StepFunctions|HttpInvoke"}
    for name, value in given.items():
        if name.lower() in _RESERVED_HEADERS or name.lower().startswith(_RESERVED_PREFIXES):
            raise unusable(parameters, [f"The header '{name}' is not allowed"])
        text = ", ".join(map(form_text, value)) if isinstance(value, list) else form_text(value)
        # Never quote the value: it may be a secret of the caller's.
        if not name.isascii() or any(character in text for character in "\r\n\0"):
            raise unusable({}, ["A header has characters that HTTP does not allow"])
        _replace(headers, name, text)
    for name, value in credentials.headers.items():
        _replace(headers, name, value)
    return {name: value.encode().decode("latin-1") for name, value in headers.items()}


def _replace(headers: dict[str, str], name: str, value: str) -> None:
    for known in [known for known in headers if known.lower() == name.lower()]:
        del headers[known]
    headers[name] = value


def _body(parameters: Mapping[str, Any], headers: dict[str, str], credentials: Credentials) -> bytes:
    """The request's body; sets the content type where the task names none."""
    value = parameters.get("RequestBody")
    if credentials.body and (value is None or isinstance(value, Mapping)):
        value = {**(value or {}), **credentials.body}
    if value is None:
        return b""
    content_type = next((text for name, text in headers.items() if name.lower() == "content-type"), "")
    text = _encoded(parameters, value, content_type)
    if not content_type:
        headers["Content-Type"] = _JSON
    data = text.encode("utf-8", "replace")
    if len(data) > MAX_BODY_BYTES:
        raise TaskFailed(DATA_LIMIT_EXCEEDED, f"The HTTP task's request body has more than {MAX_BODY_BYTES} bytes.")
    return data


def _encoded(parameters: Mapping[str, Any], value: Any, content_type: str) -> str:
    transform = parameters.get("Transform", {})
    encoding = transform.get("RequestBodyEncoding", "NONE") if isinstance(transform, Mapping) else None
    if encoding == "URL_ENCODED":
        options = transform.get("RequestEncodingOptions", {})
        array_format = options.get("ArrayFormat", "INDICES") if isinstance(options, Mapping) else None
        if not isinstance(array_format, str) or array_format not in ARRAY_FORMATS:
            raise unusable(parameters, ["The value of the field 'ArrayFormat' is not one that HTTP tasks know"])
        if not content_type.startswith(_FORM):
            raise unusable(parameters, [f"URL_ENCODED needs the header Content-Type: {_FORM}"])
        if not isinstance(value, Mapping):
            raise unusable(parameters, ["URL_ENCODED needs a RequestBody that is an object"])
        return encode_form(value, array_format)
    if encoding != "NONE":
        raise unusable(parameters, ["The value of the field 'RequestBodyEncoding' is not NONE or URL_ENCODED"])
    is_plain = isinstance(value, str) and bool(content_type) and not content_type.startswith(_JSON)
    return str(value) if is_plain else to_json(value)


def _content(answer: Answer) -> Any:
    """The body as JSON where its type says so, else as text."""
    content_type = answer.header("Content-Type").lower()
    encoding = answer.header("Content-Encoding").lower()
    if answer.body and (content_type.startswith(_BINARY) or encoding not in ("", "identity")):
        raise TaskFailed(RUNTIME, "The HTTP task's answer is not text: its content type or encoding cannot be read.")
    try:
        text = answer.body.decode()
        return json_text.loads(text) if text and "json" in content_type else text
    except UnicodeDecodeError:
        raise TaskFailed(RUNTIME, "The HTTP task's answer is not UTF-8 text.") from None
    except ValueError:
        raise TaskFailed(RUNTIME, "The HTTP task's answer says that it is JSON, and is not.") from None
