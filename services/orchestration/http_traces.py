"""HTTP tasks under TestState's level TRACE: what went over the wire, without what a connection added to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from services.orchestration.tasks.http_calls import HttpCalls
from services.orchestration.tasks.task import Task
from shared.rpc.endpoints import Answer, Endpoints
from shared.settings import Settings

HIDDEN = "***"
#: Headers that every call has; they say nothing about a connection.
_OWN_HEADERS = frozenset({"accept-encoding", "content-type", "user-agent"})


@dataclass(slots=True)
class _Sent:
    """The task's own request and, once there is one, its answer."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    answer: Answer | None = None


class TracedHttpCalls:
    """``http:invoke`` for one task, kept in view. ``close`` ends its connections."""

    def __init__(self, settings: Settings) -> None:
        self._endpoints = _Watched(settings.http_allowed_hosts)
        self._calls = HttpCalls(settings.http_connections, self._endpoints)

    async def invoke(self, task: Task) -> Any:
        """As ``HttpCalls.invoke``."""
        return await self._calls.invoke(task)

    async def close(self) -> None:
        await self._endpoints.close()

    def inspection(self, parameters: Mapping[str, Any], *, reveal_secrets: bool) -> dict[str, Any]:
        """The request and response under TestState's names; empty when nothing was sent.

        Without ``reveal_secrets`` a value that ``parameters`` do not have is hidden: a connection added it.
        """
        sent = self._endpoints.sent
        if sent is None:
            return {}
        connected = "InvocationConfig" in parameters or "Authentication" in parameters
        shown = sent if reveal_secrets or not connected else _without_secrets(sent, parameters)
        scheme = urlsplit(shown.url).scheme
        found: dict[str, Any] = {
            "request": {
                "protocol": scheme,
                "method": shown.method,
                "url": shown.url,
                "headers": _listed(shown.headers.items()),
                "body": shown.body.decode("utf-8", "replace"),
            }
        }
        if sent.answer is not None:
            pairs = [(name, value) for name, values in sent.answer.headers.items() for value in values]
            found["response"] = {
                "protocol": scheme,
                "statusCode": str(sent.answer.status),
                "statusMessage": sent.answer.reason,
                "headers": _listed(pairs),
                "body": sent.answer.body.decode("utf-8", "replace"),
            }
        return found


class _Watched(Endpoints):
    """Remembers the one guarded call: those for a connection's tokens are the operator's, and unguarded."""

    sent: _Sent | None = None

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        seconds: float,
        max_answer_bytes: int,
        guarded: bool = False,
    ) -> Answer:
        sent = _Sent(method, url, headers, body)
        if guarded:
            self.sent = sent
        sent.answer = await super().send(
            method, url, headers, body, seconds=seconds, max_answer_bytes=max_answer_bytes, guarded=guarded
        )
        return sent.answer


def _without_secrets(sent: _Sent, parameters: Mapping[str, Any]) -> _Sent:
    headers = {name.lower(): value for name, value in parameters.get("Headers", {}).items()}
    shown = {
        name: value if name.lower() in _OWN_HEADERS or _says(headers.get(name.lower()), value) else HIDDEN
        for name, value in sent.headers.items()
    }
    parts = urlsplit(sent.url)
    query = parameters.get("QueryParameters", {})
    written = parse_qsl(urlsplit(str(parameters.get("ApiEndpoint", ""))).query, keep_blank_values=True)
    pairs = [
        (name, value if (name, value) in written or _says(query.get(name), value) else HIDDEN)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    url = urlunsplit(parts._replace(query=urlencode(pairs, safe="*")))
    return _Sent(sent.method, url, shown, _shown_body(sent.body, parameters.get("RequestBody")))


def _says(given: Any, value: str) -> bool:
    """Whether a parameter, one text or a list of them, is what was sent."""
    values = given if isinstance(given, list) else [given]
    texts = [entry if isinstance(entry, str) else json.dumps(entry) for entry in values]
    return given is not None and (value in texts or value == ", ".join(texts))


def _shown_body(body: bytes, given: Any) -> bytes:
    if not body:
        return body
    try:
        sent = json.loads(body)
    except ValueError:
        return HIDDEN.encode()
    if sent == given:
        return body
    if not isinstance(sent, dict):
        return HIDDEN.encode()
    known = given if isinstance(given, dict) else {}
    return json.dumps(
        {name: value if name in known and known[name] == value else HIDDEN for name, value in sent.items()}
    ).encode()


def _listed(pairs: Any) -> str:
    """Headers as TestState shows them: [Name: value, Name: value]."""
    return f"[{', '.join(f'{name}: {value}' for name, value in pairs)}]"
