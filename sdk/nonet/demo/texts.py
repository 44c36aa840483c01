"""Comprehend: what a text says, over AWS's wire and over gRPC."""

from __future__ import annotations

from nonet import Nonet
from nonet.demo.stage import Stage, timed

TEXT = (
    "Maria Lindqvist flew from Lisbon to Toronto on 3 May 2026 to sign the contract with Acme Robotics. "
    "She was delighted with the 40 new machines, but the hotel was dreadful. "
    "Write to maria.lindqvist@example.com or call +1 416 555 0142; the card 4111 1111 1111 1111 was charged twice."
)


def show(stage: Stage) -> None:
    comprehend, row = stage.client("comprehend"), stage.report.row
    stage.report.title("Comprehend: what a text says")
    stage.report.line(f'text: "{TEXT}"')
    language, seconds = timed(lambda: comprehend.detect_dominant_language(Text=TEXT))
    best = language["Languages"][0]
    row("DetectDominantLanguage", f"{best['LanguageCode']} {best['Score']:.2f}", seconds, language)
    for sentence in TEXT.split(". ")[1].split(", "):
        answer, seconds = timed(lambda s=sentence: comprehend.detect_sentiment(Text=s, LanguageCode="en"))
        score = answer["SentimentScore"][answer["Sentiment"].capitalize()]
        row("DetectSentiment", f'{answer["Sentiment"]} {score:.2f}  "{sentence}"', seconds, answer)
    answer, seconds = timed(lambda: comprehend.detect_entities(Text=TEXT, LanguageCode="en"))
    row("DetectEntities", "; ".join(f"{e['Type']} {e['Text']}" for e in answer["Entities"]), seconds, answer)
    answer, seconds = timed(lambda: comprehend.detect_key_phrases(Text=TEXT, LanguageCode="en"))
    row("DetectKeyPhrases", "; ".join(phrase["Text"] for phrase in answer["KeyPhrases"]), seconds, answer)
    answer, seconds = timed(lambda: comprehend.detect_syntax(Text=TEXT[:98], LanguageCode="en"))
    tags = " ".join(f"{token['Text']}/{token['PartOfSpeech']['Tag']}" for token in answer["SyntaxTokens"])
    row("DetectSyntax", tags, seconds, answer)
    answer, seconds = timed(lambda: comprehend.detect_pii_entities(Text=TEXT, LanguageCode="en"))
    found = [f"{e['Type']} {TEXT[e['BeginOffset'] : e['EndOffset']]}" for e in answer["Entities"]]
    row("DetectPiiEntities", "; ".join(found), seconds, answer)


def show_grpc(stage: Stage) -> None:
    stage.report.title("The same over gRPC, with the SDK")
    with Nonet(stage.grpc) as client:
        answer, seconds = timed(
            lambda: client.language.detect_sentiment(text="The new machines are great.", language_code="en")
        )
    stage.report.row("language.detect_sentiment", answer.sentiment, seconds, {})
