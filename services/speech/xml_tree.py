"""A small XML tree with byte offsets, from text that nobody trusts: no DTD, no entities of one's own, and limits."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

from shared import errors

if TYPE_CHECKING:
    from pyexpat import XMLParserType


@dataclass(frozen=True, slots=True)
class XmlLimits:
    """What a document may have at most."""

    max_bytes: int = 64_000
    max_depth: int = 32
    max_elements: int = 5_000


@dataclass(frozen=True, slots=True)
class Characters:
    """Text between two tags. ``offsets[i]`` is the byte of the document where character i begins; the last entry is
    where the text ends."""

    text: str
    offsets: tuple[int, ...]


@dataclass(slots=True)
class Element:
    """A tag with what it holds. Bytes [start, end) are the whole element, [inner_start, inner_end) what is inside."""

    name: str
    attributes: dict[str, str]
    start: int
    inner_start: int
    inner_end: int = 0
    end: int = 0
    children: list[Element | Characters] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text inside, tags left out."""
        return "".join(child.text for child in self.children)

    def elements(self, name: str) -> Iterator[Element]:
        """Direct children of that name."""
        return (child for child in self.children if isinstance(child, Element) and child.name == name)


def parse(document: str, aws_code: str, limits: XmlLimits | None = None) -> Element:
    """The root element of ``document``; names keep their prefixes, comments and processing instructions are dropped.

    Raises:
        InvalidArgument: with ``aws_code``; it is not well-formed, declares a document type, or is over a limit.
    """
    limits = limits or XmlLimits()
    try:
        data = document.encode()
    except UnicodeEncodeError:
        raise errors.InvalidArgument("The document has characters that are not Unicode.", aws_code=aws_code) from None
    if len(data) > limits.max_bytes:
        raise errors.InvalidArgument(f"The document has more than {limits.max_bytes} bytes.", aws_code=aws_code)
    builder = _Builder(data, aws_code, limits)
    try:
        builder.parser.Parse(data, True)
    except expat.ExpatError as failure:
        told = expat.errors.messages.get(failure.code, "syntax error")
        raise errors.InvalidArgument(
            f"The document is not well-formed XML: {told} at line {failure.lineno}, column {failure.offset}.",
            aws_code=aws_code,
        ) from None
    assert builder.root is not None
    return builder.root


class _Builder:
    """What expat calls."""

    def __init__(self, data: bytes, aws_code: str, limits: XmlLimits) -> None:
        self._data = data
        self._aws_code = aws_code
        self._limits = limits
        self._open: list[Element] = []
        self._count = 0
        #: Text since the last tag: its pieces and the offsets of its characters.
        self._pieces: list[str] = []
        self._offsets: list[int] = []
        self._text_end = 0
        self.root: Element | None = None
        # The encoding is named here, so that a declaration inside cannot choose another one.
        parser: XMLParserType = expat.ParserCreate("UTF-8")
        parser.buffer_text = False  # joined pieces would lose their offsets
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        self.parser = parser

    def _fail(self, message: str) -> errors.InvalidArgument:
        return errors.InvalidArgument(message, aws_code=self._aws_code)

    def _refuse_doctype(self, *_: object) -> None:
        raise self._fail("A document type declaration (DOCTYPE) is not allowed.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._flush()
        self._count += 1
        if self._count > self._limits.max_elements:
            raise self._fail(f"The document has more than {self._limits.max_elements} elements.")
        if len(self._open) >= self._limits.max_depth:
            raise self._fail(f"Elements are nested more than {self._limits.max_depth} deep.")
        start = self.parser.CurrentByteIndex
        element = Element(name, attributes, start, _tag_end(self._data, start))
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, name: str) -> None:
        self._flush()
        element = self._open.pop()
        index = self.parser.CurrentByteIndex
        if self._data[element.inner_start - 2 : element.inner_start] == b"/>":  # <name/>
            element.inner_end = element.end = element.inner_start
        else:
            element.inner_end, element.end = index, self._data.index(b">", index) + 1

    def _characters(self, text: str) -> None:
        index = self.parser.CurrentByteIndex
        encoded = text.encode()
        self._pieces.append(text)
        # A bare "&" begins an entity, and "\r\n" is told as "\n": then the text is not what stands there.
        if self._data[index : index + 1] != b"&" and self._data.startswith(encoded, index):
            lengths = [len(character.encode()) for character in text]
            self._offsets.extend(itertools.accumulate(lengths[:-1], initial=index))
            self._text_end = index + len(encoded)
        else:  # one character that is written as several: &amp;, &#65;, or a line end of two bytes
            self._offsets.extend([index] * len(text))
            entity = self._data.startswith(b"&", index)
            self._text_end = self._data.index(b";", index) + 1 if entity else index + 2

    def _flush(self) -> None:
        if self._pieces:
            characters = Characters("".join(self._pieces), (*self._offsets, self._text_end))
            self._open[-1].children.append(characters)
            self._pieces, self._offsets = [], []


def _tag_end(data: bytes, start: int) -> int:
    """Where the tag that begins at ``start`` has ended; a ">" within quotes does not end it."""
    quote = 0
    for index in range(start, len(data)):
        byte = data[index]
        if quote:
            quote = 0 if byte == quote else quote
        elif byte in b"\"'":
            quote = byte
        elif byte == 0x3E:
            return index + 1
    return len(data)
