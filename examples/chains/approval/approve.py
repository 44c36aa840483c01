"""Answer a question that an execution left in a bucket: python approve.py BUCKET KEY yes|no."""

import json
import sys

import boto3


def decide(bucket: str, key: str, approved: bool) -> None:
    """Tell the execution that waits for this question."""
    s3, sfn = boto3.client("s3"), boto3.client("stepfunctions")
    question = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    sfn.send_task_success(taskToken=question["TaskToken"], output=json.dumps({"Approved": approved}))
    s3.delete_object(Bucket=bucket, Key=key)
    print(f"{question['Document']}: {'approved' if approved else 'refused'}")


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[3] not in ("yes", "no"):
        sys.exit(__doc__)
    decide(sys.argv[1], sys.argv[2], sys.argv[3] == "yes")
