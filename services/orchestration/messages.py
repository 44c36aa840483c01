"""State machines, aliases and activities as messages of the contract, and parts of requests as plain values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from nonet.orchestration.v1 import orchestration_pb2 as pb
from services.orchestration.activity_resources import Activity
from services.orchestration.aliases import Route, StateMachineAlias
from services.orchestration.language import json_text
from services.orchestration.language.diagnostics import Diagnostic
from services.orchestration.mock_results import FieldValidation
from services.orchestration.resource_names import invalid
from services.orchestration.state_machines import (
    DEFAULT_LOGGING,
    DEFAULT_TRACING,
    INITIAL,
    Configuration,
    StateMachine,
    Update,
)
from services.orchestration.state_trials import TrialResult
from services.orchestration.test_state_requests import MockText, StateTest, TestConfiguration

#: A definition may name more than the contract's 32 bits can say.
_LARGEST_NUMBER = 2**31 - 1
_INSPECTED_STRUCTURES = frozenset({"errorDetails", "request", "response"})
_INSPECTED_NUMBERS = frozenset({"maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage"})


def timestamp(seconds: float) -> Timestamp:
    """Unix seconds as the contract says them, to the millisecond as AWS does."""
    milliseconds = round(seconds * 1000)
    return Timestamp(seconds=milliseconds // 1000, nanos=milliseconds % 1000 * 1_000_000)


# -- requests


def tags(given: Iterable[pb.Tag]) -> dict[str, str]:
    """Tags by key. Raises ``InvalidArgument`` (ValidationException) for a tag without a key, or a key given twice."""
    found: dict[str, str] = {}
    for tag in given:
        if not tag.key:
            raise invalid("A tag has a key.")
        if tag.key in found:
            raise invalid(f"The tag key '{tag.key}' is there more than once.")
        found[tag.key] = tag.value
    return found


def routes(given: Iterable[pb.RoutingConfigurationListItem]) -> tuple[Route, ...]:
    """Where an alias leads."""
    return tuple(Route(route.state_machine_version_arn, route.weight) for route in given)


def configuration(request: pb.CreateStateMachineInput) -> Configuration:
    """What a new state machine consists of; what the request leaves out has its default."""
    values = _given_parts(request)
    return Configuration(definition=request.definition, role_arn=request.role_arn, **values)


def update(request: pb.UpdateStateMachineInput) -> Update:
    """What a request gives new values for."""
    values = _given_parts(request)
    values.update({name: getattr(request, name) for name in ("definition", "role_arn") if request.HasField(name)})
    return Update(**values)


def encryption(given: pb.EncryptionConfiguration) -> Mapping[str, Any]:
    """In the words of the API's JSON."""
    return MessageToDict(given)


def _given_parts(request: Message) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    defaults = {"logging": DEFAULT_LOGGING, "tracing": DEFAULT_TRACING, "encryption": {}}
    for name, default in defaults.items():
        member = f"{name}_configuration"
        if request.HasField(member):
            parts[name] = {**default, **MessageToDict(getattr(request, member))}
    return parts


def state_test(request: pb.TestStateInput, account: str, region: str) -> StateTest:
    """What TestState is asked to try."""
    configuration = request.state_configuration
    return StateTest(
        account=account,
        region=region,
        definition=request.definition,
        state_name=_given(request, "state_name"),
        role_arn=_given(request, "role_arn"),
        input=_given(request, "input"),
        variables=_given(request, "variables"),
        context=_given(request, "context"),
        mock=_mock(request.mock) if request.HasField("mock") else None,
        configuration=TestConfiguration(
            retrier_retry_count=_given(configuration, "retrier_retry_count"),
            error_caused_by_state=_given(configuration, "error_caused_by_state"),
            map_iteration_failure_count=_given(configuration, "map_iteration_failure_count"),
            map_item_reader_data=_given(configuration, "map_item_reader_data"),
        ),
        reveal_secrets=request.reveal_secrets,
        traces=request.inspection_level == "TRACE",
    )


def _mock(given: pb.MockInput) -> MockText:
    return MockText(
        result=_given(given, "result"),
        has_error=given.HasField("error_output"),
        error=_given(given.error_output, "error"),
        cause=_given(given.error_output, "cause"),
        validation=FieldValidation(given.field_validation_mode or "STRICT"),
    )


def _given(message: Message, name: str) -> Any:
    return getattr(message, name) if message.HasField(name) else None


# -- answers


def described(machine: StateMachine, variables: Mapping[str, Iterable[str]]) -> pb.DescribeStateMachineOutput:
    """A state machine, or a version of one, with all its data. ``variables``: by state, those it refers to."""
    output = pb.DescribeStateMachineOutput(
        state_machine_arn=machine.arn,
        name=machine.name,
        status=machine.status,
        definition=machine.configuration.definition,
        role_arn=machine.configuration.role_arn,
        type=machine.type,
        creation_date=timestamp(machine.created_at),
        variable_references={name: pb.VariableNameListWrapper(values=names) for name, names in variables.items()},
    )
    if machine.revision_id != INITIAL:
        output.revision_id = machine.revision_id
    if machine.description:
        output.description = machine.description
    copy_configurations(machine.configuration, output)
    return output


def copy_configurations(configuration: Configuration, output: Any) -> None:
    """Set the logging, tracing and encryption of an answer that has these members."""
    ParseDict(dict(configuration.logging), output.logging_configuration)
    ParseDict(dict(configuration.tracing), output.tracing_configuration)
    ParseDict(dict(configuration.encryption), output.encryption_configuration)


def state_machine_item(machine: StateMachine) -> pb.StateMachineListItem:
    """What ListStateMachines tells of one."""
    return pb.StateMachineListItem(
        state_machine_arn=machine.arn,
        name=machine.name,
        type=machine.type,
        creation_date=timestamp(machine.created_at),
    )


def described_alias(alias: StateMachineAlias) -> pb.DescribeStateMachineAliasOutput:
    """What DescribeStateMachineAlias tells."""
    output = pb.DescribeStateMachineAliasOutput(
        state_machine_alias_arn=alias.arn,
        name=alias.name,
        routing_configuration=[
            pb.RoutingConfigurationListItem(state_machine_version_arn=route.version_arn, weight=route.weight)
            for route in alias.routes
        ],
        creation_date=timestamp(alias.created_at),
        update_date=timestamp(alias.updated_at),
    )
    if alias.description:
        output.description = alias.description
    return output


def tested(result: TrialResult, *, with_inspection: bool) -> pb.TestStateOutput:
    """How a tested state ended."""
    output = pb.TestStateOutput(
        status=result.status, error=result.error, cause=result.cause, next_state=result.next_state
    )
    if result.output:
        output.output = json_text.dumps(result.output[0])
    if with_inspection:
        output.inspection_data.CopyFrom(_inspection(result.inspection))
    return output


def _inspection(values: Mapping[str, Any]) -> pb.InspectionData:
    data = pb.InspectionData()
    for name, value in values.items():
        member = re.sub("[A-Z]", lambda letter: f"_{letter.group().lower()}", name)
        if name in _INSPECTED_STRUCTURES:
            ParseDict(dict(value), getattr(data, member))
        elif name in _INSPECTED_NUMBERS:
            setattr(data, member, min(value, _LARGEST_NUMBER))
        else:
            setattr(data, member, json_text.dumps(value))
    return data


def activity_item(activity: Activity) -> pb.ActivityListItem:
    return pb.ActivityListItem(
        activity_arn=activity.arn, name=activity.name, creation_date=timestamp(activity.created_at)
    )


def diagnostic(found: Diagnostic) -> pb.ValidateStateMachineDefinitionDiagnostic:
    return pb.ValidateStateMachineDefinitionDiagnostic(
        severity=found.severity, code=found.code, message=found.message, location=found.location
    )
