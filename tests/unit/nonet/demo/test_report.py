"""The demo's report: what is told stands on the page, and nothing that was read can change the page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nonet.demo.report import Report, Row, Section, html
from nonet.demo.stage import settled


class Reader(HTMLParser):
    """The text and the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_has_what_was_told(tmp_path: Path) -> None:
    report = Report(tmp_path / "kept")
    report.title("Polly: a sentence")
    answer = {"ResponseMetadata": {"HTTPHeaders": {"nonet-model": "flite"}}}
    report.row("SynthesizeSpeech", "17 KB", 1.5, answer)
    report.keep("speech.mp3", b"sound", "Your train")
    report.keep("plot.svg", b"<svg/>", "A plot")
    report.line("  Your 0.22 s")
    page = report.write()
    assert page == tmp_path / "kept" / "report.html"
    text = page.read_text()
    assert (tmp_path / "kept" / "speech.mp3").read_bytes() == b"sound"
    reader = Reader()
    reader.feed(text)
    assert all(told in reader.text for told in ("Polly: a sentence", "1,500 ms", "flite", "Your train", "Your 0.22 s"))
    assert reader.tags.count("audio") == 1 and reader.tags.count("img") == 1
    assert all(len(re.findall(f"<{tag}[ >]", text)) == text.count(f"</{tag}>") for tag in ("table", "pre", "figure"))


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    report = Report()
    report.title("A")
    report.keep("speech.mp3", b"sound", "Your train")
    assert report.write() is None
    assert not list(tmp_path.iterdir())


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_texts_stay_texts(text: str) -> None:
    plain, reader = Reader(), Reader()
    plain.feed(html([Section("a", [Row("b", "c", 0, "d"), "e"])]))
    reader.feed(html([Section(text, [Row(text, text, 0, text), text])]))
    assert reader.tags == plain.tags
    assert text in reader.text


def test_a_status_is_asked_for_until_it_is_the_last() -> None:
    statuses = iter(["CREATE_PENDING", "CREATE IN_PROGRESS", "ACTIVE", "never asked"])
    assert settled("Create", lambda: next(statuses)) == "ACTIVE"
    with pytest.raises(RuntimeError, match="Import: CREATE_FAILED bad row"):
        settled("Import", lambda: "CREATE_FAILED bad row")
