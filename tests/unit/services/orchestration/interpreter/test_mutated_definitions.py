"""Definitions that nobody would write: validation says no, or the machine runs them, and neither breaks."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.orchestration.interpreter.outcomes import Answered, Completed, Failed
from services.orchestration.language import validation
from tests.unit.services.orchestration.interpreter.mutations import BASES, FIELD_NAMES, VALUES, Somewhat, mutated

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
WORDS, FIELDS = st.sampled_from(VALUES), st.sampled_from(FIELD_NAMES)
MUTATIONS = st.lists(
    st.tuples(st.integers(0, 500), st.sampled_from(["replace", "replace", "delete", "add", "copy"]), WORDS | JSON, FIELDS, st.integers(0, 500)),
    min_size=1, max_size=4,
)  # fmt: skip
OUTCOMES = st.lists(
    st.builds(Answered, JSON) | st.builds(Completed, JSON) | st.builds(Failed, st.sampled_from(["X", None, "States.Runtime"]), st.none() | st.text(max_size=3)),
    min_size=1, max_size=3,
)  # fmt: skip


def run_somewhat(definition: str, value: Any, outcomes: list[Any]) -> None:
    answers = iter(outcomes * 20)
    Somewhat(definition, value, lambda effect: next(answers, None), reloads=True, states_a_run=20).end()


SETTINGS = settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))


@given(st.sampled_from(BASES), MUTATIONS, JSON | st.just({"a": 1, "items": [1, 2, 3], "n": 0}), OUTCOMES)
@SETTINGS
def test_mutated_definitions(base: dict[str, Any], mutations: Any, value: Any, outcomes: list[Any]) -> None:
    text = json.dumps(mutated(base, mutations))
    if all("ERROR" not in str(found.severity) for found in validation.diagnose(text)):
        run_somewhat(text, value, outcomes)


@given(st.text() | JSON.map(json.dumps) | st.dictionaries(FIELDS, WORDS | JSON).map(json.dumps))
@SETTINGS
def test_texts_that_are_no_definitions(text: str) -> None:
    assert validation.diagnose(text)


@given(st.sampled_from(BASES), JSON | st.just({"a": 1, "items": [1, 2, 3], "n": 0}), OUTCOMES)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_good_definitions_with_any_input_and_any_answers(base: dict[str, Any], value: Any, outcomes: list[Any]) -> None:
    text = json.dumps(base)
    assert not [found for found in validation.diagnose(text) if "ERROR" in str(found.severity)]
    run_somewhat(text, value, outcomes)
