"""A recorded call, transcribed channel by channel and judged: python call.py [FILE]."""

import json
import sys
import time
import uuid
from pathlib import Path

import boto3

file = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("call.ogg")
s3, sfn, transcribe = boto3.client("s3"), boto3.client("stepfunctions"), boto3.client("transcribe")

bucket = f"examples-{uuid.uuid4().hex}"
s3.create_bucket(Bucket=bucket)
s3.upload_file(str(file), bucket, file.name)
machine = sfn.create_state_machine(
    name=f"call-{uuid.uuid4().hex}",
    definition=Path(__file__).with_suffix(".asl.json").read_text(encoding="utf-8"),
    roleArn="arn:aws:iam::000000000000:role/examples",
)["stateMachineArn"]
place = json.dumps({"Bucket": bucket, "Key": file.name})
execution = sfn.start_execution(stateMachineArn=machine, input=place)["executionArn"]
while (answer := sfn.describe_execution(executionArn=execution))["status"] == "RUNNING":
    time.sleep(0.2)
print(answer["status"], answer.get("error", ""), answer.get("cause", ""))

if answer["status"] == "SUCCEEDED":
    found = json.loads(answer["output"])
    for said in found["Said"]:
        print(f"{said['Channel']}: {said['Text']}")
    print("the customer is", found["Sentiment"])
    print("about", ", ".join(found["KeyPhrases"]))
    transcribe.delete_transcription_job(TranscriptionJobName=answer["name"])

sfn.delete_state_machine(stateMachineArn=machine)
for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
    for entry in page.get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=entry["Key"])
s3.delete_bucket(Bucket=bucket)
sys.exit(answer["status"] != "SUCCEEDED")
