from __future__ import annotations

from typing import Any

import pytest

from services.orchestration.interpreter.states.wait import parse_timestamp
from tests.unit.services.orchestration.interpreter.driver import EPOCH, Driver, a_pass, machine, play, times, wait

#: EPOCH as a timestamp.
START = "2027-01-15T08:00:00Z"


@pytest.mark.parametrize(
    ("fields", "options", "seconds"),
    [
        ({"Seconds": 5}, {}, 5),
        ({"Seconds": 0}, {}, 0),
        ({"SecondsPath": "$.n"}, {}, 7),
        ({"SecondsPath": "$.float"}, {}, 3),
        ({"TimestampPath": "$.then"}, {}, 60),
        ({"Timestamp": "2027-01-15T09:00:00+00:00"}, {}, 3600),
        ({"Timestamp": "2001-01-01T00:00:00Z"}, {}, 0),
        ({"Seconds": "{% $states.input.n + 1 %}"}, {"QueryLanguage": "JSONata"}, 8),
        ({"Timestamp": "{% $states.input.then %}"}, {"QueryLanguage": "JSONata"}, 60),
    ],
)
def test_how_long(fields: dict[str, Any], options: dict[str, Any], seconds: float) -> None:
    value = {"n": 7, "float": 3.0, "then": "2027-01-15T08:01:00Z"}
    done = play(machine(("Wait", {"Type": "Wait", **fields}), **options), value)
    assert done.ending.output == value
    assert list(times(done, "WaitStateExited")) == [seconds]


@pytest.mark.parametrize("value", [-1, 1.5, "5", None, True, [], 100_000_000, 1e300])
def test_seconds_that_are_none(value: Any) -> None:
    done = play(machine(("Wait", {"Type": "Wait", "SecondsPath": "$.n"})), {"n": value})
    assert done.ending.error == "States.Runtime"
    done = play(
        machine(("Wait", {"Type": "Wait", "Seconds": "{% $states.input.n %}"}), QueryLanguage="JSONata"), {"n": value}
    )
    assert done.ending.error == "States.QueryEvaluationError"


@pytest.mark.parametrize(
    "value", ["", "2027-01-15", "2027-01-15T08:00:00", "2027-13-15T08:00:00Z", 5, None, "9999-12-31T23:59:60Z"]
)
def test_timestamps_that_are_none(value: Any) -> None:
    done = play(machine(("Wait", {"Type": "Wait", "TimestampPath": "$.t"})), {"t": value})
    assert done.ending.error == "States.Runtime"


def test_a_wait_goes_on_no_earlier_and_only_once() -> None:
    driver = Driver(machine(("Wait", wait(10)), ("After", a_pass())))
    driver.settle()
    driver.advance(9.999)
    assert "WaitStateExited" not in driver.types
    driver.machine.tick()
    driver.advance(0.001)
    driver.advance(10)
    assert driver.ending is not None and driver.types.count("WaitStateExited") == 1


def test_input_and_output_paths_count_at_the_end() -> None:
    done = play(machine(("Wait", wait(1, InputPath="$.a", OutputPath="$.b"))), {"a": {"b": 4}})
    assert done.ending.output == 4


def test_timestamps() -> None:
    assert parse_timestamp(START) == EPOCH
    assert parse_timestamp("2027-01-15T08:00:00.123456789Z") == EPOCH + 0.123456
    assert parse_timestamp("2027-01-15T10:00:00+02:00") == EPOCH
    assert parse_timestamp("0001-01-01T00:00:00+23:59") == -62135683140.0
    assert parse_timestamp("2027-01-15 08:00:00Z") is None
