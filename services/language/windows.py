"""A document cut into windows of words that an encoder takes, with line breaks told as words; and its spans in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.language.sentences import split_sentences, windows
from services.language.spans import decode_spans
from services.language.tasks import TextSpan
from services.language.tokens import Token, tokenise
from services.language.wordpieces import NEWLINE

#: Words of a window. Sentences are packed up to this; the encoder was trained on windows of this size.
_WINDOW_WORDS = 70


@dataclass(frozen=True, slots=True)
class Window:
    """Some tokens of a document; ``words`` is what the encoder reads and ``rows[i]`` the place of token i in it."""

    tokens: Sequence[Token]
    words: list[str]
    rows: list[int]


def cut(text: str, language: str = "en", *, line_breaks: bool = False) -> list[Window]:
    """The windows of a text, covering all of its tokens in order; none for a text without any."""
    tokens = tokenise(text, language)
    sentences = split_sentences(text, tokens, _WINDOW_WORDS)
    return [_window(text, tokens[a:b], line_breaks) for a, b in windows(sentences, _WINDOW_WORDS)]


def spans_in(
    window: Window, probabilities: npt.NDArray[np.float32], classes: Sequence[str], *, of_names: bool = True
) -> list[TextSpan]:
    """The spans of a window from probabilities of its tokens (tokens, BIO classes).

    ``of_names``: whether they are names, which neither begin nor end with a word such as "in".
    """
    tokens = window.tokens
    found = decode_spans(probabilities, classes, [token.text for token in tokens] if of_names else None)
    return [TextSpan(tokens[s.first].begin, tokens[s.last - 1].end, s.type, s.score) for s in found]


def _window(text: str, tokens: Sequence[Token], line_breaks: bool) -> Window:
    words: list[str] = []
    rows: list[int] = []
    for index, token in enumerate(tokens):
        if line_breaks and index > 0 and NEWLINE in text[tokens[index - 1].end : token.begin]:
            words.append(NEWLINE)
        rows.append(len(words))
        words.append(token.text)
    return Window(tokens, words, rows)
