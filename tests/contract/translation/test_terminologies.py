"""Terminologies through unmodified boto3: their life, their files, and whether they are obeyed."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from gateway.process import Addresses
from tests.contract.answers import Recorder
from tests.contract.translation.measure import obedience

CSV = b"en,de,fr\nAmazon Family,Amazon Familie,Famille Amazon\nEcho Dot,Echo-Punkt,\n"


@pytest.fixture
def terminologies(translate: Recorder) -> Iterator[Recorder]:
    """The client; what the test imports is deleted after it."""
    yield translate
    for found in translate.client.list_terminologies()["TerminologyPropertiesList"]:
        translate.client.delete_terminology(Name=found["Name"])


def fetch(addresses: Addresses, link: str) -> bytes:
    """What a link of an answer leads to. The host that it names is told in a header, as a proxy does."""
    parts = urlsplit(link)
    request = urllib.request.Request(f"{addresses.http}{parts.path}?{parts.query}", headers={"Host": parts.netloc})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return bytes(answer.read())


def put(translate: Recorder, name: str, data: bytes = CSV, kind: str = "CSV", **parameters: Any) -> dict[str, Any]:
    terminology = {"File": data, "Format": kind, **parameters.pop("TerminologyData", {})}
    return translate.ask(
        "import_terminology", Name=name, MergeStrategy="OVERWRITE", TerminologyData=terminology, **parameters
    )["TerminologyProperties"]  # type: ignore[no-any-return]


def test_life_of_a_terminology(translating: Addresses, terminologies: Recorder) -> None:
    made = put(terminologies, "shop", Description="our words")
    assert made["Arn"].endswith(":terminology/shop/LATEST")
    assert (made["SourceLanguageCode"], made["TargetLanguageCodes"]) == ("en", ["de", "fr"])
    assert (made["TermCount"], made["SkippedTermCount"], made["SizeBytes"]) == (2, 0, len(CSV))
    assert (made["Directionality"], made["Format"], made["Description"]) == ("UNI", "CSV", "our words")
    answer = terminologies.ask("get_terminology", Name="shop")
    assert answer["TerminologyProperties"] == made
    location = answer["TerminologyDataLocation"]
    assert location["RepositoryType"] == "S3"
    assert fetch(translating, location["Location"]) == CSV
    again = put(terminologies, "shop", b"en\tde\ncar\tWagen\n", "TSV", TerminologyData={"Directionality": "MULTI"})
    assert (again["TermCount"], again["Directionality"], again["Format"]) == (1, "MULTI", "TSV")
    listed = terminologies.ask("list_terminologies")["TerminologyPropertiesList"]
    assert [found["Name"] for found in listed] == ["shop"]
    terminologies.client.delete_terminology(Name="shop")
    for operation in ("get_terminology", "delete_terminology"):
        with pytest.raises(terminologies.client.exceptions.ResourceNotFoundException):
            getattr(terminologies.client, operation)(Name="shop")
    with pytest.raises(terminologies.client.exceptions.ResourceNotFoundException):
        translated(terminologies, "Echo", "shop")


def test_files_come_in_every_format(translating: Addresses, terminologies: Recorder) -> None:
    put(terminologies, "shop")
    for kind, part in (
        ("CSV", b"Echo Dot,Echo-Punkt"),
        ("TSV", b"Echo Dot\tEcho-Punkt"),
        ("TMX", b"<seg>Echo-Punkt</seg>"),
    ):
        answer = terminologies.ask("get_terminology", Name="shop", TerminologyDataFormat=kind)
        data = fetch(translating, answer["TerminologyDataLocation"]["Location"])
        assert part in data
        assert put(terminologies, f"copy-{kind}", data, kind)["TermCount"] == 2


def test_pages(terminologies: Recorder) -> None:
    for number in range(3):
        put(terminologies, f"t{number}")
    first = terminologies.ask("list_terminologies", MaxResults=2)
    rest = terminologies.ask("list_terminologies", NextToken=first["NextToken"])
    names = [found["Name"] for page in (first, rest) for found in page["TerminologyPropertiesList"]]
    assert names == ["t0", "t1", "t2"]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "CSV"),
        (b"en,de\n", "CSV"),
        (b"\xff\xfe", "TSV"),
        (b"en,de\na\x00,b\n", "CSV"),
        (b"<tmx><body>", "TMX"),
        (b'<!DOCTYPE tmx [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;">]><tmx>&b;</tmx>', "TMX"),
        (b"<tmx>" + b"<a>" * 100_000, "TMX"),
        (b"en,de\n" + b'"' * 1_000_000, "CSV"),
    ],
    ids=["empty", "no-terms", "no-utf8", "nul", "broken", "bomb", "deep", "quotes"],
)
def test_files_that_are_refused(translate: Recorder, data: bytes, kind: str) -> None:
    with pytest.raises(ClientError) as caught:
        put(translate, "bad", data, kind)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert translate.client.list_terminologies()["TerminologyPropertiesList"] == []


def test_a_key_that_nobody_has(translate: Recorder) -> None:
    with pytest.raises(ClientError, match="KMS"):
        put(translate, "shop", EncryptionKey={"Type": "KMS", "Id": "arn:aws:kms:us-east-1:000000000000:key/x"})


def translated(translate: Recorder, text: str, *names: str, source: str = "en", target: str = "de") -> dict[str, Any]:
    return translate.ask(
        "translate_text", Text=text, SourceLanguageCode=source, TargetLanguageCode=target, TerminologyNames=list(names)
    )


def test_terms_are_used_and_told(terminologies: Recorder) -> None:
    put(terminologies, "shop")
    put(terminologies, "other", b"en,de\nEcho Dot,anders\ncoffee,Bohnensaft\n")
    answer = translated(terminologies, "I gave my Echo Dot to the Amazon Family. I like coffee.", "shop", "other")
    for term in ("Echo-Punkt", "Amazon Familie", "Bohnensaft"):
        assert answer["TranslatedText"].count(term) == 1
    applied = {
        one["Name"]: [(term["SourceText"], term["TargetText"]) for term in one.get("Terms", [])]
        for one in answer["AppliedTerminologies"]
    }
    assert applied == {
        "shop": [("Echo Dot", "Echo-Punkt"), ("Amazon Family", "Amazon Familie")],
        "other": [("coffee", "Bohnensaft")],
    }
    unused = translated(terminologies, "I like tea.", "shop")
    assert [one["Name"] for one in unused["AppliedTerminologies"]] == ["shop"]


def test_directions(terminologies: Recorder) -> None:
    put(terminologies, "one")
    put(terminologies, "both", TerminologyData={"Directionality": "MULTI"})
    assert (
        "Amazon Family"
        in translated(terminologies, "Die Amazon Familie ist da.", "both", source="de", target="en")["TranslatedText"]
    )
    assert (
        "Famille Amazon"
        in translated(terminologies, "Die Amazon Familie ist da.", "both", source="de", target="fr")["TranslatedText"]
    )
    unused = translated(terminologies, "Die Amazon Familie ist da.", "one", source="de", target="en")
    assert unused["AppliedTerminologies"] == [{"Name": "one", "Terms": []}]


@pytest.mark.slow
@pytest.mark.parametrize("target", ["de", "fr", "es"])
def test_terms_are_obeyed(terminologies: Recorder, target: str) -> None:
    """120 sentences a language with one term, 12 with three: at least 99 % have each term's translation once."""
    obeyed, total = obedience(terminologies.client, target)
    assert obeyed >= 0.99 * total, f"{obeyed} of {total}"


def test_tags(terminologies: Recorder) -> None:
    arn = put(terminologies, "shop", Tags=[{"Key": "team", "Value": "a"}])["Arn"]
    client = terminologies.client
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "cost", "Value": "1"}])
    client.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert terminologies.ask("list_tags_for_resource", ResourceArn=arn)["Tags"] == [{"Key": "cost", "Value": "1"}]
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.list_tags_for_resource(ResourceArn=arn.replace("shop", "gone"))
