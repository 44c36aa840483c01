"""In which rank a node of a drawing stands, which edges lead back, and in which order a reader meets the nodes."""

from __future__ import annotations

from services.orchestration.rendering.graph import END, START, EdgeKind, Graph


def back_edges(graph: Graph) -> frozenset[int]:
    """Numbers of the edges that close a circle, found by a walk in depth from the start."""
    outgoing = _outgoing(graph)
    state = [0] * len(graph.nodes)  # 1 on the way, 2 done
    back: set[int] = set()
    for root in _roots(graph):
        if state[root]:
            continue
        state[root] = 1
        path = [(root, iter(outgoing[root]))]
        while path:
            node, remaining = path[-1]
            number = next(remaining, None)
            if number is None:
                state[node] = 2
                path.pop()
                continue
            target = graph.edges[number].target
            if state[target] == 1:
                back.add(number)
            elif state[target] == 0:
                state[target] = 1
                path.append((target, iter(outgoing[target])))
    return frozenset(back)


def longest_paths(graph: Graph, back: frozenset[int]) -> list[int]:
    """The rank of each node: how many edges lead to it at most, those in ``back`` apart."""
    ranks = [0] * len(graph.nodes)
    incoming = [0] * len(graph.nodes)
    for number, edge in enumerate(graph.edges):
        incoming[edge.target] += number not in back
    outgoing = _outgoing(graph)
    ready = [node for node in range(len(graph.nodes)) if incoming[node] == 0]
    for node in ready:
        for number in outgoing[node]:
            if number in back:
                continue
            target = graph.edges[number].target
            ranks[target] = max(ranks[target], ranks[node] + 1)
            incoming[target] -= 1
            if incoming[target] == 0:
                ready.append(target)
    # The end is below everything, also below states that nothing leads to.
    for number in range(len(graph.nodes)):
        if graph.nodes[number].type == END:
            ranks[number] = max([ranks[number], *(rank + 1 for other, rank in enumerate(ranks) if other != number)])
    return ranks


def reading_order(graph: Graph, back: frozenset[int]) -> list[int]:
    """Nodes as a walk in breadth meets them, a Choice's first rule leftmost."""
    outgoing = _outgoing(graph)
    seen: dict[int, None] = {}
    for root in _roots(graph):
        waiting = [] if root in seen else [root]
        seen.setdefault(root)
        for node in waiting:
            for number in outgoing[node]:
                target = graph.edges[number].target
                if number not in back and target not in seen:
                    seen[target] = None
                    waiting.append(target)
    return list(seen)


def _roots(graph: Graph) -> list[int]:
    """All nodes, the start first, then those that nothing leads to."""
    targets = {edge.target for edge in graph.edges}
    numbers = range(len(graph.nodes))
    return sorted(numbers, key=lambda number: (graph.nodes[number].type != START, number in targets, number))


def _outgoing(graph: Graph) -> list[list[int]]:
    outgoing: list[list[int]] = [[] for _ in graph.nodes]
    for number, edge in enumerate(graph.edges):
        outgoing[edge.source].append(number)
    # What goes on normally before what goes wrong.
    for edges in outgoing:
        edges.sort(key=lambda number: graph.edges[number].kind is EdgeKind.CATCH)
    return outgoing
