"""Features of a word in its sentence, hashed: what a linear part-of-speech tagger looks at.

The word and its neighbours, their beginnings, endings and letter shapes (after Ratnaparkhi 1996), each as the CRC-32
of its text modulo the size of the table (feature hashing, Weinberger et al. 2009).
"""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np
import numpy.typing as npt

FEATURES = 25
_EDGE = "\x02"


def _shape(word: str) -> str:
    """Runs of capitals, small letters, digits and marks: ``Paris`` -> ``Xx``, ``2001`` -> ``9``."""
    out = ""
    for character in word[:24]:
        kind = "X" if character.isupper() else "x" if character.isalpha() else "9" if character.isdigit() else character
        if not out.endswith(kind):
            out += kind
    return out[:6]


def hashed_features(words: Sequence[str], buckets: int) -> npt.NDArray[np.int64]:
    """Rows of a weight table for each word, (words, FEATURES)."""
    padded = [_EDGE, _EDGE, *(w[:40] for w in words), _EDGE, _EDGE]
    lower = [w.lower() for w in padded]
    shapes = [_shape(w) for w in padded]
    rows = np.empty((len(words), FEATURES), np.int64)
    for place in range(len(words)):
        i = place + 2
        word, before, after = lower[i], lower[i - 1], lower[i + 1]
        texts = (
            "b", f"w{word}", f"c{padded[i]}", f"s{shapes[i]}", f"1{word[-1:]}", f"2{word[-2:]}", f"3{word[-3:]}",
            f"4{word[-4:]}", f"5{word[-5:]}", f"p{word[:1]}", f"q{word[:2]}", f"r{word[:3]}", f"<{before}", f">{after}",
            f"<3{before[-3:]}", f">3{after[-3:]}", f"<<{lower[i - 2]}", f">>{lower[i + 2]}", f"<s{shapes[i - 1]}",
            f">s{shapes[i + 1]}", f"<w{before}|{word}", f"w>{word}|{after}", f"<2{before}|{word[-2:]}",
            f"f{place == 0}{shapes[i]}", f"<>{before[-2:]}|{after[-2:]}",
        )  # fmt: skip
        rows[place] = [crc32(text.encode("utf-8", "surrogatepass")) % buckets for text in texts]
    return rows
