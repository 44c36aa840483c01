"""Whether some people should not see a photograph: detect_moderation_labels.py PHOTO"""

import sys
from pathlib import Path

import boto3

answer = boto3.client("rekognition").detect_moderation_labels(Image={"Bytes": Path(sys.argv[1]).read_bytes()})
for label in answer["ModerationLabels"]:
    print(f"{label['Confidence']:5.1f}  {label['Name']} (level {label['TaxonomyLevel']})")
print("nothing found" if not answer["ModerationLabels"] else "look before you publish")
