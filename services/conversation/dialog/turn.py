"""One turn: from what the caller said to what the bot waits for next.

    turn = Turn(definition, session, heard, now)
    asking = turn.run()                     # a generator: yields HookCall, is sent HookAnswer or HookFailure
    ...
    session.action, turn.messages           # when it has ended

Nothing here reads a clock, a database or a network, so the same session and words always give the same turn. The order
of things is that of Lex's "conversation paths": initial response, slots by priority, confirmation, fulfilment, closing;
at each point the author may say something, set values, branch, ask the code hook, or go elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

from services.conversation.dialog import conditions
from services.conversation.dialog.definition import (
    NOTHING,
    Branch,
    Definition,
    Hook,
    Intent,
    NextStep,
    Outcome,
    Slot,
)
from services.conversation.dialog.heard import Heard, corrections, fill
from services.conversation.dialog.hooks import DIALOG, FULFILLMENT, HookAnswer, HookCall, HookFailure, HookFault
from services.conversation.dialog.session import (
    CLOSE,
    CONFIRM_INTENT,
    CONFIRMED,
    DELEGATE,
    DENIED,
    ELICIT_INTENT,
    ELICIT_SLOT,
    FAILED,
    FULFILLED,
    IN_PROGRESS,
    READY,
    UNCONFIRMED,
    Context,
    Fill,
    IntentState,
    Session,
)
from services.conversation.dialog.wording import MOST_MESSAGES, ask, phrase
from services.conversation.understanding.meanings import Interpretation, SlotMatch

#: Steps of one turn. More are a circle that the bot's author has built.
MOST_STEPS = 60
#: How sure another intent must be before it takes the turn from a slot that would take any words.
_SURE = 0.8
_OPEN_TYPES = frozenset({"AMAZON.FreeFormInput"})
_CONFIRMATION = "AMAZON.Confirmation"

Asking = Generator[HookCall, HookAnswer | HookFailure, None]
#: A step of a turn gives the next one, a question for the code hook, or None when the turn has ended.
Step = Callable[[], "Next"]
Next = Union[Step, "Question", None]


@dataclass(frozen=True, slots=True)
class Question:
    """The turn waits for the code hook; ``answered`` says how it goes on."""

    call: HookCall
    answered: Callable[[HookAnswer | HookFailure], Next]


class EndlessDialog(Exception):
    """The bot's next steps lead round in a circle."""


class NoHookAnswer(Exception):
    """The code hook failed, and the bot does not say what to do then. ``failure``: how."""

    def __init__(self, failure: HookFailure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


class Turn:
    """Changes ``session`` and collects ``messages`` (on the wire's names)."""

    def __init__(self, definition: Definition, session: Session, heard: Heard, now: float) -> None:
        self.messages: list[dict[str, Any]] = []
        self.request_attributes = dict(heard.request_attributes)
        #: The intent that the words of this turn were taken for; "" while they answer a question.
        self.meant = ""
        self._definition = definition
        self._session = session
        self._heard = heard
        self._now = now

    # -- how a turn begins

    def run(self) -> Asking:
        """The caller has said something."""
        session = self._session
        self._begin()
        living = list(session.contexts)
        if session.action == ELICIT_SLOT and self._intent() is not None and self._eliciting() is not None:
            yield from self._follow(self._slot_answered)
        elif session.action == CONFIRM_INTENT and self._intent() is not None:
            yield from self._follow(self._confirmation_answered)
        else:
            yield from self._follow(self._new_words)
        for context in living:
            context.turns -= 1
        session.contexts = [one for one in session.contexts if one.turns > 0]

    def put(self, messages: Sequence[Mapping[str, Any]]) -> Asking:
        """The application has set the session: do what its dialog action says, with ``messages`` if it gave any."""
        session = self._session
        self._begin()
        if messages:
            self.messages = [dict(message) for message in messages]
        if session.intent is not None and session.action == DELEGATE:
            yield from self._follow(self._elicit_next)
        elif session.action == ELICIT_SLOT and (slot := self._eliciting()) is not None:
            yield from self._follow(lambda: self._elicit(slot, quiet=bool(messages)))
        elif session.action == CONFIRM_INTENT and session.intent is not None:
            yield from self._follow(lambda: self._ask_to_confirm(quiet=bool(messages)))

    def _begin(self) -> None:
        self._session.turn += 1
        self._session.contexts = [one for one in self._session.contexts if one.expires_at > self._now]

    def _follow(self, step: Next) -> Asking:
        for _ in range(MOST_STEPS):
            if step is None:
                return
            if isinstance(step, Question):
                answer = yield step.call
                step = step.answered(answer)
            else:
                step = step()
        raise EndlessDialog

    # -- what the words mean

    def eligible(self) -> list[Interpretation]:
        """Meanings whose intents the active contexts allow, the best first."""
        return [
            meaning
            for meaning in self._heard.meanings
            if (intent := self._definition.intents.get(meaning.intent)) is not None
            and all(self._session.context(name) is not None for name in intent.input_contexts)
        ]

    def _best(self) -> Interpretation | None:
        """The intent that was meant; None when none was."""
        for meaning in self.eligible():
            if meaning.intent in self._heard.accepted and meaning.score >= self._definition.threshold:
                return meaning
            return None
        return None

    def _new_words(self) -> Next:
        best = self._best()
        return self._fall_back if best is None else self._meant(best)

    def _meant(self, best: Interpretation) -> Step:
        self.meant = best.intent
        return self._starting(best.intent, {name: fill(match) for name, match in best.slots.items()})

    def _fall_back(self) -> Next:
        """Nothing was understood: the fallback intent, or, without one, another question what is wanted."""
        if self._definition.fallback:
            return self._starting(self._definition.fallback, {})
        self._wait(ELICIT_INTENT)
        return None

    def _slot_answered(self) -> Next:
        slot, current = self._eliciting(), self._state()
        assert slot is not None
        best = self._best()
        match = self._heard.read_slot(self._heard.text, slot.type)
        if best is not None and best.intent != current.name and self._takes_over(best, slot, match):
            return self._meant(best)
        same = best.slots if best is not None and best.intent == current.name else {}
        if match is None:
            match = same.get(slot.name)
        if match is None:
            return self._not_answered(slot)
        current.slots[slot.name] = fill(match)
        for name, found in same.items():
            if name in current.slots and current.slots[name] is None:
                current.slots[name] = fill(found)
        return self._captured(slot)

    def _takes_over(self, best: Interpretation, slot: Slot, match: SlotMatch | None) -> bool:
        """Whether the words are another intent rather than the slot's value."""
        words = self._heard.text.strip().rstrip(".!?").casefold()
        if words in self._definition.intents[best.intent].utterances:
            return True  # "help", "cancel": said as they stand
        if match is None:
            return True
        whole = match.interpreted.casefold() in slot.values or match.original.casefold() in slot.values
        taken_by_anything = slot.type in _OPEN_TYPES or (bool(slot.values) and not whole)
        return taken_by_anything and best.score >= _SURE

    def _captured(self, slot: Slot) -> Next:
        self._session.failures = 0
        self._leave()
        after = self._hooked(slot.hook, self._elicit_next)
        return self._outcome(slot.captured, after, slot.hook)

    def _not_answered(self, slot: Slot) -> Next:
        session = self._session
        session.failures += 1
        retries = slot.prompt.retries if slot.prompt else 0
        if session.failures > retries:
            session.failures = 0
            self._leave()
            self._state().state = FAILED
            return self._outcome(slot.failed, self._fall_back, slot.hook)
        if slot.elicitation is not None or self._definition.intents[self._state().name].every_turn:
            hook = slot.elicitation or Hook(True)
            return self._hooked(hook, lambda: self._elicit(slot, attempt=session.failures))
        return self._elicit(slot, attempt=session.failures)

    def _confirmation_answered(self) -> Next:
        intent, current = self._intent(), self._state()
        assert intent is not None
        match, best = self._heard.read_slot(self._heard.text, _CONFIRMATION), self._best()
        if best is not None and best.intent == current.name and (found := corrections(best, match, current.slots)):
            # "No, make that Friday": a correction is asked about once more.
            current.slots.update(found)
            self._session.failures = 0
            return self._ask_to_confirm
        said = match.interpreted.casefold() if match is not None else ""
        if said in ("yes", "no"):
            self._session.failures = 0
            self._leave()
            if said == "yes":
                return self._confirmed
            return self._declined
        if best is not None and best.intent != current.name:
            return self._meant(best)
        return self._not_confirmed(intent)

    def _confirmed(self) -> Next:
        intent, current = self._intent(), self._state()
        assert intent is not None
        current.confirmation = CONFIRMED
        outcome, hook = (
            (intent.confirmation.confirmed, intent.confirmation.hook) if intent.confirmation else (NOTHING, None)
        )
        return self._outcome(outcome, self._hooked(hook, lambda: self._fulfil()), hook)

    def _declined(self) -> Next:
        intent, current = self._intent(), self._state()
        assert intent is not None
        current.confirmation = DENIED
        current.state = FAILED
        outcome, hook = (
            (intent.confirmation.declined, intent.confirmation.hook) if intent.confirmation else (NOTHING, None)
        )
        return self._outcome(outcome, self._hooked(hook, self._end), hook)

    def _not_confirmed(self, intent: Intent) -> Next:
        session, confirmation = self._session, intent.confirmation
        session.failures += 1
        if confirmation is None or session.failures > confirmation.prompt.retries:
            session.failures = 0
            self._leave()
            self._state().state = FAILED
            outcome = confirmation.failed if confirmation else NOTHING
            return self._outcome(outcome, self._fall_back, confirmation.hook if confirmation else None)
        if confirmation.elicitation is not None or intent.every_turn:
            hook = confirmation.elicitation or Hook(True)
            return self._hooked(hook, lambda: self._ask_to_confirm(attempt=session.failures))
        return self._ask_to_confirm(attempt=session.failures)

    # -- the way of an intent

    def _starting(self, name: str, fills: Mapping[str, Fill | None]) -> Step:
        def start() -> Next:
            intent = self._definition.intents[name]
            slots = {slot: fills.get(slot) for slot in intent.slots}
            self._session.intent = IntentState(name, slots)
            self._session.failures = 0
            self._leave()
            for slot in intent.slots.values():
                if slots[slot.name] is None:
                    slots[slot.name] = self._default(slot)
            after = self._hooked(intent.initial_hook, self._elicit_next)
            return self._outcome(intent.initial, after, intent.initial_hook)

        return start

    def _default(self, slot: Slot) -> Fill | None:
        """The first default value that stands for something."""
        for told in slot.defaults:
            value = self._resolved(told)
            if value:
                return Fill(value, value, (value,))
        return None

    def _elicit_next(self) -> Next:
        intent, current = self._intent(), self._state()
        assert intent is not None
        missing = self._missing()
        if missing is not None:
            return self._elicit(missing)
        if intent.confirmation is not None and current.confirmation != CONFIRMED:
            return self._ask_to_confirm()
        return self._fulfil()

    def _elicit(self, slot: Slot, *, attempt: int = 0, quiet: bool = False) -> Next:
        self._wait(ELICIT_SLOT, slot.name)
        self._session.failures = attempt
        if slot.prompt is not None and not quiet:
            self._say(ask(slot.prompt, self._seed(), self.lookup, attempt))
        return None

    def _ask_to_confirm(self, *, attempt: int = 0, quiet: bool = False) -> Next:
        intent = self._intent()
        self._wait(CONFIRM_INTENT)
        self._session.failures = attempt
        if intent is not None and intent.confirmation is not None and not quiet:
            self._say(ask(intent.confirmation.prompt, self._seed(), self.lookup, attempt))
        return None

    def _fulfil(self) -> Next:
        intent, current = self._intent(), self._state()
        assert intent is not None
        fulfillment = intent.fulfillment
        current.state = READY
        if not fulfillment.hook:
            if not fulfillment.active:
                self._activate_contexts(intent)
                return self._close_intent
            return self._fulfilled
        name, before = current.name, {slot for slot, value in current.slots.items() if value is not None}
        proposed = {"dialogAction": {"type": CLOSE}, "intent": current.to_wire()}

        def answered(answer: HookAnswer | HookFailure) -> Next:
            if isinstance(answer, HookFailure):
                outcome = fulfillment.timeout if answer.timed_out else fulfillment.failure
                if not outcome.configured:
                    raise NoHookAnswer(answer)
                current.state = FAILED
                return self._outcome(outcome, self._end, None)
            step = self._obey(answer, self._elicit_next)
            if answer.action == DELEGATE and self._state().name == name:
                if self._state().state in (FULFILLED, FAILED):
                    return self._closed_by_hook(False)
                if before <= {slot for slot, value in self._state().slots.items() if value is not None}:
                    raise HookFault(
                        "a fulfilment that delegates says that intent.state is Fulfilled or Failed, or empties a slot"
                    )
            return step

        return Question(HookCall(FULFILLMENT, "", proposed), answered)

    def _fulfilled(self) -> Next:
        intent, current = self._intent(), self._state()
        assert intent is not None
        current.state = FULFILLED
        self._activate_contexts(intent)
        return self._outcome(intent.fulfillment.success, self._close_intent, None)

    def _close_intent(self) -> Next:
        intent = self._intent()
        assert intent is not None
        self._wait(CLOSE)
        return self._outcome(intent.closing, self._end, None)

    def _end(self) -> Next:
        self._wait(CLOSE)
        return None

    def _elicit_intent(self) -> Next:
        self._wait(ELICIT_INTENT)
        return None

    def _activate_contexts(self, intent: Intent) -> None:
        current = self._state()
        filled = {name: value.interpreted for name, value in current.slots.items() if value is not None}
        for told in intent.output_contexts:
            seconds, turns = told["timeToLiveInSeconds"], told["turnsToLive"]
            self._session.activate(Context(told["name"], dict(filled), self._now + seconds, turns))

    # -- what an author has configured

    def _outcome(self, outcome: Outcome, otherwise: Step, hook: Hook | None) -> Step:
        """Say what an outcome says, then its next step; ``otherwise``: what comes where it names none. ``hook``: the
        code hook that "InvokeDialogCodeHook" means here."""

        def follow() -> Next:
            self._say(phrase(outcome.groups, self._seed(), self.lookup))
            branch = self._branch(outcome.branches)
            if branch is not None:
                self._say(phrase(branch.groups, self._seed(), self.lookup))
                if branch.step is not None:
                    return self._step(branch.step, otherwise, hook)
            return self._step(outcome.step, otherwise, hook)

        return follow

    def _branch(self, branches: Sequence[Branch]) -> Branch | None:
        for branch in branches:
            if branch.condition is None or branch.condition.holds(self.lookup):
                return branch
        return None

    def _step(self, step: NextStep | None, otherwise: Step, hook: Hook | None) -> Step:
        if step is None:
            return otherwise
        # All values are looked up before any is set: one may be what another is set to.
        attributes = {name: self._resolved(told) for name, told in step.attributes.items()}
        slots = {name: self._resolved(told) if told else None for name, told in step.slots.items()}
        for name, value in attributes.items():
            if value is None:
                self._session.attributes.pop(name, None)
            else:
                self._session.attributes[name] = value
        fills = {name: Fill(value, value, (value,)) if value else None for name, value in slots.items()}
        if step.action == "StartIntent" and step.intent in self._definition.intents:
            return self._starting(step.intent, fills)
        current = self._session.intent
        if current is not None:
            current.slots.update({name: value for name, value in fills.items() if name in current.slots})
        if step.action == "ElicitSlot" and (slot := self._slot(step.slot)) is not None:
            return lambda: self._elicit(slot, quiet=step.quiet)
        if step.action == "InvokeDialogCodeHook":
            return self._hooked(hook or Hook(True), self._elicit_next)
        steps: dict[str, Step] = {
            "ElicitIntent": self._elicit_intent,
            "ConfirmIntent": lambda: self._ask_to_confirm(quiet=step.quiet),
            "FulfillIntent": self._fulfil,
            "CloseIntent": self._close_intent,
            "EndConversation": self._end,
        }
        return steps.get(step.action, otherwise)

    def _hooked(self, hook: Hook | None, after: Step) -> Step:
        """Ask the code hook, if there is one for this point, then go on with ``after``."""
        intent = self._intent()
        if hook is None and intent is not None and intent.every_turn:
            hook = Hook(True)
        if hook is None:
            return after
        asked = hook

        def answered(answer: HookAnswer | HookFailure) -> Next:
            if isinstance(answer, HookFailure):
                outcome = asked.timeout if answer.timed_out else asked.failure
                if not outcome.configured:
                    raise NoHookAnswer(answer)
                return self._outcome(outcome, self._end, None)
            return self._obey(answer, after, asked.success)

        def invoke() -> Next:
            if not asked.enabled:
                return self._outcome(asked.success, after, None)
            return Question(HookCall(DIALOG, asked.label, self._proposal()), answered)

        return invoke

    def _obey(self, answer: HookAnswer, after: Step, success: Outcome = NOTHING) -> Step:
        """Do what a code hook's answer says; Delegate goes on with ``success`` and ``after``."""
        session = self._session
        former = session.intent.name if session.intent is not None else ""
        if answer.attributes is not None:
            session.attributes = dict(answer.attributes)
        if answer.contexts is not None:
            session.contexts = list(answer.contexts)
        if answer.intent is not None:
            session.intent = answer.intent
        self.request_attributes |= answer.request_attributes
        messages = [dict(message) for message in answer.messages]
        self._say(messages)
        if answer.action == DELEGATE:
            moved = answer.intent is not None and answer.intent.name != former
            return self._elicit_next if moved or self._missing() is not None else self._outcome(success, after, None)
        if answer.action == ELICIT_INTENT:
            return self._elicit_intent
        if answer.action == ELICIT_SLOT:
            slot = self._slot(answer.slot)
            assert slot is not None
            if session.intent is not None:
                session.intent.slots[slot.name] = None
            return lambda: self._elicit(slot, quiet=bool(messages))
        if answer.action == CONFIRM_INTENT:
            if session.intent is not None:
                session.intent.confirmation = UNCONFIRMED
            return lambda: self._ask_to_confirm(quiet=bool(messages))
        return self._closed_by_hook(bool(messages))

    def _closed_by_hook(self, said: bool) -> Step:
        intent, current = self._intent(), self._state()
        assert intent is not None
        if current.state == IN_PROGRESS:
            current.state = FULFILLED
        if current.state == FULFILLED:
            self._activate_contexts(intent)
        if said:
            return self._end
        if current.state == FAILED:
            return self._outcome(intent.fulfillment.failure, self._end, None)
        return self._outcome(intent.fulfillment.success, self._close_intent, None)

    def _proposal(self) -> dict[str, Any]:
        """What would come next if the code hook delegated."""
        intent, current = self._intent(), self._state()
        assert intent is not None
        told: dict[str, Any] = {"intent": current.to_wire()}
        missing = self._missing()
        if missing is not None:
            action: dict[str, Any] = {"type": ELICIT_SLOT, "slotToElicit": missing.name}
        elif intent.confirmation is not None and current.confirmation == UNCONFIRMED:
            action = {"type": CONFIRM_INTENT}
        else:
            return {**told, "dialogAction": {"type": DELEGATE if intent.fulfillment.hook else CLOSE}}
        failures = self._session.failures
        return {
            **told,
            "dialogAction": action,
            "prompt": {"attempt": f"Retry{failures}" if failures else "Initial"},
        }

    # -- small things

    def lookup(self, kind: str, name: str) -> str | None:
        """What a reference of conditions, set values and messages stands for."""
        session = self._session
        if kind == conditions.ATTRIBUTE:
            return session.attributes.get(name)
        if kind == conditions.REQUEST_ATTRIBUTE:
            return self.request_attributes.get(name)
        if kind == conditions.INPUT:
            return self._heard.mode if name == "inputMode" else self._heard.text
        if kind == conditions.CONTEXT:
            context_name, _, attribute = name.partition(".")
            context = session.context(context_name)
            return context.attributes.get(attribute) if context is not None else None
        parts = name.split(".")
        if session.intent is not None and len(parts) > 1 and parts[0] == session.intent.name:
            parts = parts[1:]
        value = session.intent.slots.get(parts[0]) if session.intent is not None else None
        if value is None:
            return None
        return value.original or value.interpreted if parts[1:] == ["originalValue"] else value.interpreted

    def _resolved(self, told: str) -> str | None:
        reference = conditions.parse_reference(told)
        if reference is not None:
            return reference.value(self.lookup)
        if len(told) > 1 and told[0] == told[-1] == '"':
            return told[1:-1]
        return told

    def _say(self, messages: Sequence[Mapping[str, Any]]) -> None:
        room = MOST_MESSAGES - len(self.messages)
        self.messages += [dict(message) for message in messages[:room]]

    def _seed(self) -> str:
        return f"{self._session.seed}/{self._session.turn}/{len(self.messages)}"

    def _wait(self, action: str, slot: str = "") -> None:
        self._session.action, self._session.slot_to_elicit = action, slot

    def _leave(self) -> None:
        """The bot does not wait for what it waited for any more."""
        self._wait(DELEGATE)

    def _intent(self) -> Intent | None:
        current = self._session.intent
        return self._definition.intents.get(current.name) if current is not None else None

    def _state(self) -> IntentState:
        current = self._session.intent
        assert current is not None
        return current

    def _missing(self) -> Slot | None:
        """The first required slot that nobody has filled."""
        intent, current = self._intent(), self._session.intent
        if intent is None or current is None:
            return None
        return next((one for one in intent.slots.values() if one.required and not current.slots.get(one.name)), None)

    def _slot(self, name: str) -> Slot | None:
        intent = self._intent()
        return intent.slots.get(name) if intent is not None else None

    def _eliciting(self) -> Slot | None:
        return self._slot(self._session.slot_to_elicit)
