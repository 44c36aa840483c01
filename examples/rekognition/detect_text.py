"""The text on a photograph: detect_text.py PHOTO"""

import sys
from pathlib import Path

import boto3

answer = boto3.client("rekognition").detect_text(Image={"Bytes": Path(sys.argv[1]).read_bytes()})
for found in answer["TextDetections"]:
    if found["Type"] == "LINE":
        print(f"{found['Confidence']:5.1f}  {found['DetectedText']}")
