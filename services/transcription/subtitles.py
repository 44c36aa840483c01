"""Subtitles: utterances cut into lines that can be read while they are spoken, as WebVTT and SubRip.

Limits as is common practice: two lines of 42 characters, at most seven seconds, a cut at the end of a sentence rather
than at a comma rather than anywhere, never across a long pause.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from services.transcription.recognition import Item, transcript
from services.transcription.transcript import Utterance

LINE_CHARACTERS, LINES = 42, 2
MAX_SECONDS = 7.0
#: A shorter subtitle stays for as long, if the next one leaves the time.
MIN_SECONDS = 1.0
#: A pause that ends a subtitle.
PAUSE_SECONDS = 1.5
#: A sentence's end is a good place to cut once the subtitle has this many characters.
_SENTENCE_CHARACTERS = 12

_SENTENCE_ENDS = frozenset(".?!。？！।؟")
_CLAUSE_ENDS = frozenset(",;:、，；：،")


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle. Times in seconds; lines without markup."""

    start: float
    end: float
    lines: tuple[str, ...]


def cues(said: Sequence[Utterance]) -> list[Cue]:
    """The subtitles of a transcript, in order of their start."""
    drafts = [piece for utterance in said for piece in _pieces(utterance)]
    drafts.sort(key=lambda piece: _start(piece))
    found: list[Cue] = []
    for number, piece in enumerate(drafts):
        start = _start(piece)
        end = max(item.end for item in piece if item.end is not None)
        following = _start(drafts[number + 1]) if number + 1 < len(drafts) else float("inf")
        # Channels may speak at once: each subtitle then lasts as long as it is spoken.
        end = max(end, min(start + MIN_SECONDS, following))
        lines = textwrap.wrap(transcript(piece), LINE_CHARACTERS, break_long_words=False, break_on_hyphens=False)
        if lines:
            found.append(Cue(start, end, tuple(lines)))
    return found


def webvtt(subtitles: Sequence[Cue], first: int = 0) -> bytes:
    """A WebVTT file (W3C, 2019); ``first`` is the number of the first cue."""
    parts = ["WEBVTT\n"]
    for number, cue in enumerate(subtitles, start=first):
        text = "\n".join(_escaped(line) for line in cue.lines)
        parts.append(f"{number}\n{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{text}\n")
    return "\n".join(parts).encode()


def subrip(subtitles: Sequence[Cue], first: int = 0) -> bytes:
    """A SubRip file. It knows no escapes, so an arrow in the text loses its head."""
    parts = []
    for number, cue in enumerate(subtitles, start=first):
        text = "\n".join(cue.lines).replace("-->", "--")
        parts.append(f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{text}\n")
    return "\n".join(parts).encode()


WRITERS = {"vtt": webvtt, "srt": subrip}


def _pieces(utterance: Utterance) -> list[list[Item]]:
    """The utterance's items, cut where a subtitle has to end or should."""
    pieces: list[list[Item]] = []
    current: list[Item] = []
    for item in utterance.items:
        if item.kind == "punctuation" and pieces and not current:
            pieces[-1].append(item)  # a second mark goes with the first one
            continue
        if item.kind == "pronunciation" and item.start is not None and current and _must_cut(current, item):
            kept, moved = _best_cut(current, item)
            pieces.append(kept)
            current = moved
        current.append(item)
        ends = item.kind == "punctuation" and item.content[-1:] in _SENTENCE_ENDS
        if ends and len(transcript(current)) >= _SENTENCE_CHARACTERS:
            pieces.append(current)
            current = []
    if current:
        pieces.append(current)
    return [piece for piece in pieces if any(item.start is not None for item in piece)]


def _must_cut(current: Sequence[Item], item: Item) -> bool:
    """Whether ``item`` does not go into the subtitle any more."""
    assert item.start is not None and item.end is not None
    ends = [one.end for one in current if one.end is not None]
    if ends and item.start - ends[-1] >= PAUSE_SECONDS:
        return True
    if item.end - _start(current) > MAX_SECONDS:
        return True
    text = transcript([*current, item])
    lines = textwrap.wrap(text, LINE_CHARACTERS, break_long_words=False, break_on_hyphens=False)
    return len(lines) > LINES


def _best_cut(current: list[Item], item: Item) -> tuple[list[Item], list[Item]]:
    """Where to cut a full subtitle before ``item``: after its last clause, unless that leaves it too short."""
    ends = [one.end for one in current if one.end is not None]
    if item.start is not None and ends and item.start - ends[-1] >= PAUSE_SECONDS:
        return current, []
    for number in range(len(current) - 1, len(current) // 2, -1):
        one = current[number]
        if one.kind == "punctuation" and one.content in _CLAUSE_ENDS and number + 1 < len(current):
            return current[: number + 1], current[number + 1 :]
    return current, []


def _start(items: Sequence[Item]) -> float:
    return next((item.start for item in items if item.start is not None), 0.0)


def _clock(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}{point}{milliseconds % 1000:03d}"


def _escaped(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
