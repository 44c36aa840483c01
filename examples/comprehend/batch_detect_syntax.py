"""Parts of speech of many texts, in one request."""

import boto3

comprehend = boto3.client("comprehend")
TEXTS = [
    "Birds sing.",
    "The red door is open.",
]
answer = comprehend.batch_detect_syntax(TextList=TEXTS, LanguageCode="en")
for item in answer["ResultList"]:
    print(item["Index"], [(token["Text"], token["PartOfSpeech"]["Tag"]) for token in item["SyntaxTokens"]])
for failure in answer["ErrorList"]:
    print(failure["Index"], failure["ErrorCode"])
