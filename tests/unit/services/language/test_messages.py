from __future__ import annotations

import pytest

from services.language import messages
from services.language.tasks import Sentiment, TaggedToken, TextSpan
from services.language.tokens import Token


def test_labels_name_each_type_once_with_its_best_score() -> None:
    spans = [TextSpan(0, 1, "NAME", 0.6), TextSpan(2, 3, "EMAIL", 0.9), TextSpan(4, 5, "NAME", 0.8)]
    labels = messages.entity_labels(spans)
    assert [label.name for label in labels] == ["EMAIL", "NAME"]
    assert [label.score for label in labels] == pytest.approx([0.9, 0.8])


def test_offsets_and_text_agree() -> None:
    text = "\U0001f600 Rome"
    (entity,) = messages.entities(text, [TextSpan(2, 6, "LOCATION", 0.5)])
    assert (entity.text, entity.begin_offset, entity.end_offset, entity.type) == ("Rome", 2, 6, "LOCATION")


def test_token_ids_count_from_one() -> None:
    tokens = [TaggedToken(Token(w, i, i + 1), "NOUN", 0.5) for i, w in enumerate("ab")]
    assert [t.token_id for t in messages.syntax_tokens(tokens)] == [1, 2]


def test_label_is_the_likeliest_class() -> None:
    assert Sentiment(positive=0.1, negative=0.2, neutral=0.3, mixed=0.4).label == "MIXED"
    assert Sentiment(positive=0.4, negative=0.3, neutral=0.2, mixed=0.1).label == "POSITIVE"
