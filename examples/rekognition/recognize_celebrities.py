"""Known people on a photograph: recognize_celebrities.py PHOTO

Who is known is up to whoever runs the service: `nonet vision celebrities add NAME PHOTO`.
"""

import sys
from pathlib import Path

import boto3

answer = boto3.client("rekognition").recognize_celebrities(Image={"Bytes": Path(sys.argv[1]).read_bytes()})
for celebrity in answer["CelebrityFaces"]:
    print(f"{celebrity['Name']} ({celebrity['MatchConfidence']:.0f})", *celebrity["Urls"])
print(len(answer["UnrecognizedFaces"]), "faces of other people")
