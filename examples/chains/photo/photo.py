"""Photographs that somebody uploads: may they be shown, and what is on them? python photo.py PHOTO ..."""

import json
import sys
import time
import uuid
from pathlib import Path

import boto3

if not sys.argv[1:]:
    sys.exit(__doc__)
s3, sfn = boto3.client("s3"), boto3.client("stepfunctions")
bucket = f"examples-{uuid.uuid4().hex}"
s3.create_bucket(Bucket=bucket)
machine = sfn.create_state_machine(
    name=f"photo-{uuid.uuid4().hex}",
    definition=Path(__file__).with_suffix(".asl.json").read_text(encoding="utf-8"),
    roleArn="arn:aws:iam::000000000000:role/examples",
)["stateMachineArn"]
for photo in map(Path, sys.argv[1:]):
    s3.upload_file(str(photo), bucket, photo.name)
    place = json.dumps({"Bucket": bucket, "Key": photo.name})
    execution = sfn.start_execution(stateMachineArn=machine, input=place)["executionArn"]
    while (answer := sfn.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.1)
    print(photo.name, answer["status"], answer.get("output") or answer.get("error"))
    s3.delete_object(Bucket=bucket, Key=photo.name)
sfn.delete_state_machine(stateMachineArn=machine)
s3.delete_bucket(Bucket=bucket)
