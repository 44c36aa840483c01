"""What a text is about."""

import boto3

comprehend = boto3.client("comprehend")
text = "The old lighthouse on the northern pier needs a new lamp before winter."
answer = comprehend.detect_key_phrases(Text=text, LanguageCode="en")
for phrase in answer["KeyPhrases"]:
    print(f"{phrase['Score']:.2f}  {phrase['Text']}")
