"""A collection of faces, and who of a group is in it: face_collection.py PORTRAIT GROUP_PHOTO"""

import sys
from pathlib import Path

import boto3

rekognition = boto3.client("rekognition")
portrait, group = ({"Bytes": Path(name).read_bytes()} for name in sys.argv[1:3])
rekognition.create_collection(CollectionId="staff")
print(rekognition.list_collections()["CollectionIds"])

indexed = rekognition.index_faces(CollectionId="staff", Image=portrait, ExternalImageId="badge-17", MaxFaces=1)
known = indexed["FaceRecords"][0]["Face"]["FaceId"]
print("faces:", rekognition.describe_collection(CollectionId="staff")["FaceCount"])

rekognition.index_faces(CollectionId="staff", Image=group, ExternalImageId="party")
for match in rekognition.search_faces(CollectionId="staff", FaceId=known)["FaceMatches"]:
    print(f"seen on {match['Face']['ExternalImageId']}, similarity {match['Similarity']:.0f}")
for match in rekognition.search_faces_by_image(CollectionId="staff", Image=portrait, MaxFaces=1)["FaceMatches"]:
    print("the portrait shows", match["Face"]["ExternalImageId"])

faces = [face["FaceId"] for face in rekognition.list_faces(CollectionId="staff")["Faces"]]
print("deleted:", len(rekognition.delete_faces(CollectionId="staff", FaceIds=faces)["DeletedFaces"]))
rekognition.delete_collection(CollectionId="staff")
