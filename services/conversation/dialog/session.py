"""A session: all that a bot remembers of one conversation, and how it is written down.

Documents are JSON under the names of the wire, so that a session state reads the same in the database, in an event for
a code hook and in an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

IN_PROGRESS, READY, FULFILLED, FAILED = "InProgress", "ReadyForFulfillment", "Fulfilled", "Failed"
UNCONFIRMED, CONFIRMED, DENIED = "None", "Confirmed", "Denied"
ELICIT_INTENT, ELICIT_SLOT, CONFIRM_INTENT = "ElicitIntent", "ElicitSlot", "ConfirmIntent"
DELEGATE, CLOSE = "Delegate", "Close"


@dataclass(frozen=True, slots=True)
class Fill:
    """A slot's value: as it was said, as the application works with it, and all that it may stand for."""

    interpreted: str
    original: str = ""
    resolved: Sequence[str] = ()

    def to_wire(self) -> dict[str, Any]:
        value: dict[str, Any] = {"interpretedValue": self.interpreted, "resolvedValues": list(self.resolved)}
        return {"shape": "Scalar", "value": {**({"originalValue": self.original} if self.original else {}), **value}}

    @classmethod
    def from_wire(cls, told: Mapping[str, Any] | None) -> Fill | None:
        """None for an empty slot. Raises ValueError for anything but a slot of one value."""
        if not told:
            return None
        if not isinstance(told, Mapping) or told.get("shape", "Scalar") != "Scalar":
            raise ValueError("a slot has one value")
        value = told.get("value")
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise ValueError("a slot's value is a structure")
        interpreted = value.get("interpretedValue")
        if not isinstance(interpreted, str) or not interpreted:
            raise ValueError("a slot's value has an interpretedValue")
        original, resolved = value.get("originalValue") or "", value.get("resolvedValues") or ()
        if not isinstance(original, str) or not all(isinstance(one, str) for one in resolved):
            raise ValueError("a slot's originalValue and resolvedValues are text")
        return cls(interpreted, original, tuple(resolved))


@dataclass(slots=True)
class IntentState:
    """An intent under way: every slot that it has, None where nobody has filled it."""

    name: str
    slots: dict[str, Fill | None] = field(default_factory=dict)
    state: str = IN_PROGRESS
    confirmation: str = UNCONFIRMED

    def to_wire(self) -> dict[str, Any]:
        slots = {name: fill.to_wire() if fill else None for name, fill in self.slots.items()}
        return {"name": self.name, "slots": slots, "state": self.state, "confirmationState": self.confirmation}

    @classmethod
    def from_wire(cls, told: Mapping[str, Any]) -> IntentState:
        """Raises ValueError for a slot that is none."""
        slots = {name: Fill.from_wire(slot) for name, slot in (told.get("slots") or {}).items()}
        return cls(
            told["name"], slots, told.get("state") or IN_PROGRESS, told.get("confirmationState") or UNCONFIRMED
        )


@dataclass(slots=True)
class Context:
    """An active context, until ``expires_at`` (Unix seconds) and for ``turns`` more turns."""

    name: str
    attributes: dict[str, str]
    expires_at: float
    turns: int

    def to_wire(self, now: float) -> dict[str, Any]:
        seconds = max(5, round(self.expires_at - now))
        return {
            "name": self.name,
            "contextAttributes": dict(self.attributes),
            "timeToLive": {"timeToLiveInSeconds": seconds, "turnsToLive": max(1, self.turns)},
        }

    @classmethod
    def from_wire(cls, told: Mapping[str, Any], now: float) -> Context:
        live = told["timeToLive"]
        return cls(
            str(told["name"]),
            dict(told.get("contextAttributes") or {}),
            now + float(live["timeToLiveInSeconds"]),
            int(live["turnsToLive"]),
        )


@dataclass(slots=True)
class Session:
    """A conversation. ``action``: what the bot waits for (ElicitIntent before anything was said).

    ``failures``: answers in a row that did not fill the slot or confirm the intent. ``seed``: which variations of
    messages it gets. ``messages`` and ``interpretations``: the last answer's, on the wire's names.
    """

    seed: str
    action: str = ELICIT_INTENT
    slot_to_elicit: str = ""
    intent: IntentState | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    contexts: list[Context] = field(default_factory=list)
    failures: int = 0
    turn: int = 0
    messages: list[dict[str, Any]] = field(default_factory=list)
    interpretations: list[dict[str, Any]] = field(default_factory=list)

    def context(self, name: str) -> Context | None:
        """The active context of that name."""
        return next((context for context in self.contexts if context.name == name), None)

    def activate(self, context: Context) -> None:
        """Make a context active, in the place of one of the same name."""
        self.contexts = [one for one in self.contexts if one.name != context.name] + [context]

    def state_to_wire(self, now: float) -> dict[str, Any]:
        """The session state that answers and events show."""
        action: dict[str, Any] = {"type": self.action}
        if self.slot_to_elicit:
            action["slotToElicit"] = self.slot_to_elicit
        told: dict[str, Any] = {
            "dialogAction": action,
            "activeContexts": [context.to_wire(now) for context in self.contexts],
            "sessionAttributes": dict(self.attributes),
        }
        if self.intent is not None:
            told["intent"] = self.intent.to_wire()
        return told

    def to_document(self) -> dict[str, Any]:
        """All of it, for the database."""
        return {
            "seed": self.seed,
            "action": self.action,
            "slot": self.slot_to_elicit,
            "intent": self.intent.to_wire() if self.intent else None,
            "attributes": self.attributes,
            "contexts": [[one.name, one.attributes, one.expires_at, one.turns] for one in self.contexts],
            "failures": self.failures,
            "turn": self.turn,
            "messages": self.messages,
            "interpretations": self.interpretations,
        }

    @classmethod
    def from_document(cls, told: Mapping[str, Any]) -> Session:
        return cls(
            seed=told["seed"],
            action=told["action"],
            slot_to_elicit=told["slot"],
            intent=IntentState.from_wire(told["intent"]) if told["intent"] else None,
            attributes=told["attributes"],
            contexts=[Context(*one) for one in told["contexts"]],
            failures=told["failures"],
            turn=told["turn"],
            messages=told["messages"],
            interpretations=told["interpretations"],
        )
