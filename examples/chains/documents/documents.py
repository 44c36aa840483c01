"""Every document of a folder, read and judged by a Distributed Map: python documents.py [FILE ...]."""

import json
import sys
import time
import uuid
from pathlib import Path

import boto3

textract = Path(__file__).parents[2] / "textract"
files = [Path(name) for name in sys.argv[1:]] or [textract / "form.png"] * 3 + [Path(__file__)]
s3, sfn = boto3.client("s3"), boto3.client("stepfunctions")

bucket = f"examples-{uuid.uuid4().hex}"
s3.create_bucket(Bucket=bucket)
for number, file in enumerate(files):
    s3.upload_file(str(file), bucket, f"in/{number}-{file.name}")
machine = sfn.create_state_machine(
    name=f"documents-{uuid.uuid4().hex}",
    definition=Path(__file__).with_suffix(".asl.json").read_text(encoding="utf-8"),
    roleArn="arn:aws:iam::000000000000:role/examples",
)["stateMachineArn"]
place = json.dumps({"Bucket": bucket, "Prefix": "in/"})
execution = sfn.start_execution(stateMachineArn=machine, input=place)["executionArn"]
while (answer := sfn.describe_execution(executionArn=execution))["status"] == "RUNNING":
    time.sleep(0.2)
print(answer["status"], answer.get("error", ""))

if answer["status"] == "SUCCEEDED":
    written = json.loads(answer["output"])["ResultWriterDetails"]
    manifest = json.loads(s3.get_object(**written)["Body"].read())
    for kind, listed in manifest["ResultFiles"].items():
        for file in listed:
            for line in s3.get_object(Bucket=bucket, Key=file["Key"])["Body"].read().decode().splitlines():
                result = json.loads(line)
                # A failure is told with everything that is known of its execution.
                told = f"{result['Key']} {result['Sentiment']}" if kind == "SUCCEEDED" else result["Error"]
                print(kind, told)

sfn.delete_state_machine(stateMachineArn=machine)
for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
    for entry in page.get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=entry["Key"])
s3.delete_bucket(Bucket=bucket)
sys.exit(answer["status"] != "SUCCEEDED")
