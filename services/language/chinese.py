"""Simplified or traditional Chinese, by which characters a text uses.

The national character sets tell the two apart: GB 2312 (1980) has the simplified forms, Big5 (1984) the traditional
ones. A character that only one of them has is a vote.
"""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=8192)
def _vote(character: str) -> int:
    """+1 traditional only, -1 simplified only, 0 both or neither."""
    return _encodes(character, "big5") - _encodes(character, "gb2312")


def _encodes(character: str, codec: str) -> int:
    try:
        character.encode(codec)
    except UnicodeEncodeError:
        return 0
    return 1


def chinese_script(text: str) -> str:
    """``zh-TW`` for traditional characters, ``zh`` for simplified ones and where nothing tells."""
    votes = sum(_vote(c) for c in text if "\u4e00" <= c <= "\u9fff")
    return "zh-TW" if votes > 0 else "zh"
