"""HTML taken apart: the running text of each block, with its inline tags, and everything else as it is."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser

#: Tags that stand within a sentence.
_INLINE = frozenset(
    {
        "a",
        "abbr",
        "acronym",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "ins",
        "label",
        "mark",
        "q",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "tt",
        "u",
        "wbr",
    }
)
#: Elements whose contents are no text.
_KEPT = frozenset(
    {"script", "style", "code", "pre", "textarea", "kbd", "samp", "var", "svg", "math", "noscript", "template"}
)
#: Elements without an end tag.
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
MAX_DEPTH = 500


def runs(document: str) -> Iterator[tuple[str, bool]]:
    """The document in order: each stretch, and whether it is a run of text to translate.

    A run is one line: white space is what HTML makes of it, and character references are characters, except those that
    markup needs.
    """
    parser = _Runs()
    parser.feed(document)
    parser.close()
    parser.flush()
    for text, is_run in parser.found:
        if not is_run:
            yield text, False
            continue
        body = text.strip()
        lead, tail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :] if body else ""
        for piece, translatable in ((lead, False), (re.sub(r"\s+", " ", body), True), (tail, False)):
            if piece:
                yield piece, translatable


class _Runs(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[tuple[str, bool]] = []
        self._run: list[str] = []
        #: Open elements whose contents are kept, the outermost first.
        self._kept: list[str] = []

    def flush(self) -> None:
        """End the run."""
        run = "".join(self._run)
        self._run.clear()
        if run:
            self.found.append((run, bool(re.sub(r"<[^>]*>", "", run).strip())))

    def _keep(self, text: str) -> None:
        self.flush()
        self.found.append((text, False))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        raw = self.get_starttag_text() or ""
        if tag in _VOID:
            self._tag(tag, raw)
            return
        untranslated = ("translate", "no") in attrs
        if self._kept or tag in _KEPT or untranslated:
            if len(self._kept) < MAX_DEPTH and (not self._kept or tag == self._kept[0]):
                self._kept.append(tag)
            self._keep(raw)
            return
        self._tag(tag, raw)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag(tag, self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if self._kept:
            if tag == self._kept[0]:
                self._kept.pop()
            self._keep(f"</{tag}>")
            return
        self._tag(tag, f"</{tag}>")

    def _tag(self, tag: str, raw: str) -> None:
        if self._kept or tag not in _INLINE:
            self._keep(raw)
        else:
            self._run.append(raw)

    def handle_data(self, data: str) -> None:
        if self._kept:
            self._keep(data)
        else:
            self._run.append(data)

    def handle_entityref(self, name: str) -> None:
        self._reference(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._reference(f"&#{name};")

    def _reference(self, raw: str) -> None:
        character = html.unescape(raw)
        if self._kept:
            self._keep(raw)
        elif character in "<>&\u00a0" or character == raw:
            self._run.append(raw)
        else:
            self._run.append(character)

    def handle_comment(self, data: str) -> None:
        self._keep(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self._keep(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self._keep(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self._keep(f"<![{data}]>")
