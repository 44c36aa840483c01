"""A definition as a graph: states, and where each leads."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field

from services.orchestration.language.definition import Definition, Level, State
from services.orchestration.rendering.rule_text import rule_text

START = "start"
END = "end"


class EdgeKind(enum.StrEnum):
    """Why one state leads to another."""

    NEXT = "next"
    CHOICE = "choice"
    DEFAULT = "default"
    CATCH = "catch"


@dataclass(frozen=True, slots=True)
class Node:
    """A state, or the start or end of the whole machine.

    ``type`` is the state's, or START or END; ``inner`` holds a Parallel state's branches or a Map state's processor.
    """

    name: str
    type: str
    inner: tuple[Graph, ...] = ()
    #: What is said beside the type: "Distributed", or the resource of a task.
    note: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """A transition between two nodes of one graph, by their numbers."""

    source: int
    target: int
    kind: EdgeKind
    label: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """One level of a definition. Nodes are in the order of the definition."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = field(default=())


def graph_of(definition: Definition) -> Graph:
    """The whole definition, from its start to its end."""
    return _graph(definition, (), with_ends=True)


def _graph(definition: Definition, level: Level, *, with_ends: bool) -> Graph:
    states = definition.levels[level]
    nodes = [_node(definition, level, state) for state in states.states.values()]
    numbers = {node.name: number for number, node in enumerate(nodes)}
    edges: list[Edge] = []
    for number, state in enumerate(states.states.values()):
        for target, kind, label in _transitions(state):
            if target in numbers:
                edges.append(Edge(number, numbers[target], kind, label))
    if with_ends:
        start, end = len(nodes), len(nodes) + 1
        nodes += [Node("Start", START), Node("End", END)]
        if states.start_at in numbers:
            edges.insert(0, Edge(start, numbers[states.start_at], EdgeKind.NEXT))
        for number, state in enumerate(states.states.values()):
            if state.fields.get("End") or state.type in ("Succeed", "Fail"):
                edges.append(Edge(number, end, EdgeKind.NEXT))
    return Graph(tuple(nodes), tuple(edges))


def _node(definition: Definition, level: Level, state: State) -> Node:
    inner: list[Level] = []
    note = ""
    if state.type == "Parallel":
        inner = [(*level, state.name, number) for number in range(len(state.fields["Branches"]))]
    elif state.type == "Map":
        inner = [(*level, state.name)]
        note = "Distributed" if state.is_distributed else "Inline"
    elif state.type == "Task":
        note = state.fields["Resource"].split(":::")[-1].removeprefix("aws-sdk:")
    graphs = tuple(_graph(definition, step, with_ends=False) for step in inner)
    return Node(state.name, state.type, graphs, note)


def _transitions(state: State) -> Iterator[tuple[str, EdgeKind, str]]:
    if state.next is not None:
        yield state.next, EdgeKind.NEXT, ""
    for rule in state.fields.get("Choices", ()):
        yield rule["Next"], EdgeKind.CHOICE, rule_text(rule)
    if "Default" in state.fields:
        yield state.fields["Default"], EdgeKind.DEFAULT, "otherwise"
    for catcher in state.fields.get("Catch", ()):
        yield catcher["Next"], EdgeKind.CATCH, ", ".join(catcher["ErrorEquals"])
