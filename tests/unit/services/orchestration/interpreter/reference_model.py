"""What the States Language means, as a recursive function: no frames, no history, no crash to come back from.

It gives every way in which an execution may end. There is more than one only where two branches fail at one moment: which
failure counts is then up to whoever runs them, and the rest of the execution depends on that. So each place of choice
asks an oracle, and ``endings`` runs the model once for each way the oracle may answer.
"""

from __future__ import annotations

import copy
import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: An inline map runs so many iterations at once.
_MOST_INLINE = 40
MOST_ENDINGS = 64

#: By state, how each attempt of one pass through it goes: ("ok", result), ("fail", error, cause) or ("hang",).
Outcomes = Mapping[str, Sequence[tuple[Any, ...]]]


class Failure(Exception):
    """A state failed ``at`` so many seconds after the beginning."""

    def __init__(self, error: str | None, cause: str | None, at: float) -> None:
        super().__init__(error, cause, at)
        self.error, self.cause, self.at = error, cause, at


class TooManyEndings(Exception):
    """More than anybody wants to look at."""


@dataclass
class Model:
    outcomes: Outcomes
    pick: Callable[[int], int]

    def level(
        self, level: Mapping[str, Any], value: Any, variables: dict[str, Any], context: dict[str, Any], now: float
    ) -> tuple[Any, float]:
        """The output of a level that is entered with ``value``, and when it comes."""
        variables = dict(variables)
        name: str | None = level["StartAt"]
        while name is not None:
            value, name, now = self.state(name, level["States"][name], value, variables, context, now)
        return value, now

    def state(
        self, name: str, state: Any, raw: Any, variables: dict[str, Any], context: dict[str, Any], now: float
    ) -> tuple[Any, str | None, float]:
        used: dict[int, int] = {}
        attempt = 0
        while True:
            scope = {**context, "State": {"Name": name, **({"RetryCount": attempt} if state["Type"] == "Task" else {})}}
            try:
                return self.attempt(name, state, raw, variables, scope, attempt, now)
            except Failure as failure:
                attempt += 1
                delay = retry_delay(state, failure.error, used)
                if delay is not None:
                    now = failure.at + delay
                    continue
                catcher = next((c for c in state.get("Catch", ()) if matches(c, failure.error, state)), None)
                if catcher is None:
                    raise
                told = {k: v for k, v in (("Error", failure.error), ("Cause", failure.cause)) if v is not None}
                return place(catcher, raw, told, failure.at), catcher["Next"], failure.at

    def attempt(
        self,
        name: str,
        state: Any,
        raw: Any,
        variables: dict[str, Any],
        context: dict[str, Any],
        attempt: int,
        now: float,
    ) -> tuple[Any, str | None, float]:
        def filled(field: str, value: Any) -> Any:
            return fill(state[field], value, variables, context, now) if field in state else value

        def path(field: str, value: Any) -> Any:
            chosen = state.get(field, "$")
            return {} if chosen is None else follow(chosen, value, variables, context, now)

        kind = state["Type"]
        effective = path("InputPath", raw)
        if kind == "Fail":
            raise Failure(state.get("Error"), state.get("Cause"), now)
        if kind == "Choice":
            for rule in state["Choices"]:
                found = follow(rule["Variable"], effective, variables, context, now, ABSENT)
                if found == rule["NumericEquals"] and not isinstance(found, bool):
                    return path("OutputPath", effective), rule["Next"], now
            return path("OutputPath", effective), state["Default"], now
        if kind in ("Succeed", "Wait"):
            now += state.get("Seconds", 0)
            return path("OutputPath", effective), state.get("Next"), now
        given = effective if kind == "Map" else filled("Parameters", effective)
        if kind == "Pass":
            result = copy.deepcopy(state["Result"]) if "Result" in state else given
        elif kind == "Task":
            result, now = self.task(name, state, given, attempt, now)
        elif kind == "Parallel":
            result, now = self.branches(
                [(branch, given, context) for branch in state["Branches"]], variables, len(state["Branches"]), now
            )
        else:
            result, now = self.map(state, effective, variables, context, now)
        result = filled("ResultSelector", result)
        assigned = filled("Assign", result) if "Assign" in state else {}
        combined = place(state, raw, result, now)
        output = path("OutputPath", combined)
        variables.update(assigned)
        return output, state.get("Next"), now

    def task(self, name: str, state: Any, given: Any, attempt: int, now: float) -> tuple[Any, float]:
        outcomes = self.outcomes[name]
        kind, *rest = outcomes[min(attempt, len(outcomes) - 1)]
        if kind == "fail":
            raise Failure(rest[0], rest[1], now)
        if kind == "hang":
            raise Failure("States.Timeout", None, now + state["TimeoutSeconds"])
        return given if rest[0] == "echo" else copy.deepcopy(rest[0]), now

    def map(
        self, state: Any, effective: Any, variables: dict[str, Any], context: dict[str, Any], now: float
    ) -> tuple[Any, float]:
        error = "States.Runtime" if effective is None else "States.ReferencePathConflict"
        items = follow(state.get("ItemsPath", "$"), effective, variables, context, now, error=error)
        if not isinstance(items, list):
            raise Failure("States.Runtime", None, now)
        places = []
        for index, item in enumerate(items):
            scope = {**context, "Map": {"Item": {"Index": index, "Value": item}}}
            value = fill(state["ItemSelector"], effective, variables, scope, now) if "ItemSelector" in state else item
            places.append((state["ItemProcessor"], value, scope))
        return self.branches(places, variables, min(state.get("MaxConcurrency") or _MOST_INLINE, _MOST_INLINE), now)

    def branches(
        self, places: Sequence[tuple[Any, Any, dict[str, Any]]], variables: dict[str, Any], concurrency: int, now: float
    ) -> tuple[Any, float]:
        """Run each place as soon as one of ``concurrency`` slots is free; the first failure ends all."""
        slots = [now] * max(concurrency, 1)
        outputs: list[Any] = []
        failures: list[Failure] = []
        latest = now
        for level, value, context in places:
            begins = heapq.heappop(slots)
            if failures and begins > min(failure.at for failure in failures):
                break
            try:
                output, ends = self.level(level, value, variables, context, begins)
            except Failure as failure:
                failures.append(failure)
                heapq.heappush(slots, failure.at)
                continue
            outputs.append(output)
            latest = max(latest, ends)
            heapq.heappush(slots, ends)
        if failures:
            first = min(failure.at for failure in failures)
            candidates = [failure for failure in failures if failure.at == first]
            raise candidates[self.pick(len(candidates))]
        return outputs, latest


ABSENT = object()


def follow(
    path: str, value: Any, variables: Any, context: Any, now: float, default: Any = None, error: str = "States.Runtime"
) -> Any:
    """``$.a.b``, ``$$.a.b`` or ``$name.a``: members only."""
    head, *names = path.split(".")
    found = value if head == "$" else context if head == "$$" else variables.get(head[1:], ABSENT)
    for name in names:
        found = found[name] if isinstance(found, dict) and name in found else ABSENT
    if found is ABSENT:
        if default is not None:
            return default
        raise Failure(error, None, now)
    return copy.deepcopy(found)


def fill(template: Any, value: Any, variables: Any, context: Any, now: float) -> Any:
    if isinstance(template, dict):
        return {
            name.removesuffix(".$"): follow(part, value, variables, context, now) if name.endswith(".$")
            else fill(part, value, variables, context, now)
            for name, part in template.items()
        }  # fmt: skip
    return copy.deepcopy(template)


def place(fields: Any, raw: Any, result: Any, now: float) -> Any:
    path = fields.get("ResultPath", "$")
    if path is None or path == "$":
        return raw if path is None else result
    if not isinstance(raw, dict):
        raise Failure("States.ResultPathMatchFailure", None, now)
    combined = copy.deepcopy(raw)
    *outer, last = path.split(".")[1:]
    inner = combined
    for name in outer:
        inner = inner.setdefault(name, {})
        if not isinstance(inner, dict):
            raise Failure("States.ResultPathMatchFailure", None, now)
    inner[last] = result
    return combined


def matches(rule: Any, error: str | None, state: Any) -> bool:
    terminal = error in ("States.Runtime", "States.DataLimitExceeded")
    for name in rule["ErrorEquals"]:
        if name == error or (name == "States.ALL" and not terminal):
            return True
        if name == "States.TaskFailed" and state["Type"] == "Task" and not terminal and error != "States.Timeout":
            return True
    return False


def retry_delay(state: Any, error: str | None, used: dict[int, int]) -> float | None:
    for number, rule in enumerate(state.get("Retry", ())):
        if matches(rule, error, state):
            count = used.get(number, 0)
            if count >= rule.get("MaxAttempts", 3):
                return None
            used[number] = count + 1
            seconds = rule.get("IntervalSeconds", 1) * rule.get("BackoffRate", 2.0) ** count
            return float(min(seconds, rule.get("MaxDelaySeconds", seconds)))
    return None


def endings(definition: Any, value: Any, outcomes: Outcomes) -> Iterator[tuple[Any, ...]]:
    """Every way in which the execution may end: (status, output) or (status, error), and after how many seconds."""
    todo: list[list[int]] = [[]]
    count = 0
    while todo:
        count += 1
        if count > MOST_ENDINGS:
            raise TooManyEndings
        answers = todo.pop()
        asked: list[int] = []

        def pick(of: int, answers: list[int] = answers, asked: list[int] = asked) -> int:
            answer = answers[len(asked)] if len(asked) < len(answers) else 0
            if len(asked) >= len(answers):
                todo.extend([*answers, *[0] * (len(asked) - len(answers)), other] for other in range(1, of))
            asked.append(answer)
            return answer

        seconds = definition.get("TimeoutSeconds")
        try:
            output, at = Model(outcomes, pick).level(definition, value, {}, {"Execution": {"Input": value}}, 0.0)
            ending: tuple[Any, ...] = ("SUCCEEDED", output, at)
        except Failure as failure:
            at, ending = failure.at, ("FAILED", failure.error, failure.at)
        yield ("TIMED_OUT", None, float(seconds)) if seconds is not None and at >= seconds else ending
