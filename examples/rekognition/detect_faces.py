"""The faces of a photograph and what is seen in them: detect_faces.py PHOTO"""

import sys
from pathlib import Path

import boto3

answer = boto3.client("rekognition").detect_faces(
    Image={"Bytes": Path(sys.argv[1]).read_bytes()}, Attributes=["ALL"]
)
for face in answer["FaceDetails"]:
    age, gender = face["AgeRange"], face["Gender"]
    print(f"{gender['Value']} ({gender['Confidence']:.0f} %), {age['Low']} to {age['High']} years")
    print("  strongest emotion:", face["Emotions"][0]["Type"])
    print("  smiles:", face["Smile"]["Value"])
    print(f"  head turned by {face['Pose']['Yaw']:.0f} degrees, {len(face['Landmarks'])} landmarks")
