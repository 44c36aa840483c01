"""The grammar of JSONPath, by recursive descent; see ``jsonpath`` for the dialect."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

from services.orchestration.language.jsonpath import (
    FUNCTIONS,
    Budget,
    Descendants,
    Filter,
    Index,
    IndexFromLength,
    Indices,
    InvalidPathError,
    Name,
    Names,
    NoResultError,
    Path,
    Slice,
    Step,
    Wildcard,
    compiled,
)
from services.orchestration.language.jsonpath_filter import COMPARISONS, MISSING, compare, matches_regex, number

#: The longest path, in characters, and how deep filters may nest.
MAX_LENGTH, MAX_DEPTH = 10_000, 32
#: What ends a name after a dot, unless a backslash stands before it; inside a filter or a function call more does.
_ENDS_NAME: Final = frozenset(".[]()'\"*?, \t\r\n")
_ENDS_INNER_NAME: Final = _ENDS_NAME | frozenset("<>=!&|~")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}

#: A predicate over a candidate, the root document and the budget; and a value for the same.
Predicate = Callable[[Any, Any, Budget], bool]
Operand = Callable[[Any, Any, Budget], Any]


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> Path:
    """The path that ``text`` is: "$...", "$$..." or "$variable...".

    Raises:
        InvalidPathError: it is none.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidPathError(f"a path has {MAX_LENGTH} characters at most")
    path, end = Grammar(text).path(0, roots="$")
    if end != len(text):
        raise InvalidPathError(f"unexpected '{text[end]}' at position {end}")
    return path


def parse_prefix(text: str, start: int) -> tuple[Path, int]:
    """The path that begins at ``start`` and the position behind it: an argument of an intrinsic function."""
    return Grammar(text).path(start, roots="$", inner=True)


def _joined(characters: list[str]) -> str:
    """One string; two escapes of half a character each become that character."""
    text = "".join(characters)
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


class Grammar:
    """One text; every method takes a position and answers what begins there with the position behind it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def _at(self, position: int) -> str:
        return self._text[position : position + 1]

    def _blank(self, position: int) -> int:
        while self._at(position) in {" ", "\t", "\r", "\n"}:
            position += 1
        return position

    def _expect(self, token: str, position: int) -> int:
        if not self._text.startswith(token, position):
            raise self._error(position, f"expected '{token}'")
        return position + len(token)

    def _error(self, position: int, what: str) -> InvalidPathError:
        return InvalidPathError(f"{what} at position {position}")

    def path(self, start: int, roots: str, depth: int = 0, inner: bool = False) -> tuple[Path, int]:
        """A path; ``roots``: the characters that it may begin with; ``inner``: more may follow it."""
        if self._at(start) not in roots or start >= len(self._text):
            raise self._error(start, "a path begins with '$'")
        root, position = self._at(start), start + 1
        if root == "$" and self._at(position) == "$":
            root, position = "$$", position + 1
        elif root == "$" and self._at(position) not in {".", "["}:
            name, position = self._name(position, inner)
            root = name or "$"
        steps: list[Step] = []
        function: str | None = None
        while function is None and self._at(position) in {".", "["} and position < len(self._text):
            if self._text.startswith("..", position):
                steps.append(Descendants())
                position += 2
                if self._at(position) == "[":
                    step, position = self._bracket(position, depth)
                    steps.append(step)
                    continue
                position -= 1  # "..name" is a descent and ".name"
            if self._text.startswith(".[", position):  # "$.['a']" is "$['a']"
                position += 1
            if self._at(position) == ".":
                if self._at(position + 1) == "*":
                    steps.append(Wildcard())
                    position += 2
                    continue
                name, position = self._name(position + 1, inner)
                if not name:
                    raise self._error(position, "a name is missing")
                if self._text.startswith("()", position):
                    if name not in FUNCTIONS:
                        raise self._error(position, f"there is no function {name}()")
                    function, position = name, position + 2
                    continue
                steps.append(Name(name))
            else:
                step, position = self._bracket(position, depth)
                steps.append(step)
        steps = [
            Names(step.names, merged=False) if isinstance(step, Names) and step is not steps[-1] else step
            for step in steps
        ]
        return compiled(self._text[start:position], root, steps, function), position

    def _name(self, start: int, inner: bool) -> tuple[str, int]:
        ends = _ENDS_INNER_NAME if inner else _ENDS_NAME
        position = start
        characters: list[str] = []
        while position < len(self._text) and (character := self._text[position]) not in ends:
            if character == "\\":
                character, position = self._escaped(position)
            else:
                position += 1
            characters.append(character)
        return _joined(characters), position

    def _escaped(self, start: int) -> tuple[str, int]:
        """What a backslash at ``start`` and the characters behind it stand for."""
        character = self._at(start + 1)
        if not character:
            raise self._error(start, "nothing follows the backslash")
        if character != "u":
            return _ESCAPES.get(character, character), start + 2
        digits = self._text[start + 2 : start + 6]
        if len(digits) != 4 or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
            raise self._error(start, "four hexadecimal digits are missing")
        return chr(int(digits, 16)), start + 6

    def _bracket(self, start: int, depth: int) -> tuple[Step, int]:
        position = self._blank(start + 1)
        character = self._at(position)
        step: Step
        if character == "?":
            if depth >= MAX_DEPTH:
                raise self._error(position, "filters are nested too deeply")
            position = self._expect("(", self._blank(position + 1))
            predicate, position = self._either(position, depth + 1)
            position = self._expect(")", self._blank(position))
            step = Filter(predicate)
        elif character == "*":
            step, position = Wildcard(), position + 1
        elif character == "(":
            step, position = self._script(position)
        elif character in {"'", '"'}:
            names, position = self._listed(position, self.quoted)
            step = Name(names[0]) if len(names) == 1 else Names(tuple(names), merged=True)
        else:
            step, position = self._numbers(position)
        return step, self._expect("]", self._blank(position))

    def _listed(self, start: int, item: Callable[[int], tuple[Any, int]]) -> tuple[list[Any], int]:
        first, position = item(start)
        items = [first]
        while self._at(self._blank(position)) == ",":
            another, position = item(self._blank(self._blank(position) + 1))
            items.append(another)
        return items, position

    def quoted(self, start: int) -> tuple[str, int]:
        """A string in single or double quotes with backslash escapes."""
        quote, position = self._at(start), start + 1
        if quote not in {"'", '"'}:
            raise self._error(start, "expected a quoted name")
        characters: list[str] = []
        while (character := self._at(position)) != quote:
            if not character:
                raise self._error(start, "a quote is not closed")
            if character == "\\":
                character, position = self._escaped(position)
            else:
                position += 1
            characters.append(character)
        return _joined(characters), position + 1

    def _integer(self, start: int) -> tuple[int, int]:
        position = start + 1 if self._at(start) == "-" else start
        first = position
        while self._at(position) and self._at(position) in "0123456789":
            position += 1
        if position == first or position - first > 10:
            raise self._error(start, "expected an index")
        return int(self._text[start:position]), position

    def _numbers(self, start: int) -> tuple[Step, int]:
        """``0``, ``0,2``, ``1:3``, ``:3``, ``-2:``."""
        bounds: list[int | None] = []
        position = start
        while True:
            if self._at(position) and self._at(position) in "-0123456789":
                bound, position = self._integer(position)
                bounds.append(bound)
            else:
                bounds.append(None)
            position = self._blank(position)
            if self._at(position) != ":":
                break
            position = self._blank(position + 1)
        if len(bounds) > 1:
            stride = bounds[2] if len(bounds) == 3 else None
            if len(bounds) > 3 or (stride is not None and stride < 1):
                raise self._error(start, "expected a slice")
            return Slice(bounds[0], bounds[1], stride), position
        indices, position = self._listed(start, self._integer)
        return (Index(indices[0]) if len(indices) == 1 else Indices(tuple(indices))), position

    def _script(self, start: int) -> tuple[Step, int]:
        position = self._expect("@.length", self._blank(start + 1))
        position = self._blank(self._expect("()", position) if self._at(position) == "(" else position)
        position = self._blank(self._expect("-", position))
        offset, position = self._integer(position)
        return IndexFromLength(-offset), self._expect(")", self._blank(position))

    # The predicate of a filter: || binds less than &&, and that less than !.

    def _either(self, start: int, depth: int) -> tuple[Predicate, int]:
        first, position = self._both(start, depth)
        choices = [first]
        while self._text.startswith("||", self._blank(position)):
            another, position = self._both(self._blank(position) + 2, depth)
            choices.append(another)
        if len(choices) == 1:
            return first, position
        return lambda node, root, budget: any(choice(node, root, budget) for choice in choices), position

    def _both(self, start: int, depth: int) -> tuple[Predicate, int]:
        first, position = self._single(start, depth)
        conditions = [first]
        while self._text.startswith("&&", self._blank(position)):
            another, position = self._single(self._blank(position) + 2, depth)
            conditions.append(another)
        if len(conditions) == 1:
            return first, position
        return lambda node, root, budget: all(condition(node, root, budget) for condition in conditions), position

    def _single(self, start: int, depth: int) -> tuple[Predicate, int]:
        if depth >= MAX_DEPTH:
            raise self._error(start, "filters are nested too deeply")
        position = self._blank(start)
        if self._at(position) == "!":
            condition, position = self._single(position + 1, depth + 1)
            return lambda node, root, budget: not condition(node, root, budget), position
        if self._at(position) == "(":
            condition, position = self._either(position + 1, depth + 1)
            return condition, self._expect(")", self._blank(position))
        left, is_path, position = self._operand(position, depth)
        after = self._blank(position)
        operator = next((name for name in COMPARISONS if self._text.startswith(name, after)), None)
        if operator is not None:
            right, _, position = self._operand(self._blank(after + len(operator)), depth)
            return lambda node, root, budget: compare(
                operator, left(node, root, budget), right(node, root, budget)
            ), position
        if self._text.startswith("=~", after):
            return self._regex(left, self._blank(after + 2))
        if not is_path:
            raise self._error(after, "expected a comparison")
        return lambda node, root, budget: left(node, root, budget) is not MISSING, position

    def _regex(self, left: Operand, start: int) -> tuple[Predicate, int]:
        position = self._expect("/", start)
        first = position
        while self._at(position) not in {"/", ""}:
            position += 2 if self._at(position) == "\\" else 1
        pattern, position = self._text[first:position], self._expect("/", position)
        after = position
        while self._at(after) and self._at(after) in "ismx":
            after += 1
        test = matches_regex(pattern, self._text[position:after])
        return lambda node, root, budget: test(left(node, root, budget), budget), after

    def _operand(self, start: int, depth: int) -> tuple[Operand, bool, int]:
        """A path or a literal; says whether it is a path."""
        character = self._at(start)
        if character and character in "@$":
            path, position = self.path(start, roots="@$", depth=depth, inner=True)
            relative = path.root == "@"

            def look_up(node: Any, root: Any, budget: Budget) -> Any:
                try:
                    found = path.matches(node if relative else root, root, budget)
                except NoResultError:
                    return MISSING
                return found if path.definite or path.function or found else MISSING

            return look_up, True, position
        value, position = self._literal(start, depth)
        return (lambda _node, _root, _budget: value), False, position

    def _literal(self, start: int, depth: int) -> tuple[Any, int]:
        character = self._at(start)
        if character in {"'", '"'}:
            return self.quoted(start)
        if character == "[":
            position = self._blank(start + 1)
            if self._at(position) == "]":
                return [], position + 1
            if depth >= MAX_DEPTH:
                raise self._error(start, "filters are nested too deeply")
            items, position = self._listed(position, lambda item: self._literal(item, depth + 1))
            return items, self._expect("]", self._blank(position))
        for word, value in (("true", True), ("false", False), ("null", None)):
            if self._text.startswith(word, start):
                return value, start + len(word)
        end = start
        while self._at(end) and self._at(end) in "+-.0123456789eE":
            end += 1
        try:
            return number(self._text[start:end]), end
        except ValueError:
            raise self._error(start, "expected a value") from None
