"""The operations on executions: start, describe, list, stop, redrive, history, map runs, task tokens."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Row

from nonet.orchestration.v1 import orchestration_pb2 as pb
from services.orchestration import execution_messages, messages, payloads
from services.orchestration.activity_resources import Activities
from services.orchestration.engine import messages as mail
from services.orchestration.engine.beginnings import Beginning, execution_arn
from services.orchestration.engine.engine import ExecutionEngine
from services.orchestration.engine.queries import ExecutionFilter
from services.orchestration.engine.store import REDRIVABLE_STATUSES
from services.orchestration.engine.task_tokens import TaskTokens
from services.orchestration.interpreter.history import MOST_EVENTS
from services.orchestration.language import json_text
from services.orchestration.language.definition import load
from services.orchestration.resource_names import StateMachineArn, check_name, invalid, parse_any_arn
from services.orchestration.state_machines import EXPRESS, ExecutableMachine, StateMachines
from services.orchestration.variable_references import variable_references
from shared import errors
from shared.platform import Platform
from shared.rpc.call import Call
from shared.storage.pages import PageTokens

_PAGE = 100
#: AWS's own time for a worker's poll.
_POLL_SECONDS = 60.0
#: How long StopExecution waits until the execution has stopped, and how often it looks.
_STOP_SECONDS = 2.0
_STOP_LOOK_SECONDS = 0.02
#: AWS's limit for a redrive.
_REDRIVABLE_SECONDS = 14 * 24 * 3600
#: State machines that StartExecution need not look up, and for how long another process's change may go unseen.
_MOST_RECENT = 1_000
_RECENT_SECONDS = 1.0
_METADATA_ONLY = "METADATA_ONLY"


class ExecutionOperations:
    """The part of the Orchestration service that runs state machines."""

    def __init__(self, platform: Platform, machines: StateMachines, activities: Activities) -> None:
        self._database = platform.database
        self._machines = machines
        self._activities = activities
        self._engine = ExecutionEngine(platform, machines)
        self._queries = self._engine.queries
        self._task_tokens = TaskTokens(platform.database, self._engine.store)
        self._page_tokens: PageTokens | None = None
        self._recent: dict[tuple[str, str], tuple[float, ExecutableMachine]] = {}
        self._engine.start_work()

    async def close(self) -> None:
        """Let go of all executions; another process, or this one's next start, takes them up."""
        await self._engine.close()

    # -- start, stop, redrive

    async def start_execution(self, request: pb.StartExecutionInput, call: Call) -> pb.StartExecutionOutput:
        beginning = await self._beginning(request, call)
        try:
            await self._engine.start(beginning)
        except errors.AlreadyExists:
            return await self._started_before(beginning)
        return pb.StartExecutionOutput(execution_arn=beginning.arn, start_date=messages.timestamp(beginning.started_at))

    async def start_sync_execution(
        self, request: pb.StartSyncExecutionInput, call: Call
    ) -> pb.StartSyncExecutionOutput:
        beginning = await self._beginning(request, call)
        if beginning.type != EXPRESS:
            raise errors.InvalidArgument(
                f"This operation is not supported by this type of state machine: '{beginning.machine.arn}'",
                aws_code="StateMachineTypeNotSupported",
            )
        ending = await self._engine.run_synchronously(beginning)
        output = pb.StartSyncExecutionOutput(
            execution_arn=beginning.arn,
            state_machine_arn=beginning.machine.arn,
            name=beginning.name,
            start_date=messages.timestamp(beginning.started_at),
            stop_date=messages.timestamp(time.time()),
            status=ending.status,
            error=ending.error,
            cause=ending.cause,
            trace_header=beginning.trace_header,
        )
        if request.included_data != _METADATA_ONLY:
            output.input = beginning.input
            output.input_details.included = True
            if ending.status == "SUCCEEDED":
                output.output = json_text.dumps(ending.output)
                output.output_details.included = True
        return output

    async def stop_execution(self, request: pb.StopExecutionInput, call: Call) -> pb.StopExecutionOutput:
        row = await self._execution(call, request.execution_arn)
        if row.type == EXPRESS and row.map_run_arn is None:
            raise invalid("An express execution cannot be stopped.")
        if row.stopped_at is not None:
            return pb.StopExecutionOutput(stop_date=messages.timestamp(row.stopped_at))
        error = request.error if request.HasField("error") else None
        cause = request.cause if request.HasField("cause") else None
        await self._engine.store.send(int(row.id), mail.stop(error, cause))
        return pb.StopExecutionOutput(stop_date=messages.timestamp(await self._stop_moment(row, call)))

    async def redrive_execution(self, request: pb.RedriveExecutionInput, call: Call) -> pb.RedriveExecutionOutput:
        row = await self._execution(call, request.execution_arn)
        reason = _not_redrivable(row)
        if reason is not None:
            raise errors.FailedPrecondition(reason, aws_code="ExecutionNotRedrivable")
        definition = load(await self._queries.definition(row.digest))
        moment = await self._queries.redrive(row, self._engine.store, definition.top.timeout_seconds)
        if moment is None:
            raise errors.FailedPrecondition(
                "Execution is RUNNING and cannot be redriven", aws_code="ExecutionNotRedrivable"
            )
        self._engine.store.told(int(row.id))
        return pb.RedriveExecutionOutput(redrive_date=messages.timestamp(moment))

    # -- look

    async def describe_execution(self, request: pb.DescribeExecutionInput, call: Call) -> pb.DescribeExecutionOutput:
        row = await self._execution(call, request.execution_arn)
        with_data = request.included_data != _METADATA_ONLY
        return execution_messages.described(row, _not_redrivable(row), with_data=with_data)

    async def list_executions(self, request: pb.ListExecutionsInput, call: Call) -> pb.ListExecutionsOutput:
        wanted = await self._wanted(request, call)
        listing = ["executions", call.account, request.state_machine_arn, request.map_run_arn, request.status_filter]
        rows, token = await self._page(
            listing, request, lambda most, before: self._queries.list(wanted, most, before), lambda row: row.id
        )
        return pb.ListExecutionsOutput(executions=[execution_messages.list_item(row) for row in rows], next_token=token)

    async def get_execution_history(
        self, request: pb.GetExecutionHistoryInput, call: Call
    ) -> pb.GetExecutionHistoryOutput:
        row = await self._execution(call, request.execution_arn)
        if row.type == EXPRESS:
            raise errors.InvalidArgument(
                "Invalid Arn: 'Resource type not valid in this context: express'", aws_code="InvalidArn"
            )
        newest_first = request.reverse_order
        with_data = not request.HasField("include_execution_data") or request.include_execution_data
        rows, token = await self._page(
            ["history", call.account, request.execution_arn, newest_first],
            request,
            lambda most, after: self._queries.events(int(row.id), most, after, newest_first),
            lambda event: event.id,
        )
        events = [execution_messages.history_event(event, with_data=with_data) for event in rows]
        return pb.GetExecutionHistoryOutput(events=events, next_token=token)

    async def describe_state_machine_for_execution(
        self, request: pb.DescribeStateMachineForExecutionInput, call: Call
    ) -> pb.DescribeStateMachineForExecutionOutput:
        row = await self._execution(call, request.execution_arn)
        text = await self._queries.definition(row.digest)
        output = pb.DescribeStateMachineForExecutionOutput(
            state_machine_arn=row.machine_arn,
            name=row.machine_arn.rpartition(":")[2],
            definition="{}" if request.included_data == _METADATA_ONLY else text,
            role_arn=row.role_arn,
            update_date=messages.timestamp(row.started_at),
            map_run_arn=row.map_run_arn,
        )
        for state, names in variable_references(text).items():
            output.variable_references[state].values.extend(names)
        return output

    # -- distributed maps

    async def describe_map_run(self, request: pb.DescribeMapRunInput, call: Call) -> pb.DescribeMapRunOutput:
        row = await self._map_run(call, request.map_run_arn)
        return execution_messages.map_run(row, await self._engine.map_runs.store.counts(row.arn))

    async def list_map_runs(self, request: pb.ListMapRunsInput, call: Call) -> pb.ListMapRunsOutput:
        execution = await self._execution(call, request.execution_arn)
        rows, token = await self._page(
            ["map-runs", call.account, request.execution_arn],
            request,
            lambda most, before: self._queries.map_runs(int(execution.id), most, before),
            lambda row: row.id,
        )
        return pb.ListMapRunsOutput(map_runs=[execution_messages.map_run_item(row) for row in rows], next_token=token)

    async def update_map_run(self, request: pb.UpdateMapRunInput, call: Call) -> pb.UpdateMapRunOutput:
        row = await self._map_run(call, request.map_run_arn)
        values = {
            column: getattr(request, field)
            for field, column in (
                ("max_concurrency", "max_concurrency"),
                ("tolerated_failure_count", "tolerated_count"),
                ("tolerated_failure_percentage", "tolerated_percentage"),
            )
            if request.HasField(field)
        }
        if row.status != "RUNNING":
            raise invalid(f"The map run is {row.status}: only one that runs can be changed.")
        if values:
            await self._engine.map_runs.store.change(row.arn, values)
        return pb.UpdateMapRunOutput()

    # -- task tokens

    async def get_activity_task(self, request: pb.GetActivityTaskInput, call: Call) -> pb.GetActivityTaskOutput:
        await self._activities.get(call.account, request.activity_arn)
        worker = request.worker_name if request.HasField("worker_name") else None
        task = await self._task_tokens.take(request.activity_arn, worker, _patience(call, _POLL_SECONDS))
        if task is None:
            return pb.GetActivityTaskOutput()
        return pb.GetActivityTaskOutput(task_token=task.token, input=task.input)

    async def send_task_success(self, request: pb.SendTaskSuccessInput, call: Call) -> pb.SendTaskSuccessOutput:
        output = payloads.task_output(request.output)
        await self._task_tokens.complete(call.account, _token(request.task_token), output)
        return pb.SendTaskSuccessOutput()

    async def send_task_failure(self, request: pb.SendTaskFailureInput, call: Call) -> pb.SendTaskFailureOutput:
        error = request.error if request.HasField("error") else None
        cause = request.cause if request.HasField("cause") else None
        await self._task_tokens.fail(call.account, _token(request.task_token), error, cause)
        return pb.SendTaskFailureOutput()

    async def send_task_heartbeat(self, request: pb.SendTaskHeartbeatInput, call: Call) -> pb.SendTaskHeartbeatOutput:
        await self._task_tokens.heartbeat(call.account, _token(request.task_token))
        return pb.SendTaskHeartbeatOutput()

    # -- inside

    async def _beginning(self, request: pb.StartExecutionInput | pb.StartSyncExecutionInput, call: Call) -> Beginning:
        name = request.name if request.HasField("name") else str(uuid.uuid4())
        check_name(name)
        text = request.input if request.HasField("input") else "{}"
        value = payloads.execution_input(text)
        machine = await self._resolved(call.account, request.state_machine_arn)
        return Beginning(
            account=call.account,
            region=StateMachineArn.parse(machine.arn).region,
            machine=machine,
            arn=execution_arn(machine, name),
            name=name,
            input=json_text.dumps(value),
            started_at=time.time(),
            trace_header=request.trace_header if request.HasField("trace_header") else None,
        )

    async def _resolved(self, account: str, arn: str) -> ExecutableMachine:
        """The machine, as it was at most a second ago; what this process changes is seen at once."""
        now = time.monotonic()
        until, machine = self._recent.get((account, arn), (0.0, None))
        if machine is None or until < now:
            recent = self._recent
            machine = await self._machines.resolve(account, arn)
            # An alias chooses a version for each execution.
            if machine.alias_arn is None and len(recent) < _MOST_RECENT:
                recent[account, arn] = (now + _RECENT_SECONDS, machine)
            elif len(recent) >= _MOST_RECENT:
                self._machines_changed()
        return machine

    def _machines_changed(self) -> None:
        # A new one: whoever is looking a machine up at this moment may have read what it was before.
        self._recent = {}

    async def _started_before(self, beginning: Beginning) -> pb.StartExecutionOutput:
        """The same start once more, while its execution runs, is answered as the first was."""
        row = await self._queries.find(beginning.account, beginning.arn)
        if row is None or row.status != "RUNNING" or row.input != beginning.input:
            raise errors.AlreadyExists(
                f"Execution Already Exists: '{beginning.arn}'", aws_code="ExecutionAlreadyExists"
            ) from None
        return pb.StartExecutionOutput(execution_arn=row.arn, start_date=messages.timestamp(row.started_at))

    async def _stop_moment(self, row: Row[Any], call: Call) -> float:
        """When an execution that was told to stop has stopped: whoever looks next sees it so.

        Its owner may be in the midst of a step; then the answer does not wait for long.
        """
        now = time.time()
        until = now + _patience(call, _STOP_SECONDS)
        while now < until and not self._engine.draining:
            await asyncio.sleep(_STOP_LOOK_SECONDS)
            found = await self._queries.find(row.account, row.arn)
            if found is not None and found.stopped_at is not None:
                return float(found.stopped_at)
            now = time.time()
        return now

    async def _execution(self, call: Call, arn: str) -> Row[Any]:
        resource = parse_any_arn(arn).resource.partition(":")[0]
        if resource not in ("execution", "express"):
            raise errors.InvalidArgument(
                f"Invalid Arn: 'Resource type not valid in this context: {resource}'", aws_code="InvalidArn"
            )
        row = await self._queries.find(call.account, arn)
        if row is None:
            raise errors.NotFound(f"Execution Does Not Exist: '{arn}'", aws_code="ExecutionDoesNotExist")
        return row

    async def _map_run(self, call: Call, arn: str) -> Row[Any]:
        parse_any_arn(arn)
        row = await self._queries.map_run(call.account, arn)
        if row is None:
            raise errors.NotFound(f"Resource not found: '{arn}'", aws_code="ResourceNotFound")
        return row

    async def _wanted(self, request: pb.ListExecutionsInput, call: Call) -> ExecutionFilter:
        statuses = [request.status_filter] if request.HasField("status_filter") else []
        redriven = request.redrive_filter == "REDRIVEN" if request.HasField("redrive_filter") else None
        if request.HasField("map_run_arn") == request.HasField("state_machine_arn"):
            raise invalid("Give either a stateMachineArn or a mapRunArn.")
        if request.HasField("map_run_arn"):
            await self._map_run(call, request.map_run_arn)
            return ExecutionFilter(call.account, map_run_arn=request.map_run_arn, statuses=statuses, redriven=redriven)
        arn = StateMachineArn.parse(request.state_machine_arn)
        machine = await self._machines.get(call.account, request.state_machine_arn)
        if machine.type == EXPRESS:
            raise errors.InvalidArgument(
                f"This operation is not supported by this type of state machine: '{arn.unqualified}'",
                aws_code="StateMachineTypeNotSupported",
            )
        return ExecutionFilter(
            call.account,
            machine_arn=arn.unqualified,
            version_arn=request.state_machine_arn if arn.version is not None else None,
            alias_arn=request.state_machine_arn if arn.alias is not None else None,
            statuses=statuses,
            redriven=redriven,
        )

    async def _page(
        self,
        listing: Sequence[object],
        request: Any,
        query: Callable[[int, int | None], Any],
        position: Callable[[Any], int],
    ) -> tuple[Sequence[Any], str | None]:
        if self._page_tokens is None:
            self._page_tokens = await PageTokens.of(self._database)
        most = request.max_results or _PAGE
        token = request.next_token if request.HasField("next_token") else None
        try:
            start = self._page_tokens.open_row(listing, token)
        except errors.InvalidPaginationToken as invalid_token:
            raise errors.InvalidPaginationToken(
                f"Invalid Token: '{invalid_token.message}'", aws_code="InvalidToken"
            ) from None
        rows = await query(most + 1, start)
        if len(rows) <= most:
            return rows, None
        return rows[:most], self._page_tokens.seal(listing, int(position(rows[most - 1])))


def _patience(call: Call, most: float) -> float:
    """Seconds that a call may wait: ``most``, or what its deadline leaves, less a second for the answer."""
    remaining = call.time_remaining()
    return most if remaining is None else min(most, max(0.0, remaining - 1.0))


def _token(token: str) -> str:
    if not token or not token.isascii() or not token.isprintable():
        raise errors.InvalidArgument("Invalid Token: 'Invalid token'", aws_code="InvalidToken")
    return token


def _not_redrivable(row: Row[Any]) -> str | None:
    """Why an execution cannot be redriven; None if it can."""
    if row.status not in REDRIVABLE_STATUSES:
        return f"Execution is {row.status} and cannot be redriven"
    if row.type == EXPRESS:
        return "Execution is of an EXPRESS state machine and cannot be redriven"
    if row.next_event >= MOST_EVENTS - 1:
        return "Execution reached the maximum number of history events and cannot be redriven"
    if row.stopped_at is not None and row.stopped_at < time.time() - _REDRIVABLE_SECONDS:
        return "Execution ended more than 14 days ago and cannot be redriven"
    return None
