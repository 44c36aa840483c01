from __future__ import annotations

import pytest

from services.translation.tmx import MAX_DEPTH, read_units
from shared import errors


def tmx(body: str, header: str = '<header srclang="en"/>', before: str = "") -> bytes:
    return f'{before}<tmx version="1.4">{header}<body>{body}</body></tmx>'.encode()


def unit(**texts: str) -> str:
    return "<tu>" + "".join(f'<tuv xml:lang="{code}"><seg>{text}</seg></tuv>' for code, text in texts.items()) + "</tu>"


def test_units_and_source() -> None:
    assert read_units(tmx(unit(en="a &amp; b", de=" x\n  y ") + unit(en="c"))) == (
        "en",
        [{"en": "a & b", "de": "x y"}, {"en": "c"}],
    )


@pytest.mark.parametrize(
    ("name", "code"), [("EN-US", "en"), ("es-mx", "es-MX"), ("zh_TW", "zh-TW"), ("pt-BR", "pt"), ("fr", "fr")]
)
def test_codes(name: str, code: str) -> None:
    assert read_units(tmx(unit(**{name: "a"}), '<header srclang="*all*"/>')) == ("", [{code: "a"}])


def test_codes_of_other_formats_are_no_text() -> None:
    assert read_units(tmx(unit(en='a <bpt i="1">&lt;b></bpt><hi>c</hi><ept i="1">x<sub>y</sub></ept> d')))[1] == [
        {"en": "a c d"}
    ]


def test_a_named_document_type_is_not_read() -> None:
    assert read_units(tmx(unit(en="a"), before='<!DOCTYPE tmx SYSTEM "http://127.0.0.1:1/tmx14.dtd">'))[1] == [
        {"en": "a"}
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<tmx>",
        b"<html/>",
        tmx("", before='<!DOCTYPE tmx [<!ENTITY a "x">]>'),
        tmx("", before='<!DOCTYPE tmx [<!ELEMENT tmx ANY>]>'),
        tmx("&unknown;"),
        b"<tmx>" + b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH + b"</tmx>",
        tmx(unit(en="a")).replace(b">a<", b">\xff<"),
    ],
    ids=["empty", "open", "html", "entity", "subset", "unknown", "deep", "encoding"],
)  # fmt: skip
def test_what_is_no_tmx(data: bytes) -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        read_units(data)
    assert caught.value.explicit_aws_code == "InvalidParameterValueException"
