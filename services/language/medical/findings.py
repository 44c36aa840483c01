"""What is found in a note: entities, their attributes and traits, in the words of Comprehend Medical."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

MEDICATION = "MEDICATION"
CONDITION = "MEDICAL_CONDITION"
PROCEDURE = "TEST_TREATMENT_PROCEDURE"
ANATOMY = "ANATOMY"
TIME = "TIME_EXPRESSION"
BEHAVIOUR = "BEHAVIORAL_ENVIRONMENTAL_SOCIAL"
PHI = "PROTECTED_HEALTH_INFORMATION"


@dataclass(frozen=True, slots=True)
class Trait:
    """Something said about an entity, such as NEGATION; ``score`` 0..1."""

    name: str
    score: float


@dataclass(slots=True)
class Attribute:
    """A stretch that tells more about an entity, such as a dose; ``relation`` 0..1: how surely it belongs there.

    ``relationship`` names the kind of relation; empty where that is the attribute's type.
    """

    begin: int
    end: int
    category: str
    type: str
    score: float
    relation: float
    relationship: str = ""


@dataclass(slots=True)
class Entity:
    """A stretch [begin, end) in code points, of a category and a type; ``score`` 0..1."""

    begin: int
    end: int
    category: str
    type: str
    score: float
    traits: list[Trait] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Findings:
    """All of a text: entities in order, and attributes that belong to none of them."""

    entities: Sequence[Entity]
    unmapped: Sequence[Attribute] = ()
