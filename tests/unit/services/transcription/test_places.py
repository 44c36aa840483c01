"""Objects in all the spellings of S3's URLs, and the keys of a job's files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transcription.places import OutputPlace, parse_uri
from shared import errors

MINE = ("127.0.0.1:4567",)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://talks/2026/a b.wav",
        "S3://talks/2026/a b.wav",
        "https://s3.us-east-1.amazonaws.com/talks/2026/a%20b.wav",
        "https://s3-eu-west-1.amazonaws.com/talks/2026/a%20b.wav",
        "https://s3.amazonaws.com/talks/2026/a%20b.wav",
        "https://s3.dualstack.us-east-1.amazonaws.com/talks/2026/a%20b.wav",
        "https://talks.s3.us-east-1.amazonaws.com/2026/a%20b.wav",
        "https://talks.s3.amazonaws.com/2026/a%20b.wav",
        "http://127.0.0.1:4567/talks/2026/a%20b.wav?X-Amz-Signature=1",
    ],
)
def test_spellings(uri: str) -> None:
    assert parse_uri(uri, MINE) == ("talks", "2026/a b.wav")


@pytest.mark.parametrize(
    "uri",
    [
        "s3://talks", "s3://talks/", "s3:///key", "s3://UPPER/key", "https://example.org/talks/key",
        "https://s3.us-east-1.amazonaws.com/talks", "http://169.254.169.254/latest/meta-data",
        "https://s3.us-east-1.amazonaws.com.example.org/talks/key", "https://[::1/talks/key", "file:///etc/passwd",
        "http://127.0.0.1:80/talks/key", "https://s3.us-east-1.amazonaws.com@example.org/talks/key",
    ],
)  # fmt: skip
def test_everything_else_is_refused(uri: str) -> None:
    with pytest.raises(errors.InvalidArgument) as refused:
        parse_uri(uri, MINE)
    assert refused.value.explicit_aws_code == "BadRequestException"


@given(st.text(max_size=60))
def test_any_text_is_a_place_or_refused(text: str) -> None:
    for uri in (text, f"s3://{text}", f"https://{text}"):
        try:
            place = parse_uri(uri, MINE)
        except errors.InvalidArgument:
            continue
        assert place.bucket and place.key


@pytest.mark.parametrize(
    ("output_key", "key"),
    [
        ("", "talk.json"),
        ("my-transcript.json", "my-transcript.json"),
        ("my-transcript", "my-transcript/talk.json"),
        ("files/my-transcript.json", "files/my-transcript.json"),
        ("files/my-transcript", "files/my-transcript/talk.json"),
        ("files/", "files/talk.json"),
        (".json", ".json/talk.json"),
    ],
)
def test_output_keys(output_key: str, key: str) -> None:
    place = OutputPlace.of("texts", output_key, "talk")
    folder, _, name = key.rpartition("/")
    assert place.transcript == key
    assert place.redacted_transcript == (f"{folder}/" if folder else "") + f"redacted-{name}"
    assert place.subtitles("vtt") == key.removesuffix(".json") + ".vtt"
