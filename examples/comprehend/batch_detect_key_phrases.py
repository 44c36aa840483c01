"""What many texts are about, in one request."""

import boto3

comprehend = boto3.client("comprehend")
TEXTS = [
    "The new bridge was opened in May.",
    "A quick lunch saves the whole day.",
]
answer = comprehend.batch_detect_key_phrases(TextList=TEXTS, LanguageCode="en")
for item in answer["ResultList"]:
    print(item["Index"], [phrase["Text"] for phrase in item["KeyPhrases"]])
for failure in answer["ErrorList"]:
    print(failure["Index"], failure["ErrorCode"])
