"""What the demo tells: on the terminal at once and, with ``--keep FOLDER``, on a page with pictures and sound."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

PAGE = "report.html"
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
h2 { margin: 2.2rem 0 .5rem; font-size: 1.15rem; border-bottom: 1px solid #ddd }
table { border-collapse: collapse; width: 100% } td { padding: .25rem .6rem .25rem 0; vertical-align: top }
td:first-child { white-space: nowrap; font-family: ui-monospace, monospace; font-size: .9em }
td.time { text-align: right; white-space: nowrap; color: #666 } td.model { color: #666; font-size: .85em }
pre { margin: .3rem 0; padding: .5rem .8rem; background: #f6f6f4; overflow-x: auto; white-space: pre-wrap }
figure { margin: .8rem 0 } figcaption { color: #666; font-size: .9em } img { max-width: 100%; max-height: 34rem }
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One call: the operation, what it answered, its seconds, and the model that answered ("" = none is told)."""

    operation: str
    text: str
    seconds: float
    model: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A file beside the page: a picture or a sound."""

    name: str
    caption: str


@dataclass(slots=True)
class Section:
    title: str
    parts: list[Row | Figure | str] = field(default_factory=list)


class Report:
    """Prints what it is told, and remembers it for the page. ``folder``: where page and files go; None = nowhere."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._sections: list[Section] = []
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def title(self, text: str) -> None:
        """Begin a section."""
        self._sections.append(Section(text))
        print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}")
        print("-" * min(len(text), 100), flush=True)

    def line(self, text: str) -> None:
        self._sections[-1].parts.append(text)
        print(text, flush=True)

    def row(self, operation: str, text: str, seconds: float, answer: Any) -> None:
        """One operation: what it answered, and the model that did, as the headers of boto3's ``answer`` say."""
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        row = Row(operation, text, seconds, headers.get("nonet-model", ""))
        self._sections[-1].parts.append(row)
        model = f"   [{row.model}]" if row.model else ""
        print(f"{operation:<24} {seconds * 1000:7.1f} ms  {text}{model}", flush=True)

    def keep(self, name: str, data: bytes, caption: str) -> None:
        """A picture or a sound, which goes into the folder and onto the page; without a folder it is let go."""
        if self._folder is not None:
            (self._folder / name).write_bytes(data)
            self._sections[-1].parts.append(Figure(name, caption))

    def write(self) -> Path | None:
        """Write the page; where it lies, None without a folder."""
        if self._folder is None:
            return None
        page = self._folder / PAGE
        page.write_text(html(self._sections), encoding="utf-8")
        return page


def html(sections: list[Section]) -> str:
    """The page. Everything on it is escaped: texts come from models and from what they read."""
    body = "\n".join(f"<h2>{escape(section.title)}</h2>\n{_parts(section.parts)}" for section in sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Nonet: the demo</title>\n'
        f"<style>{STYLE}</style></head><body>\n<h1>Nonet: what was asked, and what was answered</h1>\n{body}\n"
        "</body></html>\n"
    )


def _parts(parts: list[Row | Figure | str]) -> str:
    """Neighbours of one kind together: rows as a table, lines as one block."""
    out: list[str] = []
    kind: type | None = None
    for part in [*parts, None]:
        if kind is not type(part):
            if kind is not None:
                out.append({Row: "</table>", str: "</pre>"}.get(kind, ""))
            kind = type(part)
            out.append({Row: "<table>", str: "<pre>"}.get(kind, ""))
        if isinstance(part, Row):
            out.append(
                f'<tr><td>{escape(part.operation.strip())}</td><td class="time">{part.seconds * 1000:,.0f} ms</td>'
                f'<td>{escape(part.text)}</td><td class="model">{escape(part.model)}</td></tr>'
            )
        elif isinstance(part, str):
            out.append(escape(part))
        elif isinstance(part, Figure):
            out.append(_figure(part))
    return re.sub(r"<pre>\n", "<pre>", "\n".join(filter(None, out)))


def _figure(figure: Figure) -> str:
    name, caption = escape(figure.name, quote=True), escape(figure.caption, quote=True)
    sound = figure.name.endswith((".mp3", ".ogg", ".wav"))
    shown = f'<audio controls src="{name}"></audio>' if sound else f'<img src="{name}" alt="{caption}">'
    return f"<figure>{shown}<figcaption>{caption}</figcaption></figure>"
