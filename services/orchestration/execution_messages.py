"""Executions, events and map runs as messages of the contract."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from nonet.orchestration.v1 import orchestration_pb2 as pb
from services.orchestration.engine.map_run_store import Counts
from services.orchestration.interpreter.history import Event
from services.orchestration.messages import timestamp
from shared.contract.transcode import JSON, Transcoder

#: Members of event details that hold an execution's data.
_DATA = frozenset({"input", "output", "parameters", "assignedVariables", "cause", "error"})
_transcoder = Transcoder(JSON)


def described(row: Row[Any], not_redrivable: str | None, *, with_data: bool) -> pb.DescribeExecutionOutput:
    """What DescribeExecution tells. ``not_redrivable``: why it cannot be redriven; None if it can."""
    output = pb.DescribeExecutionOutput(
        execution_arn=row.arn,
        state_machine_arn=row.machine_arn,
        name=row.name,
        status=row.status,
        start_date=timestamp(row.started_at),
        stop_date=_moment(row.stopped_at),
        trace_header=row.trace_header,
        map_run_arn=row.map_run_arn,
        error=row.error,
        cause=row.cause,
        state_machine_version_arn=row.version_arn,
        state_machine_alias_arn=row.alias_arn,
        redrive_count=row.redrive_count,
        redrive_date=_moment(row.redriven_at),
        redrive_status="REDRIVABLE" if not_redrivable is None else "NOT_REDRIVABLE",
        redrive_status_reason=not_redrivable,
    )
    output.input_details.included = with_data
    if with_data:
        output.input = row.input
    if row.output is not None:
        output.output_details.included = with_data
        if with_data:
            output.output = row.output
    return output


def list_item(row: Row[Any]) -> pb.ExecutionListItem:
    """What ListExecutions tells of one."""
    return pb.ExecutionListItem(
        execution_arn=row.arn,
        state_machine_arn=row.machine_arn,
        name=row.name,
        status=row.status,
        start_date=timestamp(row.started_at),
        stop_date=_moment(row.stopped_at),
        map_run_arn=row.map_run_arn,
        item_count=row.item_count if row.map_run_arn is not None else None,
        state_machine_version_arn=row.version_arn,
        state_machine_alias_arn=row.alias_arn,
        redrive_count=row.redrive_count,
        redrive_date=_moment(row.redriven_at),
    )


def history_event(event: Event, *, with_data: bool) -> pb.HistoryEvent:
    """One event of a history."""
    message = pb.HistoryEvent(
        id=event.id, previous_event_id=event.previous_id, type=event.type, timestamp=timestamp(event.timestamp)
    )
    details = dict(event.details)
    if not with_data:
        details = {name: value for name, value in details.items() if name not in _DATA}
    if details:
        _transcoder.parse(message, {event.details_member: {**details, **_truncations(details)}})
    return message


def _truncations(details: dict[str, Any]) -> dict[str, Any]:
    """AWS says beside each value whether it was cut off; ours never are. Details without such a member ignore it."""
    names = {"input": "inputDetails", "output": "outputDetails", "assignedVariables": "assignedVariablesDetails"}
    return {told: {"truncated": False} for name, told in names.items() if name in details}


def map_run(row: Row[Any], counts: Counts) -> pb.DescribeMapRunOutput:
    """What DescribeMapRun tells."""
    output = pb.DescribeMapRunOutput(
        map_run_arn=row.arn,
        execution_arn=row.execution_arn,
        status=row.status,
        start_date=timestamp(row.started_at),
        stop_date=_moment(row.stopped_at),
        max_concurrency=counts.max_concurrency,
        tolerated_failure_percentage=counts.tolerated_percentage,
        tolerated_failure_count=counts.tolerated_count,
        redrive_count=row.redrive_count,
        redrive_date=_moment(row.redriven_at),
    )
    written = row.status == "SUCCEEDED" and bool(row.writes_results)
    _fill(output.execution_counts, counts.executions, written)
    _fill(output.item_counts, counts.items, written)
    return output


def map_run_item(row: Row[Any]) -> pb.MapRunListItem:
    """What ListMapRuns tells of one."""
    return pb.MapRunListItem(
        execution_arn=row.execution_arn,
        map_run_arn=row.arn,
        state_machine_arn=row.machine_arn,
        start_date=timestamp(row.started_at),
        stop_date=_moment(row.stopped_at),
    )


def _fill(message: Any, counts: dict[str, int], written: bool) -> None:
    # Executions run from the moment on that they are written down, and a redrive runs all that failed.
    message.pending = message.pending_redrive = message.failures_not_redrivable = 0
    message.running = counts.get("RUNNING", 0)
    message.succeeded = counts.get("SUCCEEDED", 0)
    message.failed = counts.get("FAILED", 0)
    message.timed_out = counts.get("TIMED_OUT", 0)
    message.aborted = counts.get("ABORTED", 0)
    message.total = sum(counts.values())
    message.results_written = message.succeeded if written else 0


def _moment(seconds: float | None) -> Any:
    return None if seconds is None else timestamp(seconds)
