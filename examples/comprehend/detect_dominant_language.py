"""Which language a text is written in."""

import boto3

comprehend = boto3.client("comprehend")
for text in ("Guten Morgen, wie geht es Ihnen heute?", "Où est la bibliothèque, s'il vous plaît ?"):
    languages = comprehend.detect_dominant_language(Text=text)["Languages"]
    print(languages[0]["LanguageCode"], f"{languages[0]['Score']:.2f}", text)
