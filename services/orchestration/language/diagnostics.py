"""What is wrong with a definition, and where."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Final

#: Findings after which no more are kept: an answer has 100 at most.
MAX_DIAGNOSTICS: Final = 200


class Severity(enum.StrEnum):
    """ERROR: the definition cannot be saved. WARNING: it can, and perhaps means something else."""

    ERROR = "ERROR"
    WARNING = "WARNING"


class Code(enum.StrEnum):
    """The codes of ValidateStateMachineDefinition, as far as a definition can cause them."""

    MISSING_DESCRIPTION = "MISSING_DESCRIPTION"
    INVALID_JSON_DESCRIPTION = "INVALID_JSON_DESCRIPTION"
    SCHEMA_VALIDATION_FAILED = "SCHEMA_VALIDATION_FAILED"
    INVALID_JSONATA_EXPRESSION = "INVALID_JSONATA_EXPRESSION"
    MISSING_END_STATE = "MISSING_END_STATE"
    DUPLICATE_STATE_NAME = "DUPLICATE_STATE_NAME"
    INVALID_STATE_NAME = "INVALID_STATE_NAME"
    DUPLICATE_LABEL_NAME = "DUPLICATE_LABEL_NAME"
    INVALID_LABEL_NAME = "INVALID_LABEL_NAME"
    MISSING_TRANSITION_TARGET = "MISSING_TRANSITION_TARGET"
    TOO_DEEPLY_NESTED = "TOO_DEEPLY_NESTED"
    # Warnings
    NO_DOLLAR = "NO_DOLLAR"
    NO_PATH = "NO_PATH"
    PASS_RESULT_IS_STATIC = "PASS_RESULT_IS_STATIC"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. ``location`` is the place in the definition: "/States/Decide/Choices[0]/Next"; "/" for the whole.

    It is None for what has no place.
    """

    severity: Severity
    code: Code
    message: str
    location: str | None

    def __str__(self) -> str:
        return f"{self.code}: {self.message} at {self.location or 'null'}"


@dataclass(slots=True)
class Findings:
    """The findings of one validation, in the order they are made, and the JSONata expressions still to compile."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    #: Expressions with their locations; compiling them all is one round trip.
    expressions: list[tuple[str, str]] = field(default_factory=list)

    def error(self, message: str, location: str | None, code: Code = Code.SCHEMA_VALIDATION_FAILED) -> None:
        self._add(Diagnostic(Severity.ERROR, code, message, "/" if location == "" else location))

    def warning(self, code: Code, message: str, location: str) -> None:
        self._add(Diagnostic(Severity.WARNING, code, message, location or "/"))

    def _add(self, diagnostic: Diagnostic) -> None:
        if len(self.diagnostics) < MAX_DIAGNOSTICS:
            self.diagnostics.append(diagnostic)

    @property
    def has_errors(self) -> bool:
        return any(diagnostic.severity is Severity.ERROR for diagnostic in self.diagnostics)
