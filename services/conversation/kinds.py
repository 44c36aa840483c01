"""The kinds of resources that bots are made of, each with the message that describes it.

    bot BOTID -> alias BOTID/ALIASID, version BOTID/"1"
    locale    parent "BOTID/DRAFT"          name "en_US"
    intent    parent "BOTID/DRAFT/en_US"    name INTENTID
    slot      parent "BOTID/DRAFT/en_US"    name "INTENTID/SLOTID"
    slot type parent "BOTID/DRAFT/en_US"    name SLOTTYPEID

A version is a copy of the locales of DRAFT under its own number. A resource's document is the message that its Describe
gives, without status and times, which the row has, and *facts*: what only this service needs to know.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from nonet.conversation_models.v1 import conversation_models_pb2 as pb
from shared.storage.blobs import blob_name
from shared.storage.message_documents import described
from shared.storage.resources import Resource, ResourceKind

M = TypeVar("M", bound=Message)

DRAFT = "DRAFT"
TEST_ALIAS_ID, TEST_ALIAS_NAME = "TSTALIASID", "TestBotAlias"
AVAILABLE, CREATING, DELETING, FAILED = "Available", "Creating", "Deleting", "Failed"
NOT_BUILT, BUILDING, BUILT = "NotBuilt", "Building", "Built"

_ID_LETTERS = string.ascii_uppercase + string.digits
_ID_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Kind(Generic[M]):
    """``noun``: what callers call it; ``status_member``: the message's member that says how it is, or ""."""

    resource: ResourceKind
    message: type[M]
    noun: str
    status_member: str = ""


def _kind(noun: str, message: type[M], path: str, status_member: str = "") -> Kind[M]:
    return Kind(ResourceKind(f"lex.{noun.replace(' ', '-')}", "lex", path), message, noun, status_member)


BOT = _kind("bot", pb.DescribeBotResponse, "bot/{name}", "bot_status")
ALIAS = _kind("bot alias", pb.DescribeBotAliasResponse, "bot-alias/{parent}/{name}", "bot_alias_status")
VERSION = _kind("bot version", pb.DescribeBotVersionResponse, "bot-version/{parent}/{name}", "bot_status")
LOCALE = _kind("bot locale", pb.DescribeBotLocaleResponse, "bot-locale/{parent}/{name}", "bot_locale_status")
INTENT = _kind("intent", pb.DescribeIntentResponse, "intent/{parent}/{name}")
SLOT = _kind("slot", pb.DescribeSlotResponse, "slot/{parent}/{name}")
SLOT_TYPE = _kind("slot type", pb.DescribeSlotTypeResponse, "slot-type/{parent}/{name}")
#: Keeps a name from being given twice: parent = what it is a name of, and where; document = the id of its owner.
NAME = ResourceKind("lex.name", "lex", "name/{parent}/{name}")


@dataclass(frozen=True, slots=True)
class Stored(Generic[M]):
    """A resource with its message, complete, and its facts."""

    resource: Resource
    message: M
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, kind: Kind[M], resource: Resource) -> Stored[M]:
        message, facts = described(kind.message, resource)
        if kind.status_member:
            setattr(message, kind.status_member, resource.status)
        return cls(resource, message, facts)

    @property
    def id(self) -> str:
        """The last part of its name: "SLOTID" of "INTENTID/SLOTID"."""
        return self.resource.name.rpartition("/")[2]

    @property
    def arn(self) -> str:
        return self.resource.arn

    @property
    def status(self) -> str:
        return self.resource.status


def new_id() -> str:
    """Ten letters and digits, as every id of a bot's parts."""
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))


def version_path(bot_id: str, version: str) -> str:
    """The parent of a version's locales."""
    return f"{bot_id}/{version}"


def locale_path(bot_id: str, version: str, locale_id: str) -> str:
    """The parent of a locale's intents, slots and slot types."""
    return f"{bot_id}/{version}/{locale_id}"


def build_folder(bot_id: str, version: str = "", locale_id: str = "") -> str:
    """Where the builds of a bot, of a version or of a locale lie in the blob store."""
    parts = (bot_id, version, locale_id.replace("_", "-"))
    return blob_name("conversation", *(part.lower() for part in parts if part))
