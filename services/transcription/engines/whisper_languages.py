"""Whisper's languages (ISO 639-1) and the codes by which Transcribe's callers name them."""

from __future__ import annotations

#: Codes that differ from Whisper's beyond the region.
_OTHER = {"nb": "no", "cmn": "zh", "he": "he", "fil": "tl"}


def whisper_code(language: str) -> str:
    """Whisper's code of "en-GB", "zh-TW", ..."""
    code = language.split("-")[0].lower()
    return _OTHER.get(code, code)
