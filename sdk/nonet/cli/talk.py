"""``nonet talk BOT``: talk with a bot of a running Nonet in the terminal; without BOT it lists the bots there are."""

from __future__ import annotations

import argparse
import sys
import uuid

from nonet.cli import server

TEST_ALIAS = "TSTALIASID"


def main(arguments: list[str]) -> int:
    """Read a line, print what the bot says to it, until the lines end."""
    chosen = _parser().parse_args(arguments[1:])
    with server.client(chosen.address) as client:
        bots = {bot.bot_name: bot.bot_id for bot in client.conversation_models.list_bots().bot_summaries}
        if not chosen.bot:
            for name, bot_id in bots.items():
                print(bot_id, name)
            return 0
        bot_id = bots.get(chosen.bot, chosen.bot)
        while True:
            if sys.stdin.isatty():
                print("> ", end="", flush=True)
            line = sys.stdin.readline()
            if not line:
                return 0
            if not line.strip():
                continue
            answer = client.conversation.recognize_text(
                bot_id=bot_id,
                bot_alias_id=chosen.alias,
                locale_id=chosen.locale,
                session_id=chosen.session,
                text=line.strip(),
            )
            for message in answer.messages:
                print(message.content)
            if not answer.messages:
                # A bot that says nothing has still understood something.
                print(f"({answer.session_state.intent.name} is {answer.session_state.intent.state})")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nonet talk", description=__doc__)
    parser.add_argument("bot", nargs="?", help="the bot's name or id")
    parser.add_argument("--alias", default=TEST_ALIAS, help="id of the alias (TSTALIASID: the bot as last built)")
    parser.add_argument("--locale", default="en_US")
    parser.add_argument("--session", default=f"talk-{uuid.uuid4().hex[:8]}", help="id of a session to go on with")
    server.add_address(parser)
    return parser
