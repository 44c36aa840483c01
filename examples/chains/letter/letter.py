"""A letter as others may read and hear it: python letter.py [SCAN] [LANGUAGE]"""

import json
import sys
import time
import uuid
from pathlib import Path

import boto3

scan = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("letter.png")
language = sys.argv[2] if len(sys.argv) > 2 else "de"
s3, sfn = boto3.client("s3"), boto3.client("stepfunctions")
bucket = f"examples-{uuid.uuid4().hex}"
s3.create_bucket(Bucket=bucket)
s3.upload_file(str(scan), bucket, scan.name)
machine = sfn.create_state_machine(
    name=f"letter-{uuid.uuid4().hex}",
    definition=Path(__file__).with_suffix(".asl.json").read_text(encoding="utf-8"),
    roleArn="arn:aws:iam::000000000000:role/examples",
)["stateMachineArn"]
given = json.dumps({"Bucket": bucket, "Key": scan.name, "Language": language})
execution = sfn.start_execution(stateMachineArn=machine, input=given)["executionArn"]
while (answer := sfn.describe_execution(executionArn=execution))["status"] == "RUNNING":
    time.sleep(0.1)
print(answer["status"], answer.get("error", ""), answer.get("cause", ""))
output = json.loads(answer.get("output", "{}"))
for name, value in output.items():
    print(f"{name}: {value}")
if "Sound" in output:
    sound = s3.get_object(Bucket=bucket, Key=output["Sound"].removeprefix(f"s3://{bucket}/"))["Body"].read()
    Path("letter.mp3").write_bytes(sound)
    print(f"letter.mp3: {len(sound)} bytes")
sfn.delete_state_machine(stateMachineArn=machine)
for found in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
    s3.delete_object(Bucket=bucket, Key=found["Key"])
s3.delete_bucket(Bucket=bucket)
