"""What the fields of a Map state may hold that no other state has."""

from __future__ import annotations

import re
from typing import Any, Final

from services.orchestration.language.diagnostics import Code
from services.orchestration.language.field_schema import (
    EMPTY,
    MAX_SECONDS,
    Field,
    Where,
    check_object,
    expected,
    expression,
    jsonata,
    jsonpath,
    name,
    number,
    one_of,
    path,
    payload,
    reference_path,
    text,
)

#: The longest label, in characters, and those that it must not have.
MAX_LABEL: Final = 40
_NOT_IN_LABEL: Final = re.compile(r'[\s?*<>{}\[\]:;,\\|^~$#%&`"\x00-\x1f\x7f-\x9f]')


def _headers(value: Any, at: str, where: Where) -> None:
    if not isinstance(value, list) or not all(isinstance(header, str) for header in value):
        where.error(expected("ARRAY"), at)
    elif not value:
        where.error(EMPTY, at)


_PROCESSOR_CONFIG: Final[dict[str, Field]] = {
    "Mode": Field(one_of("INLINE", "DISTRIBUTED")),
    "ExecutionType": Field(one_of("STANDARD", "EXPRESS")),
}
_READER_CONFIG: Final[dict[str, Field]] = {
    "InputType": Field(one_of("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET")),
    "Transformation": Field(one_of("NONE", "LOAD_AND_FLATTEN")),
    "ManifestType": Field(one_of("ATHENA_DATA", "S3_INVENTORY")),
    "CSVDelimiter": Field(one_of("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB")),
    "CSVHeaderLocation": Field(one_of("FIRST_ROW", "GIVEN")),
    "CSVHeaders": Field(_headers),
    "ItemsPointer": Field(text),
    "MaxItems": Field(number(0)),
    "MaxItemsPath": jsonpath(reference_path),
}
_WRITER_CONFIG: Final[dict[str, Field]] = {
    "OutputType": Field(one_of("JSON", "JSONL")),
    "Transformation": Field(one_of("NONE", "COMPACT", "FLATTEN")),
}
_ITEM_BATCHER: Final[dict[str, Field]] = {
    "BatchInput": Field(payload),
    "MaxItemsPerBatch": Field(number(1, MAX_SECONDS)),
    "MaxItemsPerBatchPath": jsonpath(reference_path),
    "MaxInputBytesPerBatch": Field(number(1, 262_144)),
    "MaxInputBytesPerBatchPath": jsonpath(reference_path),
}


def processor_config(value: Any, at: str, where: Where) -> None:
    """ItemProcessor.ProcessorConfig."""
    required = ("ExecutionType",) if isinstance(value, dict) and value.get("Mode") == "DISTRIBUTED" else ()
    check_object(value, at, where, _PROCESSOR_CONFIG, required)


def _reader_config(value: Any, at: str, where: Where) -> None:
    if not check_object(value, at, where, _READER_CONFIG, exclusive=[("MaxItems", "MaxItemsPath")]):
        return
    if value.get("CSVHeaderLocation") == "GIVEN" and "CSVHeaders" not in value:
        where.error("These required fields are missing: [CSVHeaders]", at)
    if value.get("InputType") == "CSV" and "CSVHeaderLocation" not in value:
        where.error("These required fields are missing: [CSVHeaderLocation]", at)


_ITEM_READER: Final[dict[str, Field]] = {
    "Resource": Field(name),
    "ReaderConfig": Field(_reader_config),
    "Parameters": jsonpath(payload),
    "Arguments": jsonata(payload),
}


def item_reader(value: Any, at: str, where: Where) -> None:
    check_object(value, at, where, _ITEM_READER, required=("Resource",))


def item_batcher(value: Any, at: str, where: Where) -> None:
    """ItemBatcher: at least one limit, and each as a number or as a path to one."""
    exclusive = (
        ("MaxItemsPerBatch", "MaxItemsPerBatchPath"),
        ("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"),
    )
    if check_object(value, at, where, _ITEM_BATCHER, exclusive=exclusive) and not any(
        limit in value for pair in exclusive for limit in pair
    ):
        where.error("One of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]", at)


def _writer_config(value: Any, at: str, where: Where) -> None:
    check_object(value, at, where, _WRITER_CONFIG, required=("OutputType", "Transformation"))


_RESULT_WRITER: Final[dict[str, Field]] = {
    "Resource": Field(name),
    "WriterConfig": Field(_writer_config),
    "Parameters": jsonpath(payload),
    "Arguments": jsonata(payload),
}


def result_writer(value: Any, at: str, where: Where) -> None:
    """ResultWriter: a place in S3, the form of the results, or both."""
    if not check_object(value, at, where, _RESULT_WRITER):
        return
    if not ("Resource" in value or "WriterConfig" in value):
        where.error("These required fields are missing: [Resource]", at)
    payload_name = "Arguments" if where.jsonata else "Parameters"
    if "Resource" in value and payload_name not in value:
        where.error(f"These required fields are missing: [{payload_name}]", at)


def label(value: Any, at: str, where: Where) -> None:
    """Label: a part of the ARNs of the executions of a distributed Map."""
    if not isinstance(value, str):
        where.error(expected("STRING"), at)
    elif not 1 <= len(value) <= MAX_LABEL:
        where.findings.error(f"A label has 1 to {MAX_LABEL} characters", at, Code.INVALID_LABEL_NAME)
    elif (unfit := _NOT_IN_LABEL.search(value)) is not None:
        where.findings.error(f"Label contains invalid character: {unfit[0]!r}", at, Code.INVALID_LABEL_NAME)


def items(value: Any, at: str, where: Where) -> None:
    """Items: an array with expressions in it, or an expression for one, or for an object."""
    if isinstance(value, list | dict):
        payload(value, at, where)
    else:
        expression(value, at, where)


FIELDS: Final[dict[str, Field]] = {
    "ItemsPath": jsonpath(path),
    "Items": jsonata(items),
    "ItemSelector": Field(payload),
    "ItemReader": Field(item_reader),
    "ItemBatcher": Field(item_batcher),
    "ResultWriter": Field(result_writer),
    "MaxConcurrency": Field(number(0)),
    "MaxConcurrencyPath": jsonpath(reference_path),
    "ToleratedFailureCount": Field(number(0)),
    "ToleratedFailureCountPath": jsonpath(reference_path),
    "ToleratedFailurePercentage": Field(number(0, 100, integer=False)),
    "ToleratedFailurePercentagePath": jsonpath(reference_path),
    "Label": Field(label),
}
EXCLUSIVE: Final = (
    ("ItemProcessor", "Iterator"),
    ("ItemSelector", "Parameters"),
    ("MaxConcurrency", "MaxConcurrencyPath"),
    ("ToleratedFailureCount", "ToleratedFailureCountPath"),
    ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
)
