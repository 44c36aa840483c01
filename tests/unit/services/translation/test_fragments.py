from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.translation.fragments import Fragment, fragments, numbers_kept
from services.translation.tasks import MAX_PLACEHOLDERS, placeholders
from services.translation.terms import TermIndex

NO_TERMS = TermIndex({})


def only(sentence: str, terms: TermIndex = NO_TERMS, numbers: bool = False) -> Fragment:
    (found,) = fragments(sentence, "en", terms, numbers)
    return found


@given(st.text(max_size=150) | st.text(alphabet="ab <i>/1.,😀{}\n", max_size=150), st.booleans())
def test_a_sentence_that_is_not_changed_comes_back(sentence: str, numbers: bool) -> None:
    found = fragments(sentence, "en", NO_TERMS, numbers)
    assert "".join(fragment.sentence for fragment in found) == sentence
    for fragment in found:
        assert set(placeholders(fragment.parts).values()) <= {1}
        assert len(fragment.kept) <= MAX_PLACEHOLDERS
    rendered = "".join(fragment.render(fragment.parts) for fragment in found)
    assert "".join(rendered.split()) == "".join(sentence.split())


@pytest.mark.parametrize(
    "sentence",
    [
        "<p>Click <b>here</b> at https://a.org. </p>",
        "😀 Hi {name}, 5 new <i>mails</i>!",
        " a<br/>b ",
        "1 2 3",
        "<b><i>x</i></b> y",
    ],
)
def test_spaces_come_back_too(sentence: str) -> None:
    for numbers in (False, True):
        fragment = only(sentence, numbers=numbers)
        assert fragment.render(fragment.parts) == sentence


def test_ends_need_no_model() -> None:
    fragment = only("<p>😀 Hello, <b>you</b> there! ❤️</p>")
    assert fragment.parts == ("Hello, ", 0, "you", 1, " there!")
    assert (fragment.head, fragment.tail) == ("<p>😀 ", " ❤️</p>")


def test_terms_take_their_translation_and_stay_within() -> None:
    fragment = only("Amazon Family is here", TermIndex({"Amazon Family": "Famille Amazon", "Amazon": "X"}))
    assert fragment.parts == (0, " is here")
    assert fragment.render((0, " ist da")) == "Famille Amazon ist da"
    assert [(term.source, term.target) for term in fragment.terms] == [("Amazon Family", "Famille Amazon")]


def test_terms_inside_what_is_kept_are_not_touched() -> None:
    fragment = only("See https://a.org/Amazon and <a title='Amazon'>it</a>", TermIndex({"Amazon": "X"}))
    assert fragment.terms == ()
    assert "Amazon" in fragment.render(fragment.parts)


def test_terms_may_look_like_code() -> None:
    terms = TermIndex({"iPhone": "Telefon", "my_var": "x", "shop": "Laden"})
    fragment = only("An iPhone and my_var at shop.example.com", terms)
    assert fragment.render(fragment.parts) == "An Telefon and x at shop.example.com"


def test_tags_keep_their_spaces_whatever_the_model_does() -> None:
    fragment = only("Press <b>start</b>, then wait")
    assert fragment.render(("Drücken Sie ", 0, " Start ", 1, " , warten Sie")) == "Drücken Sie <b>Start</b>, warten Sie"


@pytest.mark.parametrize(
    ("parts", "fits"),
    [
        (("Drück ", 0, "das", 1, " da"), True),
        (("Drück ", 1, "das", 0, " da"), False),
        (("Drück das ", 0, 1, " da"), False),
    ],
)
def test_tags_have_an_order_and_hold_something(parts: tuple[str | int, ...], fits: bool) -> None:
    assert only("Press <b>that</b> there").fits(parts) is fits


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("<b>Hello</b> <i>world</i>", ("Hallo", 0)),
        ("Good <b>morning</b>", ("Guten ", 0)),
        ("<i>Open</i> the door", (0, "die Tür")),
    ],
)
def test_what_was_in_a_tag_at_the_end_stays_in_one(sentence: str, parts: tuple[str | int, ...]) -> None:
    fragment = only(sentence)
    assert fragment.fits(fragment.parts)
    assert not fragment.fits(parts)


def test_a_sign_stays_at_its_word() -> None:
    assert only("The €zone of ±5 grew").render(("Die ", 0, " Zone um ", 1, " 5 wuchs")) == "Die €Zone um ±5 wuchs"


def test_many_to_keep_make_several_fragments() -> None:
    sentence = " ".join(f"word {{x{number}}}" for number in range(20)) + " end"
    found = fragments(sentence, "en", NO_TERMS)
    assert len(found) == 3
    assert "".join(fragment.render(fragment.parts) for fragment in found).replace(" ", "") == sentence.replace(" ", "")


@pytest.mark.parametrize(
    ("source", "text", "kept"),
    [
        ("It costs 1,234.50 dollars", "Es kostet 1.234,50 Dollar", True),
        ("It costs 1,234 dollars", "Il coûte 1 234 dollars", True),
        ("It costs 1,234 dollars", "Es kostet 1,243 Dollar", False),
        ("In 1990 and 1991", "Im Jahr 1991 und 1990", True),
        ("In 1990", "Im Jahr 19900", False),
        ("twenty people", "20 Personen", True),
        ("20 people", "20 Personen, 20", False),
    ],
)
def test_numbers(source: str, text: str, kept: bool) -> None:
    assert numbers_kept(source, text) is kept
