"""A text in other languages: its own is found out, links and lists stay."""

import boto3

TEXT = """Hallo Anna,

  - ich habe kein Geld
  - siehe https://example.org/konto
"""

translate = boto3.client("translate")
for language in translate.list_languages()["Languages"]:
    print(language["LanguageCode"], language["LanguageName"])
for target in ("en", "fr"):
    answer = translate.translate_text(Text=TEXT, SourceLanguageCode="auto", TargetLanguageCode=target)
    print(f"from {answer['SourceLanguageCode']} to {target}:")
    print(answer["TranslatedText"])
