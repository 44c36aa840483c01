"""A definition that has been validated, as the interpreter walks it.

The fields keep the names of the States Language, so that code reads like its specification:
``state.fields.get("ResultPath")``.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from services.orchestration.language import json_text

JSONPATH = "JSONPath"
JSONATA = "JSONata"

#: A step from one level of a definition into another: a state's name, or the number of a Parallel state's branch.
Level = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class State:
    """One state. ``fields`` is its object in the definition."""

    name: str
    type: str
    query_language: str
    fields: Mapping[str, Any]

    @property
    def uses_jsonata(self) -> bool:
        return self.query_language == JSONATA

    @property
    def next(self) -> str | None:
        """The state that follows; None for the last one."""
        return self.fields.get("Next")

    @property
    def is_distributed(self) -> bool:
        """Whether a Map state runs its items as executions of their own."""
        mode: object = self.processor.get("ProcessorConfig", {}).get("Mode")
        return mode == "DISTRIBUTED"

    @property
    def processor(self) -> Mapping[str, Any]:
        """A Map state's ItemProcessor, by its new or its old name."""
        processor: Mapping[str, Any] = self.fields.get("ItemProcessor") or self.fields.get("Iterator") or {}
        return processor


@dataclass(frozen=True, slots=True)
class States:
    """One level of a definition: a state machine, a branch of a Parallel state, or a Map state's processor."""

    start_at: str
    states: Mapping[str, State]
    query_language: str
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """A whole definition, every level of it."""

    text: str
    levels: Mapping[Level, States] = field(repr=False)
    #: SHA-256 of the text, in hexadecimal: the same definition is kept once.
    digest: str
    #: Whether any state does.
    uses_jsonata: bool

    @property
    def top(self) -> States:
        return self.levels[()]

    def state(self, level: Level, name: str) -> State:
        """The state ``name`` at ``level``."""
        return self.levels[level].states[name]


@functools.lru_cache(maxsize=256)
def load(text: str) -> Definition:
    """The definition in ``text``, which ``validation.diagnose`` found without an error."""
    levels: dict[Level, States] = {}
    _collect(_document(text), (), JSONPATH, levels)
    uses_jsonata = any(state.uses_jsonata for level in levels.values() for state in level.states.values())
    return Definition(text, levels, hashlib.sha256(text.encode()).hexdigest(), uses_jsonata)


def _document(text: str) -> Any:
    """The JSON in ``text`` with values as executions keep them: what is written down can be read again."""
    try:
        return orjson.loads(text)
    except ValueError:  # half of a surrogate pair, which no UTF-8 has
        return json_text.loads_trusted(json.dumps(json.loads(text), ensure_ascii=False).encode(errors="replace"))


def _collect(document: Mapping[str, Any], level: Level, inherited: str, levels: dict[Level, States]) -> None:
    language = document.get("QueryLanguage", inherited)
    states: dict[str, State] = {}
    for name, fields in document["States"].items():
        state = State(name, fields["Type"], fields.get("QueryLanguage", language), fields)
        states[name] = state
        # A branch takes the language of its state machine, not of the state around it.
        branches: Sequence[Mapping[str, Any]] = fields.get("Branches", ()) if state.type == "Parallel" else ()
        for number, branch in enumerate(branches):
            _collect(branch, (*level, name, number), language, levels)
        if state.type == "Map":
            _collect(state.processor, (*level, name), language, levels)
    levels[level] = States(document["StartAt"], states, language, document.get("TimeoutSeconds"))
