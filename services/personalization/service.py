"""The Personalization service: datasets, solutions, campaigns and filters of Amazon Personalize."""

from __future__ import annotations

from nonet.personalization.v1 import personalization_pb2 as pb
from services.personalization.dataset_operations import DatasetOperations, tags_of
from services.personalization.solution_operations import SolutionOperations
from shared.platform import Platform
from shared.rpc.call import Call


class PersonalizationService(DatasetOperations, SolutionOperations):
    """nonet.personalization.v1.Personalization. Requests have been checked against the contract."""

    def __init__(self, platform: Platform) -> None:
        DatasetOperations.__init__(self, platform)
        SolutionOperations.__init__(self, platform)

    # -- tags

    async def tag_resource(self, request: pb.TagResourceRequest, call: Call) -> pb.TagResourceResponse:
        """Add tags to a resource."""
        await self._resources.tag(call.account, request.resource_arn, tags_of(request.tags))
        return pb.TagResourceResponse()

    async def untag_resource(self, request: pb.UntagResourceRequest, call: Call) -> pb.UntagResourceResponse:
        """Take tags from a resource."""
        await self._resources.untag(call.account, request.resource_arn, request.tag_keys)
        return pb.UntagResourceResponse()

    async def list_tags_for_resource(
        self, request: pb.ListTagsForResourceRequest, call: Call
    ) -> pb.ListTagsForResourceResponse:
        """The tags of a resource."""
        tags = await self._resources.list_tags(call.account, request.resource_arn)
        return pb.ListTagsForResourceResponse(
            tags=[pb.Tag(tag_key=key, tag_value=value) for key, value in tags.items()]
        )
