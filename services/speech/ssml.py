"""SSML 1.1 as Polly documents it -> script. Malformed SSML, and tags that no engine here can do, are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from services.speech import prosody, say_as
from services.speech.alphabets import to_ipa
from services.speech.faults import invalid_ssml
from services.speech.homographs import ROLES, pronunciation
from services.speech.script import Mark, Rest, Script, ScriptBuilder, Style, Word
from services.speech.xml_tree import Characters, Element, parse

#: Tags and the attributes that each may have; those of <speak> describe the document and change nothing.
_ATTRIBUTES: dict[str, frozenset[str]] = {
    "speak": frozenset(
        {"version", "xmlns", "xml:lang", "xmlns:xsi", "xsi:schemaLocation", "xmlns:amazon", "onlangfailure"}
    ),
    "break": frozenset({"time", "strength"}),
    "emphasis": frozenset({"level"}),
    "lang": frozenset({"xml:lang", "onlangfailure"}),
    "mark": frozenset({"name"}),
    "p": frozenset(),
    "s": frozenset(),
    "phoneme": frozenset({"alphabet", "ph"}),
    "prosody": frozenset({"rate", "pitch", "volume"}),
    "say-as": frozenset({"interpret-as", "format", "detail"}),
    "sub": frozenset({"alias"}),
    "w": frozenset({"role"}),
    "amazon:effect": frozenset({"name", "phonation", "vocal-tract-length"}),
}
#: Tags of Polly's that no engine here can do, and why.
_UNAVAILABLE = {
    "amazon:domain": "speaking styles belong to neural voices, and none is installed",
    "amazon:breath": "no engine here breathes",
    "amazon:auto-breaths": "no engine here breathes",
    "amazon:emotion": "no engine here has emotions",
}
_PARAGRAPH_MS = prosody.STRENGTHS["x-strong"]


def ssml_script(document: str, style: Style) -> Script:
    """The script of an SSML document whose voice speaks in ``style``.

    Raises:
        InvalidArgument: InvalidSsmlException; the message says which tag or attribute is wrong.
    """
    root = parse(document, "InvalidSsmlException")
    if root.name != "speak":
        raise invalid_ssml("The outermost element must be <speak>.")
    walk = _Walk(style.language)
    walk.element(root, style)
    return walk.builder.build()


class _Walk:
    """Goes through the tree in document order and tells the builder."""

    def __init__(self, language: str) -> None:
        self.builder = ScriptBuilder()
        self._language = language
        self._tags: dict[str, Callable[[Element, Style], None]] = {
            "speak": self.inside,
            "break": self._break,
            "emphasis": self._emphasis,
            "lang": self._lang,
            "mark": self._mark,
            "p": self._paragraph,
            "s": self._sentence,
            "phoneme": self._phoneme,
            "prosody": self._prosody,
            "say-as": self._say_as,
            "sub": self._sub,
            "w": self._w,
            "amazon:effect": self._effect,
        }

    def element(self, element: Element, style: Style) -> None:
        if element.name in _UNAVAILABLE:
            raise invalid_ssml(f"<{element.name}> is not available: {_UNAVAILABLE[element.name]}.")
        tag = self._tags.get(element.name)
        if tag is None:
            raise invalid_ssml("There is a tag that is not part of SSML; known are: " + ", ".join(_ATTRIBUTES) + ".")
        if unknown := element.attributes.keys() - _ATTRIBUTES[element.name]:
            allowed = ", ".join(sorted(_ATTRIBUTES[element.name])) or "none"
            raise invalid_ssml(f"<{element.name}> has {len(unknown)} attributes it cannot have; it takes: {allowed}.")
        tag(element, style)

    def inside(self, element: Element, style: Style) -> None:
        for child in element.children:
            if isinstance(child, Characters):
                self.builder.text(child.text, child.offsets, style)
            elif child.name == "speak":
                raise invalid_ssml("<speak> must not be inside another element.")
            else:
                self.element(child, style)

    def _break(self, element: Element, style: Style) -> None:
        _nothing_inside(element)
        if "time" in element.attributes:
            length = prosody.milliseconds(element.attributes["time"])
        else:
            strength = element.attributes.get("strength", "medium")
            if strength not in prosody.STRENGTHS:
                raise invalid_ssml(f"The strength of <break> is one of {', '.join(prosody.STRENGTHS)}.")
            length = prosody.STRENGTHS[strength]
        if length:
            self.builder.between(Rest(length))

    def _mark(self, element: Element, style: Style) -> None:
        _nothing_inside(element)
        name = _required(element, "name")
        self.builder.between(Mark(name, element.start, element.end))

    def _emphasis(self, element: Element, style: Style) -> None:
        level = element.attributes.get("level", "moderate")
        if level not in prosody.EMPHASES:
            raise invalid_ssml(f"The level of <emphasis> is one of {', '.join(prosody.EMPHASES)}.")
        factor, gain = prosody.EMPHASES[level]
        self.inside(element, replace(style, rate=style.rate * factor, gain_db=style.gain_db + gain))

    def _prosody(self, element: Element, style: Style) -> None:
        given = element.attributes
        if not given:
            raise invalid_ssml("<prosody> needs rate, pitch or volume.")
        rate, pitch = prosody.rate(given.get("rate", "medium")), prosody.pitch(given.get("pitch", "medium"))
        gain = prosody.volume(given.get("volume", "medium"))
        self.inside(
            element,
            replace(style, rate=style.rate * rate, pitch=style.pitch * pitch, gain_db=style.gain_db + gain),
        )

    def _lang(self, element: Element, style: Style) -> None:
        self.inside(element, replace(style, language=_required(element, "xml:lang")))

    def _effect(self, element: Element, style: Style) -> None:
        if element.attributes != {"name": "whispered"}:
            raise invalid_ssml('Of <amazon:effect> only name="whispered" is available: no engine here does the others.')
        self.inside(element, replace(style, whispered=True))

    def _paragraph(self, element: Element, style: Style) -> None:
        self.builder.boundary()
        self.inside(element, style)
        self.builder.between(Rest(_PARAGRAPH_MS))
        self.builder.boundary()

    def _sentence(self, element: Element, style: Style) -> None:
        self.builder.boundary()
        self.inside(element, style)
        self.builder.boundary()

    def _phoneme(self, element: Element, style: Style) -> None:
        alphabet = element.attributes.get("alphabet", "ipa")
        if alphabet not in ("ipa", "x-sampa"):
            raise invalid_ssml("The alphabet of <phoneme> is ipa or x-sampa.")
        try:
            ipa = to_ipa(_required(element, "ph"), alphabet)
        except ValueError as problem:
            raise invalid_ssml(f"The ph of <phoneme> is not {alphabet}: {problem}.") from None
        self._fixed(element, style, _text_only(element), ipa)

    def _sub(self, element: Element, style: Style) -> None:
        _text_only(element)
        self._fixed(element, style, _required(element, "alias"))

    def _w(self, element: Element, style: Style) -> None:
        role = _required(element, "role")
        if role not in ROLES:
            raise invalid_ssml(f"The role of <w> is one of {', '.join(sorted(ROLES))}.")
        text = _text_only(element)
        self._fixed(element, style, text, pronunciation(text.strip(), role, style.language or self._language))

    def _say_as(self, element: Element, style: Style) -> None:
        kind, format_ = _required(element, "interpret-as"), element.attributes.get("format", "")
        text = _text_only(element)
        if kind == say_as.EXPLETIVE:
            self.builder.between(Rest(100 * max(3, min(len(text), 10)), tone=True), billed=len(text))
            return
        spoken = say_as.spoken_form(text.strip(), kind, format_, style.language or self._language)
        self._fixed(element, style, spoken)

    def _fixed(self, element: Element, style: Style, spoken: str, ipa: str = "") -> None:
        text = element.text
        if not spoken.strip():
            if text.strip() or ipa:
                raise invalid_ssml(f"<{element.name}> has no text that it says.")
            return
        # The mark of the word is on what is written inside, without the blanks around it.
        begin = element.inner_start + len(text[: len(text) - len(text.lstrip())].encode())
        end = element.inner_end - len(text[len(text.rstrip()) :].encode())
        word = Word(spoken.strip(), text.strip(), begin, max(begin, end), style, ipa, fixed=True)
        self.builder.word(word, element.start, element.end, billed=len(text))


def _required(element: Element, name: str) -> str:
    value = element.attributes.get(name, "").strip()
    if not value:
        raise invalid_ssml(f"<{element.name}> needs the attribute {name}.")
    return value


def _nothing_inside(element: Element) -> None:
    if element.children:
        raise invalid_ssml(f"<{element.name}> must be empty.")


def _text_only(element: Element) -> str:
    if any(isinstance(child, Element) for child in element.children):
        raise invalid_ssml(f"<{element.name}> must have text only.")
    return element.text
