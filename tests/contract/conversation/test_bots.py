"""Bots and their parts through boto3: made, described, listed, changed, kept as versions, deleted, refused."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from gateway.process import Addresses
from tests.contract.answers import Recorder
from tests.contract.conversation.bots import ROLE, build, make_bot, make_slot, says, version


def refused(lex: Recorder, code: str, operation: str, **parameters: Any) -> str:
    """The message of an error that must have ``code``."""
    with pytest.raises(ClientError) as caught:
        lex.ask(operation, **parameters)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return str(caught.value)


def test_a_bot_begins_with_draft_and_a_test_alias(lex: Recorder) -> None:
    settings = {"roleArn": ROLE, "dataPrivacy": {"childDirected": False}, "idleSessionTTLInSeconds": 300}
    # What is refused leaves nothing behind, not even its name.
    many = {str(number): "x" for number in range(51)}
    for tags in ("botTags", "testBotAliasTags"):
        refused(lex, "ServiceQuotaExceededException", "create_bot", botName="Begins", **{tags: many}, **settings)
    made = lex.ask("create_bot", botName="Begins", botTags={"team": "one"}, **settings)
    bot_id = made["botId"]
    lex.client.get_waiter("bot_available").wait(botId=bot_id)
    lex.client.get_waiter("bot_alias_available").wait(botId=bot_id, botAliasId="TSTALIASID")
    assert lex.ask("describe_bot_alias", botId=bot_id, botAliasId="TSTALIASID")["botVersion"] == "DRAFT"
    assert [one["botVersion"] for one in lex.ask("list_bot_versions", botId=bot_id)["botVersionSummaries"]] == ["DRAFT"]
    arn = f"arn:aws:lex:us-east-1:000000000000:bot/{bot_id}"
    lex.client.tag_resource(resourceARN=arn, tags={"stage": "test"})
    lex.client.untag_resource(resourceARN=arn, tagKeys=["team"])
    assert lex.ask("list_tags_for_resource", resourceARN=arn)["tags"] == {"stage": "test"}
    refused(lex, "ConflictException", "create_bot", botName="Begins", **settings)
    lex.ask("update_bot", botId=bot_id, botName="Renamed", **settings)
    found = lex.ask("list_bots", filters=[{"name": "BotName", "values": ["Renamed"], "operator": "EQ"}])
    assert [one["botId"] for one in found["botSummaries"]] == [bot_id]
    lex.ask("create_bot", botName="Begins", **settings)  # the old name is free
    assert lex.ask("delete_bot", botId=bot_id)["botStatus"] == "Deleting"
    refused(lex, "ResourceNotFoundException", "describe_bot", botId=bot_id)


def test_locales_intents_slots_and_slot_types(lex: Recorder) -> None:
    place = make_bot(lex, "Parts")
    lex.client.get_waiter("bot_locale_created").wait(**place)
    locale = lex.ask("describe_bot_locale", **place)
    assert (locale["botLocaleStatus"], locale["localeName"], locale["intentsCount"]) == ("NotBuilt", "English (US)", 1)
    size = lex.ask(
        "create_slot_type",
        slotTypeName="Size",
        slotTypeValues=[{"sampleValue": {"value": "small"}, "synonyms": [{"value": "tiny"}]}],
        valueSelectionSetting={"resolutionStrategy": "TopResolution"},
        **place,
    )["slotTypeId"]
    order = lex.ask("create_intent", intentName="Order", sampleUtterances=[{"utterance": "order a {Size}"}], **place)
    intent_id = order["intentId"]
    first = make_slot(lex, place, intent_id, "Size", size, "Which size?")
    second = make_slot(lex, place, intent_id, "Count", "AMAZON.Number", "How many?")
    updated = lex.ask(
        "update_intent",
        intentId=intent_id,
        intentName="OrderShirt",
        sampleUtterances=[{"utterance": "order a {Size} shirt"}],
        slotPriorities=[{"priority": 1, "slotId": second}, {"priority": 2, "slotId": first}],
        **place,
    )
    assert updated["slotPriorities"][0]["slotId"] == second
    described = lex.ask("describe_intent", intentId=intent_id, **place)
    assert described["intentName"] == "OrderShirt" and "intentClosingSetting" not in described
    names = [one["intentName"] for one in lex.ask("list_intents", **place)["intentSummaries"]]
    assert names == ["FallbackIntent", "OrderShirt"]
    page = lex.ask("list_slots", intentId=intent_id, maxResults=1, **place)
    rest = lex.ask("list_slots", intentId=intent_id, maxResults=1, nextToken=page["nextToken"], **place)
    assert [one["slotName"] for one in page["slotSummaries"] + rest["slotSummaries"]] == ["Count", "Size"]
    assert "nextToken" not in rest
    refused(lex, "ValidationException", "list_slots", intentId=intent_id, nextToken="made-up", **place)
    refused(lex, "ConflictException", "create_intent", intentName="OrderShirt", **place)
    refused(lex, "ConflictException", "delete_slot_type", slotTypeId=size, **place)
    lex.client.delete_slot(slotId=second, intentId=intent_id, **place)
    assert [one["slotId"] for one in lex.ask("describe_intent", intentId=intent_id, **place)["slotPriorities"]] == [first]
    changed = lex.ask(
        "update_slot_type",
        slotTypeId=size,
        slotTypeName="Size",
        slotTypeValues=[{"sampleValue": {"value": "large"}}],
        valueSelectionSetting={"resolutionStrategy": "OriginalValue"},
        **place,
    )
    assert changed["slotTypeValues"] == [{"sampleValue": {"value": "large"}}]
    (summary,) = lex.ask("list_slot_types", **place)["slotTypeSummaries"]
    assert summary["slotTypeCategory"] == "Custom"
    lex.client.delete_intent(intentId=intent_id, **place)
    lex.client.delete_slot_type(slotTypeId=size, **place)
    refused(lex, "ResourceNotFoundException", "describe_slot", slotId=first, intentId=intent_id, **place)
    assert lex.ask("delete_bot_locale", **place)["botLocaleStatus"] == "Deleting"
    assert lex.ask("list_bot_locales", botId=place["botId"], botVersion="DRAFT")["botLocaleSummaries"] == []


def test_what_every_locale_has(lex: Recorder) -> None:
    intents = lex.ask("list_built_in_intents", localeId="en_US")["builtInIntentSummaries"]
    assert "AMAZON.HelpIntent" in [one["intentSignature"] for one in intents]
    page = lex.ask("list_built_in_slot_types", localeId="en_US", maxResults=20)
    names = [one["slotTypeSignature"] for one in page["builtInSlotTypeSummaries"]]
    assert "AMAZON.Date" in names and names == sorted(names)


def test_what_is_not_built_is_refused(lex: Recorder) -> None:
    place = make_bot(lex, "Refusals")
    bot = {"botId": place["botId"], "botVersion": "DRAFT"}
    message = refused(
        lex, "ValidationException", "create_bot_locale", localeId="ja_JP", nluIntentConfidenceThreshold=0.4, **bot
    )
    assert "en_US" in message
    kendra = {"kendraIndex": "arn:aws:kendra:us-east-1:000000000000:index/a1b2c3d4-5678-90ab-cdef-EXAMPLE11111"}
    refused(lex, "NotImplementedException", "create_intent", intentName="A", kendraConfiguration=kendra, **place)
    refused(
        lex, "NotImplementedException", "create_intent",
        intentName="A", parentIntentSignature="AMAZON.QnAIntent", **place,
    )  # fmt: skip
    branch = {
        "name": "odd",
        "condition": {"expressionString": "{Size} =="},
        "nextStep": {"dialogAction": {"type": "EndConversation"}},
    }
    conditional = {"active": True, "conditionalBranches": [branch], "defaultBranch": {}}
    message = refused(
        lex, "ValidationException", "create_intent",
        intentName="A", intentClosingSetting={"conditional": conditional}, **place,
    )  # fmt: skip
    assert "character" in message
    nowhere = {**place, "botId": "NOBODY1234"}
    refused(lex, "PreconditionFailedException", "delete_bot", botId="NOBODY1234")
    refused(lex, "PreconditionFailedException", "create_intent", intentName="A", **nowhere)
    intent_id = lex.ask("create_intent", intentName="A", **place)["intentId"]
    elicited = {"slotConstraint": "Required", "promptSpecification": {**says("?"), "maxRetries": 1}}
    slot = {"slotName": "S", "valueElicitationSetting": elicited, "intentId": intent_id}
    refused(lex, "ValidationException", "create_slot", slotTypeId="AMAZON.Mood", **slot, **place)
    refused(
        lex, "NotImplementedException", "create_slot",
        slotTypeId="AMAZON.Number", multipleValuesSetting={"allowMultipleValues": True}, **slot, **place,
    )  # fmt: skip


def test_a_build_that_cannot_be_says_why(lex: Recorder) -> None:
    place = make_bot(lex, "Failing")
    locale = build(lex, place)
    assert locale["botLocaleStatus"] == "Failed"
    assert "no intents" in locale["failureReasons"][0] and locale["recommendedActions"]
    lex.ask("create_intent", intentName="A", sampleUtterances=[{"utterance": "book a {Room}"}], **place)
    locale = build(lex, place)
    assert locale["botLocaleStatus"] == "Failed" and "braces" in locale["failureReasons"][0]
    (intent,) = (one for one in lex.ask("list_intents", **place)["intentSummaries"] if one["intentName"] == "A")
    lex.ask("update_intent", intentId=intent["intentId"], intentName="A", sampleUtterances=[], **place)
    size = lex.ask(
        "create_slot_type",
        slotTypeName="Size",
        slotTypeValues=[{"sampleValue": {"value": "small"}}],
        valueSelectionSetting={"resolutionStrategy": "TopResolution"},
        **place,
    )["slotTypeId"]
    make_slot(lex, place, intent["intentId"], "Size", size, "Which size?")
    lex.client.delete_slot_type(slotTypeId=size, skipResourceInUseCheck=True, **place)
    locale = build(lex, place)
    assert locale["botLocaleStatus"] == "Failed" and "no slot type" in locale["failureReasons"][0]
    specification = {"en_US": {"sourceBotVersion": "DRAFT"}}
    refused(
        lex, "PreconditionFailedException", "create_bot_version",
        botId=place["botId"], botVersionLocaleSpecification=specification,
    )  # fmt: skip


def test_a_version_stays_as_it_was_built(lex: Recorder, runtime: Recorder) -> None:
    place = make_bot(lex, "Versions")
    greet = lex.ask(
        "create_intent",
        intentName="Greet",
        sampleUtterances=[{"utterance": text} for text in ("hello", "hi there", "good morning", "hey bot")],
        intentClosingSetting={"closingResponse": says("Hello one.")},
        **place,
    )
    assert build(lex, place)["botLocaleStatus"] == "Built"
    bot_id = place["botId"]
    number = version(lex, bot_id)
    alias = lex.ask("create_bot_alias", botAliasName="live", botId=bot_id, botVersion=number)["botAliasId"]
    changed = {
        "intentId": greet["intentId"],
        "intentName": "Greet",
        "sampleUtterances": greet["sampleUtterances"],
        "intentClosingSetting": {"closingResponse": says("Hello two.")},
    }
    lex.ask("update_intent", **changed, **place)
    assert lex.ask("describe_bot_locale", **place)["botLocaleStatus"] == "NotBuilt"

    def said(alias_id: str) -> str:
        answer = runtime.ask(
            "recognize_text", botId=bot_id, botAliasId=alias_id, localeId="en_US", sessionId="me", text="hello"
        )
        return str(answer["messages"][0]["content"])

    assert said("TSTALIASID") == "Hello one."  # what was built last
    assert build(lex, place)["botLocaleStatus"] == "Built"
    assert (said("TSTALIASID"), said(alias)) == ("Hello two.", "Hello one.")
    kept = {**place, "botVersion": number}
    # Not by ``ask``: botocore's model gives the answer's botVersion the pattern of DRAFT alone.
    found = lex.client.describe_intent(intentId=greet["intentId"], **kept)
    assert found["botVersion"] == number
    assert found["intentClosingSetting"] == {"closingResponse": says("Hello one.")}
    refused(lex, "ConflictException", "delete_bot_version", botId=bot_id, botVersion=number)
    second = version(lex, bot_id)
    assert second == "2"
    lex.ask("update_bot_alias", botAliasId=alias, botAliasName="live", botId=bot_id, botVersion=second)
    assert said(alias) == "Hello two."
    lex.ask("delete_bot_version", botId=bot_id, botVersion=number)
    refused(lex, "ConflictException", "delete_bot", botId=bot_id)
    lex.ask("delete_bot_alias", botAliasId=alias, botId=bot_id)
    lex.ask("delete_bot", botId=bot_id)
    refused(
        lex=runtime, code="ResourceNotFoundException", operation="recognize_text",
        botId=bot_id, botAliasId="TSTALIASID", localeId="en_US", sessionId="me", text="hello",
    )  # fmt: skip


def test_an_answer_of_no_content_ends_with_its_headers(lex: Recorder, talking: Addresses) -> None:
    """A byte behind them is the beginning of the next answer to a client that keeps its connection."""
    place = make_bot(lex, "Emptied")
    made = lex.ask(
        "create_slot_type",
        slotTypeName="Size",
        slotTypeValues=[{"sampleValue": {"value": "large"}}],
        valueSelectionSetting={"resolutionStrategy": "OriginalValue"},
        **place,
    )
    path = f"/bots/{place['botId']}/botversions/DRAFT/botlocales/en_US/slottypes/{made['slotTypeId']}/"
    head = f"DELETE {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    address = urlsplit(talking.http)
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(head.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    status, _, rest = answer.partition(b"\r\n")
    assert b" 204 " in status
    assert rest.endswith(b"\r\n\r\n") and b"content-length" not in rest.lower()
