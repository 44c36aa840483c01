"""Definitions for drawings, made by hypothesis: any graph, nested, with circles."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=90)


@st.composite
def machines(draw: st.DrawFn, depth: int = 2, prefix: str = "") -> dict[str, Any]:
    """A level of a definition whose names begin with ``prefix``: names are unique over the whole definition."""
    count = draw(st.integers(1, 6))
    names = [f"{prefix}{number} {draw(NAMES)}"[:80] for number in range(count)]
    target = st.sampled_from(names)
    states: dict[str, Any] = {}
    for number, name in enumerate(names):
        kinds = ["Pass", "Choice", "Succeed", "Task", *(["Parallel", "Map"] if depth else [])]
        state: dict[str, Any] = {"Type": draw(st.sampled_from(kinds))}
        if state["Type"] == "Choice":
            state["Choices"] = [
                {"Variable": "$.x", "StringEquals": draw(NAMES), "Next": draw(target)}
                for _ in range(draw(st.integers(1, 3)))
            ]
            state["Default"] = draw(target)
        elif state["Type"] != "Succeed":
            if draw(st.booleans()):
                state["Next"] = draw(target)
            else:
                state["End"] = True
        if state["Type"] == "Task":
            state["Resource"] = "arn:aws:states:::lambda:invoke"
        if state["Type"] in ("Task", "Parallel", "Map"):
            catchers = draw(st.integers(0, 2))
            state["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": draw(target)} for _ in range(catchers)]
        inner = machines(depth - 1, f"{prefix}{number}.") if depth else None
        if state["Type"] == "Parallel" and inner is not None:
            branches = draw(st.integers(1, 2))
            state["Branches"] = [draw(machines(depth - 1, f"{prefix}{number}.{branch}.")) for branch in range(branches)]
        if state["Type"] == "Map" and inner is not None:
            state["ItemProcessor"] = draw(inner)
        states[name] = state
    return {"StartAt": names[0], "States": states}


def texts(depth: int = 2) -> st.SearchStrategy[str]:
    """Definitions as text."""
    return machines(depth).map(json.dumps)
