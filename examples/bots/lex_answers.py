"""Answers in the format that Lex V2 expects of a Lambda function."""


def delegate(event):
    """Go on as the bot would."""
    return _answer(event, {"type": "Delegate"})


def elicit(event, slot, text):
    """Empty a slot and ask for it again."""
    event["sessionState"]["intent"]["slots"][slot] = None
    return _answer(event, {"type": "ElicitSlot", "slotToElicit": slot}, text)


def close(event, state, text):
    """End the intent: ``state`` is "Fulfilled" or "Failed"."""
    event["sessionState"]["intent"]["state"] = state
    return _answer(event, {"type": "Close"}, text)


def value(event, slot):
    """What a slot was filled with, or None."""
    filled = event["sessionState"]["intent"]["slots"].get(slot)
    return filled["value"]["interpretedValue"] if filled else None


def _answer(event, action, text=""):
    state = event["sessionState"]
    answer = {
        "sessionState": {
            "dialogAction": action,
            "intent": state["intent"],
            "sessionAttributes": state.get("sessionAttributes", {}),
        }
    }
    if text:
        answer["messages"] = [{"contentType": "PlainText", "content": text}]
    return answer
