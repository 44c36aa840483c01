"""Signatures made by botocore, checked by us."""

from __future__ import annotations

import datetime
import hashlib
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import errors
from shared.auth.sigv4 import HttpRequest, parse_credential, verify

SECRET = "wJalrXUtnFEMI/K7MDENG"
CREDENTIALS = Credentials("NONETKEY", SECRET)


def received(signed: AWSRequest) -> HttpRequest:
    prepared = signed.prepare()
    parts = urlsplit(prepared.url)
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else value for name, value in prepared.headers.items()
    }
    headers.setdefault("host", parts.netloc)
    return HttpRequest(prepared.method, parts.path, parts.query, headers)


def check(request: HttpRequest, body: bytes | None, secret: str = SECRET, later: float = 0) -> None:
    credential = parse_credential(request)
    assert credential is not None
    verify(
        request,
        credential,
        secret,
        body_sha256=None if body is None else hashlib.sha256(body).hexdigest(),
        now=datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=later),
        clock_skew_seconds=900,
    )


def post(body: bytes = b'{"Text": "hi"}', url: str = "http://127.0.0.1:4567/", **headers: str) -> HttpRequest:
    request = AWSRequest(
        "POST", url, data=body, headers={"X-Amz-Target": "Comprehend_20171127.DetectSentiment", **headers}
    )
    SigV4Auth(CREDENTIALS, "comprehend", "eu-central-1").add_auth(request)
    return received(request)


def test_a_good_signature_holds() -> None:
    check(post(), b'{"Text": "hi"}')


def test_a_session_token_is_signed_like_any_header() -> None:
    request = AWSRequest("POST", "http://127.0.0.1/", data=b"x")
    SigV4Auth(Credentials("K", SECRET, "token"), "polly", "us-east-1").add_auth(request)
    check(received(request), b"x")


@pytest.mark.parametrize(
    "change",
    [
        {"body": b'{"Text": "ho"}'},
        {"secret": "another"},
        {"later": 1000},
        {"later": -1000},
    ],
    ids=["body", "secret", "too late", "too early"],
)
def test_whatever_was_changed_is_noticed(change) -> None:
    with pytest.raises((errors.InvalidSignature, errors.ExpiredToken)):
        check(post(), change.pop("body", b'{"Text": "hi"}'), **change)


def test_a_changed_header_is_noticed() -> None:
    request = post()
    changed = HttpRequest(
        request.method, request.raw_path, request.raw_query, {**request.headers, "x-amz-target": "Other"}
    )
    with pytest.raises(errors.InvalidSignature):
        check(changed, b'{"Text": "hi"}')


@pytest.mark.parametrize(
    "authorization", ["AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a/b", "AWS4-HMAC-SHA256 =,=,="]
)
def test_a_broken_signature_is_refused(authorization: str) -> None:
    with pytest.raises(errors.InvalidSignature):
        parse_credential(HttpRequest("POST", "/", "", {"authorization": authorization}))


def test_no_signature_is_none() -> None:
    assert parse_credential(HttpRequest("GET", "/", "", {})) is None


SEGMENT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8)


@settings(max_examples=150, deadline=None)
@given(st.lists(SEGMENT, min_size=1, max_size=4), st.dictionaries(SEGMENT, SEGMENT, max_size=3))
def test_s3_keys_and_queries_of_any_characters(segments: list[str], query: dict[str, str]) -> None:
    from urllib.parse import quote, urlencode

    url = "http://127.0.0.1:4567/bucket/" + "/".join(quote(segment, safe="-_.~") for segment in segments)
    if query:
        url += "?" + urlencode(query, quote_via=quote)
    request = AWSRequest("PUT", url, data=b"body")
    S3SigV4Auth(CREDENTIALS, "s3", "us-east-1").add_auth(request)
    check(received(request), b"body")


def test_a_presigned_url_holds_until_it_expires() -> None:
    request = AWSRequest("GET", "http://127.0.0.1:4567/bucket/key%20one?versionId=7")
    S3SigV4QueryAuth(CREDENTIALS, "s3", "us-east-1", expires=60).add_auth(request)
    check(received(request), None)
    with pytest.raises(errors.ExpiredToken):
        check(received(request), None, later=61)
