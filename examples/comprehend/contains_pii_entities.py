"""Whether a text may be published."""

import boto3

comprehend = boto3.client("comprehend")
for text in ("The meeting is about the budget.", "Write to john.brown@example.com"):
    labels = comprehend.contains_pii_entities(Text=text, LanguageCode="en")["Labels"]
    print([label["Name"] for label in labels] or "nothing private", "-", text)
