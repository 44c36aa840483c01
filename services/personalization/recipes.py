"""The recipes: which there are, what each is trained as, and what of a campaign's configuration it knows."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from shared import errors

#: Recipes belong to the service and not to an account; Amazon's ARNs leave region and account out.
_ARN = "arn:aws:personalize:::recipe/"
_ALGORITHM = "arn:aws:personalize:::algorithm/"
_TRANSFORMATION = "arn:aws:personalize:::feature-transformation/"


class Purpose(enum.StrEnum):
    """What a recipe's models are asked for."""

    USER = "USER_PERSONALIZATION"
    RANKING = "PERSONALIZED_RANKING"
    RELATED = "RELATED_ITEMS"
    POPULAR = "POPULAR_ITEMS"
    TRENDING = "TRENDING_NOW"


@dataclass(frozen=True, slots=True)
class Recipe:
    """``kind``: the API's recipeType. ``scored``: whether its recommendations carry scores, as Amazon documents it."""

    name: str
    kind: str
    purpose: Purpose
    description: str
    scored: bool
    explores: bool = False

    @property
    def arn(self) -> str:
        return _ARN + self.name

    @property
    def algorithm_arn(self) -> str:
        return _ALGORITHM + self.name

    @property
    def feature_transformation_arn(self) -> str:
        return _TRANSFORMATION + self.name


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "aws-user-personalization",
            "USER_PERSONALIZATION",
            Purpose.USER,
            "Items that a user may interact with next; new items are shown by exploration.",
            scored=True,
            explores=True,
        ),
        Recipe(
            "aws-user-personalization-v2",
            "USER_PERSONALIZATION",
            Purpose.USER,
            "Items that a user may interact with next, scored among the candidates; each item says why it is there.",
            scored=True,
            explores=True,
        ),
        Recipe(
            "aws-personalized-ranking",
            "PERSONALIZED_RANKING",
            Purpose.RANKING,
            "A list of items in the order in which a user may like them.",
            scored=True,
        ),
        Recipe(
            "aws-personalized-ranking-v2",
            "PERSONALIZED_RANKING",
            Purpose.RANKING,
            "A list of items in the order in which a user may like them.",
            scored=True,
        ),
        Recipe(
            "aws-similar-items",
            "RELATED_ITEMS",
            Purpose.RELATED,
            "Items that users of an item interact with as well.",
            scored=False,
        ),
        Recipe(
            "aws-sims",
            "RELATED_ITEMS",
            Purpose.RELATED,
            "Items that users of an item interact with as well.",
            scored=False,
        ),
        Recipe(
            "aws-popularity-count",
            "POPULAR_ITEMS",
            Purpose.POPULAR,
            "The items that most users interacted with.",
            scored=False,
        ),
        Recipe(
            "aws-trending-now",
            "POPULAR_ITEMS",
            Purpose.TRENDING,
            "The items whose interactions grow fastest now.",
            scored=False,
        ),
    )
}
#: Amazon's, and not built here.
_UNBUILT = {
    "aws-next-best-action", "aws-item-affinity", "aws-item-attribute-affinity", "aws-hrnn", "aws-hrnn-metadata",
    "aws-hrnn-coldstart",
}  # fmt: skip


def recipe_of(arn: str) -> Recipe:
    """The recipe of an ARN. Raises ``NotFound``, ``Unimplemented`` for one of Amazon's that is not built here."""
    name = arn.rpartition("/")[2]
    if ":recipe/" in arn and name in RECIPES:
        return RECIPES[name]
    known = ", ".join(RECIPES)
    if name in _UNBUILT or name.startswith(("aws-ecomm-", "aws-vod-")):
        raise errors.Unimplemented(f"The recipe {name} is not built. Built are: {known}.")
    raise errors.NotFound(f"There is no recipe of that ARN. Recipes: {known}.")
