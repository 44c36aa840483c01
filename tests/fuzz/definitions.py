"""Coverage-guided fuzzing of definitions: ``python tests/fuzz/definitions.py -max_total_time=60``.

Good definitions with parts replaced, deleted, added and copied. Validation finds fault with them or the interpreter runs
them, with answers of any kind to their tasks and a crash after every step; nothing but that may come of it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import atheris

with atheris.instrument_imports(include=["services.orchestration.language", "services.orchestration.interpreter"]):
    from services.orchestration.interpreter.outcomes import Answered, Failed
    from services.orchestration.language import json_text, validation
    from services.orchestration.language.diagnostics import Severity
    from tests.unit.services.orchestration.interpreter.mutations import BASES, FIELD_NAMES, VALUES, Somewhat, mutated

HOW = ("replace", "delete", "add", "copy")


def a_value(provider: Any) -> Any:
    """One of the values that mean something in a definition, or text."""
    if provider.ConsumeBool():
        return VALUES[provider.ConsumeIntInRange(0, len(VALUES) - 1)]
    return provider.ConsumeUnicode(12)


def as_told(value: Any) -> Any:
    """``value`` as it can come from outside: as JSON that executions take in."""
    try:
        return json_text.loads(json.dumps(value))
    except ValueError:
        return None


def one_input(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    base = BASES[provider.ConsumeIntInRange(0, len(BASES) - 1)]
    mutations = [
        (
            provider.ConsumeIntInRange(0, 500),
            HOW[provider.ConsumeIntInRange(0, 3)],
            a_value(provider),
            FIELD_NAMES[provider.ConsumeIntInRange(0, len(FIELD_NAMES) - 1)],
            provider.ConsumeIntInRange(0, 500),
        )
        for _ in range(provider.ConsumeIntInRange(0, 3))
    ]
    text = json.dumps(mutated(base, mutations))
    if any(found.severity is Severity.ERROR for found in validation.diagnose(text)):
        return
    outcomes = [Failed("X", None) if provider.ConsumeBool() else Answered(as_told(a_value(provider))) for _ in range(3)]
    answers = iter(outcomes * 20)
    value = {"a": as_told(a_value(provider)), "items": [1, 2, 3], "n": provider.ConsumeIntInRange(-3, 3)}
    Somewhat(text, value, lambda effect: next(answers, None), reloads=True, states_a_run=20).end()


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
