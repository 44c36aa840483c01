from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.translation.html_document import runs


def translated(document: str) -> list[str]:
    return [text for text, is_run in runs(document) if is_run]


PAGE = """<!DOCTYPE html><html lang="en"><head><title>A title</title><style>p { color: red }</style></head>
<body><!-- a comment --><p class="x">One <b>bold</b>
  word &amp; caf&eacute;.</p><br><ul><li>Item</li></ul><pre>kept   code</pre>
<p translate="no">Brand <b>name</b> stays</p><p>Last.<img alt="x"></p><script>if (a < b) alert("no")</script></body></html>"""


def test_runs_of_a_page() -> None:
    assert translated(PAGE) == ["A title", "One <b>bold</b> word &amp; café.", "Item", "Last."]


def test_markup_stays() -> None:
    kept = "".join(text for text, is_run in runs(PAGE) if not is_run)
    for piece in (
        "<!DOCTYPE html>",
        "<style>p { color: red }</style>",
        "<!-- a comment -->",
        '<p class="x">',
        "<pre>kept   code</pre>",
        '<p translate="no">Brand <b>name</b> stays</p>',
        '<script>if (a < b) alert("no")</script>',
    ):
        assert piece in kept


@given(st.text(alphabet="<>/ab p=\"'&;!-\n", max_size=80))
def test_any_text_is_taken_apart(document: str) -> None:
    for text, is_run in runs(document):
        assert text
        assert not (is_run and "\n" in text)


@pytest.mark.parametrize(
    "piece",
    ["<", "<a", "<a ", '<a a="', "<!--", "</", "<![CDATA[", "<?", "<p>x", "<b>x", "<script>", "&#", "&a", "<pre>"],
)
def test_hostile_documents_end(piece: str) -> None:
    """A parser of quadratic cost would need minutes for these, and the test's time limit is less."""
    document = piece * (102_400 // len(piece))
    assert sum(len(text.replace("&lt;", "<")) for text, _ in runs(document)) <= len(document)


def test_what_begins_no_tag_is_text() -> None:
    assert list(runs("<p>a < b and <b>c</b></p>"))[1] == ("a &lt; b and <b>c</b>", True)
