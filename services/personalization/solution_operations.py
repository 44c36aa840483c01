"""Operations on recipes, solutions, solution versions and campaigns."""

from __future__ import annotations

import uuid
from typing import Any, TypeVar

from nonet.personalization.v1 import personalization_pb2 as pb
from services.personalization.campaigns import DEPLOYMENT, Deployments
from services.personalization.configurations import check_campaign, check_solution
from services.personalization.dataset_operations import tags_of
from services.personalization.datasets import DatasetStore
from services.personalization.events import EventStore
from services.personalization.kinds import (
    ACTIVE,
    CAMPAIGN,
    DATASET_GROUP,
    PENDING,
    SOLUTION,
    SOLUTION_VERSION,
    STOPPING,
)
from services.personalization.recipes import RECIPES, Recipe, recipe_of
from services.personalization.shelf import Shelf
from services.personalization.solution_versions import TRAINING, Trainings, model_blob
from shared import errors
from shared.contract.messages import copy_members
from shared.platform import Platform
from shared.rpc.call import Call
from shared.storage.pages import PageTokens

_Described = TypeVar("_Described", pb.Recipe, pb.RecipeSummary)

#: When the recipes got the form that they have (Unix seconds): they have no rows that could say so.
_RECIPES_SINCE = 1_764_374_400


class SolutionOperations:
    """The half of the service that is about models."""

    def __init__(self, platform: Platform) -> None:
        self._database = platform.database
        self._blobs = platform.objects.blobs
        self._shelf = Shelf(platform.resources, platform.jobs)
        datasets = DatasetStore(self._shelf, self._blobs)
        trainings = Trainings(self._shelf, datasets, EventStore(platform.database), self._blobs, platform.runtime)
        platform.jobs.register(TRAINING, trainings.train)
        platform.jobs.register(DEPLOYMENT, Deployments(self._shelf, self._blobs).deploy)

    # -- recipes

    async def list_recipes(self, request: pb.ListRecipesRequest, call: Call) -> pb.ListRecipesResponse:
        """The recipes; there are none of a domain."""
        recipes = [] if request.domain else list(RECIPES.values())
        tokens = await PageTokens.of(self._database)
        listing = ["personalize.recipes", request.domain]
        begin = tokens.open_row(listing, request.next_token or None) or 0
        end = begin + (request.max_results or 100)
        return pb.ListRecipesResponse(
            recipes=[_recipe(one, pb.RecipeSummary()) for one in recipes[begin:end]],
            next_token=tokens.seal(listing, end) if end < len(recipes) else None,
        )

    async def describe_recipe(self, request: pb.DescribeRecipeRequest, call: Call) -> pb.DescribeRecipeResponse:
        """A recipe."""
        recipe = recipe_of(request.recipe_arn)
        answer = _recipe(recipe, pb.Recipe())
        answer.algorithm_arn = recipe.algorithm_arn
        answer.feature_transformation_arn = recipe.feature_transformation_arn
        answer.description = recipe.description
        answer.recipe_type = recipe.kind
        return pb.DescribeRecipeResponse(recipe=answer)

    # -- solutions

    async def create_solution(self, request: pb.CreateSolutionRequest, call: Call) -> pb.CreateSolutionResponse:
        """Store what is to be trained; a solution version trains it."""
        recipe = check_solution(request)
        group = await self._shelf.active(call.account, DATASET_GROUP, request.dataset_group_arn)
        stored = await self._shelf.create(
            call.account,
            SOLUTION,
            request.name,
            pb.Solution(
                name=request.name,
                perform_hpo=False,
                perform_auto_ml=False,
                perform_auto_training=False,
                perform_incremental_update=False,
                recipe_arn=recipe.arn,
                dataset_group_arn=group.arn,
                event_type=request.event_type or None,
                solution_config=request.solution_config if request.HasField("solution_config") else None,
            ),
            parent=group.arn,
            tags=tags_of(request.tags),
        )
        return pb.CreateSolutionResponse(solution_arn=stored.arn)

    async def describe_solution(self, request: pb.DescribeSolutionRequest, call: Call) -> pb.DescribeSolutionResponse:
        """A solution, with its newest version."""
        stored = await self._shelf.get(call.account, SOLUTION, request.solution_arn)
        versions = await self._shelf.children(call.account, SOLUTION_VERSION, stored.arn)
        if versions:
            stored.message.latest_solution_version.CopyFrom(
                copy_members(versions[-1].message, pb.SolutionVersionSummary())
            )
        return pb.DescribeSolutionResponse(solution=stored.message)

    async def list_solutions(self, request: pb.ListSolutionsRequest, call: Call) -> pb.ListSolutionsResponse:
        """The solutions of a dataset group, or of the account."""
        page, token = await self._shelf.page(
            call.account, SOLUTION, request.dataset_group_arn, request.max_results, request.next_token
        )
        return pb.ListSolutionsResponse(
            solutions=[copy_members(one.message, pb.SolutionSummary()) for one in page], next_token=token
        )

    async def delete_solution(self, request: pb.DeleteSolutionRequest, call: Call) -> pb.DeleteSolutionResponse:
        """Delete a solution without campaigns, and its versions with their models."""
        arn = request.solution_arn
        if await self._shelf.children(call.account, CAMPAIGN, arn):
            raise errors.ResourceInUse("The solution has a campaign: delete that first.")
        versions = await self._shelf.children(call.account, SOLUTION_VERSION, arn)
        if any(version.open for version in versions):
            raise errors.ResourceInUse("A version of the solution is being trained: wait, or stop it.")
        await self._shelf.delete(call.account, SOLUTION, arn)
        for version in versions:
            await self._shelf.delete(call.account, SOLUTION_VERSION, version.arn)
            await self._blobs.delete(model_blob(version.id))
        return pb.DeleteSolutionResponse()

    # -- solution versions

    async def create_solution_version(
        self, request: pb.CreateSolutionVersionRequest, call: Call
    ) -> pb.CreateSolutionVersionResponse:
        """Train a solution on everything that its dataset group has now."""
        if request.training_mode not in ("", "FULL"):
            raise errors.Unimplemented("Not built: training modes other than FULL; live events count without training.")
        solution = await self._shelf.active(call.account, SOLUTION, request.solution_arn)
        identity = uuid.uuid4().hex[:8]
        settings = solution.message
        stored = await self._shelf.create(
            call.account,
            SOLUTION_VERSION,
            request.name or identity,
            pb.SolutionVersion(
                name=request.name or identity,
                solution_arn=solution.arn,
                perform_hpo=False,
                perform_auto_ml=False,
                perform_incremental_update=False,
                recipe_arn=settings.recipe_arn,
                event_type=settings.event_type or None,
                dataset_group_arn=settings.dataset_group_arn,
                solution_config=settings.solution_config if settings.HasField("solution_config") else None,
                training_mode="FULL",
                training_type="MANUAL",
            ),
            parent=solution.arn,
            arn=f"{solution.arn}/{identity}",
            tags=tags_of(request.tags),
            job=TRAINING,
        )
        return pb.CreateSolutionVersionResponse(solution_version_arn=stored.arn)

    async def describe_solution_version(
        self, request: pb.DescribeSolutionVersionRequest, call: Call
    ) -> pb.DescribeSolutionVersionResponse:
        """A solution version."""
        stored = await self._shelf.get(call.account, SOLUTION_VERSION, request.solution_version_arn)
        return pb.DescribeSolutionVersionResponse(solution_version=stored.message)

    async def list_solution_versions(
        self, request: pb.ListSolutionVersionsRequest, call: Call
    ) -> pb.ListSolutionVersionsResponse:
        """The versions of a solution, or of the account."""
        page, token = await self._shelf.page(
            call.account, SOLUTION_VERSION, request.solution_arn, request.max_results, request.next_token
        )
        return pb.ListSolutionVersionsResponse(
            solution_versions=[copy_members(one.message, pb.SolutionVersionSummary()) for one in page], next_token=token
        )

    async def stop_solution_version_creation(
        self, request: pb.StopSolutionVersionCreationRequest, call: Call
    ) -> pb.StopSolutionVersionCreationResponse:
        """Stop a training."""
        await self._shelf.stop(call.account, SOLUTION_VERSION, request.solution_version_arn, STOPPING)
        return pb.StopSolutionVersionCreationResponse()

    async def get_solution_metrics(
        self, request: pb.GetSolutionMetricsRequest, call: Call
    ) -> pb.GetSolutionMetricsResponse:
        """How well a solution version foretold interactions that were hidden from it."""
        stored = await self._shelf.active(call.account, SOLUTION_VERSION, request.solution_version_arn)
        return pb.GetSolutionMetricsResponse(solution_version_arn=stored.arn, metrics=stored.facts["metrics"])

    # -- campaigns

    async def create_campaign(self, request: pb.CreateCampaignRequest, call: Call) -> pb.CreateCampaignResponse:
        """Deploy a solution version."""
        version = await self._shelf.active(call.account, SOLUTION_VERSION, request.solution_version_arn)
        check_campaign(request.campaign_config, recipe_of(version.message.recipe_arn))
        stored = await self._shelf.create(
            call.account,
            CAMPAIGN,
            request.name,
            pb.Campaign(
                name=request.name,
                solution_version_arn=version.arn,
                min_provisioned_tps=request.min_provisioned_tps or 1,
                campaign_config=request.campaign_config if request.HasField("campaign_config") else None,
            ),
            parent=version.message.solution_arn,
            facts={"wanted": {"version": version.arn, "update": ""}},
            tags=tags_of(request.tags),
            job=DEPLOYMENT,
        )
        return pb.CreateCampaignResponse(campaign_arn=stored.arn)

    async def update_campaign(self, request: pb.UpdateCampaignRequest, call: Call) -> pb.UpdateCampaignResponse:
        """Deploy another solution version, or other settings; what answers now answers until that is done."""
        campaign = await self._shelf.active(call.account, CAMPAIGN, request.campaign_arn)
        version = await self._shelf.active(
            call.account, SOLUTION_VERSION, request.solution_version_arn or campaign.message.solution_version_arn
        )
        if version.message.solution_arn != campaign.resource.parent:
            raise errors.InvalidArgument("The solution version is of another solution than the campaign's.")
        check_campaign(request.campaign_config, recipe_of(version.message.recipe_arn))
        token = uuid.uuid4().hex

        def changed(message: pb.Campaign, facts: dict[str, Any]) -> None:
            facts["wanted"] = {"version": version.arn, "update": token}
            has_config = request.HasField("campaign_config")
            update = pb.CampaignUpdateSummary(
                solution_version_arn=version.arn,
                min_provisioned_tps=request.min_provisioned_tps or message.min_provisioned_tps,
                campaign_config=request.campaign_config if has_config else message.campaign_config,
                status=PENDING,
            )
            update.creation_date_time.GetCurrentTime()
            update.last_updated_date_time.GetCurrentTime()
            message.latest_campaign_update.CopyFrom(update)

        await self._shelf.change(call.account, CAMPAIGN, campaign.arn, changed, only=(ACTIVE,))
        await self._shelf.resubmit(call.account, CAMPAIGN, campaign.arn, DEPLOYMENT, token)
        return pb.UpdateCampaignResponse(campaign_arn=campaign.arn)

    async def describe_campaign(self, request: pb.DescribeCampaignRequest, call: Call) -> pb.DescribeCampaignResponse:
        """A campaign."""
        return pb.DescribeCampaignResponse(
            campaign=(await self._shelf.get(call.account, CAMPAIGN, request.campaign_arn)).message
        )

    async def list_campaigns(self, request: pb.ListCampaignsRequest, call: Call) -> pb.ListCampaignsResponse:
        """The campaigns of a solution, or of the account."""
        page, token = await self._shelf.page(
            call.account, CAMPAIGN, request.solution_arn, request.max_results, request.next_token
        )
        return pb.ListCampaignsResponse(
            campaigns=[copy_members(one.message, pb.CampaignSummary()) for one in page], next_token=token
        )

    async def delete_campaign(self, request: pb.DeleteCampaignRequest, call: Call) -> pb.DeleteCampaignResponse:
        """Delete a campaign; its solution version stays."""
        await self._shelf.delete(call.account, CAMPAIGN, request.campaign_arn)
        return pb.DeleteCampaignResponse()


def _recipe(recipe: Recipe, message: _Described) -> _Described:
    message.name = recipe.name
    message.recipe_arn = recipe.arn
    message.status = ACTIVE
    message.creation_date_time.FromSeconds(_RECIPES_SINCE)
    message.last_updated_date_time.FromSeconds(_RECIPES_SINCE)
    return message
