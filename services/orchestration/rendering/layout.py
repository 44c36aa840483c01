"""Where the boxes and lines of a drawing go: a layered layout (Sugiyama, Tagawa and Toda 1981).

Ranks are longest paths; lines over several ranks get bends in between; the order within ranks comes from sweeps of
barycentres; positions from least squares with minimal distances (pool adjacent violators). A label is a bend as wide as
its text, in a row of its own between two ranks, so labels cover nothing. Lines that lead back go round everything on
the right. Between two rows there are lines alone, within a row lines run straight down: so no line crosses a box.

The same graph always gets the same layout. Units are pixels of an unscaled SVG, y grows downwards.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from services.orchestration.rendering import ranks
from services.orchestration.rendering.graph import END, START, Edge, Graph, Node
from shared import errors

BOX_HEIGHT = 44.0
PILL_WIDTH, PILL_HEIGHT = 64.0, 24.0
MIN_BOX_WIDTH, MAX_BOX_WIDTH = 120.0, 260.0
HEADER_HEIGHT = 46.0
PADDING = 18.0
#: Between boxes of a row, between rows, between lines.
BOX_GAP, ROW_GAP, LINE_GAP = 28.0, 18.0, 14.0
LABEL_HEIGHT = 16.0
CHARACTER_WIDTH, SMALL_CHARACTER_WIDTH = 7.4, 6.3
MAX_LABEL_CHARACTERS = 34
_SWEEPS = 8
#: Bends of one graph; beyond, a picture would tell nobody anything.
_MOST_BENDS = 100_000

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A node in its place. ``parent``: number of the box around it."""

    node: Node
    x: float
    y: float
    width: float
    height: float
    parent: int | None = None

    @property
    def bottom(self) -> float:
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Line:
    """An edge in its place, from the rim of box number ``source`` to that of ``target``."""

    edge: Edge
    points: tuple[Point, ...]
    source: int
    target: int
    #: Middle of the label.
    label_at: Point | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """A drawing. Boxes that hold others come before them."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def lay_out(graph: Graph) -> Layout:
    """Place a graph and everything inside its nodes.

    Raises:
        InvalidArgument: it is too large to be drawn.
    """
    return _Level(graph).layout()


def label_text(edge: Edge) -> str:
    """The label as it is drawn: cut where it is long."""
    return shorten(edge.label, MAX_LABEL_CHARACTERS)


def shorten(text: str, most: int) -> str:
    """``text`` on one line of at most ``most`` characters."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


@dataclass(slots=True)
class _Item:
    """A node or a bend in its rank. ``width`` includes nothing around it."""

    width: float
    height: float
    gap: float
    node: int | None = None
    x: float = 0.0
    above: list[_Item] = field(default_factory=list)
    below: list[_Item] = field(default_factory=list)
    place: int = 0

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


class _Level:
    """The layout of one graph, its origin at (0, 0)."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._inner = [[lay_out(inner) for inner in node.inner] for node in graph.nodes]
        self._nodes = [self._item(number) for number in range(len(graph.nodes))]
        self._back = ranks.back_edges(graph)
        self._ranks = [2 * rank for rank in ranks.longest_paths(graph, self._back)]
        self._rows: list[list[_Item]] = [[] for _ in range(max(self._ranks, default=0) + 1)]
        #: Items from source to target, of each edge that leads forward.
        self._chains: dict[int, list[_Item]] = {}
        self._fill_rows()

    def layout(self) -> Layout:
        self._order()
        self._place_across()
        tops, bottoms = self._place_down()
        boxes, positions = self._boxes(tops)
        lines = [*self._forward_lines(tops, bottoms, boxes, positions)]
        back, lanes_end = self._back_lines(tops, bottoms, boxes, positions)
        lines += back
        width = max([lanes_end, *(item.x + item.width for row in self._rows for item in row)], default=0.0)
        height = bottoms[-1] if bottoms else 0.0
        inner_lines = self._inner_lines(boxes, positions)
        placed = [box for group in boxes for box in group]
        return Layout(width, height + (ROW_GAP if back else 0.0), tuple(placed), (*lines, *inner_lines))

    # -- ranks and bends

    def _item(self, number: int) -> _Item:
        node = self._graph.nodes[number]
        if node.type in (START, END):
            return _Item(PILL_WIDTH, PILL_HEIGHT, BOX_GAP, number)
        note = len(node.type) + len(node.note) + 3
        text = max(len(node.name) * CHARACTER_WIDTH, note * SMALL_CHARACTER_WIDTH) + 24
        width = min(max(text, MIN_BOX_WIDTH), MAX_BOX_WIDTH)
        if not node.inner:
            return _Item(width, BOX_HEIGHT, BOX_GAP, number)
        inner = self._inner[number]
        across = sum(layout.width for layout in inner) + PADDING * (len(inner) + 1)
        return _Item(
            max(width, across), HEADER_HEIGHT + PADDING + max(layout.height for layout in inner), BOX_GAP, number
        )

    def _fill_rows(self) -> None:
        for number in ranks.reading_order(self._graph, self._back):
            self._rows[self._ranks[number]].append(self._nodes[number])
        bends = 0
        for number, edge in enumerate(self._graph.edges):
            if number in self._back:
                continue
            first, last = self._ranks[edge.source], self._ranks[edge.target]
            bends += last - first - 1
            if bends > _MOST_BENDS:
                raise errors.InvalidArgument("This definition has too many transitions over long distances to draw.")
            chain = [self._nodes[edge.source]]
            for rank in range(first + 1, last):
                labelled = edge.label and rank == first + 1
                width = len(label_text(edge)) * SMALL_CHARACTER_WIDTH + 8 if labelled else 1.0
                bend = _Item(width, LABEL_HEIGHT if labelled else 0.0, LINE_GAP)
                self._rows[rank].append(bend)
                chain.append(bend)
            chain.append(self._nodes[edge.target])
            for upper, lower in itertools.pairwise(chain):
                upper.below.append(lower)
                lower.above.append(upper)
            self._chains[number] = chain

    # -- positions

    def _order(self) -> None:
        for row in self._rows:
            _number(row)
        for sweep in range(_SWEEPS):
            downwards = sweep % 2 == 0
            for row in self._rows if downwards else reversed(self._rows):
                row.sort(key=lambda item: _mean(item.above if downwards else item.below, item.place))
                _number(row)

    def _place_across(self) -> None:
        for row in self._rows:
            x = 0.0
            for item in row:
                item.x = x
                x += item.width + item.gap
        for sweep in range(_SWEEPS):
            downwards = sweep % 2 == 0
            for row in self._rows if downwards else reversed(self._rows):
                wanted = []
                for item in row:
                    others = item.above if downwards else item.below
                    middle = sum(other.middle for other in others) / len(others) if others else item.middle
                    wanted.append(middle - item.width / 2)
                _separate(row, wanted)
        left = min((item.x for row in self._rows for item in row), default=0.0)
        for row in self._rows:
            for item in row:
                item.x = round(item.x - left, 1)

    def _place_down(self) -> tuple[list[float], list[float]]:
        """Upper and lower ends of the rows."""
        tops, bottoms = [], []
        y = ROW_GAP if self._back else 0.0
        for row in self._rows:
            tops.append(y)
            y += max((item.height for item in row), default=0.0)
            bottoms.append(y)
            y += ROW_GAP
        return tops, bottoms

    # -- what is drawn

    def _boxes(self, tops: Sequence[float]) -> tuple[list[list[Box]], list[int]]:
        """The box of each node with all inside it, and the number that each node's own box has in the drawing."""
        groups: list[list[Box]] = []
        positions: list[int] = []
        count = 0
        for number, item in enumerate(self._nodes):
            box = Box(self._graph.nodes[number], item.x, tops[self._ranks[number]], item.width, item.height)
            group = [box]
            for layout, dx, dy in self._offsets(number, box):
                first = count + len(group)
                for inner in layout.boxes:
                    parent = count if inner.parent is None else first + inner.parent
                    group.append(Box(inner.node, inner.x + dx, inner.y + dy, inner.width, inner.height, parent))
            groups.append(group)
            positions.append(count)
            count += len(group)
        return groups, positions

    def _offsets(self, number: int, box: Box) -> Iterator[tuple[Layout, float, float]]:
        """Where the drawings inside a node go, side by side in its middle."""
        inner = self._inner[number]
        across = sum(layout.width for layout in inner) + PADDING * (len(inner) - 1)
        x = box.x + (box.width - across) / 2
        for layout in inner:
            yield layout, round(x, 1), box.y + HEADER_HEIGHT
            x += layout.width + PADDING

    def _inner_lines(self, boxes: Sequence[Sequence[Box]], positions: Sequence[int]) -> Iterator[Line]:
        for number, group in enumerate(boxes):
            first = positions[number] + 1
            for layout, dx, dy in self._offsets(number, group[0]):
                for line in layout.lines:
                    label = None if line.label_at is None else (line.label_at[0] + dx, line.label_at[1] + dy)
                    points = tuple((x + dx, y + dy) for x, y in line.points)
                    yield Line(line.edge, points, line.source + first, line.target + first, label)
                first += len(layout.boxes)

    def _forward_lines(
        self, tops: Sequence[float], bottoms: Sequence[float], boxes: Sequence[Sequence[Box]], positions: Sequence[int]
    ) -> Iterator[Line]:
        leaving, arriving = self._ports()
        for number, chain in self._chains.items():
            edge = self._graph.edges[number]
            source, rank = boxes[edge.source][0], self._ranks[edge.source]
            points = [(leaving[number], source.bottom), (leaving[number], bottoms[rank])]
            label = None
            for bend in chain[1:-1]:
                rank += 1
                points += [(bend.middle, tops[rank]), (bend.middle, bottoms[rank])]
                if bend.height:
                    label = (bend.middle, (tops[rank] + bottoms[rank]) / 2)
            points.append((arriving[number], tops[rank + 1]))
            yield Line(edge, _tidy(points), positions[edge.source], positions[edge.target], label)

    def _back_lines(
        self, tops: Sequence[float], bottoms: Sequence[float], boxes: Sequence[Sequence[Box]], positions: Sequence[int]
    ) -> tuple[list[Line], float]:
        """Lines round the right side, each in a lane of its own, and where the last lane ends."""
        lane = max((item.x + item.width for row in self._rows for item in row), default=0.0)
        lines = []
        for number in sorted(self._back):
            edge = self._graph.edges[number]
            text = label_text(edge)
            lane += BOX_GAP / 2
            source, target = boxes[edge.source][0], boxes[edge.target][0]
            below = bottoms[self._ranks[edge.source]] + ROW_GAP / 2
            above = tops[self._ranks[edge.target]] - ROW_GAP / 2
            # Off the middle, where the lines that lead forward begin and end.
            out, into = source.x + source.width * 0.9, target.x + target.width * 0.9
            points = [(out, source.bottom), (out, below), (lane, below), (lane, above), (into, above), (into, target.y)]
            label = None
            if text:
                half = len(text) * SMALL_CHARACTER_WIDTH / 2 + 4
                label = (lane + half, (below + above) / 2)
                lane += 2 * half
            lines.append(Line(edge, _tidy(points), positions[edge.source], positions[edge.target], label))
        return lines, lane + (BOX_GAP / 2 if lines else 0.0)

    def _ports(self) -> tuple[dict[int, float], dict[int, float]]:
        """Where on its boxes each line leaves and arrives: side by side, in the order of where they lead."""
        leaving: dict[int, float] = {}
        arriving: dict[int, float] = {}
        for number, item in enumerate(self._nodes):
            out = [(chain[1].middle, key) for key, chain in self._chains.items() if chain[0] is item]
            into = [(chain[-2].middle, key) for key, chain in self._chains.items() if chain[-1] is item]
            for ports, found in ((leaving, sorted(out)), (arriving, sorted(into))):
                for place, (_, key) in enumerate(found, 1):
                    ports[key] = round(self._nodes[number].x + item.width * place / (len(found) + 1), 1)
        return leaving, arriving


def _number(row: Sequence[_Item]) -> None:
    for place, item in enumerate(row):
        item.place = place


def _mean(others: Sequence[_Item], otherwise: float) -> float:
    return sum(other.place for other in others) / len(others) if others else otherwise


def _separate(row: Sequence[_Item], wanted: Sequence[float]) -> None:
    """Place items as near to ``wanted`` as their order and distances allow, by least squares."""
    offsets, offset = [], 0.0
    for item in row:
        offsets.append(offset)
        offset += item.width + item.gap
    # Without the distances the positions must only not decrease: pool adjacent violators.
    pools: list[list[float]] = []  # sum and count
    for position, shift in zip(wanted, offsets, strict=True):
        pools.append([position - shift, 1])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, count = pools.pop()
            pools[-1][0] += total
            pools[-1][1] += count
    index = 0
    for total, count in pools:
        for _ in range(int(count)):
            row[index].x = total / count + offsets[index]
            index += 1


def _tidy(points: Sequence[Point]) -> tuple[Point, ...]:
    """Without points that change nothing."""
    kept: list[Point] = []
    for x, y in points:
        point = (round(x, 1), round(y, 1))
        if kept and kept[-1] == point:
            continue
        if len(kept) > 1 and kept[-2][0] == kept[-1][0] == point[0]:
            kept[-1] = point
        else:
            kept.append(point)
    return tuple(kept)
