"""A document is read and waits for somebody's approval: python approval.py [--wait] [FILE].

Without --wait the program says yes itself, as approve.py does.
"""

import json
import sys
import time
import uuid
from pathlib import Path

import boto3
from approve import decide
from botocore.exceptions import ClientError

arguments = [argument for argument in sys.argv[1:] if argument != "--wait"]
letter = Path(__file__).parents[2] / "textract" / "letter.pdf"
document = Path(arguments[0]) if arguments else letter
s3, sfn = boto3.client("s3"), boto3.client("stepfunctions")

bucket, question = f"examples-{uuid.uuid4().hex}", f"questions/{uuid.uuid4().hex}.json"
s3.create_bucket(Bucket=bucket)
s3.upload_file(str(document), bucket, document.name)
machine = sfn.create_state_machine(
    name=f"approval-{uuid.uuid4().hex}",
    definition=Path(__file__).with_suffix(".asl.json").read_text(encoding="utf-8"),
    roleArn="arn:aws:iam::000000000000:role/examples",
)["stateMachineArn"]
place = {"Bucket": bucket, "Key": document.name, "Question": question}
execution = sfn.start_execution(stateMachineArn=machine, input=json.dumps(place))["executionArn"]


def is_asked() -> bool:
    """Whether the question is there."""
    try:
        s3.head_object(Bucket=bucket, Key=question)
    except ClientError:
        return False
    return True


decided = False
while (answer := sfn.describe_execution(executionArn=execution))["status"] == "RUNNING":
    if not decided and is_asked():
        if "--wait" in sys.argv:
            print(f"Decide with: python {Path(__file__).with_name('approve.py')} {bucket} {question} yes")
        else:
            decide(bucket, question, True)
        decided = True
    time.sleep(0.2)
print(answer["status"])
if answer["status"] == "SUCCEEDED":
    output = json.loads(answer["output"])
    print(output["Pages"], "pages about", ", ".join(output["Entities"]))
else:
    print(answer.get("error"), answer.get("cause"))

sfn.delete_state_machine(stateMachineArn=machine)
s3.delete_object(Bucket=bucket, Key=document.name)
s3.delete_object(Bucket=bucket, Key=question)
s3.delete_bucket(Bucket=bucket)
sys.exit(answer["status"] != "SUCCEEDED")
