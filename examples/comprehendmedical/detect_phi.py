"""A note with what tells who it is about replaced by its kind."""

import boto3

medical = boto3.client("comprehendmedical")
NOTE = "Maria Gomez, 71 years old, a retired nurse, was admitted on March 3, 2024. Phone 555-201-4477."
text = NOTE
for entity in reversed(medical.detect_phi(Text=NOTE)["Entities"]):
    text = f"{text[: entity['BeginOffset']]}[{entity['Type']}]{text[entity['EndOffset'] :]}"
print(text)
