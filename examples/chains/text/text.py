"""The language of a text, then its sentiment, entities and personal data at once, then a decision."""

import json
import sys
import time
import uuid
from pathlib import Path

import boto3

text = sys.argv[1] if len(sys.argv) > 1 else "I am delighted with the new lamp. Write to ada@example.org, Ada Lovelace."
sfn = boto3.client("stepfunctions")

machine = sfn.create_state_machine(
    name=f"text-{uuid.uuid4().hex}",
    definition=Path(__file__).with_suffix(".asl.json").read_text(encoding="utf-8"),
    roleArn="arn:aws:iam::000000000000:role/examples",
)["stateMachineArn"]
execution = sfn.start_execution(stateMachineArn=machine, input=json.dumps({"Text": text}))["executionArn"]
while (answer := sfn.describe_execution(executionArn=execution))["status"] == "RUNNING":
    time.sleep(0.2)
sfn.delete_state_machine(stateMachineArn=machine)

if answer["status"] != "SUCCEEDED":
    sys.exit(f"{answer['status']}: {answer.get('error')} {answer.get('cause')}")
output = json.loads(answer["output"])
for name in ("Sentiment", "Entities", "PersonalData", "Language", "Decision"):
    if name in output:
        print(f"{name}: {output[name]}")
