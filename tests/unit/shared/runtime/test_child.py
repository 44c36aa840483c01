"""A child answers, or it is gone: there is nothing between."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.runtime.child import Child, ChildGoneError, ChildLostError, ChildSilentError

PROGRAM = "tests.unit.shared.runtime.child_programs"


@pytest.fixture
def child() -> Iterator[Child]:
    child = Child(PROGRAM, {}, max_answer_bytes=8 * 1024**2)
    assert child.ask(b"hello", 30.0) == b"hello"
    yield child
    child.bury()


def gone(child: Child) -> bool:
    return child.lost and not Path(f"/proc/{child.process_id}").exists()


def test_long_questions_and_answers_pass_whole(child: Child) -> None:
    question = os.urandom(5 * 1024**2)
    assert child.ask(question, 30.0) == question
    assert child.ask(b"", 30.0) == b""


def test_what_a_library_prints_is_no_answer(child: Child) -> None:
    assert child.ask(b"print", 30.0) == b"print"


def test_a_child_has_a_bound_on_its_memory(child: Child) -> None:
    assert child.ask(b"allocate 1000000", 30.0) == b"1000000"
    assert child.ask(b"allocate 1000000000", 30.0) == b"no"


def test_a_child_that_dies_of_a_question_is_lost(child: Child) -> None:
    with pytest.raises(ChildLostError) as lost:
        child.ask(b"die", 30.0)
    assert not isinstance(lost.value, ChildSilentError | ChildGoneError)
    assert gone(child)


def test_a_child_that_is_late_is_killed(child: Child) -> None:
    with pytest.raises(ChildSilentError):
        child.ask(b"sleep 60", 0.2)
    assert gone(child)


def test_a_child_without_a_parent_ends_itself(child: Child) -> None:
    with pytest.raises(ChildLostError):
        child.ask(b"sleep 60", 40.0)  # its own five seconds are over before
    assert gone(child)


def test_a_child_that_was_gone_before_has_not_failed_the_question(child: Child) -> None:
    os.kill(child.process_id, 9)
    os.waitid(os.P_PID, child.process_id, os.WEXITED | os.WNOWAIT)
    with pytest.raises(ChildGoneError):
        child.ask(b"hello", 30.0)
    assert gone(child)


def test_an_answer_that_is_too_long_is_not_taken() -> None:
    small = Child(PROGRAM, {}, max_answer_bytes=10)
    with pytest.raises(ChildLostError):
        small.ask(b"more than ten bytes", 30.0)
    assert gone(small)


def test_a_busy_server_has_descriptors_above_a_thousand() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2000:
        pytest.skip("this machine allows too few descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2000), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        child = Child(PROGRAM, {}, max_answer_bytes=100)
        assert child.ask(b"hello", 30.0) == b"hello"
        child.bury()
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
