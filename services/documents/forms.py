"""Keys and their values, without templates: from punctuation, position, ruled cells and selection marks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.documents.lines import TextLine, TextWord
from services.documents.marks import Mark
from services.documents.sheets import Sheet
from services.documents.tables import Table
from shared.media.boxes import Box, union

#: How often a pair found this way is right: precision on FUNSD's training forms (bench/quality/documents.py scores
#: them). Too few forms there have ruled cells or marks with words: those two are estimates.
RELIABILITY = {"inline": 0.7, "right": 0.66, "below": 0.23, "row": 0.5, "cell": 0.5, "mark": 0.6, "empty": 0.5}
#: A value to the right is at most this many text heights away, one below at most this many.
MAX_RIGHT = 25.0
MAX_BELOW = 1.3
MAX_KEY_WORDS = 9
MAX_VALUE_LINES = 6
COLON = re.compile(r"[:：]$")
LABEL_END = re.compile(r"(#|N[o°]\.?|no\.|[Nn]umber|NO\.?|NUMBER|[Dd]ate|DATE)$")
HAS_LETTER = re.compile(r"[A-Za-zÀ-ɏ]")


@dataclass(frozen=True, eq=False, slots=True)
class KeyValue:
    """A key and what stands for it: words, selection marks, or nothing (an empty field). ``confidence`` 0..1."""

    key: tuple[TextWord, ...]
    value: tuple[TextWord, ...]
    marks: tuple[Mark, ...]
    confidence: float

    @property
    def key_text(self) -> str:
        return " ".join(word.text for word in self.key)

    @property
    def value_text(self) -> str:
        return " ".join(word.text for word in self.value)

    @property
    def key_box(self) -> Box:
        return union(word.box for word in self.key)

    @property
    def value_box(self) -> Box | None:
        boxes = [*(word.box for word in self.value), *(mark.box for mark in self.marks)]
        return union(boxes) if boxes else None


@dataclass(eq=False)
class _Piece:
    """A part of a line that is a key or may be (part of) a value."""

    words: tuple[TextWord, ...]
    is_key: bool
    used: bool = False

    def __post_init__(self) -> None:
        self.box = union(word.box for word in self.words)

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


def find_key_values(sheet: Sheet, tables: Sequence[Table], marks: Sequence[Mark]) -> list[KeyValue]:
    """The key-value pairs of a sheet, from top to bottom. ``tables``' cells with headers give no pairs."""
    structured = [table for table in tables if table.headed and len(table.cells) >= 6]
    lines = [
        line
        for line in sheet.lines
        if (line.level and HAS_LETTER.search(line.text)) or any(c.isdigit() for c in line.text)
    ]
    pieces: list[_Piece] = []
    pairs: list[KeyValue] = []
    marked = _marked(sheet, lines, marks)
    pairs.extend(marked)
    taken = {id(word) for pair in marked for word in pair.key}
    for line in lines:
        words = tuple(word for word in line.words if id(word) not in taken)
        if words:
            in_table = any(table.box.holds(line.box, 0.6) for table in structured)
            pieces.extend(_cut(words, in_table=in_table))
    pairs.extend(_boxed(sheet, pieces, tables))
    for index, piece in enumerate(pieces):
        if piece.is_key and not piece.used:
            pairs.append(_pair(sheet, pieces, index))
    outside = [piece for piece in pieces if not any(t.box.holds(piece.box, 0.6) for t in structured if _is_data(t))]
    pairs.extend(_rows_of_two(outside, sheet.text_height))
    return sorted(pairs, key=lambda pair: (pair.key_box.top, pair.key_box.left))


def _cut(words: Sequence[TextWord], *, in_table: bool) -> list[_Piece]:
    """``words`` of one line as keys (up to a colon) and the rest between them."""
    ends = [index for index, word in enumerate(words) if COLON.search(word.text)]
    if not ends and not in_table:
        # "DATE 6/30/91": a label word, then something with a digit.
        ends = [
            index
            for index in range(min(4, len(words) - 1))
            if _is_label(words[: index + 1]) and any(c.isdigit() for c in words[index + 1].text)
        ][-1:]
    if not ends:
        return [_Piece(tuple(words), is_key=_is_label(words) and not in_table)]
    pieces: list[_Piece] = []
    start = 0
    for number, end in enumerate(ends):
        key_start = start if number == 0 else _key_start(words, start, end)
        # Long runs before a colon are sentences; their last words are the key at best.
        if end - key_start >= MAX_KEY_WORDS:
            key_start = end - MAX_KEY_WORDS + 1
        if key_start > start:
            pieces.append(_Piece(tuple(words[start:key_start]), is_key=False))
        pieces.append(_Piece(tuple(words[key_start : end + 1]), is_key=True))
        start = end + 1
    if start < len(words):
        pieces.append(_Piece(tuple(words[start:]), is_key=False))
    return pieces


def _key_start(words: Sequence[TextWord], start: int, end: int) -> int:
    """Where the key that ends at ``end`` begins, in words that follow another key: after the widest gap."""
    if end == start:
        return start
    gaps = [words[i].box.left - words[i - 1].box.right for i in range(start + 1, end + 1)]
    widest = max(range(len(gaps)), key=gaps.__getitem__)
    height = words[end].box.height
    if gaps[widest] > 0.55 * height:
        return start + 1 + widest
    # No gap to tell: the key is the last capitalised run of letters.
    first = end
    while (
        first - 1 > start
        and words[first - 1].text[:1].isupper()
        and not any(c.isdigit() for c in words[first - 1].text)
    ):
        first -= 1
    return max(first, start + 1)


def _is_label(words: Sequence[TextWord]) -> bool:
    """Whether a piece without a colon reads like a label: "INVOICE #", "Date"."""
    text = " ".join(word.text for word in words)
    return len(words) <= 5 and bool(LABEL_END.search(text)) and not any(c.isdigit() for c in text)


def _pair(sheet: Sheet, pieces: list[_Piece], index: int) -> KeyValue:
    """The pair of the key at ``index``: a value beside it, to its right, below it, or none."""
    key = pieces[index]
    height = sheet.text_height
    right = _nearest_right(sheet, pieces, key)
    if right is not None and not right.used:
        adjacent = right.box.left - key.box.right <= 1.2 * height
        value = [right, *_continued(pieces, right, height)]
        return _made(key, value, "inline" if adjacent else "right")
    below = _nearest_below(sheet, pieces, key)
    if below is not None and not below.used:
        return _made(key, [below, *_continued(pieces, below, height)], "below")
    return KeyValue(key.words, (), (), RELIABILITY["empty"] * _mean(key.words))


def _is_data(table: Table) -> bool:
    """Whether a table has rows of values rather than one label and one value a row."""
    return max(cell.column for cell in table.cells) > 2


def _reads_as_label(piece: _Piece) -> bool:
    """Letters, few words, no sentence: what stands before a value where no colon does."""
    text = piece.text
    letters = sum(c.isalpha() for c in text)
    return (
        len(piece.words) <= 6
        and letters >= 3
        and letters >= 0.75 * sum(not c.isspace() for c in text)
        and text[0].isupper()
        and not text.endswith((".", ",", ";")) | text.endswith("No.")
    )


def _rows_of_two(pieces: Sequence[_Piece], height: float) -> list[KeyValue]:
    """Pairs without a colon: rows in which labels and values alternate, "Received by" "Ada" "Date" "12/10"."""
    pairs: list[KeyValue] = []
    seen: set[int] = set()
    for piece in pieces:
        if id(piece) in seen:
            continue
        row = [p for p in pieces if p.box.overlap_y(piece.box) > 0.5 * min(p.box.height, piece.box.height)]
        row.sort(key=lambda other: other.box.left)
        seen.update(map(id, row))
        if len(row) % 2 or not all(p.is_key or p.used or _reads_as_label(p) for p in row[::2]):
            continue
        for key, value in zip(row[::2], row[1::2], strict=True):
            near = 0 <= value.box.left - key.box.right <= MAX_RIGHT * height
            if near and not (key.used or key.is_key or value.used or value.is_key):
                key.used = True
                pairs.append(_made(key, [value, *_continued(pieces, value, height)], "row"))
    return pairs


def _boxed(sheet: Sheet, pieces: Sequence[_Piece], tables: Sequence[Table]) -> list[KeyValue]:
    """Pairs of a ruled form: in each of its cells a label above (or before) what was filled in."""
    pairs: list[KeyValue] = []
    for table in tables:
        if table.ruled:
            found = []
            for box in table.outlines():
                inside = sorted((p for p in pieces if not p.used and box.holds(p.box, 0.6)), key=lambda p: p.box.top)
                if 2 <= len(inside) <= 6 and inside[0].box.bottom <= inside[1].box.center_y and not inside[1].is_key:
                    first = inside[0]
                    if (first.is_key or _reads_as_label(first)) and first.box.top - box.top < 1.5 * sheet.text_height:
                        found.append((first, [p for p in inside[1:] if not p.is_key]))
            filled = sum(bool(cell.words) for cell in table.cells)
            # A few cells of two lines are wrapped text; a form has them everywhere.
            if len(found) >= 0.3 * filled:
                for key, value in found:
                    key.used = True
                    pairs.append(_made(key, value, "cell"))
    return pairs


def _made(key: _Piece, value: list[_Piece], how: str) -> KeyValue:
    for piece in value:
        piece.used = True
    words = tuple(word for piece in value for word in piece.words)
    return KeyValue(key.words, words, (), RELIABILITY[how] * _mean((*key.words, *words)))


def _mean(words: Sequence[TextWord]) -> float:
    return sum(word.confidence for word in words) / len(words)


def _nearest_right(sheet: Sheet, pieces: Sequence[_Piece], key: _Piece) -> _Piece | None:
    """The next piece on the key's row, unless it is a key itself or too far."""
    best: _Piece | None = None
    for piece in pieces:
        if piece is key or piece.box.left < key.box.right - 0.3 * sheet.text_height:
            continue
        overlap = piece.box.overlap_y(key.box)
        if overlap < 0.45 * min(piece.box.height, key.box.height):
            continue
        if best is None or piece.box.left < best.box.left:
            best = piece
    if best is None or best.is_key or best.box.left - key.box.right > MAX_RIGHT * sheet.text_height:
        return None
    return best


def _nearest_below(sheet: Sheet, pieces: Sequence[_Piece], key: _Piece) -> _Piece | None:
    """The next piece under the key, unless it is a key, too far, or across a level rule that ends the field."""
    best: _Piece | None = None
    for piece in pieces:
        if piece is key or piece.box.top < key.box.bottom - 0.4 * sheet.text_height:
            continue
        starts = piece.box.left <= key.box.right and piece.box.left >= key.box.left - 2 * sheet.text_height
        if not starts or piece.box.overlap_x(key.box) < 0.3 * min(piece.box.width, key.box.width):
            continue
        if best is None or piece.box.top < best.box.top:
            best = piece
    if best is None or best.is_key or best.box.top - key.box.bottom > MAX_BELOW * sheet.text_height:
        return None
    for rule in sheet.rules.level:
        inside = rule.left <= key.box.center_x <= rule.right
        if inside and key.box.bottom - 2 <= rule.center_y <= best.box.top + 2:
            return None
    return best


def _continued(pieces: Sequence[_Piece], first: _Piece, height: float) -> list[_Piece]:
    """Lines that go on with a value: right below it, aligned at its left, no keys."""
    lines: list[_Piece] = []
    last = first
    while len(lines) < MAX_VALUE_LINES:
        following: _Piece | None = None
        for piece in pieces:
            gap = piece.box.top - last.box.bottom
            aligned = abs(piece.box.left - first.box.left) <= 0.8 * height
            if not piece.used and piece is not last and aligned and -0.5 * height <= gap <= 0.7 * height:
                below = piece.box.center_y > last.box.bottom - 0.3 * height
                if below and (following is None or piece.box.top < following.box.top):
                    following = piece
        if following is None or following.is_key:
            break
        # Whatever has text to its left on its own row begins there, not here.
        if any(
            other is not following
            and other.box.overlap_y(following.box) > 0.5 * following.box.height
            and other.box.right <= following.box.left + 2
            for other in pieces
        ):
            break
        lines.append(following)
        last = following
    return lines


def _marked(sheet: Sheet, lines: Sequence[TextLine], marks: Sequence[Mark]) -> list[KeyValue]:
    """Every selection mark with the words beside it: to its right, or else to its left."""
    height = sheet.text_height
    pairs: list[KeyValue] = []
    for mark in marks:
        row = [
            word
            for line in lines
            for word in line.words
            if word.box.overlap_y(mark.box) > 0.4 * min(word.box.height, mark.box.height)
            and not mark.box.holds(word.box, 0.5)
        ]
        limit_right = min(
            (m.box.left for m in marks if m.box.left > mark.box.right and _same_row(m, mark)), default=1e9
        )
        limit_left = max(
            (m.box.right for m in marks if m.box.right < mark.box.left and _same_row(m, mark)), default=-1.0
        )
        after = _run([w for w in row if mark.box.right - 2 <= w.box.left < limit_right], mark.box.right, height)
        before = _run([w for w in row if limit_left < w.box.right <= mark.box.left + 2], mark.box.left, height)
        words = after or before
        if words:
            confidence = RELIABILITY["mark"] * mark.confidence * _mean(words)
            pairs.append(KeyValue(tuple(words), (), (mark,), confidence))
    return pairs


def _same_row(a: Mark, b: Mark) -> bool:
    return a.box.overlap_y(b.box) > 0.5 * min(a.box.height, b.box.height)


def _run(words: list[TextWord], edge: float, height: float) -> list[TextWord]:
    """The words next to ``edge`` without a wide gap, in reading order."""
    right_side = bool(words) and words[0].box.center_x > edge
    ordered = sorted(words, key=lambda word: word.box.left, reverse=not right_side)
    run: list[TextWord] = []
    position = edge
    for word in ordered:
        gap = word.box.left - position if right_side else position - word.box.right
        if gap > (2.0 if not run else 1.1) * height or len(run) >= MAX_KEY_WORDS:
            break
        run.append(word)
        position = word.box.right if right_side else word.box.left
    return run if right_side else run[::-1]
