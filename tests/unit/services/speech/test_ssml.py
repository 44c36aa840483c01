"""SSML to scripts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.speech.script import Mark, Rest, Script, Style, Word
from services.speech.ssml import ssml_script
from shared import errors

ENGLISH = Style("en-US")


def script(inside: str) -> Script:
    return ssml_script(f"<speak>{inside}</speak>", ENGLISH)


def parts(inside: str) -> list[Word | Rest | Mark]:
    return [part for sentence in script(inside).sentences for part in sentence.parts]


def words(inside: str) -> list[Word]:
    return [part for part in parts(inside) if isinstance(part, Word)]


def test_words_stand_for_their_bytes() -> None:
    inside = "Größe &amp; <emphasis>AT&amp;T</emphasis>, <sub alias='World Wide'> WWW </sub> ende."
    data = f"<speak>{inside}</speak>".encode()
    found = words(inside)
    assert [data[word.start : word.end].decode() for word in found if word.value] == [
        "Größe", "&amp;", "AT&amp;T", "WWW", "ende",
    ]  # fmt: skip
    assert [word.spoken for word in found] == ["Größe", "&", "AT&T", ",", "World Wide", "ende."]


def test_the_sentence_holds_its_tags() -> None:
    inside = 'Mary had a <mark name="animal"/>little lamb.'
    (sentence,) = script(inside).sentences
    document = f"<speak>{inside}</speak>"
    assert document.encode()[sentence.start : sentence.end].decode() == inside
    (mark,) = (part for part in sentence.parts if isinstance(part, Mark))
    assert document.encode()[mark.start : mark.end].decode() == '<mark name="animal"/>'


def test_manners_add_up_and_end() -> None:
    plain, slow, both, after = words(
        'a <prosody rate="50%">b <prosody pitch="+20%" volume="-6dB">c</prosody></prosody> <emphasis level="strong">d</emphasis>'
    )
    assert plain.style == ENGLISH
    assert slow.style.rate == 0.5 and slow.style.pitch == 1
    assert (both.style.rate, both.style.pitch, both.style.gain_db) == (0.5, 1.2, -6)
    assert after.style.rate < 1 < after.style.gain_db


@pytest.mark.parametrize(
    ("tag", "milliseconds"),
    [
        ("<break/>", 300),
        ('<break strength="x-strong"/>', 800),
        ('<break time="1.5s"/>', 1500),
        ('<break time="20ms"/>', 20),
        ('<break time=".5s"/>', 500),
    ],
)
def test_breaks(tag: str, milliseconds: int) -> None:
    assert parts(f"a {tag} b")[1] == Rest(milliseconds)


def test_paragraphs_and_sentences_end_where_they_are_closed() -> None:
    found = script("<p>one two</p><s>three</s>four")
    assert [len([part for part in sentence.parts if isinstance(part, Word)]) for sentence in found.sentences] == [
        2,
        1,
        1,
    ]


def test_what_is_said_otherwise() -> None:
    (word,) = words('<phoneme alphabet="x-sampa" ph="pI&quot;kA:n">pecan</phoneme>')
    assert (word.value, word.ipa) == ("pecan", "pɪˈkɑːn")
    assert words('<w role="amazon:VBD">read</w>')[0].ipa == "ˈɹɛd"
    assert words('<w role="amazon:NN">chair</w>')[0].ipa == ""
    assert words('<lang xml:lang="fr-FR">bonjour</lang>')[0].style.language == "fr-FR"
    assert words('<amazon:effect name="whispered">psst</amazon:effect>')[0].style.whispered
    assert parts('<say-as interpret-as="expletive">darn</say-as>')[0] == Rest(400, tone=True)


def test_tags_are_not_billed() -> None:
    assert script('<break time="1s"/>Hello <sub alias="a long alias">you</sub>.').billed_characters == len("Hello you.")


@pytest.mark.parametrize(
    "inside",
    [
        "<unknown/>", "<speak>a</speak>", '<break time="11s"/>', '<break time="x"/>', '<break strength="huge"/>', "<mark/>",
        "<break>a</break>", "<prosody>a</prosody>", '<prosody rate="500%">a</prosody>', '<prosody pitch="20%">a</prosody>',
        '<prosody volume="+40dB">a</prosody>', '<emphasis level="x">a</emphasis>', "<sub>a</sub>",
        '<sub alias="b"><p>a</p></sub>', "<say-as>a</say-as>", '<say-as interpret-as="x">a</say-as>',
        '<say-as interpret-as="date">abc</say-as>', '<phoneme alphabet="klingon" ph="a">a</phoneme>',
        '<phoneme ph="5">a</phoneme>', '<w role="x">a</w>', '<p class="x">a</p>', "<lang>a</lang>",
        '<amazon:effect phonation="soft">a</amazon:effect>', '<amazon:domain name="news">a</amazon:domain>',
        "<amazon:breath/>", '<sub alias="b"></sub>x</sub>',
    ],
)  # fmt: skip
def test_what_is_refused(inside: str) -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        script(inside)
    assert caught.value.explicit_aws_code == "InvalidSsmlException"


_TAGS = [
    "<p>",
    "</p>",
    "<s>",
    "</s>",
    "<emphasis>",
    "</emphasis>",
    '<break time="5ms"/>',
    '<mark name="m"/>',
    " ",
    ".",
    "a",
    "é&amp;",
]


@given(st.lists(st.sampled_from(_TAGS), max_size=30))
def test_whatever_parses_keeps_its_order_and_its_bytes(pieces: list[str]) -> None:
    document = f"<speak>{''.join(pieces)}</speak>"
    try:
        found = ssml_script(document, ENGLISH)
    except errors.InvalidArgument:
        return
    data, last = document.encode(), 0
    for sentence in found.sentences:
        for part in sentence.parts:
            if isinstance(part, Word):
                assert last <= part.start < part.end <= len(data)
                last = part.end
                data[part.start : part.end].decode()
    marks = sum(isinstance(part, Mark) for sentence in found.sentences for part in sentence.parts)
    assert marks == document.count("<mark")
