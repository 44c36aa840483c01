"""Fields, table and an answer from a scanned form: analyze_document.py [FILE]"""

import sys
from pathlib import Path

import boto3

page = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("form.png")
answer = boto3.client("textract").analyze_document(
    Document={"Bytes": page.read_bytes()},
    FeatureTypes=["FORMS", "TABLES", "QUERIES"],
    QueriesConfig={"Queries": [{"Text": "What is the city?"}]},
)
blocks = {block["Id"]: block for block in answer["Blocks"]}


def related(block, kind="CHILD"):
    found = [item["Ids"] for item in block.get("Relationships", []) if item["Type"] == kind]
    return [blocks[target] for ids in found for target in ids]


def text(block):
    return " ".join(child.get("Text") or child["SelectionStatus"] for child in related(block))


for block in answer["Blocks"]:
    if block.get("EntityTypes") == ["KEY"]:
        print(text(block), "->", *(text(value) for value in related(block, "VALUE")))
    elif block["BlockType"] == "CELL":
        print(f"row {block['RowIndex']}, column {block['ColumnIndex']}: {text(block)}")
    elif block["BlockType"] == "QUERY":
        print(block["Query"]["Text"], *(result["Text"] for result in related(block, "ANSWER")))
