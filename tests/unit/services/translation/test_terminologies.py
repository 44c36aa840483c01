from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.translation.terminologies import MAX_TERM_BYTES, Terminology, parse, write
from shared import errors

CSV = (
    'en,de,fr\nAmazon Family,Amazon Familie,Famille Amazon\n"comma, quoted",Komma,\n,nichts,\nAmazon Family,doppelt,\n'
)
TMX = """<?xml version="1.0"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="EN-US" datatype="plaintext"/><body>
<tu><tuv xml:lang="en"><seg>Amazon <bpt i="1">&lt;b&gt;</bpt>Family<ept i="1"/></seg></tuv><tuv xml:lang="de-DE"><seg>Amazon Familie</seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>shop &amp; go</seg></tuv><tuv xml:lang="fr"><seg>va</seg></tuv></tu>
</body></tmx>"""
BOMB = """<?xml version="1.0"?><!DOCTYPE tmx [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<tmx version="1.4"><header srclang="en"/><body><tu><tuv xml:lang="en"><seg>&b;</seg></tuv></tu></body></tmx>"""


def test_csv() -> None:
    terminology = parse(b"\xef\xbb\xbf" + CSV.encode(), "CSV", both_ways=False)
    assert terminology.languages == ("en", "de", "fr")
    assert terminology.pairs("en", "de") == {"Amazon Family": "Amazon Familie", "comma, quoted": "Komma"}
    assert terminology.pairs("en", "fr") == {"Amazon Family": "Famille Amazon"}
    assert terminology.pairs("de", "en") == {}, "one direction only"
    assert terminology.pairs("en", "es") == {}
    assert terminology.skipped == 2


def test_both_ways() -> None:
    terminology = parse(CSV.encode(), "CSV", both_ways=True)
    assert terminology.pairs("fr", "de") == {"Famille Amazon": "Amazon Familie"}
    assert terminology.pairs("de", "en")["Komma"] == "comma, quoted"


def test_regions() -> None:
    terminology = parse(b"en,es-MX\ncar,carro\n", "CSV", both_ways=False)
    assert terminology.pairs("en", "es") == terminology.pairs("en", "es-MX") == {"car": "carro"}


def test_tsv_keeps_commas() -> None:
    assert parse(b"en\tde\na, b\tc, d\n", "TSV", both_ways=False).pairs("en", "de") == {"a, b": "c, d"}


def test_a_term_is_one_line() -> None:
    """A document is translated line by line: another one in a term would shift all that follow."""
    assert parse(b'en,de\n"a  b","c\nd"\n', "CSV", both_ways=False).pairs("en", "de") == {"a b": "c d"}


def test_tmx() -> None:
    terminology = parse(TMX.encode(), "TMX", both_ways=False)
    assert terminology.languages == ("en", "de", "fr")
    assert terminology.pairs("en", "de") == {"Amazon Family": "Amazon Familie"}
    assert terminology.pairs("en", "fr") == {"shop & go": "va"}


@pytest.mark.parametrize(
    ("data", "file_format", "told"),
    [
        (b"", "CSV", "first line"),
        (b"en\nx\n", "CSV", "first line"),
        (b"english,german\nx,y\n", "CSV", "codes"),
        (b"en,de,de\nx,y,z\n", "CSV", "two columns"),
        (b"en,de\nx,y,z\n", "CSV", "Line 2 has 3 columns"),
        (b"en,de\n", "CSV", "no term"),
        (b"en,de\nx,\n", "CSV", "no term"),
        (b'en,de\n"x,y\n', "CSV", "cannot be read"),
        (b"en,de\n\xff,y\n", "CSV", "not UTF-8"),
        (b"en,de\na\x00,y\n", "CSV", "control characters"),
        (",".join(["en", *(f"a{c}" for c in "bcdefghijkl")]).encode() + b"\n", "CSV", "10 target"),
        (b"no xml", "TMX", "well-formed"),
        (b"<tmx><body><tu>", "TMX", "well-formed"),
        (b"<xliff/>", "TMX", "<tmx>"),
        (b"<tmx/>", "TMX", "source language and a target"),
        (BOMB.encode(), "TMX", "document type"),
        (b"<tmx>" + b"<a>" * 40, "TMX", "too deep"),
    ],
)  # fmt: skip
def test_what_is_no_terminology(data: bytes, file_format: str, told: str) -> None:
    with pytest.raises(errors.InvalidArgument, match=told) as caught:
        parse(data, file_format, both_ways=False)
    assert caught.value.explicit_aws_code == "InvalidParameterValueException"


def test_long_terms_are_left_out() -> None:
    long = "x" * (MAX_TERM_BYTES + 1)
    terminology = parse(f"en,de\n{long},y\na,b\n".encode(), "CSV", both_ways=False)
    assert (terminology.rows, terminology.skipped) == ((("a", "b"),), 1)


WORDS = st.text(alphabet="aé\"',\t<>&;東 ", min_size=1, max_size=12).map(str.strip).filter(bool)


@given(st.dictionaries(WORDS, WORDS, min_size=1, max_size=6), st.sampled_from(["CSV", "TSV", "TMX"]))
def test_written_and_read_again(terms: dict[str, str], file_format: str) -> None:
    clean = {" ".join(source.split()): " ".join(target.split()) for source, target in terms.items()}
    terminology = Terminology(("en", "de"), tuple(clean.items()), False, 0)
    assert parse(write(terminology, file_format), file_format, both_ways=False) == terminology


@given(st.binary(max_size=300), st.sampled_from(["CSV", "TSV", "TMX"]))
def test_any_bytes_are_read_or_refused(data: bytes, file_format: str) -> None:
    for prefix in (b"", b"en,de\n", b"<tmx><header srclang='en'/>"):
        try:
            assert parse(prefix + data, file_format, both_ways=True).rows
        except errors.InvalidArgument as refused:
            assert refused.explicit_aws_code == "InvalidParameterValueException"
