"""Talking with the bots of examples/bots by text: real utterances, real code hooks, real databases."""

from __future__ import annotations

import base64
import datetime
import gzip
import io
import json
import queue
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from gateway.process import Addresses
from nonet import Nonet
from nonet.cli import talk as terminal
from nonet.conversation.v1 import conversation_pb2 as pb
from shared import errors
from tests.contract.answers import Recorder
from tests.contract.conversation.bots import build, make_bot, make_slot, says

TEXT = "text/plain; charset=utf-8"


class Talk:
    """One session of one bot."""

    def __init__(self, runtime: Recorder, place: dict[str, str], session: str) -> None:
        self._runtime = runtime
        self.place = {**place, "sessionId": session}
        self.answer: dict[str, Any] = {}

    def say(self, text: str, **parameters: Any) -> list[str]:
        self.answer = self._runtime.ask("recognize_text", text=text, **parameters, **self.place)
        return [message["content"] for message in self.answer["messages"]]

    @property
    def action(self) -> dict[str, str]:
        return dict(self.answer["sessionState"]["dialogAction"])

    @property
    def intent(self) -> dict[str, Any]:
        return dict(self.answer["sessionState"]["intent"])


def weekday(days: int) -> datetime.date:
    """A day at least ``days`` from now that is no weekend."""
    day = datetime.date.today() + datetime.timedelta(days)
    return day + datetime.timedelta(7 - day.weekday() if day.weekday() > 4 else 0)


def spoken(day: datetime.date) -> str:
    return f"{day:%B} {day.day} {day.year}"


def test_an_appointment_is_booked_and_cancelled(runtime: Recorder, appointments: dict[str, str], rows: Any) -> None:
    talk, day = Talk(runtime, appointments, "booking"), weekday(20)
    assert talk.say("I would like to book an appointment") == ["What is it for: a cleaning, a filling or a check up?"]
    assert talk.action == {"type": "ElicitSlot", "slotToElicit": "Kind"}
    assert talk.intent["slots"] == {"Kind": None, "Date": None, "Time": None}
    assert talk.say("a tooth cleaning please") == ["Which day suits you?"]
    assert talk.intent["slots"]["Kind"]["value"]["interpretedValue"] == "cleaning"
    assert talk.say("next saturday")[0].startswith("We are closed at weekends.")
    assert talk.intent["slots"]["Date"] is None
    assert talk.say(spoken(day)) == ["At what time?"]
    assert talk.intent["slots"]["Date"]["value"]["interpretedValue"] == day.isoformat()
    assert talk.say("at 8 pm")[0].startswith("We are open from 9 to 17.")
    assert talk.say("10 am") == [f"A cleaning on {day.isoformat()} at 10:00. Shall I book it?"]
    assert talk.action == {"type": "ConfirmIntent"}
    (said,) = talk.say("yes please")
    assert said.startswith("Done. Your appointment has number ")
    assert talk.action == {"type": "Close"}
    assert (talk.intent["state"], talk.intent["confirmationState"]) == ("Fulfilled", "Confirmed")
    number = int(said.rstrip(".").rpartition(" ")[2])
    assert rows("SELECT kind, day, time FROM appointments WHERE number = ?", number) == [
        ("cleaning", day.isoformat(), "10:00")
    ]
    assert talk.say("I want to cancel my appointment") == ["What is the number of your appointment?"]
    assert talk.say(f"it is number {number}") == [f"Appointment {number} is cancelled."]
    assert rows("SELECT * FROM appointments WHERE number = ?", number) == []


def test_everything_in_one_sentence(runtime: Recorder, appointments: dict[str, str]) -> None:
    talk, day = Talk(runtime, appointments, "brief"), weekday(30)
    assert talk.say(f"I need a filling on {spoken(day)} at 2 pm") == [
        f"A filling on {day.isoformat()} at 14:00. Shall I book it?"
    ]
    assert talk.say("no thanks") == ["All right, nothing is booked."]
    assert (talk.intent["state"], talk.intent["confirmationState"]) == ("Failed", "Denied")


def test_an_hour_that_is_taken_is_not_given_twice(runtime: Recorder, appointments: dict[str, str], rows: Any) -> None:
    day = weekday(40)
    for number, expected in enumerate(["Shall I book it?", "is taken"]):
        talk = Talk(runtime, appointments, f"rivals-{number}")
        (said,) = talk.say(f"I need a cleaning on {spoken(day)} at 11 am")
        assert expected in said
        if number == 0:
            talk.say("yes")
    assert talk.action == {"type": "ElicitSlot", "slotToElicit": "Time"}
    assert len(rows("SELECT * FROM appointments WHERE day = ?", day.isoformat())) == 1


def test_the_fallback_other_intents_and_alternatives(runtime: Recorder, appointments: dict[str, str]) -> None:
    talk = Talk(runtime, appointments, "wandering")
    assert talk.say("the stock market fell sharply on thursday")[0].startswith("Sorry, I did not get that.")
    assert talk.intent["name"] == "FallbackIntent"
    talk.say("book an appointment")
    assert talk.say("when are you open") == ["We are open from 9 to 17 on weekdays."]
    first, *others = talk.answer["interpretations"]
    assert first["intent"]["name"] == "OpeningHours" and 0 < first["nluConfidence"]["score"] <= 1
    assert len({one["intent"]["name"] for one in talk.answer["interpretations"]}) == len(others) + 1 <= 5
    assert "FallbackIntent" in [one["intent"]["name"] for one in others]


def test_a_password_is_reset_for_who_knows_the_answer(
    runtime: Recorder, password_reset: dict[str, str], employees_database: Path
) -> None:
    talk = Talk(runtime, password_reset, "ada")
    assert talk.say("I forgot my password") == ["What is your employee number?"]
    assert talk.say("1234") == ["Nobody has that number. What is your employee number?"]
    assert talk.say("it is 4711") == ["In which city were you born?"]
    assert talk.say("Paris") == ["That is not what I have. In which city were you born?"]
    assert talk.answer["sessionState"]["sessionAttributes"] == {"wrong": "1"}
    assert talk.say("London") == ["Thank you, Ada. Shall I reset your password?"]
    assert talk.say("yes") == ["Done. A new password is on its way to your manager."]
    with sqlite3.connect(employees_database) as connection:
        ((password, locked),) = connection.execute("SELECT password, locked FROM employees WHERE number = '4711'")
    assert password != "old" and locked == 0


def test_who_guesses_too_often_is_sent_away(runtime: Recorder, password_reset: dict[str, str]) -> None:
    talk = Talk(runtime, password_reset, "guesser")
    talk.say("reset my password")
    talk.say("4711")
    for city in ("Paris", "Berlin", "Madrid"):
        said = talk.say(city)
    assert said == ["That is not what I have. Please call the service desk."]
    assert (talk.action, talk.intent["state"]) == ({"type": "Close"}, "Failed")


# -- sessions


def test_sessions_are_set_looked_at_and_forgotten(runtime: Recorder, appointments: dict[str, str]) -> None:
    place = {**appointments, "sessionId": "set"}
    value = {"shape": "Scalar", "value": {"interpretedValue": "filling"}}
    state = {
        "dialogAction": {"type": "Delegate"},
        "intent": {"name": "MakeAppointment", "slots": {"Kind": value}},
        "sessionAttributes": {"caller": "Ada"},
        "activeContexts": [
            {"name": "known", "timeToLive": {"timeToLiveInSeconds": 90, "turnsToLive": 5}, "contextAttributes": {"a": "b"}}
        ],
    }
    put = runtime.client.put_session(sessionState=state, responseContentType=TEXT, **place)
    assert unpacked(put["messages"]) == [{"contentType": "PlainText", "content": "Which day suits you?"}]
    assert put["sessionId"] == "set" and put["audioStream"].read() == b""
    found = runtime.ask("get_session", **place)
    assert found["sessionState"]["dialogAction"] == {"type": "ElicitSlot", "slotToElicit": "Date"}
    assert found["sessionState"]["sessionAttributes"] == {"caller": "Ada"}
    assert found["sessionState"]["activeContexts"][0]["contextAttributes"] == {"a": "b"}
    assert found["messages"][0]["content"] == "Which day suits you?"
    talk = Talk(runtime, appointments, "set")
    assert talk.say(spoken(weekday(50))) == ["At what time?"]
    assert talk.answer["sessionState"]["activeContexts"][0]["timeToLive"]["turnsToLive"] == 4
    runtime.client.put_session(sessionState={"sessionAttributes": {"caller": "Eve"}}, **place)
    again = runtime.ask("get_session", **place)["sessionState"]
    assert again["dialogAction"] == {"type": "ElicitIntent"} and "intent" not in again
    assert runtime.ask("delete_session", **place)["sessionId"] == "set"
    for operation in ("get_session", "delete_session"):
        with pytest.raises(runtime.client.exceptions.ResourceNotFoundException):
            getattr(runtime.client, operation)(**place)


def test_a_session_state_that_does_not_fit_is_refused(runtime: Recorder, appointments: dict[str, str]) -> None:
    place = {**appointments, "sessionId": "misfit"}
    for state in (
        {"dialogAction": {"type": "ElicitSlot", "slotToElicit": "Nothing"}, "intent": {"name": "MakeAppointment"}},
        {"dialogAction": {"type": "Delegate"}, "intent": {"name": "Nobody"}},
        {"dialogAction": {"type": "ConfirmIntent"}},
        {"intent": {"name": "MakeAppointment", "slots": {"Nothing": {"value": {"interpretedValue": "x"}}}}},
    ):
        with pytest.raises(runtime.client.exceptions.ValidationException):
            runtime.client.put_session(sessionState=state, **place)
        with pytest.raises(runtime.client.exceptions.ValidationException):
            runtime.client.recognize_text(text="hello", sessionState=state, **place)


def test_two_turns_at_once_do_not_mix(runtime: Recorder, appointments: dict[str, str]) -> None:
    place = {**appointments, "sessionId": "crowded"}
    outcomes: list[str] = []

    def speak() -> None:
        try:
            outcomes.append(str(runtime.client.recognize_text(text="when are you open", **place)["sessionId"]))
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=speak) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(outcomes) <= {"crowded", "ConflictException"} and "crowded" in outcomes
    assert Talk(runtime, appointments, "crowded").say("when are you open") == ["We are open from 9 to 17 on weekdays."]


# -- utterances as text, and what is wrong with requests


def unpacked(text: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(text)))


def packed(value: Any) -> str:
    return base64.b64encode(gzip.compress(json.dumps(value).encode())).decode()


def test_an_utterance_may_be_text(runtime: Recorder, appointments: dict[str, str]) -> None:
    answer = runtime.client.recognize_utterance(
        requestContentType=TEXT,
        responseContentType=TEXT,
        inputStream=b"book an appointment",
        sessionState=packed({"sessionAttributes": {"a": "b"}}),
        requestAttributes=packed({"channel": "web"}),
        sessionId="written",
        **appointments,
    )
    assert (answer["inputMode"], answer["contentType"], answer["audioStream"].read()) == ("Text", TEXT, b"")
    assert unpacked(answer["messages"])[0]["content"].startswith("What is it for")
    state = unpacked(answer["sessionState"])
    assert state["intent"]["slots"]["Kind"] is None and state["sessionAttributes"] == {"a": "b"}
    assert unpacked(answer["interpretations"])[0]["intent"]["name"] == "MakeAppointment"
    assert unpacked(answer["inputTranscript"]) == "book an appointment"
    assert unpacked(answer["requestAttributes"]) == {"channel": "web"}


@pytest.mark.parametrize(
    "parameters",
    [
        {"requestContentType": "audio/mpeg"},
        {"requestContentType": "audio/l16; rate=44100; channels=1"},
        {"requestContentType": "audio/l16; rate=16000; channels=2"},
        {"responseContentType": "audio/flac"},
        {"sessionState": "no base64!"},
        {"sessionState": base64.b64encode(b"no gzip").decode()},
        {"sessionState": packed([])},
        {"sessionState": packed({"dialogAction": {"type": "Dance"}})},
        {"requestAttributes": packed({"a": 1})},
        {"inputStream": b""},
        {"inputStream": b"\xff\xfe\xfd"},
        {"inputStream": b"x" * 10_000_000},
        {"requestContentType": "audio/l16; rate=16000; channels=1", "inputStream": b"\x00" * (16_000 * 2 * 16)},
        {"requestContentType": "audio/l16; rate=16000; channels=1", "inputStream": b"\x00\x00\x00"},
    ],
)
def test_a_bad_utterance_is_refused_and_the_session_stays(
    runtime: Recorder, appointments: dict[str, str], parameters: dict[str, Any]
) -> None:
    talk = Talk(runtime, appointments, "sturdy")
    talk.say("book an appointment")
    given = {"requestContentType": TEXT, "responseContentType": TEXT, "inputStream": b"a filling", **parameters}
    with pytest.raises(ClientError) as caught:
        runtime.client.recognize_utterance(**given, **talk.place)
    assert 400 <= caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500
    assert runtime.ask("get_session", **talk.place)["sessionState"]["dialogAction"]["slotToElicit"] == "Kind"


def test_too_much_text_is_refused(runtime: Recorder, appointments: dict[str, str]) -> None:
    for size in (1025, 10_000_000):
        with pytest.raises(ClientError) as caught:
            runtime.client.recognize_text(text="x" * size, sessionId="long", **appointments)
        assert 400 <= caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500
    assert Talk(runtime, appointments, "long").say("x" * 1024)


# -- hooks that are not there, sentiment, contexts


def test_hooks_that_nobody_answers_and_sentiment(lex: Recorder, runtime: Recorder) -> None:
    place = make_bot(lex, "Hooked")
    intent_id = lex.ask(
        "create_intent",
        intentName="Complain",
        sampleUtterances=[{"utterance": text} for text in ("I have a complaint", "I want to complain", "this is bad")],
        fulfillmentCodeHook={"enabled": True},
        **place,
    )["intentId"]
    make_slot(lex, place, intent_id, "Count", "AMAZON.Number", "How many times?")
    assert build(lex, place)["botLocaleStatus"] == "Built"
    bot_id = place["botId"]

    def point_at(function: str) -> None:
        arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function}"
        hook = {"lambdaCodeHook": {"lambdaARN": arn, "codeHookInterfaceVersion": "1.0"}}
        lex.ask(
            "update_bot_alias",
            botId=bot_id,
            botAliasId="TSTALIASID",
            botAliasName="TestBotAlias",
            botVersion="DRAFT",
            botAliasLocaleSettings={"en_US": {"enabled": True, "codeHookSpecification": hook}},
            sentimentAnalysisSettings={"detectSentiment": True},
        )

    point_at("nobody")
    talk = Talk(runtime, {"botId": bot_id, "botAliasId": "TSTALIASID", "localeId": "en_US"}, "angry")
    assert talk.say("I want to complain") == ["How many times?"]
    score = talk.answer["interpretations"][0]["sentimentResponse"]["sentimentScore"]
    assert set(score) == {"positive", "negative", "neutral", "mixed"} and sum(score.values()) == pytest.approx(1, abs=0.01)
    with pytest.raises(runtime.client.exceptions.BadGatewayException):
        talk.say("7")
    for function in ("unheard-of", "broken", "lying"):
        point_at(function)
        with pytest.raises(runtime.client.exceptions.DependencyFailedException):
            talk.say("7")
    # Nothing of the failed turns stayed.
    state = runtime.ask("get_session", **talk.place)["sessionState"]
    assert state["dialogAction"] == {"type": "ElicitSlot", "slotToElicit": "Count"}
    assert state["intent"]["slots"] == {"Count": None}


def test_a_context_that_one_intent_gives_opens_another(lex: Recorder, runtime: Recorder) -> None:
    place = make_bot(lex, "Contexts")
    lex.ask(
        "create_intent",
        intentName="Order",
        sampleUtterances=[{"utterance": text} for text in ("order a pizza", "I want a pizza", "get me a pizza")],
        outputContexts=[{"name": "ordered", "timeToLiveInSeconds": 90, "turnsToLive": 2}],
        intentClosingSetting={"closingResponse": says("Ordered.")},
        **place,
    )
    lex.ask(
        "create_intent",
        intentName="Track",
        sampleUtterances=[{"utterance": text} for text in ("where is it", "track it", "how long will it take")],
        inputContexts=[{"name": "ordered"}],
        intentClosingSetting={"closingResponse": says("On its way.")},
        **place,
    )
    assert build(lex, place)["botLocaleStatus"] == "Built"
    talk = Talk(runtime, {"botId": place["botId"], "botAliasId": "TSTALIASID", "localeId": "en_US"}, "hungry")
    talk.answer = runtime.client.recognize_text(text="where is it", **talk.place)
    assert talk.intent["name"] == "FallbackIntent"
    assert talk.say("I want a pizza") == ["Ordered."]
    assert talk.say("where is it") == ["On its way."]
    assert talk.say("track it") == ["On its way."]
    talk.answer = runtime.client.recognize_text(text="where is it", **talk.place)
    assert talk.intent["name"] == "FallbackIntent"


def test_a_bot_talks_in_the_terminal(
    talking: Addresses, password_reset: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("reset my password\n\nit is 4711\n"))
    alias = ["--alias", password_reset["botAliasId"]]
    assert terminal.main(["talk", "PasswordReset", *alias, "--address", talking.grpc]) == 0
    assert capsys.readouterr().out.splitlines() == ["What is your employee number?", "In which city were you born?"]
    assert terminal.main(["talk", "--address", talking.grpc]) == 0
    assert f"{password_reset['botId']} PasswordReset" in capsys.readouterr().out.splitlines()


def test_a_conversation_is_a_stream_of_words_and_keys(talking: Addresses, password_reset: dict[str, str]) -> None:
    first = pb.StartConversationRequest(
        bot_id=password_reset["botId"],
        bot_alias_id=password_reset["botAliasId"],
        locale_id="en_US",
        session_id="streamed",
        conversation_mode="TEXT",
    )
    first.request_event_stream.configuration_event.response_content_type = TEXT
    sent: queue.Queue[pb.StartConversationRequest | None] = queue.Queue()
    sent.put(first)

    def send(**event: dict[str, str]) -> None:
        sent.put(pb.StartConversationRequest(request_event_stream=pb.StartConversationRequestEventStream(**event)))

    told = []
    with Nonet(talking.grpc) as client:
        send(text_input_event={"text": "I forgot my password", "event_id": "WORDS-1"})
        for answer in client.conversation.start_conversation(iter(sent.get, None)):
            event = answer.response_event_stream
            kind = next(field.name for field, _ in event.ListFields())
            if kind == "heartbeat_event":
                continue
            told.append(kind)
            if kind == "intent_result_event":
                result = event.intent_result_event
            if kind == "text_response_event" and len(told) == 2:
                assert event.text_response_event.messages[0].content == "What is your employee number?"
                for key in "4711#":
                    send(dtmf_input_event={"input_character": key})
            elif kind == "text_response_event":
                assert event.text_response_event.messages[0].content == "In which city were you born?"
                send(disconnection_event={})
        sent.put(None)
    assert told == ["intent_result_event", "text_response_event", "transcript_event", "intent_result_event", "text_response_event"]
    assert result.input_mode == "DTMF"
    assert result.session_state.intent.slots["EmployeeNumber"].value.interpreted_value == "4711"
    for wrong in (pb.StartConversationRequest(), first):
        wrong.request_event_stream.Clear()
        with Nonet(talking.grpc) as client, pytest.raises(errors.InvalidArgument):
            list(client.conversation.start_conversation(iter([wrong])))
