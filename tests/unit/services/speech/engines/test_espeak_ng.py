"""What eSpeak NG is told. The library itself speaks in tests/contract/speech, in its own environment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.speech.engines.espeak_ng import markup
from services.speech.phrases import Phrase, Spoken
from services.speech.xml_tree import Element, parse
from shared import errors


def test_manners_are_opened_and_closed() -> None:
    words = (Spoken("a"), Spoken("b", rate=0.5), Spoken("c", rate=0.5), Spoken("d", pitch=1.2))
    text, begins = markup(Phrase(words, "en-us"))
    assert (
        text
        == '<speak>a <prosody rate="50%" pitch="+0%">b c </prosody> <prosody rate="100%" pitch="+20%">d </prosody></speak>'
    )
    assert [text[begin] for begin in begins] == ["a", "b", "c", "d"]


def test_a_pronunciation_keeps_its_punctuation() -> None:
    assert "[[p|I'k|A:|n]]," in markup(Phrase((Spoken("pecan,", ipa="pɪˈkɑːn"),), "en-us"))[0]


def test_a_sound_the_voice_lacks() -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        markup(Phrase((Spoken("x", ipa="ǃ"),), "en-us"))
    assert caught.value.explicit_aws_code == "InvalidSsmlException"


@given(
    st.lists(
        st.builds(Spoken, st.text(max_size=20), st.sampled_from([0.5, 1.0]), st.sampled_from([0.9, 1.0])), max_size=6
    )
)
def test_no_text_commands_the_engine(words: list[Spoken]) -> None:
    text, _ = markup(Phrase(tuple(words), "en-us"))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise AssertionError("a lone surrogate would end the process") from None
    assert "[[" not in text and "\x01" not in text
    root = parse(text, "InvalidSsmlException")
    assert all(not isinstance(child, Element) or child.name == "prosody" for child in root.children)
