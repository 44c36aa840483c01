"""The part of speech of every word."""

import boto3

comprehend = boto3.client("comprehend")
answer = comprehend.detect_syntax(Text="The cat chased two grey mice quickly.", LanguageCode="en")
for token in answer["SyntaxTokens"]:
    print(f"{token['TokenId']:3}  {token['Text']:10}{token['PartOfSpeech']['Tag']}")
