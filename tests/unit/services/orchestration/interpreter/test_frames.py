from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.orchestration.interpreter.frames import Frame, Phase
from services.orchestration.language import json_text

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(
    value=json_values, output=json_values, variables=st.dictionaries(st.text(st.characters(codec="utf-8")), json_values, max_size=3),
    phase=st.sampled_from(Phase), retries=st.dictionaries(st.integers(0, 9), st.integers(0, 99), max_size=3),
    moments=st.tuples(*[st.none() | st.floats(0, 4e9)] * 3), items=st.none() | st.lists(json_values, max_size=3),
    level=st.lists(st.text(st.characters(codec="utf-8")) | st.integers(0, 99), max_size=4), parent=st.none() | st.integers(1, 9),
)  # fmt: skip
def test_a_frame_that_is_loaded_is_the_one_that_was_dumped(
    value: Any,
    output: Any,
    variables: Any,
    phase: Phase,
    retries: Any,
    moments: Any,
    items: Any,
    level: Any,
    parent: Any,
) -> None:
    wake_at, timeout_at, heartbeat_at = moments
    frame = Frame(
        7, parent, 3, tuple(level), "State", value, phase, 4, 5, 6.25, variables, retries, 8, wake_at, timeout_at, heartbeat_at,
        {"token": "t"}, output, items,
    )  # fmt: skip
    assert Frame.load(frame.dump(), None if items is None else json_text.dumps(items)) == frame


def test_a_deadline_is_the_first_of_all() -> None:
    frame = Frame(1, None, 0, (), "A", {})
    assert frame.deadline is None
    frame.timeout_at, frame.heartbeat_at = 9.0, 4.0
    assert frame.deadline == 4.0
    frame.wake_at = 1.0
    assert frame.deadline == 1.0
    frame.clear_deadlines()
    assert frame.deadline is None
