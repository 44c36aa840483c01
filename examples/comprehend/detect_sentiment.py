"""Whether a review is good or bad."""

import boto3

comprehend = boto3.client("comprehend")
text = "I love this hotel. The room was wonderful and the food was excellent."
answer = comprehend.detect_sentiment(Text=text, LanguageCode="en")
print(answer["Sentiment"])
for name, score in answer["SentimentScore"].items():
    print(f"{name:10}{score:.3f}")
