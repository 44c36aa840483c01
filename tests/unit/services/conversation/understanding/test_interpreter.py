"""A bot learnt from a few utterances: intents, slots, what is out of scope, answers to questions."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from services.conversation.engines.sentence_encoder import SentenceEncoder
from services.conversation.understanding.interpreter import Interpreter
from services.conversation.understanding.meanings import (
    IntentDefinition,
    LocaleDefinition,
    SlotTypeDefinition,
    SlotValue,
)
from services.conversation.understanding.training import Vectors, train
from shared import errors
from shared.models.catalog import REPOSITORY_ROOT

NOW = datetime.datetime(2026, 11, 30, 10, 0)

BOT = LocaleDefinition(
    "en_US",
    {
        "BookHotel": IntentDefinition(
            [
                "book a hotel",
                "I want to book a {RoomType} room in {City}",
                "reserve a hotel in {City} on {CheckIn}",
                "I need a {RoomType} room for {Nights} nights",
                "can I stay at your hotel",
            ],
            {
                "City": "AMAZON.City",
                "CheckIn": "AMAZON.Date",
                "Nights": "AMAZON.Number",
                "RoomType": "RoomType",
            },
        ),
        "RentCar": IntentDefinition(
            ["rent a car", "I need a {CarType} car from {PickUp} to {Return}", "reserve a car", "can I get a car"],
            {"PickUp": "AMAZON.Date", "Return": "AMAZON.Date", "CarType": "CarType"},
        ),
        "ResetPassword": IntentDefinition(
            ["I forgot my password", "reset my password", "my account is locked", "my user id is {UserId}"],
            {"UserId": "UserId"},
        ),
    },
    {
        "RoomType": SlotTypeDefinition(
            [SlotValue("king", ["king size", "big bed"]), SlotValue("queen"), SlotValue("double", ["twin"])],
            restricted=True,
        ),
        "CarType": SlotTypeDefinition([SlotValue("economy"), SlotValue("luxury", ["fancy"])]),
        "UserId": SlotTypeDefinition(parent="AMAZON.AlphaNumeric", pattern="[a-z]{2}[0-9]{4}"),
    },
)


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    encoder = SentenceEncoder(REPOSITORY_ROOT / "models" / "sentence-vectors-en" / "1")

    async def run(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.stack(encoder.run(texts))

    return run


_built: dict[str, bytes] = {}


@pytest.fixture
async def interpreter(vectors: Vectors) -> Interpreter:
    if not _built:
        _built["bot"] = await train(BOT, vectors)
    return Interpreter.load(BOT, _built["bot"])


async def test_the_same_definition_gives_the_same_bytes(interpreter: Interpreter, vectors: Vectors) -> None:
    assert await train(BOT, vectors) == _built["bot"]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Could you find me a hotel room?", "BookHotel"),
        ("i cannot log in, I lost my password", "ResetPassword"),
        ("I'd like to hire a vehicle", "RentCar"),
        ("Book a hotel!", "BookHotel"),
    ],
)
async def test_what_means_an_intent_passes(interpreter: Interpreter, vectors: Vectors, text: str, intent: str) -> None:
    found = await interpreter.interpret(text, vectors, NOW)
    assert found[0].intent == intent
    assert found[0].score >= interpreter.threshold
    assert [f.score for f in found] == sorted((f.score for f in found), reverse=True)
    assert sum(f.score for f in found) <= 1.0001


@pytest.mark.parametrize(
    "text", ["what is the capital of france", "tell me a joke", "hello", "how tall is mount everest", "qwxz vbrt"]
)
async def test_what_means_none_falls_below_the_threshold(interpreter: Interpreter, vectors: Vectors, text: str) -> None:
    assert (await interpreter.interpret(text, vectors, NOW))[0].score < interpreter.threshold


async def test_nothing_said_means_nothing(interpreter: Interpreter, vectors: Vectors) -> None:
    assert await interpreter.interpret(" ?! ", vectors, NOW) == []


async def test_a_sample_utterance_is_certain(interpreter: Interpreter, vectors: Vectors) -> None:
    assert (await interpreter.interpret("Reset my password.", vectors, NOW))[0].score == 1.0


async def test_slots_are_found_and_resolved(interpreter: Interpreter, vectors: Vectors) -> None:
    text = "could you find me a king size room in Paris for next friday please"
    slots = (await interpreter.interpret(text, vectors, NOW))[0].slots
    assert {name: m.interpreted for name, m in slots.items()} == {
        "RoomType": "king",
        "City": "Paris",
        "CheckIn": "2026-12-11",
    }
    for match in slots.values():
        assert text[match.begin : match.end] == match.original


async def test_two_slots_of_one_type_are_told_apart(interpreter: Interpreter, vectors: Vectors) -> None:
    slots = (await interpreter.interpret("I need a fancy car from tomorrow to the 5th", vectors, NOW))[0].slots
    assert {name: m.interpreted for name, m in slots.items()} == {
        "CarType": "luxury",
        "PickUp": "2026-12-01",
        "Return": "2026-12-05",
    }


@pytest.mark.parametrize(
    ("text", "slot_type", "value"),
    [
        ("uh, next friday please", "AMAZON.Date", "2026-12-11"),
        ("I'd like the big bed", "RoomType", "king"),
        ("kign", "RoomType", None),
        ("something nice", "RoomType", None),
        ("quen", "RoomType", None),
        ("an economi one", "CarType", "economi one"),
        ("a convertible", "CarType", "convertible"),
        ("in San Francisco", "AMAZON.City", "San Francisco"),
        ("I want to go to Paris, please", "AMAZON.City", "Paris"),
        ("the city of London", "AMAZON.City", "London"),
        ("Wuppertal-Elberfeld", "AMAZON.City", "Wuppertal-Elberfeld"),
        ("3", "AMAZON.Time", "15:00"),
        ("my name is Ada", "AMAZON.FirstName", "Ada"),
        ("a b 1 2 3 4", "UserId", "ab1234"),
        ("ab12345", "UserId", None),
        ("twenty five", "AMAZON.Number", "25"),
        ("no idea", "AMAZON.Number", None),
        ("  it never worked!  ", "AMAZON.FreeFormInput", "it never worked!"),
    ],
)
async def test_an_answer_is_read(interpreter: Interpreter, text: str, slot_type: str, value: str | None) -> None:
    match = interpreter.read_slot(text, slot_type, NOW)
    assert (match.interpreted if match else None) == value
    if match:
        assert text[match.begin : match.end] == match.original


@pytest.mark.parametrize(
    ("definition", "complaint"),
    [
        (LocaleDefinition("en_US", {}), "no intent"),
        (LocaleDefinition("en_US", {"A": IntentDefinition([])}), "sample utterance"),
        (LocaleDefinition("en_US", {"A": IntentDefinition(["go to {Where}"])}), "Where"),
        (LocaleDefinition("en_US", {"A": IntentDefinition(["go to {Where"])}), "brace"),
        (LocaleDefinition("en_US", {"A": IntentDefinition(["go {W}"], {"W": "Nowhere"})}), "Nowhere"),
        (
            LocaleDefinition("en_US", {"A": IntentDefinition(["go {W}"], {"W": "T"})}, {"T": SlotTypeDefinition()}),
            "no values",
        ),
        (
            LocaleDefinition(
                "en_US",
                {"A": IntentDefinition(["go {W}"], {"W": "T"})},
                {"T": SlotTypeDefinition(parent="AMAZON.AlphaNumeric", pattern="[a-")},
            ),
            "regular expression",
        ),
    ],
)
async def test_a_wrong_definition_is_refused(vectors: Vectors, definition: LocaleDefinition, complaint: str) -> None:
    with pytest.raises(errors.InvalidArgument, match=complaint):
        await train(definition, vectors)
