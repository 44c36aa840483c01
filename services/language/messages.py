"""Results of the engines as messages of the contract."""

from __future__ import annotations

from collections.abc import Sequence

from nonet.language.v1 import language_pb2 as pb
from services.language.tasks import RankedLanguage, Sentiment, TaggedToken, TextSpan


def dominant_languages(ranked: Sequence[RankedLanguage]) -> list[pb.DominantLanguage]:
    return [pb.DominantLanguage(language_code=r.code, score=r.score) for r in ranked]


def sentiment_score(sentiment: Sentiment) -> pb.SentimentScore:
    return pb.SentimentScore(
        positive=sentiment.positive, negative=sentiment.negative, neutral=sentiment.neutral, mixed=sentiment.mixed
    )


def entities(text: str, spans: Sequence[TextSpan]) -> list[pb.Entity]:
    return [
        pb.Entity(score=s.score, type=s.type, text=text[s.begin : s.end], begin_offset=s.begin, end_offset=s.end)
        for s in spans
    ]


def key_phrases(text: str, spans: Sequence[TextSpan]) -> list[pb.KeyPhrase]:
    return [
        pb.KeyPhrase(score=s.score, text=text[s.begin : s.end], begin_offset=s.begin, end_offset=s.end) for s in spans
    ]


def syntax_tokens(tagged: Sequence[TaggedToken]) -> list[pb.SyntaxToken]:
    """Token ids count from 1."""
    return [
        pb.SyntaxToken(
            token_id=number,
            text=t.token.text,
            begin_offset=t.token.begin,
            end_offset=t.token.end,
            part_of_speech=pb.PartOfSpeechTag(tag=t.tag, score=t.score),
        )
        for number, t in enumerate(tagged, start=1)
    ]


def pii_entities(spans: Sequence[TextSpan]) -> list[pb.PiiEntity]:
    return [pb.PiiEntity(score=s.score, type=s.type, begin_offset=s.begin, end_offset=s.end) for s in spans]


def entity_labels(spans: Sequence[TextSpan]) -> list[pb.EntityLabel]:
    """Each type once, with the score of its surest span, in order of name."""
    best: dict[str, float] = {}
    for span in spans:
        best[span.type] = max(best.get(span.type, 0.0), span.score)
    return [pb.EntityLabel(name=name, score=score) for name, score in sorted(best.items())]
