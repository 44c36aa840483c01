"""Translate: sentences of several languages, and the customer's own words."""

from __future__ import annotations

from nonet.demo.stage import Stage, timed

SENTENCES = (
    ("auto", "en", "Wir sehen uns morgen um acht Uhr am Bahnhof."),
    ("auto", "en", "Je ne sais pas où sont mes clés."),
    ("en", "de", "The weather is very nice today."),
    ("en", "fr", "I would like to buy two tickets."),
    ("en", "es", "My brother lives in a big house."),
)
TERMS = b"en,de\nnight train,Nachtexpress\n"


def show(stage: Stage) -> None:
    translate, row = stage.client("translate"), stage.report.row
    stage.report.title("Translate: sentences, and a customer's own words")
    for source, target, text in SENTENCES:
        answer, seconds = timed(
            lambda s=source, t=target, x=text: translate.translate_text(
                Text=x, SourceLanguageCode=s, TargetLanguageCode=t
            )
        )
        row(
            "TranslateText",
            f'{answer["SourceLanguageCode"]} "{text}" -> {target} "{answer["TranslatedText"]}"',
            seconds,
            answer,
        )
    translate.import_terminology(
        Name="railway", MergeStrategy="OVERWRITE", TerminologyData={"File": TERMS, "Format": "CSV"}
    )
    text = "The night train is late."
    answer, seconds = timed(
        lambda: translate.translate_text(
            Text=text, SourceLanguageCode="en", TargetLanguageCode="de", TerminologyNames=["railway"]
        )
    )
    row("  with a terminology", f'"{text}" -> "{answer["TranslatedText"]}"', seconds, answer)
