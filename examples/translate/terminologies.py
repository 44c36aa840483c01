"""A terminology: how a shop wants its products called."""

import boto3

TERMS = "en,de,fr\nGarden Gnome,Gartenwichtel,Nain Vert\n"

translate = boto3.client("translate")
translate.import_terminology(
    Name="products", MergeStrategy="OVERWRITE", TerminologyData={"File": TERMS.encode(), "Format": "CSV"}
)
for terminology in translate.list_terminologies()["TerminologyPropertiesList"]:
    print(terminology["Name"], terminology["SourceLanguageCode"], terminology["TargetLanguageCodes"])
print(translate.get_terminology(Name="products")["TerminologyProperties"]["TermCount"], "term")
for target in ("de", "fr"):
    answer = translate.translate_text(
        Text="I bought the <b>Garden Gnome</b> yesterday.",
        SourceLanguageCode="en",
        TargetLanguageCode=target,
        TerminologyNames=["products"],
    )
    print(answer["TranslatedText"])
translate.delete_terminology(Name="products")
