"""Known phrases found in a text: the values of a slot type, the cities of the world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from services.conversation.understanding.built_in.match import Match
from services.conversation.understanding.words import Word, words_of

_SHORTEST_MISTYPED = 5  # letters; shorter words have too many neighbours


class Phrases:
    """Phrases and what each stands for. A phrase is found word by word, whatever its case and marks."""

    def __init__(self, phrases: Iterable[tuple[str, str]]) -> None:
        """``phrases``: (what is said, what it stands for); the first of two with the same words counts."""
        self._known: dict[tuple[str, ...], str] = {}
        for said, value in phrases:
            key = _key(words_of(said))
            if key:
                self._known.setdefault(key, value)
        self._longest = max((len(key) for key in self._known), default=0)

    def __len__(self) -> int:
        return len(self._known)

    def value(self, phrase: str) -> str | None:
        """What the whole phrase stands for; a slip of one letter in a long word is forgiven."""
        key = _key(words_of(phrase))
        found = self._known.get(key)
        return found if found is not None or not key else self._mistyped(key)

    def find(self, words: Sequence[Word]) -> list[Match]:
        """The longest phrases from left to right, not overlapping."""
        said = [w for w in words if w.lower[0].isalnum()]
        found: list[Match] = []
        at = 0
        while at < len(said):
            for length in range(min(self._longest, len(said) - at), 0, -1):
                value = self._known.get(tuple(w.lower for w in said[at : at + length]))
                if value is not None:
                    found.append(Match(said[at].begin, said[at + length - 1].end, (value,)))
                    at += length - 1
                    break
            at += 1
        return found

    def _mistyped(self, key: tuple[str, ...]) -> str | None:
        """The value of the only phrase one edit away; None where there are several, or none."""
        joined = " ".join(key)
        if len(joined) < _SHORTEST_MISTYPED or len(self._known) > 2000:
            return None
        near = {value for known, value in self._known.items() if _one_edit(" ".join(known), joined)}
        return near.pop() if len(near) == 1 else None


def _key(words: Sequence[Word]) -> tuple[str, ...]:
    return tuple(w.lower for w in words if w.lower[0].isalnum())


def _one_edit(a: str, b: str) -> bool:
    """Whether one letter added, left out, changed, or two neighbours swapped make ``b`` of ``a``."""
    if abs(len(a) - len(b)) > 1 or min(len(a), len(b)) < _SHORTEST_MISTYPED - 1:
        return False
    begin = 0
    while begin < min(len(a), len(b)) and a[begin] == b[begin]:
        begin += 1
    rest_a, rest_b = a[begin:], b[begin:]
    return (
        rest_a[1:] == rest_b[1:]
        or rest_a[1:] == rest_b
        or rest_a == rest_b[1:]
        or (len(rest_a) > 1 and len(rest_b) > 1 and rest_a[:2] == rest_b[1::-1] and rest_a[2:] == rest_b[2:])
    )


def spoken_values(values: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """(what is said, value) of values with their synonyms."""
    return [(said, value) for value, synonyms in values.items() for said in (value, *synonyms)]
