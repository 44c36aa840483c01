"""How far an execution got, from its history."""

from __future__ import annotations

from services.orchestration.rendering.progress import HistoryEvent, Status, progress_of


def history(*events: tuple[int, str] | tuple[int, str, str]) -> list[HistoryEvent]:
    """Events as (previous, type, state), numbered from 1, a second apart."""
    return [
        HistoryEvent(number, event[0], event[1], float(number), event[2] if len(event) > 2 else "")
        for number, event in enumerate(events, 1)
    ]


def test_success_retries_and_what_was_not_reached() -> None:
    found = progress_of(
        history(
            (0, "ExecutionStarted"),
            (1, "TaskStateEntered", "a"),
            (2, "TaskScheduled"),
            (3, "TaskFailed"),
            (4, "TaskScheduled"),
            (5, "TaskSucceeded"),
            (6, "TaskStateExited", "a"),
            (7, "ExecutionSucceeded"),
        )
    )
    assert list(found) == ["a"]
    assert (found["a"].status, found["a"].entries, found["a"].retries) == (Status.SUCCEEDED, 1, 1)
    assert found["a"].seconds == 5.0


def test_a_caught_error_and_a_failure() -> None:
    found = progress_of(
        history(
            (0, "ExecutionStarted"),
            (1, "TaskStateEntered", "a"),
            (2, "TaskScheduled"),
            (3, "TaskTimedOut"),
            (4, "TaskStateExited", "a"),
            (5, "FailStateEntered", "b"),
            (6, "ExecutionFailed"),
        )
    )
    assert (found["a"].status, found["b"].status) == (Status.CAUGHT, Status.FAILED)


def test_iterations_are_told_together() -> None:
    found = progress_of(
        history(
            (0, "ExecutionStarted"),
            (1, "MapStateEntered", "all"),
            (2, "MapStateStarted"),
            (3, "MapIterationStarted"),
            (3, "MapIterationStarted"),
            (4, "PassStateEntered", "each"),
            (6, "PassStateExited", "each"),
            (7, "MapIterationSucceeded"),
            (5, "PassStateEntered", "each"),
            (9, "PassStateExited", "each"),
            (10, "PassStateEntered", "last"),
            (11, "PassStateExited", "last"),
            (12, "MapIterationSucceeded"),
            (13, "MapStateSucceeded"),
            (14, "MapStateExited", "all"),
            (15, "ExecutionSucceeded"),
        )
    )
    assert {name: (state.status, state.entries) for name, state in found.items()} == {
        "all": (Status.SUCCEEDED, 1),
        "each": (Status.SUCCEEDED, 2),
        "last": (Status.SUCCEEDED, 1),
    }
    assert found["all"].retries == 0


def test_the_failed_branch_and_those_that_it_ended() -> None:
    events = history(
        (0, "ExecutionStarted"),
        (1, "ParallelStateEntered", "both"),
        (2, "ParallelStateStarted"),
        (3, "WaitStateEntered", "slow"),
        (3, "TaskStateEntered", "bad"),
        (5, "TaskScheduled"),
        (6, "TaskFailed"),
        (7, "ParallelStateFailed"),
        (8, "ExecutionFailed"),
    )
    found = progress_of(events)
    assert {name: state.status for name, state in found.items()} == {
        "both": Status.FAILED,
        "slow": Status.ABORTED,
        "bad": Status.FAILED,
    }
    caught = [*events[:-1], HistoryEvent(9, 8, "ParallelStateExited", 9.0, "both")]
    assert progress_of(caught)["both"].status is Status.CAUGHT


def test_what_runs_still_and_what_was_stopped() -> None:
    events = history((0, "ExecutionStarted"), (1, "WaitStateEntered", "w"))
    assert progress_of(events)["w"].status is Status.RUNNING
    stopped = [*events, HistoryEvent(3, 2, "ExecutionAborted", 3.0)]
    assert progress_of(stopped)["w"].status is Status.ABORTED
    assert progress_of([]) == {}
