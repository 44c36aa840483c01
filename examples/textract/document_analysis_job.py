"""Layout and tables of a document of many pages, as a job.

Start the job, wait, read its result a portion at a time: start_document_analysis and get_document_analysis.
"""

import sys
import time
import uuid
from pathlib import Path

import boto3

document = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("letter.pdf")
s3, textract = boto3.client("s3"), boto3.client("textract")

bucket = f"examples-{uuid.uuid4().hex}"
s3.create_bucket(Bucket=bucket)
s3.upload_file(str(document), bucket, document.name)
place = {"S3Object": {"Bucket": bucket, "Name": document.name}}
job = textract.start_document_analysis(DocumentLocation=place, FeatureTypes=["LAYOUT", "TABLES"])["JobId"]

while (answer := textract.get_document_analysis(JobId=job, MaxResults=50))["JobStatus"] == "IN_PROGRESS":
    time.sleep(0.5)
print(answer["JobStatus"], answer["DocumentMetadata"]["Pages"], "pages")
blocks = answer["Blocks"]
while "NextToken" in answer:
    answer = textract.get_document_analysis(JobId=job, MaxResults=50, NextToken=answer["NextToken"])
    blocks += answer["Blocks"]
for block in blocks:
    if block["BlockType"].startswith("LAYOUT_"):
        print(block["Page"], block["BlockType"], f"{block['Confidence']:.0f} %")

s3.delete_object(Bucket=bucket, Key=document.name)
s3.delete_bucket(Bucket=bucket)
