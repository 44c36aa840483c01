"""What a solution or a campaign may be configured with: what is given is heeded, or refused with the reason."""

from __future__ import annotations

import math
from collections.abc import Mapping

from nonet.personalization.v1 import personalization_pb2 as pb
from services.personalization.recipes import Purpose, Recipe, recipe_of
from services.personalization.solution_versions import MODELS, TREND_WINDOWS
from services.personalization.training import Models
from shared import errors

_BOOLEANS = {"true", "false"}
#: Whether newer interactions of a user weigh more, by Amazon's names of old and new recipes.
_RECENCY = {
    "aws-user-personalization": "recency_mask",
    "aws-personalized-ranking": "recency_mask",
    "aws-user-personalization-v2": "apply_recency_bias",
    "aws-personalized-ranking-v2": "apply_recency_bias",
}
_TREND = "trend_discovery_frequency"


def check_solution(request: pb.CreateSolutionRequest) -> Recipe:
    """The recipe of a new solution.

    Raises:
        InvalidArgument: something contradicts the recipe.
        Unimplemented: something that Amazon has and this version has not.
    """
    for asked, what in (
        (request.perform_auto_ml, "performAutoML: name a recipe"),
        (request.perform_hpo, "performHPO: regularization and recency are chosen on hidden interactions anyway"),
        (request.perform_auto_training, "performAutoTraining: create solution versions when you want new ones"),
        (request.perform_incremental_update, "performIncrementalUpdate: live events count without it"),
    ):
        if asked:
            raise errors.Unimplemented(f"Not built: {what}.")
    if not request.recipe_arn:
        raise errors.InvalidArgument("Name a recipe: recipeArn.")
    recipe = recipe_of(request.recipe_arn)
    config = request.solution_config
    for member, what in (
        ("hpo_config", "hyperparameter optimization"),
        ("auto_ml_config", "AutoML"),
        ("optimization_objective", "optimization objectives"),
        ("auto_training_config", "automatic training"),
        ("events_config", "weights of event types: use eventType and eventValueThreshold"),
    ):
        if config.HasField(member):
            raise errors.Unimplemented(f"Not built: {what}.")
    training = config.training_data_config
    if training.excluded_dataset_columns or training.included_dataset_columns:
        raise errors.Unimplemented(
            "The models of this version learn from interactions alone: there are no columns to choose."
        )
    if config.event_value_threshold:
        _number(config.event_value_threshold, "eventValueThreshold")
    _check_parameters(recipe, config.algorithm_hyper_parameters, config.feature_transformation_parameters)
    return recipe


def _check_parameters(recipe: Recipe, algorithm: Mapping[str, str], features: Mapping[str, str]) -> None:
    known: dict[str, set[str]] = {}
    if recipe.name in _RECENCY:
        known[_RECENCY[recipe.name]] = _BOOLEANS
        known[MODELS] = {str(one) for one in Models}
    if recipe.purpose is Purpose.TRENDING:
        known[_TREND] = set(TREND_WINDOWS)
    for name, value in [*algorithm.items(), *features.items()]:
        if name not in known:
            there = ", ".join(known) or "none"
            raise errors.Unimplemented(
                f"The models of this version have no parameter {name[:100]}; those of {recipe.name}: {there}."
            )
        if value.lower() not in known[name]:
            raise errors.InvalidArgument(f"{name} is one of {', '.join(sorted(known[name]))}.")


def check_campaign(config: pb.CampaignConfig, recipe: Recipe) -> None:
    """Raises ``InvalidArgument``, ``Unimplemented``: like ``check_solution``."""
    if config.sync_with_latest_solution_version:
        raise errors.Unimplemented("Not built: syncWithLatestSolutionVersion; call UpdateCampaign.")
    if config.ranking_influence:
        raise errors.Unimplemented("Not built: rankingInfluence.")
    exploration = config.item_exploration_config
    if exploration and not recipe.explores:
        raise errors.InvalidArgument(f"{recipe.name} does not explore: leave itemExplorationConfig out.")
    for name, value in exploration.items():
        if name == "explorationWeight":
            if not 0 <= _number(value, name) <= 1:
                raise errors.InvalidArgument("explorationWeight is 0 to 1.")
        elif name == "explorationItemAgeCutOff":
            if _number(value, name) < 1:
                raise errors.InvalidArgument("explorationItemAgeCutOff is 1 day at least.")
        else:
            raise errors.InvalidArgument(f"itemExplorationConfig has no member {name[:100]}.")


def _number(text: str, name: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise errors.InvalidArgument(f"{name} is a number.")
    return number
