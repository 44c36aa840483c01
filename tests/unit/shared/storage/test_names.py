"""Bucket names, keys and s3:// URIs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import errors
from shared.storage.names import check_bucket_name, encode_key, parse_uri

_buckets = st.from_regex(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", fullmatch=True)


@given(_buckets, st.text())
def test_uris_carry_keys_as_they_are(bucket: str, key: str) -> None:
    assert parse_uri(f"s3://{bucket}/{key}") == (bucket, key)


def test_a_uri_may_name_a_whole_bucket() -> None:
    assert parse_uri("s3://scans") == ("scans", "") == parse_uri("S3://scans/")


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "scans/x",
        "http://scans/x",
        "s3:/scans/x",
        "s3://",
        "s3:///x",
        "s3://UPPER/x",
        "s3://../x",
        "s3://a b/x",
    ],
)
def test_what_is_no_uri(uri: str) -> None:
    with pytest.raises(errors.InvalidObject):
        parse_uri(uri)


@given(st.text())
def test_bucket_names_are_safe_words(name: str) -> None:
    try:
        check_bucket_name(name)
    except errors.InvalidArgument as error:
        assert error.explicit_aws_code == "InvalidBucketName"
    else:
        assert 3 <= len(name) <= 63 and name.isascii() and ".." not in name and "/" not in name


@pytest.mark.parametrize(
    "name", ["ab", "a" * 64, "Upper", "under_score", "-a-b", "a-b-", "a..b", "10.0.0.1", "a/b", ".."]
)
def test_bad_bucket_names(name: str) -> None:
    with pytest.raises(errors.InvalidArgument):
        check_bucket_name(name)


def test_key_limits() -> None:
    assert encode_key("é" * 512) == "é".encode() * 512
    for key, code in [("", "InvalidArgument"), ("é" * 513, "KeyTooLongError"), ("\ud800", "InvalidArgument")]:
        with pytest.raises(errors.InvalidArgument) as caught:
            encode_key(key)
        assert caught.value.explicit_aws_code == code
