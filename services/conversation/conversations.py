"""Conversations: a caller's words to an answer, through understanding, the dialog and the code hook.

    place = await conversations.find(key)
    reply = await conversations.hear(place, "book a room", Said(...))
"""

from __future__ import annotations

import asyncio
import datetime
import time
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.conversation.built_locales import BuiltLocale, BuiltLocales
from services.conversation.code_hooks import CodeHooks
from services.conversation.dialog.definition import Definition
from services.conversation.dialog.heard import Heard, fill
from services.conversation.dialog.hooks import HookCall, HookFailure, HookFault
from services.conversation.dialog.session import IN_PROGRESS, UNCONFIRMED, Context, Fill, IntentState, Session
from services.conversation.dialog.turn import Asking, EndlessDialog, NoHookAnswer, Turn
from services.conversation.kinds import ALIAS, BOT, BUILDING, LOCALE, VERSION, version_path
from services.conversation.sentence_vectors import vectors_of
from services.conversation.sessions import SessionKey, SessionStore
from services.conversation.shelf import Shelf
from services.conversation.understanding.meanings import Interpretation
from shared import errors
from shared.platform import Platform
from shared.rpc.call import Priority
from shared.storage.arns import DEFAULT_REGION

MOST_INTERPRETATIONS = 5
TIME_ZONE = "x-amz-lex:time-zone"
TEXT, SPEECH = "Text", "Speech"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a session is: the bot's names, its built locale, and what the alias asks for."""

    key: SessionKey
    bot_name: str
    alias_name: str
    version: str
    built: BuiltLocale
    idle_seconds: int
    hook_arn: str
    sentiment: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What comes with the words. ``state``: a session state that the application sets first, on the wire's names."""

    mode: str = TEXT
    state: Mapping[str, Any] | None = None
    request_attributes: Mapping[str, str] = field(default_factory=dict)
    response_type: str = "text/plain; charset=utf-8"
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, on the wire's names."""

    messages: Sequence[Mapping[str, Any]]
    state: Mapping[str, Any]
    interpretations: Sequence[Mapping[str, Any]]
    request_attributes: Mapping[str, str]


class Conversations:
    """All sessions of this process's callers; what they say is kept nowhere but in the session itself."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._shelf = Shelf(platform.resources, platform.database)
        self._sessions = SessionStore(platform.database)
        self._built = BuiltLocales(platform.objects.blobs, platform.runtime)
        self._hooks = CodeHooks(platform.settings.functions)
        self._vectors = vectors_of(platform.runtime, Priority.INTERACTIVE)

    async def close(self) -> None:
        """Disconnect."""
        await self._hooks.close()

    async def find(self, key: SessionKey) -> Place:
        """Where the session is.

        Raises:
            NotFound: no such bot, alias or locale.
            InvalidArgument: the locale is not built, or not enabled for the alias.
            Unavailable: it is being built for the first time (BadGatewayException).
        """
        alias = await self._shelf.get(key.account, ALIAS, key.alias_id, parent=key.bot_id)
        version = alias.message.bot_version
        if not version:
            raise errors.InvalidArgument("The alias leads to no version: give it one with UpdateBotAlias.")
        settings = alias.message.bot_alias_locale_settings
        hook_arn = ""
        if key.locale_id in settings:
            if not settings[key.locale_id].enabled:
                raise errors.InvalidArgument("The locale is not enabled for the alias.")
            hook_arn = settings[key.locale_id].code_hook_specification.lambda_code_hook.lambda_arn
        (bot_name, idle_seconds), built = await asyncio.gather(
            self._describe(key, version), self._load(key, version)
        )
        return Place(
            key,
            bot_name,
            alias.message.bot_alias_name,
            version,
            built,
            idle_seconds,
            hook_arn,
            alias.message.sentiment_analysis_settings.detect_sentiment,
        )

    async def hear(self, place: Place, text: str, said: Said) -> Reply:
        """One turn: the session is written before this returns.

        Raises:
            Aborted: another turn of the session was under way.
            FailedPrecondition, Unavailable: the code hook failed (DependencyFailedException, BadGatewayException).
            InvalidArgument: the session state that was given does not fit the bot.
        """
        now = time.time()
        former, heard, sentiment = await asyncio.gather(
            self._sessions.load(place.key), self._understand(place, text, said), self._feeling(place, text)
        )
        session = _session(place, former.document)
        if said.state is not None:
            override(session, place.built.definition, said.state, now)
        turn = Turn(place.built.definition, session, heard, now)
        event = _Event(place, said, text, session, turn, heard, sentiment, now)
        await self._drive(turn.run(), event)
        session.messages = turn.messages
        session.interpretations = event.interpretations()
        await self._sessions.save(place.key, former, session.to_document(), place.idle_seconds)
        return self._reply(session, turn, said, now)

    async def put(self, place: Place, messages: Sequence[Mapping[str, Any]], said: Said) -> Reply:
        """Set a session, or begin one, and do what its dialog action says. Raises as ``hear``."""
        now = time.time()
        former = await self._sessions.load(place.key)
        told = _session(place, former.document)
        session = Session(told.seed, turn=told.turn)  # nothing else of what was said before counts any more
        override(session, place.built.definition, said.state or {}, now)
        heard = Heard("", said.mode, request_attributes=said.request_attributes)
        turn = Turn(place.built.definition, session, heard, now)
        event = _Event(place, said, "", session, turn, heard, None, now)
        await self._drive(turn.put(messages), event)
        session.messages = turn.messages
        session.interpretations = event.interpretations()
        await self._sessions.save(place.key, former, session.to_document(), place.idle_seconds)
        return self._reply(session, turn, said, now)

    async def get(self, place: Place) -> Reply:
        """The session as the last turn left it. Raises ``NotFound``."""
        former = await self._sessions.load(place.key)
        if former.document is None:
            raise _no_session()
        session = Session.from_document(former.document)
        state = session.state_to_wire(time.time())
        return Reply(session.messages, state, session.interpretations, {})

    async def delete(self, key: SessionKey) -> None:
        """Forget a session. Raises ``NotFound``."""
        await self._shelf.get(key.account, ALIAS, key.alias_id, parent=key.bot_id)
        if not await self._sessions.delete(key):
            raise _no_session()

    async def _describe(self, key: SessionKey, version: str) -> tuple[str, int]:
        """The bot's name and idle time, as its version has kept them."""
        if version.isdigit():
            kept = (await self._shelf.get(key.account, VERSION, version, parent=key.bot_id)).message
            return kept.bot_name, kept.idle_session_ttl_in_seconds
        draft = (await self._shelf.get(key.account, BOT, key.bot_id)).message
        return draft.bot_name, draft.idle_session_ttl_in_seconds

    async def _load(self, key: SessionKey, version: str) -> BuiltLocale:
        while True:
            locale = await self._shelf.get(key.account, LOCALE, key.locale_id, parent=version_path(key.bot_id, version))
            name = locale.facts.get("build", "")
            if not name and locale.status == BUILDING:
                raise errors.Unavailable("The locale is being built: try again.", aws_code="BadGatewayException")
            if not name:
                raise errors.InvalidArgument("The locale is not built: call BuildBotLocale first.")
            try:
                return await self._built.get(name)
            except errors.NotFound:
                # A new build has taken its place since we read the row; then the row names that one.
                again = await self._shelf.get(
                    key.account, LOCALE, key.locale_id, parent=version_path(key.bot_id, version)
                )
                if again.facts.get("build") == name:
                    raise

    async def _understand(self, place: Place, text: str, said: Said) -> Heard:
        interpreter = place.built.interpreter
        if not text:  # silence
            return Heard(text, said.mode, request_attributes=said.request_attributes)
        moment = datetime.datetime.now(_zone(said.request_attributes))
        meanings = await interpreter.interpret(text, self._vectors, moment)
        accepted = frozenset(one.intent for one in meanings if one.score >= interpreter.threshold)
        return Heard(
            text,
            said.mode,
            meanings,
            accepted,
            lambda words, slot_type: interpreter.read_slot(words, slot_type, moment),
            said.request_attributes,
        )

    async def _feeling(self, place: Place, text: str) -> Mapping[str, Any] | None:
        """The sentiment of the words, by the language service, if the alias wants it."""
        if not place.sentiment or not text:
            return None
        operations = self._platform.operations
        try:
            answer = await operations.call(
                operations.find("comprehend", "DetectSentiment"),
                {"Text": text, "LanguageCode": place.key.locale_id.partition("_")[0]},
                account=place.key.account,
                region=DEFAULT_REGION,
                caller="conversation",
                priority=Priority.INTERACTIVE,
            )
        except errors.NonetError as error:
            raise _dependency(f"Sentiment: {error.message}") from error
        score = {name.lower(): value for name, value in answer["SentimentScore"].items()}
        return {"sentiment": answer["Sentiment"], "sentimentScore": score}

    async def _drive(self, asking: Asking, event: _Event) -> None:
        """Let a turn go to its end, asking the code hook where it wants that."""
        try:
            call = next(asking)
            while True:
                call = asking.send(await self._ask(call, event))
        except StopIteration:
            return
        except NoHookAnswer as silence:
            failure = silence.failure
            if failure.gateway:
                raise errors.Unavailable(failure.reason, aws_code="BadGatewayException") from silence
            raise _dependency(failure.reason) from silence
        except HookFault as fault:
            raise _dependency(f"The code hook's answer cannot be followed: {fault}.") from fault
        except EndlessDialog:
            raise errors.InvalidArgument("The bot's next steps lead round in a circle: change the intent.") from None

    async def _ask(self, call: HookCall, event: _Event) -> Any:
        place = event.place
        if not place.hook_arn:
            reason = "The intent has a code hook, but the alias names no function for it (codeHookSpecification)."
            return HookFailure(False, reason)
        return await self._hooks.ask(place.hook_arn, event.to_wire(call), place.built.definition, event.now)

    def _reply(self, session: Session, turn: Turn, said: Said, now: float) -> Reply:
        state = {**session.state_to_wire(now), "originatingRequestId": said.request_id}
        return Reply(session.messages, state, session.interpretations, turn.request_attributes)


@dataclass(frozen=True, slots=True)
class _Event:
    """All that a code hook is told of a turn."""

    place: Place
    said: Said
    text: str
    session: Session
    turn: Turn
    heard: Heard
    sentiment: Mapping[str, Any] | None
    now: float

    def to_wire(self, call: HookCall) -> dict[str, Any]:
        """The event, in the format of Lex V2's Lambda functions."""
        place, session = self.place, self.session
        state = session.state_to_wire(self.now)
        del state["dialogAction"]
        interpretations = [
            {**one, "nluConfidence": one["nluConfidence"]["score"]} if "nluConfidence" in one else one
            for one in self.interpretations()
        ]
        event = {
            "messageVersion": "1.0",
            "invocationSource": call.source,
            "inputMode": self.said.mode,
            "responseContentType": self.said.response_type,
            "sessionId": place.key.session_id,
            "inputTranscript": self.text,
            "bot": {
                "id": place.key.bot_id,
                "name": place.bot_name,
                "localeId": place.key.locale_id,
                "version": place.version,
                "aliasId": place.key.alias_id,
                "aliasName": place.alias_name,
            },
            "interpretations": interpretations,
            "proposedNextState": call.proposed,
            "requestAttributes": self.turn.request_attributes,
            "sessionState": {**state, "originatingRequestId": self.said.request_id},
            "transcriptions": self._transcriptions(),
        }
        return {**event, "invocationLabel": call.label} if call.label else event

    def interpretations(self) -> list[dict[str, Any]]:
        """The intent under way, then what else the words may have meant, with the fallback intent among them where the
        confidence falls below the threshold."""
        definition, current = self.place.built.definition, self.session.intent
        meanings = self.turn.eligible()
        scores = {one.intent: one.score for one in meanings}
        told: list[dict[str, Any]] = []
        if current is not None:
            # An answer to a question is no sign of the intent that asked it.
            told.append(_interpretation(current, scores.get(current.name) if current.name == self.turn.meant else None))
        fallback = definition.fallback if current is None or current.name != definition.fallback else ""
        for meaning in meanings:
            if current is not None and meaning.intent == current.name:
                continue
            if fallback and (meaning.intent not in self.heard.accepted or meaning.score < definition.threshold):
                told.append(_interpretation(IntentState(fallback), None))
                fallback = ""
            told.append(_interpretation(_state(definition, meaning), meaning.score))
        if fallback and meanings:
            told.append(_interpretation(IntentState(fallback), None))
        if self.sentiment is not None and told:
            told[0]["sentimentResponse"] = self.sentiment
        return told[:MOST_INTERPRETATIONS]

    def _transcriptions(self) -> list[dict[str, Any]]:
        current = self.session.intent
        if not self.text or current is None:
            return []
        filled = {name: value.to_wire() for name, value in current.slots.items() if value is not None}
        return [
            {
                "transcription": self.text,
                "resolvedContext": {"intent": current.name},
                "resolvedSlots": filled,
                # What was typed has been read without doubt; a recognizer's own number is not known here.
                **({"transcriptionConfidence": 1.0} if self.said.mode == TEXT else {}),
            }
        ]


def override(session: Session, definition: Definition, state: Mapping[str, Any], now: float) -> None:
    """Set what an application's session state says; what it leaves out stays.

    Raises:
        InvalidArgument: it names what the bot does not have.
        Unimplemented: runtime hints, styles of elicitation, parts of slots.
    """
    if state.get("runtimeHints"):
        raise errors.Unimplemented("Not built: runtimeHints.")
    if state.get("sessionAttributes"):
        session.attributes = dict(state["sessionAttributes"])
    if state.get("activeContexts"):
        session.contexts = [Context.from_wire(one, now) for one in state["activeContexts"]]
    if "intent" in state:
        session.intent = _given_intent(definition, state["intent"])
    if "dialogAction" not in state:
        return
    action = state["dialogAction"]
    if action.get("slotElicitationStyle", "Default") != "Default" or "subSlotToElicit" in action:
        raise errors.Unimplemented("Not built: slotElicitationStyle and subSlotToElicit.")
    kind, slot = action["type"], action.get("slotToElicit", "")
    if kind == "None":
        kind = "ElicitIntent"
    if kind not in ("ElicitIntent", "Close") and session.intent is None:
        raise errors.InvalidArgument(f"sessionState.intent is missing, which {kind} needs.")
    if kind == "ElicitSlot" and (session.intent is None or slot not in session.intent.slots):
        raise errors.InvalidArgument("dialogAction.slotToElicit is no slot of the intent.")
    session.action, session.slot_to_elicit, session.failures = kind, slot if kind == "ElicitSlot" else "", 0


def _given_intent(definition: Definition, told: Mapping[str, Any]) -> IntentState:
    known = definition.intents.get(told["name"])
    if known is None:
        raise errors.InvalidArgument("sessionState.intent.name is no intent of the bot.")
    if not told.get("slots", {}).keys() <= known.slots.keys():
        raise errors.InvalidArgument("sessionState.intent.slots has a slot that the intent does not have.")
    try:
        intent = IntentState.from_wire(told)
    except ValueError as bad:
        raise errors.InvalidArgument(f"sessionState.intent.slots: {bad}.") from None
    intent.slots = {name: intent.slots.get(name) for name in known.slots}
    return intent


def _session(place: Place, document: Mapping[str, Any] | None) -> Session:
    """The session to go on with; a slot or intent that a newer build does not have any more is forgotten."""
    key = place.key
    if document is None:
        return Session(seed=f"{key.bot_id}/{key.session_id}")
    session = Session.from_document(document)
    if session.intent is not None:
        intent = place.built.definition.intents.get(session.intent.name)
        if intent is None:
            session.intent, session.action, session.slot_to_elicit = None, "ElicitIntent", ""
        else:
            session.intent.slots = {name: session.intent.slots.get(name) for name in intent.slots}
    return session


def _state(definition: Definition, meaning: Interpretation) -> IntentState:
    slots: dict[str, Fill | None] = dict.fromkeys(definition.intents[meaning.intent].slots)
    slots.update({name: fill(match) for name, match in meaning.slots.items() if name in slots})
    return IntentState(meaning.intent, slots, IN_PROGRESS, UNCONFIRMED)


def _interpretation(intent: IntentState, score: float | None) -> dict[str, Any]:
    told: dict[str, Any] = {"intent": intent.to_wire(), "interpretationSource": "Lex"}
    return told if score is None else {"nluConfidence": {"score": round(min(max(score, 0.0), 1.0), 4)}, **told}


def _zone(attributes: Mapping[str, str]) -> datetime.tzinfo:
    """The time zone in which "tomorrow" is meant: the request's, else the server's."""
    name = attributes.get(TIME_ZONE, "")
    if not name:
        return datetime.datetime.now().astimezone().tzinfo or datetime.UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise errors.InvalidArgument(f"The request attribute {TIME_ZONE} names no time zone.") from None


def _dependency(message: str) -> errors.FailedPrecondition:
    return errors.FailedPrecondition(message, aws_code="DependencyFailedException")


def _no_session() -> errors.NotFound:
    return errors.NotFound("There is no session of that id, or it has run out.")
