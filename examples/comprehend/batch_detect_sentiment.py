"""Many reviews in one request."""

import boto3

comprehend = boto3.client("comprehend")
TEXTS = [
    "I love it.",
    "It is terrible, the worst I ever bought.",
]
answer = comprehend.batch_detect_sentiment(TextList=TEXTS, LanguageCode="en")
for item in answer["ResultList"]:
    print(item["Index"], item["Sentiment"])
for failure in answer["ErrorList"]:
    print(failure["Index"], failure["ErrorCode"])
