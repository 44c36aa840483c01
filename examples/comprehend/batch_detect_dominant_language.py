"""Languages of many texts, in one request."""

import boto3

comprehend = boto3.client("comprehend")
TEXTS = [
    "Good morning, how are you?",
    "Buenos días, ¿cómo está usted?",
    "x" * 5001,  # too long: it goes into the list of errors, the others are answered
]
answer = comprehend.batch_detect_dominant_language(TextList=TEXTS)
for item in answer["ResultList"]:
    print(item["Index"], item["Languages"][0]["LanguageCode"])
for failure in answer["ErrorList"]:
    print(failure["Index"], failure["ErrorCode"])
