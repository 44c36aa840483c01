"""Where the states of a level lead: targets that are missing, states that nothing leads to, levels without an end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.orchestration.language.diagnostics import Code, Findings
from services.orchestration.language.state_schema import STATE_TYPES


def check_transitions(level: Mapping[str, Any], at: str, findings: Findings) -> None:
    """Report what is wrong with the transitions of a level whose states are as the schema says."""
    states: Mapping[str, Mapping[str, Any]] = level["States"]
    start = level["StartAt"]
    if start not in states:
        findings.error(f"Missing 'Next' target: {start}", f"{at}/StartAt", Code.MISSING_TRANSITION_TARGET)
    reached: set[str] = set()
    pending = [start]
    while pending:
        name = pending.pop()
        if name in states and name not in reached:
            reached.add(name)
            pending.extend(target for target, _ in transitions(states[name]))
    for name, state in states.items():
        place = f"{at}/States/{name}"
        for target, where in transitions(state):
            if target not in states:
                message = f"Missing 'Next' target: {target}"
                findings.error(message, f"{place}/{where}", Code.MISSING_TRANSITION_TARGET)
        if name not in reached:
            findings.error(f'State "{name}" is not reachable.', place, Code.MISSING_TRANSITION_TARGET)
    if not any(STATE_TYPES[state["Type"]].terminal or state.get("End") for state in states.values()):
        findings.error("Workflow has no terminal state", at or None, Code.MISSING_END_STATE)


def transitions(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every transition of a state: the target, and the place of the field in the state."""
    for field in ("Next", "Default"):
        if field in state:
            yield state[field], field
    for field in ("Choices", "Catch"):
        for index, holder in enumerate(state.get(field, ())):
            yield holder["Next"], f"{field}[{index}]/Next"
