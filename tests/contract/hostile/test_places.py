"""S3 objects that are not there or not ours, path tricks, jobs of others, and requests that contradict themselves."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest

from gateway.process import Addresses
from tests.contract.answers import Recorder
from tests.contract.documents import papers
from tests.contract.hostile.test_files import code_of
from tests.running import client, nonet

Upload = Callable[[bytes], dict[str, dict[str, str]]]
INVALID, INVALID_OBJECT = "InvalidParameterException", "InvalidS3ObjectException"
KEYS = ["../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "..", ".", "a/../../b", "~root/x", "nul\x00byte",
        "C:\\windows\\win.ini", "file:///etc/passwd", "s3://other/key", "k" * 1024, "ü" * 500, "new\nline"]  # fmt: skip
BUCKETS = ["no-such-bucket", "..", "../objects", "a/b", "%2e%2e", "UPPER", "x" * 256, "a\x00b", "ab", "bucket/../other"]


def post(suite: Addresses, operation: str, body: dict[str, Any]) -> tuple[int, str]:
    """Status and code of a request that boto3's own checks would not let out."""
    headers = {"X-Amz-Target": f"Textract.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    request = urllib.request.Request(suite.http, data=json.dumps(body).encode(), headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, ""
    except HTTPError as error:
        return error.code, json.load(error)["__type"]


@pytest.mark.parametrize("key", KEYS)
def test_keys_lead_nowhere(textract: Recorder, bucket: str, key: str) -> None:
    place = {"S3Object": {"Bucket": bucket, "Name": key}}
    assert code_of(textract, "detect_document_text", Document=place) in {INVALID_OBJECT, INVALID}
    assert code_of(textract, "start_document_text_detection", DocumentLocation=place) in {INVALID_OBJECT, INVALID}


@pytest.mark.parametrize("name", BUCKETS)
def test_buckets_lead_nowhere(suite: Addresses, name: str) -> None:
    place = {"S3Object": {"Bucket": name, "Name": "key"}}
    for operation, member in (("DetectDocumentText", "Document"), ("StartDocumentTextDetection", "DocumentLocation")):
        status, code = post(suite, operation, {member: place})
        assert status == 400 and code in {INVALID_OBJECT, INVALID}


@pytest.mark.parametrize(
    "key", ["a/../b", "./x", "//x", "x//", "%2e%2e/x", "..", "e\u0301", "a b+c?d#e&f=g", "\U0001f600"]
)
def test_odd_keys_are_names_like_others(s3: Any, bucket: str, textract: Recorder, key: str) -> None:
    """What looks like a path is a name: it is stored, found and deleted under exactly that name, and beside others."""
    s3.put_object(Bucket=bucket, Key=key, Body=papers.encoded(papers.note()))
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert key in listed
    answer = textract.ask("detect_document_text", Document={"S3Object": {"Bucket": bucket, "Name": key}})
    assert len(answer["Blocks"]) == 5
    s3.delete_object(Bucket=bucket, Key=key)
    assert key not in [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


@pytest.mark.parametrize(
    "target",
    ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/a/../../../etc/passwd", "//etc/passwd", "/..%2f..%2fetc%2fpasswd",
     "/%00", "/bucket/%00", "/bucket/" + "k" * 1025, "/" + "b" * 5000, "/%ff%fe", "/\\..\\..", "/_nonet/../../etc/passwd",
     "/_nonet/%2e%2e/%2e%2e/etc/passwd"],
)  # fmt: skip
def test_raw_paths(suite: Addresses, target: str) -> None:
    """Paths as no client would send them: an error of the caller's, never a file."""
    address = urlsplit(suite.http)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1"))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    status = int(answer.split(b" ", 2)[1])
    assert 400 <= status < 500, answer[:300]
    assert b"root:" not in answer


def test_jobs_that_are_not_there(textract: Recorder, suite: Addresses, upload: Upload) -> None:
    place = upload(papers.pdf([["text"]]))
    text_job = textract.ask("start_document_text_detection", DocumentLocation=place)["JobId"]
    for job in ("0" * 64, "nonsense", "a"):
        assert code_of(textract, "get_document_text_detection", JobId=job) == "InvalidJobIdException"
    assert code_of(textract, "get_document_analysis", JobId=text_job) == "InvalidJobIdException"
    for job in ("../x", "a b", "x" * 65, "", "a\x00b", "' OR 1=1 --"):
        status, code = post(suite, "GetDocumentTextDetection", {"JobId": job})
        assert status == 400 and code in {INVALID, "InvalidJobIdException"}, job


def test_tokens_and_counts(textract: Recorder, suite: Addresses, upload: Upload) -> None:
    job, other = (
        textract.ask("start_document_text_detection", DocumentLocation=upload(papers.pdf([lines])))["JobId"]
        for lines in (["a", "b", "c"], ["d", "e", "f"])
    )
    textract.finished("get_document_text_detection", other)
    textract.finished("get_document_text_detection", job)
    token = textract.ask("get_document_text_detection", JobId=job, MaxResults=2)["NextToken"]
    for bad in ("garbage", token[:-2] + "AA", token + "x", "ü", "A" * 255):
        assert code_of(textract, "get_document_text_detection", JobId=job, NextToken=bad) == INVALID, bad
    # A token of one job says nothing about another.
    assert code_of(textract, "get_document_text_detection", JobId=other, NextToken=token) == INVALID
    assert post(suite, "GetDocumentTextDetection", {"JobId": job, "MaxResults": 0}) == (400, INVALID)
    assert post(suite, "GetDocumentTextDetection", {"JobId": job, "MaxResults": -1}) == (400, INVALID)
    # More than a thousand is taken for a thousand.
    assert len(textract.ask("get_document_text_detection", JobId=job, MaxResults=1001)["Blocks"]) == 7


def test_requests_that_contradict_themselves(textract: Recorder, suite: Addresses, upload: Upload) -> None:
    document = {"Bytes": papers.encoded(papers.note())}
    place = upload(document["Bytes"])
    questions = {"Queries": [{"Text": f"What is {number}?"} for number in range(31)]}
    few = {"Queries": questions["Queries"][:15]}

    def analysis(**parameters: Any) -> str:
        return code_of(textract, "analyze_document", **{"Document": document, "FeatureTypes": ["FORMS"], **parameters})

    assert analysis(QueriesConfig=few) == INVALID
    assert analysis(FeatureTypes=["QUERIES"]) == INVALID
    assert analysis(FeatureTypes=["QUERIES"], QueriesConfig={"Queries": questions["Queries"][:16]}) == INVALID
    assert analysis(FeatureTypes=["GUESSES"]) == INVALID
    assert analysis(Document={}) == INVALID
    assert analysis(Document={**document, **place}) == INVALID
    assert analysis(FeatureTypes=["QUERIES"], QueriesConfig={"Queries": [{"Text": "x", "Pages": ["zero"]}]}) == INVALID
    job = {"DocumentLocation": place, "FeatureTypes": ["QUERIES"]}
    assert code_of(textract, "start_document_analysis", **job, QueriesConfig=questions) == INVALID
    assert code_of(textract, "start_document_analysis", **job) == INVALID
    assert post(suite, "AnalyzeDocument", {"Document": {"Bytes": "x"}, "FeatureTypes": ["FORMS"]})[0] == 400
    assert post(suite, "AnalyzeDocument", {"Document": {"Bytes": ""}, "FeatureTypes": ["FORMS"]}) == (400, INVALID)
    assert post(suite, "AnalyzeDocument", {"Document": {"Bytes": "AAAA"}, "FeatureTypes": []}) == (400, INVALID)
    answer = textract.ask("analyze_document", Document=document, FeatureTypes=["QUERIES"], QueriesConfig=few)
    assert [block["BlockType"] for block in answer["Blocks"]].count("QUERY") == 15


@pytest.mark.parametrize(
    "parameters",
    [
        {"FeatureTypes": ["SIGNATURES"]},
        {"FeatureTypes": ["FORMS"], "AdaptersConfig": {"Adapters": [{"AdapterId": "a" * 12, "Version": "1"}]}},
        {"FeatureTypes": ["FORMS"], "HumanLoopConfig": {"HumanLoopName": "x", "FlowDefinitionArn": "arn"}},
    ],
)
def test_what_is_not_built_is_said(suite: Addresses, parameters: dict[str, Any]) -> None:
    status, _ = post(suite, "AnalyzeDocument", {"Document": {"Bytes": "AAAA"}, **parameters})
    assert status == 501


# -- two accounts


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """Makes clients of "ann" and "bob", who have accounts of their own on one guarded Nonet."""
    from nonet.cli.keys import append
    from shared.auth.principals import new_principal

    keys = tmp_path_factory.mktemp("keys") / "principals.toml"
    people = {}
    for index, name in enumerate(("ann", "bob"), start=1):
        people[name], _ = new_principal(name, f"{index:012d}")
        append(keys, people[name])
    with nonet(tmp_path_factory.mktemp("guarded"), principals_file=keys, services="documents") as addresses:

        def make(service: str, name: str, secret: str = "", **options: Any) -> Any:
            person = people[name]
            return client(
                service, addresses, aws_access_key_id=person.access_key_id,
                aws_secret_access_key=secret or person.secret_access_key, **options,
            )  # fmt: skip

        yield make


def test_accounts_do_not_see_each_other(accounts: Callable[..., Any], tmp_path: Path) -> None:
    from uuid import uuid4

    name = f"private-{uuid4().hex}"
    path_style = {"s3": {"addressing_style": "path"}}
    store = accounts("s3", "ann", config=path_style)
    store.create_bucket(Bucket=name)
    store.put_object(Bucket=name, Key="letter.pdf", Body=papers.pdf([["private"]]))
    place = {"S3Object": {"Bucket": name, "Name": "letter.pdf"}}
    ann, bob = Recorder(accounts("textract", "ann")), Recorder(accounts("textract", "bob"))
    assert len(ann.ask("detect_document_text", Document=place)["Blocks"]) == 3
    job = ann.ask("start_document_text_detection", DocumentLocation=place)["JobId"]
    assert ann.finished("get_document_text_detection", job)["JobStatus"] == "SUCCEEDED"
    assert code_of(bob, "detect_document_text", Document=place) == INVALID_OBJECT
    assert code_of(bob, "start_document_text_detection", DocumentLocation=place) == INVALID_OBJECT
    assert code_of(bob, "get_document_text_detection", JobId=job) == "InvalidJobIdException"
    assert name not in [found["Name"] for found in accounts("s3", "bob", config=path_style).list_buckets()["Buckets"]]


def test_a_wrong_secret_opens_nothing(accounts: Callable[..., Any]) -> None:
    for service, operation in (("textract", "detect_document_text"), ("comprehend", "detect_sentiment")):
        stranger = Recorder(accounts(service, "ann", secret="wrong"))
        parameters = {"Text": "x", "LanguageCode": "en"} if service == "comprehend" else {"Document": {"Bytes": b"x"}}
        assert code_of(stranger, operation, **parameters) == "InvalidSignatureException"
