"""The XML of S3: what is built can be parsed, and hostile documents cost nothing."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.aws.s3.documents import NAMESPACE, build_document, iso_time, parse_document, url_encoded
from shared import errors

_text = st.text(st.characters(blacklist_categories=["Cs"]))


@given(_text)
def test_every_text_gives_well_formed_xml(text: str) -> None:
    root = ElementTree.fromstring(build_document("Root", {"Key": text, "Rows": [{"A": 1}, {"A": 2}], "No": None}))
    assert root.tag == f"{{{NAMESPACE}}}Root"
    key = root[0].text or ""
    assert len(key) == len(text)
    assert [row[0].text for row in root[1:]] == ["1", "2"]


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufffe\uffff")))
def test_writable_text_comes_back(text: str) -> None:
    assert (parse_document(build_document("R", {"K": text}), "R").findtext("K") or "") == text


@given(st.binary(max_size=100))
def test_nonsense_is_malformed(body: bytes) -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        parse_document(body, "Delete")
    assert caught.value.explicit_aws_code == "MalformedXML"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(encoding: str) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbb">]><Delete><Object><Key>&b;</Key></Object></Delete>'.encode(encoding)
    with pytest.raises(errors.InvalidArgument):
        parse_document(bomb, "Delete")


def test_details() -> None:
    assert iso_time(0.0019) == "1970-01-01T00:00:00.001Z"
    assert url_encoded("a b+c/ü") == "a%20b%2Bc/%C3%BC"
    with pytest.raises(errors.InvalidArgument):
        parse_document(b"<Other/>", "Delete")
