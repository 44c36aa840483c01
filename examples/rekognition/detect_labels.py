"""What a photograph shows, and where: detect_labels.py PHOTO"""

import sys
from pathlib import Path

import boto3

answer = boto3.client("rekognition").detect_labels(
    Image={"Bytes": Path(sys.argv[1]).read_bytes()}, MinConfidence=60, Features=["GENERAL_LABELS", "IMAGE_PROPERTIES"]
)
for label in answer["Labels"]:
    parents = " < ".join(parent["Name"] for parent in label["Parents"])
    print(f"{label['Confidence']:5.1f}  {label['Name']} {f'({parents})' if parents else ''}")
    for instance in label["Instances"]:
        box = instance["BoundingBox"]
        print(f"       {instance['Confidence']:5.1f} at {box['Left']:.2f}, {box['Top']:.2f}")
for colour in answer["ImageProperties"]["DominantColors"][:3]:
    print(f"{colour['PixelPercent']:5.1f} %  {colour['CSSColor']} {colour['HexCode']}")
