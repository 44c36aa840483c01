"""The Orchestration service: what Step Functions does with state machines and their executions."""

from __future__ import annotations

import asyncio

from nonet.orchestration.v1 import orchestration_pb2 as pb
from services.orchestration import messages
from services.orchestration.activity_resources import Activities
from services.orchestration.aliases import Aliases
from services.orchestration.executions import ExecutionOperations
from services.orchestration.language import validation
from services.orchestration.resource_names import invalid, parse_any_arn
from services.orchestration.state_machines import STANDARD, StateMachines, check_encryption
from services.orchestration.tasks.registry import TaskRegistry
from services.orchestration.test_states import StateTests
from services.orchestration.variable_references import variable_references
from shared import errors
from shared.platform import Platform
from shared.rpc.call import Call

DEFAULT_PAGE = 100
MOST_DIAGNOSTICS = 100
METADATA_ONLY = "METADATA_ONLY"

_Listing = (
    pb.ListStateMachinesInput
    | pb.ListStateMachineVersionsInput
    | pb.ListStateMachineAliasesInput
    | pb.ListActivitiesInput
)


class OrchestrationService(ExecutionOperations):
    """nonet.orchestration.v1.Orchestration. Requests have been checked against the contract before they come here."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._resources = platform.resources
        self._aliases = Aliases(platform.resources)
        super().__init__(platform, StateMachines(platform.resources), Activities(platform.resources))
        self._tasks = TaskRegistry(platform)
        self._tests = StateTests(self._engine.jsonata, self._tasks, platform.settings)

    async def close(self) -> None:
        await super().close()
        await self._tasks.close()

    # -- state machines

    async def create_state_machine(
        self, request: pb.CreateStateMachineInput, call: Call
    ) -> pb.CreateStateMachineOutput:
        if request.HasField("version_description") and not request.publish:
            raise invalid("Version description can only be set when publish is true")
        machine = await self._machines.create(
            call.account,
            call.region,
            request.name,
            request.type or STANDARD,
            messages.configuration(request),
            messages.tags(request.tags),
        )
        output = pb.CreateStateMachineOutput(
            state_machine_arn=machine.arn, creation_date=messages.timestamp(machine.created_at)
        )
        if request.publish:
            version = await self._machines.publish(call.account, machine.arn, description=request.version_description)
            output.state_machine_version_arn = version.arn
        return output

    async def update_state_machine(
        self, request: pb.UpdateStateMachineInput, call: Call
    ) -> pb.UpdateStateMachineOutput:
        if request.HasField("version_description") and not request.publish:
            raise invalid("Version description can only be set when publish is true")
        machine = await self._machines.update(call.account, request.state_machine_arn, messages.update(request))
        self._machines_changed()
        output = pb.UpdateStateMachineOutput(
            update_date=messages.timestamp(machine.updated_at), revision_id=machine.revision_id
        )
        if request.publish:
            version = await self._machines.publish(
                call.account, machine.arn, revision_id=machine.revision_id, description=request.version_description
            )
            output.state_machine_version_arn = version.arn
        return output

    async def describe_state_machine(
        self, request: pb.DescribeStateMachineInput, call: Call
    ) -> pb.DescribeStateMachineOutput:
        machine = await self._machines.get(call.account, request.state_machine_arn)
        output = messages.described(machine, variable_references(machine.configuration.definition))
        if request.included_data == METADATA_ONLY:
            output.definition = "{}"
        return output

    async def list_state_machines(self, request: pb.ListStateMachinesInput, call: Call) -> pb.ListStateMachinesOutput:
        machines, next_token = await self._machines.list(call.account, call.region, *_page(request))
        return pb.ListStateMachinesOutput(
            state_machines=[messages.state_machine_item(machine) for machine in machines], next_token=next_token
        )

    async def delete_state_machine(
        self, request: pb.DeleteStateMachineInput, call: Call
    ) -> pb.DeleteStateMachineOutput:
        await self._machines.delete(call.account, request.state_machine_arn)
        self._machines_changed()
        return pb.DeleteStateMachineOutput()

    async def validate_state_machine_definition(
        self, request: pb.ValidateStateMachineDefinitionInput, call: Call
    ) -> pb.ValidateStateMachineDefinitionOutput:
        found = await asyncio.to_thread(validation.diagnose, request.definition, request.type or STANDARD)
        failed = any(diagnostic.severity == "ERROR" for diagnostic in found)
        if request.severity != "WARNING":
            found = [diagnostic for diagnostic in found if diagnostic.severity == "ERROR"]
        most = request.max_results or MOST_DIAGNOSTICS
        return pb.ValidateStateMachineDefinitionOutput(
            result="FAIL" if failed else "OK",
            diagnostics=[messages.diagnostic(diagnostic) for diagnostic in found[:most]],
            truncated=len(found) > most,
        )

    async def test_state(self, request: pb.TestStateInput, call: Call) -> pb.TestStateOutput:
        result = await self._tests.run(messages.state_test(request, call.account, call.region))
        return messages.tested(result, with_inspection=request.inspection_level in ("DEBUG", "TRACE"))

    # -- versions

    async def publish_state_machine_version(
        self, request: pb.PublishStateMachineVersionInput, call: Call
    ) -> pb.PublishStateMachineVersionOutput:
        version = await self._machines.publish(
            call.account,
            request.state_machine_arn,
            revision_id=request.revision_id if request.HasField("revision_id") else None,
            description=request.description,
        )
        return pb.PublishStateMachineVersionOutput(
            creation_date=messages.timestamp(version.created_at), state_machine_version_arn=version.arn
        )

    async def list_state_machine_versions(
        self, request: pb.ListStateMachineVersionsInput, call: Call
    ) -> pb.ListStateMachineVersionsOutput:
        found, next_token = await self._machines.versions.list(call.account, request.state_machine_arn, *_page(request))
        items = [
            pb.StateMachineVersionListItem(
                state_machine_version_arn=version.arn, creation_date=messages.timestamp(version.created_at)
            )
            for version in found
        ]
        return pb.ListStateMachineVersionsOutput(state_machine_versions=items, next_token=next_token)

    async def delete_state_machine_version(
        self, request: pb.DeleteStateMachineVersionInput, call: Call
    ) -> pb.DeleteStateMachineVersionOutput:
        await self._machines.versions.delete(call.account, request.state_machine_version_arn)
        return pb.DeleteStateMachineVersionOutput()

    # -- aliases

    async def create_state_machine_alias(
        self, request: pb.CreateStateMachineAliasInput, call: Call
    ) -> pb.CreateStateMachineAliasOutput:
        routes = messages.routes(request.routing_configuration)
        alias = await self._aliases.create(call.account, request.name, request.description, routes)
        return pb.CreateStateMachineAliasOutput(
            state_machine_alias_arn=alias.arn, creation_date=messages.timestamp(alias.created_at)
        )

    async def describe_state_machine_alias(
        self, request: pb.DescribeStateMachineAliasInput, call: Call
    ) -> pb.DescribeStateMachineAliasOutput:
        return messages.described_alias(await self._aliases.get(call.account, request.state_machine_alias_arn))

    async def update_state_machine_alias(
        self, request: pb.UpdateStateMachineAliasInput, call: Call
    ) -> pb.UpdateStateMachineAliasOutput:
        alias = await self._aliases.update(
            call.account,
            request.state_machine_alias_arn,
            request.description if request.HasField("description") else None,
            messages.routes(request.routing_configuration) or None,
        )
        return pb.UpdateStateMachineAliasOutput(update_date=messages.timestamp(alias.updated_at))

    async def list_state_machine_aliases(
        self, request: pb.ListStateMachineAliasesInput, call: Call
    ) -> pb.ListStateMachineAliasesOutput:
        found, next_token = await self._aliases.list(call.account, request.state_machine_arn, *_page(request))
        items = [
            pb.StateMachineAliasListItem(
                state_machine_alias_arn=alias.arn, creation_date=messages.timestamp(alias.created_at)
            )
            for alias in found
        ]
        return pb.ListStateMachineAliasesOutput(state_machine_aliases=items, next_token=next_token)

    async def delete_state_machine_alias(
        self, request: pb.DeleteStateMachineAliasInput, call: Call
    ) -> pb.DeleteStateMachineAliasOutput:
        await self._aliases.delete(call.account, request.state_machine_alias_arn)
        return pb.DeleteStateMachineAliasOutput()

    # -- activities

    async def create_activity(self, request: pb.CreateActivityInput, call: Call) -> pb.CreateActivityOutput:
        if request.HasField("encryption_configuration"):
            check_encryption(messages.encryption(request.encryption_configuration))
        tags = messages.tags(request.tags)
        activity = await self._activities.create(call.account, call.region, request.name, tags)
        return pb.CreateActivityOutput(activity_arn=activity.arn, creation_date=messages.timestamp(activity.created_at))

    async def describe_activity(self, request: pb.DescribeActivityInput, call: Call) -> pb.DescribeActivityOutput:
        activity = await self._activities.get(call.account, request.activity_arn)
        return pb.DescribeActivityOutput(
            activity_arn=activity.arn,
            name=activity.name,
            creation_date=messages.timestamp(activity.created_at),
            encryption_configuration=pb.EncryptionConfiguration(type="AWS_OWNED_KEY"),
        )

    async def list_activities(self, request: pb.ListActivitiesInput, call: Call) -> pb.ListActivitiesOutput:
        found, next_token = await self._activities.list(call.account, call.region, *_page(request))
        return pb.ListActivitiesOutput(
            activities=[messages.activity_item(activity) for activity in found], next_token=next_token
        )

    async def delete_activity(self, request: pb.DeleteActivityInput, call: Call) -> pb.DeleteActivityOutput:
        await self._activities.delete(call.account, request.activity_arn)
        return pb.DeleteActivityOutput()

    # -- tags

    async def tag_resource(self, request: pb.TagResourceInput, call: Call) -> pb.TagResourceOutput:
        arn = request.resource_arn
        parse_any_arn(arn)
        try:
            await self._resources.tag(call.account, arn, messages.tags(request.tags))
        except errors.NotFound:
            raise _resource_not_found(arn) from None
        except errors.LimitExceeded as error:
            raise errors.LimitExceeded(error.message, aws_code="TooManyTags") from None
        return pb.TagResourceOutput()

    async def untag_resource(self, request: pb.UntagResourceInput, call: Call) -> pb.UntagResourceOutput:
        arn = request.resource_arn
        parse_any_arn(arn)
        try:
            await self._resources.untag(call.account, arn, request.tag_keys)
        except errors.NotFound:
            raise _resource_not_found(arn) from None
        return pb.UntagResourceOutput()

    async def list_tags_for_resource(
        self, request: pb.ListTagsForResourceInput, call: Call
    ) -> pb.ListTagsForResourceOutput:
        arn = request.resource_arn
        parse_any_arn(arn)
        try:
            found = await self._resources.list_tags(call.account, arn)
        except errors.NotFound:
            raise _resource_not_found(arn) from None
        return pb.ListTagsForResourceOutput(tags=[pb.Tag(key=key, value=value) for key, value in found.items()])


def _page(request: _Listing) -> tuple[int, str | None]:
    """How many entries a listing gives, and after which."""
    token = request.next_token if request.HasField("next_token") else None
    return request.max_results or DEFAULT_PAGE, token


def _resource_not_found(arn: str) -> errors.NotFound:
    return errors.NotFound(f"Resource not found: '{arn}'", aws_code="ResourceNotFound")
