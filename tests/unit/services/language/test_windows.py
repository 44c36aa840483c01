from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.language.tokens import tokenise
from services.language.windows import cut
from services.language.wordpieces import NEWLINE


@given(st.text(alphabet="aB .\n!", max_size=400), st.booleans())
def test_windows_cover_all_tokens_in_order(text: str, line_breaks: bool) -> None:
    windows = cut(text, line_breaks=line_breaks)
    assert [t for w in windows for t in w.tokens] == tokenise(text)
    for window in windows:
        assert len(window.tokens) <= 70
        assert [window.words[row] for row in window.rows] == [t.text for t in window.tokens]


def test_line_breaks_are_words_where_asked_for() -> None:
    text = "Anna Miller\n12 High St"
    (window,) = cut(text, line_breaks=True)
    assert window.words == ["Anna", "Miller", NEWLINE, "12", "High", "St"]
    (window,) = cut(text)
    assert NEWLINE not in window.words
