"""TMX 1.4 (Translation Memory eXchange, LISA): the units of a file that nobody trusts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from xml.parsers import expat

from shared import errors

if TYPE_CHECKING:
    from pyexpat import XMLParserType

#: One unit: its text in each language.
Unit = Mapping[str, str]

MAX_DEPTH = 16
MAX_ELEMENTS = 2_000_000
#: Elements inside a segment whose contents are codes of another format, not text.
_CODES = frozenset(["bpt", "ept", "ph", "it", "ut"])


def read_units(data: bytes) -> tuple[str, Sequence[Unit]]:
    """The source language that the header names ("" if it names none), and the units.

    A document type may be named, as most such files do; it is never read, and one inside the file is refused.

    Raises:
        InvalidArgument: InvalidParameterValueException; it is no TMX.
    """
    reader = _Reader()
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as failure:
        told = expat.errors.messages.get(failure.code, "syntax error")
        raise _invalid(f"The file is not well-formed XML: {told} at line {failure.lineno}.") from None
    if not reader.is_tmx:
        raise _invalid("The outermost element must be <tmx>.")
    return reader.source, reader.units


class _Reader:
    """What expat calls."""

    def __init__(self) -> None:
        self.source = ""
        self.units: list[dict[str, str]] = []
        self.is_tmx = False
        self._depth = 0
        self._count = 0
        self._unit: dict[str, str] = {}
        self._language = ""
        self._text: list[str] | None = None
        self._codes = 0
        parser: XMLParserType = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._entity
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        self.parser = parser

    def _doctype(self, name: str, system: str | None, public: str | None, has_subset: int) -> None:
        if has_subset:
            raise _invalid("A document type inside the file is not allowed.")

    def _entity(self, *_: object) -> None:
        raise _invalid("Entities of one's own are not allowed.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise _invalid("The file has too many elements, or elements nested too deep.")
        if self._depth == 1:
            self.is_tmx = name == "tmx"
            if not self.is_tmx:
                raise _invalid("The outermost element must be <tmx>.")
        if name == "header":
            named = attributes.get("srclang", "")
            self.source = "" if named == "*all*" else _code(named)
        elif name == "tu":
            self._unit = {}
        elif name == "tuv":
            self._language = _code(attributes.get("xml:lang") or attributes.get("lang") or "")
        elif name == "seg":
            self._text = []
        elif self._text is not None and name in _CODES:
            self._codes += 1

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name == "seg" and self._text is not None:
            text = " ".join("".join(self._text).split())
            if self._language and text:
                self._unit.setdefault(self._language, text)
            self._text, self._codes = None, 0
        elif name == "tu" and self._unit:
            self.units.append(self._unit)
        elif self._text is not None and name in _CODES:
            self._codes -= 1

    def _characters(self, text: str) -> None:
        if self._text is not None and not self._codes:
            self._text.append(text)


def _code(name: str) -> str:
    """A language as Translate writes it: EN-US is en (there is no other English to tell it from), es-mx is es-MX."""
    language, _, region = name.strip().replace("_", "-").partition("-")
    code = f"{language.lower()}-{region.upper()}" if region else language.lower()
    return code if code in ("es-MX", "fr-CA", "pt-PT", "zh-TW", "fa-AF") else language.lower()


def _invalid(message: str) -> errors.InvalidArgument:
    return errors.InvalidArgument(message, aws_code="InvalidParameterValueException")
