"""ResultWriter: the results of a Distributed Map's child executions, as files in S3 or as the state's output.

The files are those of AWS: ``<prefix>/<map run id>/manifest.json`` names SUCCEEDED_n.json, FAILED_n.json and
PENDING_n.json beside it. A run that is written twice, because the first time was cut short, writes the same files.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.orchestration.language.errors import DATA_LIMIT_EXCEEDED, RESULT_WRITER_FAILED, StateError
from services.orchestration.tasks.sdk_values import iso_instant
from shared import errors
from shared.storage.objects import ObjectAttributes, ObjectStore

#: A file is begun anew when it has this many bytes.
FILE_BYTES = 5 * 1024 * 1024
#: What a state's output may have.
MAX_OUTPUT_BYTES = 262_144
NONE, COMPACT, FLATTEN = "NONE", "COMPACT", "FLATTEN"
JSON, JSONL = "JSON", "JSONL"
_TRANSFORMATIONS = frozenset({NONE, COMPACT, FLATTEN})
_KINDS = ("FAILED", "PENDING", "SUCCEEDED")


@dataclass(frozen=True, slots=True)
class ChildResult:
    """What became of one child execution. Times are Unix seconds; ``input`` and ``output`` JSON texts."""

    arn: str
    name: str
    machine_arn: str
    status: str
    input: str
    started_at: float
    stopped_at: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    redrive_count: int = 0

    @property
    def kind(self) -> str:
        """Which file the result belongs into."""
        if self.status == "SUCCEEDED":
            return "SUCCEEDED"
        return "PENDING" if self.status in ("RUNNING", "PENDING", "PENDING_REDRIVE") else "FAILED"

    def described(self) -> dict[str, Any]:
        """The result with everything that is known of the execution."""
        described: dict[str, Any] = {
            "ExecutionArn": self.arn,
            "Input": self.input,
            "InputDetails": {"Included": True},
            "Name": self.name,
            "RedriveCount": self.redrive_count,
            "RedriveStatus": "REDRIVABLE_BY_MAP_RUN" if self._is_redrivable else "NOT_REDRIVABLE",
            "StartDate": _instant(self.started_at),
            "StateMachineArn": self.machine_arn,
            "Status": self.status,
        }
        if self.output is not None:
            described |= {"Output": self.output, "OutputDetails": {"Included": True}}
        for name, value in (("Error", self.error), ("Cause", self.cause)):
            if value is not None:
                described[name] = value
        if not self._is_redrivable:
            described["RedriveStatusReason"] = f"Execution is {self.status} and cannot be redriven"
        if self.stopped_at is not None:
            described["StopDate"] = _instant(self.stopped_at)
        return dict(sorted(described.items()))

    @property
    def _is_redrivable(self) -> bool:
        return self.kind == "FAILED" and ":express:" not in self.arn


def transformed(result: ChildResult, transformation: str) -> Iterator[Any]:
    """What a result adds to the list of results. Of a child that failed nothing is left out, whatever is asked for."""
    if transformation == NONE or result.kind != "SUCCEEDED":
        yield result.described()
        return
    output = json.loads(result.output or "null")
    if transformation == FLATTEN and isinstance(output, list):
        yield from output
    else:
        yield output


async def write(
    writer: Mapping[str, Any], objects: ObjectStore, account: str, map_run_arn: str, results: AsyncIterator[ChildResult]
) -> Any:
    """Put the results where ``writer`` says (the state's ResultWriter, its Parameters or Arguments evaluated).

    Returns the state's output: where the manifest is; or the results themselves, when the writer has a WriterConfig and
    names no bucket.

    Raises:
        StateError: States.ResultWriterFailed; States.DataLimitExceeded for results that no output can hold.
    """
    if "Resource" not in writer:
        return await _output(results, writer.get("WriterConfig") or {})
    return await _Files(objects, account, writer, map_run_arn).write(results)


async def _output(results: AsyncIterator[ChildResult], config: Mapping[str, Any]) -> Any:
    """The results as the state's output: a list, or lines of JSON."""
    transformation, output_type = _config(config, COMPACT)
    values: list[Any] = []
    size = 0
    async for result in results:
        for value in transformed(result, transformation):
            values.append(value)
            size += len(_to_json(value)) + 1
        if size > MAX_OUTPUT_BYTES:
            raise StateError(
                DATA_LIMIT_EXCEEDED,
                "The results have a size exceeding the maximum number of bytes service limit. "
                "A ResultWriter with a bucket keeps results of any size.",
            )
    return "\n".join(map(_to_json, values)) if output_type == JSONL else values


@dataclass(slots=True)
class _File:
    """The file of one kind that is being filled, and those that are finished."""

    lines: list[str] = field(default_factory=list)
    size: int = 0
    finished: list[dict[str, Any]] = field(default_factory=list)


class _Files:
    """The files of one map run in the bucket that its ResultWriter names."""

    def __init__(self, objects: ObjectStore, account: str, writer: Mapping[str, Any], map_run_arn: str) -> None:
        parameters = writer.get("Parameters") or writer.get("Arguments") or {}
        self._objects = objects
        self._account = account
        self._bucket = str(parameters.get("Bucket") or "")
        prefix = str(parameters.get("Prefix") or "").strip("/")
        self._folder = f"{prefix}/" if prefix else ""
        self._folder += map_run_arn.rpartition(":")[2]
        self._map_run_arn = map_run_arn
        self._transformation, self._output_type = _config(writer.get("WriterConfig") or {}, NONE)
        if not self._bucket:
            raise StateError(RESULT_WRITER_FAILED, "ResultWriter needs the parameter Bucket")

    async def write(self, results: AsyncIterator[ChildResult]) -> dict[str, Any]:
        """Write all results; the state's output."""
        files = {kind: _File() for kind in _KINDS}
        async for result in results:
            file = files[result.kind]
            for value in transformed(result, self._transformation):
                line = _to_json(value)
                file.lines.append(line)
                file.size += len(line)
            if file.size >= FILE_BYTES:
                await self._finish(result.kind, file)
        for kind, file in files.items():
            if file.lines:
                await self._finish(kind, file)
        manifest = {
            "DestinationBucket": self._bucket,
            "MapRunArn": self._map_run_arn,
            "ResultFiles": {kind: file.finished for kind, file in files.items()},
        }
        key = f"{self._folder}/manifest.json"
        await self._put(key, _to_json(manifest).encode())
        return {"MapRunArn": self._map_run_arn, "ResultWriterDetails": {"Bucket": self._bucket, "Key": key}}

    async def _finish(self, kind: str, file: _File) -> None:
        if self._output_type == JSONL:
            data = "".join(f"{line}\n" for line in file.lines).encode("utf-8", "replace")
        else:
            data = f"[{','.join(file.lines)}]".encode("utf-8", "replace")
        key = f"{self._folder}/{kind}_{len(file.finished)}.{self._output_type.lower()}"
        await self._put(key, data)
        file.finished.append({"Key": key, "Size": len(data)})
        file.lines, file.size = [], 0

    async def _put(self, key: str, data: bytes) -> None:
        attributes = ObjectAttributes({"content-type": "application/json"})
        try:
            await self._objects.put(self._account, self._bucket, key, data, attributes=attributes)
        except errors.NonetError as error:
            cause = f"The bucket {self._bucket} cannot be written: {error.message}"
            raise StateError(RESULT_WRITER_FAILED, cause) from error


def _config(config: Mapping[str, Any], default: str) -> tuple[str, str]:
    transformation, output_type = config.get("Transformation") or default, config.get("OutputType") or JSON
    if transformation not in _TRANSFORMATIONS or output_type not in (JSON, JSONL):
        raise StateError(RESULT_WRITER_FAILED, "WriterConfig has a Transformation or an OutputType that does not exist")
    return str(transformation), str(output_type)


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _instant(seconds: float) -> str:
    return iso_instant(datetime.datetime.fromtimestamp(round(seconds, 3), datetime.UTC))
