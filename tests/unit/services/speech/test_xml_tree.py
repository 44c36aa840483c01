"""XML that nobody trusts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.speech.xml_tree import Characters, Element, XmlLimits, parse
from shared import errors

CODE = "InvalidSsmlException"


def test_elements_know_their_bytes() -> None:
    document = '<a>é<b x="1>2"/>&amp;<c y=\'"\'>z</c >\r\nend</a>'
    data = document.encode()
    root = parse(document, CODE)
    empty, full = (child for child in root.children if isinstance(child, Element))
    assert data[empty.start : empty.end] == b'<b x="1>2"/>'
    assert data[full.start : full.end] == b"<c y='\"'>z</c >"
    assert data[full.inner_start : full.inner_end] == b"z"
    assert (root.start, root.end) == (0, len(data))
    last = root.children[-1]
    assert isinstance(last, Characters)
    assert last.text == "\nend"
    assert data[last.offsets[1] : last.offsets[4]] == b"end"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")))
def test_every_character_is_found_where_it_stands(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    document = f"<a>{escaped}</a>"
    root = parse(document, CODE)
    assert root.text == text
    for child in root.children:
        assert isinstance(child, Characters)
        for position, character in enumerate(child.text):
            piece = document.encode()[child.offsets[position] : child.offsets[position + 1]].decode()
            assert piece == {"&": "&amp;", "<": "&lt;", ">": "&gt;"}.get(character, character)


@given(st.text(alphabet="<>/a&;'\"= !?[]-", max_size=60))
def test_anything_is_a_tree_or_one_error(document: str) -> None:
    try:
        parse(document, CODE)
    except errors.InvalidArgument as failure:
        assert failure.explicit_aws_code == CODE


LAUGHS = '<!DOCTYPE a [<!ENTITY l "ha"><!ENTITY m "&l;&l;&l;&l;&l;&l;">]><a>&m;</a>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'


@pytest.mark.parametrize(
    "document",
    [
        LAUGHS,
        OUTSIDE,
        '<!DOCTYPE a SYSTEM "http://localhost/a.dtd"><a/>',
        "<a>&unknown;</a>",
        "<a>",
        "",
        "x",
        "<a/><b/>",
    ],
)
def test_bombs_and_rubbish_are_refused(document: str) -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        parse(document, CODE)
    assert caught.value.explicit_aws_code == CODE


def test_limits() -> None:
    limits = XmlLimits(max_bytes=100, max_depth=3, max_elements=5)
    parse("<a><b><c/></b><d/></a>", CODE, limits)
    for document in ("<a>" + "x" * 100 + "</a>", "<a><b><c><d/></c></b></a>", "<a>" + "<b/>" * 5 + "</a>"):
        with pytest.raises(errors.InvalidArgument):
            parse(document, CODE, limits)


def test_an_encoding_declaration_does_not_choose() -> None:
    assert parse('<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>', CODE).text == "é"
