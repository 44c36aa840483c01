"""Presigned links, held against the code that checks signatures."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared import errors
from shared.auth.principals import Principal
from shared.auth.sigv4 import HttpRequest, parse_credential, verify
from shared.contract.apis import api_for_client
from shared.rpc.call import HOST_KEY, Call
from shared.settings import Settings
from shared.storage.links import presigned
from shared.storage.names import ObjectName

LINK_SECONDS = 900
NOW = datetime.datetime(2026, 11, 22, 10, tzinfo=datetime.UTC)
PLACE = ObjectName("texts", "2026/a b+ü'(1).json")


def link(tmp_path: Path, secret: str = "secret", asked_host: str = "", **settings: Any) -> str:
    principal = Principal(
        name="me", account="123456789012", access_key_id="KEY" if secret else "", secret_access_key=secret
    )
    metadata = {HOST_KEY: asked_host} if asked_host else {}
    operation = api_for_client("transcribe").operations["GetTranscriptionJob"]
    call = Call(operation, principal, "eu-west-1", metadata=metadata)
    return presigned(Settings(data_directory=tmp_path, **settings), call, PLACE, LINK_SECONDS, NOW)


@pytest.mark.parametrize("after", [1, LINK_SECONDS - 1, LINK_SECONDS + 1])
def test_a_link_is_good_for_its_time(tmp_path: Path, after: int) -> None:
    parts = urlsplit(link(tmp_path))
    assert parts.path == "/texts/2026/a%20b%2B%C3%BC%27%281%29.json"
    request = HttpRequest("GET", parts.path, parts.query, {"host": parts.netloc})
    credential = parse_credential(request)
    assert credential is not None and credential.access_key_id == "KEY"
    moment = NOW + datetime.timedelta(seconds=after)
    if after > LINK_SECONDS:
        with pytest.raises(errors.ExpiredToken):
            verify(request, credential, "secret", body_sha256=None, now=moment, clock_skew_seconds=60)
    else:
        verify(request, credential, "secret", body_sha256=None, now=moment, clock_skew_seconds=60)


def test_a_changed_link_is_good_for_nothing(tmp_path: Path) -> None:
    parts = urlsplit(link(tmp_path))
    request = HttpRequest("GET", parts.path + "x", parts.query, {"host": parts.netloc})
    credential = parse_credential(request)
    assert credential is not None
    with pytest.raises(errors.InvalidSignature):
        verify(request, credential, "secret", body_sha256=None, now=NOW, clock_skew_seconds=60)


@pytest.mark.parametrize(
    ("settings", "host", "base"),
    [
        ({}, "", "http://127.0.0.1:4567/"),
        ({}, "nonet.example.org:8080", "http://nonet.example.org:8080/"),
        ({"public_url": "https://nonet.example.org/"}, "inside:1", "https://nonet.example.org/"),
        ({"host": "::1", "http_port": 80}, "", "http://[::1]:80/"),
    ],
)
def test_links_lead_where_the_client_came_from(
    tmp_path: Path, settings: dict[str, object], host: str, base: str
) -> None:
    assert link(tmp_path, asked_host=host, **settings).startswith(base + "texts/")


def test_without_a_key_there_is_nothing_to_sign_with(tmp_path: Path) -> None:
    assert "?" not in link(tmp_path, secret="")
