"""The Personalization Runtime service: recommendations and rankings by campaigns."""

from __future__ import annotations

import asyncio
import math
import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import faiss
import numpy as np

from nonet.personalization.v1 import personalization_pb2 as admin_pb
from nonet.personalization_runtime.v1 import personalization_runtime_pb2 as pb
from services.personalization import recommendations
from services.personalization.campaigns import ModelCache, Serving
from services.personalization.catalogue import Catalogue, Mask
from services.personalization.datasets import DatasetStore
from services.personalization.events import EventStore, RecordedEvent
from services.personalization.filters import masks, parser
from services.personalization.filters.expression import Dataset, Expression, Reference
from services.personalization.interactions import Ints
from services.personalization.kinds import Stored
from services.personalization.live import LiveData
from services.personalization.model import Model
from services.personalization.recipes import Purpose, Recipe, recipe_of
from services.personalization.recommendations import Exploration, Promotion, Recommended
from services.personalization.request_reader import RequestReader, Wanted
from services.personalization.shelf import Shelf
from shared import errors
from shared.platform import Platform
from shared.rpc.call import Call

T = TypeVar("T")

DEFAULT_RESULTS, MOST_RESULTS, MOST_RANKED = 25, 500, 500
#: Amazon's bounds when metadata come along.
MOST_WITH_METADATA, MOST_COLUMNS = 50, 10
#: Amazon's defaults of exploration.
EXPLORATION_WEIGHT, EXPLORATION_DAYS = 0.3, 30.0
#: Interactions of a user that a filter looks at, the newest.
FILTERED_INTERACTIONS = 1000


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a request is about: campaign, model, and the user's latest events."""

    campaign: Stored[admin_pb.Campaign]
    serving: Serving
    recipe: Recipe
    model: Model
    user: str
    live: Sequence[RecordedEvent]
    filters: Mapping[str, Stored[admin_pb.Filter]]


class PersonalizationRuntimeService:
    """nonet.personalization_runtime.v1.PersonalizationRuntime. Requests have been checked against the contract."""

    def __init__(self, platform: Platform) -> None:
        blobs = platform.objects.blobs
        datasets = DatasetStore(Shelf(platform.resources, platform.jobs), blobs)
        self._models = ModelCache(blobs)
        self._reader = RequestReader(platform.database)
        self._live = LiveData(datasets, EventStore(platform.database))
        # One search is one thread's work.
        self._scoring = ThreadPoolExecutor(
            max(2, os.cpu_count() or 1), "recommendations", lambda: faiss.omp_set_num_threads(1)
        )

    async def close(self) -> None:
        """End the threads."""
        self._scoring.shutdown(wait=False)

    async def get_recommendations(
        self, request: pb.GetRecommendationsRequest, call: Call
    ) -> pb.GetRecommendationsResponse:
        """Items for a user, related to an item, popular or trending: what the campaign's recipe is for."""
        if request.HasField("recommender_arn"):
            raise errors.Unimplemented("Domain recommenders are not built: use a campaign.")
        if not request.campaign_arn:
            raise errors.InvalidArgument("Name the campaign: campaignArn.")
        _check_context(request.context)
        count = request.num_results or DEFAULT_RESULTS
        if count > MOST_RESULTS:
            raise errors.InvalidArgument(f"numResults is {MOST_RESULTS} at most.")
        filters = (request.filter_arn, *(promotion.filter_arn for promotion in request.promotions))
        asked = await self._asked(Wanted(call.account, request.campaign_arn, request.user_id, filters))
        purpose = asked.recipe.purpose
        if purpose is Purpose.RANKING:
            raise errors.InvalidArgument("The campaign ranks items: call GetPersonalizedRanking.")
        if purpose is Purpose.USER and not request.user_id:
            raise errors.InvalidArgument("The campaign's recipe needs a userId.")
        if purpose is Purpose.RELATED and not request.item_id:
            raise errors.InvalidArgument("The campaign's recipe needs an itemId.")
        columns = _metadata_columns(asked.campaign, request.metadata_columns, count)
        catalogue = await self._live.catalogue(call.account, asked.serving, asked.model)
        passes = await self._passing(call, asked, catalogue, request.filter_arn, request.filter_values, request.item_id)
        promotion = await self._promotion(call, asked, catalogue, request, count)
        identity = uuid.uuid4()
        if purpose is Purpose.USER:
            work = partial(
                recommendations.for_user,
                asked.model, catalogue, asked.user, asked.live, passes, count,
                _exploration(asked.campaign), promotion, identity.int % 2**32,
            )  # fmt: skip
        elif promotion is not None:
            raise errors.Unimplemented("Promotions are built for the user-personalization recipes.")
        elif purpose is Purpose.RELATED:
            work = partial(recommendations.related, asked.model, request.item_id, passes, count)
        elif purpose is Purpose.TRENDING:
            rates = await self._live.rates(asked.serving, asked.model)
            work = partial(recommendations.trending, asked.model, rates, passes, count)
        else:
            work = partial(recommendations.popular, asked.model, passes, count)
        found = await self._scored(asked, count, work)
        call.answered_by(f"{asked.recipe.name}-{asked.serving.digest[:12]}")
        return pb.GetRecommendationsResponse(
            item_list=[_item(one, catalogue, asked.recipe, columns) for one in found], recommendation_id=str(identity)
        )

    async def get_personalized_ranking(
        self, request: pb.GetPersonalizedRankingRequest, call: Call
    ) -> pb.GetPersonalizedRankingResponse:
        """A list of items in the order in which a user may like them."""
        _check_context(request.context)
        if len(request.input_list) > MOST_RANKED:
            raise errors.InvalidArgument(f"inputList has {MOST_RANKED} items at most.")
        wanted = Wanted(call.account, request.campaign_arn, request.user_id, (request.filter_arn,))
        asked = await self._asked(wanted)
        if asked.recipe.purpose is not Purpose.RANKING:
            raise errors.InvalidArgument("The campaign does not rank: its recipe is none of personalized ranking.")
        columns = _metadata_columns(asked.campaign, request.metadata_columns, len(request.input_list))
        catalogue = await self._live.catalogue(call.account, asked.serving, asked.model)
        passes = await self._passing(call, asked, catalogue, request.filter_arn, request.filter_values, "")
        names = list(dict.fromkeys(request.input_list))
        places = [catalogue.positions[name] for name in names if name in catalogue.positions]
        if passes is not None:
            places = [place for place in places if passes[place]]
        # Items that nobody ever told us of cannot pass a filter, and are last without one.
        strange = [name for name in names if name not in catalogue.positions] if passes is None else []
        work = partial(recommendations.ranking, asked.model, catalogue, asked.user, asked.live, places)
        found = await self._scored(asked, len(places), work)
        call.answered_by(f"{asked.recipe.name}-{asked.serving.digest[:12]}")
        ranked = [_item(one, catalogue, asked.recipe, columns) for one in found]
        return pb.GetPersonalizedRankingResponse(
            personalized_ranking=[*ranked, *(pb.PredictedItem(item_id=name) for name in strange)],
            recommendation_id=str(uuid.uuid4()),
        )

    async def _asked(self, wanted: Wanted) -> _Asked:
        found = await self._reader.read(wanted)
        model = await self._models.get(found.serving)
        recipe = recipe_of(found.serving.recipe)
        return _Asked(found.campaign, found.serving, recipe, model, wanted.user, found.live, found.filters)

    async def _scored(self, asked: _Asked, count: int, work: Callable[[], T]) -> T:
        """Run ``work`` here where it takes less than going to a thread and back, else in a thread."""
        engine = asked.model.engine
        if engine is not None and engine.indexed and count <= recommendations.FEW:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._scoring, work)

    async def _passing(
        self, call: Call, asked: _Asked, catalogue: Catalogue, arn: str, values: Mapping[str, str], item: str
    ) -> Mask | None:
        """The items that a filter lets through; None without one."""
        if not arn:
            if values:
                raise errors.InvalidArgument("filterValues come with a filterArn.")
            return None
        stored = asked.filters[arn]
        if stored.message.dataset_group_arn != asked.serving.group_arn:
            raise errors.InvalidArgument("The filter is of another dataset group than the campaign.")
        text = stored.message.filter_expression
        expression = parser.parse(text)
        placeholders = {name.upper(): name for name in expression.placeholders()}
        unknown = sorted(name for name in values if name.upper() not in placeholders)
        if unknown:
            raise errors.InvalidArgument(f"The filter has no placeholder {unknown[0]}.")
        if _looks_at(expression, Dataset.CURRENT_USER) and not asked.user:
            raise errors.InvalidArgument("The filter looks at CurrentUser: name the userId.")
        if _looks_at(expression, Dataset.INTERACTIONS) and not asked.user:
            raise errors.InvalidArgument("The filter looks at the user's interactions: name the userId.")
        if masks.constant(expression):
            return catalogue.kept(text, lambda: masks.passing(expression, catalogue, masks.NOBODY))
        columns = (
            await self._live.user(call.account, asked.serving, asked.user)
            if _looks_at(expression, Dataset.CURRENT_USER)
            else {}
        )
        context = masks.Context(
            {placeholders[name.upper()]: parser.parse_values(text) for name, text in values.items()},
            columns,
            catalogue.positions.get(item),
            _interacted(asked, catalogue) if _looks_at(expression, Dataset.INTERACTIONS) else {},
        )
        return await asyncio.get_running_loop().run_in_executor(
            self._scoring, masks.passing, expression, catalogue, context
        )

    async def _promotion(
        self,
        call: Call,
        asked: _Asked,
        catalogue: Catalogue,
        request: pb.GetRecommendationsRequest,
        count: int,
    ) -> Promotion | None:
        if not request.promotions:
            return None
        (wanted,) = request.promotions
        if not wanted.filter_arn or not wanted.percent_promoted_items:
            raise errors.InvalidArgument("A promotion has a filterArn and percentPromotedItems.")
        mask = await self._passing(call, asked, catalogue, wanted.filter_arn, wanted.filter_values, request.item_id)
        assert mask is not None
        # The model ranks what it knows; of others it could not say which to promote.
        mask = mask.copy()
        mask[len(asked.model.items) :] = False
        return Promotion(wanted.name, mask, math.ceil(count * wanted.percent_promoted_items / 100))


def _looks_at(expression: Expression, dataset: Dataset) -> bool:
    return any(
        comparison.dataset is dataset
        or any(isinstance(value, Reference) and value.dataset is dataset for value in comparison.values)
        for comparison in expression.comparisons()
    )


def _interacted(asked: _Asked, catalogue: Catalogue) -> Mapping[str, Ints]:
    """Positions of the items that the user had events with, by the event's type."""
    model = asked.model
    found: dict[str, list[int]] = {}
    number = model.user_numbers.get(asked.user)
    if number is not None:
        rows = model.histories.of(number)
        rows = slice(max(rows.start, rows.stop - FILTERED_INTERACTIONS), rows.stop)
        for item, kind in zip(model.histories.items[rows].tolist(), model.histories.kinds[rows].tolist(), strict=True):
            found.setdefault(model.event_types[kind] if kind >= 0 else "", []).append(item)
    for event in asked.live:
        position = catalogue.positions.get(event.item_id)
        if position is not None:
            found.setdefault(event.event_type, []).append(position)
    return {kind: np.array(places, np.int64) for kind, places in found.items()}


def _exploration(campaign: Stored[admin_pb.Campaign]) -> Exploration:
    config = campaign.message.campaign_config.item_exploration_config
    return Exploration(
        float(config.get("explorationWeight", EXPLORATION_WEIGHT)),
        float(config.get("explorationItemAgeCutOff", EXPLORATION_DAYS)),
    )


def _metadata_columns(
    campaign: Stored[admin_pb.Campaign], wanted: Mapping[str, pb.ColumnNamesListWrapper], count: int
) -> Sequence[str]:
    """The columns that come with each item. Raises ``InvalidArgument``."""
    if not wanted:
        return ()
    if not campaign.message.campaign_config.enable_metadata_with_recommendations:
        raise errors.InvalidArgument("The campaign was made without enableMetadataWithRecommendations.")
    if set(wanted) != {"ITEMS"}:
        raise errors.InvalidArgument("Metadata are of the Items dataset: ITEMS.")
    columns = list(wanted["ITEMS"].values)
    if len(columns) > MOST_COLUMNS or count > MOST_WITH_METADATA:
        raise errors.InvalidArgument(
            f"Metadata come with {MOST_WITH_METADATA} items of {MOST_COLUMNS} columns at most."
        )
    return columns


def _item(one: Recommended, catalogue: Catalogue, recipe: Recipe, columns: Sequence[str]) -> pb.PredictedItem:
    # Whole messages at once: an attribute at a time costs as much again.
    item = pb.PredictedItem(
        item_id=catalogue.names[one.item],
        score=one.score if recipe.scored else None,
        reason=[one.reason] if one.reason else None,
        promotion_name=one.promotion or None,
    )
    for column in columns:
        if column.upper() not in catalogue.columns:
            raise errors.InvalidArgument(f"The Items dataset has no column {column}.")
        value = catalogue.value(column.upper(), one.item)
        if value is not None:
            item.metadata[column] = value if isinstance(value, str) else f"{value:g}"
    return item


def _check_context(context: Mapping[str, str]) -> None:
    if context:
        raise errors.Unimplemented("The models of this version do not look at a context: leave it out.")
