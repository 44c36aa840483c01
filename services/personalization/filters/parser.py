"""Reads filter expressions, as Amazon documents them ("Filter expression structure and elements").

    statements  = statement { "|" statement }
    statement   = ("INCLUDE" | "EXCLUDE") "ItemID" "WHERE" condition [ "IF" guard { "AND" guard } ]
    condition   = conjunction { "OR" conjunction }
    conjunction = comparison { "AND" comparison }
    comparison  = dataset "." field ( ["NOT"] "IN" "(" value { "," value } ")" | operator value )
    value       = "text" | number | "$" name | ("CurrentUser" | "CurrentItem") "." field

AND binds more tightly than OR. Words are read whatever their case, names of fields too.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.personalization.filters.expression import (
    Both,
    Comparison,
    Condition,
    Dataset,
    Either,
    Expression,
    Operator,
    Placeholder,
    Reference,
    Statement,
    Value,
)
from shared import errors

#: Bounds of ours; Amazon's expression has 2,500 characters at most.
MOST_CHARACTERS, MOST_COMPARISONS, MOST_VALUES = 2_500, 60, 200

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"[^"]*") |
        (?P<number>-?\d+(?:\.\d+)?) |
        (?P<placeholder>\$[A-Za-z0-9_]+) |
        (?P<name>[A-Za-z_][A-Za-z0-9_]*) |
        (?P<sign><=|>=|!=|[=<>(),.|])
    )""",
    re.VERBOSE,
)
_DATASETS = {
    "ITEMS": Dataset.ITEMS,
    "ITEM": Dataset.ITEMS,
    "INTERACTIONS": Dataset.INTERACTIONS,
    "CURRENTUSER": Dataset.CURRENT_USER,
    "CURRENTITEM": Dataset.CURRENT_ITEM,
}
_SIGNS = {operator.value: operator for operator in Operator if not operator.value.endswith("IN")}
#: Subjects of expressions that Amazon knows and this version does not.
_UNBUILT = {"ACTIONID": "next-best-action", "USERID": "user segments"}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


@functools.lru_cache(maxsize=512)
def parse(text: str) -> Expression:
    """The expression; those asked for last stay parsed.

    Raises:
        InvalidArgument: it is not one; the message says where.
        Unimplemented: it filters actions or users.
    """
    if len(text) > MOST_CHARACTERS:
        raise _refused(f"the expression has more than {MOST_CHARACTERS} characters")
    return _Parser(_tokens(text)).expression()


def _tokens(text: str) -> list[_Token]:
    tokens = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise _refused(f"it cannot be read from character {position + 1} on")
        kind = match.lastgroup
        assert kind is not None
        tokens.append(_Token(kind, match[kind], match.start(kind) + 1))
        position = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._comparisons = 0

    def expression(self) -> Expression:
        statements = [self._statement()]
        while self._sign("|"):
            statements.append(self._statement())
        if self._next < len(self._tokens):
            raise self._wrong("the end, AND, OR, IF or |")
        return Expression(tuple(statements))

    def _statement(self) -> Statement:
        includes = self._word("INCLUDE")
        if not includes and not self._word("EXCLUDE"):
            raise self._wrong("INCLUDE or EXCLUDE")
        for subject, what in _UNBUILT.items():
            if self._word(subject):
                raise errors.Unimplemented(f"Filters of {subject} are for {what}, which are not built: use ItemID.")
        if not self._word("ITEMID"):
            raise self._wrong("ItemID")
        if not self._word("WHERE"):
            raise self._wrong("WHERE")
        condition = self._condition()
        guards: list[Comparison] = []
        if self._word("IF"):
            guards.append(self._guard())
            while self._word("AND"):
                guards.append(self._guard())
        return Statement(includes, condition, tuple(guards))

    def _condition(self) -> Condition:
        first = self._comparison()
        chain: Condition = first
        alternatives: list[Condition] = []
        while True:
            if self._word("AND"):
                chain = Both(chain, self._same(first))
            elif self._word("OR"):
                alternatives.append(chain)
                chain = self._same(first)
            else:
                break
        for one in reversed(alternatives):
            chain = Either(one, chain)
        return chain

    def _same(self, first: Comparison) -> Comparison:
        """Amazon's rule: conditions of one expression look at one dataset."""
        comparison = self._comparison()
        if comparison.dataset is not first.dataset:
            raise _refused(
                f"conditions that AND or OR join look at one dataset, {first.dataset} here: "
                "join expressions by | instead"
            )
        return comparison

    def _guard(self) -> Comparison:
        guard = self._comparison(guard=True)
        if guard.dataset is not Dataset.CURRENT_USER:
            raise _refused("IF looks at CurrentUser alone")
        return guard

    def _comparison(self, guard: bool = False) -> Comparison:
        self._comparisons += 1
        if self._comparisons > MOST_COMPARISONS:
            raise _refused(f"it has more than {MOST_COMPARISONS} conditions")
        dataset, field = self._field()
        if not guard and dataset not in (Dataset.ITEMS, Dataset.INTERACTIONS):
            raise _refused(f"{dataset} stands after IF, or as a value")
        if self._word("NOT"):
            if not self._word("IN"):
                raise self._wrong("IN")
            return Comparison(dataset, field, Operator.NOT_IN, self._values())
        if self._word("IN"):
            return Comparison(dataset, field, Operator.IN, self._values())
        token = self._take("sign")
        if token is None or token.text not in _SIGNS:
            raise self._wrong("IN, NOT IN or a comparison", token)
        return Comparison(dataset, field, _SIGNS[token.text], (self._value(),))

    def _field(self) -> tuple[Dataset, str]:
        token = self._take("name")
        if token is None or token.text.upper() not in _DATASETS:
            raise self._wrong("Items, Interactions, CurrentUser or CurrentItem", token)
        if not self._sign("."):
            raise self._wrong("a dot")
        field = self._take("name")
        if field is None:
            raise self._wrong("the name of a field")
        return _DATASETS[token.text.upper()], field.text.upper()

    def _values(self) -> tuple[Value, ...]:
        if not self._sign("("):
            raise self._wrong("an opening bracket")
        values = [self._value()]
        while self._sign(","):
            values.append(self._value())
        if not self._sign(")"):
            raise self._wrong("a closing bracket")
        if len(values) > MOST_VALUES:
            raise _refused(f"a list has more than {MOST_VALUES} values")
        return tuple(values)

    def _value(self) -> Value:
        if (token := self._take("text")) is not None:
            return token.text[1:-1]
        if (token := self._take("number")) is not None:
            return float(token.text)
        if (token := self._take("placeholder")) is not None:
            return Placeholder(token.text[1:])
        dataset, field = self._field()
        if dataset not in (Dataset.CURRENT_USER, Dataset.CURRENT_ITEM):
            raise _refused("a value is a text, a number, a placeholder, or a field of CurrentUser or CurrentItem")
        return Reference(dataset, field)

    # -- tokens

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, kind: str) -> _Token | None:
        token = self._peek()
        if token is None or token.kind != kind:
            return None
        self._next += 1
        return token

    def _word(self, word: str) -> bool:
        token = self._peek()
        if token is None or token.kind != "name" or token.text.upper() != word:
            return False
        self._next += 1
        return True

    def _sign(self, sign: str) -> bool:
        token = self._peek()
        if token is None or token.kind != "sign" or token.text != sign:
            return False
        self._next += 1
        return True

    def _wrong(self, expected: str, token: _Token | None = None) -> errors.InvalidArgument:
        token = token or self._peek()
        where = "at its end" if token is None else f"at character {token.position}"
        return _refused(f"{expected} is expected {where}")


def parse_values(text: str) -> tuple[str | float, ...]:
    """The value of a placeholder: texts in quotes or numbers, separated by commas; anything else is one text.

    Raises:
        InvalidArgument: quotes that do not close.
    """
    stripped = text.strip()
    if '"' not in stripped:
        parts: list[str | float] = []
        for part in stripped.split(","):
            try:
                parts.append(float(part))
            except ValueError:
                return (stripped,)
        return tuple(parts)
    values: list[str | float] = []
    for token in re.finditer(r'\s*(?:"([^"]*)"|([^",]+?))\s*(,|$)|(.)', stripped):
        quoted, plain, _, wrong = token.groups()
        if wrong is not None:
            raise errors.InvalidArgument('A filter value is a list of texts in quotes: "\\"drama\\",\\"comedy\\"".')
        values.append(quoted if quoted is not None else _number_or_text(plain))
    if len(values) > MOST_VALUES:
        raise errors.InvalidArgument(f"A filter value has more than {MOST_VALUES} values.")
    return tuple(values)


def _number_or_text(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _refused(why: str) -> errors.InvalidArgument:
    return errors.InvalidArgument(f"The filter expression is not valid: {why}.")
