"""What the caller said, as understanding has read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from services.conversation.dialog.session import Fill
from services.conversation.understanding.meanings import Interpretation, SlotMatch


@dataclass(frozen=True, slots=True)
class Heard:
    """What the caller said. ``meanings``: best first, those above understanding's own threshold are ``accepted``.

    ``read_slot``: the value that the words give a slot of some type, or None.
    """

    text: str
    mode: str
    meanings: Sequence[Interpretation] = ()
    accepted: frozenset[str] = frozenset()
    read_slot: Callable[[str, str], SlotMatch | None] = lambda text, slot_type: None
    request_attributes: Mapping[str, str] = field(default_factory=dict)


def corrections(
    meaning: Interpretation, answer: SlotMatch | None, slots: Mapping[str, Fill | None]
) -> dict[str, Fill]:
    """Other values than ``slots`` have, said beside the yes or no that is the ``answer``."""
    found: dict[str, Fill] = {}
    for name, match in meaning.slots.items():
        beside = answer is None or match.end <= answer.begin or answer.end <= match.begin
        former = slots.get(name)
        if name in slots and beside and (former is None or former.interpreted != match.interpreted):
            found[name] = fill(match)
    return found


def fill(match: SlotMatch) -> Fill:
    """A slot's value out of the caller's words."""
    return Fill(match.interpreted, match.original, tuple(match.resolved) or (match.interpreted,))
