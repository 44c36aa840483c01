"""JSONPath as the States Language means it: a parser of the whole language, and the walk through a document.

The States Language does not name a dialect; AWS runs Jayway's JsonPath (Goessner's language of 2007, before RFC 9535),
and its results are what state machines depend on:

* a *definite* path (names and single indices only) answers the value itself, and fails where there is none;
* every other path answers the list of all matches, an empty one too, even where a step before the wildcard fails;
* ``$['a','b']`` at the end answers one object with the members that there are;
* ``$.list[(@.length-1)]``, ``$.list.length()``, filters with ``in``, ``size``, ``=~`` and more.

No library answers so. python-jsonpath and jsonpath-rfc9535 follow the RFC (a list of nodes for every path, other
filters, no functions at the end), jsonpath-ng has a grammar of its own (``$.delivery-partner`` is a subtraction) and
none bounds its work. So the grammar is in ``jsonpath_grammar``. Paths are compiled once; one of names and indices is
walked without any of the machinery.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

#: Nodes that one evaluation may touch; a document of 256 KiB has at most some 130,000.
MAX_VISITS: Final = 1_000_000
#: Seconds that the regular expressions of one evaluation may take.
REGEX_SECONDS: Final = 0.25


class InvalidPathError(ValueError):
    """The text is no path. The message says where it goes wrong."""


class NoResultError(LookupError):
    """A definite path leads nowhere. The message has the path in its normal form."""


class TooMuchWorkError(RuntimeError):
    """The path touches more nodes than an evaluation may."""


class Budget:
    """Counts the work of one evaluation down."""

    __slots__ = ("left", "regex_seconds")

    def __init__(self) -> None:
        self.left = MAX_VISITS
        self.regex_seconds = REGEX_SECONDS

    def spend(self, nodes: int = 1) -> None:
        self.left -= nodes
        if self.left < 0:
            raise TooMuchWorkError(f"more than {MAX_VISITS} nodes")

    def timed(self, test: Callable[[float], bool]) -> bool:
        """``test(seconds)``, with what is left of the CPU time that regular expressions may take."""
        start = time.thread_time()
        try:
            return test(max(self.regex_seconds, 0.001))
        finally:
            self.regex_seconds -= time.thread_time() - start


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path. ``definite``: it leads to one node at most."""

    definite: ClassVar[bool] = False

    def walk(self, node: Any, root: Any, budget: Budget) -> Iterator[Any]:
        """The nodes that the step leads to from ``node``."""
        raise NotImplementedError

    def canonical(self) -> str:
        """The step in the normal form that messages show."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Name(Step):
    """``.a``: a member."""

    name: str
    definite: ClassVar[bool] = True

    def walk(self, node: Any, root: Any, budget: Budget) -> Iterator[Any]:
        budget.spend()
        if isinstance(node, dict) and self.name in node:
            yield node[self.name]

    def canonical(self) -> str:
        return f"['{self.name}']"


@dataclass(frozen=True, slots=True)
class Names(Step):
    """``['a','b']``: each of them, or at the end of a path one object of those that there are (``merged``)."""

    names: tuple[str, ...]
    merged: bool

    def walk(self, node: Any, root: Any, budget: Budget) -> Iterator[Any]:
        budget.spend(len(self.names))
        if not isinstance(node, dict):
            return
        if self.merged:
            yield {name: node[name] for name in self.names if name in node}
            return
        for name in self.names:
            if name in node:
                yield node[name]

    def canonical(self) -> str:
        return "[" + ",".join(f"'{name}'" for name in self.names) + "]"


@dataclass(frozen=True, slots=True)
class Index(Step):
    """One element; a negative index counts from the end."""

    index: int
    definite: ClassVar[bool] = True

    def walk(self, node: Any, root: Any, budget: Budget) -> Iterator[Any]:
        budget.spend()
        if isinstance(node, list) and -len(node) <= self.index < len(node):
            yield node[self.index]

    def canonical(self) -> str:
        return f"[{self.index}]"


@dataclass(frozen=True, slots=True)
class IndexFromLength(Step):
    """``[(@.length-1)]``: the script expression of Goessner's article that is in use."""

    offset: int
    definite: ClassVar[bool] = True

    def walk(self, node: Any, root: Any, budget: Budget) -> Iterator[Any]:
        budget.spend()
        if isinstance(node, list) and 0 <= len(node) + self.offset < len(node):
            yield node[len(node) + self.offset]

    def canonical(self) -> str:
        return f"[(@.length{self.offset:+d})]"


@dataclass(frozen=True, slots=True)
class Indices(Step):
    """``[0,2]``: several elements."""

    indices: tuple[int, ...]

    def walk(self, node: Any, root: Any, budget: Budget) -> Iterator[Any]:
        budget.spend(len(self.indices))
        if isinstance(node, list):
            for index in self.indices:
                if -len(node) <= index < len(node):
                    yield node[index]

    def canonical(self) -> str:
        return "[" + ",".join(map(str, self.indices)) + "]"


@dataclass(frozen=True, slots=True)
class Slice(Step):
    """``[1:3]``: elements in a row; bounds count as Python's do."""

    start: int | None
    stop: int | None
    stride: int | None = None

    def walk(self, node: Any, root: Any, budget: Budget) -> Iterator[Any]:
        if isinstance(node, list):
            part = node[self.start : self.stop : self.stride]
            budget.spend(len(part) + 1)
            yield from part

    def canonical(self) -> str:
        start, stop = ("" if bound is None else str(bound) for bound in (self.start, self.stop))
        return f"[{start}:{stop}]"


@dataclass(frozen=True, slots=True)
class Wildcard(Step):
    """``[*]``: every member or element."""

    def walk(self, node: Any, root: Any, budget: Budget) -> Iterator[Any]:
        if isinstance(node, dict | list):
            budget.spend(len(node) + 1)
            yield from node.values() if isinstance(node, dict) else node

    def canonical(self) -> str:
        return "[*]"


@dataclass(frozen=True, slots=True)
class Descendants(Step):
    """``..``: the node and everything below it, before the next step; parents come before their children."""

    def walk(self, node: Any, root: Any, budget: Budget) -> Iterator[Any]:
        pending = [node]
        while pending:
            current = pending.pop()
            budget.spend()
            yield current
            if isinstance(current, dict):
                pending.extend(reversed(current.values()))
            elif isinstance(current, list):
                pending.extend(reversed(current))

    def canonical(self) -> str:
        return ".."


@dataclass(frozen=True, slots=True)
class Filter(Step):
    """``[?(...)]``: the elements for which the predicate holds; an object is asked as if it were a list of one."""

    predicate: Callable[[Any, Any, Budget], bool]

    def walk(self, node: Any, root: Any, budget: Budget) -> Iterator[Any]:
        candidates = node if isinstance(node, list) else [node] if isinstance(node, dict) else []
        for candidate in candidates:
            budget.spend()
            if self.predicate(candidate, root, budget):
                yield candidate

    def canonical(self) -> str:
        return "[?]"


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path. ``root``: "$", "$$" or the name of a variable."""

    text: str
    root: str
    steps: tuple[Step, ...]
    #: The name of the function at its end, as in ``$.list.length()``.
    function: str | None
    #: The names and indices of a path that has nothing else; the fast walk takes it.
    simple: tuple[str | int, ...] | None

    @property
    def definite(self) -> bool:
        return all(step.definite or (isinstance(step, Names) and step.merged) for step in self.steps)

    def canonical(self) -> str:
        """The path as messages show it: ``$['a'][0]``."""
        return "$" + "".join(step.canonical() for step in self.steps)

    def read(self, document: Any) -> Any:
        """What the path leads to in ``document``.

        Raises:
            NoResultError: the path is definite and leads nowhere.
            TooMuchWorkError: it touches too many nodes.
        """
        if self.simple is None:
            return self.matches(document, document, Budget())
        node = document
        try:
            for part in self.simple:
                if node.__class__ is str:  # which an index would take apart
                    raise KeyError(part)
                node = node[part]
        except (KeyError, IndexError, TypeError):
            raise NoResultError(self._dead_end(document)) from None
        return node

    def _dead_end(self, document: Any) -> str:
        """Why a path of names and indices leads nowhere in ``document``, in Jayway's words."""
        node, passed = document, "$"
        for number, step in enumerate(self.steps):
            found = list(step.walk(node, document, Budget()))
            if found:
                node, passed = found[0], passed + step.canonical()
                continue
            if isinstance(step, Index) and node is None:
                return f"The path {passed} is null"
            if isinstance(step, Index) and not isinstance(node, list):
                return (
                    f"Filter: {step.canonical()} can only be applied to arrays. Current context is: {java_text(node)}"
                )
            if isinstance(step, Name) and isinstance(node, dict) and number + 1 < len(self.steps):
                return f"Missing property in path {passed}{step.canonical()}"
            break
        return f"No results for path: {self.canonical()}"

    def matches(self, document: Any, root: Any, budget: Budget) -> Any:
        """As ``read``, for a path inside a filter too, whose "$" is ``root``."""
        nodes = [document]
        for step in self.steps:
            nodes = [found for node in nodes for found in step.walk(node, root, budget)]
        if not self.definite:
            return self._apply(nodes)
        if not nodes:
            raise NoResultError(f"No results for path: {self.canonical()}")
        return self._apply(nodes[0])

    def _apply(self, answer: Any) -> Any:
        if self.function is None:
            return answer
        try:
            return FUNCTIONS[self.function](answer)
        except (TypeError, ValueError, IndexError) as unfit:
            raise NoResultError(f"{self.function}() does not apply to what {self.canonical()} leads to") from unfit


def java_text(value: Any) -> str:
    """A JSON value as Java prints its strings, maps and lists: ``{a=1, b=[x, null]}``."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}={java_text(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(java_text, value)) + "]"
    return json.dumps(value)


def compiled(text: str, root: str, steps: Sequence[Step], function: str | None = None) -> Path:
    """A path of these steps, ready to walk."""
    simple = [step.name if isinstance(step, Name) else step.index for step in steps if isinstance(step, Name | Index)]
    is_simple = len(simple) == len(steps) and function is None
    return Path(text, root, tuple(steps), function, tuple(simple) if is_simple else None)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return value


def _numbers(value: Any) -> list[float]:
    numbers = [item for item in _list(value) if isinstance(item, int | float) and not isinstance(item, bool)]
    if not numbers:
        raise ValueError("no numbers")
    return numbers


def _length(value: Any) -> int:
    if not isinstance(value, dict | list | str):
        raise TypeError("no length")
    return len(value)


def _keys(value: Any) -> list[str]:
    if not isinstance(value, dict):
        raise TypeError("no keys")
    return list(value)


#: What may stand at the end of a path, as ``.length()``.
FUNCTIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "length": _length,
    "size": _length,
    "keys": _keys,
    "min": lambda value: min(_numbers(value)),
    "max": lambda value: max(_numbers(value)),
    "sum": lambda value: sum(_numbers(value)),
    "avg": lambda value: statistics.fmean(_numbers(value)),
    "stddev": lambda value: statistics.pstdev(_numbers(value)),
    "first": lambda value: _list(value)[0],
    "last": lambda value: _list(value)[-1],
}
