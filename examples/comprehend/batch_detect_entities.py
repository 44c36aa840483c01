"""Names in many texts, in one request."""

import boto3

comprehend = boto3.client("comprehend")
TEXTS = [
    "Marie Curie was born in Warsaw.",
    "The Danube flows through Vienna.",
]
answer = comprehend.batch_detect_entities(TextList=TEXTS, LanguageCode="en")
for item in answer["ResultList"]:
    print(item["Index"], [entity["Text"] for entity in item["Entities"]])
for failure in answer["ErrorList"]:
    print(failure["Index"], failure["ErrorCode"])
