"""HTML taken apart: the running text of each block, with its inline tags, and everything else as it is."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

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
#: Elements whose contents are not even markup.
_RAW = frozenset({"script", "style", "textarea"})
#: What ends each of the things that begin with an exclamation or a question mark.
_ENDS = {"<!--": "-->", "<![CDATA[": "]]>", "<!": ">", "<?": ">"}
#: Of linear cost on any text: no part of it reads past the next "<". (html.parser needs minutes for 100 KB of "<a ".)
_TOKEN = re.compile(
    r"(?P<special><!--|<!\[CDATA\[|<[!?])"
    r"|<(?P<close>/?)(?P<name>[A-Za-z][\w:-]{0,60})(?P<attributes>(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)>"
    r"|<|[^<]+"
)
_TAG_LETTER = re.compile(r"[A-Za-z/]")
_UNTRANSLATED = re.compile(r"""\stranslate\s*=\s*["']?no\b""", re.IGNORECASE)
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][\dA-Fa-f]{1,6}|[A-Za-z][A-Za-z\d]{1,31});")


def runs(document: str) -> Iterator[tuple[str, bool]]:
    """The document in order: each stretch, and whether it is a run of text to translate.

    A run is one line: white space is what HTML makes of it, and character references are characters, except those that
    markup needs.
    """
    for text, is_run in _Scanner(document).scan():
        if not is_run:
            yield text, False
            continue
        body = text.strip()
        lead, tail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :] if body else ""
        for piece, translatable in ((lead, False), (re.sub(r"\s+", " ", body), True), (tail, False)):
            if piece:
                yield piece, translatable


class _Scanner:
    """Tells runs of text with inline tags from everything else."""

    def __init__(self, document: str) -> None:
        self._document = document
        self._run: list[str] = []
        #: Name of the outermost open element whose contents are kept, and how many of that name are open.
        self._kept, self._open = "", 0

    def scan(self) -> Iterator[tuple[str, bool]]:
        """Stretches in order, and whether each is a run."""
        position = 0
        while position < len(self._document):
            token = _TOKEN.match(self._document, position)
            assert token is not None
            end = token.end()
            if token["special"]:
                close = _ENDS[token["special"]]
                found = self._document.find(close, end)
                end = len(self._document) if found < 0 else found + len(close)
            elif token["name"] and self._stays(token):
                if token["name"].lower() in _RAW and not token["close"]:
                    found_end = re.compile(rf"</{token['name']}", re.IGNORECASE).search(self._document, end)
                    end = len(self._document) if found_end is None else found_end.start()
            elif self._open == 0:
                # A "<" that begins no tag is a character of the text.
                if token[0] == "<" and _TAG_LETTER.match(self._document, end) is None:
                    self._run.append("&lt;")
                else:
                    self._run.append(token[0] if token["name"] else _REFERENCE.sub(_character, token[0]))
                position = end
                continue
            yield from self._flushed()
            yield self._document[position:end], False
            position = end
        yield from self._flushed()

    def _flushed(self) -> Iterator[tuple[str, bool]]:
        run = "".join(self._run)
        self._run.clear()
        if run:
            yield run, bool(re.sub(r"<[^<>]*>", "", run).strip())

    def _stays(self, token: re.Match[str]) -> bool:
        """Whether a tag is no part of a run; keeps count of the elements whose contents stay."""
        name, attributes = token["name"].lower(), token["attributes"]
        if self._open:
            if name == self._kept and not attributes.endswith("/"):
                self._open += -1 if token["close"] else 1
            return True
        if token["close"] or name in _VOID or attributes.endswith("/"):
            return name not in _INLINE
        if name in _KEPT or _UNTRANSLATED.search(attributes):
            self._kept, self._open = name, 1
            return True
        return name not in _INLINE


def _character(reference: re.Match[str]) -> str:
    """The character that a reference means, unless markup needs the reference."""
    character = html.unescape(reference[0])
    return reference[0] if character in "<>&\u00a0" else character
