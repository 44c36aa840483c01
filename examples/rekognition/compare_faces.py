"""Whether somebody is on another photograph too: compare_faces.py PHOTO OTHER_PHOTO"""

import sys
from pathlib import Path

import boto3

source, target = (Path(name).read_bytes() for name in sys.argv[1:3])
answer = boto3.client("rekognition").compare_faces(SourceImage={"Bytes": source}, TargetImage={"Bytes": target})
for match in answer["FaceMatches"]:
    print(f"the same person, similarity {match['Similarity']:.1f}")
print(len(answer["UnmatchedFaces"]), "other faces")
