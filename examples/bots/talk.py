"""Talk with a bot in the terminal: python talk.py BOT_ID ALIAS_ID"""

import sys
import uuid

import boto3

bot_id, alias_id = sys.argv[1:3]
session = {"botId": bot_id, "botAliasId": alias_id, "localeId": "en_US", "sessionId": uuid.uuid4().hex}
lex = boto3.client("lexv2-runtime")
while True:
    try:
        text = input("> ")
    except EOFError:
        break
    if text.strip():
        answer = lex.recognize_text(text=text, **session)
        for message in answer.get("messages", []):
            print(message["content"])
