"""What an expression can see."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Absent(enum.Enum):
    """A value that is not there, which null is."""

    ABSENT = enum.auto()


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Scope:
    """The values that one field's expressions are evaluated against. Nobody changes them."""

    #: "$" of a JSONPath; in JSONata "$states.input", the state's whole input.
    input: Any
    #: "$$" of a JSONPath; "$states.context".
    context: Mapping[str, Any]
    #: "$name" in both languages.
    variables: Mapping[str, Any]
    #: "$states.result", once a state has one.
    result: Any = ABSENT
    #: "$states.errorOutput", in a Catch.
    error_output: Any = ABSENT
