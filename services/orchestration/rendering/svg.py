"""A layout as an SVG picture that stands alone: no script, no font, no link to anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from services.orchestration.rendering.graph import END, START, EdgeKind
from services.orchestration.rendering.layout import (
    CHARACTER_WIDTH,
    SMALL_CHARACTER_WIDTH,
    Box,
    Layout,
    Line,
    Point,
    label_text,
    shorten,
)
from services.orchestration.rendering.progress import StateProgress, Status

MARGIN = 20.0
_CORNER = 6.0
_TITLE_HEIGHT = 34.0

_STYLE = """
svg { background: #fff; font-family: system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; }
.title { font-size: 14px; font-weight: 600; fill: #1f2933; }
.name { font-size: 13px; font-weight: 600; fill: #1f2933; text-anchor: middle; }
.note, .label { font-size: 11px; fill: #52606d; text-anchor: middle; }
.box { fill: #f5f7fa; stroke: #7b8794; stroke-width: 1.2; }
.around { fill: #fcfcfd; stroke: #7b8794; stroke-width: 1.2; stroke-dasharray: 5 4; }
.pill { fill: #323f4b; stroke: none; }
.pill-text { font-size: 11px; fill: #fff; text-anchor: middle; }
.line { fill: none; stroke: #7b8794; stroke-width: 1.3; }
.catch { stroke: #b44d12; stroke-dasharray: 5 4; }
.paper { fill: #fff; fill-opacity: 0.85; }
.succeeded { fill: #e3f9e5; stroke: #207227; }
.failed { fill: #ffe3e3; stroke: #ab091e; stroke-width: 2; }
.caught { fill: #ffefd5; stroke: #b44d12; }
.running { fill: #e0f2fe; stroke: #0b69a3; stroke-width: 2; }
.aborted { fill: #e4e7eb; stroke: #52606d; }
.not-reached { opacity: 0.45; }
"""
_WORDS = {
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.RUNNING: "running",
    Status.ABORTED: "aborted",
    Status.CAUGHT: "error caught",
}


def draw(layout: Layout, title: str, progress: Mapping[str, StateProgress] | None = None) -> str:
    """The picture as text. ``progress`` colours the states; None draws the definition alone."""
    width, height = layout.width + 2 * MARGIN, layout.height + 2 * MARGIN + _TITLE_HEIGHT
    width = max(width, len(title) * CHARACTER_WIDTH + 2 * MARGIN)
    described = _description(layout, progress)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" aria-labelledby="title description">',
        f'<title id="title">{_text(title)}</title>',
        f'<desc id="description">{_text(described)}</desc>',
        f"<style>{_STYLE}</style>",
        _arrow_head("arrow", "#7b8794"),
        _arrow_head("arrow-catch", "#b44d12"),
        f'<text class="title" x="{MARGIN:g}" y="{MARGIN + 6:g}">{_text(title)}</text>',
        f'<g transform="translate({(width - layout.width) / 2:g} {MARGIN + _TITLE_HEIGHT:g})">',
        *(part for box in layout.boxes for part in _box(box, progress)),
        *(part for line in layout.lines for part in _line(line)),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _description(layout: Layout, progress: Mapping[str, StateProgress] | None) -> str:
    """The picture in words, for those who do not see it."""
    boxes = layout.boxes
    sentences = [f"{sum(box.node.type not in (START, END) for box in boxes)} states."]
    for line in layout.lines:
        source, target = boxes[line.source].node.name, boxes[line.target].node.name
        why = f" ({line.edge.kind}{': ' + line.edge.label if line.edge.label else ''})"
        sentences.append(f"{source} leads to {target}{'' if line.edge.kind is EdgeKind.NEXT else why}.")
    if progress is not None:
        for name, state in progress.items():
            sentences.append(f"{name}: {_WORDS[state.status]}.")
    return " ".join(sentences)


def _box(box: Box, progress: Mapping[str, StateProgress] | None) -> Iterator[str]:
    node = box.node
    middle = box.x + box.width / 2
    if node.type in (START, END):
        yield _rectangle(box, "pill", box.height / 2)
        yield f'<text class="pill-text" x="{middle:g}" y="{box.y + 16:g}">{_text(node.name)}</text>'
        return
    state = None if progress is None else progress.get(node.name)
    reached = "" if progress is None else " not-reached" if state is None else f" {state.status}"
    most = int((box.width - 12) / CHARACTER_WIDTH)
    yield f"<g class={quoteattr('state' + (reached if state is None else ''))}>"
    yield f"<title>{_text(_tooltip(box, state))}</title>"
    yield _rectangle(box, f"{'around' if node.inner else 'box'}{reached if state else ''}", 8)
    yield f'<text class="name" x="{middle:g}" y="{box.y + 18:g}">{_text(shorten(node.name, most))}</text>'
    note = " · ".join(part for part in (node.type, node.note, "" if state is None else _summary(state)) if part)
    most = int((box.width - 8) / SMALL_CHARACTER_WIDTH)
    yield f'<text class="note" x="{middle:g}" y="{box.y + 34:g}">{_text(_shorten_note(box, note, state, most))}</text>'
    yield "</g>"


def _shorten_note(box: Box, note: str, state: StateProgress | None, most: int) -> str:
    """What a state did matters more than what it calls."""
    if len(note) > most and state is not None:
        note = f"{box.node.type} · {_summary(state)}"
    return shorten(note, most)


def _tooltip(box: Box, state: StateProgress | None) -> str:
    lines = [box.node.name, " ".join(part for part in (box.node.type, box.node.note) if part)]
    if state is not None:
        lines.append(f"{_WORDS[state.status]}, {_summary(state)}")
    return "\n".join(lines)


def _summary(state: StateProgress) -> str:
    """How often and how long: "3x, 2 retries, 1.2 s"."""
    parts = [f"{state.entries}x"] if state.entries > 1 else []
    if state.retries:
        parts.append(f"{state.retries} {'retry' if state.retries == 1 else 'retries'}")
    parts.append(duration(state.seconds))
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """For people: 12 ms, 1.2 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _rectangle(box: Box, classes: str, radius: float) -> str:
    return (
        f'<rect class={quoteattr(classes)} x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" '
        f'height="{box.height:g}" rx="{radius:g}"/>'
    )


def _line(line: Line) -> Iterator[str]:
    caught = line.edge.kind is EdgeKind.CATCH
    classes, head = ("line catch", "arrow-catch") if caught else ("line", "arrow")
    yield f'<path class="{classes}" marker-end="url(#{head})" d="{_path(line.points)}"/>'
    if line.label_at is None:
        return
    text = label_text(line.edge)
    x, y = line.label_at
    width = len(text) * SMALL_CHARACTER_WIDTH + 4
    yield "<g>"
    yield f"<title>{_text(line.edge.label)}</title>"
    yield f'<rect class="paper" x="{x - width / 2:g}" y="{y - 8:g}" width="{width:g}" height="16"/>'
    yield f'<text class="label" x="{x:g}" y="{y + 4:g}">{_text(text)}</text>'
    yield "</g>"


def _path(points: tuple[Point, ...]) -> str:
    """The line with its corners rounded."""
    commands = [f"M{points[0][0]:g} {points[0][1]:g}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        enter, leave = _towards(corner, before), _towards(corner, after)
        commands.append(f"L{enter[0]:g} {enter[1]:g}Q{corner[0]:g} {corner[1]:g} {leave[0]:g} {leave[1]:g}")
    commands.append(f"L{points[-1][0]:g} {points[-1][1]:g}")
    return "".join(commands)


def _towards(point: Point, other: Point) -> Point:
    dx, dy = other[0] - point[0], other[1] - point[1]
    length = (dx * dx + dy * dy) ** 0.5
    share = min(0.5, _CORNER / length) if length else 0.0
    return round(point[0] + dx * share, 1), round(point[1] + dy * share, 1)


def _arrow_head(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        f'orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="{colour}"/></marker>'
    )


def _text(text: str) -> str:
    """Escaped, and without the control characters that XML cannot hold at all."""
    return escape("".join(character if character >= " " or character in "\t\n" else "\ufffd" for character in text))
