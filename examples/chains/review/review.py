"""How somebody liked it, in whatever language: python review.py [TEXT ...]."""

import json
import sys
import time
import uuid
from pathlib import Path

import boto3

TEXTS = [
    "Das Essen war sehr gut und die Leute waren freundlich.",
    "Je suis très déçu, le service est terrible.",
    "I am very happy with it.",
]
sfn = boto3.client("stepfunctions")
machine = sfn.create_state_machine(
    name=f"review-{uuid.uuid4().hex}",
    definition=Path(__file__).with_suffix(".asl.json").read_text(encoding="utf-8"),
    roleArn="arn:aws:iam::000000000000:role/examples",
)["stateMachineArn"]
good = True
for text in sys.argv[1:] or TEXTS:
    execution = sfn.start_execution(stateMachineArn=machine, input=json.dumps({"Text": text}))["executionArn"]
    while (answer := sfn.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.1)
    print(answer["status"], answer.get("output") or f"{answer.get('error')} {answer.get('cause')}")
    good &= answer["status"] == "SUCCEEDED"
sfn.delete_state_machine(stateMachineArn=machine)
sys.exit(not good)
