"""Our additions to what botocore knows, one TOML file a client under ``overlays/``."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

OVERLAYS = Path(__file__).with_name("overlays")


class FieldOverlay(BaseModel):
    """Constraint of one member that botocore's model leaves out."""

    model_config = ConfigDict(extra="forbid")

    comment: str = ""
    max_bytes: int | None = None
    max: int | None = None
    too_large_error: str = ""
    not_allowed_error: str = ""
    omit_when_empty: bool = False
    always_present: bool = False
    #: Entries of a map that hold nothing are null on the wire.
    empty_is_null: bool = False
    #: botocore's pattern is not what AWS holds the member against.
    wrong_pattern: bool = False


class Overlay(BaseModel):
    """One client: the proto package and service it becomes, and what is added to its shapes."""

    model_config = ConfigDict(extra="forbid")

    client: str
    package: str = Field(pattern=r"^[a-z_]+$")
    service: str
    comment: str
    #: The calls that tutorials and most applications make, and the common ones; every other operation is P2.
    p0: frozenset[str] = frozenset()
    p1: frozenset[str] = frozenset()
    #: Operations that wait for something to happen.
    long_polls: frozenset[str] = frozenset()
    #: Operations that SDKs make presigned URLs of.
    presigned_gets: frozenset[str] = frozenset()
    #: Operation name -> one line of our own.
    operations: dict[str, str] = {}
    #: "Shape.Member" -> addition; "*.Member" adds to every shape that has the member.
    fields: dict[str, FieldOverlay] = {}

    def priority(self, operation: str) -> str:
        return "P0" if operation in self.p0 else "P1" if operation in self.p1 else "P2"

    def field(self, shape: str, member: str) -> FieldOverlay:
        return self.fields.get(f"{shape}.{member}") or self.fields.get(f"*.{member}") or FieldOverlay()


def read_overlays() -> list[Overlay]:
    """Every client of the suite, in the order of the file names."""
    return [Overlay.model_validate(tomllib.loads(path.read_text())) for path in sorted(OVERLAYS.glob("*.toml"))]
