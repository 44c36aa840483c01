"""Vocabularies in both forms, and the documented rules for phrases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transcription.recognition import Phrase
from services.transcription.vocabularies import MAX_BYTES, phrases_of_file, phrases_of_list, table
from shared import errors


def test_a_table_in_any_order_of_columns() -> None:
    data = b"\xef\xbb\xbfDisplayAs\tPhrase\tIPA\tSoundsLike\r\nAWS\tA.W.S.\t\t\r\n\t\xc3\x89tienne\te t j \xc9\x9b n\t\r\nNonet\tNonet\t\tno-net\r\n"
    assert phrases_of_file(data, "en-US") == (
        Phrase("A.W.S.", None, None, "AWS"),
        Phrase("Étienne", None, "e t j ɛ n", None),
        Phrase("Nonet", "no-net", None, "Nonet"),
    )


def test_a_list() -> None:
    assert phrases_of_file(b"Los-Angeles\n\nDynamo-D.B.\n", "en-US") == (Phrase("Los-Angeles"), Phrase("Dynamo-D.B."))


@pytest.mark.parametrize("phrase", ["Los-Angeles", "A.B.C.-s", "V.X.-zero-two-Q.", "O'Neill", "St.-Louis", "naïve"])
def test_phrases_by_the_rules(phrase: str) -> None:
    assert phrases_of_list([phrase], "en-US") == (Phrase(phrase),)


@pytest.mark.parametrize(
    ("phrase", "reason"),
    [
        ("Los Angeles", "space"), ("C.L.I", "full stop after each"), ("V2", "digit"), ("-a", "hyphen"),
        ("a--b", "hyphen"), ("a-", "hyphen"), ("a_b", "characters"), ("Straße-東京", "characters"), ("'", "characters"),
        ("x" * 257, "256"), (".a", "characters"),
    ],
)  # fmt: skip
def test_phrases_against_the_rules(phrase: str, reason: str) -> None:
    with pytest.raises(errors.InvalidArgument, match=reason):
        phrases_of_list(["fine", phrase], "en-US")


def test_other_languages_have_their_letters() -> None:
    assert phrases_of_list(["東京", "किताब", "Straße"], "ja-JP")


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\n\n", b"Phrase\tDisplayAs\n", b"Phrase\tPhrase\na\tb\n", b"Phrase\tSound\na\tb\n",
        b"DisplayAs\tIPA\na\tb\n", b"Phrase\tIPA\na\tb\tc\n", b"Phrase\tIPA\tSoundsLike\na\tb\tc\n",
        b"Phrase\tDisplayAs\n\tb\n", b"Phrase\tDisplayAs\na\t b\n", b"\xff\xfe", b"a\n" * MAX_BYTES,
        b"Phrase\tSoundsLike\na\tb b\n", b"Phrase\tDisplayAs\na\t" + b"b" * 257,
    ],
)  # fmt: skip
def test_files_against_the_rules(data: bytes) -> None:
    with pytest.raises(errors.InvalidArgument):
        phrases_of_file(data, "en-US")


@given(st.binary(max_size=400))
def test_any_file_is_read_or_refused(data: bytes) -> None:
    for begin in (b"", b"Phrase\tDisplayAs\n"):
        try:
            rows = phrases_of_file(begin + data, "de-DE")
        except errors.InvalidArgument:
            continue
        assert rows and phrases_of_file(table(rows), "de-DE") == rows
