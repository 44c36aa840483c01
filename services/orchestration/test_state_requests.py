"""A request of TestState: its parts read, and held against what may be said together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.orchestration import payloads
from services.orchestration.interpreter.states.task import Resource
from services.orchestration.language import definition, json_text, validation
from services.orchestration.language.definition import Definition, Level, State
from services.orchestration.mock_reader_data import read_items
from services.orchestration.mock_results import FieldValidation, check_result
from services.orchestration.resource_names import check_role, invalid
from services.orchestration.state_machines import STANDARD
from services.orchestration.state_trials import Mock, Setting
from services.orchestration.test_contexts import check_context
from shared import errors

#: A state that is given alone has this name.
STATE_NAME = "StateName"
#: States of these types can be mocked, and of the second set cannot be tested otherwise.
_MOCKED = frozenset({"Task", "Map", "Parallel"})
_ONLY_MOCKED = frozenset({"Map", "Parallel"})


@dataclass(frozen=True, slots=True)
class MockText:
    """A mock as the request has it."""

    result: str | None = None
    has_error: bool = False
    error: str | None = None
    cause: str | None = None
    validation: FieldValidation = FieldValidation.STRICT


@dataclass(frozen=True, slots=True)
class TestConfiguration:
    """What a test says about the past of a state whose outcome is mocked."""

    __test__ = False  # no test of pytest's

    retrier_retry_count: int | None = None
    error_caused_by_state: str | None = None
    map_iteration_failure_count: int | None = None
    map_item_reader_data: str | None = None


@dataclass(frozen=True, slots=True)
class StateTest:
    """A request of TestState; texts are JSON, None what it leaves out."""

    account: str
    region: str
    definition: str
    state_name: str | None = None
    role_arn: str | None = None
    input: str | None = None
    variables: str | None = None
    context: str | None = None
    mock: MockText | None = None
    configuration: TestConfiguration = TestConfiguration()
    reveal_secrets: bool = False
    #: Whether the HTTP request and response of an HTTP task are wanted.
    traces: bool = False


@dataclass(frozen=True, slots=True)
class PreparedTest:
    """A test whose every part has been read and found in order."""

    definition: Definition
    level: Level
    state: State
    input: Any
    mock: Mock | None
    setting: Setting


def prepare(test: StateTest) -> PreparedTest:
    """Read a request.

    Raises:
        InvalidArgument: InvalidDefinition, InvalidExecutionInput, InvalidArn, ValidationException.
    """
    if test.role_arn is not None:
        check_role(test.role_arn)
    value = payloads.execution_input("{}" if test.input is None else test.input)
    found, level, state = _find_state(test)
    mock = _mock(test, state)
    configuration = test.configuration
    setting = Setting(
        account=test.account,
        region=test.region,
        role_arn=test.role_arn or f"arn:aws:iam::{test.account}:role/TestState",
        variables=_json_object("Variables", test.variables) or {},
        context=check_context(_json_object("Context", test.context)),
        retry_count=configuration.retrier_retry_count or 0,
        failed_iterations=configuration.map_iteration_failure_count,
        read_items=read_items(state, configuration.map_item_reader_data),
    )
    return PreparedTest(found, level, state, value, mock, setting)


def _find_state(test: StateTest) -> tuple[Definition, Level, State]:
    if test.state_name is None:
        text = _machine_around(test.definition)
        validation.check(text, STANDARD)
        found = definition.load(text)
        return found, (), found.state((), STATE_NAME)
    validation.check(test.definition, STANDARD)
    found = definition.load(test.definition)
    for level, states in found.levels.items():
        if test.state_name in states.states:
            return found, level, states.states[test.state_name]
    raise invalid("State not found: the definition has no state of the name that StateName gives.")


def _machine_around(text: str) -> str:
    """A definition whose first state is the one in ``text``; every state that it leads to is there and succeeds."""
    try:
        state = json_text.loads(text)
    except ValueError:
        return text  # which the validation tells about
    if not isinstance(state, dict):
        return text
    targets = [state.get("Next"), state.get("Default")]
    for name in ("Catch", "Choices"):
        entries = state.get(name)
        if isinstance(entries, list):
            targets += [entry.get("Next") for entry in entries if isinstance(entry, dict)]
    following = {target for target in targets if isinstance(target, str) and target and target != STATE_NAME}
    states = {STATE_NAME: state, **{name: {"Type": "Succeed"} for name in sorted(following)}}
    return json_text.dumps({"StartAt": STATE_NAME, "States": states})


def _mock(test: StateTest, state: State) -> Mock | None:
    """The mock of a test, held against everything that may be said together with it."""
    given, configuration = test.mock, test.configuration
    if given is None:
        _refuse_without_mock(test, state)
        return None
    if test.reveal_secrets:
        raise invalid("TestState does not support RevealSecrets when a mock is specified.")
    if state.type not in _MOCKED:
        raise invalid(f"State type '{state.type}' is not supported when a mock is specified")
    if (given.result is None) is not given.has_error:
        raise invalid("A test mock should have only one of the following fields: [result, errorOutput].")
    if configuration.map_iteration_failure_count is not None and state.type != "Map":
        raise invalid("TestState supports MapIterationFailureCount for Map states alone.")
    if configuration.map_item_reader_data is not None and "ItemReader" not in state.fields:
        raise invalid("TestState supports MapItemReaderData for Map states with an ItemReader alone.")
    if given.has_error:
        _check_error_source(configuration.error_caused_by_state, state)
        if given.error is None:
            raise invalid("A mocked error must have a name.")
        return Mock(error=given.error, cause=given.cause, is_error=True)
    try:
        result = json_text.loads(given.result or "")
    except ValueError:
        raise invalid("Mocked result must be valid JSON") from None
    if state.type == "Task":
        check_result(state.fields["Resource"], result, given.validation)
    else:
        _check_result_of_many(state, result)
    return Mock(result=result)


def _check_result_of_many(state: State, result: Any) -> None:
    """Hold the mocked result of a Map or Parallel state against what such a state comes to."""
    if "ResultWriter" in state.fields:
        if not isinstance(result, dict):
            raise invalid("Mocked result must be a JSON object.")
        return
    if not isinstance(result, list):
        raise invalid("Mocked result must be an array.")
    if state.type == "Parallel" and len(result) != len(state.fields["Branches"]):
        raise invalid("Mocked result must have as many items as the state has branches.")


def _refuse_without_mock(test: StateTest, state: State) -> None:
    configuration = test.configuration
    for name, value in (
        ("Context", test.context),
        ("RetrierRetryCount", configuration.retrier_retry_count),
        ("ErrorCausedByState", configuration.error_caused_by_state),
        ("MapIterationFailureCount", configuration.map_iteration_failure_count),
        ("MapItemReaderData", configuration.map_item_reader_data),
    ):
        if value is not None:
            raise invalid(f"TestState does not support {name} when a mock is not specified.")
    if state.type in _ONLY_MOCKED:
        raise _unsupported(
            "TestState API does not support Map or Parallel states. "
            "Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]"
        )
    if state.type == "Task":
        resource = Resource(state.fields["Resource"])
        if resource.is_activity or resource.goes_on_after_its_answer:
            raise _unsupported(
                "TestState API supports activities and the patterns .sync and .waitForTaskToken only with a mock."
            )


def _unsupported(message: str) -> errors.InvalidArgument:
    return errors.InvalidArgument(message, aws_code="InvalidDefinition")


def _check_error_source(name: str | None, state: State) -> None:
    if name is None:
        return
    if state.type not in _ONLY_MOCKED:
        raise invalid("TestState supports ErrorCausedByState for Map and Parallel states alone.")
    around = json_text.dumps({"StartAt": STATE_NAME, "States": {STATE_NAME: {**state.fields, "Type": state.type}}})
    levels = definition.load(around).levels
    if not any(name in states.states for level, states in levels.items() if level):
        raise invalid("The state that ErrorCausedByState names is not inside the tested state.")


def _json_object(name: str, text: str | None) -> Mapping[str, Any] | None:
    if text is None:
        return None
    try:
        value = json_text.loads(text)
    except ValueError:
        raise invalid(f"{name} must be valid JSON.") from None
    if not isinstance(value, dict):
        raise invalid(f"{name} must be a JSON object.")
    return value
