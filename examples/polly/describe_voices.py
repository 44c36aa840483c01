"""Which voices can speak German here, and who they are."""

import boto3

polly = boto3.client("polly")
for voice in polly.describe_voices(LanguageCode="de-DE")["Voices"]:
    print(voice["Id"], voice["Gender"], voice["Name"], voice["SupportedEngines"])
