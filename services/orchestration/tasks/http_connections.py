"""Connections of HTTP tasks: how a request proves who it is, from the setting ``http_connections``.

    {"crm": {"authorization": "API_KEY", "name": "x-api-key", "value": "..."}}

``authorization`` is BASIC (username, password), API_KEY (name, value) or OAUTH_CLIENT_CREDENTIALS (token_endpoint,
client_id, client_secret, scope), as with EventBridge connections; ``headers``, ``query`` and ``body`` go into every
request and win over what the state machine says. Secrets stay here: no definition, history or log has them.

Whoever writes a state machine chooses where a connection's credentials are sent. ``hosts`` (name or *.domain) says
where they may go, and ``accounts`` who may use them; without these it is anywhere, and everybody on this Nonet.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from services.orchestration.language import json_text
from services.orchestration.tasks.task import TaskFailed
from shared.rpc.endpoints import Endpoints, NoAnswer

TOKEN_SECONDS = 30.0
MAX_TOKEN_BYTES = 64 * 1024
#: A token is used until this long before its end.
_TOKEN_MARGIN_SECONDS = 30.0
_DEFAULT_TOKEN_LIFETIME = 300.0


_NEEDED = {"BASIC": "username", "API_KEY": "name", "OAUTH_CLIENT_CREDENTIALS": "token_endpoint"}


class HttpConnection(BaseModel):
    """One entry of the setting."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    authorization: Literal["BASIC", "API_KEY", "OAUTH_CLIENT_CREDENTIALS"]
    hosts: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    username: str = ""
    password: SecretStr = SecretStr("")
    name: str = ""
    value: SecretStr = SecretStr("")
    token_endpoint: str = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    scope: str = ""
    headers: dict[str, str] = Field(default_factory=dict, repr=False)
    query: dict[str, str] = Field(default_factory=dict, repr=False)
    body: dict[str, Any] = Field(default_factory=dict, repr=False)

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> HttpConnection:
        needed = _NEEDED[self.authorization]
        if not getattr(self, needed):
            raise ValueError(f"{self.authorization} needs {needed}")
        return self


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a connection adds to a request. Never shown: not in causes, not in logs."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)


class HttpConnections:
    """Looks connections up by ARN or name, and keeps OAuth tokens until they end."""

    def __init__(self, configured: Mapping[str, Mapping[str, Any]], endpoints: Endpoints) -> None:
        self._configured = configured
        self._endpoints = endpoints
        self._tokens: dict[str, tuple[str, float]] = {}

    async def credentials(self, arn: str, account: str, host: str) -> Credentials:
        """What the connection adds to a request of ``account`` to ``host``.

        Raises:
            TaskFailed: Events.ConnectionResource.NotFound, .InvalidConnectionState.
        """
        name = next((known for known in self._configured if known == arn or _name(arn) == known), None)
        if name is None:
            raise _not_found(arn)
        try:
            connection = HttpConnection.model_validate(self._configured[name])
        except ValidationError as error:
            where = ", ".join(".".join(map(str, problem["loc"])) or problem["msg"] for problem in error.errors())
            raise _invalid(name, f"its entry in NONET_HTTP_CONNECTIONS is not valid: {where}") from None
        if connection.accounts and account not in connection.accounts:
            raise _not_found(arn)
        if connection.hosts and not any(_is_host(host, allowed.lower()) for allowed in connection.hosts):
            raise _invalid(name, "its hosts in NONET_HTTP_CONNECTIONS do not include the one of ApiEndpoint")
        headers = {**connection.headers, **await self._authorization(name, connection)}
        return Credentials(headers, connection.query, connection.body)

    async def _authorization(self, name: str, connection: HttpConnection) -> dict[str, str]:
        if connection.authorization == "API_KEY":
            return {connection.name: connection.value.get_secret_value()}
        if connection.authorization == "BASIC":
            return _basic(connection.username, connection.password)
        return {"Authorization": f"Bearer {await self._token(name, connection)}"}

    async def _token(self, name: str, connection: HttpConnection) -> str:
        token, ends = self._tokens.get(name, ("", 0.0))
        if time.monotonic() < ends:
            return token
        form = {"grant_type": "client_credentials", **({"scope": connection.scope} if connection.scope else {})}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        try:
            # The operator wrote the address, so it may be a private one.
            answer = await self._endpoints.send(
                "POST",
                connection.token_endpoint,
                {**headers, **_basic(quote(connection.client_id), connection.client_secret)},
                urlencode(form).encode(),
                seconds=TOKEN_SECONDS,
                max_answer_bytes=MAX_TOKEN_BYTES,
            )
            document = json_text.loads(answer.body.decode()) if answer.succeeded else {}
        except NoAnswer as failure:
            raise _invalid(name, f"no token: {failure}") from failure
        except ValueError:
            document = {}
        told = document.get("access_token") if isinstance(document, dict) else None
        if not isinstance(told, str) or not told:
            raise _invalid(name, f"its token endpoint answered with status {answer.status} and no access_token")
        lifetime = document.get("expires_in")
        seconds = float(lifetime) if isinstance(lifetime, (int, float)) else _DEFAULT_TOKEN_LIFETIME
        self._tokens[name] = (told, time.monotonic() + seconds - _TOKEN_MARGIN_SECONDS)
        return told


def _is_host(host: str, allowed: str) -> bool:
    return host == allowed or (allowed.startswith("*.") and host.endswith(allowed[1:]))


def _not_found(arn: str) -> TaskFailed:
    return TaskFailed(
        "Events.ConnectionResource.NotFound",
        f"Connection {arn} does not exist: NONET_HTTP_CONNECTIONS says what connections there are.",
    )


def _name(arn: str) -> str:
    """ "crm" of "arn:aws:events:us-east-1:000000000000:connection/crm/6b2e..."."""
    return arn.split("/")[1] if "/" in arn else arn


def _basic(username: str, password: SecretStr) -> dict[str, str]:
    pair = f"{username}:{password.get_secret_value()}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _invalid(name: str, why: str) -> TaskFailed:
    return TaskFailed("Events.ConnectionResource.InvalidConnectionState", f"Connection {name} cannot be used: {why}.")
