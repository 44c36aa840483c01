"""What both bots' builders need: a bot with one locale, slots in their order, and a build."""

import boto3

ROLE = "arn:aws:iam::000000000000:role/nonet"
LOCALE = "en_US"

lex = boto3.client("lexv2-models")


def says(*texts):
    """A response; Lex chooses one of the texts."""
    first, *others = ({"plainTextMessage": {"value": text}} for text in texts)
    return {"messageGroups": [{"message": first, **({"variations": others} if others else {})}]}


def asks(*texts, retries=2):
    """A prompt, asked again so many times."""
    return {**says(*texts), "maxRetries": retries}


class Builder:
    """Makes a bot step by step; ``finish`` builds it and gives its id."""

    def __init__(self, name):
        self.bot_id = lex.create_bot(
            botName=name, roleArn=ROLE, dataPrivacy={"childDirected": False}, idleSessionTTLInSeconds=300
        )["botId"]
        lex.get_waiter("bot_available").wait(botId=self.bot_id)
        self.place = {"botId": self.bot_id, "botVersion": "DRAFT", "localeId": LOCALE}
        lex.create_bot_locale(nluIntentConfidenceThreshold=0.4, **self.place)
        lex.get_waiter("bot_locale_created").wait(**self.place)

    def slot_type(self, name, values):
        """A slot type; ``values``: value -> synonyms. Its id."""
        return lex.create_slot_type(
            slotTypeName=name,
            slotTypeValues=[
                {"sampleValue": {"value": value}, "synonyms": [{"value": one} for one in synonyms]}
                if synonyms
                else {"sampleValue": {"value": value}}
                for value, synonyms in values.items()
            ],
            valueSelectionSetting={"resolutionStrategy": "TopResolution"},
            **self.place,
        )["slotTypeId"]

    def intent(self, name, utterances, slots=(), **settings):
        """An intent; ``slots``: (name, type, prompt), in the order in which they are asked for."""
        intent = {
            "intentName": name,
            "sampleUtterances": [{"utterance": utterance} for utterance in utterances],
            **settings,
            **self.place,
        }
        intent_id = lex.create_intent(**intent)["intentId"]
        priorities = []
        for number, (slot, slot_type, prompt) in enumerate(slots, 1):
            made = lex.create_slot(
                slotName=slot,
                slotTypeId=slot_type,
                valueElicitationSetting={"slotConstraint": "Required", "promptSpecification": asks(prompt)},
                intentId=intent_id,
                **self.place,
            )
            priorities.append({"priority": number, "slotId": made["slotId"]})
        if priorities:
            lex.update_intent(intentId=intent_id, slotPriorities=priorities, **intent)

    def fallback(self, text):
        """What the bot says when it has understood nothing."""
        (summary,) = lex.list_intents(
            filters=[{"name": "IntentName", "values": ["FallbackIntent"], "operator": "EQ"}], **self.place
        )["intentSummaries"]
        lex.update_intent(
            intentId=summary["intentId"],
            intentName="FallbackIntent",
            parentIntentSignature="AMAZON.FallbackIntent",
            intentClosingSetting={"closingResponse": says(text)},
            **self.place,
        )

    def finish(self, function):
        """Build, make a version, and an alias whose code hook is the Lambda function of that name. Bot and alias."""
        lex.build_bot_locale(**self.place)
        lex.get_waiter("bot_locale_built").wait(**self.place)
        version = lex.create_bot_version(
            botId=self.bot_id, botVersionLocaleSpecification={LOCALE: {"sourceBotVersion": "DRAFT"}}
        )["botVersion"]
        lex.get_waiter("bot_version_available").wait(botId=self.bot_id, botVersion=version)
        arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function}"
        hook = {"lambdaCodeHook": {"lambdaARN": arn, "codeHookInterfaceVersion": "1.0"}}
        alias = lex.create_bot_alias(
            botAliasName="live",
            botId=self.bot_id,
            botVersion=version,
            botAliasLocaleSettings={LOCALE: {"enabled": True, "codeHookSpecification": hook}},
        )["botAliasId"]
        lex.get_waiter("bot_alias_available").wait(botId=self.bot_id, botAliasId=alias)
        return self.bot_id, alias
