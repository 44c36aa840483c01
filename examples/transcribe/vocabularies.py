"""Words that recognition should expect, and words that a transcript should not show."""

import time

import boto3

transcribe = boto3.client("transcribe")
transcribe.create_vocabulary(VocabularyName="products", LanguageCode="en-US", Phrases=["Nonet", "Dynamo-D.B."])
while (found := transcribe.get_vocabulary(VocabularyName="products"))["VocabularyState"] == "PENDING":
    time.sleep(0.2)
print(found["VocabularyName"], found["VocabularyState"])
transcribe.update_vocabulary(VocabularyName="products", LanguageCode="en-US", Phrases=["Nonet 2"])
while (found := transcribe.get_vocabulary(VocabularyName="products"))["VocabularyState"] == "PENDING":
    time.sleep(0.2)
print(found["VocabularyState"], found["FailureReason"])
print([one["VocabularyName"] for one in transcribe.list_vocabularies()["Vocabularies"]])
transcribe.delete_vocabulary(VocabularyName="products")
transcribe.create_vocabulary_filter(VocabularyFilterName="secrets", LanguageCode="en-US", Words=["bluebird"])
print([one["VocabularyFilterName"] for one in transcribe.list_vocabulary_filters()["VocabularyFilters"]])
transcribe.delete_vocabulary_filter(VocabularyFilterName="secrets")
