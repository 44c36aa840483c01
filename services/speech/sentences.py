"""Where sentences end in a text that is to be spoken."""

from __future__ import annotations

from collections.abc import Iterator

import regex

#: Full stops after these do not end a sentence.
_ABBREVIATIONS = frozenset({
    "mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "vs", "etc", "e.g", "i.e", "u.s", "u.k", "no", "nr", "fig", "al",
    "inc", "ltd", "co", "corp", "dept", "approx", "bzw", "z.b", "d.h", "usw", "ca", "hr", "fr", "m", "mme", "mlle",
    "a.m", "p.m", "sig", "sra", "dott", "ing",
})  # fmt: skip
_END = regex.compile(
    # Closing quotes and brackets belong to the sentence that ends before them.
    r"(?:[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[」』”’）]*|\n\s*\n)"
)
_LAST_WORD = regex.compile(r"(?<![^\s(\"'])[\p{L}.]+$")


def sentence_ends(text: str) -> Iterator[int]:
    """Positions in ``text`` after which a new sentence begins, in order."""
    for match in _END.finditer(text):
        if match.group().startswith(".") and not match.group().startswith("..") and _is_abbreviation(text, match):
            continue
        yield match.end()


def _is_abbreviation(text: str, match: regex.Match[str]) -> bool:
    before = _LAST_WORD.search(text, max(0, match.start() - 24), match.start())
    if before is None:
        return False
    word = before.group()
    if word.lower().strip(".") in _ABBREVIATIONS:
        # "etc. The" ends a sentence all the same; "Dr. Who" does not.
        following = text[match.end() :].lstrip()[:1]
        return following.islower() or following.isdigit() or word[:1].isupper()
    # An initial: "J. Smith".
    return len(word) == 1 and word.isupper() and word != "I"
