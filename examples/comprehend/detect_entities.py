"""Names, places, dates and amounts in a sentence."""

import boto3

comprehend = boto3.client("comprehend")
text = "Ada Lovelace met Charles Babbage in London on 5 June 1833."
answer = comprehend.detect_entities(Text=text, LanguageCode="en")
for entity in answer["Entities"]:
    print(f"{entity['Type']:16}{entity['Text']}  ({entity['Score']:.2f})")
