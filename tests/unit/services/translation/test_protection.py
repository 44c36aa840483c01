from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.translation.protection import Kind, protected


def kept(text: str, language: str = "en") -> list[str]:
    return [text[span.begin : span.end] for span in protected(text, language)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Click <a href="x.html">here</a>!', ['<a href="x.html">', "</a>"]),
        ("See https://a.org/b?c=(1). Or www.b.org/x, now", ["https://a.org/b?c=(1)", "www.b.org/x"]),
        ("Mail joe.doe+x@mail.example.org.", ["joe.doe+x@mail.example.org"]),
        (
            "Hi {name}, {{ user.age }} of ${max} and %s, %1$d, %(n)s",
            ["{name}", "{{ user.age }}", "${max}", "%s", "%1$d", "%(n)s"],
        ),
        ("Run `pip install x` or --force", ["`pip install x`", "--force"]),
        ("Write ``a`b`` here", ["``a`b``"]),
        ("Open src/main/x.py, /etc/hosts/y and setup.cfg", ["src/main/x.py", "/etc/hosts/y", "setup.cfg"]),
        ("Set my_var, call getName() on iPhone", ["my_var", "getName()", "iPhone"]),
        ("A4-778-B, v2.1.0 and 1.2.3", ["A4-778-B", "v2.1.0", "1.2.3"]),
        ("Fish &amp; chips&nbsp;&#233;", ["&amp;", "&nbsp;", "&#233;"]),
        ("Thanks @anna #party, order #A-7781", ["@anna", "#party", "#A-7781"]),
        ("It is $1,299.95, 25,50 € or £5.", ["$1,299.95", "25,50 €", "£5"]),
        ("Great 😀👩‍👩‍👧 ❤️!", ["😀👩‍👩‍👧", "❤️"]),
        ("a" * 70 + " b", ["a" * 70]),
        ("Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen", []),
        ("x\x00y\x1b", ["\x00", "\x1b"]),
        ("Москва is Moscow", ["Москва"]),
        ("COVID-19, a 3-year plan, 1990s, 20th, 5pm, 100% sure, and/or, e.g. this", []),
        ("I said: <3 and 5 < 6 > 4", []),
        ("Über den Wolken: café, naïve, Noël", []),
        ("20 °C, ₹500, 5 ₽ or 5&nbsp;€ for the €", ["20 °C", "₹500", "5 ₽", "5&nbsp;€", "€"]),
        ("±5, ½, 3 × 4, § 7, 10‰, ~9 and ©", ["±", "½", "×", "§", "‰", "~", "©"]),
        ("Acme™ writes C# on 5 m² and CO₂", ["Acme™", "C#", "m²", "CO₂"]),
        ("Erdoğan in Łódź, a Škoda and an eﬀort", ["Erdoğan", "Łódź", "Škoda"]),
        ("Dear {First Name}, x", ["{First Name}"]),
    ],
)
def test_what_is_kept(text: str, expected: list[str]) -> None:
    assert kept(text) == expected


def test_letters_of_the_language_itself() -> None:
    assert kept("Привет, мир", "ru") == []


def test_kinds() -> None:
    kinds = [span.kind for span in protected("<b>x</b> 😀 https://a.org", "en")]
    assert kinds == [Kind.TAG, Kind.TAG, Kind.SYMBOL, Kind.WORD]


@given(st.text(max_size=120) | st.text(alphabet="<>a/.&;{}%_-@#1 `", max_size=120))
def test_spans_are_in_order(text: str) -> None:
    position = 0
    for span in protected(text, "en"):
        assert position <= span.begin < span.end <= len(text)
        position = span.end


@pytest.mark.parametrize(
    "text",
    [
        "<" * 5000,
        "a-" * 5000,
        "{" * 5000,
        "/a" * 5000,
        "a." * 5000,
        "%(" * 5000,
        "`a" * 5000,
        "&a" * 5000,
        "a@" * 5000,
        "_" * 5000,
        "aA" * 5000,
    ],
)
def test_hostile_texts_end(text: str) -> None:
    protected(text[:10_000], "en")
