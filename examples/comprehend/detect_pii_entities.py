"""Blacks out what tells who somebody is."""

import boto3

comprehend = boto3.client("comprehend")
text = "I am John Brown, my mail is john.brown@example.com and my phone is 202-555-0147."
found = comprehend.detect_pii_entities(Text=text, LanguageCode="en")["Entities"]
for entity in reversed(found):
    text = f"{text[: entity['BeginOffset']]}[{entity['Type']}]{text[entity['EndOffset'] :]}"
print(text)
