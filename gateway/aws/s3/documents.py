"""The XML documents of S3: built from nested Python values, parsed with limits."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from shared import errors

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

#: An element's content: text, child elements by name, or several elements of one name.
Content = str | int | bool | None | Mapping[str, "Content"] | Sequence["Content"]

# What XML 1.0 has no way to write. Clients that list such keys ask for encoding-type=url.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def build_document(root: str, content: Mapping[str, Content], *, namespace: str | None = NAMESPACE) -> bytes:
    """``content`` as XML below ``root``. None leaves an element out."""
    attribute = f' xmlns="{namespace}"' if namespace else ""
    inner = "".join(_element(name, value) for name, value in content.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}{attribute}>{inner}</{root}>'.encode()


def _element(name: str, value: Content) -> str:
    match value:
        case None:
            return ""
        case bool():
            return f"<{name}>{str(value).lower()}</{name}>"
        case str() | int():
            text = _UNWRITABLE.sub("\ufffd", escape(str(value), {"\r": "&#13;"}))
            return f"<{name}>{text}</{name}>"
        case Mapping():
            return f"<{name}>" + "".join(_element(child, inner) for child, inner in value.items()) + f"</{name}>"
        case _:
            return "".join(_element(name, item) for item in value)


def parse_document(body: bytes, root: str) -> ElementTree.Element:
    """The root element; namespaces are dropped from all names. Raises InvalidArgument (MalformedXML)."""
    malformed = errors.InvalidArgument("the body is not the XML that the operation takes", aws_code="MalformedXML")
    # No document of S3 has a DTD; without one there are no entities to blow up.
    if b"<!DOCTYPE" in body or b"\0" in body:
        raise malformed
    try:
        element = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise malformed from error
    for item in element.iter():
        item.tag = item.tag.rpartition("}")[2]
    if element.tag != root:
        raise malformed
    return element


def url_encoded(text: str) -> str:
    """As encoding-type=url writes keys."""
    return quote(text, safe="/")


def iso_time(seconds: float) -> str:
    """Unix seconds as S3 writes them in XML."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
