"""The expressions in a request's conditional branches, checked before they are stored."""

from __future__ import annotations

from google.protobuf.message import Message

from services.conversation.dialog.conditions import BadCondition, parse_condition
from shared import errors


def check_expressions(message: Message) -> None:
    """Raises ``InvalidArgument`` for a branch, however deep in ``message``, whose condition cannot be read."""
    for field, value in message.ListFields():
        if field.message_type is None:
            if field.name == "expression_string":
                try:
                    parse_condition(value)
                except BadCondition as bad:
                    raise errors.InvalidArgument(f"The condition of a branch: {bad}") from None
        elif field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type is not None:
                for one in value.values():
                    check_expressions(one)
        elif field.is_repeated:
            for one in value:
                check_expressions(one)
        else:
            check_expressions(value)
