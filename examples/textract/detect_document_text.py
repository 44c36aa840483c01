"""The lines of text on a scanned page: detect_document_text.py [FILE]"""

import sys
from pathlib import Path

import boto3

page = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("form.png")
answer = boto3.client("textract").detect_document_text(Document={"Bytes": page.read_bytes()})
for block in answer["Blocks"]:
    if block["BlockType"] == "LINE":
        print(f"{block['Confidence']:5.1f}  {block['Text']}")
