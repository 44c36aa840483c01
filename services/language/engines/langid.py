"""Dominant language by py3langid: naive Bayes over byte n-grams (Lui and Baldwin 2012), some 140 languages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.language.chinese import chinese_script
from services.language.tasks import Document, RankedLanguage
from shared.models.catalog import CatalogEntry

_LONGEST_READ = 20_000  # characters; more change no decision and cost time
_LEAST_SCORE = 0.01
_MOST_LANGUAGES = 10

#: Labels told under another name: regional Chinese is Chinese, and both Norwegian norms are Norwegian.
_TOLD_AS = {"nb": "no", "nn": "no", "wuu": "zh", "arz": "ar", "ary": "ar"}
#: Labels left out: not languages that text comes in today.
_NEVER = frozenset(["zxx", "hbo", "grc", "guw", "gcr", "gcf", "ltg", "ext", "fuv", "uzs", "sdh", "vo"])
#: How often texts come in a language (a rough share of the web, per mille): the prior that short texts need.
_COMMON = {
    "en": 400, "ru": 50, "es": 50, "de": 50, "fr": 45, "ja": 45, "zh": 45, "pt": 35, "it": 25, "tr": 20,
    "pl": 18, "nl": 18, "fa": 15, "vi": 12, "id": 15, "cs": 10, "ko": 12, "ar": 15, "uk": 10, "el": 8, "he": 8,
    "sv": 10, "ro": 8, "hu": 7, "th": 7, "da": 7, "sk": 4, "fi": 6, "bg": 5, "no": 7, "hr": 3, "hi": 8, "bn": 5,
    "lt": 3, "sr": 3, "ca": 3, "sl": 2, "et": 2, "lv": 2, "ur": 3, "ta": 3, "ms": 3,
}  # fmt: skip
_RARE = 0.7


class LangidEngine:
    """Implements ``LanguageIdentifier``."""

    def __init__(self) -> None:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        self._identifier: Any = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    def run(self, items: Sequence[Document]) -> list[list[RankedLanguage]]:
        return [self._rank(item.text) for item in items]

    def close(self) -> None:
        self._identifier = None

    def _rank(self, text: str) -> list[RankedLanguage]:
        text = _sample(text)
        letters = sum(c.isalpha() for c in text)
        if letters == 0:
            return [RankedLanguage("zxx", 1.0)]
        mass: dict[str, float] = {}
        # The prior counts for as much as a few words do; with more text it fades (the likelihood is tempered by
        # the root of the length, so a fixed power would outweigh it).
        strength = min(0.4, 3 / math.sqrt(letters))
        for label, probability in self._identifier.rank(text):
            if label not in _NEVER:
                code = _TOLD_AS.get(label, label)
                mass[code] = mass.get(code, 0.0) + probability * _COMMON.get(code, _RARE) ** strength
        total = sum(mass.values())
        ranked = sorted(((m / total, code) for code, m in mass.items()), reverse=True)[:_MOST_LANGUAGES]
        kept = [r for r in ranked if r[0] >= _LEAST_SCORE]
        return [RankedLanguage(chinese_script(text) if code == "zh" else code, min(1.0, score)) for score, code in kept]


def _sample(text: str) -> str:
    """The text, or begin, middle and end of a long one."""
    if len(text) <= _LONGEST_READ:
        return text
    third = _LONGEST_READ // 3
    middle = len(text) // 2
    return f"{text[:third]} {text[middle : middle + third]} {text[-third:]}"


def load(entry: CatalogEntry, directory: Path, device: str) -> LangidEngine:
    """The wheel brings the model: nothing is read from ``directory``."""
    return LangidEngine()
