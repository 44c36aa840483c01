"""The decoder's word lattice: which other words it weighed at a place."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: A competitor takes at least this share of the word's time, and of its own, at the word's place.
_OVERLAP = 0.6
_RATE = 100

#: What is said at a place: text ("" for silence), first frame, frame after the last.
Place = tuple[str, int, int]


def competitors(lattice: Any, best: Sequence[Place]) -> list[tuple[int, Place, float]]:
    """(index in ``best``, the other word, its posterior), the most probable first; one entry a place and word."""
    # The library tells a lattice's posteriors only to a file.
    with tempfile.TemporaryDirectory(prefix="nonet-lattice-") as folder:
        path = Path(folder) / "lattice"
        lattice.write_htk(str(path))
        links = read_links(path.read_text(encoding="utf-8", errors="replace"))
    found: dict[tuple[int, str], tuple[float, Place]] = {}
    chances: dict[tuple[int, str], float] = defaultdict(float)
    for place, (text, start, end) in enumerate(best):
        if not text:
            continue
        for (word, first, last), chance in links:
            shared = min(end, last) - max(start, first)
            if word == text or shared < _OVERLAP * (end - start) or shared < _OVERLAP * (last - first):
                continue
            key = (place, word)
            chances[key] += chance
            if key not in found or chance > found[key][0]:
                found[key] = (chance, (word, first, last))
    ordered = sorted(found, key=lambda key: -chances[key])
    return [(place, found[place, word][1], min(1.0, chances[place, word])) for place, word in ordered]


def read_links(text: str) -> list[tuple[Place, float]]:
    """Words with their times and posteriors, of a lattice in HTK's format (Young and others, The HTK Book)."""
    nodes: dict[str, tuple[int, str]] = {}
    links: list[tuple[Place, float]] = []
    for line in text.splitlines():
        fields = dict(part.split("=", 1) for part in line.split() if "=" in part)
        if line.startswith("I="):
            nodes[fields["I"]] = (round(float(fields["t"]) * _RATE), fields["W"])
        elif line.startswith("J="):
            start, word = nodes[fields["S"]]
            # Sound that is no word is written !NULL, !SENT_START or !SENT_END; names with "_" are the vocabulary's.
            if not word.startswith("!"):
                links.append(((word, start, nodes[fields["E"]][0]), float(fields["p"])))
    return links
